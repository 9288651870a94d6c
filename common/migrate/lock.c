/* Lock: the session-level advisory lock that keeps migrators apart.
 * SPDX-License-Identifier: MIT
 *
 * Polled with try-lock: a session that waits in pg_advisory_lock() holds a snapshot, and CREATE
 * INDEX CONCURRENTLY of the lock's holder would wait for that snapshot for ever.
 */
#include "common/migrate/lock.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/migrate/ledger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOCK_CLASS = 0x43465431, POLL_FIRST_MS = 50, POLL_LAST_MS = 1000 };

struct key {
	char class_id[16], object_id[16];
};

/* Two tracking tables of one database are two histories, and two locks. */
static void key_of(const char *table, struct key *ret)
{
	unsigned char digest[CFT_SHA256_BYTES];
	int object;

	cft_sha256(table, strlen(table), digest);
	memcpy(&object, digest, sizeof(object));
	snprintf(ret->class_id, sizeof(ret->class_id), "%d", LOCK_CLASS);
	snprintf(ret->object_id, sizeof(ret->object_id), "%d", object);
}

static int try_lock(struct cft_mig_engine *engine, const struct key *key, bool *ret_locked,
                    struct cft_err *err)
{
	const char *values[] = {key->class_id, key->object_id};
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec_params(engine->pg,
	                            "SELECT pg_catalog.pg_try_advisory_lock($1::int, $2::int)", 2,
	                            values, &result, err);

	if (rc == 0)
		*ret_locked = cft_pg_bool(result, 0, 0);
	cft_pg_result_free(result);
	return rc;
}

static int describe_holder(struct cft_mig_engine *engine, const struct key *key,
                           struct cft_buf *out, struct cft_err *err)
{
	const char *values[] = {key->class_id, key->object_id};
	int rc = cft_pg_query_text(
		engine->pg,
		"SELECT pg_catalog.format('%s (pid %s, role %s%s, since %s)', "
		" coalesce(nullif(a.application_name, ''), 'a session'), l.pid, a.usename, "
		" coalesce(', from ' || pg_catalog.host(a.client_addr), ''), "
		" to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS \"UTC\"')) "
		"FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid) "
		"WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
		" AND l.database = (SELECT oid FROM pg_catalog.pg_database "
		"                   WHERE datname = pg_catalog.current_database()) "
		" AND l.classid = ($1::int8 & 4294967295)::oid "
		" AND l.objid = ($2::int8 & 4294967295)::oid LIMIT 1",
		2, values, out, err);

	if (rc == CFT_E_NOT_FOUND) { /* it left this very moment */
		cft_err_clear(err);
		cft_buf_adds(out, "another migrator");
		rc = 0;
	}
	return rc;
}

static int locked_out(const char *holder, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_LOCKED, "MIGRATION_LOCKED",
	                "another migrator is at work on this database: %s", holder);
	return cft_err_hint(err, "wait for it with --lock-timeout, or see what it does in "
	                         "pg_stat_activity");
}

static void sleep_ms(int ms)
{
	struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&pause, NULL);
}

static int wait_for_lock(struct cft_mig_engine *engine, const struct key *key, struct cft_err *err)
{
	int64_t until = cft_clock_mono_us() + engine->options.lock_wait_us;
	struct cft_buf holder = CFT_BUF_INIT, last = CFT_BUF_INIT;
	bool locked = false;
	int rc = 0;

	for (int pause = POLL_FIRST_MS; rc == 0; pause = pause < POLL_LAST_MS ? pause * 2 : pause) {
		rc = try_lock(engine, key, &locked, err);
		if (rc != 0 || locked)
			break;
		cft_buf_clear(&holder);
		rc = describe_holder(engine, key, &holder, err);
		if (rc == 0 && strcmp(cft_buf_str(&holder), cft_buf_str(&last)) != 0) {
			cft_mig_emit(engine, CFT_MIG_LOCK_WAIT, cft_buf_str(&holder));
			cft_buf_clear(&last);
			cft_buf_adds(&last, cft_buf_str(&holder));
		}
		if (rc == 0 && engine->options.lock_wait_us >= 0 && cft_clock_mono_us() >= until)
			rc = locked_out(cft_buf_str(&holder), err);
		if (rc == 0)
			rc = cft_mig_check_cancelled(engine, err);
		if (rc == 0)
			sleep_ms(pause);
	}
	cft_buf_release(&holder);
	cft_buf_release(&last);
	return rc;
}

int cft_mig_engine_lock(struct cft_mig_engine *engine, struct cft_err *err)
{
	struct key key;

	if (engine->locked)
		return 0;
	key_of(engine->table, &key);
	int rc = wait_for_lock(engine, &key, err);
	if (rc != 0)
		return rc;
	engine->locked = true;
	/* The holder before us may have made the table. */
	rc = cft_mig_ledger_find(engine, err);
	return rc ? rc : cft_mig_session_reset(engine, err);
}

int cft_mig_lock_confirm(struct cft_mig_engine *engine, struct cft_err *err)
{
	struct cft_buf holder = CFT_BUF_INIT;
	bool locked = false;
	struct key key;

	assert(engine->locked);
	key_of(engine->table, &key);
	int rc = try_lock(engine, &key, &locked, err);
	if (rc == 0 && !locked)
		rc = describe_holder(engine, &key, &holder, err);
	if (rc == 0 && !locked)
		rc = locked_out(cft_buf_str(&holder), err);
	cft_buf_release(&holder);
	return rc;
}

int cft_mig_engine_history(struct cft_mig_engine *engine, struct cft_arena *arena,
                           struct cft_mig_history *ret, struct cft_err *err)
{
	return cft_mig_ledger_read(engine, arena, ret, err);
}
