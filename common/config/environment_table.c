/* What an environment file may say: the tables that read and document it.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/environment_table.h"

static const struct cft_setting rows[] = {
	{.name = "name",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_values, name),
         .min = 1,
         .max = 63,
         .help = "Name of the environment; the file's name where it is missing."},
	{.name = "includes",
         .type = CFT_SETTING_LIST,
         .offset = offsetof(struct cft_env_values, includes),
         .help = "Directories or .sql files to build, relative to this file."},
	{.name = "include_dirs",
         .type = CFT_SETTING_LIST,
         .offset = offsetof(struct cft_env_values, include_dirs),
         .help = "The same, relative to the project's root. Where neither is given: `db/schema`."},
	{.name = "exclude_dirs",
         .type = CFT_SETTING_LIST,
         .offset = offsetof(struct cft_env_values, exclude_dirs),
         .help = "Directories or files that a build leaves out, relative to the project's root."},
	{.name = "seed_dirs",
         .type = CFT_SETTING_LIST,
         .offset = offsetof(struct cft_env_values, seed_dirs),
         .help = "Further directories with seed data, relative to the project's root. A directory "
                 "below `db/seeds` counts as seed data wherever it is listed."},
	{.name = "migrations_dir",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_values, migrations_dir),
         .fallback = "db/migrations",
         .min = 1,
         .help = "Where migration files are, relative to the project's root."},
	{.name = "database",
         .type = CFT_SETTING_SECTION,
         .offset = offsetof(struct cft_env_values, database),
         .help = "The database, see below. Read only when a command connects."},
	{.name = "migration.table",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_values, migration.table),
         .fallback = "confiture_migrations",
         .min = 1,
         .max = 127,
         .help = "Table that records what was applied, with or without its schema."},
	{.name = "migration.lock_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_env_values, migration.lock_timeout_ms),
         .fallback = "5s",
         .min = 0,
         .max = 86400000,
         .help = "How long a statement of a migration may wait for a lock before it is tried "
                 "again; "
                 "0 for no limit."},
	{.name = "migration.statement_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_env_values, migration.statement_timeout_ms),
         .fallback = "0",
         .min = 0,
         .max = 604800000,
         .help = "How long a statement of a migration may run; 0 for no limit."},
	{.name = "migration.wait",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_env_values, migration.wait_ms),
         .fallback = "60s",
         .min = 0,
         .max = 86400000,
         .help = "How long to wait for another migrator to finish; 0 to give up at once."},
};

static const struct cft_setting database_rows[] = {
	{.name = "url",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, url),
         .min = 1,
         .flags = CFT_SETTING_SECRET,
         .help = "A whole connection string (`postgresql://…` or `host=… dbname=…`), instead of "
                 "the "
                 "fields."},
	{.name = "host",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, host),
         .help = "Host, several separated by commas, or the directory of a unix socket."},
	{.name = "port",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, port),
         .help = "Port, or one for each host."},
	{.name = "database",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, database),
         .help = "Name of the database."},
	{.name = "user",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, user),
         .help = "Role to connect as."},
	{.name = "password",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, password),
         .flags = CFT_SETTING_SECRET,
         .help = "Password; better `${DB_PASSWORD}`, or a .pgpass file and nothing here."},
	{.name = "sslmode",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, sslmode),
         .help = "As libpq's: disable, allow, prefer, require, verify-ca, verify-full."},
	{.name = "options",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_env_database, options),
         .help = "Options for the server at connection start, e.g. `-c search_path=app`."},
};

static const struct cft_settings_table table = {rows, sizeof(rows) / sizeof(rows[0]), NULL};
static const struct cft_settings_table database_table = {
	database_rows, sizeof(database_rows) / sizeof(database_rows[0]), NULL};

const struct cft_settings_table *cft_environment_table(void)
{
	return &table;
}

const struct cft_settings_table *cft_environment_database_table(void)
{
	return &database_table;
}
