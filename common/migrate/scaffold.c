/* Scaffold: writes a new project's files, whose comments teach.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/scaffold.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct template_file {
	const char *path;
	const char *text; /* @DB@ stands for the databases' common name */
};

static const char extensions_sql[] =
	"-- Extensions and types: everything that tables need comes first.\n"
	"--\n"
	"-- Files are run in alphabetical order, directory by directory; the numbers before the "
	"names\n"
	"-- make that order. 00_common comes before 10_tables, which comes before 20_views.\n"
	"--\n"
	"-- CREATE EXTENSION IF NOT EXISTS pgcrypto;\n";

static const char example_sql[] =
	"-- One file per table, with its indexes, constraints and comments: this directory says "
	"what the\n"
	"-- schema should be. Change it here, then let Confiture write the migration that takes a "
	"database\n"
	"-- there:\n"
	"--\n"
	"--     confiture migrate diff OLD NEW --generate --name what_changes\n"
	"--\n"
	"-- Replace this file with your first table, for example users.sql:\n"
	"--\n"
	"-- CREATE TABLE users (\n"
	"--     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
	"--     username text NOT NULL UNIQUE,\n"
	"--     created_at timestamptz NOT NULL DEFAULT now()\n"
	"-- );\n";

static const char local_yaml[] =
	"# Your own machine. Commands use this environment when you name no other:\n"
	"#     confiture migrate status            means --env local\n"
	"#     confiture config check              says what is wrong here, with line and column\n"
	"name: local\n"
	"\n"
	"# What `confiture build` puts together, relative to this file, in this order.\n"
	"includes:\n"
	"  - ../schema\n"
	"  - ../seeds/common\n"
	"  - ../seeds/development\n"
	"\n"
	"database:\n"
	"  host: localhost\n"
	"  port: 5432\n"
	"  database: @DB@_local\n"
	"  user: postgres\n"
	"  # Or leave the password out and use ~/.pgpass.\n"
	"  password: ${DB_PASSWORD:-postgres}\n"
	"  # Instead of the fields: url: postgresql://user@host:5432/name\n"
	"\n"
	"# migration:\n"
	"#   table: confiture_migrations   # what was applied is recorded here\n"
	"#   lock_timeout: 5s              # a statement waits no longer for a lock, then tries "
	"again\n"
	"#   statement_timeout: 0          # no limit\n";

static const char test_yaml[] =
	"# Automated tests: a database of their own, with seed data of their own.\n"
	"#     confiture build --env test --apply\n"
	"name: test\n"
	"\n"
	"includes:\n"
	"  - ../schema\n"
	"  - ../seeds/common\n"
	"  - ../seeds/test\n"
	"\n"
	"database:\n"
	"  host: ${DB_HOST:-localhost}\n"
	"  port: ${DB_PORT:-5432}\n"
	"  database: ${DB_NAME:-@DB@_test}\n"
	"  user: ${DB_USER:-postgres}\n"
	"  password: ${DB_PASSWORD:-postgres}\n";

static const char production_yaml[] = "# Production: no seed data, and no password in this file. A "
				      "variable that is not set is an\n"
				      "# error, but only once a command connects: `confiture build "
				      "--env production` needs none.\n"
				      "name: production\n"
				      "\n"
				      "includes:\n"
				      "  - ../schema\n"
				      "\n"
				      "database:\n"
				      "  host: ${DB_HOST}\n"
				      "  port: ${DB_PORT}\n"
				      "  database: ${DB_NAME}\n"
				      "  user: ${DB_USER}\n"
				      "  password: ${DB_PASSWORD}\n"
				      "\n"
				      "migration:\n"
				      "  lock_timeout: 3s\n"
				      "  statement_timeout: 15m\n";

/* Git keeps no empty directories; a dot file stays out of the way. */
static const struct template_file files[] = {
	{"db/schema/00_common/extensions.sql", extensions_sql},
	{"db/schema/10_tables/example.sql", example_sql},
	{"db/seeds/common/.gitkeep", ""},
	{"db/seeds/development/.gitkeep", ""},
	{"db/seeds/test/.gitkeep", ""},
	{"db/migrations/.gitkeep", ""},
	{"db/environments/local.yaml", local_yaml},
	{"db/environments/test.yaml", test_yaml},
	{"db/environments/production.yaml", production_yaml},
};

enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

/* The directory's name as part of a database's: lower case, letters, digits and '_'. */
static const char *database_prefix(struct cft_arena *arena, const char *dir)
{
	char *real = realpath(dir, NULL);
	char *name = cft_arena_strndup(arena, real ? cft_path_base(real) : "", 40);

	free(real);
	for (char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '_';
		*p = (char)tolower((unsigned char)*p);
	}
	return isalpha((unsigned char)*name) ? name : "myapp";
}

static void fill_in(struct cft_buf *out, const char *text, const char *database)
{
	const char *mark;

	while ((mark = strstr(text, "@DB@")) != NULL) {
		cft_buf_add(out, text, (size_t)(mark - text));
		cft_buf_adds(out, database);
		text = mark + 4;
	}
	cft_buf_adds(out, text);
}

static int write_one(struct cft_arena *arena, const struct template_file *file, bool force,
                     const struct cft_scaffold *scaffold, enum cft_scaffold_outcome *ret_outcome,
                     struct cft_err *err)
{
	const char *path = cft_path_join(arena, scaffold->root, file->path);
	bool exists = cft_file_exists(path);
	struct cft_buf text = CFT_BUF_INIT;
	int rc;

	*ret_outcome = exists ? CFT_SCAFFOLD_KEPT : CFT_SCAFFOLD_CREATED;
	if (exists && !force)
		return 0;
	if (exists)
		*ret_outcome = CFT_SCAFFOLD_REPLACED;
	fill_in(&text, file->text, scaffold->database);
	rc = cft_file_mkdirs(cft_path_dir(arena, path), 0755, err);
	if (rc == 0)
		rc = cft_file_write(path, cft_buf_str(&text), text.len, 0644, err);
	cft_buf_release(&text);
	return rc;
}

int cft_scaffold_write(struct cft_arena *arena, const char *dir, bool force,
                       struct cft_scaffold *ret_scaffold, struct cft_err *err)
{
	struct cft_scaffold scaffold = {.root = cft_arena_strdup(arena, dir)};
	int rc = cft_file_mkdirs(dir, 0755, err);

	scaffold.v = cft_arena_array(arena, struct cft_scaffold_entry, FILE_COUNT + 1);
	scaffold.database = database_prefix(arena, dir);
	for (size_t i = 0; rc == 0 && i < FILE_COUNT; i++) {
		scaffold.v[i].path = files[i].path;
		rc = write_one(arena, &files[i], force, &scaffold, &scaffold.v[i].outcome, err);
		scaffold.n++;
	}
	if (rc == 0)
		*ret_scaffold = scaffold;
	return rc;
}
