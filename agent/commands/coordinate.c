/* Coordinate: connection and answers of the coordination commands.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

#include <confiture/v1/migration_service.pb-c.h>
#include <stdlib.h>
#include <string.h>

const char *const cft_coord_risk_names[] = {"low", "medium", "high", "critical", NULL};
const char *const cft_coord_severity_names[] = {"info", "warning", "error", NULL};

static void print_note(void *arg, const char *text)
{
	cft_out_note(arg, "%s", text);
}

const char *cft_coord_token(const struct cft_cmd *cmd)
{
	bool file = cft_cmd_typed(cmd, "token-file") && !cft_cmd_typed(cmd, "token");

	return file ? NULL : cft_cmd_str(cmd, "token");
}

int cft_coord_open(struct cft_cmd *cmd, struct cft_coord *ret_coord, struct cft_err *err)
{
	struct cft_session_options options = {
		.server = cft_cmd_str(cmd, "server"),
		.project = cft_cmd_str(cmd, "project"),
		.timeout_us = cft_cmd_duration_us(cmd, "timeout"),
		.no_autostart = cft_cmd_flag(cmd, "no-autostart"),
		.token = cft_coord_token(cmd),
		.token_file = cft_cmd_str(cmd, "token-file"),
		.note = print_note,
		.note_arg = cmd->out,
	};

	ret_coord->cmd = cmd;
	ret_coord->base = NULL;
	return cft_session_open(&options, cmd->arena, &ret_coord->session, err);
}

void cft_coord_close(struct cft_coord *coord)
{
	cft_session_close(&coord->session);
}

/* The command's option whose name is the field's, with dashes; NULL where it has none. */
static const char *option_of(const struct cft_cmd *cmd, const ProtobufCFieldDescriptor *field)
{
	char *name = cft_arena_strdup(cmd->arena, field->name);

	for (char *p = name; *p; p++)
		if (*p == '_')
			*p = '-';
	return field->label != PROTOBUF_C_LABEL_REPEATED && cft_cmd_knows(cmd, name) ? name : NULL;
}

static void fill_text(const struct cft_cmd *cmd, const char *option, char **text)
{
	const char *value = (*text)[0] ? NULL : cft_cmd_str(cmd, option);

	if (value)
		*text = (char *)value;
}

static void fill_field(const struct cft_cmd *cmd, const ProtobufCFieldDescriptor *field,
                       ProtobufCMessage *message)
{
	const char *option = option_of(cmd, field);
	void *value = (char *)message + field->offset;

	if (!option)
		return;
	if (field->type == PROTOBUF_C_TYPE_STRING)
		fill_text(cmd, option, value);
	else if (field->type == PROTOBUF_C_TYPE_BOOL)
		*(protobuf_c_boolean *)value |= cft_cmd_flag(cmd, option);
	else if (field->type == PROTOBUF_C_TYPE_UINT64 && *(uint64_t *)value == 0)
		*(uint64_t *)value = (uint64_t)cft_cmd_int(cmd, option);
}

/* What the server judged on, for the end of our answer. */
static void note_base(struct cft_coord *coord, const ProtobufCMessage *response)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
		response->descriptor, "base_schema");

	if (field)
		coord->base =
			*(Confiture__V1__BaseSchema *const *)(const void *)((const char *)response +
		                                                            field->offset);
}

int cft_coord_call(struct cft_coord *coord, const char *method, void *request, void *ret_response,
                   struct cft_err *err)
{
	ProtobufCMessage *message = request;

	cft_session_fill(&coord->session, request);
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		fill_field(coord->cmd, &message->descriptor->fields[i], message);
	int rc = cft_session_call(&coord->session, method, request, ret_response, err);
	if (rc == 0)
		note_base(coord, *(const ProtobufCMessage **)ret_response);
	return rc;
}

int cft_coord_call_migration(struct cft_coord *coord, const char *method, void *request,
                             void *ret_response, struct cft_err *err)
{
	int rc = cft_session_call_service(&coord->session,
	                                  &confiture__v1__migration_service__descriptor, method,
	                                  request, ret_response, err);

	if (rc == 0)
		note_base(coord, *(const ProtobufCMessage **)ret_response);
	return rc;
}

/* Asks for what the answer is worth: an empty list of a server that knows nobody is no news. */
static const Confiture__V1__GetServerInfoResponse *server_info(struct cft_coord *coord)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;
	Confiture__V1__GetServerInfoResponse *response;

	if (cft_coord_call(coord, "GetServerInfo", &request, &response, NULL) != 0)
		return NULL;
	return response;
}

void cft_coord_answer(struct cft_coord *coord, json_t *takes_document, uint64_t revision)
{
	const Confiture__V1__BaseSchema *base = coord->base; /* not that of a moment later */
	const Confiture__V1__GetServerInfoResponse *info = server_info(coord);
	const char *project = coord->session.project.id;
	unsigned long long live = info ? info->live_intents : 0;

	if (!json_object_get(takes_document, "next_actions"))
		json_object_set_new(takes_document, "next_actions", json_array());
	json_object_set_new(takes_document, "project", json_string(project));
	json_object_set_new(takes_document, "server", json_string(coord->session.address));
	json_object_set_new(takes_document, "revision", json_integer((json_int_t)revision));
	json_object_set_new(takes_document, "live_intents",
	                    info ? json_integer((json_int_t)live) : json_null());
	json_object_set_new(takes_document, "base", cft_render_base(base ? base : coord->base));
	cft_out_json(coord->cmd->out, takes_document);
	if (info)
		cft_out_styled(coord->cmd->out, CFT_STYLE_DIM,
		               "Server %s, project %s, %llu live intent%s", coord->session.address,
		               project, live, live == 1 ? "" : "s");
	else
		cft_out_styled(coord->cmd->out, CFT_STYLE_DIM, "Server %s, project %s",
		               coord->session.address, project);
}

void cft_coord_sign_of_life(struct cft_coord *coord, const char *intent_id)
{
	Confiture__V1__HeartbeatRequest request = CONFITURE__V1__HEARTBEAT_REQUEST__INIT;
	Confiture__V1__LeaseRef lease = CONFITURE__V1__LEASE_REF__INIT, *leases[] = {&lease};
	Confiture__V1__HeartbeatResponse *response;
	const char *agent = getenv("CONFITURE_AGENT_ID");

	if (!intent_id || !agent || !agent[0])
		return;
	lease.intent_id = (char *)intent_id;
	request.agent_id = (char *)agent;
	request.leases = leases;
	request.n_leases = 1;
	cft_session_call(&coord->session, "Heartbeat", &request, &response, NULL);
}

json_t *cft_coord_intent_document(const Confiture__V1__Intent *intent,
                                  Confiture__V1__Conflict *const *conflicts, size_t n,
                                  Confiture__V1__Severity least)
{
	json_t *notes;
	json_t *shown = cft_render_conflicts(conflicts, n, least, &notes);

	return json_pack("{s:o, s:o, s:o, s:o}", "intent", cft_render_intent(intent), "conflicts",
	                 shown, "notes", notes, "next_actions",
	                 cft_coord_next_actions(intent, conflicts, n));
}

int cft_coord_agent_for_intent(struct cft_coord *coord, const char *intent_id, char **ret_agent,
                               struct cft_err *err)
{
	Confiture__V1__GetIntentRequest request = CONFITURE__V1__GET_INTENT_REQUEST__INIT;
	Confiture__V1__GetIntentResponse *response;
	const char *agent = cft_cmd_str(coord->cmd, "agent-id");

	if (agent) {
		*ret_agent = (char *)agent;
		return 0;
	}
	request.intent_id = (char *)intent_id;
	int rc = cft_coord_call(coord, "GetIntent", &request, &response, err);
	if (rc == 0)
		*ret_agent = response->intent->agent_id;
	return rc;
}

void cft_coord_answer_intent(struct cft_coord *coord, const Confiture__V1__Intent *intent,
                             Confiture__V1__Conflict *const *conflicts, size_t n, uint64_t revision)
{
	Confiture__V1__Severity least = CONFITURE__V1__SEVERITY__SEVERITY_WARNING;
	json_t *document = cft_coord_intent_document(intent, conflicts, n, least);

	cft_render_conflicts_text(coord->cmd->out, conflicts, n, least, intent->agent_id);
	cft_coord_say_next(coord, json_object_get(document, "next_actions"));
	cft_coord_answer(coord, document, revision);
}

char *cft_coord_acting_agent(const struct cft_cmd *cmd)
{
	const char *agent = cft_cmd_str(cmd, "agent-id"), *user = getenv("USER");

	return cft_arena_strdup(cmd->arena, agent ? agent : user && user[0] ? user : "unknown");
}

char *cft_coord_metadata(const struct cft_cmd *cmd)
{
	const json_t *metadata = cft_cmd_json(cmd, "metadata");
	char *text = metadata ? cft_json_compact(metadata) : NULL;
	char *copy = cft_arena_strdup(cmd->arena, text ? text : "");

	free(text);
	return copy;
}

Confiture__V1__Severity cft_coord_min_severity(const struct cft_cmd *cmd)
{
	/* The names stand in the order of the enum, which starts at 1. */
	return (Confiture__V1__Severity)(cft_cmd_choice(cmd, "min-severity") + 1);
}
