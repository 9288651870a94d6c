/* Command: what a command of the command line is, and what its run function works with.
 * SPDX-License-Identifier: MIT
 *
 * A command is data: summary, options, positionals, examples, and a function. Parsing, help, shell
 * completions, man pages and docs/cli.md are all made from that data. How to add one: table.def.
 *
 *     static const struct cft_opt options[] = {
 *             {.name = "agent-id", .type = CFT_OPT_STRING, .value = "ID", .required = true,
 *              .env = "CONFITURE_AGENT_ID", .help = "Who acts"},
 *             {.name = "limit", .type = CFT_OPT_INT, .value = "N", .min = 1, .max = 1000,
 *              .fallback = "100", .help = "At most so many"},
 *             CFT_OPT_END,
 *     };
 *     static int run(struct cft_cmd *cmd, struct cft_err *err) { … }
 *     const struct cft_command cft_cmd_things_list = {
 *             .summary = "List things", .options = options, .examples = …, .run = run};
 */
#ifndef CFT_COMMANDS_COMMAND_H
#define CFT_COMMANDS_COMMAND_H

#include "agent/output/output.h"
#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_opt_type {
	CFT_OPT_FLAG,     /* no value */
	CFT_OPT_STRING,   /* any text */
	CFT_OPT_LIST,     /* `a,b c`: words up to the next option, split at commas; may repeat */
	CFT_OPT_INT,      /* min..max */
	CFT_OPT_NUMBER,   /* with a fraction, min..max */
	CFT_OPT_DURATION, /* 500ms, 30s, 15m, 2h, 7d; min..max in milliseconds */
	CFT_OPT_ENUM,     /* one of choices, any case */
	CFT_OPT_JSON,     /* a JSON object */
	CFT_OPT_TEXT,     /* text; or a file: a path that ends in .sql, @PATH, or - */
	CFT_OPT_PATH,     /* a path (completed as one) */
};

struct cft_opt {
	const char *name; /* without the dashes */
	enum cft_opt_type type;
	const char *value;          /* how help calls the value, e.g. "ID"; NULL for a flag */
	const char *help;           /* one sentence, no full stop */
	const char *fallback;       /* the default, as one would type it */
	const char *env;            /* environment variable that sets it */
	const char *const *choices; /* of an ENUM, NULL at the end */
	int64_t min, max;           /* both 0: no limits */
	char letter;                /* short form, or 0 */
	bool required, hidden;
};

#define CFT_OPT_END  \
	{            \
		NULL \
	}

struct cft_arg {
	const char *name; /* as in help, e.g. "OBJECT" */
	const char *help;
	bool required, repeated; /* repeated: the last one takes all that follow */
};

#define CFT_ARG_END  \
	{            \
		NULL \
	}

struct cft_example {
	const char *purpose; /* a comment line */
	const char *line;    /* what to type, from "confiture" on */
};

#define CFT_EXAMPLE_END \
	{               \
		NULL    \
	}

enum {
	CFT_CMD_SERVER = 1 << 0, /* talks to the server: gets --server, --project … too */
	CFT_CMD_HIDDEN = 1 << 1, /* works, but help, completions and docs keep quiet */
	CFT_CMD_RAW = 1 << 2,    /* its output is a text as such: no --format */
};

struct cft_cmd;

struct cft_command {
	const char *summary;                /* one line, imperative, no full stop */
	const char *description;            /* paragraphs, separated by empty lines; or NULL */
	const struct cft_opt *options;      /* ends with CFT_OPT_END; or NULL */
	const struct cft_arg *arguments;    /* ends with CFT_ARG_END; or NULL */
	const struct cft_example *examples; /* at least one, ends with CFT_EXAMPLE_END */
	unsigned flags;
	/* Returns 0, a negative code with `err` filled (main prints it and exits with
	 * cft_code_exit(code)), or a positive exit code for an answer that is no error
	 * (--exit-code). NULL: a group. */
	int (*run)(struct cft_cmd *cmd, struct cft_err *err);
};

struct cft_words {
	const char **v;
	size_t n;
};

struct cft_option_value;

/* One call of a command. Everything in it lives until run returns. */
struct cft_cmd {
	const struct cft_command *command;
	const char *path; /* "coordinate register" */
	struct cft_arena *arena;
	struct cft_output *out;
	struct cft_words args;           /* positionals */
	struct cft_option_value *values; /* private: use the functions below */
	size_t nvalues;
};

/* Values of options, by name without dashes; typed in first, then the environment, then the
 * fallback. Asking for an option that the command does not have is a bug and asserts. */
bool cft_cmd_knows(const struct cft_cmd *cmd, const char *name); /* has such an option at all */
bool cft_cmd_has(const struct cft_cmd *cmd, const char *name);   /* has a value from anywhere */
bool cft_cmd_typed(const struct cft_cmd *cmd, const char *name); /* was typed in */
bool cft_cmd_flag(const struct cft_cmd *cmd, const char *name);
const char *cft_cmd_str(const struct cft_cmd *cmd, const char *name); /* NULL if absent */
struct cft_words cft_cmd_list(const struct cft_cmd *cmd, const char *name);
int64_t cft_cmd_int(const struct cft_cmd *cmd, const char *name); /* 0 if absent */
double cft_cmd_number(const struct cft_cmd *cmd, const char *name);
int64_t cft_cmd_duration_us(const struct cft_cmd *cmd, const char *name);
int cft_cmd_choice(const struct cft_cmd *cmd, const char *name);         /* index; -1 if absent */
const json_t *cft_cmd_json(const struct cft_cmd *cmd, const char *name); /* borrowed, or NULL */
/* The file a TEXT option was read from, or NULL if it was given as text. */
const char *cft_cmd_text_file(const struct cft_cmd *cmd, const char *name);

#ifdef __cplusplus
}
#endif

#endif
