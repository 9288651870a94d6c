/* Fields: what of any request matters to authorization, found by the fields' names.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVER_RPC_FIELDS_H
#define CFT_SERVER_RPC_FIELDS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the fields are in a message; NULL where it has none. A message that has none of them but
 * wraps another (`oneof`) is looked into, once. */
struct cft_request_fields {
	char **project, **agent_id, **request_id, **target;
	const protobuf_c_boolean *force;
};

void cft_request_fields_find(void *message, struct cft_request_fields *ret);

#ifdef __cplusplus
}
#endif

#endif
