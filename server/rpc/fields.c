/* Fields: a request's fields by reflection.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/fields.h"

#include <stdint.h>
#include <string.h>

static void *member(ProtobufCMessage *message, const char *name, ProtobufCType type)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	if (!field || field->type != type || field->label == PROTOBUF_C_LABEL_REPEATED ||
	    (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return NULL;
	return (char *)message + field->offset;
}

static bool look(ProtobufCMessage *message, struct cft_request_fields *ret)
{
	ret->project = member(message, "project", PROTOBUF_C_TYPE_STRING);
	ret->agent_id = member(message, "agent_id", PROTOBUF_C_TYPE_STRING);
	ret->request_id = member(message, "request_id", PROTOBUF_C_TYPE_STRING);
	ret->target = member(message, "target", PROTOBUF_C_TYPE_STRING);
	ret->force = member(message, "force", PROTOBUF_C_TYPE_BOOL);
	return ret->project || ret->agent_id || ret->force;
}

/* The member of a oneof that is set, where it is a message. */
static ProtobufCMessage *wrapped(ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		char *base = (char *)message;
		uint32_t set;
		if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
		    field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		memcpy(&set, base + field->quantifier_offset, sizeof(set));
		if (set == field->id)
			return *(ProtobufCMessage **)(void *)(base + field->offset);
	}
	return NULL;
}

void cft_request_fields_find(void *message, struct cft_request_fields *ret)
{
	ProtobufCMessage *inner;

	memset(ret, 0, sizeof(*ret));
	if (!message || look(message, ret))
		return;
	inner = wrapped(message);
	if (inner)
		look(inner, ret);
}
