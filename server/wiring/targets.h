/* Targets: the section `targets` of the server's configuration.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_TARGETS_H
#define CFT_WIRING_TARGETS_H

#include "common/config/yaml.h"
#include "server/services/target.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `section` may be NULL: no targets. Reads url_file's files (blocks). All memory is the arena's.
 * CFT_E_CONFIG with file, line and column; secrets are in no message. */
int cft_targets_read(struct cft_arena *arena, const struct cft_yaml_node *section,
                     struct cft_targets *ret, struct cft_err *err);

/* The least role that an RPC takes on a target: the guard's question. CFT_ROLE_NONE where the
 * target asks for no more than the RPC, or is unknown. */
enum cft_role cft_targets_role(const struct cft_targets *targets, const char *project,
                               const char *target, const char *rpc);

#ifdef __cplusplus
}
#endif

#endif
