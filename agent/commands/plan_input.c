/* Plan input: the tables behind paths of schema files.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/plan_input.h"

#include "agent/commands/git.h"
#include "common/base/file.h"
#include "common/base/vec.h"
#include "common/sql/effect/analyze.h"
#include "common/sql/syntax/name.h"

#include <string.h>
#include <strings.h>

enum { SCHEMA_FILE_LIMIT_BYTES = 64 << 20 };

struct tables {
	struct cft_cmd *cmd;
	CFT_VEC(char *) names;
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcasecmp(text + len - n, end) == 0;
}

static bool is_path(const char *word)
{
	return strchr(word, '/') || ends_with(word, ".sql");
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcasecmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

static void add_table(struct tables *tables, const char *name)
{
	for (size_t i = 0; i < tables->names.n; i++)
		if (strcmp(tables->names.v[i], name) == 0)
			return;
	cft_vec_push_in(tables->cmd->arena, &tables->names,
	                cft_arena_strdup(tables->cmd->arena, name));
}

/* Whose name a file's statement claims: relations, and what hangs on them. */
static bool names_table(const struct cft_effect *effect)
{
	return cft_effect_op_defines(effect->op) &&
	       (effect->kind == CFT_OBJ_TABLE || effect->kind == CFT_OBJ_VIEW ||
	        effect->kind == CFT_OBJ_MATVIEW || cft_object_kind_is_child(effect->kind));
}

/* "db/schema/10_tables/users.sql" to users, "30_orders.sql" to orders. */
static const char *table_of_path(struct cft_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *stem = slash ? slash + 1 : path;
	size_t digits = strspn(stem, "0123456789");

	if (digits && stem[digits] == '_')
		stem += digits + 1;
	return cft_arena_strndup(arena, stem, strcspn(stem, "."));
}

/* A statement newer than our grammar, or a typing error: which tables it means is unknown, but it
 * must not pass for none. */
static void tell_opaque(struct tables *tables, const char *path, const struct cft_effects *effects)
{
	const char *guess = table_of_path(tables->cmd->arena, path);

	for (size_t i = 0; i < effects->n_statements; i++) {
		const struct cft_effect_statement *statement = &effects->statements[i];
		if (!statement->opaque[0])
			continue;
		cft_out_note(tables->cmd->out, "%s:%d: %s; taken as table %s too", path,
		             statement->line, statement->opaque, guess);
		if (guess[0])
			add_table(tables, guess);
	}
}

static int add_file(struct tables *tables, const char *path, struct cft_err *err)
{
	struct cft_analyze_options options = {.parse = {.psql = true,
	                                                .sketch = true,
	                                                .opaque = true,
	                                                .max_bytes = SCHEMA_FILE_LIMIT_BYTES}};
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_arena *arena = tables->cmd->arena;
	struct cft_effects effects = {0};
	int rc = cft_file_read(path, SCHEMA_FILE_LIMIT_BYTES, &text, err);

	if (rc == 0) {
		rc = cft_sql_analyze(cft_buf_str(&text), text.len, &options, arena, &effects, err);
		if (rc != 0)
			cft_err_at(err, path, err->line, err->column);
	}
	for (size_t i = 0; rc == 0 && i < effects.n; i++)
		if (names_table(&effects.v[i]) && effects.v[i].name[0])
			add_table(tables,
			          cft_name_quote(arena, effects.v[i].schema, effects.v[i].name));
	if (rc == 0)
		tell_opaque(tables, path, &effects);
	cft_buf_release(&text);
	return rc;
}

static int add_path(struct tables *tables, const char *path, struct cft_err *err)
{
	const char *guess;

	if (!ends_with(path, ".sql")) {
		cft_out_note(tables->cmd->out, "%s is no .sql file: it names no tables", path);
		return 0;
	}
	if (cft_file_exists(path))
		return add_file(tables, path, err);
	guess = table_of_path(tables->cmd->arena, path);
	cft_out_note(tables->cmd->out, "%s does not exist (deleted?): taken as table %s", path,
	             guess);
	if (guess[0])
		add_table(tables, guess);
	return 0;
}

/* The name behind the first of the words that stand before a table's name; "" without one. */
static const char *table_of_statement(struct cft_arena *arena, const char *text)
{
	static const char *const before[] = {"TABLE", "ON", "INTO", "FROM", "UPDATE", "VIEW", NULL};
	static const char *const between[] = {"IF", "NOT", "EXISTS", "ONLY", NULL};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_$.\"";
	bool found = false;

	for (const char *p = text; *p;) {
		size_t len = strspn(p, letters);
		const char *word = len ? cft_arena_strndup(arena, p, len) : "";
		if (found && len && !is_one_of(word, between))
			return word;
		found = found || (len && is_one_of(word, before));
		p += len ? len : 1;
	}
	return "";
}

/* SQL that is newer than our grammar, or misspelt, must not pass for nothing: what it can be about
 * is declared, and the server keeps the statement as one that it cannot read. */
static void claim_opaque(struct tables *tables, const struct cft_git_file *file)
{
	struct cft_analyze_options options = {.parse = {.psql = true,
	                                                .sketch = true,
	                                                .opaque = true,
	                                                .max_bytes = SCHEMA_FILE_LIMIT_BYTES}};
	struct cft_arena *arena = tables->cmd->arena;
	struct cft_effects effects = {0};

	if (cft_sql_analyze(file->sql, strlen(file->sql), &options, arena, &effects, NULL) != 0)
		return; /* the server says what is wrong with it */
	for (size_t i = 0; i < effects.n_statements; i++) {
		const struct cft_effect_statement *statement = &effects.statements[i];
		if (!statement->opaque[0])
			continue;
		const char *table = table_of_statement(arena, statement->text);
		if (!table[0])
			table = table_of_path(arena, file->path);
		cft_out_note(tables->cmd->out, "%s:%d: %s; taken as unknown work on table %s",
		             file->path, statement->line, statement->opaque, table);
		add_table(tables, table);
	}
}

static int read_range(struct tables *tables, const char **ret_sql, struct cft_err *err)
{
	struct cft_cmd *cmd = tables->cmd;
	const char *range = cft_cmd_str(cmd, "git-range");
	struct cft_git_files files;

	if (!range)
		return 0;
	if (*ret_sql)
		return cft_fail(err, CFT_E_INVALID,
		                "give --schema-changes or --git-range, not both");
	int rc = cft_git_added(cmd->arena, range, &files, err);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < files.n; i++)
		claim_opaque(tables, &files.v[i]);
	if (files.n == 0)
		cft_out_note(cmd->out, "%s adds no migration", range);
	*ret_sql = cft_git_join(cmd->arena, &files);
	return 0;
}

int cft_plan_input_read(struct cft_cmd *cmd, struct cft_plan_input *ret_input, struct cft_err *err)
{
	struct cft_words words = cft_cmd_list(cmd, "tables-affected");
	const char *sql = cft_cmd_str(cmd, "schema-changes");
	struct tables tables = {.cmd = cmd};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < words.n; i++) {
		if (is_path(words.v[i]))
			rc = add_path(&tables, words.v[i], err);
		else
			add_table(&tables, words.v[i]);
	}
	if (rc == 0)
		rc = read_range(&tables, &sql, err);
	if (rc == 0)
		*ret_input = (struct cft_plan_input){cft_arena_strdup(cmd->arena, sql ? sql : ""),
		                                     tables.names.v, tables.names.n};
	return rc;
}
