/* Range check: the migrations that a range of commits adds, beside what an intent declares.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/range_check.h"

#include "common/sql/effect/analyze.h"
#include "common/sql/effect/declared.h"

#include <string.h>

enum { SQL_LIMIT_BYTES = 64 << 20 };

struct walk {
	struct cft_arena *arena;
	struct cft_declaration declared;
	bool *done; /* for each declared effect */
	struct cft_range_check *check;
};

static int analyze(struct cft_arena *arena, const char *sql, struct cft_effects *ret,
                   struct cft_err *err)
{
	struct cft_analyze_options options = {.parse = {.psql = true,
	                                                .sketch = true,
	                                                .opaque = true,
	                                                .max_bytes = SQL_LIMIT_BYTES}};

	return cft_sql_analyze(sql, strlen(sql), &options, arena, ret, err);
}

/* -- what is declared -- */

static int read_intent(struct walk *walk, const Confiture__V1__Intent *intent, struct cft_err *err)
{
	struct cft_effects *effects = cft_arena_new(walk->arena, struct cft_effects);
	struct cft_git_files texts = {0};

	for (size_t i = 0; i < intent->n_schema_changes; i++) {
		struct cft_git_file statement = {"", intent->schema_changes[i]};
		cft_vec_push_in(walk->arena, &texts, statement);
	}
	int rc = analyze(walk->arena, cft_git_join(walk->arena, &texts), effects, err);
	walk->declared = (struct cft_declaration){
		effects, (const char *const *)intent->tables_declared, intent->n_tables_declared};
	walk->done = cft_arena_array(walk->arena, bool, effects->n);
	return rc;
}

static void list_missing(struct walk *walk)
{
	const struct cft_effects *effects = walk->declared.effects;

	for (size_t i = 0; i < effects->n; i++) {
		const struct cft_effect *effect = &effects->v[i];
		if (!cft_declared_missing(&walk->declared, walk->done, i))
			continue;
		json_array_append_new(walk->check->missing,
		                      json_pack("{s:s,s:s,s:s}", "object",
		                                cft_effect_key(walk->arena, effect), "operation",
		                                cft_effect_op_text(effect->op), "statement",
		                                effects->statements[effect->statement].text));
	}
}

/* -- the files of the range -- */

static bool told_before(const struct walk *walk, const char *object, const char *statement)
{
	const json_t *known;
	size_t i;

	json_array_foreach (walk->check->undeclared, i, known)
		if (strcmp(json_string_value(json_object_get(known, "object")), object) == 0 &&
		    strcmp(json_string_value(json_object_get(known, "statement")), statement) == 0)
			return true;
	return false;
}

static void check_effect(struct walk *walk, const struct cft_git_file *file,
                         const struct cft_effects *effects, const struct cft_effect *effect)
{
	const struct cft_effect_statement *statement = &effects->statements[effect->statement];
	const char *found =
		cft_effect_changes(effect) ? cft_declared_problem(&walk->declared, effect) : NULL;

	if (!found)
		return;
	const char *object = cft_effect_key(walk->arena, effect);
	if (statement->opaque[0])
		found = "not readable";
	if (!told_before(walk, object, statement->text))
		json_array_append_new(walk->check->undeclared,
		                      json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "object", object,
		                                "operation", cft_effect_op_text(effect->op),
		                                "problem", found, "statement", statement->text,
		                                "file", file->path, "line", statement->line));
}

static int check_file(struct walk *walk, const struct cft_git_file *file, struct cft_err *err)
{
	struct cft_effects effects = {0};
	int rc = analyze(walk->arena, file->sql, &effects, err);

	if (rc != 0)
		return cft_err_at(err, file->path, err->line, err->column);
	for (size_t i = 0; i < effects.n; i++) {
		cft_declared_note_done(&walk->declared, &effects.v[i], walk->done);
		if (effects.v[i].statement < effects.n_statements)
			check_effect(walk, file, &effects, &effects.v[i]);
	}
	return 0;
}

int cft_range_check(struct cft_cmd *cmd, const Confiture__V1__Intent *intent, const char *range,
                    struct cft_range_check *ret, struct cft_err *err)
{
	struct walk walk = {.arena = cmd->arena, .check = ret};

	*ret = (struct cft_range_check){.undeclared = json_array(), .missing = json_array()};
	int rc = read_intent(&walk, intent, err);
	if (rc == 0)
		rc = cft_git_added(cmd->arena, range, &ret->files, err);
	for (size_t i = 0; i < ret->files.n && rc == 0; i++)
		rc = check_file(&walk, &ret->files.v[i], err);
	if (rc == 0)
		list_missing(&walk);
	return rc;
}

void cft_range_check_release(struct cft_range_check *check)
{
	json_decref(check->undeclared);
	json_decref(check->missing);
}

/* -- showing -- */

static const char *text_of(const json_t *found, const char *key)
{
	return json_string_value(json_object_get(found, key));
}

void cft_range_check_show(struct cft_output *out, const struct cft_range_check *check)
{
	const json_t *found;
	size_t i;

	json_array_foreach (check->undeclared, i, found)
		cft_out_mark(out, CFT_MARK_ERROR, "%s:%lld: %s: %s %s", text_of(found, "file"),
		             (long long)json_integer_value(json_object_get(found, "line")),
		             text_of(found, "problem"), text_of(found, "operation"),
		             text_of(found, "object"));
	json_array_foreach (check->missing, i, found)
		cft_out_mark(out, CFT_MARK_WARN, "declared, and not in the range: %s %s",
		             text_of(found, "operation"), text_of(found, "object"));
}

void cft_range_check_json(const struct cft_range_check *check, json_t *document)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < check->files.n; i++)
		json_array_append_new(paths, json_string(check->files.v[i].path));
	json_object_set_new(document, "files", paths);
	json_object_set(document, "undeclared", check->undeclared);
	json_object_set(document, "missing", check->missing);
}
