/* Base schema: uploading the schema that intents are planned against, and asking about it.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "server/services/mutate.h"
#include "server/services/query.h"
#include "server/services/validate.h"

#include <stdlib.h>
#include <string.h>

/* An upload: the chunks so far. Ends with its call. */
struct upload {
	struct cft_mutation m;
	struct cft_rpc_call *call;
	struct cft_buf text;
	bool begun; /* the first chunk was there */
	struct cft_base_schema base;
	char fingerprint[CFT_SHA256_HEX];
};

static void upload_free(struct upload *upload)
{
	cft_buf_release(&upload->text); /* the struct is the call's */
}

static void fail_upload(struct upload *upload, const struct cft_err *err)
{
	upload_free(upload);
	cft_rpc_fail(upload->call, err);
}

static void mutation_failed(struct cft_mutation *m, const struct cft_err *err)
{
	fail_upload(m->owner, err);
}

static uint64_t count_changes(const struct cft_event *event, enum cft_change_kind kind)
{
	uint64_t n = 0;

	for (size_t i = 0; event && i < event->n_changes; i++)
		n += event->changes[i].kind == kind;
	return n;
}

static void reply_upload(struct cft_mutation *m, const struct cft_view *view,
                         const struct cft_decision *decision)
{
	Confiture__V1__SetBaseSchemaResponse response =
		CONFITURE__V1__SET_BASE_SCHEMA_RESPONSE__INIT;
	struct upload *upload = m->owner;

	response.base_schema = cft_show_base(view);
	response.revision = decision->revision;
	response.conflicts_appeared = count_changes(decision->event, CFT_CHANGE_CONFLICT_DETECTED);
	response.conflicts_vanished = count_changes(decision->event, CFT_CHANGE_CONFLICT_VANISHED);
	upload_free(upload);
	cft_rpc_reply(upload->call, &response);
}

static int take_first(struct upload *upload, const Confiture__V1__SetBaseSchemaRequest *r,
                      struct cft_err *err)
{
	struct cft_arena *arena = cft_rpc_call_arena(upload->call);
	Confiture__V1__SetBaseSchemaRequest *kept =
		cft_arena_new(arena, Confiture__V1__SetBaseSchemaRequest);
	struct cft_mutation_fields fields;

	/* The message goes with its hook; its digest is made of the whole text later. */
	confiture__v1__set_base_schema_request__init(kept);
	kept->project = cft_arena_strdup(arena, r->project);
	kept->request_id = cft_arena_strdup(arena, r->request_id);
	kept->agent_id = cft_arena_strdup(arena, r->agent_id);
	kept->source = cft_arena_strdup(arena, r->source[0] ? r->source : "files");
	upload->begun = true;
	upload->base.source = kept->source;
	fields.project = kept->project;
	fields.request_id = kept->request_id;
	fields.agent_id = kept->agent_id;
	fields.message = kept;
	if (cft_check_name("source", kept->source, true, err) < 0)
		return err->code;
	return cft_mutation_init(&upload->m, CFT_CMD_SET_BASE, &fields, err);
}

static int take_chunk(struct upload *upload, const Confiture__V1__SetBaseSchemaRequest *r,
                      struct cft_err *err)
{
	size_t limit = upload->m.coordination->options.max_schema_bytes;

	if (!upload->begun && take_first(upload, r, err) < 0)
		return err->code;
	if (upload->text.len + r->chunk.len > limit)
		return cft_fail_reason(err, CFT_E_LIMIT, "SCHEMA_TOO_LARGE",
		                       "the schema has more than %zu bytes", limit);
	cft_buf_add(&upload->text, r->chunk.data, r->chunk.len);
	return 0;
}

static uint32_t count_created(const struct cft_effects *effects)
{
	uint32_t n = 0;

	for (size_t i = 0; i < effects->n; i++)
		n += effects->v[i].op == CFT_OP_CREATE;
	return n;
}

/* The base is the core's input: its effects are the analysis'. */
static void base_analyzed(void *arg, struct cft_analysis *analysis, const struct cft_err *err)
{
	struct upload *upload = arg;

	if (!analysis) {
		fail_upload(upload, err);
		return;
	}
	upload->m.analysis = cft_analysis_ref(analysis); /* released with the decision */
	upload->base.effects = &analysis->effects;
	upload->base.object_count = count_created(&analysis->effects);
	upload->base.set_us = cft_sequencer_now_us(upload->m.coordination->sequencer);
	upload->base.fingerprint = upload->fingerprint;
	upload->m.command.base = &upload->base;
	cft_mutation_run(&upload->m);
}

static void commit_upload(struct upload *upload)
{
	struct cft_analyzer_query query = {
		.sql = cft_buf_str(&upload->text), .len = upload->text.len, .dump = true};
	struct cft_buf digest = CFT_BUF_INIT;
	struct cft_err err;

	if (!upload->begun) {
		cft_fail_reason(&err, CFT_E_INVALID, "FIELD_REQUIRED", "no chunk was sent");
		fail_upload(upload, &err);
		return;
	}
	cft_sha256_hex(upload->text.data, upload->text.len, upload->fingerprint);
	cft_buf_add(&digest, upload->m.command.body_digest, CFT_SHA256_BYTES);
	cft_buf_adds(&digest, upload->fingerprint);
	cft_sha256(digest.data, digest.len, upload->m.command.body_digest);
	cft_buf_release(&digest);
	cft_analyzer_submit(upload->m.coordination->analyzer, &query, base_analyzed, upload);
}

static void on_chunk(void *arg, const void *message, const struct cft_err *err)
{
	struct upload *upload = arg;
	struct cft_err why;

	if (err) {
		fail_upload(upload, err);
	} else if (!message) {
		cft_rpc_call_set_hooks(upload->call, NULL, NULL);
		commit_upload(upload);
	} else if (take_chunk(upload, message, &why) < 0) {
		fail_upload(upload, &why);
	} else {
		cft_rpc_receive(upload->call);
	}
}

static void on_upload_cancelled(void *arg)
{
	struct cft_err err;

	cft_fail(&err, CFT_E_CANCELLED, "the upload was cancelled; nothing was changed");
	fail_upload(arg, &err);
}

static const struct cft_rpc_hooks upload_hooks = {on_upload_cancelled, NULL, on_chunk};

CFT_HANDLER(set_base_schema)
{
	struct upload *upload = cft_arena_new(cft_rpc_call_arena(call), struct upload);

	(void)request; /* they come as chunks */
	upload->m.coordination = ctx;
	upload->m.arena = cft_rpc_call_arena(call);
	upload->m.owner = upload;
	upload->m.reply = reply_upload;
	upload->m.fail = mutation_failed;
	upload->call = call;
	cft_rpc_call_set_hooks(call, &upload_hooks, upload);
	cft_rpc_receive(call);
}

static void answer_base(struct cft_query *query, const struct cft_view *view)
{
	Confiture__V1__GetBaseSchemaResponse response =
		CONFITURE__V1__GET_BASE_SCHEMA_RESPONSE__INIT;

	response.base_schema = cft_show_base(view);
	response.revision = cft_state_revision(view->state);
	cft_rpc_reply(query->call, &response);
}

CFT_HANDLER(get_base_schema)
{
	const Confiture__V1__GetBaseSchemaRequest *r = request;
	struct cft_query *query = cft_query_new(ctx, call, r, r->project, answer_base);

	if (query)
		cft_query_run(query, 0);
}
