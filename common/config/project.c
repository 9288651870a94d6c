/* Project identity: the chain of places that can name a project.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/project.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/config/environment.h"
#include "common/config/project_git.h"
#include "common/config/settings.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PROJECT_MAX_BYTES = 200, REMOTE_HOPS = 4 };

struct file_values {
	const char *project, *environment, *server;
};

static const struct cft_setting file_rows[] = {
	{.name = "project",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct file_values, project),
         .min = 1,
         .max = PROJECT_MAX_BYTES,
         .help = "Name of the project on the coordination server."},
	{.name = "environment",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct file_values, environment),
         .fallback = CFT_DEFAULT_ENVIRONMENT,
         .min = 1,
         .help = "Environment that commands use when none is named."},
	{.name = "server",
         .type = CFT_SETTING_ADDRESS,
         .offset = offsetof(struct file_values, server),
         .help = "Coordination server of this project."},
};

static const struct cft_settings_table file_table = {
	file_rows, sizeof(file_rows) / sizeof(file_rows[0]), NULL};

const struct cft_settings_table *cft_project_file_table(void)
{
	return &file_table;
}

const char *cft_project_root(struct cft_arena *arena, const char *start)
{
	char *real = realpath(start, NULL);
	const char *at = cft_arena_strdup(arena, real);
	const char *below = start;

	free(real);
	while (at) {
		if (cft_file_exists(cft_path_join(arena, at, CFT_PROJECT_FILE)) ||
		    cft_file_is_dir(cft_path_join(arena, at, CFT_ENVIRONMENTS_DIR)))
			return below;
		if (cft_file_exists(cft_path_join(arena, at, ".git")) || strcmp(at, "/") == 0)
			break;
		at = cft_path_dir(arena, at);
		below = cft_path_join(arena, below, "..");
	}
	return start;
}

static int read_file(struct cft_arena *arena, const char *root, const struct cft_lookup *lookup,
                     struct file_values *values, struct cft_err *err)
{
	const char *path = cft_path_join(arena, root, CFT_PROJECT_FILE);
	const struct cft_yaml_node *node;
	struct cft_settings s;

	cft_settings_init(&s, &file_table, arena, values);
	if (!cft_file_exists(path))
		return 0;
	int rc = cft_yaml_read(arena, path, &node, err);
	return rc ? rc : cft_settings_read_yaml(&s, node, lookup, err);
}

static const char *after_scheme(const char *url)
{
	const char *mark = strstr(url, "://");

	return mark ? mark + 3 : NULL;
}

/* host[:port] in lower case, without what is a scheme's usual port. */
static void add_host(struct cft_buf *out, const char *host, size_t len)
{
	const char *colon = memchr(host, ':', len);
	size_t bare = colon ? (size_t)(colon - host) : len;

	for (size_t i = 0; i < bare; i++)
		cft_buf_addc(out, (char)tolower((unsigned char)host[i]));
	if (colon && len - bare > 1 && strncmp(colon, ":22", len - bare) != 0 &&
	    strncmp(colon, ":443", len - bare) != 0 && strncmp(colon, ":80", len - bare) != 0 &&
	    strncmp(colon, ":9418", len - bare) != 0)
		cft_buf_add(out, colon, len - bare);
}

static size_t without_suffix(const char *path)
{
	size_t len = strlen(path);

	for (bool again = true; again;) {
		again = false;
		while (len && path[len - 1] == '/')
			len--;
		if (len > 4 && cft_has_prefix(path + len - 4, ".git")) {
			len -= 4;
			again = true;
		}
	}
	return len;
}

const char *cft_project_normalise_remote(struct cft_arena *arena, const char *url)
{
	const char *rest = after_scheme(url), *path;
	size_t host_len;

	if (strncasecmp(url, "file://", 7) == 0)
		return NULL;
	if (rest) {
		host_len = strcspn(rest, "/");
		path = rest + host_len;
	} else {
		/* user@host:path; a slash before the colon makes it a path of this machine. */
		rest = url;
		host_len = strcspn(url, ":/");
		if (url[host_len] != ':' || host_len == 0)
			return NULL;
		path = url + host_len + 1;
	}
	const char *at = memrchr(rest, '@', host_len);
	if (at) {
		host_len -= (size_t)(at + 1 - rest);
		rest = at + 1;
	}
	path += strspn(path, "/");
	size_t len = without_suffix(path);
	if (host_len == 0 || len == 0)
		return NULL;
	struct cft_buf out = CFT_BUF_INIT;
	add_host(&out, rest, host_len);
	cft_buf_addc(&out, '/');
	cft_buf_add(&out, path, len);
	const char *id = cft_arena_strdup(arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return id;
}

/* A repository without a remote elsewhere is named after its place: readable and unlikely to mix.
 */
static const char *id_of_git_dir(struct cft_arena *arena, const char *common)
{
	size_t len = strlen(common);
	char digest[CFT_SHA256_HEX];

	if (cft_path_has_suffix(common, "/.git"))
		len -= 5;
	else if (cft_path_has_suffix(common, ".git"))
		len -= 4;
	const char *place = cft_arena_strndup(arena, common, len);
	cft_sha256_hex(place, len, digest);
	return cft_arena_printf(arena, "%s-%.8s", cft_path_base(place), digest);
}

/* A clone of a clone on this machine belongs to what the first one was cloned from. */
static void identify_git(struct cft_arena *arena, const char *dir, struct cft_project *project)
{
	const char *common = cft_git_common_dir(arena, dir);

	for (int hop = 0; common && hop < REMOTE_HOPS; hop++) {
		const char *remote = cft_git_remote(arena, common);
		const char *id = remote ? cft_project_normalise_remote(arena, remote) : NULL;
		project->id = id ? id : id_of_git_dir(arena, common);
		project->source = id ? CFT_PROJECT_FROM_REMOTE : CFT_PROJECT_FROM_GIT_DIR;
		if (id || !remote)
			return;
		const char *path = after_scheme(remote);
		path = cft_path_join(arena, cft_path_dir(arena, common), path ? path : remote);
		const char *next = cft_git_common_dir(arena, path);
		char *bare = next ? NULL : realpath(path, NULL);
		if (bare)
			next = cft_arena_strdup(arena, bare);
		free(bare);
		common = next;
	}
}

static int check_id(const char *id, const char *what, struct cft_err *err)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)id[i] <= ' ' || id[i] == 0x7f)
			len = 0;
	}
	if (len > 0 && len <= PROJECT_MAX_BYTES && cft_utf8_valid(id, len, NULL))
		return 0;
	cft_fail(err, CFT_E_INVALID, "%s: '%.60s' is not a project's name", what, id);
	return cft_err_hint(err, "1 to %d bytes without blanks", PROJECT_MAX_BYTES), CFT_E_INVALID;
}

/* Names that come from a path may hold blanks; they become dashes. */
static const char *clean(struct cft_arena *arena, const char *id)
{
	char *copy = cft_arena_strndup(arena, id, strnlen(id, PROJECT_MAX_BYTES));

	for (char *p = copy; *p; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			*p = '-';
	}
	return cft_utf8_valid(copy, strlen(copy), NULL) && *copy ? copy : "project";
}

static const char *folder_name(struct cft_arena *arena, const char *root)
{
	char *real = realpath(root, NULL);
	const char *name = cft_arena_strdup(arena, real ? cft_path_base(real) : root);

	free(real);
	return name;
}

int cft_project_identify(struct cft_arena *arena, const char *option, const char *dir,
                         const struct cft_lookup *lookup, struct cft_project *ret_project,
                         struct cft_err *err)
{
	const char *root = cft_project_root(arena, dir);
	struct cft_project project = {.root = root};
	struct file_values values = {0};
	const char *variable = cft_lookup_get(lookup, "CONFITURE_PROJECT");
	int rc = read_file(arena, root, lookup, &values, err);

	if (rc != 0)
		return rc;
	project.environment = values.environment;
	project.server = values.server;
	if (option) {
		project.id = option;
		project.source = CFT_PROJECT_FROM_OPTION;
	} else if (variable && *variable) {
		project.id = cft_arena_strdup(arena, variable);
		project.source = CFT_PROJECT_FROM_VARIABLE;
	} else if (values.project) {
		project.id = values.project;
		project.source = CFT_PROJECT_FROM_FILE;
	} else {
		identify_git(arena, dir, &project);
		if (!project.id) {
			project.id = folder_name(arena, root);
			project.source = CFT_PROJECT_FROM_FOLDER;
		}
		project.id = clean(arena, project.id);
	}
	if ((rc = check_id(project.id, cft_project_source_name(project.source), err)) != 0)
		return rc;
	*ret_project = project;
	return 0;
}

const char *cft_project_source_name(enum cft_project_source source)
{
	switch (source) {
	case CFT_PROJECT_FROM_OPTION:
		return "--project";
	case CFT_PROJECT_FROM_VARIABLE:
		return "CONFITURE_PROJECT";
	case CFT_PROJECT_FROM_FILE:
		return CFT_PROJECT_FILE;
	case CFT_PROJECT_FROM_REMOTE:
		return "git remote";
	case CFT_PROJECT_FROM_GIT_DIR:
		return "git directory";
	case CFT_PROJECT_FROM_FOLDER:
		return "folder";
	}
	return "?";
}
