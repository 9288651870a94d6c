/* Answer: what MigrationService says, with the base schema of the project that was asked about.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/migration_parts.h"
#include "server/services/present.h"

#include <string.h>

struct answer {
	struct cft_rpc_call *call;
	const char *project;
	ProtobufCMessage *response;
};

/* Every answer has both fields. */
static void *field_of(ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	return (char *)message + field->offset;
}

void cft_answer_base(const struct cft_view *view, void *response)
{
	*(uint64_t *)field_of(response, "revision") = cft_state_revision(view->state);
	*(Confiture__V1__BaseSchema **)field_of(response, "base_schema") = cft_show_base(view);
}

static void on_state(void *arg, const struct cft_state *state, int64_t now_us,
                     const struct cft_err *err)
{
	const struct answer *answer = arg;
	const struct cft_view view = {.arena = cft_rpc_call_arena(answer->call),
	                              .project = answer->project,
	                              .state = state,
	                              .now_us = now_us};

	if (!state) {
		cft_rpc_fail(answer->call, err);
		return;
	}
	cft_answer_base(&view, answer->response);
	cft_rpc_reply(answer->call, answer->response);
}

void cft_answer(struct cft_migration *migration, struct cft_rpc_call *call, const char *project,
                const void *response)
{
	struct cft_arena *arena = cft_rpc_call_arena(call);
	const ProtobufCMessage *message = response;
	struct answer *answer = cft_arena_new(arena, struct answer);

	*answer = (struct answer){call, project,
	                          cft_arena_alloc(arena, message->descriptor->sizeof_message)};
	memcpy(answer->response, response, message->descriptor->sizeof_message);
	cft_sequencer_read(migration->options.sequencer, project, 0, on_state, answer);
}
