/* confiture coordinate compare: do two changes commute? No server needed.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/command.h"
#include "agent/commands/render.h"
#include "common/base/file.h"
#include "common/prove/prove.h"
#include "common/sql/analyze.h"

#include <string.h>

enum { SQL_LIMIT_BYTES = 64 << 20 };

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

static int read_input(struct cft_cmd *cmd, const char *path, bool base, struct input *ret,
                      struct cft_err *err)
{
	struct cft_analyze_options options = {0};
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_file_read(path, SQL_LIMIT_BYTES, &text, err);

	options.parse.max_bytes = SQL_LIMIT_BYTES;
	options.parse.psql = options.parse.opaque = true;
	options.parse.sketch = !base;
	if (rc == 0) {
		ret->path = path;
		ret->sql = cft_arena_strndup(cmd->arena, cft_buf_str(&text), text.len);
		rc = cft_sql_analyze(ret->sql, text.len, &options, cmd->arena, &ret->effects, err);
		if (rc != 0 && err)
			cft_err_at(err, path, err->line, err->column);
	}
	cft_buf_release(&text);
	return rc;
}

/* Of a file whole grammar is unknown nothing was read: say so instead of "no conflict". */
static int check_readable(const struct input *in, struct cft_err *err)
{
	size_t opaque = 0;

	for (size_t i = 0; i < in->effects.n_statements; i++)
		opaque += *in->effects.statements[i].opaque != '\0';
	if (opaque == 0 || opaque < in->effects.n_statements)
		return 0;
	cft_fail(err, CFT_E_SYNTAX, "%s", in->effects.statements[0].opaque);
	return cft_err_at(err, in->path, in->effects.statements[0].line,
	                  in->effects.statements[0].column);
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

static enum cft_verdict verdict_of(const struct compare *c)
{
	return c->proven && c->proof.provable ? c->proof.verdict : c->result.verdict;
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

	cft_out_mark(out, verdict == CFT_VERDICT_COMMUTE ? CFT_MARK_OK : CFT_MARK_WARN, "%s",
	             verdict_sentence(verdict));
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
	int rc = 0;

	if (cmd->args.n != 2)
		return cft_fail(err, CFT_E_INVALID, "give two SQL files to compare");
	if (base)
		rc = read_input(cmd, base, true, &c.base, err);
	if (rc == 0)
		rc = read_input(cmd, cmd->args.v[0], false, &c.a, err);
	if (rc == 0)
		rc = read_input(cmd, cmd->args.v[1], false, &c.b, err);
	if (rc == 0)
		rc = check_readable(&c.a, err);
	if (rc == 0)
		rc = check_readable(&c.b, err);
	if (rc != 0)
		return rc;
	compare(&c);
	if (cft_cmd_flag(cmd, "prove") || cft_cmd_has(cmd, "db-url"))
		rc = prove(&c, err);
	if (rc != 0)
		return rc;
	answer(&c);
	return cft_cmd_flag(cmd, "exit-code") && verdict_of(&c) != CFT_VERDICT_COMMUTE ? 1 : 0;
}

static const struct cft_opt options[] = {
	{.name = "base",
         .type = CFT_OPT_PATH,
         .value = "SCHEMA.sql",
         .help = "The schema that both start from; without it, what they refer to is taken to "
                 "exist"},
	{.name = "prove",
         .type = CFT_OPT_FLAG,
         .help = "Run both orders in throw-away databases of a private PostgreSQL"},
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "Prove beside this database instead, with its role"},
	{.name = "exit-code", .type = CFT_OPT_FLAG, .help = "Exit with 1 unless the two commute"},
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "A.sql", .help = "One change", .required = true},
	{.name = "B.sql", .help = "The other", .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Can two migrations be applied in any order?",
         "confiture coordinate compare --base schema.sql 004_a.sql 004_b.sql"},
	{"The same, and let PostgreSQL prove it",
         "confiture coordinate compare --base schema.sql --prove 004_a.sql 004_b.sql"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_compare = {
	.summary = "Compare two changes: which orders work, and do they end alike",
	.description =
		"Needs no server. Both orders are executed on a model of the schema with "
		"PostgreSQL's rules. The verdict is commute, only_ab, only_ba, neither, differ "
		"or latent; docs/conflicts.md explains them. With --prove the verdict is what "
		"PostgreSQL did.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
