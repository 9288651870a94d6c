/* Decide: the inside of deciding a command; one file per family of commands.
 * SPDX-License-Identifier: MIT
 *
 * A handler checks everything first, then emits changes. cft_state_decide applies the finished
 * event; where the conflicts of others follow from a change, the handler has it settled before.
 */
#ifndef CFT_CORE_DECIDE_H
#define CFT_CORE_DECIDE_H

#include "server/core/detect.h"
#include "server/core/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_changes {
	struct cft_change *v;
	size_t n, cap;
};

struct cft_decide {
	struct cft_state *state;
	const struct cft_command *command;
	int64_t now_us;
	struct cft_arena *arena;
	struct cft_decision *decision;
	struct cft_err *err;
	struct cft_changes changes; /* each with one reference of ours */
	size_t settled;             /* so many of the changes are in the state already */
	bool forced;                /* another agent's intent */
};

/* One per family; 0 with changes emitted, or a failure without any. */
int cft_decide_register(struct cft_decide *d);
int cft_decide_update(struct cft_decide *d);
int cft_decide_start(struct cft_decide *d);
int cft_decide_complete(struct cft_decide *d);
int cft_decide_end(struct cft_decide *d); /* abandon, release, merge, expire */
int cft_decide_resolve(struct cft_decide *d);
int cft_decide_reopen(struct cft_decide *d);
int cft_decide_prove(struct cft_decide *d);
int cft_decide_base(struct cft_decide *d);
int cft_decide_apply(struct cft_decide *d); /* and its failure */
int cft_decide_target_news(struct cft_decide *d);
int cft_decide_approval(struct cft_decide *d); /* approve, reject */

/* -- for the handlers -- */

/* The command's intent, which the actor may change: its own, or with force and reason. */
int cft_need_intent(struct cft_decide *d, const struct cft_intent **ret);
/* The table of blocking rules; `accepted` overcomes BLOCKED, never STATE. */
int cft_need_rule(struct cft_decide *d, const struct cft_intent *intent, bool accepted);
/* The command's fence, where it names one, is the intent's present one. */
int cft_need_fence(struct cft_decide *d, const struct cft_intent *intent);
int cft_need_reason(struct cft_decide *d, const char *what);

/* Emits the draft with time and revision filled in. Returns the record, borrowed. */
const struct cft_intent *cft_emit_intent(struct cft_decide *d, enum cft_change_kind kind,
                                         struct cft_intent draft);
const struct cft_conflict *cft_emit_conflict(struct cft_decide *d, enum cft_change_kind kind,
                                             struct cft_conflict draft);

/* Emits what changes when the conflicts of `intent` become `drafts`: detected, reopened, vanished.
 * `void_resolutions`: the intent's generation is new. */
void cft_emit_redetected(struct cft_decide *d, const struct cft_intent *intent,
                         const struct cft_drafts *drafts, bool void_resolutions);
/* Puts what is emitted so far into the state: from here on the command cannot fail. Records that it
 * replaces are gone where no group is open. */
void cft_settle(struct cft_decide *d);
/* Emits the base; the caller settles it. */
void cft_emit_base(struct cft_decide *d, struct cft_base_schema draft);
/* Emits what changes among the conflicts of the whole project. */
void cft_emit_redetected_all(struct cft_decide *d);
/* Emits what changes among the conflicts of those near to the intent with each other, now that its
 * DDL began or ceased to lie under them (settled). `before`: who was near until then. */
void cft_emit_redetected_near(struct cft_decide *d, const struct cft_intent *intent,
                              const struct cft_intent_refs *before);
/* All conflicts of an intent vanish. */
void cft_emit_vanished(struct cft_decide *d, const struct cft_intent *intent);

const char *cft_or_empty(const char *s);

#ifdef __cplusplus
}
#endif

#endif
