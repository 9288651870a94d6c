/* Symbols: which file of a FileDescriptorSet defines what; private to server/rpc.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVER_RPC_SYMBOLS_H
#define CFT_SERVER_RPC_SYMBOLS_H

#include "common/base/arena.h"
#include "common/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct cft_proto_file {
	const char *name;
	const uint8_t *data; /* the serialized FileDescriptorProto; borrowed */
	size_t len;
	CFT_VEC(const char *) imports; /* names */
};

struct cft_proto_symbols {
	struct cft_arena arena;
	CFT_VEC(struct cft_proto_file) files;
	CFT_VEC(struct cft_proto_symbol {
		const char *name; /* "confiture.v1.Intent", "….CoordinationService.GetIntent" */
		size_t file;
	})
	symbols;
};

/* Reads a FileDescriptorSet; what is malformed is left out. */
void cft_proto_symbols_init(struct cft_proto_symbols *symbols, const void *set, size_t len);
void cft_proto_symbols_release(struct cft_proto_symbols *symbols);
/* NULL where there is none. */
const struct cft_proto_file *cft_proto_file_named(const struct cft_proto_symbols *symbols,
                                                  const char *name);
const struct cft_proto_file *cft_proto_file_defining(const struct cft_proto_symbols *symbols,
                                                     const char *symbol);

#endif
