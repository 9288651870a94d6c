/* Coordinate: what the commands of coordination share: connection, answers, common options.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_COORDINATE_H
#define CFT_COMMANDS_COORDINATE_H

#include "agent/client/session.h"
#include "agent/commands/command.h"
#include "agent/commands/render.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_coord {
	struct cft_cmd *cmd;
	struct cft_session session;
	const Confiture__V1__BaseSchema *base; /* of the last answer that named one; else NULL */
};

/* Opens the session that the command's server options describe. */
int cft_coord_open(struct cft_cmd *cmd, struct cft_coord *ret_coord, struct cft_err *err);
void cft_coord_close(struct cft_coord *coord);

/* A call of CoordinationService, as of cft_session_call. Texts, flags and numbers that the request
 * left empty come from the command's options of the same name: intent_id from --intent-id. */
int cft_coord_call(struct cft_coord *coord, const char *method, void *request, void *ret_response,
                   struct cft_err *err);

/* A call of MigrationService; nothing comes from options. */
int cft_coord_call_migration(struct cft_coord *coord, const char *method, void *request,
                             void *ret_response, struct cft_err *err);

/* --token or CONFITURE_TOKEN, unless --token-file was typed; NULL for none. */
const char *cft_coord_token(const struct cft_cmd *cmd);

/* Ends an answer: adds server, project, revision, live_intents and base to the document, and
 * next_actions where there are none, and prints it; in text a last line says the same, so that two
 * people on two servers notice. Takes `document`. */
void cft_coord_answer(struct cft_coord *coord, json_t *takes_document, uint64_t revision);
/* {"intent","conflicts","notes","next_actions"}: the answer of everything that changes or shows one
 * intent. */
json_t *cft_coord_intent_document(const Confiture__V1__Intent *intent,
                                  Confiture__V1__Conflict *const *conflicts, size_t n,
                                  Confiture__V1__Severity least);
/* Shows what is left in the way of an intent that was moved, and ends the answer. */
void cft_coord_answer_intent(struct cft_coord *coord, const Confiture__V1__Intent *intent,
                             Confiture__V1__Conflict *const *conflicts, size_t n,
                             uint64_t revision);
/* What makes sense now, as commands to paste: an array of strings. */
json_t *cft_coord_next_actions(const Confiture__V1__Intent *intent,
                               Confiture__V1__Conflict *const *conflicts, size_t n);
/* The same where the answer is about conflicts: to settle what blocks, or to look at both sides of
 * the one that is settled. */
json_t *cft_coord_conflict_actions(Confiture__V1__Conflict *const *conflicts, size_t n);
/* The first of them as a line of text. */
void cft_coord_say_next(struct cft_coord *coord, json_t *actions);

/* Makes `ddl` the base that all intents are planned against; `source`: "files" or "database". */
int cft_coord_base_set(struct cft_coord *coord, const struct cft_buf *ddl, const char *source,
                       Confiture__V1__SetBaseSchemaResponse **ret_response, struct cft_err *err);
/* A database's schema as other environments can take it: without owners and privileges. */
int cft_coord_base_read(const struct cft_cmd *cmd, const char *url, struct cft_buf *out,
                        struct cft_err *err);

/* Who acts: --agent-id, else CONFITURE_AGENT_ID, else the intent's owner, as the guide's
 * `complete --intent-id X` means it. Asks the server for the owner. */
int cft_coord_agent_for_intent(struct cft_coord *coord, const char *intent_id, char **ret_agent,
                               struct cft_err *err);
/* Looking at an intent is a sign of life of its holder: renews the lease where CONFITURE_AGENT_ID
 * names the one who looks. NULL for no intent. Whoever does not hold it changes nothing. */
void cft_coord_sign_of_life(struct cft_coord *coord, const char *intent_id);
/* Who decides about what belongs to nobody: --agent-id or CONFITURE_AGENT_ID, else the login name.
 */
char *cft_coord_acting_agent(const struct cft_cmd *cmd);
/* The value of --metadata as text, "" for none; in the command's arena. */
char *cft_coord_metadata(const struct cft_cmd *cmd);
/* The value of --min-severity. */
Confiture__V1__Severity cft_coord_min_severity(const struct cft_cmd *cmd);

extern const char *const cft_coord_risk_names[];
extern const char *const cft_coord_severity_names[];

/* Rows of option tables. */
#define CFT_COORD_AGENT(need)                                                                   \
	{                                                                                       \
		.name = "agent-id", .type = CFT_OPT_STRING, .value = "ID", .required = need,    \
		.env = "CONFITURE_AGENT_ID", .help = "Who acts: the name of an agent or person" \
	}
#define CFT_COORD_INTENT(need)                                                                \
	{                                                                                     \
		.name = "intent-id", .type = CFT_OPT_STRING, .value = "ID", .required = need, \
		.help = "The intent, e.g. int_abc123def456"                                   \
	}
#define CFT_COORD_MIN_SEVERITY                                                            \
	{                                                                                 \
		.name = "min-severity", .type = CFT_OPT_ENUM, .value = "LEVEL",           \
		.choices = cft_coord_severity_names, .fallback = "warning",               \
		.help = "What counts as a conflict; what is below it is listed as a note" \
	}
#define CFT_COORD_FORCE                                                                        \
	{                                                                                      \
		.name = "force", .type = CFT_OPT_FLAG,                                         \
		.help = "Change another agent's intent; needs --reason, and its owner is told" \
	}
#define CFT_COORD_REASON                                                   \
	{                                                                  \
		.name = "reason", .type = CFT_OPT_STRING, .value = "TEXT", \
		.help = "Why, for everybody who reads the history"         \
	}
#define CFT_COORD_SQL                                                                          \
	{                                                                                      \
		.name = "schema-changes", .type = CFT_OPT_TEXT, .value = "SQL",                \
		.help = "The DDL, or the path of a .sql file with it (- for standard input); " \
			"a literal ... stands for details that are not known yet"              \
	}
#define CFT_COORD_GIT_RANGE                                                                  \
	{                                                                                    \
		.name = "git-range", .type = CFT_OPT_STRING, .value = "A..B",                \
		.help = "Take the DDL from the migration files that a range of commits adds" \
	}
#define CFT_COORD_TABLES                                                                          \
	{                                                                                         \
		.name = "tables-affected", .type = CFT_OPT_LIST, .value = "TABLE",                \
		.help = "Tables, separated by commas or blanks; the path of a schema file means " \
			"the tables it defines"                                                   \
	}
#define CFT_COORD_RISK                                                             \
	{                                                                          \
		.name = "risk-level", .type = CFT_OPT_ENUM, .value = "LEVEL",      \
		.choices = cft_coord_risk_names, .help = "How risky the change is" \
	}
#define CFT_COORD_HOURS                                                                        \
	{                                                                                      \
		.name = "estimated-hours", .type = CFT_OPT_NUMBER, .value = "HOURS", .min = 0, \
		.max = 8760, .help = "How long the work may take"                              \
	}
#define CFT_COORD_METADATA                                                 \
	{                                                                  \
		.name = "metadata", .type = CFT_OPT_JSON, .value = "JSON", \
		.help = "An object of your own, kept with the intent"      \
	}

#ifdef __cplusplus
}
#endif

#endif
