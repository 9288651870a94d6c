/* Wire: walking protobuf bytes and checking them against a descriptor.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/wire.h"

#include "common/base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_LIMIT = 16 };

/* The field names from the outermost message to the current one. */
struct path {
	const char *name[DEPTH_LIMIT];
	int depth;
};

void cft_wire_init(struct cft_wire *wire, const void *data, size_t len)
{
	wire->at = data;
	wire->end = len ? wire->at + len : wire->at;
	wire->malformed = false;
}

static bool bad(struct cft_wire *wire)
{
	wire->malformed = true;
	return false;
}

static bool read_varint(struct cft_wire *wire, uint64_t *ret)
{
	uint64_t value = 0;

	for (int shift = 0; shift < 70 && wire->at < wire->end; shift += 7) {
		uint8_t byte = *wire->at++;

		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return true;
		}
	}
	return bad(wire);
}

static bool read_fixed(struct cft_wire *wire, size_t size, uint64_t *ret)
{
	*ret = 0;
	if ((size_t)(wire->end - wire->at) < size)
		return bad(wire);
	for (size_t i = 0; i < size; i++)
		*ret |= (uint64_t)wire->at[i] << (8 * i);
	wire->at += size;
	return true;
}

static bool read_bytes(struct cft_wire *wire, struct cft_wire_field *field)
{
	uint64_t len;

	if (!read_varint(wire, &len))
		return false;
	if (len > (uint64_t)(wire->end - wire->at))
		return bad(wire);
	field->data = wire->at;
	field->len = (size_t)len;
	wire->at += len;
	return true;
}

bool cft_wire_next(struct cft_wire *wire, struct cft_wire_field *ret_field)
{
	struct cft_wire_field field = {0};
	uint64_t tag;
	bool ok;

	if (wire->malformed || wire->at == wire->end || !read_varint(wire, &tag))
		return false;
	if (tag > UINT32_MAX || tag >> 3 == 0)
		return bad(wire);
	field.number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case CFT_WIRE_VARINT:
		field.type = CFT_WIRE_VARINT;
		ok = read_varint(wire, &field.value);
		break;
	case CFT_WIRE_FIXED64:
		field.type = CFT_WIRE_FIXED64;
		ok = read_fixed(wire, 8, &field.value);
		break;
	case CFT_WIRE_BYTES:
		field.type = CFT_WIRE_BYTES;
		ok = read_bytes(wire, &field);
		break;
	case CFT_WIRE_FIXED32:
		field.type = CFT_WIRE_FIXED32;
		ok = read_fixed(wire, 4, &field.value);
		break;
	default: /* groups: proto3 has none */
		return bad(wire);
	}
	if (ok)
		*ret_field = field;
	return ok;
}

static int fail_at(const struct path *path, const char *last, const char *reason, const char *what,
                   struct cft_err *err)
{
	char where[sizeof(err->file)];
	size_t used = 0;

	where[0] = '\0';
	for (int i = 0; i < path->depth && used < sizeof(where); i++)
		used += (size_t)snprintf(where + used, sizeof(where) - used, "%s%s", path->name[i],
		                         last || i + 1 < path->depth ? "." : "");
	if (last && used < sizeof(where))
		snprintf(where + used, sizeof(where) - used, "%s", last);
	cft_fail_reason(err, CFT_E_INVALID, reason, "%s%s%s", where[0] ? where : "the message",
	                where[0] ? ": " : " ", what);
	return cft_err_at(err, where, 0, 0);
}

static int check_text(const struct path *path, const char *name, const struct cft_wire_field *field,
                      struct cft_err *err)
{
	if (field->len && memchr(field->data, 0, field->len))
		return fail_at(path, name, "NUL_BYTE", "holds a NUL byte", err);
	if (!cft_utf8_valid((const char *)field->data, field->len, NULL))
		return fail_at(path, name, "INVALID_UTF8", "is not valid UTF-8", err);
	return 0;
}

static int check_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len,
                         struct path *path, struct cft_err *err);

static int check_field(const ProtobufCFieldDescriptor *desc, const struct cft_wire_field *field,
                       struct path *path, struct cft_err *err)
{
	int rc;

	if (desc->type != PROTOBUF_C_TYPE_STRING && desc->type != PROTOBUF_C_TYPE_MESSAGE)
		return 0;
	if (field->type != CFT_WIRE_BYTES)
		return fail_at(path, desc->name, "MALFORMED_MESSAGE", "has a wrong wire type", err);
	if (desc->type == PROTOBUF_C_TYPE_STRING)
		return check_text(path, desc->name, field, err);
	if (path->depth == DEPTH_LIMIT)
		return fail_at(path, NULL, "MALFORMED_MESSAGE", "is nested too deep", err);
	path->name[path->depth++] = desc->name;
	rc = check_message(desc->descriptor, field->data, field->len, path, err);
	path->depth--;
	return rc;
}

static int check_message(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len,
                         struct path *path, struct cft_err *err)
{
	struct cft_wire wire;
	struct cft_wire_field field;

	cft_wire_init(&wire, data, len);
	while (cft_wire_next(&wire, &field)) {
		const ProtobufCFieldDescriptor *desc =
			protobuf_c_message_descriptor_get_field(type, field.number);
		int rc = desc ? check_field(desc, &field, path, err) : 0;

		if (rc < 0)
			return rc;
	}
	if (wire.malformed)
		return fail_at(path, NULL, "MALFORMED_MESSAGE", "is not valid protobuf", err);
	return 0;
}

int cft_wire_check(const ProtobufCMessageDescriptor *type, const void *data, size_t len,
                   struct cft_err *err)
{
	struct path path = {0};

	return check_message(type, data, len, &path, err);
}
