/* Mailbox: hands items from any thread to the loop's thread.
 * SPDX-License-Identifier: MIT
 *
 * An item is a struct of the caller's with a struct cft_mail inside; posting gives it to the loop,
 * which gets it back in the callback, in the order of posting per thread. Posting never blocks and
 * never allocates; the loop is woken only when the box was empty, and then empties it.
 */
#ifndef CFT_EVENT_MAILBOX_H
#define CFT_EVENT_MAILBOX_H

#include "common/event/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_mail {
	struct cft_mail *next; /* the mailbox's while posted */
};

struct cft_mailbox;
/* On the loop's thread; the callback owns the item again. */
typedef void (*cft_mail_fn)(void *ctx, struct cft_mail *mail);

struct cft_mailbox *cft_mailbox_new(struct cft_loop *loop, cft_mail_fn fn, void *ctx);
/* `fn` is called each time that all of a delivery is handed out, also after a cft_mailbox_wake: for
 * who sorts before it works. Loop thread. */
void cft_mailbox_after(struct cft_mailbox *box, void (*fn)(void *ctx));
/* Any thread: one more delivery in a later turn of the loop, even of nothing. */
void cft_mailbox_wake(struct cft_mailbox *box);
/* Loop thread, after every poster has stopped. Hands out what is still in the box first. */
void cft_mailbox_free(struct cft_mailbox *box); /* NULL is fine */
/* Any thread, also the loop's own (the callback then comes in a later turn). */
void cft_mailbox_post(struct cft_mailbox *box, struct cft_mail *mail);

/* The struct that holds `mail` as its member. */
#define cft_mail_of(mail, type, member) ((type *)(void *)((char *)(mail)-offsetof(type, member)))

#ifdef __cplusplus
}
#endif

#endif
