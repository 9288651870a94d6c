/* Loop: libuv's loop, timers and signals under names of ours.
 * SPDX-License-Identifier: MIT
 */
#include "common/event/loop.h"

#include "common/base/mem.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct cft_loop {
	uv_loop_t uv;
};

struct cft_timer {
	uv_timer_t uv; /* first: closing frees the struct through it */
	cft_timer_fn fn;
	void *ctx;
};

struct cft_signal {
	uv_signal_t uv; /* first, as above */
	cft_signal_fn fn;
	void *ctx;
};

static void must(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, uv_strerror(rc));
	abort();
}

struct cft_loop *cft_loop_new(void)
{
	struct cft_loop *loop = cft_new(struct cft_loop);

	must(uv_loop_init(&loop->uv), "uv_loop_init");
	/* A peer or a child that went away is an error of its write, never the end of the process.
	 */
	signal(SIGPIPE, SIG_IGN);
	return loop;
}

void cft_loop_free(struct cft_loop *loop)
{
	if (!loop)
		return;
	uv_run(&loop->uv, UV_RUN_NOWAIT);
	while (uv_loop_alive(&loop->uv))
		uv_run(&loop->uv, UV_RUN_ONCE);
	must(uv_loop_close(&loop->uv), "uv_loop_close");
	free(loop);
}

void cft_loop_run(struct cft_loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void cft_loop_stop(struct cft_loop *loop)
{
	uv_stop(&loop->uv);
}

int64_t cft_loop_now_ms(const struct cft_loop *loop)
{
	return (int64_t)uv_now(&loop->uv);
}

struct uv_loop_s *cft_loop_uv(struct cft_loop *loop)
{
	return &loop->uv;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

struct cft_timer *cft_timer_new(struct cft_loop *loop, cft_timer_fn fn, void *ctx)
{
	struct cft_timer *timer = cft_new(struct cft_timer);

	must(uv_timer_init(&loop->uv, &timer->uv), "uv_timer_init");
	timer->fn = fn;
	timer->ctx = ctx;
	return timer;
}

void cft_timer_free(struct cft_timer *timer)
{
	if (timer)
		uv_close((uv_handle_t *)&timer->uv, free_handle);
}

static void on_timer(uv_timer_t *uv)
{
	struct cft_timer *timer = (struct cft_timer *)uv;

	timer->fn(timer->ctx);
}

void cft_timer_start(struct cft_timer *timer, int64_t delay_ms, int64_t repeat_ms)
{
	assert(delay_ms >= 0 && repeat_ms >= 0);
	/* The loop's clock stands still during a turn; a long one must not shorten the delay. */
	uv_update_time(timer->uv.loop);
	must(uv_timer_start(&timer->uv, on_timer, (uint64_t)delay_ms, (uint64_t)repeat_ms),
	     "uv_timer_start");
}

void cft_timer_stop(struct cft_timer *timer)
{
	uv_timer_stop(&timer->uv);
}

bool cft_timer_active(const struct cft_timer *timer)
{
	return uv_is_active((const uv_handle_t *)&timer->uv);
}

static void on_signal(uv_signal_t *uv, int number)
{
	struct cft_signal *handle = (struct cft_signal *)uv;

	handle->fn(handle->ctx, number);
}

struct cft_signal *cft_signal_new(struct cft_loop *loop, int number, cft_signal_fn fn, void *ctx)
{
	struct cft_signal *handle = cft_new(struct cft_signal);

	must(uv_signal_init(&loop->uv, &handle->uv), "uv_signal_init");
	must(uv_signal_start(&handle->uv, on_signal, number), "uv_signal_start");
	handle->fn = fn;
	handle->ctx = ctx;
	return handle;
}

void cft_signal_free(struct cft_signal *handle)
{
	if (handle)
		uv_close((uv_handle_t *)&handle->uv, free_handle);
}
