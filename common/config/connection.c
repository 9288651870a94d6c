/* Which database a command talks to.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/connection.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/config/project.h"

#include <assert.h>
#include <string.h>

static void add(struct cft_connection *c, const char *keyword, const char *value)
{
	size_t n = 0;

	while (c->keywords[n])
		n++;
	assert(n < CFT_CONNECTION_MAX - 1);
	if (!value)
		return;
	c->keywords[n] = keyword;
	c->values[n] = value;
}

static void add_quoted(struct cft_buf *out, const char *value)
{
	cft_buf_addc(out, '\'');
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			cft_buf_addc(out, '\\');
		cft_buf_addc(out, *value);
	}
	cft_buf_addc(out, '\'');
}

static const char *as_conninfo(struct cft_arena *arena, const struct cft_connection *c)
{
	struct cft_buf out = CFT_BUF_INIT;

	for (size_t i = 0; c->keywords[i]; i++) {
		cft_buf_addf(&out, "%s%s=", i ? " " : "", c->keywords[i]);
		add_quoted(&out, c->values[i]);
	}
	const char *text = cft_arena_strdup(arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return text;
}

static void use_url(struct cft_arena *arena, struct cft_connection *c, const char *url,
                    const char *source)
{
	const char *copy = cft_arena_strdup(arena, url);

	add(c, "dbname", copy);
	c->conninfo = copy;
	c->shown = cft_conninfo_redact(arena, copy);
	c->source = source;
}

static int use_environment(struct cft_arena *arena, struct cft_connection *c,
                           const struct cft_lookup *lookup, struct cft_err *err)
{
	struct cft_env_database d;
	int rc = cft_environment_database(&c->environment, lookup, &d, err);

	if (rc != 0)
		return rc;
	if (d.url) {
		use_url(arena, c, d.url, c->environment.file);
		return 0;
	}
	add(c, "host", d.host);
	add(c, "port", d.port);
	add(c, "dbname", d.database);
	add(c, "user", d.user);
	add(c, "password", d.password);
	add(c, "sslmode", d.sslmode);
	add(c, "options", d.options);
	c->conninfo = as_conninfo(arena, c);
	c->shown = cft_conninfo_redact(arena, c->conninfo);
	c->source = c->environment.file;
	return 0;
}

static void default_environment(struct cft_arena *arena, const char *root,
                                struct cft_environment *env)
{
	struct cft_env_dir *dir = cft_arena_new(arena, struct cft_env_dir);

	dir->path = cft_path_join(arena, root, "db/schema");
	dir->shown = "db/schema";
	*env = (struct cft_environment){
		.name = CFT_DEFAULT_ENVIRONMENT,
		.file = "",
		.project_root = root,
		.migrations_dir = cft_path_join(arena, root, "db/migrations"),
		.dirs = dir,
		.dir_count = 1,
		.migration = {"confiture_migrations", 5000, 0, 60000},
		.arena = arena,
	};
}

static int find_environment(struct cft_arena *arena, const struct cft_connection_request *request,
                            struct cft_connection *c, struct cft_err *err)
{
	struct cft_project project;
	int rc;

	if (request->config) {
		rc = cft_environment_read(arena, request->config, request->lookup, &c->environment,
		                          err);
		c->found = rc == 0;
		return rc;
	}
	const char *dir = request->dir ? request->dir : ".";
	/* Only what confiture.yaml says is wanted here; a given name spares the search for one. */
	rc = cft_project_identify(arena, "-", dir, request->lookup, &project, err);
	if (rc != 0)
		return rc;
	const char *name = request->env ? request->env : project.environment;
	const char *file = cft_arena_printf(arena, CFT_ENVIRONMENTS_DIR "/%s.yaml", name);
	if (!request->env && !cft_file_exists(cft_path_join(arena, project.root, file))) {
		default_environment(arena, project.root, &c->environment);
		return 0;
	}
	rc = cft_environment_find(arena, project.root, name, request->lookup, &c->environment, err);
	c->found = rc == 0;
	return rc;
}

static int nothing_names_one(const struct cft_connection_request *request, struct cft_err *err)
{
	const char *other = cft_lookup_get(request->lookup, "DATABASE_URL");

	cft_fail_reason(err, CFT_E_NOT_FOUND, "NO_DATABASE", "no database is configured");
	if (other && *other)
		cft_err_hint(err, "DATABASE_URL alone is not enough for a command that changes a "
		                  "database: give --database-url \"$DATABASE_URL\", or set "
		                  "CONFITURE_DATABASE_URL");
	else
		cft_err_hint(err, "run 'confiture init' and edit " CFT_ENVIRONMENTS_DIR
		                  "/local.yaml, or give --database-url");
	return CFT_E_NOT_FOUND;
}

static int choose(struct cft_arena *arena, const struct cft_connection_request *request,
                  struct cft_connection *c, struct cft_err *err)
{
	const char *variable = cft_lookup_get(request->lookup, "CONFITURE_DATABASE_URL");
	const char *other = cft_lookup_get(request->lookup, "DATABASE_URL");
	bool named = request->config || request->env;

	if (request->database_url)
		use_url(arena, c, request->database_url, "--database-url");
	else if (!named && variable && *variable)
		use_url(arena, c, variable, "CONFITURE_DATABASE_URL");
	else if (c->found && (named || c->environment.database))
		return use_environment(arena, c, request->lookup, err);
	else if (request->read_only && other && *other)
		use_url(arena, c, other, "DATABASE_URL");
	else
		return nothing_names_one(request, err);
	return 0;
}

int cft_connection_resolve(struct cft_arena *arena, const struct cft_connection_request *request,
                           struct cft_connection *ret_connection, struct cft_err *err)
{
	struct cft_connection c = {0};
	int rc;

	if (request->config && request->env)
		return cft_fail(err, CFT_E_INVALID, "give either --config or --env, not both");
	if (request->database_url && !*request->database_url)
		return cft_fail(err, CFT_E_INVALID, "--database-url: the URL is empty");
	if ((rc = find_environment(arena, request, &c, err)) != 0)
		return rc;
	if (!request->no_database && (rc = choose(arena, request, &c, err)) != 0)
		return rc;
	*ret_connection = c;
	return 0;
}
