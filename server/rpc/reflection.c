/* Reflection: answering grpc.reflection requests, one at a time per stream.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/reflection.h"

#include "common/base/mem.h"
#include "server/rpc/symbols.h"

#include <grpc/reflection/v1/reflection.pb-c.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* proto/CMakeLists.txt links the descriptor set of every .proto file between these. */
extern const unsigned char cft_protoset[], cft_protoset_end[];

typedef Grpc__Reflection__V1__ServerReflectionRequest reflection_request;
typedef Grpc__Reflection__V1__ServerReflectionResponse reflection_response;

struct stream {
	struct cft_reflection *reflection;
	struct cft_rpc_call *call;
	struct stream *prev, *next;
};

struct cft_reflection {
	struct cft_proto_symbols symbols;
	ProtobufCServiceDescriptor alpha; /* v1's messages under the older name: the same bytes */
	struct cft_rpc_service services[2];
	CFT_VEC(char *) listed;
	struct stream *streams;
};

/* An answer under construction; all but the response lives in the arena. */
struct answer {
	reflection_response response;
	struct cft_arena arena;
};

static void answer_error(struct answer *answer, const char *message)
{
	Grpc__Reflection__V1__ErrorResponse *error =
		cft_arena_new(&answer->arena, Grpc__Reflection__V1__ErrorResponse);

	grpc__reflection__v1__error_response__init(error);
	error->error_code = cft_code_grpc(CFT_E_NOT_FOUND);
	error->error_message = (char *)message;
	answer->response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
	answer->response.error_response = error;
}

/* Adds a file and, once each, what it imports. */
static void add_file(const struct cft_proto_symbols *symbols, const struct cft_proto_file *file,
                     Grpc__Reflection__V1__FileDescriptorResponse *files)
{
	for (size_t i = 0; i < files->n_file_descriptor_proto; i++) {
		if (files->file_descriptor_proto[i].data == file->data)
			return;
	}
	files->file_descriptor_proto[files->n_file_descriptor_proto].data = (uint8_t *)file->data;
	files->file_descriptor_proto[files->n_file_descriptor_proto++].len = file->len;
	for (size_t i = 0; i < file->imports.n; i++) {
		const struct cft_proto_file *import =
			cft_proto_file_named(symbols, file->imports.v[i]);

		if (import)
			add_file(symbols, import, files);
	}
}

static void answer_file(struct answer *answer, const struct cft_proto_symbols *symbols,
                        const struct cft_proto_file *file)
{
	Grpc__Reflection__V1__FileDescriptorResponse *files;

	if (!file) {
		answer_error(answer, "there is no such file or symbol");
		return;
	}
	files = cft_arena_new(&answer->arena, Grpc__Reflection__V1__FileDescriptorResponse);
	grpc__reflection__v1__file_descriptor_response__init(files);
	files->file_descriptor_proto =
		cft_arena_array(&answer->arena, ProtobufCBinaryData, symbols->files.n);
	add_file(symbols, file, files);
	answer->response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
	answer->response.file_descriptor_response = files;
}

static void answer_services(struct answer *answer, const struct cft_reflection *reflection)
{
	Grpc__Reflection__V1__ListServiceResponse *list =
		cft_arena_new(&answer->arena, Grpc__Reflection__V1__ListServiceResponse);
	Grpc__Reflection__V1__ServiceResponse *items = cft_arena_array(
		&answer->arena, Grpc__Reflection__V1__ServiceResponse, reflection->listed.n);

	grpc__reflection__v1__list_service_response__init(list);
	list->service = cft_arena_array(&answer->arena, Grpc__Reflection__V1__ServiceResponse *,
	                                reflection->listed.n);
	for (size_t i = 0; i < reflection->listed.n; i++) {
		grpc__reflection__v1__service_response__init(&items[i]);
		items[i].name = reflection->listed.v[i];
		list->service[list->n_service++] = &items[i];
	}
	answer->response.message_response_case =
		GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
	answer->response.list_services_response = list;
}

static void fill_answer(struct answer *answer, const struct cft_reflection *reflection,
                        const reflection_request *request)
{
	const struct cft_proto_symbols *symbols = &reflection->symbols;

	switch (request->message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		answer_file(answer, symbols,
		            cft_proto_file_named(symbols, request->file_by_filename));
		return;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		answer_file(answer, symbols,
		            cft_proto_file_defining(symbols, request->file_containing_symbol));
		return;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
		answer_services(answer, reflection);
		return;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
		answer_error(answer, "there are no extensions");
		return;
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST__NOT_SET:
	default: /* a newer client's kind of request */
		answer_error(answer, "unknown kind of request");
		return;
	}
}

static void drop_stream(struct stream *stream, const struct cft_err *err)
{
	DL_DELETE(stream->reflection->streams, stream);
	if (err)
		cft_rpc_fail(stream->call, err);
	else
		cft_rpc_end(stream->call);
	free(stream);
}

static void on_message(void *arg, const void *message, const struct cft_err *err)
{
	struct stream *stream = arg;
	struct answer answer = {GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT, {0}};

	if (!message) {
		drop_stream(stream, err);
		return;
	}
	answer.response.original_request = (reflection_request *)message;
	fill_answer(&answer, stream->reflection, message);
	cft_rpc_send(stream->call, &answer.response);
	cft_arena_release(&answer.arena);
}

static void on_sent(void *arg)
{
	cft_rpc_receive(((struct stream *)arg)->call);
}

static void on_cancelled(void *arg)
{
	drop_stream(arg, NULL);
}

static const struct cft_rpc_hooks stream_hooks = {on_cancelled, on_sent, on_message};

static void server_reflection_info(void *ctx, struct cft_rpc_call *call, const void *request)
{
	struct cft_reflection *reflection = ctx;
	struct stream *stream = cft_new(struct stream);

	(void)request; /* they come as messages */
	stream->reflection = reflection;
	stream->call = call;
	DL_APPEND(reflection->streams, stream);
	cft_rpc_call_set_hooks(call, &stream_hooks, stream);
	cft_rpc_receive(call);
}

static const struct cft_rpc_method reflection_methods[] = {
	{"ServerReflectionInfo", CFT_RPC_BIDI, 4096, false, server_reflection_info},
};

struct cft_reflection *cft_reflection_new(const void *set, size_t len)
{
	struct cft_reflection *reflection = cft_new(struct cft_reflection);

	cft_proto_symbols_init(&reflection->symbols, set, len);
	reflection->alpha = grpc__reflection__v1__server_reflection__descriptor;
	reflection->alpha.name = "grpc.reflection.v1alpha.ServerReflection";
	for (size_t i = 0; i < 2; i++) {
		reflection->services[i].methods = reflection_methods;
		reflection->services[i].n_methods = 1;
		reflection->services[i].ctx = reflection;
	}
	reflection->services[0].descriptor = &grpc__reflection__v1__server_reflection__descriptor;
	reflection->services[1].descriptor = &reflection->alpha;
	return reflection;
}

struct cft_reflection *cft_reflection_new_embedded(void)
{
	return cft_reflection_new(cft_protoset, (size_t)(cft_protoset_end - cft_protoset));
}

void cft_reflection_free(struct cft_reflection *reflection)
{
	if (!reflection)
		return;
	cft_proto_symbols_release(&reflection->symbols);
	for (size_t i = 0; i < reflection->listed.n; i++)
		free(reflection->listed.v[i]);
	cft_vec_release(&reflection->listed);
	free(reflection);
}

void cft_reflection_serve(struct cft_reflection *reflection, struct cft_rpc_server *server)
{
	for (size_t i = 0; i < 2; i++) {
		cft_rpc_server_add(server, &reflection->services[i]);
		cft_reflection_list(reflection, reflection->services[i].descriptor->name);
	}
}

void cft_reflection_list(struct cft_reflection *reflection, const char *service)
{
	cft_vec_push(&reflection->listed, cft_strdup(service));
}

void cft_reflection_shutdown(struct cft_reflection *reflection)
{
	struct stream *stream, *next;
	struct cft_err err;

	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	DL_FOREACH_SAFE(reflection->streams, stream, next)
	drop_stream(stream, &err);
}
