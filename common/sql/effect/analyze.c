/* Analyze: the entry, statement by statement, and what is left of declared tables.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/effect/analyze.h"

#include "common/sql/effect/build.h"
#include "common/sql/syntax/name.h"
#include "common/sql/syntax/split.h"

#include <ctype.h>
#include <string.h>

/* "ALTER TABLE", "CREATE FUNCTION": the first two words, OR REPLACE and the like left out. */
static const char *statement_kind(struct cft_arena *arena, const char *text, size_t len)
{
	static const char *const skipped[] = {"OR",       "REPLACE", "TEMP",         "TEMPORARY",
	                                      "UNIQUE",   "GLOBAL",  "LOCAL",        "RECURSIVE",
	                                      "UNLOGGED", "FOREIGN", "MATERIALIZED", NULL};
	char out[80] = "";
	size_t words = 0, used = 0;

	for (size_t pos = 0; pos < len && words < 2;) {
		bool blank, skip = false;
		size_t n = cft_sql_lex(text, len, pos, &blank);

		if (blank) {
			pos += n;
			continue;
		}
		if (!isalpha((unsigned char)text[pos]) || n > 24 || used + n + 2 > sizeof(out))
			break;
		size_t at = used;
		if (used)
			out[at++] = ' ';
		for (size_t i = 0; i < n; i++)
			out[at + i] = (char)toupper((unsigned char)text[pos + i]);
		out[at + n] = '\0';
		for (int i = 0; skipped[i]; i++)
			skip = skip || strcmp(out + at, skipped[i]) == 0;
		if (skip) {
			out[used] = '\0';
		} else {
			used = at + n;
			words++;
		}
		pos += n;
	}
	return cft_arena_strdup(arena, out);
}

void cft_analyze_statement(struct cft_build *b, const PgQuery__Node *node)
{
	if (cft_analyze_table(b, node) || cft_analyze_view(b, node) || cft_analyze_type(b, node) ||
	    cft_analyze_trigger(b, node) || cft_analyze_object(b, node) ||
	    cft_analyze_routine(b, node) || cft_analyze_privilege(b, node) ||
	    cft_analyze_data(b, node) || cft_analyze_misc(b, node))
		return;
	cft_build_begin(b, CFT_OP_USE, CFT_OBJ_UNKNOWN, NULL, "statement", NULL);
	cft_build_attr(b, "unknown", "statement");
	cft_build_end(b);
}

static void touch(struct cft_build *b, const char *table, uint32_t flags)
{
	const char *parts[2];
	size_t n = cft_ident_split(b->arena, table, parts, 2);

	if (n == 0)
		return;
	cft_build_begin(b, CFT_OP_TOUCH, CFT_OBJ_TABLE, n == 2 ? parts[0] : "", parts[n - 1], NULL);
	cft_build_flag(b, flags);
	cft_build_end(b);
}

static bool is_named(const struct cft_build *b, const char *table)
{
	const char *parts[2];
	size_t n = cft_ident_split(b->arena, table, parts, 2);

	for (size_t i = 0; n && i < b->effects.n; i++) {
		const struct cft_effect *e = &b->effects.v[i];
		if (strcmp(e->name, parts[n - 1]) == 0 || strcmp(e->to, parts[n - 1]) == 0)
			return true;
	}
	return false;
}

/* At least the tokens of a text with everything that is quoted in it: bodies are parsed as well. */
static uint32_t count_inner_tokens(const char *text, size_t len)
{
	uint32_t n = 0;
	bool word = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool now = isalnum(c) || c == '_' || c >= 0x80;
		n += (now && !word) || (!now && !isspace(c));
		word = now;
	}
	return n;
}

/* How deep trees and the bodies in them may be, in tokens; bodies are held to the limit of
 * statements. */
static int depth_bound(const struct cft_sql_script *script, uint32_t max, uint32_t *ret,
                       struct cft_err *err)
{
	uint32_t bound = script->max_tokens;

	for (size_t i = 0; i < script->n; i++) {
		const PgQuery__Node *tree = script->v[i].tree;
		if (!tree || (tree->node_case != PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT &&
		              tree->node_case != PG_QUERY__NODE__NODE_DO_STMT))
			continue;
		uint32_t n = count_inner_tokens(script->v[i].text, script->v[i].len);
		if (n > max)
			return cft_fail(err, CFT_E_LIMIT,
			                "the body at line %d has %u tokens; the limit is %u",
			                script->v[i].line, n, max);
		bound = n > bound ? n : bound;
	}
	*ret = bound;
	return 0;
}

struct analyze_job {
	struct cft_build *b;
	const struct cft_sql_script *script;
	const struct cft_analyze_options *options;
	struct cft_effect_statement *statements;
};

static void analyze_opaque(struct analyze_job *job, const struct cft_sql_stmt *stmt)
{
	struct cft_build *b = job->b;

	for (size_t i = 0; i < job->options->n_tables; i++)
		touch(b, job->options->tables[i], CFT_EFFECT_OPAQUE);
	cft_build_begin(b, CFT_OP_USE, CFT_OBJ_UNKNOWN, NULL, "statement", NULL);
	cft_build_flag(b, CFT_EFFECT_OPAQUE);
	cft_build_attr(b, "unknown", stmt->opaque);
	cft_build_end(b);
}

static int analyze_all(void *arg)
{
	struct analyze_job *job = arg;
	struct cft_build *b = job->b;

	for (size_t i = 0; i < job->script->n; i++) {
		const struct cft_sql_stmt *stmt = &job->script->v[i];
		struct cft_effect_statement *out = &job->statements[i];

		out->text = stmt->text;
		out->line = stmt->line;
		out->column = stmt->column;
		out->kind = statement_kind(b->arena, stmt->text, stmt->len);
		out->opaque = stmt->opaque ? stmt->opaque : "";
		out->sketch = stmt->sketch;
		b->statement = (uint32_t)i;
		b->text = stmt->text;
		b->flags = stmt->sketch ? CFT_EFFECT_SKETCH : 0;
		if (stmt->tree)
			cft_analyze_statement(b, stmt->tree);
		else
			analyze_opaque(job, stmt);
	}
	return 0;
}

int cft_sql_analyze(const char *sql, size_t len, const struct cft_analyze_options *options,
                    struct cft_arena *arena, struct cft_effects *ret, struct cft_err *err)
{
	static const struct cft_analyze_options plain;
	struct cft_build b = {.arena = arena};
	struct cft_sql_script script = {0};
	struct analyze_job job = {.b = &b, .script = &script};

	job.options = options ? options : &plain;
	uint32_t max = job.options->parse.max_tokens, depth = 0;
	int rc = cft_sql_parse(sql, len, &job.options->parse, arena, &script, err);
	if (rc == 0)
		rc = depth_bound(&script, max ? max : CFT_SQL_MAX_TOKENS, &depth, err);
	if (rc != 0)
		return rc;
	job.statements =
		cft_arena_array(arena, struct cft_effect_statement, script.n ? script.n : 1);
	rc = cft_sql_deep(depth, analyze_all, &job, err);
	if (rc != 0)
		return rc;
	b.flags = 0;
	b.statement = 0;
	for (size_t i = 0; i < job.options->n_tables; i++)
		if (!is_named(&b, job.options->tables[i]))
			touch(&b, job.options->tables[i], 0);
	*ret = (struct cft_effects){
		.version = CFT_EFFECTS_VERSION,
		.statements = job.statements,
		.n_statements = script.n,
		.v = b.effects.v,
		.n = b.effects.n,
	};
	return 0;
}
