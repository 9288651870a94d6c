/* Prove: ProveConflict, from the stored intents to the evidence in the log.
 * SPDX-License-Identifier: MIT
 *
 * Read the conflict and copy the SQL of its sides and of the base; let the prover run both orders
 * outside of the loop; then one command keeps what came out, if the intents are still the same.
 */
#include "common/base/buf.h"
#include "server/services/mutate.h"
#include "server/services/validate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Lives in the call's arena. */
struct proving {
	struct cft_mutation m;
	struct cft_rpc_call *call;
	const char *base_fingerprint;
	struct cft_proof_job *job; /* waits, or runs */
};

static void fail_proving(struct cft_mutation *m, const struct cft_err *err)
{
	cft_rpc_fail(((struct proving *)m->owner)->call, err);
}

static void reply_proving(struct cft_mutation *m, const struct cft_view *view,
                          const struct cft_decision *decision)
{
	Confiture__V1__ProveConflictResponse response =
		CONFITURE__V1__PROVE_CONFLICT_RESPONSE__INIT;
	const struct cft_conflict *conflict =
		cft_state_conflict(view->state, m->command.conflict_id);

	if (conflict)
		response.conflict = cft_show_conflict(view, conflict);
	response.revision = decision->revision;
	response.base_schema = cft_show_base(view);
	cft_rpc_reply(((struct proving *)m->owner)->call, &response);
}

/* -- 3: keep it -- */

/* Evidence says what it is about, so that a reader sees when it is out of date. */
static void complete_proof(const struct proving *p, json_t *proof)
{
	const struct cft_command *command = &p->m.command;

	json_object_set_new(proof, "generation_a", json_integer(command->generation_a));
	json_object_set_new(proof, "generation_b", json_integer(command->generation_b));
	json_object_set_new(proof, "base",
	                    p->base_fingerprint ? json_string(p->base_fingerprint) : json_null());
	json_object_set_new(proof, "proven_by", json_string(command->actor));
}

static void on_proof(void *arg, json_t *proof, const struct cft_err *err)
{
	struct proving *p = arg;
	struct cft_command *command = &p->m.command;

	p->job = NULL;
	if (!proof) {
		fail_proving(&p->m, err);
		return;
	}
	complete_proof(p, proof);
	char *json = cft_json_compact(proof);
	const char *verdict = json_string_value(json_object_get(proof, "verdict"));
	command->proof_json = cft_arena_strdup(p->m.arena, json);
	command->proven_verdict = cft_arena_strdup(p->m.arena, verdict ? verdict : "");
	free(json);
	cft_mutation_run(&p->m);
}

static void fail_gone(struct proving *p)
{
	struct cft_err err;

	cft_rpc_gone(&err);
	fail_proving(&p->m, &err);
}

static void on_cancelled(void *arg)
{
	struct proving *p = arg;

	if (!p->job)
		return; /* to read and to keep takes no time */
	cft_prover_pool_cancel(p->m.coordination->prover, p->job);
	fail_gone(p);
}

static const struct cft_rpc_hooks hooks = {.on_cancelled = on_cancelled};

/* The last use of `p` where the proof is refused at once. */
static void submit(struct proving *p, const struct cft_proof_texts *texts)
{
	if (cft_rpc_call_gone(p->call)) {
		fail_gone(p);
		return;
	}
	struct cft_proof_job *job =
		cft_prover_pool_submit(p->m.coordination->prover, texts, on_proof, p);
	if (job)
		p->job = job;
}

/* -- 1, 2: what is to be proven -- */

static char *join(struct cft_arena *arena, const char *const *statements, size_t n)
{
	struct cft_buf text = CFT_BUF_INIT;

	for (size_t i = 0; i < n; i++)
		cft_buf_addf(&text, "%s\n;\n", statements[i]);
	char *joined = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return joined;
}

/* The base, and what is completed and lies over it. */
static char *base_text(struct cft_arena *arena, const struct cft_state *state,
                       const struct cft_intent *a, const struct cft_intent *b)
{
	const struct cft_base_schema *base = cft_state_base(state);
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_intent_list under;

	for (size_t i = 0; base && i < base->effects->n_statements; i++)
		cft_buf_addf(&text, "%s\n;\n", base->effects->statements[i].text);
	cft_state_under(state, a, b, arena, &under);
	for (size_t i = 0; i < under.n; i++)
		cft_buf_addf(&text, "RESET search_path;\n%s",
		             join(arena, under.v[i]->statements.v, under.v[i]->statements.n));
	char *joined = cft_arena_strdup(arena, cft_buf_str(&text));
	cft_buf_release(&text);
	return joined;
}

static int find(const struct cft_state *state, const char *id, const struct cft_conflict **ret,
                struct cft_err *err)
{
	const struct cft_conflict *conflict = cft_state_conflict(state, id);

	if (!conflict)
		return cft_fail_reason(err, CFT_E_NOT_FOUND, "CONFLICT_NOT_FOUND",
		                       "no conflict %s in project %s", id,
		                       cft_state_project(state));
	if (conflict->status == CFT_CONFLICT_VANISHED)
		return cft_fail(err, CFT_E_STATE, "cannot prove conflict %s: it is VANISHED", id);
	*ret = conflict;
	return 0;
}

static void on_state(void *arg, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *unavailable)
{
	struct proving *p = arg;
	const struct cft_conflict *conflict = NULL;
	struct cft_err err = CFT_ERR_INIT;
	int rc;

	(void)now_us;
	if (!state) {
		fail_proving(&p->m, unavailable);
		return;
	}
	rc = find(state, p->m.command.conflict_id, &conflict, &err);
	if (rc != 0 || !conflict) {
		fail_proving(&p->m, &err);
		return;
	}
	const struct cft_intent *a = cft_state_intent(state, conflict->intent_a);
	const struct cft_intent *b = cft_state_intent(state, conflict->intent_b);
	const struct cft_base_schema *base = cft_state_base(state);
	assert(a && b);
	struct cft_proof_texts texts = {
		.base = base_text(p->m.arena, state, a, b),
		.a = join(p->m.arena, a->statements.v, a->statements.n),
		.b = join(p->m.arena, b->statements.v, b->statements.n),
		.owner = p->m.command.actor,
	};
	p->m.command.generation_a = a->generation;
	p->m.command.generation_b = b->generation;
	p->base_fingerprint = base ? cft_arena_strdup(p->m.arena, base->fingerprint) : NULL;
	submit(p, &texts);
}

CFT_HANDLER(prove_conflict)
{
	const Confiture__V1__ProveConflictRequest *r = request;
	struct proving *p = cft_arena_new(cft_rpc_call_arena(call), struct proving);
	struct cft_mutation_fields fields = {r->project, r->request_id, r->agent_id, r};
	struct cft_err err = CFT_ERR_INIT;

	p->call = call;
	p->m.coordination = ctx;
	p->m.arena = cft_rpc_call_arena(call);
	p->m.owner = p;
	p->m.reply = reply_proving;
	p->m.fail = fail_proving;
	cft_rpc_call_set_hooks(call, &hooks, p);
	int rc = cft_mutation_init(&p->m, CFT_CMD_PROVE, &fields, &err);
	if (rc == 0)
		rc = cft_check_name("conflict_id", r->conflict_id, true, &err);
	if (rc == 0 && !p->m.coordination->prover)
		rc = cft_fail(&err, CFT_E_UNSUPPORTED, "this server proves nothing");
	p->m.command.conflict_id = r->conflict_id;
	if (rc != 0)
		fail_proving(&p->m, &err);
	else
		cft_sequencer_read(p->m.coordination->sequencer, p->m.project, 0, on_state, p);
}
