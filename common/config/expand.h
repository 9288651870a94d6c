/* Expansion of ${VAR} and ${VAR:-default} in configuration values.
 * SPDX-License-Identifier: MIT
 *
 * ${VAR} is the variable's value and an error where it is not set; ${VAR:-text} is `text` where it
 * is not set or empty; `$${` writes a literal `${`. A `$` before anything else stands for itself.
 */
#ifndef CFT_CONFIG_EXPAND_H
#define CFT_CONFIG_EXPAND_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/yaml.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where variables come from. `get` returns NULL for one that is not set; what it returns must stay
 * valid during the call. A NULL lookup, or a NULL `get`, means the process's environment. */
struct cft_lookup {
	const char *(*get)(void *ctx, const char *name);
	void *ctx;
};

const char *cft_lookup_get(const struct cft_lookup *lookup, const char *name);

/* True if the text holds something to expand. */
bool cft_expand_needed(const char *text);
/* The expanded text, in the arena. Errors (CFT_E_CONFIG, reason MISSING_VARIABLE or
 * INVALID_CONFIGURATION) carry the place of the variable in the node's file. */
int cft_expand_node(struct cft_arena *arena, const struct cft_yaml_node *node,
                    const struct cft_lookup *lookup, const char **ret_text, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
