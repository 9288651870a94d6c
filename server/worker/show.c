/* Show: differences, statements and findings as messages.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/show.h"

#include "common/base/digest.h"

Confiture__V1__SchemaChange **cft_worker_changes(struct cft_arena *arena,
                                                 const struct cft_plan *plan, size_t *ret_n)
{
	Confiture__V1__SchemaChange **list =
		cft_arena_array(arena, Confiture__V1__SchemaChange *, plan->change_count);

	for (size_t i = 0; i < plan->change_count; i++) {
		const struct cft_change *from = &plan->changes[i];

		list[i] = cft_arena_new(arena, Confiture__V1__SchemaChange);
		confiture__v1__schema_change__init(list[i]);
		list[i]->kind = cft_arena_strdup(arena, from->kind);
		list[i]->object = cft_arena_strdup(arena, from->object);
		list[i]->operation = (char *)cft_change_op_name(from->op);
		list[i]->detail = cft_arena_strdup(arena, from->detail);
	}
	*ret_n = plan->change_count;
	return list;
}

Confiture__V1__SchemaStatement **cft_worker_steps(struct cft_arena *arena,
                                                  const struct cft_step *steps, size_t n)
{
	Confiture__V1__SchemaStatement **list =
		cft_arena_array(arena, Confiture__V1__SchemaStatement *, n);

	for (size_t i = 0; i < n; i++) {
		list[i] = cft_arena_new(arena, Confiture__V1__SchemaStatement);
		confiture__v1__schema_statement__init(list[i]);
		list[i]->sql = cft_arena_strdup(arena, steps[i].sql);
		list[i]->object = cft_arena_strdup(arena, steps[i].object);
		list[i]->lock = cft_arena_strdup(arena, steps[i].lock);
		list[i]->hazard = cft_arena_strdup(arena, steps[i].hazard);
		list[i]->transactional = steps[i].transactional;
		list[i]->rewrites = steps[i].rewrites;
		list[i]->destructive = steps[i].destructive;
	}
	return list;
}

Confiture__V1__NotIncluded **cft_worker_refused(struct cft_arena *arena,
                                                const struct cft_plan *plan, size_t *ret_n)
{
	Confiture__V1__NotIncluded **list =
		cft_arena_array(arena, Confiture__V1__NotIncluded *, plan->refused_count);

	for (size_t i = 0; i < plan->refused_count; i++) {
		list[i] = cft_arena_new(arena, Confiture__V1__NotIncluded);
		confiture__v1__not_included__init(list[i]);
		list[i]->object = cft_arena_strdup(arena, plan->refused[i].object);
		list[i]->reason = cft_arena_strdup(arena, plan->refused[i].reason);
	}
	*ret_n = plan->refused_count;
	return list;
}

char **cft_worker_renames(struct cft_arena *arena, const struct cft_plan *plan, size_t *ret_n)
{
	char **list = cft_arena_array(arena, char *, plan->rename_suggested_count);

	for (size_t i = 0; i < plan->rename_suggested_count; i++)
		list[i] = cft_arena_printf(arena, "%s=%s", plan->renames_suggested[i].from,
		                           plan->renames_suggested[i].to);
	*ret_n = plan->rename_suggested_count;
	return list;
}

Confiture__V1__LintFinding *cft_worker_finding(struct cft_arena *arena, const char *file,
                                               const struct cft_mig_finding *finding)
{
	Confiture__V1__LintFinding *to = cft_arena_new(arena, Confiture__V1__LintFinding);

	confiture__v1__lint_finding__init(to);
	to->file = cft_arena_strdup(arena, file);
	to->line = finding->line;
	to->rule = (char *)cft_mig_lint_rule_name(finding->rule);
	to->object = cft_arena_strdup(arena, finding->object);
	to->message = cft_arena_strdup(arena, finding->message);
	to->lock = cft_arena_strdup(arena, finding->lock);
	to->advice = (char *)cft_mig_lint_advice(finding->rule);
	return to;
}

/* The statements that make it from nothing, in the diff's own order: texts that mean the same
 * schema give the same ones; the ledger's tables are no part of it. */
char *cft_worker_fingerprint(struct cft_arena *arena, const struct cft_schema *schema)
{
	struct cft_schema *nothing = NULL;
	struct cft_plan *plan = NULL;
	struct cft_buf script = CFT_BUF_INIT;
	char hex[CFT_SHA256_HEX] = "";

	if (cft_schema_read_text("", 0, "", &nothing, NULL) == 0 &&
	    cft_schema_diff(nothing, schema, NULL, &plan, NULL) == 0) {
		cft_plan_script(plan, false, false, &script);
		cft_sha256_hex(cft_buf_str(&script), script.len, hex);
	}
	cft_plan_free(plan);
	cft_schema_free(nothing);
	cft_buf_release(&script);
	return cft_arena_strdup(arena, hex);
}
