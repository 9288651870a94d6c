/* Reads: intents, conflicts, claims and plans.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/mutate.h"
#include "server/services/query.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

static void fail_unknown(struct cft_query *query, const char *what, const char *id)
{
	struct cft_err err;

	cft_fail(&err, CFT_E_NOT_FOUND, "there is no %s '%.100s' in project '%s'", what, id,
	         query->project);
	cft_err_at(&err, id, 0, 0);
	cft_rpc_fail(query->call, &err);
}

/* A read of one thing: its id is asked for before the state is. */
static void find(struct cft_query *query, const char *field, const char *id, uint64_t min_revision)
{
	struct cft_err err;

	if (!query)
		return;
	if (cft_check_name(field, id, true, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_query_run(query, min_revision);
}

/* -- one intent -- */

static void answer_get_intent(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__GetIntentRequest *r = query->request;
	const struct cft_intent *intent = cft_state_intent(view->state, r->intent_id);
	Confiture__V1__GetIntentResponse response = CONFITURE__V1__GET_INTENT_RESPONSE__INIT;

	if (!intent) {
		fail_unknown(query, "intent", r->intent_id);
		return;
	}
	response.intent = cft_show_intent(view, intent);
	response.conflicts = cft_show_conflicts_of(view, intent->id, &response.n_conflicts);
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(get_intent)
{
	const Confiture__V1__GetIntentRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_get_intent);

	find(query, "intent_id", r->intent_id, r->min_revision);
}

/* -- check -- */

/* The tables that the plan touches, each once. */
static char **tables_of(const struct cft_view *view, const struct cft_effects *effects,
                        const Confiture__V1__CheckIntentRequest *r, size_t *ret_n)
{
	struct cft_strings declared = {(const char **)r->tables_affected, r->n_tables_affected};
	struct cft_strings tables = {0};

	cft_intent_tables(effects, &declared, view->arena, &tables);
	*ret_n = tables.n;
	return (char **)tables.v;
}

static bool is_sketch(const struct cft_effects *effects)
{
	for (size_t i = 0; i < effects->n_statements; i++) {
		if (effects->statements[i].sketch)
			return true;
	}
	return false;
}

static void answer_check(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__CheckIntentRequest *r = query->request;
	const struct cft_effects *effects = &query->analysis->effects;
	Confiture__V1__CheckIntentResponse response = CONFITURE__V1__CHECK_INTENT_RESPONSE__INIT;
	struct cft_conflict_list list = {0};
	struct cft_plan plan = {.effects = effects};

	plan.tables_declared.v = (const char **)r->tables_affected;
	plan.tables_declared.n = r->n_tables_affected;
	cft_state_check(view->state, r->agent_id, &plan, r->intent_id, r->branch_name, view->now_us,
	                view->arena, &list);
	struct cft_intent subject = {.id = r->intent_id,
	                             .agent_id = r->agent_id,
	                             .effects = effects,
	                             .status = CFT_INTENT_REGISTERED};
	cft_add_missing(view, &subject, &list);
	response.conflicts = cft_show_conflicts(view, &list);
	response.n_conflicts = list.n;
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	response.live_intents = cft_state_live_intents(view->state);
	response.tables_affected = tables_of(view, effects, r, &response.n_tables_affected);
	response.sketch = is_sketch(effects);
	cft_renew_by_activity(query->coordination, query->project, view->state, r->intent_id,
	                      r->agent_id);
	cft_rpc_reply(query->call, &response);
}

static void check_analyzed(void *arg, struct cft_analysis *analysis, const struct cft_err *err)
{
	struct cft_query *query = arg;
	const Confiture__V1__CheckIntentRequest *r = query->request;

	if (!analysis) {
		cft_rpc_fail(query->call, err);
		return;
	}
	query->analysis = cft_analysis_ref(analysis);
	cft_query_run(query, r->min_revision);
}

static int validate_check(const Confiture__V1__CheckIntentRequest *r, struct cft_err *err)
{
	int rc = cft_check_name("agent_id", r->agent_id, false, err);

	if (rc == 0)
		rc = cft_check_name("intent_id", r->intent_id, false, err);
	if (rc == 0)
		rc = cft_check_name("branch_name", r->branch_name, false, err);
	if (rc == 0)
		rc = cft_check_text("schema_changes", r->schema_changes, CFT_SQL_FIELD_MAX_BYTES,
		                    err);
	if (rc == 0)
		rc = cft_check_names("tables_affected", r->tables_affected, r->n_tables_affected,
		                     err);
	return rc;
}

CFT_HANDLER(check_intent)
{
	const Confiture__V1__CheckIntentRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_check);
	struct cft_analyzer_query sql = {
		.sql = r->schema_changes,
		.len = strlen(r->schema_changes),
		.tables = (const char *const *)r->tables_affected,
		.n_tables = r->n_tables_affected,
	};
	struct cft_err err;

	if (!query)
		return;
	if (validate_check(r, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_analyzer_submit(query->coordination->analyzer, &sql, check_analyzed, query);
}

/* -- lists -- */

static uint32_t status_mask(const Confiture__V1__ListIntentsRequest *r)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < r->n_statuses; i++)
		mask |= r->statuses[i] < 32 ? 1u << r->statuses[i] : 0;
	if (r->active_only)
		mask |= 1u << CFT_INTENT_REGISTERED | 1u << CFT_INTENT_IN_PROGRESS |
		        1u << CFT_INTENT_EXPIRED;
	return mask;
}

static void answer_list_intents(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__ListIntentsRequest *r = query->request;
	Confiture__V1__ListIntentsResponse response = CONFITURE__V1__LIST_INTENTS_RESPONSE__INIT;
	struct cft_intent_filter filter = {status_mask(r), r->agent_id, r->table};
	struct cft_intent_list list = {0};
	struct cft_page_token token;
	struct cft_err err;

	if (cft_page_token_parse(r->page_token, &token, &err) < 0) {
		cft_query_fail(query, &err);
		return;
	}
	cft_state_list_intents(view->state, &filter, view->arena, &list);
	response.intents = cft_arena_array(view->arena, Confiture__V1__Intent *, query->page_size);
	for (size_t i = 0; i < list.n; i++) {
		const struct cft_intent *intent = list.v[i];

		if (cft_page_token_passed(&token, intent->created_revision, intent->id))
			continue;
		if (response.n_intents == query->page_size) {
			const struct cft_intent *last = list.v[i - 1];
			response.next_page_token =
				cft_page_token_make(view->arena, last->created_revision, last->id);
			break;
		}
		response.intents[response.n_intents++] = cft_show_intent(view, intent);
	}
	response.total = list.n;
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(list_intents)
{
	const Confiture__V1__ListIntentsRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_list_intents);
	struct cft_err err;

	if (!query)
		return;
	if (cft_check_page(r->page_size, &query->page_size, &err) < 0 ||
	    cft_check_name("table", r->table, false, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_query_run(query, r->min_revision);
}

static int by_detection(const void *a, const void *b)
{
	const struct cft_conflict *left = *(const struct cft_conflict *const *)a;
	const struct cft_conflict *right = *(const struct cft_conflict *const *)b;

	if (left->created_revision != right->created_revision)
		return left->created_revision < right->created_revision ? -1 : 1;
	return strcmp(left->id, right->id);
}

static void answer_list_conflicts(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__ListConflictsRequest *r = query->request;
	Confiture__V1__ListConflictsResponse response =
		CONFITURE__V1__LIST_CONFLICTS_RESPONSE__INIT;
	struct cft_conflict_filter filter = {
		.intent_id = r->intent_id[0] ? r->intent_id : NULL,
		.agent_id = r->agent_id[0] ? r->agent_id : NULL,
		.resolved = r->include_resolved,
		.vanished = r->include_vanished,
		.min_severity = (int)r->min_severity,
	};
	struct cft_conflict_list list = {0};
	struct cft_page_token token;
	struct cft_err err;

	if (cft_page_token_parse(r->page_token, &token, &err) < 0) {
		cft_query_fail(query, &err);
		return;
	}
	cft_state_list_conflicts(view->state, &filter, view->arena, &list);
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), by_detection);
	response.conflicts =
		cft_arena_array(view->arena, Confiture__V1__Conflict *, query->page_size);
	for (size_t i = 0; i < list.n; i++) {
		const struct cft_conflict *conflict = list.v[i];

		if (cft_page_token_passed(&token, conflict->created_revision, conflict->id))
			continue;
		if (response.n_conflicts == query->page_size) {
			const struct cft_conflict *last = list.v[i - 1];
			response.next_page_token =
				cft_page_token_make(view->arena, last->created_revision, last->id);
			break;
		}
		response.conflicts[response.n_conflicts++] = cft_show_conflict(view, conflict);
	}
	response.total = list.n;
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(list_conflicts)
{
	const Confiture__V1__ListConflictsRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_list_conflicts);
	struct cft_err err;

	if (!query)
		return;
	if (cft_check_page(r->page_size, &query->page_size, &err) < 0 ||
	    cft_check_enum("min_severity", (int)r->min_severity, CFT_SEVERITY_ERROR, &err) < 0)
		cft_query_fail(query, &err);
	else
		cft_query_run(query, r->min_revision);
}

static void answer_get_conflict(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__GetConflictRequest *r = query->request;
	const struct cft_conflict *conflict = cft_state_conflict(view->state, r->conflict_id);
	Confiture__V1__GetConflictResponse response = CONFITURE__V1__GET_CONFLICT_RESPONSE__INIT;
	const struct cft_intent *a, *b;

	if (!conflict) {
		fail_unknown(query, "conflict", r->conflict_id);
		return;
	}
	a = cft_state_intent(view->state, conflict->intent_a);
	b = cft_state_intent(view->state, conflict->intent_b);
	response.conflict = cft_show_conflict(view, conflict);
	response.intent_a = a ? cft_show_intent(view, a) : NULL;
	response.intent_b = b ? cft_show_intent(view, b) : NULL;
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(get_conflict)
{
	const Confiture__V1__GetConflictRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_get_conflict);

	find(query, "conflict_id", r->conflict_id, r->min_revision);
}

/* -- claims -- */

static Confiture__V1__ObjectClaim *show_claim(const struct cft_view *view,
                                              const struct cft_claim *claim)
{
	Confiture__V1__ObjectClaim *to = cft_arena_new(view->arena, Confiture__V1__ObjectClaim);

	confiture__v1__object_claim__init(to);
	to->intent_id = (char *)claim->intent->id;
	to->agent_id = (char *)claim->intent->agent_id;
	to->status = (Confiture__V1__IntentStatus)claim->intent->status;
	to->object = (char *)claim->object;
	to->operation = (char *)claim->operation;
	to->statement = (char *)claim->statement;
	return to;
}

static void answer_claims(struct cft_query *query, const struct cft_view *view)
{
	const Confiture__V1__ListObjectClaimsRequest *r = query->request;
	Confiture__V1__ListObjectClaimsResponse response =
		CONFITURE__V1__LIST_OBJECT_CLAIMS_RESPONSE__INIT;
	struct cft_claim_list list = {0};

	cft_state_claims(view->state, r->object, view->arena, &list);
	response.claims = cft_arena_array(view->arena, Confiture__V1__ObjectClaim *, list.n);
	for (size_t i = 0; i < list.n; i++)
		response.claims[response.n_claims++] = show_claim(view, &list.v[i]);
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(list_object_claims)
{
	const Confiture__V1__ListObjectClaimsRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_claims);

	find(query, "object", r->object, r->min_revision);
}

/* -- plans -- */

static Confiture__V1__PlanStep *show_step(const struct cft_view *view,
                                          const struct cft_order_step *step)
{
	Confiture__V1__PlanStep *to = cft_arena_new(view->arena, Confiture__V1__PlanStep);

	confiture__v1__plan_step__init(to);
	to->intent_id = (char *)step->intent->id;
	to->after = (char **)step->after.v;
	to->n_after = step->after.n;
	to->reason = (char *)(step->reason ? step->reason : "");
	to->agent_id = (char *)step->intent->agent_id;
	to->feature_name = (char *)step->intent->feature_name;
	return to;
}

static void show_members(const struct cft_view *view, const struct cft_blocked_set *set,
                         Confiture__V1__BlockedSet *to)
{
	to->agent_ids = cft_arena_array(view->arena, char *, set->intents.n);
	to->feature_names = cft_arena_array(view->arena, char *, set->intents.n);
	to->n_agent_ids = to->n_feature_names = set->intents.n;
	for (size_t i = 0; i < set->intents.n; i++) {
		const struct cft_intent *intent = cft_state_intent(view->state, set->intents.v[i]);

		to->agent_ids[i] = (char *)intent->agent_id;
		to->feature_names[i] = (char *)intent->feature_name;
	}
}

static Confiture__V1__BlockedSet *show_blocked(const struct cft_view *view,
                                               const struct cft_blocked_set *set)
{
	Confiture__V1__BlockedSet *to = cft_arena_new(view->arena, Confiture__V1__BlockedSet);

	confiture__v1__blocked_set__init(to);
	to->intent_ids = (char **)set->intents.v;
	to->n_intent_ids = set->intents.n;
	to->conflict_ids = (char **)set->conflicts.v;
	to->n_conflict_ids = set->conflicts.n;
	to->reason = (char *)(set->reason ? set->reason : "");
	show_members(view, set, to);
	return to;
}

static void answer_plan(struct cft_query *query, const struct cft_view *view)
{
	Confiture__V1__PlanIntentsResponse response = CONFITURE__V1__PLAN_INTENTS_RESPONSE__INIT;
	struct cft_intent_order order = {0};

	cft_state_order(view->state, view->now_us, view->arena, &order);
	response.steps = cft_arena_array(view->arena, Confiture__V1__PlanStep *, order.n_steps);
	for (size_t i = 0; i < order.n_steps; i++)
		response.steps[response.n_steps++] = show_step(view, &order.steps[i]);
	response.blocked =
		cft_arena_array(view->arena, Confiture__V1__BlockedSet *, order.n_blocked);
	for (size_t i = 0; i < order.n_blocked; i++)
		response.blocked[response.n_blocked++] = show_blocked(view, &order.blocked[i]);
	response.revision = cft_state_revision(view->state);
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(plan_intents)
{
	const Confiture__V1__PlanIntentsRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_plan);

	if (query)
		cft_query_run(query, r->min_revision);
}
