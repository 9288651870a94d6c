/* Pack: records as single heap blocks.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/pack.h"

#include "common/base/mem.h"

#include <assert.h>
#include <string.h>

/* A field that is new in these has to be packed below; then correct the number. */
_Static_assert(sizeof(struct cft_ref) == 56, "struct cft_ref changed");
_Static_assert(sizeof(struct cft_effect) == 96, "struct cft_effect changed");
_Static_assert(sizeof(struct cft_effect_statement) == 40, "struct cft_effect_statement changed");
_Static_assert(sizeof(struct cft_attr) == 16, "struct cft_attr changed");

enum { ALIGN = 8 }; /* of every struct that is packed: pointers and 64-bit numbers at most */

void *cft_pack_room(struct cft_pack *pack, size_t size)
{
	pack->used = (pack->used + ALIGN - 1) / ALIGN * ALIGN;
	void *room = pack->base ? pack->base + pack->used : NULL;
	pack->used += size;
	return size ? room : NULL;
}

/* Sizes differ mostly: few texts are compared. */
const struct cft_pack_text *cft_pack_find(const struct cft_pack *pack, const char *s, size_t size)
{
	for (size_t i = 0; i < CFT_PACK_MEMORY && pack->seen[i].text; i++)
		if (pack->seen[i].size == size && memcmp(pack->seen[i].text, s, size) == 0)
			return &pack->seen[i];
	return NULL;
}

const struct cft_pack_text *cft_pack_append(struct cft_pack *pack, const char *s, size_t size)
{
	struct cft_pack_text *text = &pack->seen[pack->next];

	*text = (struct cft_pack_text){s, size, pack->used};
	pack->next = (pack->next + 1) % CFT_PACK_MEMORY;
	if (pack->base)
		memcpy(pack->base + text->at, s, size);
	pack->used += size;
	return text;
}

const char *cft_pack_str(struct cft_pack *pack, const char *s)
{
	if (!s || !s[0])
		return "";
	size_t size = strlen(s) + 1;
	const struct cft_pack_text *text = cft_pack_find(pack, s, size);
	if (!text)
		text = cft_pack_append(pack, s, size);
	return pack->base ? (const char *)pack->base + text->at : s;
}

void cft_pack_strings(struct cft_pack *pack, struct cft_strings *strings)
{
	const char **from = strings->v;
	const char **to = cft_pack_room(pack, strings->n * sizeof(*to));

	for (size_t i = 0; i < strings->n; i++) {
		const char *s = cft_pack_str(pack, from[i]);
		if (to)
			to[i] = s;
	}
	strings->v = to;
}

static struct cft_effect_statement *pack_statements(struct cft_pack *pack,
                                                    const struct cft_effects *from)
{
	struct cft_effect_statement *to = cft_pack_room(pack, from->n_statements * sizeof(*to));

	for (size_t i = 0; i < from->n_statements; i++) {
		struct cft_effect_statement copy = from->statements[i];
		copy.text = cft_pack_str(pack, copy.text);
		copy.kind = cft_pack_str(pack, copy.kind);
		copy.opaque = cft_pack_str(pack, copy.opaque);
		if (to)
			to[i] = copy;
	}
	return to;
}

static struct cft_attr *pack_attrs(struct cft_pack *pack, const struct cft_effect *from)
{
	struct cft_attr *to = cft_pack_room(pack, from->n_attrs * sizeof(*to));

	for (size_t i = 0; i < from->n_attrs; i++) {
		const char *key = cft_pack_str(pack, from->attrs[i].key);
		const char *value = cft_pack_str(pack, from->attrs[i].value);
		if (to) {
			to[i].key = key;
			to[i].value = value;
		}
	}
	return to;
}

static struct cft_ref *pack_refs(struct cft_pack *pack, const struct cft_effect *from)
{
	struct cft_ref *to = cft_pack_room(pack, from->n_refs * sizeof(*to));

	for (size_t i = 0; i < from->n_refs; i++) {
		struct cft_ref copy = from->refs[i];
		copy.schema = cft_pack_str(pack, copy.schema);
		copy.name = cft_pack_str(pack, copy.name);
		copy.sub = cft_pack_str(pack, copy.sub);
		copy.alias = cft_pack_str(pack, copy.alias);
		copy.value = cft_pack_str(pack, copy.value);
		if (to)
			to[i] = copy;
	}
	return to;
}

static void pack_effect(struct cft_pack *pack, struct cft_effect *effect)
{
	effect->attrs = pack_attrs(pack, effect);
	effect->refs = pack_refs(pack, effect);
	effect->schema = cft_pack_str(pack, effect->schema);
	effect->name = cft_pack_str(pack, effect->name);
	effect->sub = cft_pack_str(pack, effect->sub);
	effect->args = cft_pack_str(pack, effect->args);
	effect->to = cft_pack_str(pack, effect->to);
}

const struct cft_effects *cft_pack_effects(struct cft_pack *pack, const struct cft_effects *from)
{
	static const struct cft_effects none = {.version = CFT_EFFECTS_VERSION};

	if (!from || (from->n == 0 && from->n_statements == 0))
		return &none;
	struct cft_effects *to = cft_pack_room(pack, sizeof(*to));
	struct cft_effect *v = cft_pack_room(pack, from->n * sizeof(*v));
	for (size_t i = 0; i < from->n; i++) {
		struct cft_effect copy = from->v[i];
		pack_effect(pack, &copy);
		if (v)
			v[i] = copy;
	}
	struct cft_effect_statement *statements = pack_statements(pack, from);
	if (to)
		*to = (struct cft_effects){from->version, statements, from->n_statements, v,
		                           from->n};
	return to;
}

void *cft_pack_run(cft_pack_fn *fn, const void *from)
{
	struct cft_pack pack = {0};

	fn(&pack, from);
	size_t size = pack.used;
	pack = (struct cft_pack){.base = cft_malloc(size), .dense = pack.dense};
	fn(&pack, from);
	assert(pack.used == size);
	cft_buf_release(&pack.dense);
	return pack.base;
}
