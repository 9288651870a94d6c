/* Intent: the record, the names of its states, and the moves between them.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/intent.h"

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "server/core/dense.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct cft_intent *cft_intent_ref(const struct cft_intent *intent)
{
	struct cft_intent *mine = (struct cft_intent *)intent;

	assert(mine->refs > 0);
	mine->refs++;
	return mine;
}

void cft_intent_unref(const struct cft_intent *intent)
{
	struct cft_intent *mine = (struct cft_intent *)intent;

	if (!mine)
		return;
	assert(mine->refs > 0);
	if (--mine->refs == 0)
		free(mine);
}

static void pack_texts(struct cft_pack *pack, struct cft_intent *copy)
{
	copy->id = cft_pack_str(pack, copy->id);
	copy->agent_id = cft_pack_str(pack, copy->agent_id);
	copy->feature_name = cft_pack_str(pack, copy->feature_name);
	copy->branch_name = cft_pack_str(pack, copy->branch_name);
	copy->metadata_json = cft_pack_str(pack, copy->metadata_json);
	copy->outcome = cft_pack_str(pack, copy->outcome);
	copy->notes = cft_pack_str(pack, copy->notes);
	copy->reason = cft_pack_str(pack, copy->reason);
	copy->approval_by = cft_pack_str(pack, copy->approval_by);
	copy->approval_notes = cft_pack_str(pack, copy->approval_notes);
	copy->approval_digest = cft_pack_str(pack, copy->approval_digest);
	copy->applying = cft_pack_str(pack, copy->applying);
	copy->target = cft_pack_str(pack, copy->target);
}

static void pack_intent(struct cft_pack *pack, const void *from)
{
	struct cft_intent *to = cft_pack_room(pack, sizeof(*to));
	struct cft_intent copy = *(const struct cft_intent *)from;

	copy.refs = 1;
	pack_texts(pack, &copy);
	cft_pack_strings(pack, &copy.statements);
	cft_pack_strings(pack, &copy.tables_declared);
	cft_pack_strings(pack, &copy.tables_affected);
	copy.dense = cft_dense_write(pack, copy.effects);
	copy.effects = NULL;
	if (to)
		*to = copy;
}

struct cft_intent *cft_intent_copy(const struct cft_intent *intent)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_intent draft = *intent;

	draft.effects = cft_intent_effects(intent, &arena);
	struct cft_intent *copy = cft_pack_run(pack_intent, &draft);
	cft_arena_release(&arena);
	return copy;
}

const struct cft_effects *cft_intent_effects(const struct cft_intent *intent,
                                             struct cft_arena *arena)
{
	return intent->effects ? intent->effects : cft_dense_read(intent->dense, arena);
}

const char *cft_intent_digest(const struct cft_intent *intent, char out[65])
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < intent->statements.n; i++)
		cft_buf_add(&text, intent->statements.v[i], strlen(intent->statements.v[i]) + 1);
	cft_sha256_hex(cft_buf_str(&text), text.len, out);
	cft_buf_release(&text);
	return out;
}

const char *cft_intent_status_name(enum cft_intent_status status)
{
	switch (status) {
#define CFT_X(name, number)     \
	case CFT_INTENT_##name: \
		return #name;
		CFT_INTENT_STATUS_MAP(CFT_X)
#undef CFT_X
	}
	return "UNKNOWN";
}

#define BIT(name) (1u << CFT_INTENT_##name)

/* The lifecycle: from → the set of states that may follow. COMPLETED from REGISTERED passes through
 * IN_PROGRESS in the same event (the implicit start). */
static const unsigned moves[] = {
	[CFT_INTENT_REGISTERED] = BIT(IN_PROGRESS) | BIT(ABANDONED),
	[CFT_INTENT_IN_PROGRESS] = BIT(COMPLETED) | BIT(ABANDONED) | BIT(EXPIRED),
	[CFT_INTENT_COMPLETED] = BIT(MERGED) | BIT(ABANDONED),
	[CFT_INTENT_MERGED] = 0,
	[CFT_INTENT_ABANDONED] = 0,
	[CFT_INTENT_EXPIRED] = BIT(IN_PROGRESS) | BIT(ABANDONED),
};

bool cft_intent_may_move(enum cft_intent_status from, enum cft_intent_status to)
{
	assert(from >= CFT_INTENT_REGISTERED && from <= CFT_INTENT_EXPIRED);
	assert(to >= CFT_INTENT_REGISTERED && to <= CFT_INTENT_EXPIRED);
	return (moves[from] & (1u << to)) != 0;
}

bool cft_intent_is_terminal(enum cft_intent_status status)
{
	return status == CFT_INTENT_MERGED || status == CFT_INTENT_ABANDONED;
}
