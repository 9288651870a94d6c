/* Capture: copies a tree of messages by their descriptors.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/capture.h"

#include <assert.h>
#include <string.h>

struct capture {
	struct cft_arena *arena;
	const PgQuery__ParseResult *tree;
};

/* What this thread is parsing: the packing functions that the linker replaces have no room for it
 * in their arguments. Set only while cft_sql_capture runs. */
static _Thread_local struct capture *active;

static ProtobufCMessage *copy_message(struct cft_arena *arena, const ProtobufCMessage *from);

static size_t value_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	}
	return 0;
}

/* Numbers came with the copy of their struct; what is pointed to follows. */
static void copy_value(struct cft_arena *arena, ProtobufCType type, void *value)
{
	assert(type != PROTOBUF_C_TYPE_BYTES); /* no node has any */
	if (type == PROTOBUF_C_TYPE_STRING) {
		char **text = value;
		if (*text && *text != protobuf_c_empty_string)
			*text = cft_arena_strdup(arena, *text);
	} else if (type == PROTOBUF_C_TYPE_MESSAGE) {
		ProtobufCMessage **message = value;
		if (*message)
			*message = copy_message(arena, *message);
	}
}

static void copy_list(struct cft_arena *arena, const ProtobufCFieldDescriptor *field, size_t n,
                      void **list)
{
	size_t size = value_size(field->type);
	char *copy;

	if (n == 0)
		return;
	copy = cft_arena_alloc(arena, n * size);
	memcpy(copy, *list, n * size);
	for (size_t i = 0; i < n; i++)
		copy_value(arena, field->type, copy + i * size);
	*list = copy;
}

static void copy_field(struct cft_arena *arena, const ProtobufCFieldDescriptor *field,
                       ProtobufCMessage *message)
{
	char *base = (char *)message;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		copy_list(arena, field, *(size_t *)(void *)(base + field->quantifier_offset),
		          (void **)(void *)(base + field->offset));
	else
		copy_value(arena, field->type, base + field->offset);
}

static ProtobufCMessage *copy_message(struct cft_arena *arena, const ProtobufCMessage *from)
{
	const ProtobufCMessageDescriptor *descriptor = from->descriptor;
	ProtobufCMessage *copy = cft_arena_alloc(arena, descriptor->sizeof_message);

	memcpy(copy, from, descriptor->sizeof_message);
	if (descriptor == &pg_query__node__descriptor) {
		const PgQuery__Node *node = (const PgQuery__Node *)from;
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field(descriptor, node->node_case);
		if (field)
			copy_field(arena, field, copy);
		return copy;
	}
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const char *which = (const char *)from + field->quantifier_offset;

		if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
		    *(const uint32_t *)(const void *)which == field->id)
			copy_field(arena, field, copy);
	}
	return copy;
}

/* -- what the linker puts in the place of libpg_query's packing -- */

size_t __real_pg_query__parse_result__get_packed_size(const PgQuery__ParseResult *message);
size_t __wrap_pg_query__parse_result__get_packed_size(const PgQuery__ParseResult *message);
size_t __real_pg_query__parse_result__pack(const PgQuery__ParseResult *message, uint8_t *out);
size_t __wrap_pg_query__parse_result__pack(const PgQuery__ParseResult *message, uint8_t *out);

size_t __wrap_pg_query__parse_result__get_packed_size(const PgQuery__ParseResult *message)
{
	return active ? 0 : __real_pg_query__parse_result__get_packed_size(message);
}

size_t __wrap_pg_query__parse_result__pack(const PgQuery__ParseResult *message, uint8_t *out)
{
	if (!active)
		return __real_pg_query__parse_result__pack(message, out);
	active->tree = (const PgQuery__ParseResult *)copy_message(active->arena, &message->base);
	return 0;
}

PgQueryProtobufParseResult cft_sql_capture(const char *text, struct cft_arena *arena,
                                           const PgQuery__ParseResult **ret)
{
	struct capture capture = {.arena = arena};

	assert(!active);
	active = &capture;
	PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
	active = NULL;
	*ret = result.error ? NULL : capture.tree; /* a failed parse packs an empty one */
	return result;
}
