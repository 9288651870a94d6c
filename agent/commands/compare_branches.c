/* Compare branches: the open branches of a repository pairwise, without a server.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/compare.h"
#include "agent/commands/git.h"
#include "common/base/vec.h"
#include "common/sql/conflict/conflict.h"
#include "common/sql/effect/analyze.h"

#include <string.h>

struct branch {
	const char *name;
	struct cft_git_files files;
	struct cft_effects effects;
};

struct pairs {
	struct cft_cmd *cmd;
	const char *against;
	struct cft_base *base;
	CFT_VEC(struct branch) branches; /* those that add migrations */
	struct cft_table table;
	json_t *list; /* the pairs that do not go together */
	size_t compared;
};

int cft_compare_analyze(struct cft_cmd *cmd, const char *sql, bool base, struct cft_effects *ret,
                        struct cft_err *err)
{
	struct cft_analyze_options options = {.parse = {.psql = true,
	                                                .opaque = true,
	                                                .sketch = !base,
	                                                .max_bytes = CFT_COMPARE_LIMIT_BYTES}};

	return cft_sql_analyze(sql, strlen(sql), &options, cmd->arena, ret, err);
}

static int read_branch(struct pairs *p, const char *name, struct cft_err *err)
{
	struct branch branch = {.name = name};
	struct cft_arena *arena = p->cmd->arena;
	const char *range = cft_arena_printf(arena, "%s...%s", p->against, name);
	int rc = cft_git_added(arena, range, &branch.files, err);

	if (rc == 0 && branch.files.n > 0)
		rc = cft_compare_analyze(p->cmd, cft_git_join(arena, &branch.files), false,
		                         &branch.effects, err);
	if (rc != 0)
		return cft_err_prefix(err, "branch %s", name);
	if (branch.files.n > 0)
		cft_vec_push_in(arena, &p->branches, branch);
	return 0;
}

static int read_branches(struct pairs *p, struct cft_err *err)
{
	struct cft_git_names names;
	int rc = cft_git_branches(p->cmd->arena, cft_cmd_str(p->cmd, "branches"), &names, err);

	for (size_t i = 0; i < names.n && rc == 0; i++)
		if (strcmp(names.v[i], p->against) != 0)
			rc = read_branch(p, names.v[i], err);
	return rc;
}

/* What is merged already: the migrations of the branch that all will be merged into. A base that
 * cannot be read is none, as without one what the branches name is taken to exist. */
static struct cft_base *merged_base(struct pairs *p)
{
	struct cft_git_files files;
	struct cft_effects effects = {0};
	struct cft_err err = CFT_ERR_INIT;
	int rc = cft_git_tree(p->cmd->arena, p->against, &files, &err);

	if (rc == 0 && files.n == 0)
		return NULL;
	if (rc == 0)
		rc = cft_compare_analyze(p->cmd, cft_git_join(p->cmd->arena, &files), true,
		                         &effects, &err);
	if (rc == 0)
		return cft_base_new(&effects);
	cft_out_mark(p->cmd->out, CFT_MARK_WARN,
	             "compared without a base schema: the migrations of %s cannot be read: %s",
	             p->against, err.message);
	return NULL;
}

static void tell(struct pairs *p, const struct branch *a, const struct branch *b,
                 const struct cft_comparison *result)
{
	json_t *conflicts = json_array();

	for (size_t i = 0; i < result->n_findings; i++)
		json_array_append_new(conflicts, cft_finding_to_json(&result->findings[i]));
	json_array_append_new(p->list,
	                      json_pack("{s:s,s:s,s:s,s:s,s:o}", "branch_a", a->name, "branch_b",
	                                b->name, "verdict", cft_verdict_text(result->verdict),
	                                "severity", cft_severity_text(result->severity),
	                                "conflicts", conflicts));
	cft_table_cell(&p->table, CFT_STYLE_PLAIN, "%s", a->name);
	cft_table_cell(&p->table, CFT_STYLE_PLAIN, "%s", b->name);
	cft_table_cell(&p->table, CFT_STYLE_PLAIN, "%s", cft_verdict_text(result->verdict));
	cft_table_cell(&p->table, CFT_STYLE_PLAIN, "%s", cft_severity_text(result->severity));
	cft_table_cell(&p->table, CFT_STYLE_PLAIN, "%s",
	               result->n_findings ? result->findings[0].explanation : "");
}

static void compare_pair(struct pairs *p, const struct branch *a, const struct branch *b)
{
	struct cft_compare_options options = {.name_a = a->name, .name_b = b->name};
	struct cft_comparison result;

	cft_conflict_compare(&a->effects, &b->effects, p->base, &options, p->cmd->arena, &result);
	p->compared++;
	if (result.verdict != CFT_VERDICT_COMMUTE || result.severity >= CFT_SEVERITY_WARNING)
		tell(p, a, b, &result);
}

static json_t *branches_json(const struct pairs *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < p->branches.n; i++) {
		const struct branch *branch = &p->branches.v[i];
		json_t *files = json_array();
		for (size_t k = 0; k < branch->files.n; k++)
			json_array_append_new(files, json_string(branch->files.v[k].path));
		json_array_append_new(list,
		                      json_pack("{s:s,s:o}", "name", branch->name, "files", files));
	}
	return list;
}

static void answer(struct pairs *p)
{
	struct cft_output *out = p->cmd->out;
	size_t found = json_array_size(p->list);

	if (found)
		cft_out_table(out, &p->table);
	cft_out_mark(out, found ? CFT_MARK_WARN : CFT_MARK_OK,
	             "%zu of %zu pairs of branches conflict (%zu branches add migrations to %s)",
	             found, p->compared, p->branches.n, p->against);
	cft_out_json(out, json_pack("{s:s,s:b,s:o,s:I,s:I,s:O}", "against", p->against, "with_base",
	                            p->base != NULL, "branches", branches_json(p), "compared",
	                            (json_int_t)p->compared, "conflicts_detected",
	                            (json_int_t)found, "pairs", p->list));
}

int cft_compare_branches(struct cft_cmd *cmd, const struct cft_effects *base, struct cft_err *err)
{
	static const struct cft_column columns[] = {
		{.title = "Branch"},
		{.title = "Branch"},
		{.title = "Verdict"},
		{.title = "Severity"},
		{.title = "Why", .flexible = true},
	};
	struct pairs p = {.cmd = cmd, .against = cft_cmd_str(cmd, "against")};
	int rc = read_branches(&p, err);

	if (rc != 0)
		return rc;
	p.base = base ? cft_base_new(base) : merged_base(&p);
	p.list = json_array();
	cft_table_init(&p.table, NULL, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < p.branches.n; i++)
		for (size_t k = i + 1; k < p.branches.n; k++)
			compare_pair(&p, &p.branches.v[i], &p.branches.v[k]);
	answer(&p);
	rc = json_array_size(p.list) && cft_cmd_flag(cmd, "exit-code") ? 1 : 0;
	cft_table_release(&p.table);
	json_decref(p.list);
	cft_base_free(p.base);
	return rc;
}
