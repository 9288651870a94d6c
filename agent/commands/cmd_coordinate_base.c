/* confiture coordinate base set, base show: the schema that intents are planned against.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/schema_ddl.h"
#include "agent/commands/schema_source.h"

#include <string.h>

enum {
	CHUNK_BYTES = 1 << 20,
};

/* Files, directories and env:NAME, as `migrate diff` takes them. */
static int read_files(struct cft_cmd *cmd, struct cft_buf *out, struct cft_err *err)
{
	for (size_t i = 0; i < cmd->args.n; i++) {
		int rc = cft_schema_source_text(cmd->arena, cmd->args.v[i], out, err);
		if (rc != 0)
			return rc;
		cft_buf_addc(out, '\n');
	}
	return 0;
}

int cft_coord_base_read(const struct cft_cmd *cmd, const char *url, struct cft_buf *out,
                        struct cft_err *err)
{
	const struct cft_diff_options options = {.keep_owners = true, .keep_privileges = true};

	return cft_schema_ddl_text(cmd->arena, cft_arena_printf(cmd->arena, "db:%s", url), &options,
	                           out, err);
}

static int read_schema(struct cft_cmd *cmd, struct cft_buf *out, struct cft_err *err)
{
	const char *url = cft_cmd_str(cmd, "db-url");

	if (url && cmd->args.n)
		return cft_fail(err, CFT_E_INVALID, "give files or --db-url, not both");
	if (!url && cmd->args.n == 0)
		return cft_fail(err, CFT_E_INVALID, "give schema files, or --db-url URL");
	return url ? cft_coord_base_read(cmd, url, out, err) : read_files(cmd, out, err);
}

static int send_chunks(struct cft_coord *coord, struct cft_stream *stream,
                       const struct cft_buf *text, const char *source, struct cft_err *err)
{
	Confiture__V1__SetBaseSchemaRequest request = CONFITURE__V1__SET_BASE_SCHEMA_REQUEST__INIT;
	int timeout_ms = coord->session.timeout_ms, rc = 0;
	size_t at = 0;

	cft_session_fill(&coord->session, &request);
	request.agent_id = cft_coord_acting_agent(coord->cmd);
	request.source = (char *)source;
	do {
		size_t len = text->len - at < CHUNK_BYTES ? text->len - at : CHUNK_BYTES;
		request.chunk.data = (uint8_t *)text->data + at;
		request.chunk.len = len;
		rc = cft_stream_write(stream, &request, timeout_ms, err);
		request.project = request.request_id = request.agent_id = request.source =
			(char *)"";
		at += len;
	} while (rc == 0 && at < text->len);
	return rc ? rc : cft_stream_write_end(stream, timeout_ms, err);
}

int cft_coord_base_set(struct cft_coord *coord, const struct cft_buf *ddl, const char *source,
                       Confiture__V1__SetBaseSchemaResponse **ret_response, struct cft_err *err)
{
	struct cft_stream *stream = NULL;
	int rc = cft_stream_open(coord->session.client,
	                         &confiture__v1__coordination_service__descriptor, "SetBaseSchema",
	                         NULL, &stream, err);

	if (rc == 0)
		rc = send_chunks(coord, stream, ddl, source, err);
	if (rc == 0) {
		rc = cft_stream_read(stream, coord->session.timeout_ms, coord->cmd->arena,
		                     ret_response, err);
		if (rc == 0)
			rc = cft_fail(err, CFT_E_INTERNAL, "the server ended without an answer");
	}
	cft_stream_close(stream);
	if (rc == CFT_E_UNAVAILABLE)
		return cft_session_unreachable(&coord->session, err);
	if (rc > 0 && !(*ret_response)->base_schema)
		return cft_fail(err, CFT_E_INTERNAL, "the server's answer names no base schema");
	if (rc > 0)
		coord->base = (*ret_response)->base_schema;
	return rc > 0 ? 0 : rc;
}

static int run_set(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__SetBaseSchemaResponse *response;
	struct cft_buf text = CFT_BUF_INIT;
	struct cft_coord coord;
	int rc = read_schema(cmd, &text, err);

	if (rc == 0)
		rc = cft_coord_open(cmd, &coord, err);
	if (rc == 0) {
		rc = cft_coord_base_set(&coord, &text,
		                        cft_cmd_has(cmd, "db-url") ? "database" : "files",
		                        &response, err);
		if (rc == 0) {
			cft_out_mark(cmd->out, CFT_MARK_OK, "Base schema set: %u objects",
			             response->base_schema->object_count);
			cft_out_text(cmd->out, "Conflicts: %llu appeared, %llu vanished",
			             (unsigned long long)response->conflicts_appeared,
			             (unsigned long long)response->conflicts_vanished);
			cft_coord_answer(&coord,
			                 json_pack("{s:I, s:I}", "conflicts_appeared",
			                           (json_int_t)response->conflicts_appeared,
			                           "conflicts_vanished",
			                           (json_int_t)response->conflicts_vanished),
			                 response->revision);
		}
		cft_coord_close(&coord);
	}
	cft_buf_release(&text);
	return rc;
}

static const struct cft_opt set_options[] = {
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "Take the schema of this database instead of files"},
	CFT_COORD_AGENT(false),
	CFT_OPT_END,
};

static const struct cft_arg set_arguments[] = {
	{.name = "FILE",
         .help = "Schema files in the order in which they apply, a directory, or env:NAME",
         .repeated = true},
	CFT_ARG_END,
};

static const struct cft_example set_examples[] = {
	{"From the schema that the project builds", "confiture coordinate base set db/schema"},
	{"From a database", "confiture coordinate base set --db-url postgresql://localhost/myapp"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_base_set = {
	.summary = "Set the schema that all intents are planned against",
	.description =
		"Without one, names that nobody creates are taken to exist. With one, missing "
		"objects and dependencies (views, foreign keys) are found.",
	.options = set_options,
	.arguments = set_arguments,
	.examples = set_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_set,
};

static int run_show(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__GetBaseSchemaRequest request = CONFITURE__V1__GET_BASE_SCHEMA_REQUEST__INIT;
	Confiture__V1__GetBaseSchemaResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_coord_call(&coord, "GetBaseSchema", &request, &response, err);
	if (rc == 0) {
		const Confiture__V1__BaseSchema *base = response->base_schema;
		if (base && base->fingerprint[0])
			cft_out_text(cmd->out, "Base schema %.12s from %s: %u objects",
			             base->fingerprint, base->source, base->object_count);
		else
			cft_out_text(cmd->out, "No base schema is set");
		cft_coord_answer(&coord, json_object(), response->revision);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_example show_examples[] = {
	{"Is there one, and from where?", "confiture coordinate base show"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_base_show = {
	.summary = "Tell which base schema is set",
	.examples = show_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_show,
};
