/* Lint: what in a migration can hurt a database that is in use.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/lint.h"

#include "common/sql/effect/analyze.h"

#include <stdio.h>
#include <string.h>

struct lint {
	struct cft_arena *arena;
	const struct cft_mig_text *text;
	const struct cft_effects *effects;
	struct cft_mig_findings *findings;
	bool in_transaction; /* something in the file can be */
};

const char *cft_mig_lint_rule_name(enum cft_mig_lint_rule rule)
{
	static const char *const names[] = {
#define CFT_MIG_LINT_NAME(name, text, advice) text,
		CFT_MIG_LINT_MAP(CFT_MIG_LINT_NAME)
#undef CFT_MIG_LINT_NAME
	};

	return names[rule];
}

const char *cft_mig_lint_advice(enum cft_mig_lint_rule rule)
{
	static const char *const advices[] = {
#define CFT_MIG_LINT_ADVICE(name, text, advice) advice,
		CFT_MIG_LINT_MAP(CFT_MIG_LINT_ADVICE)
#undef CFT_MIG_LINT_ADVICE
	};

	return advices[rule];
}

/* The relation that an effect works on: its own, or of an index the one it refers to first. */
static const char *relation_of(const struct cft_effect *effect)
{
	if (effect->kind == CFT_OBJ_INDEX && effect->n_refs > 0)
		return effect->refs[0].name;
	return effect->name;
}

static bool made_here(const struct lint *lint, const struct cft_effect *effect)
{
	const char *relation = relation_of(effect);

	for (const struct cft_effect *e = lint->effects->v; e < effect; e++)
		if (e->op == CFT_OP_CREATE && strcmp(e->name, relation) == 0 &&
		    (e->kind == CFT_OBJ_TABLE || e->kind == CFT_OBJ_MATVIEW))
			return true;
	return false;
}

/* The text of line `line` (from 1), and its length. */
static const char *line_text(const char *text, int line, size_t *ret_len)
{
	for (; line > 1; line--) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	*ret_len = strcspn(text, "\n");
	return text;
}

static bool ignored(const struct lint *lint, int line, enum cft_mig_lint_rule rule)
{
	static const char directive[] = "-- confiture: ignore ";
	size_t len = 0;
	const char *above = line > 1 ? line_text(lint->text->data, line - 1, &len) : NULL;

	if (!above)
		return false;
	char *copy = cft_arena_strndup(lint->arena, above, len);
	const char *found = strstr(copy, directive);
	return found && (strstr(found, cft_mig_lint_rule_name(rule)) ||
	                 strcmp(found + strlen(directive), "all") == 0);
}

static void report(struct lint *lint, const struct cft_effect *effect, enum cft_mig_lint_rule rule,
                   const char *message)
{
	struct cft_mig_finding finding = {
		.rule = rule,
		.line = lint->effects->statements[effect->statement].line,
		.object = cft_effect_key(lint->arena, effect),
		.message = message,
		.lock = effect->lock == CFT_LOCK_NONE ? "" : cft_lock_text(effect->lock),
	};

	if (!ignored(lint, finding.line, rule))
		cft_vec_push_in(lint->arena, &lint->findings->v, finding);
}

static bool attr_is(const struct cft_effect *effect, const char *key, const char *value)
{
	const char *is = cft_effect_attr(effect, key);

	return is && strcmp(is, value) == 0;
}

static void lint_create(struct lint *lint, const struct cft_effect *effect)
{
	if (effect->kind == CFT_OBJ_INDEX && !(effect->flags & CFT_EFFECT_CONCURRENTLY))
		report(lint, effect, CFT_MIG_LINT_INDEX_BLOCKS,
		       "writers wait until the index is built");
	if (effect->kind == CFT_OBJ_CONSTRAINT && !cft_effect_attr(effect, "not_valid") &&
	    !cft_effect_attr(effect, "index"))
		report(lint, effect, CFT_MIG_LINT_CONSTRAINT_SCAN,
		       "the whole table is read while others wait");
	if (effect->kind == CFT_OBJ_COLUMN && attr_is(effect, "notnull", "yes") &&
	    !cft_effect_attr(effect, "filled") && !(effect->flags & CFT_EFFECT_PART))
		report(lint, effect, CFT_MIG_LINT_NOT_NULL_NO_DEFAULT,
		       "this fails where the table has rows");
}

static void lint_drop(struct lint *lint, const struct cft_effect *effect)
{
	if (effect->kind == CFT_OBJ_TABLE || effect->kind == CFT_OBJ_COLUMN ||
	    effect->kind == CFT_OBJ_SCHEMA)
		report(lint, effect, CFT_MIG_LINT_DATA_LOSS, "its data are lost");
}

static void lint_effect(struct lint *lint, const struct cft_effect *effect)
{
	const char *rows = cft_effect_attr(effect, "rows");

	if (effect->flags & CFT_EFFECT_OPAQUE)
		report(lint, effect, CFT_MIG_LINT_UNKNOWN, "this statement is not understood");
	if (effect->flags & CFT_EFFECT_NO_TRANSACTION && lint->in_transaction)
		report(lint, effect, CFT_MIG_LINT_MIXED, "this cannot run in a transaction");
	if (made_here(lint, effect))
		return;
	if (effect->flags & CFT_EFFECT_REWRITE)
		report(lint, effect, CFT_MIG_LINT_REWRITE,
		       "the table is written anew while nobody can use it");
	if (effect->op == CFT_OP_CREATE)
		lint_create(lint, effect);
	if (effect->op == CFT_OP_DROP)
		lint_drop(lint, effect);
	if (effect->op == CFT_OP_ALTER && effect->kind == CFT_OBJ_COLUMN &&
	    attr_is(effect, "notnull", "yes"))
		report(lint, effect, CFT_MIG_LINT_NOT_NULL_SCAN,
		       "the whole table is read while others wait");
	if (effect->op == CFT_OP_RENAME &&
	    (effect->kind == CFT_OBJ_TABLE || effect->kind == CFT_OBJ_COLUMN))
		report(lint, effect, CFT_MIG_LINT_RENAME, "the old name is gone at once");
	if (effect->op == CFT_OP_WRITE && rows && strcmp(rows, "truncate") == 0)
		report(lint, effect, CFT_MIG_LINT_DATA_LOSS, "its rows are lost");
	else if (effect->op == CFT_OP_WRITE &&
	         (cft_effect_attr(effect, "fills") || (rows && strstr(rows, " all"))))
		report(lint, effect, CFT_MIG_LINT_WHOLE_TABLE,
		       "every row is written in one transaction");
}

static bool any_in_transaction(const struct cft_effects *effects)
{
	for (size_t i = 0; i < effects->n; i++)
		if (!(effects->v[i].flags & CFT_EFFECT_NO_TRANSACTION) &&
		    effects->v[i].op != CFT_OP_SESSION)
			return true;
	return false;
}

int cft_mig_lint(struct cft_arena *arena, const struct cft_mig_text *text,
                 struct cft_mig_findings *ret, struct cft_err *err)
{
	const struct cft_analyze_options options = {
		.parse = {.max_bytes = SIZE_MAX, .psql = true, .opaque = true}};
	struct cft_effects effects;
	int rc = cft_sql_analyze(text->data, text->len, &options, arena, &effects, err);

	if (rc != 0)
		return cft_err_at(err, text->path, err ? err->line : 0, err ? err->column : 0);
	struct lint lint = {arena, text, &effects, ret, any_in_transaction(&effects)};
	for (size_t i = 0; i < effects.n; i++)
		lint_effect(&lint, &effects.v[i]);
	return 0;
}
