/* Operations: the statements behind operations.h.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/operations.h"

#include "common/base/digest.h"
#include "common/base/mem.h"
#include "server/store/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define COLUMNS                                                                        \
	"o.id, o.project, o.target, o.kind, o.agent_id, o.intent_id, o.status,"        \
	" o.server_id, o.attempt, o.fence, o.cancel, o.versions, o.fingerprint,"       \
	" o.error_code, o.error_reason, o.error_message,"                              \
	" confiture.microseconds(o.created_at), confiture.microseconds(o.started_at)," \
	" confiture.microseconds(o.ended_at)"

static char *hex_of(const void *data, size_t len)
{
	char *hex = cft_malloc(2 * len + 1);

	hex[0] = '\0';
	cft_hex(data, len, hex);
	return hex;
}

void cft_store_operation_create(struct cft_store *store, const struct cft_operation_new *operation,
                                cft_rows_cb *cb, void *ctx)
{
	char *request = hex_of(operation->request, operation->request_len);
	char *progress = hex_of(operation->progress, operation->progress_len);
	const char *values[] = {operation->id,
	                        operation->project,
	                        operation->target,
	                        operation->kind,
	                        operation->agent_id,
	                        operation->intent_id,
	                        operation->request_id,
	                        request,
	                        progress};

	cft_store_rows(store,
	               "SELECT confiture.operation_create($1, $2, $3, $4, $5, $6, $7, $8, $9)", 9,
	               values, cb, ctx);
	free(request);
	free(progress);
}

void cft_store_operation_claim(struct cft_store *store, const char *server_id,
                               const json_t *targets, int64_t stale_ms, cft_rows_cb *cb, void *ctx)
{
	char *text = cft_json_compact(targets), stale[24];
	const char *values[] = {server_id, text, stale};

	snprintf(stale, sizeof(stale), "%lld", (long long)stale_ms);
	cft_store_rows(store,
	               "SELECT " COLUMNS ", encode(o.request, 'hex')"
	               " FROM confiture.operation_claim($1, $2::jsonb, $3::bigint,"
	               " ARRAY['apply', 'rollback', 'baseline', 'repair']) o",
	               3, values, cb, ctx);
	free(text);
}

void cft_store_operation_append(struct cft_store *store, const char *id, int attempt,
                                const json_t *payloads, cft_rows_cb *cb, void *ctx)
{
	char *text = cft_json_compact(payloads), number[16];
	const char *values[] = {id, number, text};

	snprintf(number, sizeof(number), "%d", attempt);
	cft_store_rows(store, "SELECT * FROM confiture.operation_append($1, $2::int, $3::jsonb)", 3,
	               values, cb, ctx);
	free(text);
}

void cft_store_operation_finish(struct cft_store *store, const char *id, int attempt,
                                const struct cft_operation_end *end, cft_rows_cb *cb, void *ctx)
{
	char number[16];
	const char *values[] = {
		id,        number,      end->status, end->versions, end->fingerprint,
		end->code, end->reason, end->message};

	snprintf(number, sizeof(number), "%d", attempt);
	cft_store_rows(
		store,
		"SELECT * FROM confiture.operation_finish($1, $2::int, $3, $4, $5, $6, $7, $8)", 8,
		values, cb, ctx);
}

void cft_store_operation_cancel(struct cft_store *store, const char *project, const char *id,
                                cft_rows_cb *cb, void *ctx)
{
	const char *values[] = {project, id};

	cft_store_rows(store, "SELECT confiture.operation_cancel($1, $2)", 2, values, cb, ctx);
}

void cft_store_operation_watch(struct cft_store *store, const char *project, const char *id,
                               uint64_t after, cft_rows_cb *cb, void *ctx)
{
	char number[24];
	const char *values[] = {project, id, number};

	snprintf(number, sizeof(number), "%llu", (unsigned long long)after);
	cft_store_rows(store,
	               "SELECT " COLUMNS ", p.sequence, confiture.microseconds(p.time),"
	               " encode(p.payload, 'hex') FROM confiture.operation o"
	               " LEFT JOIN confiture.operation_progress p ON p.operation_id = o.id"
	               " AND p.sequence > $3::bigint WHERE o.project = $1 AND o.id = $2"
	               " ORDER BY p.sequence LIMIT 1000",
	               3, values, cb, ctx);
}

void cft_store_operation_list(struct cft_store *store, const char *project, const char *target,
                              const char *id, bool active, int limit, cft_rows_cb *cb, void *ctx)
{
	char number[16];
	const char *values[] = {project, target, id, active ? "t" : "f", number};

	snprintf(number, sizeof(number), "%d", limit);
	cft_store_rows(store,
	               "SELECT " COLUMNS " FROM confiture.operation o WHERE o.project = $1"
	               " AND ($2 = '' OR o.target = $2) AND ($3 = '' OR o.id = $3)"
	               " AND (NOT $4::boolean OR o.status IN ('QUEUED', 'RUNNING'))"
	               " ORDER BY o.number DESC LIMIT $5::int",
	               5, values, cb, ctx);
}

void cft_store_reserve_version(struct cft_store *store, const char *project, const char *agent_id,
                               const char *intent_id, const char *after, const char *request_id,
                               cft_rows_cb *cb, void *ctx)
{
	const char *values[] = {project, agent_id, intent_id, after, request_id};

	cft_store_rows(store, "SELECT confiture.reserve_version($1, $2, $3, $4::bigint, $5)", 5,
	               values, cb, ctx);
}
