/* Fingerprint: one digest over the canonical form of a whole schema.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/schema/model.h"

#include "common/base/digest.h"
#include "common/base/mem.h"
#include "common/sql/syntax/parse.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	const struct cft_object *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static int by_id(const void *a, const void *b)
{
	const struct cft_attr *const *x = a, *const *y = b;

	if ((*x)->id != (*y)->id)
		return (*x)->id < (*y)->id ? -1 : 1;
	return strcmp((*x)->sub, (*y)->sub);
}

/* As cft_attr_same() compares them. */
static void add_value(const struct cft_schema *s, const struct cft_object *obj,
                      const struct cft_attr *a, struct cft_buf *out)
{
	const struct cft_object *owner;

	if (a->id == CFT_ATTR_OWNED_BY) {
		owner = cft_sequence_owner(s, obj);
		cft_buf_adds(out, owner ? owner->key : "");
	} else if (a->node != NULL && a->id != CFT_ATTR_LABELS && a->id != CFT_ATTR_INHERITS) {
		cft_tree_canon(a->node, a->env, obj->parent, CFT_CANON_EXACT, out);
	} else if (a->id != CFT_ATTR_INHERITS) { /* there the parent is the sub key */
		cft_buf_adds(out, a->text ? a->text : "");
	}
}

static void add_object(const struct cft_schema *s, const struct cft_object *obj,
                       struct cft_buf *out)
{
	const struct cft_attr **v = cft_calloc(obj->attrs.n + 1, sizeof(const struct cft_attr *));

	for (size_t i = 0; i < obj->attrs.n; i++)
		v[i] = &obj->attrs.v[i];
	qsort(v, obj->attrs.n, sizeof(const struct cft_attr *), by_id);
	cft_buf_addf(out, "%s %s\n", cft_kind_noun(obj->kind), obj->key);
	for (size_t i = 0; i < obj->attrs.n; i++) {
		cft_buf_addf(out, "\t%s %s ", cft_attr_word(v[i]->id), v[i]->sub);
		add_value(s, obj, v[i], out);
		cft_buf_addc(out, '\n');
	}
	free(v);
}

struct fingerprint_job {
	const struct cft_schema *s;
	char hex[CFT_SHA256_HEX];
};

static int fingerprint_deep(void *arg)
{
	struct fingerprint_job *job = arg;
	const struct cft_schema *s = job->s;
	const struct cft_object **v =
		cft_calloc(s->objects.n + 1, sizeof(const struct cft_object *));
	struct cft_buf out = CFT_BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < s->objects.n; i++)
		if (s->objects.v[i] != NULL)
			v[n++] = s->objects.v[i];
	qsort(v, n, sizeof(const struct cft_object *), by_key);
	for (size_t i = 0; i < n; i++)
		add_object(s, v[i], &out);
	cft_sha256_hex(cft_buf_str(&out), out.len, job->hex);
	cft_buf_release(&out);
	free(v);
	return 0;
}

char *cft_schema_fingerprint(const struct cft_schema *schema)
{
	struct fingerprint_job job = {.s = schema};

	/* The text was read under the same limit: it cannot fail here. */
	if (cft_sql_deep(schema->script.max_tokens, fingerprint_deep, &job, NULL) != 0)
		return NULL;
	return cft_strdup(job.hex);
}
