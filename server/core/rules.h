/* Rules: which command is allowed in which state and under which conflicts.
 * SPDX-License-Identifier: MIT
 *
 * One table; docs/blocking.md is generated from it.
 */
#ifndef CFT_CORE_RULES_H
#define CFT_CORE_RULES_H

#include "common/base/buf.h"
#include "server/core/command.h"

#ifdef __cplusplus
extern "C" {
#endif

enum cft_verdict_kind {
	CFT_RULE_ALLOWED,
	CFT_RULE_WARNED,  /* done, and the conflicts are shown */
	CFT_RULE_BLOCKED, /* refused with BLOCKED_BY_CONFLICT, unless the risk is accepted */
	CFT_RULE_STATE,   /* refused with WRONG_STATE */
};

/* `severity` is the gravest of the intent's unresolved conflicts as it counts now. */
enum cft_verdict_kind cft_rule(enum cft_command_kind command, enum cft_intent_status status,
                               int severity);
const char *cft_command_name(enum cft_command_kind command); /* "start" */
/* docs/blocking.md. */
void cft_rules_document(struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
