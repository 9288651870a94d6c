/* Inbox: long polls over an agent's named cursor; private to server/services.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SERVICES_INBOX_H
#define CFT_SERVICES_INBOX_H

#include "server/services/service.h"

/* Answers every waiting poll with what it has: before the server stops. */
void cft_inbox_end_all(struct cft_coordination *coordination);

#endif
