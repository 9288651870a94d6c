/* Base merge: the base schema after an intent became part of it.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/base_merge.h"

#include "common/base/buf.h"
#include "common/base/digest.h"

#include <string.h>

/* A dump ends with an empty search_path; an intent begins with the database's own. */
static void add_reset(struct cft_arena *arena, struct cft_effects *to)
{
	struct cft_attr *path = cft_arena_new(arena, struct cft_attr);
	struct cft_effect *effect = &to->v[to->n++];

	*path = (struct cft_attr){"search_path", "\x7f"}; /* as the analyzer writes RESET */
	*effect = (struct cft_effect){
		.statement = (uint32_t)to->n_statements,
		.op = CFT_OP_SESSION,
		.kind = CFT_OBJ_SETTING,
		.schema = "",
		.name = "session",
		.sub = "",
		.args = "",
		.to = "",
		.attrs = path,
		.n_attrs = 1,
	};
	to->statements[to->n_statements++] = (struct cft_effect_statement){
		.text = "RESET search_path", .kind = "SET", .opaque = ""};
}

static void add_all(struct cft_effects *to, const struct cft_effects *from)
{
	uint32_t offset = (uint32_t)to->n_statements;

	for (size_t i = 0; i < from->n; i++) {
		if (from->v[i].statement >= from->n_statements)
			continue; /* declared, not done */
		to->v[to->n] = from->v[i];
		to->v[to->n++].statement += offset;
	}
	for (size_t i = 0; i < from->n_statements; i++)
		to->statements[to->n_statements++] = from->statements[i];
}

static struct cft_effects *concatenate(struct cft_arena *arena, const struct cft_effects *base,
                                       const struct cft_effects *more)
{
	struct cft_effects *to = cft_arena_new(arena, struct cft_effects);

	to->version = base->version;
	to->v = cft_arena_array(arena, struct cft_effect, base->n + more->n + 1);
	to->statements = cft_arena_array(arena, struct cft_effect_statement,
	                                 base->n_statements + more->n_statements + 1);
	add_all(to, base);
	add_reset(arena, to);
	add_all(to, more);
	return to;
}

/* A function of the base before and of what was merged. */
static char *fingerprint(struct cft_arena *arena, const struct cft_base_schema *base,
                         const struct cft_effects *more)
{
	char *hex = cft_arena_alloc(arena, CFT_SHA256_HEX);
	struct cft_buf text = CFT_BUF_INIT;

	cft_buf_add(&text, base->fingerprint, strlen(base->fingerprint) + 1);
	for (size_t i = 0; i < more->n_statements; i++)
		cft_buf_add(&text, more->statements[i].text, strlen(more->statements[i].text) + 1);
	cft_sha256_hex(text.data, text.len, hex);
	cft_buf_release(&text);
	return hex;
}

static uint32_t count_created(const struct cft_effects *effects)
{
	uint32_t n = 0;

	for (size_t i = 0; i < effects->n; i++)
		n += effects->v[i].op == CFT_OP_CREATE;
	return n;
}

bool cft_base_merge(struct cft_arena *arena, const struct cft_base_schema *base,
                    const struct cft_intent *intent, struct cft_base_schema *ret)
{
	const struct cft_effects *effects = cft_intent_effects(intent, arena);

	if (!base || effects->n_statements == 0)
		return false;
	*ret = (struct cft_base_schema){
		.source = "merge",
		.fingerprint = fingerprint(arena, base, effects),
		.effects = concatenate(arena, base->effects, effects),
	};
	ret->object_count = count_created(ret->effects);
	return true;
}

static bool begins_with(const struct cft_effects *list, const struct cft_effects *start)
{
	if (list->version != start->version || list->n < start->n ||
	    list->n_statements <= start->n_statements)
		return false;
	for (size_t i = 0; i < start->n_statements; i++)
		if (strcmp(list->statements[i].text, start->statements[i].text) != 0)
			return false;
	/* The effects of those statements, and no others. */
	return (start->n == 0 || list->v[start->n - 1].statement < start->n_statements) &&
	       (list->n == start->n || list->v[start->n].statement >= start->n_statements);
}

bool cft_base_added(const struct cft_base_schema *before, const struct cft_base_schema *after,
                    struct cft_arena *arena, struct cft_effects *ret)
{
	if (!before || !after || strcmp(after->source, "merge") != 0 ||
	    !begins_with(after->effects, before->effects))
		return false;
	size_t skip = before->effects->n, statements = before->effects->n_statements;
	*ret = *after->effects;
	ret->statements += statements;
	ret->n_statements -= statements;
	ret->n -= skip;
	ret->v = cft_arena_array(arena, struct cft_effect, ret->n);
	for (size_t i = 0; i < ret->n; i++) {
		ret->v[i] = after->effects->v[skip + i];
		ret->v[i].statement -= (uint32_t)statements;
	}
	return true;
}
