/* Tree: reflection over protobuf-c descriptors: access, walks, wrapping, digests.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/tree.h"

#include <string.h>

const ProtobufCMessage *cft_node_message(const PgQuery__Node *node)
{
	/* Every case of the oneof is a message pointer, so any member names it. */
	if (node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
		return NULL;
	return (const ProtobufCMessage *)node->alias;
}

const char *cft_node_string(const PgQuery__Node *node)
{
	if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_STRING)
		return NULL;
	return node->string->sval;
}

PgQuery__Node **cft_node_list(const PgQuery__Node *node, size_t *ret_n)
{
	*ret_n = 0;
	if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_LIST)
		return NULL;
	*ret_n = node->list->n_items;
	return node->list->items;
}

void cft_names_split(PgQuery__Node *const *names, size_t n, const char **ret_schema,
                     const char **ret_name)
{
	const char *schema = n >= 2 ? cft_node_string(names[n - 2]) : NULL;
	const char *name = n >= 1 ? cft_node_string(names[n - 1]) : NULL;

	*ret_schema = schema ? schema : "";
	*ret_name = name ? name : "";
}

static const void *field_at(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static const ProtobufCMessage *as_content(const ProtobufCMessage *message)
{
	if (message && CFT_TREE_IS(message, node))
		return cft_node_message((const PgQuery__Node *)message);
	return message;
}

/* The messages of a field; a single one is given through `single`. */
static size_t field_messages(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                             const ProtobufCMessage *const **ret)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		*ret = *(const ProtobufCMessage *const *const *)field_at(message, field->offset);
		return *(const size_t *)field_at(message, field->quantifier_offset);
	}
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
	    *(const uint32_t *)field_at(message, field->quantifier_offset) != field->id)
		return 0;
	*ret = field_at(message, field->offset);
	return **ret ? 1 : 0;
}

void cft_tree_children(const ProtobufCMessage *message,
                       void (*fn)(const ProtobufCMessage *child, void *arg), void *arg)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const ProtobufCMessage *const *items;

		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		size_t n = field_messages(message, field, &items);
		for (size_t k = 0; k < n; k++) {
			const ProtobufCMessage *child = as_content(items[k]);
			if (child)
				fn(child, arg);
		}
	}
}

void cft_tree_walk(const ProtobufCMessage *message, cft_tree_visit_fn visit, void *arg)
{
	message = as_content(message);
	if (!message || !visit(arg, message))
		return;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const ProtobufCMessage *const *items;

		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		size_t n = field_messages(message, field, &items);
		for (size_t k = 0; k < n; k++)
			cft_tree_walk(items[k], visit, arg);
	}
}

PgQuery__Node *cft_node_wrap(struct cft_arena *arena, const ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *d = &pg_query__node__descriptor;
	PgQuery__Node *node = cft_arena_new(arena, PgQuery__Node);

	pg_query__node__init(node);
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (d->fields[i].descriptor != msg->descriptor)
			continue;
		node->node_case = (PgQuery__Node__NodeCase)d->fields[i].id;
		memcpy(&node->alias, &msg, sizeof(msg));
		break;
	}
	return node;
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t mix_scalar(uint64_t hash, const ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field)
{
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		const char *text = *(const char *const *)field_at(message, field->offset);
		return text && *text ? mix(mix(hash, &field->id, sizeof(field->id)), text,
		                           strlen(text) + 1)
		                     : hash;
	}
	uint32_t value = *(const uint32_t *)field_at(message, field->offset);
	bool one = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
	if (one && *(const uint32_t *)field_at(message, field->quantifier_offset) != field->id)
		return hash;
	if (value == 0 && !one)
		return hash;
	return mix(mix(hash, &field->id, sizeof(field->id)), &value, sizeof(value));
}

static uint64_t digest(uint64_t hash, const ProtobufCMessage *message)
{
	hash = mix(hash, &message->descriptor->sizeof_message, sizeof(size_t));
	hash = mix(hash, message->descriptor->name, strlen(message->descriptor->name));
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		const ProtobufCMessage *const *items;

		if (strstr(field->name, "location"))
			continue;
		if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
			if (field->label != PROTOBUF_C_LABEL_REPEATED)
				hash = mix_scalar(hash, message, field);
			continue;
		}
		size_t n = field_messages(message, field, &items);
		for (size_t k = 0; k < n; k++) {
			const ProtobufCMessage *child = as_content(items[k]);
			hash = mix(hash, &field->id, sizeof(field->id));
			if (child)
				hash = digest(hash, child);
		}
	}
	return mix(hash, ")", 1);
}

uint64_t cft_tree_digest(const ProtobufCMessage *message)
{
	message = as_content(message);
	return message ? digest(UINT64_C(0xcbf29ce484222325), message) : 0;
}
