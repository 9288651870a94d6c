/* Mailbox: a lock-free stack that the loop takes as a whole and turns round.
 * SPDX-License-Identifier: MIT
 */
#include "common/event/mailbox.h"

#include "common/base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

struct cft_mailbox {
	uv_async_t uv; /* first: closing frees the struct through it */
	_Atomic(struct cft_mail *) head;
	cft_mail_fn fn;
	void (*after)(void *ctx); /* NULL: nothing */
	void *ctx;
};

static void deliver(struct cft_mailbox *box)
{
	struct cft_mail *newest = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
	struct cft_mail *oldest = NULL;

	while (newest) {
		struct cft_mail *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest) {
		struct cft_mail *next = oldest->next;
		box->fn(box->ctx, oldest);
		oldest = next;
	}
	if (box->after)
		box->after(box->ctx);
}

static void on_async(uv_async_t *uv)
{
	deliver((struct cft_mailbox *)uv);
}

struct cft_mailbox *cft_mailbox_new(struct cft_loop *loop, cft_mail_fn fn, void *ctx)
{
	struct cft_mailbox *box = cft_new(struct cft_mailbox);
	int rc = uv_async_init(cft_loop_uv(loop), &box->uv, on_async);

	assert(rc == 0);
	(void)rc;
	box->fn = fn;
	box->ctx = ctx;
	return box;
}

void cft_mailbox_after(struct cft_mailbox *box, void (*fn)(void *ctx))
{
	box->after = fn;
}

void cft_mailbox_wake(struct cft_mailbox *box)
{
	uv_async_send(&box->uv);
}

static void free_box(uv_handle_t *handle)
{
	free(handle);
}

void cft_mailbox_free(struct cft_mailbox *box)
{
	if (!box)
		return;
	deliver(box);
	uv_close((uv_handle_t *)&box->uv, free_box);
}

void cft_mailbox_post(struct cft_mailbox *box, struct cft_mail *mail)
{
	struct cft_mail *head = atomic_load_explicit(&box->head, memory_order_relaxed);

	do
		mail->next = head;
	while (!atomic_compare_exchange_weak_explicit(&box->head, &head, mail, memory_order_release,
	                                              memory_order_relaxed));
	/* `mail` may be gone already: only `head`, as it was, is ours to look at. */
	if (!head)
		uv_async_send(&box->uv);
}
