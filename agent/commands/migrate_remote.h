/* Remote: `--on NAME`: the migrate commands on a target of the server.
 * SPDX-License-Identifier: MIT
 *
 * The files and what is shown of them are ours; the ledger comes from the server, and the server
 * applies. So every command that reads files and history works the same way.
 */
#ifndef CFT_COMMANDS_MIGRATE_REMOTE_H
#define CFT_COMMANDS_MIGRATE_REMOTE_H

#include "agent/commands/coordinate.h"
#include "agent/commands/migrate.h"

#include <confiture/v1/migration_service.pb-c.h>

/* Rows, without CFT_OPT_END. The command has the flag CFT_CMD_SERVER. */
#define CFT_MIGRATE_TARGET_OPTIONS                                                       \
	{.name = "on",                                                                   \
	 .type = CFT_OPT_STRING,                                                         \
	 .value = "TARGET",                                                              \
	 .help = "A target of the server instead of a database of ours: no password is " \
	         "needed"},                                                              \
	{                                                                                \
		.name = "agent-id", .type = CFT_OPT_STRING, .value = "ID",               \
		.env = "CONFITURE_AGENT_ID", .help = "With --on: who acts"               \
	}
#define CFT_MIGRATE_INTENT_OPTION                                                             \
	{                                                                                     \
		.name = "intent-id", .type = CFT_OPT_STRING, .value = "ID",                   \
		.help = "With --on: the completed intent that the migrations carry out; its " \
			"owner acts"                                                          \
	}

struct cft_migrate_remote {
	struct cft_coord coord;
	const char *target;
	const char *const *invalid_indexes; /* there, when the ledger was read */
	size_t n_invalid_indexes;
};

/* --agent-id, else the owner of the intent (NULL: none). */
int cft_migrate_remote_agent(struct cft_migrate *migrate, const char *intent, char **ret_agent,
                             struct cft_err *err);
/* Opens the session and reads the target's ledger into migrate->history. */
int cft_migrate_remote_open(struct cft_migrate *migrate, const char *target, struct cft_err *err);
void cft_migrate_remote_close(struct cft_migrate *migrate);
/* Every file that there is, for a request: the server plans anew, from its own reading. */
Confiture__V1__SourceFile **cft_migrate_remote_files(struct cft_migrate *migrate, size_t *ret_n);
/* A number that nobody else gets, above `after` (NULL: none) and above what the target has. */
int cft_migrate_remote_reserve(struct cft_migrate *migrate, const char *after, const char **ret,
                               struct cft_err *err);
/* The target's schema as DDL, and the project's base as JSON; a session of its own. */
int cft_migrate_remote_schema(struct cft_cmd *cmd, const char *target, struct cft_buf *out,
                              json_t **ret_base, struct cft_err *err);
/* Shows what the plan's statements would meet on the target, and the open intents that touch the
 * same objects; adds "statements", "conflicts" and "open_intents" to the document. */
int cft_migrate_remote_preview(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                               json_t *document, struct cft_err *err);
/* Has the server run the plan; `show` gets its progress as the engine's events. A connection that
 * is lost on the way is taken up again: the operation goes on without us. */
int cft_migrate_remote_run(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                           void (*show)(void *ctx, const struct cft_mig_event *event),
                           size_t *ret_done, struct cft_err *err);
/* Has the server change the target's ledger: BaselineMigrations or RepairMigration, `request` with
 * what is its own. The files, the target and who acts are filled in. *ret_count: versions that were
 * recorded or settled. */
int cft_migrate_remote_record(struct cft_migrate *migrate, const char *method, void *request,
                              size_t *ret_count, struct cft_err *err);

#endif
