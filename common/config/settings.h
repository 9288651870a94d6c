/* Settings as data: one table says what a program can be told, reads it from everywhere and
 * documents itself. After the configuration schema of Knot DNS (src/knot/conf/schema.c).
 * SPDX-License-Identifier: MIT
 *
 * A row names a setting, its type, range, default and help, and the member of a plain struct where
 * its value goes:
 *
 *     struct my_values { const char *listen; int64_t timeout_ms; bool embedded; };
 *     static const struct cft_setting rows[] = {
 *         {.name = "listen", .type = CFT_SETTING_ADDRESS, .fallback = "127.0.0.1:7430",
 *          .offset = offsetof(struct my_values, listen), .help = "Address to listen on."},
 *         …
 *     };
 *     static const struct cft_settings_table table = {.rows = rows, .n = …, .env_prefix = "MY_"};
 *
 * Sources, the stronger first: command-line flags, environment variables, the YAML file, defaults.
 * The name `lock_timeout` is the flag --lock-timeout, the variable MY_LOCK_TIMEOUT and the YAML key
 * lock_timeout; `tls.cert` is --tls-cert, MY_TLS_CERT and the key cert in the section tls.
 *
 * Errors are CFT_E_CONFIG (file and environment; the file with line and column) or CFT_E_INVALID
 * (flags); both are exit code 2. Values of secret settings never appear in them.
 */
#ifndef CFT_CONFIG_SETTINGS_H
#define CFT_CONFIG_SETTINGS_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/config/expand.h"
#include "common/config/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_setting_type {
	CFT_SETTING_STRING,   /* const char *; max: bytes */
	CFT_SETTING_BOOL,     /* bool; flags --x and --no-x */
	CFT_SETTING_INT,      /* int64_t */
	CFT_SETTING_DURATION, /* int64_t in milliseconds: "500ms", "30s", "2h", seconds; min, max:
	                         ms */
	CFT_SETTING_BYTES,    /* int64_t: "64MiB", "64MB" (the same), "512kB", bytes */
	CFT_SETTING_ADDRESS,  /* const char *: "host:port", "[v6]:port" */
	CFT_SETTING_PATH,    /* const char *: from a YAML file, relative to that file's directory */
	CFT_SETTING_ENUM,    /* int: index into choices */
	CFT_SETTING_LIST,    /* struct cft_setting_list; flags and variables: separated by commas */
	CFT_SETTING_SECTION, /* const struct cft_yaml_node *: kept unread; YAML only */
};

enum cft_setting_flag {
	CFT_SETTING_SECRET = 1,    /* never shown */
	CFT_SETTING_FILE_ONLY = 2, /* no flag, no variable */
	CFT_SETTING_CLI_ONLY = 4,  /* no YAML key, e.g. the place of the file itself */
	CFT_SETTING_HIDDEN = 8,    /* not in the help */
	CFT_SETTING_REQUIRED = 16, /* no default: some source must give it */
};

struct cft_setting_item {
	const char *text;
	const struct cft_yaml_node *node; /* where it stands, NULL outside YAML */
};

struct cft_setting_list {
	struct cft_setting_item *v;
	size_t n;
};

struct cft_setting {
	const char *name;
	enum cft_setting_type type;
	size_t offset;
	const char *fallback;       /* default as text; NULL: zero value, shown as "not set" */
	int64_t min, max;           /* both 0: no bounds */
	const char *const *choices; /* ENUM: NULL-terminated */
	const char *unit;           /* word for the value in the help; NULL: from the type */
	const char *env;            /* NULL: from the name */
	const char *help;           /* whole sentences */
	const char *group;          /* heading; NULL: as the row before */
	unsigned flags;
};

struct cft_settings_table {
	const struct cft_setting *rows;
	size_t n;
	const char *env_prefix; /* NULL: reads no variables */
};

enum cft_settings_source {
	CFT_SOURCE_DEFAULT,
	CFT_SOURCE_FILE,
	CFT_SOURCE_ENVIRONMENT,
	CFT_SOURCE_FLAG,
};

enum cft_settings_action {
	CFT_SETTINGS_RUN,
	CFT_SETTINGS_HELP,     /* --help or -h was given */
	CFT_SETTINGS_VERSION,  /* --version */
	CFT_SETTINGS_MARKDOWN, /* --print-settings-markdown, hidden: for docs/configuration.md */
	CFT_SETTINGS_MAN,      /* --print-man-page, hidden: what is installed */
};

struct cft_settings_origin {
	enum cft_settings_source source;
	const char *file; /* CFT_SOURCE_FILE: place; else NULL and 0 */
	int line, column;
};

struct cft_settings {
	const struct cft_settings_table *table;
	struct cft_arena *arena;
	void *values;
	struct cft_settings_origin *origins; /* one per row */
	enum cft_settings_action action;
	bool keep_variables; /* leave YAML values with ${…} unread instead of expanding them */
};

/* Sets every default in `values` (the caller's struct; zeroed by it). All strings live in `arena`.
 * A default that its own row refuses is a bug and aborts. */
void cft_settings_init(struct cft_settings *s, const struct cft_settings_table *table,
                       struct cft_arena *arena, void *values);

/* Each adds one source; a stronger source that was read before stays. */
int cft_settings_read_flags(struct cft_settings *s, int argc, char *const *argv,
                            struct cft_err *err);
int cft_settings_read_environment(struct cft_settings *s, const struct cft_lookup *lookup,
                                  struct cft_err *err);
int cft_settings_read_yaml(struct cft_settings *s, const struct cft_yaml_node *root,
                           const struct cft_lookup *lookup, struct cft_err *err);
/* All sources in one go: flags, environment, then the file that the setting `config_row` (a PATH
 * row, may be NULL) names, then a check for missing required rows. argv[0] is skipped. With an
 * action other than RUN the rest is not read. */
int cft_settings_load(struct cft_settings *s, int argc, char *const *argv, const char *config_row,
                      const struct cft_lookup *lookup, struct cft_err *err);
int cft_settings_check_required(const struct cft_settings *s, struct cft_err *err);

/* Where a value came from; the row must exist. */
const struct cft_settings_origin *cft_settings_origin_of(const struct cft_settings *s,
                                                         const char *name);

/* "--lock-timeout" and "CONFITURE_LOCK_TIMEOUT", in the arena; NULL where the row has none. */
const char *cft_setting_flag_name(const struct cft_setting *row, struct cft_arena *arena);
const char *cft_setting_env_name(const struct cft_settings_table *table,
                                 const struct cft_setting *row, struct cft_arena *arena);

/* The options part of --help, 80 columns wide. */
void cft_settings_help(const struct cft_settings_table *table, struct cft_buf *out);
/* The same as a section of a manual page. */
void cft_settings_man(const struct cft_settings_table *table, struct cft_buf *out);
/* A Markdown table per group. */
void cft_settings_markdown(const struct cft_settings_table *table, struct cft_buf *out);
/* The values in force as YAML, with the origin of each as a comment; secrets as "(set)". */
void cft_settings_show(const struct cft_settings *s, struct cft_buf *out);

/* One value by itself, for command-line tables that share these types. `what` names it in errors.
 */
int cft_bytes_parse(const char *text, int64_t *ret_bytes);
/* Splits "host:port" or "[v6]:port". The port is 0 to 65535. Host memory in the arena. */
int cft_address_parse(struct cft_arena *arena, const char *text, const char **ret_host,
                      int *ret_port, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
