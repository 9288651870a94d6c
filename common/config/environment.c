/* Environment files: directories, migration options, and the database when it is asked for.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/environment.h"

#include "common/base/file.h"
#include "common/base/path.h"
#include "common/base/suggest.h"
#include "common/base/vec.h"
#include "common/config/environment_table.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ROOT/db/environments/x.yaml belongs to ROOT; a file elsewhere to the project it lies in. */
static const char *root_of_file(struct cft_arena *arena, const char *path)
{
	const char *dir = cft_path_join(arena, ".", cft_path_dir(arena, path));

	if (strcmp(dir, CFT_ENVIRONMENTS_DIR) == 0)
		return ".";
	if (cft_path_has_suffix(dir, "/" CFT_ENVIRONMENTS_DIR))
		return cft_arena_strndup(arena, dir,
		                         strlen(dir) - strlen("/" CFT_ENVIRONMENTS_DIR));
	return cft_project_root(arena, dir);
}

static bool has_seed_part(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		if (len == 5 && memcmp(path, "seeds", 5) == 0)
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

typedef CFT_VEC(struct cft_env_dir) dir_list;

static void add_dirs(struct cft_environment *env, const struct cft_setting_list *list,
                     const char *base, bool seeds, dir_list *dirs)
{
	for (size_t i = 0; i < list->n; i++) {
		struct cft_env_dir dir = {.node = list->v[i].node};
		dir.path = cft_path_join(env->arena, base, list->v[i].text);
		dir.shown = cft_path_below(env->project_root, dir.path);
		dir.kind = seeds || has_seed_part(dir.shown) ? CFT_ENV_SEEDS : CFT_ENV_SCHEMA;
		cft_vec_push_in(env->arena, dirs, dir);
	}
}

static void default_dir(struct cft_environment *env, dir_list *dirs)
{
	struct cft_env_dir dir = {
		.path = cft_path_join(env->arena, env->project_root, "db/schema"),
		.shown = "db/schema",
		.kind = CFT_ENV_SCHEMA,
	};

	cft_vec_push_in(env->arena, dirs, dir);
}

static void schema_first(struct cft_environment *env, const dir_list *dirs)
{
	size_t n = 0;

	env->dirs = cft_arena_array(env->arena, struct cft_env_dir, dirs->n);
	for (int kind = CFT_ENV_SCHEMA; kind <= CFT_ENV_SEEDS; kind++) {
		for (size_t i = 0; i < dirs->n; i++) {
			if ((int)dirs->v[i].kind == kind)
				env->dirs[n++] = dirs->v[i];
		}
	}
	env->dir_count = n;
}

static void fill_dirs(struct cft_environment *env, const struct cft_env_values *values)
{
	const char *file_dir = cft_path_dir(env->arena, env->file);
	dir_list dirs = {0};

	add_dirs(env, &values->includes, file_dir, false, &dirs);
	add_dirs(env, &values->include_dirs, env->project_root, false, &dirs);
	if (dirs.n == 0)
		default_dir(env, &dirs);
	add_dirs(env, &values->seed_dirs, env->project_root, true, &dirs);
	schema_first(env, &dirs);
	const char **excludes =
		cft_arena_array(env->arena, const char *, values->exclude_dirs.n + 1);
	for (size_t i = 0; i < values->exclude_dirs.n; i++)
		excludes[i] = cft_path_join(env->arena, env->project_root,
		                            values->exclude_dirs.v[i].text);
	env->excludes = excludes;
	env->exclude_count = values->exclude_dirs.n;
}

static int check_table_name(const struct cft_yaml_node *root, const char *name, struct cft_err *err)
{
	const struct cft_yaml_node *node = cft_yaml_get(cft_yaml_get(root, "migration"), "table");
	int dots = 0;

	for (const char *p = name; *p; p++) {
		bool start = p == name || p[-1] == '.';
		dots += *p == '.';
		bool letter = isalpha((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80;
		if (*p == '.' ? !start && p[1] : letter || (!start && isdigit((unsigned char)*p)))
			continue;
		dots = 2;
		break;
	}
	if (dots < 2 || !node)
		return 0;
	return cft_yaml_fail(node, err,
	                     "migration.table: '%.100s' is not a table name (table or "
	                     "schema.table)",
	                     name);
}

/* With the variables left alone: what is written out must be right before anybody connects. */
static int check_database(struct cft_environment *env, struct cft_err *err)
{
	struct cft_env_database ignored = {0};
	struct cft_settings s;

	cft_settings_init(&s, cft_environment_database_table(), env->arena, &ignored);
	s.keep_variables = true;
	return env->database ? cft_settings_read_yaml(&s, env->database, NULL, err) : 0;
}

static const char *name_of_file(struct cft_arena *arena, const char *path)
{
	const char *base = cft_path_base(path);

	return cft_arena_strndup(arena, base, strcspn(base, "."));
}

int cft_environment_read(struct cft_arena *arena, const char *path, const struct cft_lookup *lookup,
                         struct cft_environment *ret_env, struct cft_err *err)
{
	struct cft_environment env = {.arena = arena};
	struct cft_env_values values = {0};
	const struct cft_yaml_node *root;
	struct cft_settings s;
	int rc;

	cft_settings_init(&s, cft_environment_table(), arena, &values);
	if ((rc = cft_yaml_read(arena, path, &root, err)) != 0 ||
	    (rc = cft_settings_read_yaml(&s, root, lookup, err)) != 0 ||
	    (rc = check_table_name(root, values.migration.table, err)) != 0)
		return rc;
	env.file = cft_arena_strdup(arena, path);
	env.name = values.name ? values.name : name_of_file(arena, path);
	env.project_root = root_of_file(arena, path);
	env.migrations_dir = cft_path_join(arena, env.project_root, values.migrations_dir);
	env.migration = values.migration;
	env.database = values.database;
	fill_dirs(&env, &values);
	if ((rc = check_database(&env, err)) != 0)
		return rc;
	*ret_env = env;
	return 0;
}

int cft_environment_check_dirs(const struct cft_environment *env, struct cft_err *err)
{
	for (size_t i = 0; i < env->dir_count; i++) {
		const struct cft_env_dir *dir = &env->dirs[i];
		if (cft_file_exists(dir->path))
			continue;
		cft_fail_reason(err, CFT_E_CONFIG, "DIRECTORY_NOT_FOUND",
		                "there is no directory '%.200s'", dir->shown);
		if (!dir->node)
			return cft_err_hint(err, "run 'confiture init'"), CFT_E_CONFIG;
		cft_err_at(err, dir->node->file, dir->node->line, dir->node->column);
		cft_err_hint(err, "'includes' is relative to this file, 'include_dirs' to the "
		                  "project's root");
		return CFT_E_CONFIG;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int cft_environment_list(struct cft_arena *arena, const char *root, const char *const **ret_names,
                         size_t *ret_n, struct cft_err *err)
{
	const char *path = cft_path_join(arena, root, CFT_ENVIRONMENTS_DIR);
	CFT_VEC(const char *) names = {0};
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir && errno != ENOENT)
		return cft_fail_errno(err, errno, "cannot read %s", path);
	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && cft_path_has_suffix(entry->d_name, ".yaml"))
			cft_vec_push_in(arena, &names, name_of_file(arena, entry->d_name));
	}
	if (dir)
		closedir(dir);
	if (names.n)
		qsort(names.v, names.n, sizeof(names.v[0]), by_name);
	*ret_names = names.v;
	*ret_n = names.n;
	return 0;
}

static int no_such_environment(struct cft_arena *arena, const char *root, const char *name,
                               struct cft_err *err)
{
	const char *const *names = NULL;
	size_t n = 0;
	char known[256] = "";
	size_t used = 0;
	int rc = cft_environment_list(arena, root, &names, &n, err);

	if (rc != 0)
		return rc;
	if (n == 0) {
		cft_fail_reason(err, CFT_E_NOT_FOUND, "NOT_INITIALISED",
		                "there is no project here: %s has no environment files",
		                cft_path_join(arena, root, CFT_ENVIRONMENTS_DIR));
		cft_err_hint(err, "run 'confiture init', or change to the project's directory");
		return CFT_E_NOT_FOUND;
	}
	for (size_t i = 0; i < n && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
		                         names[i]);
	const char *near = cft_suggest(name, names, n);
	cft_fail_reason(err, CFT_E_NOT_FOUND, "ENVIRONMENT_NOT_FOUND",
	                "there is no environment '%.60s' (%s)", name, known);
	if (near)
		cft_err_hint(err, "did you mean '%s'?", near);
	return CFT_E_NOT_FOUND;
}

int cft_environment_find(struct cft_arena *arena, const char *root, const char *name,
                         const struct cft_lookup *lookup, struct cft_environment *ret_env,
                         struct cft_err *err)
{
	const char *file = cft_arena_printf(arena, "%s/%s.yaml", CFT_ENVIRONMENTS_DIR, name);
	const char *path = cft_path_join(arena, root, file);

	if (strchr(name, '/') || *name == '\0' || *name == '.')
		return cft_fail(err, CFT_E_INVALID,
		                "'%.100s' is not the name of an environment (for a file: --config)",
		                name);
	if (!cft_file_exists(path))
		return no_such_environment(arena, root, name, err);
	return cft_environment_read(arena, path, lookup, ret_env, err);
}

static int one_way(const struct cft_environment *env, const struct cft_env_database *d,
                   struct cft_err *err)
{
	if (d->url && (d->host || d->port || d->database || d->user || d->password))
		return cft_yaml_fail(cft_yaml_get(env->database, "url"), err,
		                     "database: give either 'url' or the fields, not both");
	if (!d->url && !d->database)
		return cft_yaml_fail(
			env->database, err,
			"database: the name of the database is missing (key 'database')");
	return 0;
}

/* "5432", or one for each host; an empty one is the default port, as in libpq. */
static bool is_port_list(const char *text)
{
	for (;; text++) {
		char *end = (char *)text;
		long port = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 1;

		if (port < 1 || port > 65535 || (*end != ',' && *end != '\0'))
			return false;
		if (*end == '\0')
			return true;
		text = end;
	}
}

static int good_port(const struct cft_environment *env, const struct cft_env_database *d,
                     struct cft_err *err)
{
	if (!d->port || is_port_list(d->port))
		return 0;
	return cft_yaml_fail(cft_yaml_get(env->database, "port"), err,
	                     "database.port: '%.40s' is not a port (1 to 65535, or one for each "
	                     "host with commas)",
	                     d->port);
}

int cft_environment_database(const struct cft_environment *env, const struct cft_lookup *lookup,
                             struct cft_env_database *ret_database, struct cft_err *err)
{
	struct cft_env_database database = {0};
	struct cft_settings s;
	int rc;

	if (!env->database) {
		cft_fail_reason(err, CFT_E_CONFIG, "NO_DATABASE",
		                "the environment '%s' has no section 'database'", env->name);
		cft_err_at(err, env->file, 0, 0);
		cft_err_hint(err, "add it, or give --database-url");
		return CFT_E_CONFIG;
	}
	cft_settings_init(&s, cft_environment_database_table(), env->arena, &database);
	if ((rc = cft_settings_read_yaml(&s, env->database, lookup, err)) != 0 ||
	    (rc = one_way(env, &database, err)) != 0 || (rc = good_port(env, &database, err)) != 0)
		return rc;
	*ret_database = database;
	return 0;
}
