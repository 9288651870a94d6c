/* Token: the credential that a command shows to the server.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CLIENT_TOKEN_H
#define CFT_CLIENT_TOKEN_H

#include "common/base/arena.h"
#include "common/base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `token` where it is there; else what is in `file`; else in ~/.config/confiture/token where that
 * exists; else *ret NULL. CFT_E_CONFIG, reason TOKEN_FILE_OPEN, for a file that others may read. */
int cft_token_find(struct cft_arena *arena, const char *token, const char *file, const char **ret,
                   struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
