/* Operation watch: the progress of an operation on a target, to its end.
 * SPDX-License-Identifier: MIT
 *
 * The operation goes on without us: a connection that is lost on the way is taken up again, after
 * what was seen. Blocks.
 */
#ifndef CFT_COMMANDS_OPERATION_WATCH_H
#define CFT_COMMANDS_OPERATION_WATCH_H

#include "agent/commands/coordinate.h"

#include <confiture/v1/migration_service.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_operation_watch {
	struct cft_coord *coord;
	void (*show)(void *ctx, const Confiture__V1__OperationProgress *progress);
	void *ctx;
	char *operation;   /* NULL until the server said it */
	uint64_t sequence; /* the last one seen */
	bool over;         /* nothing more is to come */
};

/* Opens the stream of a method that answers with progress, and shows each message once. Fails as
 * the operation does. */
int cft_operation_watch(struct cft_operation_watch *watch, const char *method, void *request,
                        struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
