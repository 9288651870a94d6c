/* The values that an environment file's table fills. Inside common/config only.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CONFIG_ENVIRONMENT_TABLE_H
#define CFT_CONFIG_ENVIRONMENT_TABLE_H

#include "common/config/environment.h"

struct cft_env_values {
	const char *name;
	struct cft_setting_list includes, include_dirs, exclude_dirs, seed_dirs;
	const char *migrations_dir;
	const struct cft_yaml_node *database;
	struct cft_env_migration migration;
};

#endif
