/* Environment files: db/environments/NAME.yaml, what a project builds and where it goes.
 * SPDX-License-Identifier: MIT
 *
 * The section `database` is read when a connection is asked for, not before: `build --env
 * production` must work where the password variables of production are not set. Everything else is
 * checked at once; so are the section's keys, and its values that hold no variables.
 */
#ifndef CFT_CONFIG_ENVIRONMENT_H
#define CFT_CONFIG_ENVIRONMENT_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/expand.h"
#include "common/config/settings.h"
#include "common/config/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_env_dir_kind { CFT_ENV_SCHEMA, CFT_ENV_SEEDS };

/* A directory (or one .sql file) that a build reads. */
struct cft_env_dir {
	const char *path;  /* to open: absolute, or relative to the working directory */
	const char *shown; /* relative to the project's root where it is inside */
	enum cft_env_dir_kind kind;
	const struct cft_yaml_node *node; /* where the file says so; NULL for a default */
};

/* The `database` section as written; members not given are NULL. Fields and `url` exclude each
 * other. */
struct cft_env_database {
	const char *url;
	const char *host, *port, *database, *user, *password;
	const char *sslmode, *options;
};

struct cft_env_migration {
	const char *table;            /* tracking table, "confiture_migrations" or schema.table */
	int64_t lock_timeout_ms;      /* for the DDL of a migration; 0: none */
	int64_t statement_timeout_ms; /* 0: none */
	int64_t wait_ms;              /* for another migrator to finish; 0: do not wait */
};

struct cft_environment {
	const char *name;
	const char *file;         /* as given */
	const char *project_root; /* directory that db/ is in; "." at least */
	const char *migrations_dir;
	struct cft_env_dir *dirs; /* schema before seeds, else in the order of the file */
	size_t dir_count;
	const char *const *excludes; /* absolute, without trailing slash */
	size_t exclude_count;
	struct cft_env_migration migration;
	const struct cft_yaml_node *database; /* NULL where the file has none */
	struct cft_arena *arena;
};

#define CFT_DEFAULT_ENVIRONMENT "local"
#define CFT_ENVIRONMENTS_DIR    "db/environments"

/* Reads one file; everything lives in `arena`. Blocks. CFT_E_NOT_FOUND where it does not exist,
 * else CFT_E_CONFIG with the place. `lookup` may be NULL: the process's environment. */
int cft_environment_read(struct cft_arena *arena, const char *path, const struct cft_lookup *lookup,
                         struct cft_environment *ret_env, struct cft_err *err);
/* The environment called `name` of the project at `root`: CFT_E_NOT_FOUND names those there are. */
int cft_environment_find(struct cft_arena *arena, const char *root, const char *name,
                         const struct cft_lookup *lookup, struct cft_environment *ret_env,
                         struct cft_err *err);
/* Names of the project's environment files, sorted. */
int cft_environment_list(struct cft_arena *arena, const char *root, const char *const **ret_names,
                         size_t *ret_n, struct cft_err *err);
/* Fails (CFT_E_CONFIG, DIRECTORY_NOT_FOUND) at the first directory that does not exist. */
int cft_environment_check_dirs(const struct cft_environment *env, struct cft_err *err);
/* Reads the database section with its variables. CFT_E_CONFIG where it is missing or wrong. */
int cft_environment_database(const struct cft_environment *env, const struct cft_lookup *lookup,
                             struct cft_env_database *ret_database, struct cft_err *err);

/* The directory that holds db/ or confiture.yaml, from `start` upwards ("." for here); `start`
 * itself where none does. Never above the root of a git work tree. */
const char *cft_project_root(struct cft_arena *arena, const char *start);

/* Rows of an environment file and of its database section, for the documentation. */
const struct cft_settings_table *cft_environment_table(void);
const struct cft_settings_table *cft_environment_database_table(void);

#ifdef __cplusplus
}
#endif

#endif
