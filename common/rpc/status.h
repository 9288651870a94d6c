/* Status: struct cft_err to and from google.rpc.Status, the value of `grpc-status-details-bin`.
 * SPDX-License-Identifier: MIT
 *
 * Pure; any thread. The mapping:
 *     reason                        ErrorInfo.reason, domain "confiture"
 *     code, hint, sqlstate,
 *     file, line, column            ErrorInfo.metadata
 *     INVALID, SYNTAX with a file   BadRequest field violation
 *     NOT_FOUND, EXISTS with a file ResourceInfo.resource_name
 *     retry_after_ms                RetryInfo
 */
#ifndef CFT_RPC_STATUS_H
#define CFT_RPC_STATUS_H

#include "common/base/buf.h"
#include "common/base/err.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CFT_STATUS_DETAILS_KEY "grpc-status-details-bin"

/* Appends the serialized google.rpc.Status. */
void cft_status_encode(const struct cft_err *err, struct cft_buf *out);

/* Fills `err` from what a peer sent: a gRPC status code, its message, and the details where they
 * are there and well-formed; the message in the details, which does not repeat the place, goes
 * before `message` (NULL: there is none). Returns err->code; 0 for status 0. Malformed details are
 * ignored: the status itself is what counts. */
int cft_status_decode(int grpc_status, const char *message, const void *details, size_t details_len,
                      struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
