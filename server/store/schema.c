/* Schema: the numbered migrations of the store's own tables.
 * SPDX-License-Identifier: MIT
 *
 * The files of server/store/sql/ are in the binary (see server/CMakeLists.txt); number n of the
 * list is version n. A server works on a newer schema if that says so: its row names the oldest
 * version that a program must know (`needs`), so that servers can be upgraded one after the other.
 */
#include "common/base/text.h"
#include "common/pg/pg.h"
#include "server/store/store.h"

#include <stdlib.h>
#include <string.h>

extern const char *const cft_schema_migrations[]; /* NULL-terminated texts */

/* "confiture" in the space of advisory locks. */
#define LOCK_SQL "SELECT pg_advisory_xact_lock(7165328410032245621)"

#define PREPARE_SQL                                                                  \
	"CREATE SCHEMA IF NOT EXISTS confiture;"                                     \
	"CREATE TABLE IF NOT EXISTS confiture.schema_version ("                      \
	"version int PRIMARY KEY, needs int NOT NULL,"                               \
	"applied_at timestamptz NOT NULL DEFAULT clock_timestamp());"                \
	"COMMENT ON SCHEMA confiture IS 'Coordination of schema changes: the log of" \
	" confiture-server and its projections'"

int cft_schema_version(void)
{
	int n = 0;

	while (cft_schema_migrations[n])
		n++;
	return n;
}

static int query_int(struct cft_pg *pg, const char *sql, int *ret, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_pg_query_text(pg, sql, 0, NULL, &text, err);

	if (rc == 0)
		*ret = (int)strtol(cft_buf_str(&text), NULL, 10);
	cft_buf_release(&text);
	return rc;
}

static int read_version(struct cft_pg *pg, int *ret_version, int *ret_needs, struct cft_err *err)
{
	int exists = 0;
	int rc = query_int(pg, "SELECT (to_regclass('confiture.schema_version') IS NOT NULL)::int",
	                   &exists, err);

	*ret_version = *ret_needs = 0;
	if (rc != 0 || !exists)
		return rc;
	rc = query_int(pg, "SELECT coalesce(max(version), 0) FROM confiture.schema_version",
	               ret_version, err);
	if (rc == 0)
		rc = query_int(pg, "SELECT coalesce(max(needs), 0) FROM confiture.schema_version",
		               ret_needs, err);
	return rc;
}

/* The oldest version that a program must know to work on this one: "-- needs N" in the first line
 * of the migration says it; else the version itself. */
static int needed_by(int version)
{
	static const char mark[] = "-- needs ";
	const char *text = cft_schema_migrations[version - 1];

	if (!cft_has_prefix(text, mark))
		return version;
	return (int)strtol(text + strlen(mark), NULL, 10);
}

static int apply(struct cft_pg *pg, int version, struct cft_err *err)
{
	int rc = cft_pg_exec(pg, cft_schema_migrations[version - 1], NULL, err);

	if (rc == 0)
		rc = cft_pg_execf(pg, err, "INSERT INTO confiture.schema_version VALUES (%d, %d)",
		                  version, needed_by(version));
	if (rc != 0)
		cft_err_prefix(err, "migration %d of the schema confiture", version);
	return rc;
}

static int upgrade(struct cft_pg *pg, int *version, struct cft_err *err)
{
	int needs = 0, known = cft_schema_version();
	int rc = read_version(pg, version, &needs, err);

	if (rc == 0 && needs > known) {
		cft_fail_reason(err, CFT_E_STATE, "SCHEMA_TOO_NEW",
		                "the schema confiture of the database is at version %d; this "
		                "program knows versions up to %d",
		                *version, known);
		return cft_err_hint(err, "upgrade this program, or use another database");
	}
	if (rc == 0 && *version == 0)
		rc = cft_pg_exec(pg, PREPARE_SQL, NULL, err);
	while (rc == 0 && *version < known)
		rc = apply(pg, ++*version, err);
	return rc;
}

int cft_schema_upgrade(const char *url, int *ret_version, struct cft_err *err)
{
	struct cft_pg *pg = NULL;
	int version = 0;
	int rc = cft_pg_open(url, &pg, err);

	if (rc == 0)
		rc = cft_pg_exec(pg, "BEGIN; SET LOCAL lock_timeout = 0", NULL, err);
	if (rc == 0)
		rc = cft_pg_exec(pg, LOCK_SQL, NULL, err);
	if (rc == 0)
		rc = upgrade(pg, &version, err);
	if (rc == 0)
		rc = cft_pg_exec(pg, "COMMIT", NULL, err);
	if (rc == 0 && ret_version)
		*ret_version = version;
	cft_pg_close(pg);
	return rc;
}
