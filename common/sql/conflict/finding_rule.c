/* Finding, rules: from what happened to the row that says it.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/sql/conflict/finding_parts.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <string.h>

enum { ANY_CLASS = -1, MAX_FINDINGS = 24 };
#define CFT_CLASS_ANY ANY_CLASS

struct rule {
	enum finding_situation situation;
	int class_;
	enum cft_severity severity;
	struct cft_rule text;
};

static const struct rule rules[] = {
#define RULE(situation, class_, severity, explanation, suggestion, second) \
	{FINDING_##situation,                                              \
	 CFT_CLASS_##class_,                                               \
	 CFT_SEVERITY_##severity,                                          \
	 {#situation, #class_, #severity, explanation, suggestion, second}},
#include "common/sql/conflict/rules.def"
#undef RULE
};

bool cft_rule_at(size_t index, struct cft_rule *ret)
{
	if (index >= sizeof(rules) / sizeof(*rules))
		return false;
	*ret = rules[index].text;
	return true;
}

static const struct rule *find_rule(enum finding_situation situation,
                                    enum cft_conflict_class class_)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].situation == situation &&
		    (rules[i].class_ == ANY_CLASS || rules[i].class_ == (int)class_))
			return &rules[i];
	return NULL;
}

bool finding_has_rule(enum finding_situation situation, enum cft_conflict_class class_)
{
	return find_rule(situation, class_) != NULL;
}

const struct cft_effect *finding_effect(const struct finding_list *list, uint8_t side, int effect)
{
	const struct cft_effects *effects = list->outcome->lists[side];

	return effect >= 0 && (size_t)effect < effects->n ? &effects->v[effect] : NULL;
}

static int statement_of(const struct finding_list *list, uint8_t side, int effect)
{
	const struct cft_effect *e = finding_effect(list, side, effect);

	return e ? (int)e->statement : -1;
}

static const char *statement_text(const struct finding_list *list, uint8_t side, int effect)
{
	int statement = statement_of(list, side, effect);
	const struct cft_effects *effects = list->outcome->lists[side];

	if (statement < 0 || (size_t)statement >= effects->n_statements)
		return "its statement";
	const char *text = effects->statements[statement].text;
	size_t len = strcspn(text, "\n");
	if (strlen(text) > 120 || text[len])
		return cft_arena_printf(list->arena, "%.*s …", (int)(len > 117 ? 117 : len), text);
	return text;
}

static const char *placeholder(const struct finding_list *list, const struct finding_facts *f,
                               const char *name, size_t len)
{
	const char *const *names = list->names;
	uint8_t second = f->first ? (uint8_t)(3 - f->first) : 0;

#define IS(text) (strlen(text) == len && strncmp(name, text, len) == 0)
	if (IS("x"))
		return names[f->x];
	if (IS("y"))
		return names[f->y];
	if (IS("X"))
		return statement_text(list, f->x, f->effect_x);
	if (IS("Y"))
		return statement_text(list, f->y, f->effect_y);
	if (IS("object"))
		return f->object;
	if (IS("reason"))
		return f->reason;
	if (IS("first"))
		return names[f->first ? f->first : f->y];
	if (IS("second"))
		return names[second ? second : f->x];
	if (IS("rewrite"))
		return f->rewrite;
#undef IS
	return NULL;
}

/* What people chose stays within the line that it is part of. */
static void add_value(struct cft_buf *out, const char *value)
{
	for (const char *p = value; *p; p++)
		cft_buf_addc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
}

/* NULL where a placeholder has nothing to say: the sentence is left out. */
static const char *expand(const struct finding_list *list, const struct finding_facts *f,
                          const char *template_)
{
	struct cft_buf out = CFT_BUF_INIT;
	const char *result;

	for (const char *p = template_; *p; p++) {
		size_t len = strcspn(p, "}");
		const char *value;

		if (*p != '{') {
			cft_buf_addc(&out, *p);
			continue;
		}
		value = placeholder(list, f, p + 1, len - 1);
		bool rewrite = strncmp(p, "{rewrite}", 9) == 0;
		if (!value || (!*value && rewrite)) {
			cft_buf_release(&out);
			return NULL;
		}
		if (rewrite)
			cft_buf_adds(&out, value);
		else
			add_value(&out, value);
		p += len;
	}
	result = cft_arena_strdup(list->arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return result;
}

static void suggest(const struct finding_list *list, const struct finding_facts *f,
                    struct cft_finding *finding, const char *template_)
{
	const char *text = template_ ? expand(list, f, template_) : NULL;

	if (text && finding->n_suggestions < CFT_FINDING_TEXTS)
		finding->suggestions[finding->n_suggestions++] = text;
}

static const char *type_name(struct cft_arena *arena, const struct finding_facts *f)
{
	char *text = cft_arena_strdup(arena, cft_object_kind_text(f->kind));

	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = '_';
	return text;
}

static bool is_known(const struct finding_list *list, const struct cft_finding *finding)
{
	for (size_t i = 0; i < list->v.n; i++) {
		const struct cft_finding *f = &list->v.v[i];
		if (f->class_ == finding->class_ && f->n_objects && finding->n_objects &&
		    strcmp(f->objects[0], finding->objects[0]) == 0 &&
		    strcmp(f->explanation, finding->explanation) == 0)
			return true;
	}
	return false;
}

void finding_add(struct finding_list *list, const struct finding_facts *f)
{
	const struct rule *rule = find_rule(f->situation, f->class_);
	struct cft_finding finding = {.class_ = f->class_, .statement_a = -1, .statement_b = -1};

	if (!rule || list->v.n >= MAX_FINDINGS)
		return;
	finding.severity = f->severity != CFT_SEVERITY_NONE ? f->severity : rule->severity;
	finding.conflict_type = type_name(list->arena, f);
	finding.order = f->first == 1   ? CFT_ORDER_A_FIRST
	                : f->first == 2 ? CFT_ORDER_B_FIRST
	                                : CFT_ORDER_NONE;
	if (f->object && *f->object)
		finding.objects[finding.n_objects++] = cft_arena_strdup(list->arena, f->object);
	if (f->other_object && *f->other_object &&
	    (!f->object || strcmp(f->object, f->other_object) != 0))
		finding.objects[finding.n_objects++] =
			cft_arena_strdup(list->arena, f->other_object);
	const char *explanation = expand(list, f, rule->text.explanation);
	finding.explanation = explanation ? explanation : "";
	suggest(list, f, &finding, rule->text.suggestion);
	suggest(list, f, &finding, rule->text.second);
	int sx = statement_of(list, f->x, f->effect_x), sy = statement_of(list, f->y, f->effect_y);
	finding.statement_a = f->x == 1 ? sx : sy;
	finding.statement_b = f->x == 1 ? sy : sx;
	if (!is_known(list, &finding))
		cft_vec_push_in(list->arena, &list->v, finding);
}

/* The statement with every token that is the old name replaced by the new one. */
const char *finding_rewrite(const struct finding_list *list, uint8_t side, int effect,
                            const char *old, const char *now)
{
	int statement = statement_of(list, side, effect);
	struct cft_buf out = CFT_BUF_INIT;
	bool changed = false;

	if (statement < 0 || !*old || strcmp(old, now) == 0 ||
	    (size_t)statement >= list->outcome->lists[side]->n_statements)
		return "";
	const char *text = list->outcome->lists[side]->statements[statement].text;
	size_t len = strlen(text);
	for (size_t pos = 0; pos < len;) {
		bool blank;
		size_t n = cft_sql_lex(text, len, pos, &blank);
		char *folded = cft_ident_fold(list->arena, text + pos, n);

		if (!blank && text[pos] != '\'' && text[pos] != '$' && strcmp(folded, old) == 0) {
			cft_ident_quote(&out, now);
			changed = true;
		} else {
			cft_buf_add(&out, text + pos, n);
		}
		pos += n;
	}
	const char *result = changed ? cft_arena_strdup(list->arena, cft_buf_str(&out)) : "";
	cft_buf_release(&out);
	return result;
}
