/* Symbols: indexing a FileDescriptorSet by walking its bytes.
 * SPDX-License-Identifier: MIT
 *
 * The field numbers are those of google/protobuf/descriptor.proto.
 */
#include "server/rpc/symbols.h"

#include "common/rpc/wire.h"

enum { SET_FILE = 1 };
enum {
	FILE_NAME = 1,
	FILE_PACKAGE = 2,
	FILE_IMPORT = 3,
	FILE_MESSAGE = 4,
	FILE_ENUM = 5,
	FILE_SERVICE = 6
};
enum { MESSAGE_NESTED = 3, MESSAGE_ENUM = 4 };
enum { SERVICE_METHOD = 2 };
enum { ANY_NAME = 1 }; /* messages, enums, services and methods alike */

static const char *text(struct cft_proto_symbols *symbols, const struct cft_wire_field *field)
{
	return cft_arena_strndup(&symbols->arena, (const char *)field->data, field->len);
}

static const char *find_text(struct cft_proto_symbols *symbols, const uint8_t *data, size_t len,
                             uint32_t number)
{
	struct cft_wire wire;
	struct cft_wire_field field;

	cft_wire_init(&wire, data, len);
	while (cft_wire_next(&wire, &field)) {
		if (field.number == number && field.type == CFT_WIRE_BYTES)
			return text(symbols, &field);
	}
	return "";
}

/* Adds "scope.name" of a definition and returns it. */
static const char *add_symbol(struct cft_proto_symbols *symbols, const char *scope,
                              const struct cft_wire_field *definition)
{
	const char *name = find_text(symbols, definition->data, definition->len, ANY_NAME);
	struct cft_proto_symbol symbol = {NULL, symbols->files.n};

	symbol.name = cft_arena_printf(&symbols->arena, "%s%s%s", scope, scope[0] ? "." : "", name);
	cft_vec_push(&symbols->symbols, symbol);
	return symbol.name;
}

static void add_message(struct cft_proto_symbols *symbols, const char *scope,
                        const struct cft_wire_field *definition)
{
	const char *name = add_symbol(symbols, scope, definition);
	struct cft_wire wire;
	struct cft_wire_field field;

	cft_wire_init(&wire, definition->data, definition->len);
	while (cft_wire_next(&wire, &field)) {
		if (field.number == MESSAGE_NESTED)
			add_message(symbols, name, &field);
		else if (field.number == MESSAGE_ENUM)
			add_symbol(symbols, name, &field);
	}
}

static void add_service(struct cft_proto_symbols *symbols, const char *scope,
                        const struct cft_wire_field *definition)
{
	const char *name = add_symbol(symbols, scope, definition);
	struct cft_wire wire;
	struct cft_wire_field field;

	cft_wire_init(&wire, definition->data, definition->len);
	while (cft_wire_next(&wire, &field)) {
		if (field.number == SERVICE_METHOD)
			add_symbol(symbols, name, &field);
	}
}

static void add_file(struct cft_proto_symbols *symbols, const struct cft_wire_field *entry)
{
	struct cft_proto_file file = {.data = entry->data, .len = entry->len};
	const char *package = find_text(symbols, entry->data, entry->len, FILE_PACKAGE);
	struct cft_wire wire;
	struct cft_wire_field field;

	cft_wire_init(&wire, entry->data, entry->len);
	while (cft_wire_next(&wire, &field)) {
		switch (field.number) {
		case FILE_NAME:
			file.name = text(symbols, &field);
			break;
		case FILE_IMPORT:
			cft_vec_push(&file.imports, text(symbols, &field));
			break;
		case FILE_MESSAGE:
			add_message(symbols, package, &field);
			break;
		case FILE_ENUM:
			add_symbol(symbols, package, &field);
			break;
		case FILE_SERVICE:
			add_service(symbols, package, &field);
			break;
		default: /* options, comments: of no interest here */
			break;
		}
	}
	cft_vec_push(&symbols->files, file);
}

void cft_proto_symbols_init(struct cft_proto_symbols *symbols, const void *set, size_t len)
{
	struct cft_wire wire;
	struct cft_wire_field field;

	memset(symbols, 0, sizeof(*symbols));
	cft_wire_init(&wire, set, len);
	while (cft_wire_next(&wire, &field)) {
		if (field.number == SET_FILE && field.type == CFT_WIRE_BYTES)
			add_file(symbols, &field);
	}
}

void cft_proto_symbols_release(struct cft_proto_symbols *symbols)
{
	CFT_VEC_EACH (struct cft_proto_file, file, &symbols->files)
		cft_vec_release(&file->imports);
	cft_vec_release(&symbols->files);
	cft_vec_release(&symbols->symbols);
	cft_arena_release(&symbols->arena);
}

const struct cft_proto_file *cft_proto_file_named(const struct cft_proto_symbols *symbols,
                                                  const char *name)
{
	CFT_VEC_EACH (struct cft_proto_file, file, &symbols->files) {
		if (file->name && strcmp(file->name, name) == 0)
			return file;
	}
	return NULL;
}

const struct cft_proto_file *cft_proto_file_defining(const struct cft_proto_symbols *symbols,
                                                     const char *name)
{
	CFT_VEC_EACH (struct cft_proto_symbol, symbol, &symbols->symbols) {
		if (strcmp(symbol->name, name) == 0)
			return &symbols->files.v[symbol->file];
	}
	return NULL;
}
