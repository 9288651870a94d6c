/* CoreDump: everything that a coordination state holds, as lines of text.
 * SPDX-License-Identifier: MIT
 */
#include "tests/lib/core_dump.h"

#include "server/core/machine.h"

static void dump_strings(struct cft_buf *out, const char *name, const struct cft_strings *strings)
{
	cft_buf_addf(out, " %s=[", name);
	for (size_t i = 0; i < strings->n; i++)
		cft_buf_addf(out, "%s|", strings->v[i]);
	cft_buf_addc(out, ']');
}

static void dump_effects(struct cft_buf *out, const struct cft_intent *intent)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const struct cft_effects *effects = cft_intent_effects(intent, &arena);

	for (size_t i = 0; i < effects->n_statements; i++)
		cft_buf_addf(out, " statement=%s", effects->statements[i].text);
	for (size_t i = 0; i < effects->n; i++) {
		const struct cft_effect *e = &effects->v[i];
		cft_buf_addf(out, " effect=%u %d %d %x %d %s.%s.%s(%s)>%s", e->statement,
		             (int)e->op, (int)e->kind, e->flags, (int)e->lock, e->schema, e->name,
		             e->sub, e->args, e->to);
		for (size_t k = 0; k < e->n_attrs; k++)
			cft_buf_addf(out, " %s=%s", e->attrs[k].key, e->attrs[k].value);
		for (size_t k = 0; k < e->n_refs; k++)
			cft_buf_addf(out, " ref %d %x %s.%s.%s", (int)e->refs[k].kind,
			             e->refs[k].flags, e->refs[k].schema, e->refs[k].name,
			             e->refs[k].sub);
	}
	cft_arena_release(&arena);
}

static void dump_intent(struct cft_buf *out, const struct cft_intent *i)
{
	cft_buf_addf(out, "intent %s %s %s %s %s", i->id, i->agent_id, i->feature_name,
	             i->branch_name, cft_intent_status_name(i->status));
	cft_buf_addf(out, " generation=%u fence=%llu ttl=%lld risk=%d estimate=%lld", i->generation,
	             (unsigned long long)i->fence, (long long)i->lease_ttl_us, (int)i->risk,
	             (long long)i->estimated_us);
	dump_strings(out, "statements", &i->statements);
	dump_strings(out, "declared", &i->tables_declared);
	dump_strings(out, "tables", &i->tables_affected);
	dump_effects(out, i);
	cft_buf_addf(out, " texts=%s|%s|%s|%s", i->metadata_json, i->outcome, i->notes, i->reason);
	cft_buf_addf(out, " at %lld %lld %llu %llu\n", (long long)i->created_us,
	             (long long)i->updated_us, (unsigned long long)i->created_revision,
	             (unsigned long long)i->updated_revision);
}

static void dump_conflict(struct cft_buf *out, const struct cft_conflict *c)
{
	cft_buf_addf(out, "conflict %s %s %s %s %s %s", c->id, c->intent_a, c->intent_b, c->agent_a,
	             c->agent_b, cft_conflict_status_name(c->status));
	cft_buf_addf(out, " %s class=%d severity=%d order=%d generations=%u,%u", c->type,
	             c->conflict_class, c->severity, c->order, c->generation_a, c->generation_b);
	dump_strings(out, "objects", &c->objects);
	dump_strings(out, "suggestions", &c->suggestions);
	cft_buf_addf(out, " texts=%s|%s|%s|%s|%s", c->explanation, cft_strategy_name(c->strategy),
	             c->resolution_notes, c->resolved_by, c->proof_json);
	cft_buf_addf(out, " at %lld %lld %llu %llu\n", (long long)c->created_us,
	             (long long)c->resolved_us, (unsigned long long)c->created_revision,
	             (unsigned long long)c->updated_revision);
}

static void dump_request(struct cft_buf *out, const struct cft_request *r)
{
	cft_buf_addf(out, "request %s body=%02x%02x revision=%llu subject=%s at %lld\n", r->id,
	             r->digest[0], r->digest[31], (unsigned long long)r->revision, r->subject_id,
	             (long long)r->time_us);
}

static void dump_keys(struct cft_buf *out, const struct cft_intent_entry *entry)
{
	cft_buf_addf(out, "keys %s", entry->intent->id);
	for (size_t i = 0; entry->member && i < entry->member->n; i++)
		cft_buf_addf(out, " %llx%s", (unsigned long long)entry->member->slots[i].hash,
		             entry->member->slots[i].strong ? "!" : "");
	cft_buf_addc(out, '\n');
}

void cft_test_dump_state(const struct cft_state *state, struct cft_buf *out)
{
	cft_buf_addf(out, "revision %llu live %zu\n", (unsigned long long)state->revision,
	             state->live);
	cft_buf_adds(out, "order");
	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next)
		cft_buf_addf(out, " %s", e->intent->id);
	cft_buf_addc(out, '\n');
	for (const struct cft_intent_entry *e = state->intents; e; e = e->hh.next) {
		dump_intent(out, e->intent);
		dump_keys(out, e);
	}
	for (const struct cft_conflict_entry *e = state->conflicts; e; e = e->hh.next)
		dump_conflict(out, e->conflict);
	for (const struct cft_request *r = state->requests; r; r = r->hh.next)
		dump_request(out, r);
	for (const struct cft_branch *b = state->branches; b; b = b->hh.next)
		cft_buf_addf(out, "branch %s %u\n", b->slug, b->last);
	for (const struct cft_agent *a = state->agents; a; a = a->hh.next)
		cft_buf_addf(out, "agent %s %zu\n", a->id, a->live);
	if (state->base)
		cft_buf_addf(out, "base %s %s %u %lld %llu\n", state->base->fingerprint,
		             state->base->source, state->base->object_count,
		             (long long)state->base->set_us,
		             (unsigned long long)state->base->revision);
}
