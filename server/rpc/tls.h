/* Tls: the server's certificate, read again when its files change.
 * SPDX-License-Identifier: MIT
 *
 * gRPC asks before each handshake; then the files' times are looked at. Connections that stand keep
 * the certificate that they were made with, so nothing is dropped. Files that do not work are
 * logged, once per change, and the old certificate goes on.
 */
#ifndef CFT_SERVER_RPC_TLS_H
#define CFT_SERVER_RPC_TLS_H

#include "common/base/err.h"

#include <grpc/grpc_security.h>

struct cft_tls;

/* Copies the names. `client_ca` NULL: clients need no certificate. */
struct cft_tls *cft_tls_new(const char *cert, const char *key, const char *client_ca);
/* After the gRPC server. NULL is fine. */
void cft_tls_free(struct cft_tls *tls);
/* Reads the files now; CFT_E_CONFIG where they do not work. */
int cft_tls_credentials(struct cft_tls *tls, grpc_server_credentials **ret, struct cft_err *err);
/* Any thread: the next handshake reads the files, changed or not. */
void cft_tls_reload(struct cft_tls *tls);

#endif
