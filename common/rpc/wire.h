/* Wire: a reader of protobuf's wire format, for checks before anything is allocated.
 * SPDX-License-Identifier: MIT
 *
 * Pure, allocates nothing, borrows its input. protobuf-c checks neither UTF-8 nor NULs nor depth.
 */
#ifndef CFT_RPC_WIRE_H
#define CFT_RPC_WIRE_H

#include "common/base/err.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_wire_type {
	CFT_WIRE_VARINT = 0,
	CFT_WIRE_FIXED64 = 1,
	CFT_WIRE_BYTES = 2,
	CFT_WIRE_FIXED32 = 5,
};

struct cft_wire {
	const uint8_t *at, *end;
	bool malformed; /* set when cft_wire_next stopped for bad bytes, not for the end */
};

struct cft_wire_field {
	uint32_t number;
	enum cft_wire_type type;
	uint64_t value;      /* of VARINT, FIXED32, FIXED64 */
	const uint8_t *data; /* of BYTES: strings, bytes, messages, packed arrays */
	size_t len;
};

void cft_wire_init(struct cft_wire *wire, const void *data, size_t len);
/* The next field; false at the end and on malformed bytes. */
bool cft_wire_next(struct cft_wire *wire, struct cft_wire_field *ret_field);

/* Checks a serialized message against its descriptor: well-formed, nested at most 16 deep, every
 * `string` valid UTF-8 without NUL. Errors: CFT_E_INVALID with reason MALFORMED_MESSAGE,
 * INVALID_UTF8 or NUL_BYTE; err->file is the dotted path of the field. */
int cft_wire_check(const ProtobufCMessageDescriptor *type, const void *data, size_t len,
                   struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
