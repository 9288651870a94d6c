/* Calls: statements of the store, and their rows as structs.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/internal.h"

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A call under way: whom to answer. */
struct append_call {
	cft_append_cb *cb;
	void *ctx;
};
struct events_call {
	cft_events_cb *cb;
	void *ctx;
};
struct records_call {
	cft_records_cb *cb;
	void *ctx;
};
struct rows_call {
	cft_rows_cb *cb;
	void *ctx;
};

static const void *bytes_at(struct cft_arena *arena, const struct cft_pg_result *result, size_t row,
                            size_t column, size_t *ret_len)
{
	size_t hex_len = cft_pg_value_len(result, row, column);
	unsigned char *bytes = cft_arena_alloc(arena, hex_len / 2 + 1);

	*ret_len = hex_len / 2;
	if (cft_unhex(cft_pg_text(result, row, column), hex_len, bytes) != 0)
		*ret_len = 0;
	return bytes;
}

static void hash_at(const struct cft_pg_result *result, size_t row, size_t column,
                    unsigned char out[32])
{
	memset(out, 0, 32);
	if (cft_pg_value_len(result, row, column) == 64)
		cft_unhex(cft_pg_text(result, row, column), 64, out);
}

/* Three columns from `first` on: revision, chain_hash, payload. */
static void event_at(struct cft_arena *arena, const struct cft_pg_result *result, size_t row,
                     size_t first, struct cft_store_event *event)
{
	event->revision = (uint64_t)cft_pg_int(result, row, first);
	hash_at(result, row, first + 1, event->chain_hash);
	event->payload = bytes_at(arena, result, row, first + 2, &event->len);
}

/* -- append -- */

static void fill_stale(struct cft_arena *arena, const struct cft_pg_result *result,
                       struct cft_append_reply *reply)
{
	size_t n = cft_pg_rows(result);
	struct cft_store_event *events = cft_arena_array(arena, struct cft_store_event, n);

	for (size_t i = 0; i < n; i++)
		event_at(arena, result, i, 2, &events[i]);
	reply->events = events;
	reply->n_events = n;
}

static void fill_alive(struct cft_arena *arena, const struct cft_pg_result *result,
                       struct cft_append_reply *reply)
{
	size_t n = cft_pg_rows(result);
	struct cft_store_lease *leases = cft_arena_array(arena, struct cft_store_lease, n);

	for (size_t i = 0; i < n; i++) {
		leases[i].fence = (uint64_t)cft_pg_int(result, i, 2);
		leases[i].expires_us = cft_pg_int(result, i, 4);
		leases[i].intent_id = cft_pg_text(result, i, 7);
	}
	reply->alive = leases;
	reply->n_alive = n;
}

static void fill_reply(struct cft_arena *arena, const struct cft_pg_result *result,
                       struct cft_append_reply *reply)
{
	const char *outcome = cft_pg_rows(result) ? cft_pg_text(result, 0, 0) : "";

	reply->now_us = cft_pg_rows(result) ? cft_pg_int(result, 0, 1) : 0;
	if (strcmp(outcome, "committed") == 0) {
		reply->outcome = CFT_APPEND_COMMITTED;
	} else if (strcmp(outcome, "stale") == 0) {
		reply->outcome = CFT_APPEND_STALE;
		fill_stale(arena, result, reply);
	} else if (strcmp(outcome, "lease_alive") == 0) {
		reply->outcome = CFT_APPEND_LEASE_ALIVE;
		fill_alive(arena, result, reply);
	} else {
		reply->outcome = CFT_APPEND_DIVERGED;
	}
}

static void on_append(void *ctx, const struct cft_pg_result *result, const struct cft_err *err)
{
	struct append_call *call = ctx;
	struct cft_append_reply reply = {.err = err};
	struct cft_arena arena = CFT_ARENA_INIT;

	if (err && strcmp(err->reason, CFT_REASON_OUTCOME_UNKNOWN) == 0)
		reply.outcome = CFT_APPEND_UNKNOWN;
	else if (err)
		reply.outcome = CFT_APPEND_FAILED;
	else
		fill_reply(&arena, result, &reply);
	call->cb(call->ctx, &reply);
	cft_arena_release(&arena);
	free(call);
}

enum { APPEND_VALUES = 3 + CFT_APPEND_COLUMNS + 1 };

const char cft_store_append_call_sql[] =
	"SELECT * FROM confiture.append($1, $2::bigint, $3::bytea, $4::timestamptz[], $5::text[],"
	" $6::text[], $7::text[], $8::bytea[], $9::bytea[], $10::text[], $11::bytea[],"
	" $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],"
	" $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::timestamptz[],"
	" $24::timestamptz[], $25::bigint[], $26::bigint[], $27::bytea[], $28::jsonb)";

static struct cft_pg_value text_value(const char *text)
{
	return (struct cft_pg_value){text, text ? strlen(text) : 0, false};
}

void cft_store_append(struct cft_store *store, const char *project, uint64_t expected,
                      const unsigned char chain_hash[32], struct cft_append *append,
                      cft_append_cb *cb, void *ctx)
{
	struct append_call *call = cft_new(struct append_call);
	struct cft_pg_value values[APPEND_VALUES];
	char *more = append->more ? cft_json_compact(append->more) : NULL;
	char expected_text[24];
	size_t n = 0;

	call->cb = cb;
	call->ctx = ctx;
	snprintf(expected_text, sizeof(expected_text), "%llu", (unsigned long long)expected);
	values[n++] = text_value(project);
	values[n++] = text_value(expected_text);
	values[n++] = (struct cft_pg_value){(const char *)chain_hash, 32, true};
	for (size_t i = 0; i < CFT_APPEND_COLUMNS; i++) {
		const struct cft_buf *bytes = cft_pg_array_finish(&append->columns[i]);
		values[n++] = (struct cft_pg_value){bytes->data, bytes->len, true};
	}
	values[n++] = text_value(more);
	assert(n == APPEND_VALUES);
	cft_pg_async_prepared(cft_store_idlest(store), n, values, on_append, call);
	free(more);
}

/* -- reading -- */

static void on_events(void *ctx, const struct cft_pg_result *result, const struct cft_err *err)
{
	struct events_call *call = ctx;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_store_events events = {.err = err};

	if (!err) {
		size_t n = cft_pg_rows(result);
		struct cft_store_event *v = cft_arena_array(&arena, struct cft_store_event, n);
		for (size_t i = 0; i < n; i++)
			event_at(&arena, result, i, 0, &v[i]);
		events.v = v;
		events.n = n;
	}
	call->cb(call->ctx, &events);
	cft_arena_release(&arena);
	free(call);
}

static void read_events(struct cft_store *store, const char *sql, const char *project,
                        uint64_t after, int limit, cft_events_cb *cb, void *ctx)
{
	struct events_call *call = cft_new(struct events_call);
	char after_text[24], limit_text[16];
	const char *values[] = {project, after_text, limit_text};

	call->cb = cb;
	call->ctx = ctx;
	snprintf(after_text, sizeof(after_text), "%llu", (unsigned long long)after);
	snprintf(limit_text, sizeof(limit_text), "%d", limit);
	cft_store_run(store, sql, 3, values, on_events, call);
}

void cft_store_read(struct cft_store *store, const char *project, uint64_t after, int limit,
                    cft_events_cb *cb, void *ctx)
{
	read_events(store, "SELECT * FROM confiture.read($1, $2::bigint, $3::int)", project, after,
	            limit, cb, ctx);
}

void cft_store_confirm(struct cft_store *store, const char *project, uint64_t after, int limit,
                       cft_events_cb *cb, void *ctx)
{
	read_events(store, "SELECT * FROM confiture.confirm($1, $2::bigint, $3::int)", project,
	            after, limit, cb, ctx);
}

static const char *const record_names[] = {"project", "base",  "intent", "conflict",
                                           "request", "lease", "branch"};

static enum cft_record_kind record_kind(const char *name)
{
	size_t kind = 0;

	while (kind < CFT_RECORD_BRANCH && strcmp(record_names[kind], name) != 0)
		kind++;
	return (enum cft_record_kind)kind;
}

static void record_at(struct cft_arena *arena, const struct cft_pg_result *result, size_t row,
                      struct cft_store_record *record)
{
	record->kind = record_kind(cft_pg_text(result, row, 0));
	record->id = record->subject = "";
	switch (record->kind) {
	case CFT_RECORD_PROJECT:
		record->revision = (uint64_t)cft_pg_int(result, row, 1);
		hash_at(result, row, 2, record->hash);
		record->first_revision = (uint64_t)cft_pg_int(result, row, 3);
		record->time_us = cft_pg_int(result, row, 4);
		break;
	case CFT_RECORD_BASE:
	case CFT_RECORD_INTENT:
	case CFT_RECORD_CONFLICT:
		record->payload = bytes_at(arena, result, row, 1, &record->len);
		break;
	case CFT_RECORD_REQUEST:
		record->id = cft_pg_text(result, row, 1);
		hash_at(result, row, 2, record->hash);
		record->revision = (uint64_t)cft_pg_int(result, row, 3);
		record->subject = cft_pg_text(result, row, 4);
		record->time_us = cft_pg_int(result, row, 5);
		break;
	case CFT_RECORD_BRANCH:
		record->id = cft_pg_text(result, row, 1);
		break;
	case CFT_RECORD_LEASE:
		record->id = cft_pg_text(result, row, 1);
		record->revision = (uint64_t)cft_pg_int(result, row, 2);
		record->time_us = cft_pg_int(result, row, 3);
		break;
	}
}

static void on_records(void *ctx, const struct cft_pg_result *result, const struct cft_err *err)
{
	struct records_call *call = ctx;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_store_records records = {.err = err};

	if (!err) {
		size_t n = cft_pg_rows(result);
		struct cft_store_record *v = cft_arena_array(&arena, struct cft_store_record, n);
		for (size_t i = 0; i < n; i++)
			record_at(&arena, result, i, &v[i]);
		/* The first row is the clock, whether the project exists or not. */
		records.v = v + 1;
		records.n = n - 1;
		records.now_us = v[0].time_us;
	}
	call->cb(call->ctx, &records);
	cft_arena_release(&arena);
	free(call);
}

void cft_store_load(struct cft_store *store, const char *project, int64_t ended_seconds,
                    cft_records_cb *cb, void *ctx)
{
	char seconds[24];
	const char *values[] = {project, seconds};
	struct records_call *call = cft_new(struct records_call);

	snprintf(seconds, sizeof(seconds), "%lld", (long long)ended_seconds);
	call->cb = cb;
	call->ctx = ctx;
	cft_store_run(store,
	              "SELECT 'project', NULL, NULL, NULL,"
	              " confiture.microseconds(clock_timestamp())::text, NULL "
	              "UNION ALL SELECT * FROM confiture.load_recent($1, $2::bigint)",
	              2, values, on_records, call);
}

/* -- small calls -- */

static void on_rows(void *ctx, const struct cft_pg_result *result, const struct cft_err *err)
{
	struct rows_call *call = ctx;
	struct cft_arena arena = CFT_ARENA_INIT;
	size_t n = err ? 0 : cft_pg_rows(result);
	size_t columns = err ? 0 : cft_pg_columns(result);
	const char ***rows = cft_arena_array(&arena, const char **, n);

	for (size_t i = 0; i < n; i++) {
		rows[i] = cft_arena_array(&arena, const char *, columns);
		for (size_t j = 0; j < columns; j++)
			rows[i][j] = cft_pg_text(result, i, j);
	}
	call->cb(call->ctx, (const char *const *const *)rows, n, err);
	cft_arena_release(&arena);
	free(call);
}

static void rows(struct cft_store *store, const char *sql, size_t n, const char *const *values,
                 cft_rows_cb *cb, void *ctx)
{
	struct rows_call *call = cft_new(struct rows_call);

	call->cb = cb;
	call->ctx = ctx;
	cft_store_run(store, sql, n, values, on_rows, call);
}

void cft_store_rows(struct cft_store *store, const char *sql, size_t n, const char *const *values,
                    cft_rows_cb *cb, void *ctx)
{
	rows(store, sql, n, values, cb, ctx);
}

void cft_store_revisions(struct cft_store *store, const json_t *names, cft_rows_cb *cb, void *ctx)
{
	char *text = cft_json_compact(names);
	const char *values[] = {text};

	rows(store,
	     "SELECT name, revision, encode(chain_hash, 'hex'), (SELECT epoch FROM confiture.log)"
	     " FROM confiture.project"
	     " WHERE name IN (SELECT jsonb_array_elements_text($1::jsonb))",
	     1, values, cb, ctx);
	free(text);
}

void cft_store_lapsed(struct cft_store *store, cft_rows_cb *cb, void *ctx)
{
	rows(store,
	     "SELECT p.name, l.intent_id, l.fence FROM confiture.lease l"
	     " JOIN confiture.project p ON p.id = l.project_id"
	     " WHERE l.expires_at <= clock_timestamp() LIMIT 1000",
	     0, NULL, cb, ctx);
}

void cft_store_renewed(struct cft_store *store, const json_t *names, int64_t since_us,
                       cft_rows_cb *cb, void *ctx)
{
	char *text = cft_json_compact(names), since[24];
	const char *values[] = {text, since};

	snprintf(since, sizeof(since), "%lld", (long long)since_us);
	rows(store,
	     "SELECT '', '', '', confiture.microseconds(clock_timestamp())::text "
	     "UNION ALL SELECT p.name, l.intent_id, l.fence::text,"
	     " confiture.microseconds(l.expires_at)::text"
	     " FROM confiture.lease l JOIN confiture.project p ON p.id = l.project_id"
	     " WHERE l.renewed_at >= confiture.at_microseconds($2::bigint)"
	     " AND p.name IN (SELECT jsonb_array_elements_text($1::jsonb))",
	     2, values, cb, ctx);
	free(text);
}

void cft_store_renew(struct cft_store *store, const char *project, const char *agent_id,
                     const json_t *refs, cft_rows_cb *cb, void *ctx)
{
	char *text = cft_json_compact(refs);
	const char *values[] = {project, agent_id, text};

	rows(store, "SELECT * FROM confiture.renew($1, $2, $3::jsonb)", 3, values, cb, ctx);
	free(text);
}

void cft_store_inbox(struct cft_store *store, const char *project, const char *agent_id,
                     cft_rows_cb *cb, void *ctx)
{
	const char *values[] = {project, agent_id};

	rows(store,
	     "SELECT greatest(max(i.cursor), max(p.first_revision) - 1, 0) FROM confiture.project p"
	     " LEFT JOIN confiture.inbox i ON p.id = i.project_id AND i.agent_id = $2"
	     " WHERE p.name = $1",
	     2, values, cb, ctx);
}

void cft_store_inbox_ack(struct cft_store *store, const char *project, const char *agent_id,
                         uint64_t cursor, cft_rows_cb *cb, void *ctx)
{
	char text[24];
	const char *values[] = {project, agent_id, text};

	snprintf(text, sizeof(text), "%llu", (unsigned long long)cursor);
	rows(store,
	     "INSERT INTO confiture.inbox"
	     " SELECT id, $2, least($3::bigint, revision) FROM confiture.project WHERE name = $1"
	     " ON CONFLICT (project_id, agent_id) DO UPDATE"
	     " SET cursor = greatest(inbox.cursor, excluded.cursor) RETURNING cursor",
	     3, values, cb, ctx);
}

void cft_store_log(struct cft_store *store, cft_rows_cb *cb, void *ctx)
{
	rows(store,
	     "SELECT log_id, epoch, (SELECT max(version) FROM confiture.schema_version),"
	     " confiture.microseconds(clock_timestamp()) FROM confiture.log",
	     0, NULL, cb, ctx);
}

void cft_store_projects(struct cft_store *store, cft_rows_cb *cb, void *ctx)
{
	rows(store, "SELECT name, revision FROM confiture.project ORDER BY name", 0, NULL, cb, ctx);
}

void cft_store_grace(struct cft_store *store, int64_t since_us, cft_rows_cb *cb, void *ctx)
{
	char text[24];
	const char *values[] = {text};

	snprintf(text, sizeof(text), "%lld", (long long)since_us);
	rows(store,
	     "WITH held AS (UPDATE confiture.lease SET expires_at ="
	     " clock_timestamp() + least(ttl, interval '1 minute')"
	     " WHERE expires_at > confiture.at_microseconds($1::bigint)"
	     " AND expires_at < clock_timestamp() + least(ttl, interval '1 minute') RETURNING 1)"
	     " SELECT count(*) FROM held",
	     1, values, cb, ctx);
}

void cft_store_forget_requests(struct cft_store *store, int64_t seconds, cft_rows_cb *cb, void *ctx)
{
	char text[24];
	const char *values[] = {text};

	snprintf(text, sizeof(text), "%lld", (long long)seconds);
	rows(store,
	     "WITH gone AS (DELETE FROM confiture.request"
	     " WHERE time < clock_timestamp() - $1::bigint * interval '1 second' RETURNING 1)"
	     " SELECT count(*) FROM gone",
	     1, values, cb, ctx);
}

void cft_store_credentials(struct cft_store *store, int64_t version, cft_rows_cb *cb, void *ctx)
{
	char text[24];
	const char *values[] = {text};

	snprintf(text, sizeof(text), "%lld", (long long)version);
	rows(store,
	     "SELECT v.version, coalesce(c.id, ''), coalesce(encode(c.key, 'hex'), ''),"
	     " coalesce(c.role, ''), coalesce(c.agent_id, ''), coalesce(c.project, ''),"
	     " coalesce(confiture.microseconds(c.expires_at), 0), c.revoked_at IS NOT NULL"
	     " FROM confiture.credential_version v LEFT JOIN confiture.credential c ON true"
	     " WHERE v.version <> $1::bigint ORDER BY c.revoked_at NULLS LAST",
	     1, values, cb, ctx);
}
