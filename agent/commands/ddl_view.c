/* DDL view: what the statements of an intent lock and may cost, told without a database.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/ddl_view.h"

#include "common/base/buf.h"
#include "common/migrate/lint.h"
#include "common/sql/effect/analyze.h"

#include <string.h>

static void add_lock(struct cft_arena *arena, struct cft_ddl_line *line)
{
	const struct cft_analyze_options options = {
		.parse = {.max_bytes = SIZE_MAX, .psql = true, .sketch = true, .opaque = true}};
	const struct cft_effect *strongest = NULL;
	struct cft_effects effects;

	if (cft_sql_analyze(line->sql, strlen(line->sql), &options, arena, &effects, NULL) != 0)
		return;
	for (size_t i = 0; i < effects.n; i++) {
		const struct cft_effect *effect = &effects.v[i];

		if (effect->lock != CFT_LOCK_NONE && (!strongest || effect->lock > strongest->lock))
			strongest = effect;
	}
	if (!strongest)
		return;
	line->lock = cft_lock_text(strongest->lock);
	line->object = cft_arena_printf(arena, "%s%s%s", strongest->schema,
	                                strongest->schema[0] ? "." : "", strongest->name);
}

static void add_hazards(struct cft_arena *arena, const Confiture__V1__Intent *intent,
                        struct cft_ddl_view *view)
{
	struct cft_mig_findings findings = {0};
	struct cft_buf sql = CFT_BUF_INIT;

	for (size_t i = 0; i < intent->n_schema_changes; i++)
		cft_buf_addf(&sql, "%s;\n", intent->schema_changes[i]);
	const struct cft_mig_text text = {intent->id, cft_arena_strdup(arena, cft_buf_str(&sql)),
	                                  sql.len};
	cft_buf_release(&sql);
	if (cft_mig_lint(arena, &text, &findings, NULL) != 0)
		return;
	view->hazards = cft_arena_array(arena, const char *, findings.v.n);
	CFT_VEC_EACH (struct cft_mig_finding, finding, &findings.v)
		view->hazards[view->n_hazards++] =
			cft_arena_printf(arena, "%s: %s", finding->object, finding->message);
}

void cft_ddl_view(struct cft_arena *arena, const Confiture__V1__Intent *intent,
                  struct cft_ddl_view *ret)
{
	*ret = (struct cft_ddl_view){.n = intent->n_schema_changes};
	ret->lines = cft_arena_array(arena, struct cft_ddl_line, ret->n);
	for (size_t i = 0; i < ret->n; i++) {
		ret->lines[i] = (struct cft_ddl_line){intent->schema_changes[i], "", ""};
		add_lock(arena, &ret->lines[i]);
	}
	add_hazards(arena, intent, ret);
}

void cft_ddl_view_show(struct cft_output *out, const struct cft_ddl_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		const struct cft_ddl_line *line = &view->lines[i];

		cft_out_text(out, "    %s;", line->sql);
		if (line->lock[0])
			cft_out_text(out, "      locks %s: %s", line->object, line->lock);
	}
	for (size_t i = 0; i < view->n_hazards; i++)
		cft_out_text(out, "  hazard %s", view->hazards[i]);
}

void cft_ddl_view_json(const struct cft_ddl_view *view, json_t *document)
{
	json_t *statements = json_array(), *hazards = json_array();

	for (size_t i = 0; i < view->n; i++)
		json_array_append_new(statements,
		                      json_pack("{s:s,s:s,s:s}", "sql", view->lines[i].sql, "lock",
		                                view->lines[i].lock, "object",
		                                view->lines[i].object));
	for (size_t i = 0; i < view->n_hazards; i++)
		json_array_append_new(hazards, json_string(view->hazards[i]));
	json_object_set_new(document, "statements", statements);
	json_object_set_new(document, "hazards", hazards);
}
