/* Log: lines on standard error, as text or as JSON objects.
 * SPDX-License-Identifier: MIT
 *
 * The one mutable global of the project: the sink. Any thread may log; a line is one write(2).
 * Never log a password, a token or a connection string.
 *
 *     cft_log(CFT_LOG_INFO, "listening", "address", "127.0.0.1:7430", NULL);
 */
#ifndef CFT_BASE_LOG_H
#define CFT_BASE_LOG_H

#include "common/base/err.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_log_level { CFT_LOG_ERROR, CFT_LOG_WARN, CFT_LOG_INFO, CFT_LOG_DEBUG };

/* Call before threads start. The defaults: text, INFO. */
void cft_log_setup(enum cft_log_level level, bool json);
bool cft_log_enabled(enum cft_log_level level);
/* `event` is a short constant phrase; then pairs of key and value strings, then NULL. A pair whose
 * value is NULL is left out. */
void cft_log(enum cft_log_level level, const char *event, ...) __attribute__((sentinel));
/* The same with the error's reason, place ("at"), message and hint as fields. */
void cft_log_err(enum cft_log_level level, const char *event, const struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
