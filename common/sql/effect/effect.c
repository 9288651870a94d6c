/* Effect: texts of the enums, and look-ups in one effect.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/effect.h"

#include "common/sql/syntax/name.h"

#include <string.h>

static const char *const kind_texts[] = {
#define KIND_TEXT(name, text, child) text,
	CFT_OBJECT_MAP(KIND_TEXT)
#undef KIND_TEXT
};

static const bool kind_children[] = {
#define KIND_CHILD(name, text, child) child,
	CFT_OBJECT_MAP(KIND_CHILD)
#undef KIND_CHILD
};

static const char *const op_texts[] = {
#define OP_TEXT(name, text) text,
	CFT_EFFECT_OP_MAP(OP_TEXT)
#undef OP_TEXT
};

static const char *const lock_texts[] = {
	"none",  "ACCESS SHARE",        "ROW SHARE", "ROW EXCLUSIVE",    "SHARE UPDATE EXCLUSIVE",
	"SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
};

const char *cft_object_kind_text(enum cft_object_kind kind)
{
	return kind_texts[kind];
}

bool cft_object_kind_is_child(enum cft_object_kind kind)
{
	return kind_children[kind];
}

const char *cft_effect_op_text(enum cft_effect_op op)
{
	return op_texts[op];
}

bool cft_effect_op_defines(enum cft_effect_op op)
{
	switch (op) {
	case CFT_OP_CREATE:
	case CFT_OP_DROP:
	case CFT_OP_ALTER:
	case CFT_OP_RENAME:
	case CFT_OP_MOVE:
	case CFT_OP_ATTACH:
	case CFT_OP_DETACH:
		return true;
	case CFT_OP_USE:
	case CFT_OP_WRITE:
	case CFT_OP_GRANT:
	case CFT_OP_TOUCH:
	case CFT_OP_SESSION:
	case CFT_OP_COMMENT:
	case CFT_OP_COUNT:
		break;
	}
	return false;
}

const char *cft_lock_text(enum cft_lock lock)
{
	return lock_texts[lock];
}

bool cft_lock_conflicts(enum cft_lock a, enum cft_lock b)
{
	/* For each mode, the weakest one that it conflicts with; from there on all do, but for
	 * SHARE, which does not conflict with itself. */
	static const enum cft_lock conflicts_from[] = {
		CFT_LOCK_ACCESS_EXCLUSIVE + 1,
		CFT_LOCK_ACCESS_EXCLUSIVE,
		CFT_LOCK_EXCLUSIVE,
		CFT_LOCK_SHARE,
		CFT_LOCK_SHARE_UPDATE_EXCLUSIVE,
		CFT_LOCK_ROW_EXCLUSIVE,
		CFT_LOCK_ROW_EXCLUSIVE,
		CFT_LOCK_ROW_SHARE,
		CFT_LOCK_ACCESS_SHARE,
	};

	if (a == CFT_LOCK_NONE || b == CFT_LOCK_NONE)
		return false;
	if (a == CFT_LOCK_SHARE && b == CFT_LOCK_SHARE)
		return false;
	return b >= conflicts_from[a];
}

const char *cft_effect_attr(const struct cft_effect *effect, const char *key)
{
	for (size_t i = 0; i < effect->n_attrs; i++)
		if (strcmp(effect->attrs[i].key, key) == 0)
			return effect->attrs[i].value;
	return NULL;
}

char *cft_effect_key(struct cft_arena *arena, const struct cft_effect *effect)
{
	struct cft_buf buf = CFT_BUF_INIT;

	cft_buf_addf(&buf, "%s ", cft_object_kind_text(effect->kind));
	cft_buf_adds(&buf, cft_name_quote(arena, effect->schema, effect->name));
	if (*effect->sub) {
		cft_buf_addc(&buf, '.');
		cft_ident_quote(&buf, effect->sub);
	}
	if (effect->kind == CFT_OBJ_FUNCTION || effect->kind == CFT_OBJ_AGGREGATE)
		cft_buf_addf(&buf, "(%s)", effect->args);
	char *text = cft_arena_strndup(arena, cft_buf_str(&buf), buf.len);
	cft_buf_release(&buf);
	return text;
}
