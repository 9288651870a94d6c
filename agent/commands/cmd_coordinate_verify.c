/* confiture coordinate verify: does a branch do what its intent declared, and nothing else?
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/git.h"
#include "common/sql/effect/analyze.h"

#include <string.h>

enum { SQL_LIMIT_BYTES = 64 << 20 };

struct verify {
	struct cft_coord *coord;
	const Confiture__V1__Intent *intent;
	struct cft_effects declared;
	struct cft_git_files files;
	json_t *undeclared; /* the findings */
	json_t *missing;    /* declared, and not done by the range */
	bool *done;         /* for each declared effect */
};

static int analyze(struct verify *v, const char *sql, struct cft_effects *ret, struct cft_err *err)
{
	struct cft_analyze_options options = {.parse = {.psql = true,
	                                                .sketch = true,
	                                                .opaque = true,
	                                                .max_bytes = SQL_LIMIT_BYTES}};

	return cft_sql_analyze(sql, strlen(sql), &options, v->coord->cmd->arena, ret, err);
}

/* -- is an effect declared? -- */

/* What changes nothing needs no declaration. */
static bool changes(const struct cft_effect *effect)
{
	switch (effect->op) {
	case CFT_OP_CREATE:
	case CFT_OP_DROP:
	case CFT_OP_ALTER:
	case CFT_OP_RENAME:
	case CFT_OP_MOVE:
	case CFT_OP_ATTACH:
	case CFT_OP_DETACH:
	case CFT_OP_WRITE:
	case CFT_OP_GRANT:
	case CFT_OP_COMMENT:
		return true;
	case CFT_OP_USE:
		return effect->flags & CFT_EFFECT_OPAQUE;
	case CFT_OP_TOUCH:
	case CFT_OP_SESSION:
	case CFT_OP_COUNT:
		return false;
	}
	return false;
}

static const char *schema_of(const struct cft_effect *effect)
{
	return effect->schema[0] ? effect->schema : "public";
}

static bool same_relation(const struct cft_effect *a, const struct cft_effect *b)
{
	return strcmp(schema_of(a), schema_of(b)) == 0 && strcmp(a->name, b->name) == 0;
}

static bool same_object(const struct cft_effect *a, const struct cft_effect *b)
{
	return a->op == b->op && a->kind == b->kind && same_relation(a, b) &&
	       strcmp(a->sub, b->sub) == 0 && strcmp(a->args, b->args) == 0;
}

static bool same_change(const struct cft_effect *a, const struct cft_effect *b)
{
	if (strcmp(a->to, b->to) != 0 || a->n_attrs != b->n_attrs)
		return false;
	for (size_t i = 0; i < a->n_attrs; i++) {
		const char *value = cft_effect_attr(b, a->attrs[i].key);
		if (!value || strcmp(value, a->attrs[i].value) != 0)
			return false;
	}
	return true;
}

/* A declared table stands for whatever is done to it where the DDL says nothing about it. */
static bool table_declared(const struct verify *v, const struct cft_effect *effect)
{
	const char *schema = schema_of(effect);

	for (size_t i = 0; i < v->declared.n; i++)
		if (changes(&v->declared.v[i]) && same_relation(&v->declared.v[i], effect))
			return false;
	for (size_t i = 0; i < v->intent->n_tables_declared; i++) {
		const char *table = v->intent->tables_declared[i];
		const char *dot = strrchr(table, '.');
		if (strcmp(dot ? dot + 1 : table, effect->name) == 0 &&
		    (!dot || (strlen(schema) == (size_t)(dot - table) &&
		              strncmp(schema, table, (size_t)(dot - table)) == 0)))
			return true;
	}
	return false;
}

/* NULL, or what is wrong. */
static const char *problem(const struct verify *v, const struct cft_effect *effect)
{
	const char *found = "never declared";

	for (size_t i = 0; i < v->declared.n; i++) {
		const struct cft_effect *other = &v->declared.v[i];
		if (other->flags & CFT_EFFECT_SKETCH && same_relation(other, effect))
			return NULL;
		if (!same_object(other, effect))
			continue;
		if (same_change(other, effect))
			return NULL;
		found = "declared otherwise";
	}
	return table_declared(v, effect) ? NULL : found;
}

/* -- is what is declared done? -- */

static void note_done(struct verify *v, const struct cft_effect *effect)
{
	for (size_t i = 0; i < v->declared.n; i++) {
		const struct cft_effect *declared = &v->declared.v[i];
		bool sketch = declared->flags & CFT_EFFECT_SKETCH;
		if (sketch ? same_relation(declared, effect) : same_object(declared, effect))
			v->done[i] = true;
	}
}

static bool is_part_of_done(const struct verify *v, size_t i)
{
	while (i > 0 && v->declared.v[i].flags & CFT_EFFECT_PART)
		i--;
	return v->done[i];
}

static void list_missing(struct verify *v)
{
	for (size_t i = 0; i < v->declared.n; i++) {
		const struct cft_effect *effect = &v->declared.v[i];
		if (v->done[i] || is_part_of_done(v, i) || !changes(effect) ||
		    effect->statement >= v->declared.n_statements)
			continue;
		const char *statement = v->declared.statements[effect->statement].text;
		json_array_append_new(v->missing,
		                      json_pack("{s:s,s:s,s:s}", "object",
		                                cft_effect_key(v->coord->cmd->arena, effect),
		                                "operation", cft_effect_op_text(effect->op),
		                                "statement", statement));
	}
}

/* -- the files of the range -- */

static bool told_before(const struct verify *v, const char *object, const char *statement)
{
	const json_t *known;
	size_t i;

	json_array_foreach (v->undeclared, i, known)
		if (strcmp(json_string_value(json_object_get(known, "object")), object) == 0 &&
		    strcmp(json_string_value(json_object_get(known, "statement")), statement) == 0)
			return true;
	return false;
}

static void check_effect(struct verify *v, const struct cft_git_file *file,
                         const struct cft_effects *effects, const struct cft_effect *effect)
{
	const struct cft_effect_statement *statement = &effects->statements[effect->statement];
	const char *found = changes(effect) ? problem(v, effect) : NULL;

	if (!found)
		return;
	const char *object = cft_effect_key(v->coord->cmd->arena, effect);
	if (statement->opaque[0])
		found = "not readable";
	if (!told_before(v, object, statement->text))
		json_array_append_new(v->undeclared,
		                      json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "object", object,
		                                "operation", cft_effect_op_text(effect->op),
		                                "problem", found, "statement", statement->text,
		                                "file", file->path, "line", statement->line));
}

static int check_file(struct verify *v, const struct cft_git_file *file, struct cft_err *err)
{
	struct cft_effects effects = {0};
	int rc = analyze(v, file->sql, &effects, err);

	if (rc != 0)
		return cft_err_at(err, file->path, err->line, err->column);
	for (size_t i = 0; i < effects.n; i++) {
		note_done(v, &effects.v[i]);
		if (effects.v[i].statement < effects.n_statements)
			check_effect(v, file, &effects, &effects.v[i]);
	}
	return 0;
}

static int check(struct verify *v, struct cft_err *err)
{
	struct cft_git_files declared = {0};
	struct cft_cmd *cmd = v->coord->cmd;

	for (size_t i = 0; i < v->intent->n_schema_changes; i++) {
		struct cft_git_file statement = {"", v->intent->schema_changes[i]};
		cft_vec_push_in(cmd->arena, &declared, statement);
	}
	int rc = analyze(v, cft_git_join(cmd->arena, &declared), &v->declared, err);
	v->done = cft_arena_array(cmd->arena, bool, v->declared.n);
	if (rc == 0)
		rc = cft_git_added(cmd->arena, cft_cmd_str(cmd, "git-range"), &v->files, err);
	for (size_t i = 0; i < v->files.n && rc == 0; i++)
		rc = check_file(v, &v->files.v[i], err);
	if (rc == 0)
		list_missing(v);
	return rc;
}

static json_t *paths_json(const struct cft_git_files *files)
{
	json_t *paths = json_array();

	for (size_t i = 0; i < files->n; i++)
		json_array_append_new(paths, json_string(files->v[i].path));
	return paths;
}

static void answer(struct verify *v, uint64_t revision)
{
	struct cft_output *out = v->coord->cmd->out;
	const json_t *found;
	size_t i;

	if (json_array_size(v->undeclared) == 0)
		cft_out_mark(out, CFT_MARK_OK,
		             "All that the range changes was declared (%zu files)", v->files.n);
	json_array_foreach (v->undeclared, i, found)
		cft_out_mark(out, CFT_MARK_ERROR, "%s:%lld: %s: %s %s",
		             json_string_value(json_object_get(found, "file")),
		             (long long)json_integer_value(json_object_get(found, "line")),
		             json_string_value(json_object_get(found, "problem")),
		             json_string_value(json_object_get(found, "operation")),
		             json_string_value(json_object_get(found, "object")));
	json_array_foreach (v->missing, i, found)
		cft_out_mark(out, CFT_MARK_WARN, "declared, and not in the range: %s %s",
		             json_string_value(json_object_get(found, "operation")),
		             json_string_value(json_object_get(found, "object")));
	cft_coord_answer(v->coord,
	                 json_pack("{s:s,s:b,s:o,s:O,s:O}", "intent_id", v->intent->id, "declared",
	                           json_array_size(v->undeclared) == 0, "files",
	                           paths_json(&v->files), "undeclared", v->undeclared, "missing",
	                           v->missing),
	                 revision);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;
	Confiture__V1__GetIntentResponse *response;
	struct cft_coord coord;
	struct verify v = {.coord = &coord, .undeclared = json_array(), .missing = json_array()};
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc == 0) {
		rc = cft_coord_call(&coord, "GetIntent", &request, &response, err);
		if (rc == 0) {
			v.intent = response->intent;
			cft_coord_sign_of_life(&coord, v.intent->id);
			rc = check(&v, err);
		}
		if (rc == 0) {
			answer(&v, response->revision);
			rc = json_array_size(v.undeclared) ? cft_code_exit(CFT_E_CONFLICT) : 0;
		}
		cft_coord_close(&coord);
	}
	json_decref(v.undeclared);
	json_decref(v.missing);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_INTENT(true),
	{.name = "git-range",
         .type = CFT_OPT_STRING,
         .value = "A..B",
         .required = true,
         .help = "The commits whose added migration files are checked"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"A gate for pull requests: no change that nobody was told of",
         "confiture coordinate verify --intent-id int_abc123def456 --git-range origin/main...HEAD"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_verify = {
	.summary = "Check that the migrations of a branch do what the intent declared",
	.description =
		"Exits with 5 and names each change that the intent does not declare, or declares "
		"otherwise. What is declared and not in the range is listed, and is no failure: it "
		"may come in a later one. A sketch covers whatever is done to its table, a "
		"declared table "
		"whatever is done to it where the intent's DDL does not speak of it.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
