/* Follow: the progress of an operation as a stream, from the store.
 * SPDX-License-Identifier: MIT
 *
 * Whichever server runs the operation: progress is read from the store, in order, from wherever the
 * client left off. A client that goes away ends its stream and nothing else.
 */
#include "server/services/migration_parts.h"

#include "common/base/digest.h"
#include "common/base/mem.h"
#include "common/rpc/codec.h"
#include "server/codec/records_codec.h"
#include "server/services/present.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct cft_follow {
	struct cft_migration *migration;
	struct cft_rpc_call *call; /* NULL: ended; waits for the store's answer */
	char *project, *id;
	uint64_t after; /* sent up to here */
	bool asking, again, over;
	struct cft_arena batch; /* of `ready` and `base` */
	uint64_t revision;      /* the project's, when `ready` was read */
	Confiture__V1__BaseSchema *base;
	Confiture__V1__OperationProgress **ready;
	size_t n_ready, next_ready;
	struct cft_err end; /* code 0: the operation succeeded; when over */
	struct cft_follow *prev, *next;
};

static void follow_free(struct cft_follow *follow)
{
	DL_DELETE(follow->migration->follows, follow);
	cft_arena_release(&follow->batch);
	free(follow->project);
	free(follow->id);
	free(follow);
}

/* The call is ended by the caller of this. */
static void let_go(struct cft_follow *follow)
{
	follow->call = NULL;
	if (!follow->asking)
		follow_free(follow);
}

static void fail(struct cft_follow *follow, const struct cft_err *err)
{
	cft_rpc_fail(follow->call, err);
	let_go(follow);
}

static void ask(struct cft_follow *follow);

static void send_next(struct cft_follow *follow)
{
	Confiture__V1__ApplyMigrationsResponse response =
		CONFITURE__V1__APPLY_MIGRATIONS_RESPONSE__INIT;

	/* What was read goes out with its base, which is read after it. */
	if (follow->asking || cft_rpc_sending(follow->call))
		return;
	if (follow->next_ready < follow->n_ready) {
		response.progress = follow->ready[follow->next_ready++];
		response.revision = follow->revision;
		response.base_schema = follow->base;
		if (response.progress->sequence > 0)
			follow->after = response.progress->sequence;
		cft_rpc_send(follow->call, &response);
	} else if (follow->over && follow->end.code != 0) {
		fail(follow, &follow->end);
	} else if (follow->over) {
		cft_rpc_end(follow->call);
		let_go(follow);
	} else if (follow->again) {
		ask(follow);
	}
}

static Confiture__V1__OperationProgress *unpack(struct cft_arena *arena, const char *const *row)
{
	Confiture__V1__OperationProgress *progress;
	size_t hex_len = strlen(row[CFT_OPERATION_PAYLOAD]);
	unsigned char *bytes = cft_arena_alloc(arena, hex_len / 2 + 1);

	if (cft_unhex(row[CFT_OPERATION_PAYLOAD], hex_len, bytes) != 0 ||
	    cft_proto_unpack(&confiture__v1__operation_progress__descriptor, bytes, hex_len / 2,
	                     arena, &progress, NULL) != 0)
		return NULL;
	progress->operation_id = cft_arena_strdup(arena, row[CFT_OPERATION_ID]);
	progress->sequence = strtoull(row[CFT_OPERATION_SEQUENCE], NULL, 10);
	progress->time = cft_codec_time(arena, strtoll(row[CFT_OPERATION_TIME_US], NULL, 10));
	return progress;
}

static Confiture__V1__OperationProgress *last_word(struct cft_arena *arena, const char *const *row)
{
	Confiture__V1__OperationProgress *progress =
		cft_arena_new(arena, Confiture__V1__OperationProgress);

	confiture__v1__operation_progress__init(progress);
	progress->kind = CONFITURE__V1__PROGRESS_KIND__PROGRESS_KIND_DONE;
	progress->operation = cft_operation_show(arena, row);
	progress->operation_id = progress->operation->id;
	progress->time = progress->operation->end_time;
	progress->failed = strcmp(row[CFT_OPERATION_STATUS], "SUCCEEDED") != 0;
	progress->text = cft_arena_strdup(arena, row[CFT_OPERATION_ERROR_MESSAGE]);
	return progress;
}

/* All progress was read and none is to come. */
static void take_end(struct cft_follow *follow, const char *const *row)
{
	int code = cft_code_from_name(row[CFT_OPERATION_ERROR_CODE]);

	follow->over = true;
	follow->ready[follow->n_ready++] = last_word(&follow->batch, row);
	if (strcmp(row[CFT_OPERATION_STATUS], "SUCCEEDED") != 0)
		cft_fail_reason(&follow->end, code ? code : CFT_E_FAILED,
		                row[CFT_OPERATION_ERROR_REASON], "%s",
		                row[CFT_OPERATION_ERROR_MESSAGE]);
}

static void take_rows(struct cft_follow *follow, const char *const *const *rows, size_t n)
{
	const char *status = rows[0][CFT_OPERATION_STATUS];

	cft_arena_release(&follow->batch);
	follow->batch = (struct cft_arena)CFT_ARENA_INIT;
	follow->ready = cft_arena_array(&follow->batch, Confiture__V1__OperationProgress *, n + 1);
	follow->n_ready = follow->next_ready = 0;
	for (size_t i = 0; i < n && rows[i][CFT_OPERATION_SEQUENCE][0]; i++) {
		Confiture__V1__OperationProgress *progress = unpack(&follow->batch, rows[i]);

		if (progress)
			follow->ready[follow->n_ready++] = progress;
	}
	if (follow->n_ready > 0)
		follow->again = true;
	else if (strcmp(status, "QUEUED") != 0 && strcmp(status, "RUNNING") != 0)
		take_end(follow, rows[0]);
}

/* What a merge made of the base is there with the progress that tells of it: it is read after. */
static void on_state(void *ctx, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *err)
{
	struct cft_follow *follow = ctx;
	const struct cft_view view = {.arena = &follow->batch,
	                              .project = follow->project,
	                              .state = state,
	                              .now_us = now_us};

	(void)err;
	follow->asking = false;
	if (!follow->call) {
		follow_free(follow);
	} else if (!state) {
		follow->n_ready = 0; /* the database is away: the next poke asks again */
		follow->over = false;
		follow->again = true;
	} else {
		follow->revision = cft_state_revision(state);
		follow->base = cft_show_base(&view);
		send_next(follow);
	}
}

static void on_rows(void *ctx, const char *const *const *rows, size_t n, const struct cft_err *err)
{
	struct cft_follow *follow = ctx;
	struct cft_err missing;

	follow->asking = false;
	if (!follow->call) {
		follow_free(follow);
	} else if (err) {
		follow->again = true; /* the database is away: the next poke asks again */
	} else if (n == 0) {
		cft_fail_reason(&missing, CFT_E_NOT_FOUND, "OPERATION_NOT_FOUND",
		                "no operation %s in project %s", follow->id, follow->project);
		fail(follow, &missing);
	} else {
		take_rows(follow, rows, n);
		follow->asking = true;
		cft_sequencer_read(follow->migration->options.sequencer, follow->project, 0,
		                   on_state, follow);
	}
}

static void ask(struct cft_follow *follow)
{
	if (follow->asking || follow->over || follow->next_ready < follow->n_ready)
		return;
	follow->asking = true;
	follow->again = false;
	cft_store_operation_watch(follow->migration->options.store, follow->project, follow->id,
	                          follow->after, on_rows, follow);
}

static void on_cancelled(void *arg)
{
	struct cft_follow *follow = arg;

	cft_rpc_end(follow->call);
	let_go(follow);
}

static void on_sent(void *arg)
{
	send_next(arg);
}

static const struct cft_rpc_hooks hooks = {.on_cancelled = on_cancelled, .on_sent = on_sent};

void cft_follow_start(struct cft_migration *migration, struct cft_rpc_call *call,
                      const char *project, const char *operation_id, uint64_t after)
{
	struct cft_follow *follow = cft_new(struct cft_follow);

	follow->migration = migration;
	follow->call = call;
	/* The call may end before the store answers. */
	follow->project = cft_strdup(project);
	follow->id = cft_strdup(operation_id);
	follow->after = after;
	DL_APPEND(migration->follows, follow);
	cft_rpc_call_set_hooks(call, &hooks, follow);
	if (migration->stopping)
		cft_follow_end_all(migration);
	else
		ask(follow);
}

void cft_follow_poke(struct cft_migration *migration, const char *operation_id)
{
	struct cft_follow *follow, *next;

	DL_FOREACH_SAFE(migration->follows, follow, next)
	{
		if (!follow->call || (operation_id && strcmp(follow->id, operation_id) != 0))
			continue;
		follow->again = true;
		send_next(follow);
	}
}

void cft_follow_end_all(struct cft_migration *migration)
{
	struct cft_follow *follow, *next;
	struct cft_err err;

	cft_fail(&err, CFT_E_UNAVAILABLE, "the server is stopping; the operation goes on");
	cft_err_hint(&err, "watch it at another server: WatchOperation");
	DL_FOREACH_SAFE(migration->follows, follow, next)
	{
		if (follow->call)
			fail(follow, &err);
	}
}
