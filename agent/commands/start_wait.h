/* Start, waiting: tries to start an intent again whenever what stands in its way changes.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_START_WAIT_H
#define CFT_COMMANDS_START_WAIT_H

#include "agent/commands/coordinate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks until the start succeeds, fails for another reason than a conflict, or --timeout is over
 * (CFT_E_TIMEOUT, reason WAIT_TIMEOUT). Says on standard error whom it waits for. Who would wait
 * for itself is refused at once (CFT_E_CONFLICT, reason WAIT_CYCLE). */
int cft_start_wait(struct cft_coord *coord, Confiture__V1__StartIntentRequest *request,
                   Confiture__V1__StartIntentResponse **ret_response, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
