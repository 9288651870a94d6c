/* Migrate: what the `confiture migrate` commands share: their options, files and connection.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_MIGRATE_H
#define CFT_COMMANDS_MIGRATE_H

#include "agent/commands/environment_options.h"
#include "common/migrate/engine.h"

#include <pthread.h>
#include <stdatomic.h>

/* Rows for the options of a command that reads migration files, and of one that also connects.
 * Without CFT_OPT_END, so that they can stand among others. */
#define CFT_MIGRATE_FILE_OPTIONS                                                            \
	{.name = "migrations-dir",                                                          \
	 .type = CFT_OPT_PATH,                                                              \
	 .value = "DIR",                                                                    \
	 .help = "Where the migrations are; else as the environment says (db/migrations)"}, \
		CFT_CONNECTION_OPTIONS

#define CFT_MIGRATE_LOCK_OPTIONS                                                       \
	{.name = "lock-timeout",                                                       \
	 .type = CFT_OPT_DURATION,                                                     \
	 .value = "TIME",                                                              \
	 .help = "How long to wait for another migrator to finish; else as the "       \
	         "environment says"},                                                  \
	{                                                                              \
		.name = "ddl-lock-timeout", .type = CFT_OPT_DURATION, .value = "TIME", \
		.help = "How long a statement may wait for a lock before it is tried " \
			"again; 0 for no limit; else as the environment says"          \
	}

/* One call of a migrate command. Zeroed, then opened; close it in every case. */
struct cft_migrate {
	struct cft_cmd *cmd;
	struct cft_connection connection;
	struct cft_mig_dir dir;
	struct cft_mig_engine *engine;     /* NULL: files only, or a target of the server */
	struct cft_migrate_remote *remote; /* NULL: a database of ours */
	struct cft_mig_history history;
	bool dir_read, step_open, interruptible;
	pthread_t interrupter;
	atomic_bool closing; /* the interrupter shall end */
	json_t *steps;       /* what ran, for the JSON document */
};

/* Resolves the environment and reads the files. */
int cft_migrate_open_files(struct cft_migrate *migrate, struct cft_cmd *cmd, struct cft_err *err);
/* The same and connects; reads the history. `writes`: takes the migration lock first, and SIGINT
 * cancels the running statement. */
int cft_migrate_open(struct cft_migrate *migrate, struct cft_cmd *cmd, bool writes,
                     struct cft_err *err);
void cft_migrate_close(struct cft_migrate *migrate);

/* INVALID indexes, of our database or of the target; in cmd->arena. */
int cft_migrate_invalid_indexes(struct cft_migrate *migrate, const char *const **ret, size_t *ret_n,
                                struct cft_err *err);
/* "db/migrations/001_x.up.sql:3: message"; in cmd->arena. */
const char *cft_migrate_problem_text(const struct cft_migrate *migrate,
                                     const struct cft_mig_problem *problem);
/* Files that will not be run, on standard error; `errors`: also what stops `up`, which reports its
 * first one itself. */
void cft_migrate_show_problems(struct cft_migrate *migrate, bool errors);
json_t *cft_migrate_problems_json(const struct cft_migrate *migrate);
/* The command's JSON document; of a target also "base", which the server's answer named. Takes
 * `document`. */
void cft_migrate_answer(struct cft_migrate *migrate, json_t *takes_document);
/* Runs a plan and shows it as the guide does; the JSON document too. */
int cft_migrate_run(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                    struct cft_err *err);
/* Lists what would run; of a target also what it would meet there. */
int cft_migrate_show_plan(struct cft_migrate *migrate, const struct cft_mig_plan *plan,
                          struct cft_err *err);

#endif
