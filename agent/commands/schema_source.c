/* Schema source: what OLD and NEW of a diff may be.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/schema_source.h"

#include "common/base/file.h"
#include "common/config/connection.h"
#include "common/introspect/introspect.h"
#include "common/migrate/build.h"

#include <string.h>

enum { SOURCE_LIMIT_BYTES = 256 << 20 };

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

int cft_schema_source_environment(struct cft_arena *arena, const struct cft_environment *env,
                                  struct cft_buf *out, struct cft_err *err)
{
	struct cft_build build;
	int rc = cft_build_collect(arena, env, true, &build, err);

	if (rc == 0)
		cft_build_render(&build, out);
	return rc;
}

static int read_directory(struct cft_arena *arena, const char *path, struct cft_buf *out,
                          struct cft_err *err)
{
	struct cft_env_dir dir = {.path = path, .shown = path, .kind = CFT_ENV_SCHEMA};
	const struct cft_environment env = {
		.name = path,
		.file = path,
		.project_root = ".",
		.dirs = &dir,
		.dir_count = 1,
		.arena = arena,
	};

	return cft_schema_source_environment(arena, &env, out, err);
}

static int read_env_source(struct cft_arena *arena, const char *name, struct cft_buf *out,
                           struct cft_err *err)
{
	const char *at = strchr(name, '@');
	struct cft_connection connection;
	struct cft_connection_request request = {.read_only = true, .no_database = !at};

	if (at && strcmp(at, "@db") != 0)
		return cft_fail_reason(err, CFT_E_INVALID, "UNKNOWN_SOURCE",
		                       "env:%s is no source: write env:NAME or env:NAME@db", name);
	request.env = at ? cft_arena_strndup(arena, name, (size_t)(at - name)) : name;
	int rc = cft_connection_resolve(arena, &request, &connection, err);
	if (rc != 0)
		return rc;
	return at ? cft_introspect_url(connection.conninfo, out, err)
	          : cft_schema_source_environment(arena, &connection.environment, out, err);
}

int cft_schema_source_text(struct cft_arena *arena, const char *source, struct cft_buf *out,
                           struct cft_err *err)
{
	const char *name;

	if ((name = after(source, "env:")))
		return read_env_source(arena, name, out, err);
	if ((name = after(source, "db:")))
		return cft_introspect_url(name, out, err);
	if (cft_file_is_dir(source))
		return read_directory(arena, source, out, err);
	return cft_file_read(source, SOURCE_LIMIT_BYTES, out, err);
}

int cft_schema_source_read(struct cft_arena *arena, const char *source, struct cft_schema **ret,
                           struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_schema_source_text(arena, source, &text, err);

	if (rc == 0)
		rc = cft_schema_read_text(cft_buf_str(&text), text.len,
		                          cft_schema_source_shown(arena, source), ret, err);
	cft_buf_release(&text);
	return rc;
}

const char *cft_schema_source_shown(struct cft_arena *arena, const char *source)
{
	const char *url = after(source, "db:");

	if (!url)
		return source;
	return cft_arena_printf(arena, "db:%s", cft_conninfo_redact(arena, url));
}
