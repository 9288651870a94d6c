/* Conflict: from the outcome of both orders to a verdict and findings.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/conflict/conflict.h"

#include "common/sql/conflict/base.h"
#include "common/sql/conflict/finding.h"
#include "common/sql/conflict/outcome.h"

#include <string.h>

static const char *const verdict_texts[] = {
#define VERDICT_TEXT(name, text) text,
	CFT_VERDICT_MAP(VERDICT_TEXT)
#undef VERDICT_TEXT
};

static const char *const class_texts[] = {
#define CLASS_TEXT(name, text) text,
	CFT_CLASS_MAP(CLASS_TEXT)
#undef CLASS_TEXT
};

static const char *const severity_texts[] = {"NONE", "INFO", "WARNING", "ERROR"};

const char *cft_verdict_text(enum cft_verdict verdict)
{
	return verdict_texts[verdict];
}

const char *cft_class_text(enum cft_conflict_class class_)
{
	return class_texts[class_];
}

const char *cft_severity_text(enum cft_severity severity)
{
	return severity_texts[severity];
}

static enum cft_verdict verdict_of(const struct outcome *o)
{
	bool ab = o->ab.code == WORLD_OK, ba = o->ba.code == WORLD_OK;

	if (ab && ba)
		return o->differences.n ? CFT_VERDICT_DIFFER : CFT_VERDICT_COMMUTE;
	if (ab)
		return CFT_VERDICT_ONLY_AB;
	return ba ? CFT_VERDICT_ONLY_BA : CFT_VERDICT_NEITHER;
}

/* Some order of the two that depends on their content alone, so that swapping the arguments swaps
 * the answer and changes nothing else. */
static int compare_text(const struct cft_effects *a, const struct cft_effects *b)
{
	for (size_t i = 0; i < a->n_statements && i < b->n_statements; i++) {
		int c = strcmp(a->statements[i].text, b->statements[i].text);
		if (c != 0)
			return c;
	}
	if (a->n_statements != b->n_statements)
		return a->n_statements < b->n_statements ? -1 : 1;
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		int c = strcmp(a->v[i].name, b->v[i].name);
		if (c != 0)
			return c;
	}
	return 0;
}

static enum cft_verdict mirrored(enum cft_verdict verdict)
{
	if (verdict == CFT_VERDICT_ONLY_AB)
		return CFT_VERDICT_ONLY_BA;
	return verdict == CFT_VERDICT_ONLY_BA ? CFT_VERDICT_ONLY_AB : verdict;
}

static void mirror(struct cft_comparison *c)
{
	c->verdict = mirrored(c->verdict);
	for (size_t i = 0; i < c->n_findings; i++) {
		struct cft_finding *f = &c->findings[i];
		int statement = f->statement_a;

		f->statement_a = f->statement_b;
		f->statement_b = statement;
		if (f->order != CFT_ORDER_NONE)
			f->order = f->order == CFT_ORDER_A_FIRST ? CFT_ORDER_B_FIRST
			                                         : CFT_ORDER_A_FIRST;
	}
}

static void compare(const struct cft_effects *a, const struct cft_effects *b,
                    const struct cft_base *base, const char *name_a, const char *name_b,
                    struct cft_arena *arena, struct cft_comparison *ret)
{
	struct cft_arena scratch = CFT_ARENA_INIT;
	struct outcome outcome;
	struct finding_list list = {.arena = arena, .names = {"", name_a, name_b}};

	outcome_make(&outcome, a, b, base ? &base->world : NULL, &scratch);
	list.outcome = &outcome;
	list.verdict = verdict_of(&outcome);
	cft_findings_make(&list);
	ret->verdict = list.verdict;
	ret->findings = list.v.v;
	ret->n_findings = list.v.n;
	ret->severity = CFT_SEVERITY_NONE;
	for (size_t i = 0; i < ret->n_findings; i++)
		if (ret->findings[i].severity > ret->severity)
			ret->severity = ret->findings[i].severity;
	cft_arena_release(&scratch);
}

void cft_conflict_compare(const struct cft_effects *a, const struct cft_effects *b,
                          const struct cft_base *base, const struct cft_compare_options *options,
                          struct cft_arena *arena, struct cft_comparison *ret)
{
	const char *name_a = options && options->name_a ? options->name_a : "A";
	const char *name_b = options && options->name_b ? options->name_b : "B";

	if (compare_text(a, b) > 0) {
		compare(b, a, base, name_b, name_a, arena, ret);
		mirror(ret);
	} else {
		compare(a, b, base, name_a, name_b, arena, ret);
	}
}

static json_t *text_array(const char *const *texts, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

json_t *cft_finding_to_json(const struct cft_finding *f)
{
	return json_pack("{s:s,s:s,s:o,s:s,s:s,s:o}", "conflict_type", f->conflict_type, "class",
	                 cft_class_text(f->class_), "affected_objects",
	                 text_array(f->objects, f->n_objects), "severity",
	                 cft_severity_text(f->severity), "explanation", f->explanation,
	                 "resolution_suggestions", text_array(f->suggestions, f->n_suggestions));
}
