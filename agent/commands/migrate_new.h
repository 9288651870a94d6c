/* Migrate new: what `migrate generate` and `migrate diff --generate` share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_MIGRATE_NEW_H
#define CFT_COMMANDS_MIGRATE_NEW_H

#include "agent/commands/command.h"
#include "common/migrate/generate.h"

struct cft_migrate_new {
	const char *dir, *version, *name; /* in cmd->arena */
	bool python;
};

/* The directory and the next version; needs the options --python, --timestamp and
 * CFT_MIGRATE_TARGET_OPTIONS. */
int cft_migrate_new_version(struct cft_cmd *cmd, const char *name, struct cft_migrate_new *ret,
                            struct cft_err *err);
/* "✅ Created db/migrations/001_x.up.sql" */
void cft_migrate_show_written(struct cft_cmd *cmd, const struct cft_migrate_new *fresh,
                              const struct cft_mig_written *written);

#endif
