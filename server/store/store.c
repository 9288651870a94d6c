/* Store: connections, state, hints; the calls are in calls.c.
 * SPDX-License-Identifier: MIT
 */
#include "server/store/store.h"

#include "common/base/mem.h"
#include "server/store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cft_store {
	struct cft_store_options options; /* callbacks; the strings are not ours */
	struct cft_timer *poll;
	struct cft_pg_async *listener;
	int up; /* connections of `writers` that are up */
	size_t n_writers;
	struct cft_pg_async *writers[];
};

static void on_writer_state(void *ctx, bool up, const struct cft_err *err)
{
	struct cft_store *store = ctx;
	int before = store->up, now = 0;

	for (size_t i = 0; i < store->n_writers; i++)
		now += store->writers[i] && cft_pg_async_up(store->writers[i]);
	store->up = now;
	(void)up;
	if (store->options.on_state && (before == 0) != (now == 0))
		store->options.on_state(store->options.ctx, now > 0, err);
	/* The first failed attempts say why the server does not get ready. */
	else if (store->options.on_state && now == 0 && err)
		store->options.on_state(store->options.ctx, false, err);
}

static void on_notify(void *ctx, const char *channel, const char *payload)
{
	struct cft_store *store = ctx;
	char *project = NULL;
	uint64_t revision = strtoull(payload, &project, 10);

	(void)channel;
	if (store->options.on_hint && project && *project == ' ')
		store->options.on_hint(store->options.ctx, project + 1, revision);
}

static void on_poll(void *ctx)
{
	struct cft_store *store = ctx;

	if (store->options.on_poll && store->up > 0)
		store->options.on_poll(store->options.ctx);
}

int cft_store_new(struct cft_loop *loop, const struct cft_store_options *options,
                  struct cft_store **ret_store, struct cft_err *err)
{
	size_t n = options->connections > 0 ? (size_t)options->connections : 4;
	struct cft_store *store = cft_calloc(1, sizeof(*store) + n * sizeof(store->writers[0]));
	struct cft_pg_async_options pg = {.url = options->url,
	                                  .application_name = "confiture-server",
	                                  .prepared_sql = cft_store_append_sql,
	                                  .pooled_sql = cft_store_append_call_sql,
	                                  .on_state = on_writer_state,
	                                  .ctx = store};
	int rc = 0;

	store->options = *options;
	store->poll = cft_timer_new(loop, on_poll, store);
	pg.reply_timeout_ms = options->reply_timeout_ms ? options->reply_timeout_ms : 30000;
	for (; rc == 0 && store->n_writers < n; store->n_writers += rc == 0)
		rc = cft_pg_async_new(loop, &pg, &store->writers[store->n_writers], err);
	pg.application_name = "confiture-server (listener)";
	pg.setup_sql = "LISTEN confiture";
	pg.prepared_sql = pg.pooled_sql = NULL;
	pg.on_state = NULL;
	pg.on_notify = on_notify;
	if (rc == 0)
		rc = cft_pg_async_new(loop, &pg, &store->listener, err);
	if (rc != 0) {
		cft_store_free(store);
		return rc;
	}
	int64_t poll_ms = options->poll_ms ? options->poll_ms : 1000;
	cft_timer_start(store->poll, poll_ms, poll_ms);
	*ret_store = store;
	return 0;
}

void cft_store_free(struct cft_store *store)
{
	if (!store)
		return;
	store->options.on_state = NULL;
	cft_timer_free(store->poll);
	for (size_t i = 0; i < store->n_writers; i++)
		cft_pg_async_free(store->writers[i]);
	cft_pg_async_free(store->listener);
	free(store);
}

bool cft_store_up(const struct cft_store *store)
{
	return store->up > 0;
}

void cft_store_set_callbacks(struct cft_store *store,
                             void (*on_state)(void *ctx, bool up, const struct cft_err *err),
                             void (*on_hint)(void *ctx, const char *project, uint64_t revision),
                             void (*poll)(void *ctx), void *ctx)
{
	store->options.on_state = on_state;
	store->options.on_hint = on_hint;
	store->options.on_poll = poll;
	store->options.ctx = ctx;
}

struct cft_pg_async *cft_store_idlest(struct cft_store *store)
{
	struct cft_pg_async *best = store->writers[0];

	for (size_t i = 1; i < store->n_writers; i++) {
		struct cft_pg_async *other = store->writers[i];
		if (cft_pg_async_up(other) &&
		    (!cft_pg_async_up(best) ||
		     cft_pg_async_pending(other) < cft_pg_async_pending(best)))
			best = other;
	}
	return best;
}

void cft_store_run(struct cft_store *store, const char *sql, size_t n, const char *const *values,
                   cft_pg_reply_fn fn, void *ctx)
{
	cft_pg_async_query(cft_store_idlest(store), sql, n, values, fn, ctx);
}
