/* Operation watch: the progress of an operation on a target, to its end.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/operation_watch.h"

#include "common/rpc/codec.h"

#include <unistd.h>

enum { READ_MS = 60000, RECONNECTS = 20, RECONNECT_PAUSE_US = 500000 };

static const ProtobufCServiceDescriptor *const service =
	&confiture__v1__migration_service__descriptor;

/* Messages are many and live shortly; the answer at the end names this base. */
static void keep_base(struct cft_coord *coord, const Confiture__V1__BaseSchema *base)
{
	struct cft_buf packed = CFT_BUF_INIT;
	void *copy;

	cft_proto_pack(base, &packed);
	if (cft_proto_unpack(base->base.descriptor, packed.data, packed.len, coord->cmd->arena,
	                     &copy, NULL) == 0)
		coord->base = copy;
	cft_buf_release(&packed);
}

static void take(struct cft_operation_watch *watch,
                 const Confiture__V1__WatchOperationResponse *response)
{
	const Confiture__V1__OperationProgress *progress = response->progress;

	watch->operation = cft_arena_strdup(watch->coord->cmd->arena, progress->operation_id);
	if (progress->sequence > 0)
		watch->sequence = progress->sequence;
	watch->over = progress->kind == CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_DONE;
	if (watch->over && response->base_schema)
		keep_base(watch->coord, response->base_schema);
	watch->show(watch->ctx, progress);
}

/* One stream, to its end. All of them have the same messages. */
static int read_stream(struct cft_operation_watch *watch, const char *method, void *request,
                       struct cft_err *err)
{
	struct cft_session *session = &watch->coord->session;
	struct cft_stream *stream = NULL;

	cft_session_fill(session, request);
	int rc = cft_stream_open(session->client, service, method, request, &stream, err);

	if (rc == 0)
		rc = 1;
	while (rc == 1 || rc == CFT_E_TIMEOUT) {
		struct cft_arena arena = CFT_ARENA_INIT;
		Confiture__V1__WatchOperationResponse *response;

		rc = cft_stream_read(stream, READ_MS, &arena, &response, err);
		if (rc == 1 && response->progress)
			take(watch, response);
		cft_arena_release(&arena);
	}
	cft_stream_close(stream);
	return rc;
}

static int watch_on(struct cft_operation_watch *watch, struct cft_err *err)
{
	Confiture__V1__WatchOperationRequest request = CONFITURE__V1__WATCH_OPERATION_REQUEST__INIT;

	request.operation_id = watch->operation;
	request.after_sequence = watch->sequence;
	return read_stream(watch, "WatchOperation", &request, err);
}

int cft_operation_watch(struct cft_operation_watch *watch, const char *method, void *request,
                        struct cft_err *err)
{
	int rc = read_stream(watch, method, request, err);

	for (int i = 0; rc == CFT_E_UNAVAILABLE && !watch->over && i < RECONNECTS; i++) {
		usleep(RECONNECT_PAUSE_US);
		/* The request_id finds the operation where the answer was lost. */
		rc = watch->operation ? watch_on(watch, err)
		                      : read_stream(watch, method, request, err);
	}
	return rc;
}
