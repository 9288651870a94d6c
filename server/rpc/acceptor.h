/* Acceptor: gRPC's own way to take connections that somebody else accepted.
 * SPDX-License-Identifier: MIT
 *
 * gRPC C++ offers it as AddExternalConnectionAcceptor; below that it is a channel argument, which
 * is what this uses: an address "external:NAME" to listen on, an argument of that name with a place
 * for a handler, and the handler takes descriptors. TLS, peers and timeouts are as with a port of
 * gRPC's. The handler is a C++ object with a virtual function: deploy/cmake/dependencies.cmake
 * checks that libgrpc is the version whose object this is.
 */
#ifndef CFT_SERVER_RPC_ACCEPTOR_H
#define CFT_SERVER_RPC_ACCEPTOR_H

#include <grpc/grpc.h>

struct cft_acceptor {
	void *handler; /* gRPC's, from cft_acceptor_bind until the server's shutdown */
};

/* For grpc_server_create. The acceptor outlives the server and does not move. */
grpc_arg cft_acceptor_arg(struct cft_acceptor *acceptor);
/* Before grpc_server_start. Borrows the credentials. */
void cft_acceptor_bind(struct cft_acceptor *acceptor, grpc_server *server,
                       grpc_server_credentials *credentials);
/* Hands a connected, non-blocking descriptor over. Any thread, between start and shutdown. */
void cft_acceptor_take(struct cft_acceptor *acceptor, int listener, int fd);

#endif
