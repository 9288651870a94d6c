/* Acceptor: the channel argument, and the call of the C++ object.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/acceptor.h"

#include <assert.h>

static const char external[] = "external:door";

/* grpc_core::TcpServerFdHandler, as the Itanium C++ ABI lays it out. */
struct fd_handler {
	const struct {
		void (*destroy)(struct fd_handler *self);
		void (*destroy_and_free)(struct fd_handler *self);
		void (*handle)(struct fd_handler *self, int listener, int fd,
		               grpc_byte_buffer *read_already);
	} * functions;
};

static void *same(void *p)
{
	return p;
}

static void keep(void *p)
{
	(void)p;
}

static int compare(void *a, void *b)
{
	return (a > b) - (a < b);
}

grpc_arg cft_acceptor_arg(struct cft_acceptor *acceptor)
{
	static const grpc_arg_pointer_vtable borrowed = {same, keep, compare};
	grpc_arg arg = {.type = GRPC_ARG_POINTER, .key = (char *)external};

	arg.value.pointer.p = &acceptor->handler;
	arg.value.pointer.vtable = &borrowed;
	return arg;
}

void cft_acceptor_bind(struct cft_acceptor *acceptor, grpc_server *server,
                       grpc_server_credentials *credentials)
{
	/* There is no port to return. */
	grpc_server_add_http2_port(server, external, credentials);
	assert(acceptor->handler);
}

void cft_acceptor_take(struct cft_acceptor *acceptor, int listener, int fd)
{
	struct fd_handler *handler = acceptor->handler;

	handler->functions->handle(handler, listener, fd, NULL);
}
