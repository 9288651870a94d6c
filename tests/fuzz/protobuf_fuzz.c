/* Fuzz: bytes from the network as each request and stored record.
 * SPDX-License-Identifier: MIT
 *
 * The first byte chooses the message. What is accepted packs and unpacks again to the same bytes.
 */
#include "common/rpc/codec.h"
#include "common/rpc/status.h"
#include "server/rpc/fields.h"

#include <confiture/v1/coordination_service.pb-c.h>
#include <confiture/v1/migration_service.pb-c.h>
#include <grpc/health/v1/health.pb-c.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *choose(uint8_t which)
{
	static const ProtobufCServiceDescriptor *const services[] = {
		&confiture__v1__coordination_service__descriptor,
		&confiture__v1__migration_service__descriptor,
		&grpc__health__v1__health__descriptor,
	};
	static const ProtobufCMessageDescriptor *const records[] = {
		&confiture__v1__intent__descriptor,
		&confiture__v1__conflict__descriptor,
		&confiture__v1__event__descriptor,
		&confiture__v1__base_schema__descriptor,
	};
	unsigned n = which;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (n < services[i]->n_methods)
			return services[i]->methods[n].input;
		n -= services[i]->n_methods;
	}
	return records[n % (sizeof(records) / sizeof(records[0]))];
}

static void check_round_trip(const ProtobufCMessageDescriptor *type, ProtobufCMessage *message)
{
	struct cft_buf first = CFT_BUF_INIT, second = CFT_BUF_INIT;
	struct cft_arena arena = CFT_ARENA_INIT;
	ProtobufCMessage *again = NULL;

	cft_proto_pack(message, &first);
	if (cft_proto_unpack(type, first.data, first.len, &arena, &again, NULL) < 0)
		abort();
	cft_proto_pack(again, &second);
	if (first.len != second.len ||
	    (first.len && memcmp(first.data, second.data, first.len) != 0))
		abort();
	cft_buf_release(&first);
	cft_buf_release(&second);
	cft_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_request_fields fields;
	ProtobufCMessage *message = NULL;
	struct cft_err err;

	if (size == 0)
		return 0;
	if (cft_proto_unpack(choose(data[0]), data + 1, size - 1, &arena, &message, &err) == 0) {
		cft_request_fields_find(message, &fields);
		check_round_trip(choose(data[0]), message);
	}
	cft_status_decode(9, "status", data, size, &err);
	cft_arena_release(&arena);
	return 0;
}
