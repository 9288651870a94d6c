/* confiture coordinate compare: do two changes commute? No server needed.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/command.h"
#include "agent/commands/compare.h"
#include "agent/commands/git.h"
#include "agent/commands/render.h"
#include "common/base/file.h"
#include "common/prove/prove.h"

#include <string.h>

struct input {
	const char *path, *sql;
	struct cft_effects effects;
};

struct compare {
	struct cft_cmd *cmd;
	struct input base, a, b;
	struct cft_comparison result;
	struct cft_proof proof;
	bool proven;
};

static int take_sql(struct cft_cmd *cmd, const char *name, const char *sql, bool base,
                    struct input *ret, struct cft_err *err)
{
	ret->path = name;
	ret->sql = sql;
	int rc = cft_compare_analyze(cmd, sql, base, &ret->effects, err);
	if (rc != 0 && err)
		cft_err_at(err, name, err->line, err->column);
	return rc;
}

static int read_input(struct cft_cmd *cmd, const char *path, bool base, struct input *ret,
                      struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_file_read(path, CFT_COMPARE_LIMIT_BYTES, &text, err);

	if (rc == 0)
		rc = take_sql(cmd, path,
		              cft_arena_strndup(cmd->arena, cft_buf_str(&text), text.len), base,
		              ret, err);
	cft_buf_release(&text);
	return rc;
}

static int read_range(struct cft_cmd *cmd, const char *range, struct input *ret,
                      struct cft_err *err)
{
	struct cft_git_files files;
	int rc = cft_git_added(cmd->arena, range, &files, err);

	return rc ? rc : take_sql(cmd, range, cft_git_join(cmd->arena, &files), false, ret, err);
}

/* Of the files and the ranges that were given, the first two: A and B. */
static int read_sides(struct compare *c, struct cft_err *err)
{
	struct cft_words files = c->cmd->args, ranges = cft_cmd_list(c->cmd, "git-range");
	struct input *sides[] = {&c->a, &c->b};
	int rc = 0;

	if (files.n + ranges.n != 2)
		return cft_fail(err, CFT_E_INVALID,
		                "give two SQL files, or ranges of commits with --git-range, to "
		                "compare");
	for (size_t i = 0; i < 2 && rc == 0; i++)
		rc = i < files.n ? read_input(c->cmd, files.v[i], false, sides[i], err)
		                 : read_range(c->cmd, ranges.v[i - files.n], sides[i], err);
	return rc;
}

static enum cft_verdict verdict_of(const struct compare *c)
{
	return c->proven && c->proof.provable ? c->proof.verdict : c->result.verdict;
}

/* Neither is SQL that cannot be read a clean one. */
static bool clean(const struct compare *c)
{
	return verdict_of(c) == CFT_VERDICT_COMMUTE &&
	       (c->proven || c->result.severity < CFT_SEVERITY_WARNING);
}

static void compare(struct compare *c)
{
	struct cft_compare_options options = {.name_a = "A", .name_b = "B"};
	struct cft_base *base = c->base.path ? cft_base_new(&c->base.effects) : NULL;

	cft_conflict_compare(&c->a.effects, &c->b.effects, base, &options, c->cmd->arena,
	                     &c->result);
	cft_base_free(base);
}

static int prove(struct compare *c, struct cft_err *err)
{
	struct cft_proof_input input = {c->base.path ? c->base.sql : "", c->a.sql, c->b.sql};
	struct cft_prover *prover = NULL;
	int rc = cft_prover_new(cft_cmd_str(c->cmd, "db-url"), &prover, err);

	if (rc == 0)
		rc = cft_prove(prover, &input, c->cmd->arena, &c->proof, err);
	cft_prover_free(prover);
	c->proven = rc == 0;
	return rc;
}

static json_t *locks_json(const struct compare *c, const struct cft_effects *effects)
{
	struct cft_table_lock *locks;
	json_t *array = json_array();
	size_t n;

	cft_conflict_locks(effects, NULL, c->cmd->arena, &locks, &n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_pack("{s:s,s:s,s:b}", "table", locks[i].table,
		                                       "lock", cft_lock_text(locks[i].lock),
		                                       "rewrite", locks[i].rewrite));
	return array;
}

static json_t *document(const struct compare *c, json_t *proof)
{
	json_t *conflicts = json_array();

	for (size_t i = 0; i < c->result.n_findings; i++)
		json_array_append_new(conflicts, cft_finding_to_json(&c->result.findings[i]));
	return json_pack(
		"{s:s,s:s,s:s,s:o,s:{s:o,s:o},s:o}", "verdict", cft_verdict_text(verdict_of(c)),
		"severity", cft_severity_text(c->result.severity), "predicted",
		cft_verdict_text(c->result.verdict), "conflicts", conflicts, "locks", "a",
		locks_json(c, &c->a.effects), "b", locks_json(c, &c->b.effects), "proof", proof);
}

static const char *verdict_sentence(enum cft_verdict verdict)
{
	switch (verdict) {
	case CFT_VERDICT_COMMUTE:
		return "The two commute: both orders work and give the same schema";
	case CFT_VERDICT_ONLY_AB:
		return "Only A before B works";
	case CFT_VERDICT_ONLY_BA:
		return "Only B before A works";
	case CFT_VERDICT_NEITHER:
		return "No order works";
	case CFT_VERDICT_DIFFER:
		return "Both orders work, and give different results";
	case CFT_VERDICT_LATENT:
		return "Both orders give the same schema, and something breaks when it runs";
	}
	return "";
}

static void print_finding(struct cft_output *out, const struct cft_finding *f)
{
	enum cft_mark mark = f->severity == CFT_SEVERITY_ERROR     ? CFT_MARK_ERROR
	                     : f->severity == CFT_SEVERITY_WARNING ? CFT_MARK_WARN
	                                                           : CFT_MARK_INFO;

	cft_out_mark(out, mark, "%s (%s): %s", cft_severity_text(f->severity),
	             cft_class_text(f->class_), f->explanation);
	for (size_t i = 0; i < f->n_objects; i++)
		cft_out_text(out, "    %s", f->objects[i]);
	for (size_t i = 0; i < f->n_suggestions; i++)
		cft_out_mark(out, CFT_MARK_BULLET, "%s", f->suggestions[i]);
}

static void answer(const struct compare *c)
{
	struct cft_output *out = c->cmd->out;
	enum cft_verdict verdict = verdict_of(c);
	json_t *proof = c->proven ? cft_proof_to_json(&c->proof) : json_null();

	cft_out_mark(out, clean(c) ? CFT_MARK_OK : CFT_MARK_WARN, "%s%s", verdict_sentence(verdict),
	             clean(c) || verdict != CFT_VERDICT_COMMUTE ? "" : ", as far as is known");
	for (size_t i = 0; i < c->result.n_findings; i++)
		print_finding(out, &c->result.findings[i]);
	if (c->proven)
		cft_render_proof_text(out, proof, "A", "B", cft_verdict_text(c->result.verdict));
	cft_out_json(out, document(c, proof));
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct compare c = {.cmd = cmd};
	const char *base = cft_cmd_str(cmd, "base");
	bool branches = cft_cmd_has(cmd, "branches");
	int rc = 0;

	if (branches && cmd->args.n > 0)
		return cft_fail(err, CFT_E_INVALID,
		                "--branches takes one pattern, and no files: '%s' is too much",
		                cmd->args.v[0]);
	if (base)
		rc = read_input(cmd, base, true, &c.base, err);
	if (rc == 0 && branches)
		return cft_compare_branches(cmd, base ? &c.base.effects : NULL, err);
	if (rc == 0)
		rc = read_sides(&c, err);
	if (rc != 0)
		return rc;
	compare(&c);
	if (cft_cmd_flag(cmd, "prove") || cft_cmd_has(cmd, "db-url"))
		rc = prove(&c, err);
	if (rc != 0)
		return rc;
	answer(&c);
	return cft_cmd_flag(cmd, "exit-code") && !clean(&c) ? 1 : 0;
}

static const struct cft_opt options[] = {
	{.name = "base",
         .type = CFT_OPT_PATH,
         .value = "SCHEMA.sql",
         .help = "The schema that both start from; without it, what they refer to is taken to "
                 "exist, and with --branches it is the migrations of --against"},
	CFT_COMPARE_RANGES,
	CFT_COMPARE_BRANCHES,
	CFT_COMPARE_AGAINST,
	{.name = "prove",
         .type = CFT_OPT_FLAG,
         .help = "Run both orders in throw-away databases of a private PostgreSQL"},
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "Prove beside this database instead, with its role"},
	{.name = "exit-code",
         .type = CFT_OPT_FLAG,
         .help = "Exit with 1 unless they commute; SQL that cannot be read does not count as such"},
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "A.sql", .help = "One change"},
	{.name = "B.sql", .help = "The other"},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Can two migrations be applied in any order?",
         "confiture coordinate compare --base schema.sql 004_a.sql 004_b.sql"},
	{"The same, and let PostgreSQL prove it",
         "confiture coordinate compare --base schema.sql --prove 004_a.sql 004_b.sql"},
	{"Do the migrations of two branches go together?",
         "confiture coordinate compare --git-range main...alice,main...bob"},
	{"A gate for pull requests that needs no server",
         "confiture coordinate compare --branches 'origin/*' --against origin/main --exit-code"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_compare = {
	.summary = "Compare two changes: which orders work, and do they end alike",
	.description =
		"Needs no server. Both orders are executed on a model of the schema with "
		"PostgreSQL's rules. The verdict is commute, only_ab, only_ba, neither, differ "
		"or latent; docs/conflicts.md explains them. With --prove the verdict is what "
		"PostgreSQL did. With --branches every two open branches are compared.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
