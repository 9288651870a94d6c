/* Token: where a stream can go on: log, epoch, revision, and the log's hash there.
 * SPDX-License-Identifier: MIT
 *
 * Pure. Text: "v1.<log id>.<epoch>.<revision>.<16 hex digits of the chain hash>". Clients treat it
 * as opaque.
 */
#ifndef CFT_SERVICES_TOKEN_H
#define CFT_SERVICES_TOKEN_H

#include "common/base/err.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CFT_TOKEN_TEXT = 160, CFT_LOG_ID_MAX = 64 };

struct cft_log_identity {
	char id[CFT_LOG_ID_MAX];
	uint64_t epoch;
};

struct cft_token {
	struct cft_log_identity log;
	uint64_t revision;
	char hash[17];
};

/* Returns out. */
const char *cft_token_make(const struct cft_log_identity *log, uint64_t revision,
                           const unsigned char chain_hash[32], char out[CFT_TOKEN_TEXT]);
/* CFT_E_INVALID, reason INVALID_RESUME_TOKEN. */
int cft_token_parse(const char *text, struct cft_token *ret, struct cft_err *err);
/* OUT_OF_RANGE, reason RESUME_TOKEN_FOREIGN, unless the token is of this log and epoch. */
int cft_token_check_log(const struct cft_token *token, const struct cft_log_identity *log,
                        struct cft_err *err);
/* OUT_OF_RANGE, reason LOG_DIVERGED, unless the log's hash at the token's revision is the token's.
 */
int cft_token_check_hash(const struct cft_token *token, const unsigned char chain_hash[32],
                         struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
