/* Loop: the event loop, its timers and its signals (libuv).
 * SPDX-License-Identifier: MIT
 *
 * Everything here belongs to the thread that runs the loop; other threads reach it through a
 * mailbox (common/event/mailbox.h) only. Handles are made and freed on that thread, also from
 * within their own callback. Freeing is immediate for the caller: no callback comes afterwards.
 */
#ifndef CFT_EVENT_LOOP_H
#define CFT_EVENT_LOOP_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct uv_loop_s;
struct cft_loop;

/* Aborts where the kernel gives no descriptors. Ignores SIGPIPE for the whole process. */
struct cft_loop *cft_loop_new(void);
/* All handles must have been freed before; finishes their closing. NULL is fine. */
void cft_loop_free(struct cft_loop *loop);
/* Runs until cft_loop_stop, or until no handle could ever call back. Blocks. */
void cft_loop_run(struct cft_loop *loop);
/* Lets cft_loop_run return after the current turn. It may run again. */
void cft_loop_stop(struct cft_loop *loop);
/* Monotonic milliseconds as of the start of the turn. */
int64_t cft_loop_now_ms(const struct cft_loop *loop);
/* For modules that register handles of their own (common/pg, wiring). */
struct uv_loop_s *cft_loop_uv(struct cft_loop *loop);

struct cft_timer;
typedef void (*cft_timer_fn)(void *ctx);

struct cft_timer *cft_timer_new(struct cft_loop *loop, cft_timer_fn fn, void *ctx);
void cft_timer_free(struct cft_timer *timer); /* NULL is fine */
/* Fires once after delay_ms (0 = the next turn), then every repeat_ms where that is not 0. Starting
 * a running timer starts it anew. */
void cft_timer_start(struct cft_timer *timer, int64_t delay_ms, int64_t repeat_ms);
void cft_timer_stop(struct cft_timer *timer);
bool cft_timer_active(const struct cft_timer *timer);

struct cft_signal;
typedef void (*cft_signal_fn)(void *ctx, int number);

/* Calls `fn` on the loop for each delivery of the signal; several may be folded into one. */
struct cft_signal *cft_signal_new(struct cft_loop *loop, int number, cft_signal_fn fn, void *ctx);
void cft_signal_free(struct cft_signal *handle); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
