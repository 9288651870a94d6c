/* Operations: the store's calls for migrations through the server.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread; nothing blocks. Bytes go in as they are. Rows of operations have the columns of
 * CFT_OPERATION_COLUMNS in order.
 */
#ifndef CFT_STORE_OPERATIONS_H
#define CFT_STORE_OPERATIONS_H

#include "server/store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cft_operation_column {
	CFT_OPERATION_ID,
	CFT_OPERATION_PROJECT,
	CFT_OPERATION_TARGET,
	CFT_OPERATION_KIND,
	CFT_OPERATION_AGENT,
	CFT_OPERATION_INTENT,
	CFT_OPERATION_STATUS,
	CFT_OPERATION_SERVER,
	CFT_OPERATION_ATTEMPT,
	CFT_OPERATION_FENCE,
	CFT_OPERATION_CANCEL, /* "t" or "f" */
	CFT_OPERATION_VERSIONS,
	CFT_OPERATION_FINGERPRINT,
	CFT_OPERATION_ERROR_CODE, /* cft_code_name */
	CFT_OPERATION_ERROR_REASON,
	CFT_OPERATION_ERROR_MESSAGE,
	CFT_OPERATION_CREATED_US, /* "" = not yet, here and below */
	CFT_OPERATION_STARTED_US,
	CFT_OPERATION_ENDED_US,
	CFT_OPERATION_COLUMNS,
	CFT_OPERATION_REQUEST = CFT_OPERATION_COLUMNS, /* of claim: hex */
	CFT_OPERATION_SEQUENCE =
		CFT_OPERATION_COLUMNS, /* of watch: a progress; "" where there is none */
	CFT_OPERATION_TIME_US,
	CFT_OPERATION_PAYLOAD, /* hex */
};

struct cft_operation_new {
	const char *id, *project, *target, *kind, *agent_id, *intent_id, *request_id;
	const void *request;
	size_t request_len;
	const void *progress; /* the first one, packed */
	size_t progress_len;
};

/* One row (id): see confiture.operation_create. */
void cft_store_operation_create(struct cft_store *store, const struct cft_operation_new *operation,
                                cft_rows_cb *cb, void *ctx);
/* At most one operation that is this server's now, with its request. `targets` is a JSON array of
 * [project, name]. */
void cft_store_operation_claim(struct cft_store *store, const char *server_id,
                               const json_t *targets, int64_t stale_ms, cft_rows_cb *cb, void *ctx);
/* `payloads`: an array of hex texts, empty for a heartbeat. One row (cancel), or none where the
 * operation is another server's. */
void cft_store_operation_append(struct cft_store *store, const char *id, int attempt,
                                const json_t *payloads, cft_rows_cb *cb, void *ctx);

struct cft_operation_end {
	const char *status, *versions, *fingerprint, *code, *reason, *message;
};
/* One row, or none as above. */
void cft_store_operation_finish(struct cft_store *store, const char *id, int attempt,
                                const struct cft_operation_end *end, cft_rows_cb *cb, void *ctx);
void cft_store_operation_cancel(struct cft_store *store, const char *project, const char *id,
                                cft_rows_cb *cb, void *ctx);
/* The operation and its progress after a sequence number: a row per progress, or one without. */
void cft_store_operation_watch(struct cft_store *store, const char *project, const char *id,
                               uint64_t after, cft_rows_cb *cb, void *ctx);
/* Newest first; "" for any target, any id. */
void cft_store_operation_list(struct cft_store *store, const char *project, const char *target,
                              const char *id, bool active, int limit, cft_rows_cb *cb, void *ctx);
/* One row (version). */
void cft_store_reserve_version(struct cft_store *store, const char *project, const char *agent_id,
                               const char *intent_id, const char *after, const char *request_id,
                               cft_rows_cb *cb, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
