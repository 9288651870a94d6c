/* Script: the SQL of a migration as units that are executed one after the other.
 * SPDX-License-Identifier: MIT
 *
 * Normally all units run in one transaction. A script that holds something which PostgreSQL refuses
 * in a transaction block, or BEGIN and COMMIT of its own, is stepwise: each unit by itself, with a
 * record of its own. Pure; any thread; computes only.
 */
#ifndef CFT_MIGRATE_SCRIPT_H
#define CFT_MIGRATE_SCRIPT_H

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/err.h"
#include "common/base/vec.h"
#include "common/migrate/files.h"
#include "common/sql/syntax/transaction.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_mig_stmt {
	const char *sql; /* NUL-terminated, without its semicolon */
	int line;        /* in the file, from 1 */
	struct cft_sql_traits traits;
	const char *copy_data; /* of COPY FROM STDIN: the lines that follow it */
	size_t copy_len;
};

/* One statement; or, in a script with BEGIN and COMMIT of its own, all between the two. */
struct cft_mig_unit {
	size_t first, count; /* of script->stmts */
	bool outside;        /* runs outside a transaction; then count is 1 */
	bool session;        /* a SET: run each time, never recorded; then count is 1 */
	char checksum[CFT_SHA256_HEX];
};

struct cft_mig_script {
	const char *path;
	CFT_VEC(struct cft_mig_stmt) stmts;
	CFT_VEC(struct cft_mig_unit) units;
	bool stepwise;
	const char *why; /* stepwise: "CREATE INDEX CONCURRENTLY on line 4 …" */
};

/* Cuts and classifies. Everything lives in the arena. Statements that libpg_query does not know are
 * kept: PostgreSQL decides. CFT_E_INVALID with file and line: psql commands, ROLLBACK, DISCARD ALL,
 * unbalanced BEGIN and COMMIT. */
int cft_mig_script_read(struct cft_arena *arena, const struct cft_mig_text *text,
                        struct cft_mig_script *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
