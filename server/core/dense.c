/* Dense: numbers of seven bits a byte, texts once each.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/dense.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Texts that many lists have; sorted. One that is missing here is only longer. */
static const char *const words[] = {
	"''",           "0",
	"ALTER TABLE",  "CREATE FUNCTION",
	"CREATE INDEX", "CREATE TABLE",
	"CREATE VIEW",  "DROP COLUMN",
	"DROP TABLE",   "bigint",
	"boolean",      "columns",
	"date",         "def",
	"default",      "filled",
	"integer",      "jsonb",
	"name2",        "no",
	"notnull",      "numeric",
	"public",       "text",
	"timestamptz",  "type",
	"unique",       "uuid",
	"varchar",      "yes",
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* A text is a number: none, one that follows here, one of the words, or how far back from the
 * number it stands. */
enum { TEXT_NONE, TEXT_HERE, TEXT_WORD, TEXT_BACK = TEXT_WORD + WORDS };

/* -- writing -- */

static void put_byte(struct cft_pack *pack, unsigned byte)
{
	cft_buf_addc(&pack->dense, (char)byte);
	pack->used++;
}

static void put(struct cft_pack *pack, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(pack, 0x80 | (number & 0x7f));
	put_byte(pack, (unsigned)number);
}

static int by_text(const void *key, const void *word)
{
	return strcmp(key, *(const char *const *)word);
}

static void put_text(struct cft_pack *pack, const char *text)
{
	size_t size = text && text[0] ? strlen(text) + 1 : 0;
	const struct cft_pack_text *known = size ? cft_pack_find(pack, text, size) : NULL;

	if (size == 0) {
		put(pack, TEXT_NONE);
	} else if (known) {
		put(pack, TEXT_BACK + (pack->used - known->at));
	} else {
		const char *const *word = bsearch(text, words, WORDS, sizeof(words[0]), by_text);
		put(pack, word ? TEXT_WORD + (uint64_t)(word - words) : TEXT_HERE);
		if (word)
			return;
		cft_buf_add(&pack->dense, text, size);
		cft_pack_append(pack, text, size);
	}
}

static void put_statement(struct cft_pack *pack, const struct cft_effect_statement *statement)
{
	put_text(pack, statement->text);
	put(pack, (uint32_t)statement->line);
	put(pack, (uint32_t)statement->column);
	put_text(pack, statement->kind);
	put_text(pack, statement->opaque);
	put(pack, statement->sketch);
}

static void put_ref(struct cft_pack *pack, const struct cft_ref *ref)
{
	put(pack, ref->kind);
	put(pack, ref->flags);
	put_text(pack, ref->schema);
	put_text(pack, ref->name);
	put_text(pack, ref->sub);
	put_text(pack, ref->alias);
	put_text(pack, ref->value);
	put(pack, ref->scope);
	put(pack, ref->outer);
}

static void put_effect(struct cft_pack *pack, const struct cft_effect *effect)
{
	put(pack, effect->statement);
	put(pack, effect->op);
	put(pack, effect->kind);
	put(pack, effect->flags);
	put(pack, effect->lock);
	put_text(pack, effect->schema);
	put_text(pack, effect->name);
	put_text(pack, effect->sub);
	put_text(pack, effect->args);
	put_text(pack, effect->to);
	put(pack, effect->n_attrs);
	for (size_t i = 0; i < effect->n_attrs; i++) {
		put_text(pack, effect->attrs[i].key);
		put_text(pack, effect->attrs[i].value);
	}
	put(pack, effect->n_refs);
	for (size_t i = 0; i < effect->n_refs; i++)
		put_ref(pack, &effect->refs[i]);
}

static void put_all(struct cft_pack *pack, const struct cft_effects *from)
{
	put(pack, (uint32_t)from->version);
	put(pack, from->n_statements);
	for (size_t i = 0; i < from->n_statements; i++)
		put_statement(pack, &from->statements[i]);
	put(pack, from->n);
	for (size_t i = 0; i < from->n; i++)
		put_effect(pack, &from->v[i]);
}

/* Distances are the same in both runs: the second one takes over what the first one wrote. */
static const unsigned char *copy(struct cft_pack *pack)
{
	unsigned char *to = pack->base + pack->used;

	memcpy(to, pack->dense.data, pack->dense.len);
	pack->used += pack->dense.len;
	return to;
}

const unsigned char *cft_dense_write(struct cft_pack *pack, const struct cft_effects *from)
{
	if (!from || (from->n == 0 && from->n_statements == 0))
		return NULL;
	if (pack->base)
		return copy(pack);
	assert(pack->dense.len == 0);
	put_all(pack, from);
	return NULL;
}

/* -- reading -- */

struct reader {
	const unsigned char *at;
	struct cft_arena *arena;
};

static uint64_t get(struct reader *r)
{
	uint64_t number = 0;

	for (unsigned shift = 0;; shift += 7) {
		unsigned char byte = *r->at++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return number;
	}
}

static const char *get_text(struct reader *r)
{
	const char *text = (const char *)r->at;
	uint64_t number = get(r);

	if (number == TEXT_NONE)
		return "";
	if (number >= TEXT_BACK)
		return text - (number - TEXT_BACK);
	if (number >= TEXT_WORD)
		return words[number - TEXT_WORD];
	text = (const char *)r->at;
	r->at += strlen(text) + 1;
	return text;
}

static void get_statement(struct reader *r, struct cft_effect_statement *ret)
{
	ret->text = get_text(r);
	ret->line = (int)get(r);
	ret->column = (int)get(r);
	ret->kind = get_text(r);
	ret->opaque = get_text(r);
	ret->sketch = get(r) != 0;
}

static void get_ref(struct reader *r, struct cft_ref *ret)
{
	ret->kind = (enum cft_object_kind)get(r);
	ret->flags = (uint32_t)get(r);
	ret->schema = get_text(r);
	ret->name = get_text(r);
	ret->sub = get_text(r);
	ret->alias = get_text(r);
	ret->value = get_text(r);
	ret->scope = (uint16_t)get(r);
	ret->outer = (uint16_t)get(r);
}

static void get_parts(struct reader *r, struct cft_effect *ret)
{
	ret->n_attrs = get(r);
	ret->attrs = cft_arena_array(r->arena, struct cft_attr, ret->n_attrs);
	for (size_t i = 0; i < ret->n_attrs; i++) {
		ret->attrs[i].key = get_text(r);
		ret->attrs[i].value = get_text(r);
	}
	ret->n_refs = get(r);
	ret->refs = cft_arena_array(r->arena, struct cft_ref, ret->n_refs);
	for (size_t i = 0; i < ret->n_refs; i++)
		get_ref(r, &ret->refs[i]);
}

static void get_effect(struct reader *r, struct cft_effect *ret)
{
	ret->statement = (uint32_t)get(r);
	ret->op = (enum cft_effect_op)get(r);
	ret->kind = (enum cft_object_kind)get(r);
	ret->flags = (uint32_t)get(r);
	ret->lock = (enum cft_lock)get(r);
	ret->schema = get_text(r);
	ret->name = get_text(r);
	ret->sub = get_text(r);
	ret->args = get_text(r);
	ret->to = get_text(r);
	get_parts(r, ret);
}

const struct cft_effects *cft_dense_read(const unsigned char *bytes, struct cft_arena *arena)
{
	static const struct cft_effects none = {.version = CFT_EFFECTS_VERSION};
	struct reader r = {bytes, arena};

	if (!bytes)
		return &none;
	struct cft_effects *ret = cft_arena_new(arena, struct cft_effects);
	ret->version = (int)get(&r);
	ret->n_statements = get(&r);
	ret->statements = cft_arena_array(arena, struct cft_effect_statement, ret->n_statements);
	for (size_t i = 0; i < ret->n_statements; i++)
		get_statement(&r, &ret->statements[i]);
	ret->n = get(&r);
	ret->v = cft_arena_array(arena, struct cft_effect, ret->n);
	for (size_t i = 0; i < ret->n; i++)
		get_effect(&r, &ret->v[i]);
	return ret;
}
