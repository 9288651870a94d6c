/* Local: the places of the local server.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/local.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORD_LIMIT_BYTES = 65536 };

#define ROOT_DIR "/var/lib/confiture"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

const char *cft_local_address(void)
{
	const char *address = variable("CONFITURE_LOCAL_ADDRESS");

	return address ? address : "127.0.0.1:7430";
}

static bool open_to_others(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && (st.st_mode & S_IXOTH);
}

const char *cft_local_dir(struct cft_arena *arena)
{
	const char *dir = variable("CONFITURE_DATA_DIR");
	const char *base = variable("XDG_DATA_HOME");
	const char *home = variable("HOME");

	if (dir)
		return cft_arena_strdup(arena, dir);
	if (base)
		return cft_arena_printf(arena, "%s/confiture", base);
	if (!home || (geteuid() == 0 && !open_to_others(home)))
		return ROOT_DIR;
	return cft_arena_printf(arena, "%s/.local/share/confiture", home);
}

const char *cft_local_log_path(struct cft_arena *arena, const char *url)
{
	char hex[CFT_SHA256_HEX];

	if (!url)
		return cft_arena_printf(arena, "%s/server.log", cft_local_dir(arena));
	cft_sha256_hex(url, strlen(url), hex);
	return cft_arena_printf(arena, "%s/server-%.16s.log", cft_local_dir(arena), hex);
}

static const char *record_path(struct cft_arena *arena, const char *project)
{
	char hex[CFT_SHA256_HEX];

	/* Names of projects hold slashes and may differ in case only; digests do not. */
	cft_sha256_hex(project, strlen(project), hex);
	return cft_arena_printf(arena, "%s/projects/%.16s.json", cft_local_dir(arena), hex);
}

int cft_local_database(struct cft_arena *arena, const char *project, const char **ret_url,
                       struct cft_err *err)
{
	const char *path = record_path(arena, project);
	struct cft_buf text = CFT_BUF_INIT;

	*ret_url = NULL;
	if (!cft_file_exists(path))
		return 0;
	int rc = cft_file_read(path, RECORD_LIMIT_BYTES, &text, err);
	if (rc == 0) {
		json_t *record = cft_json_parse(cft_buf_str(&text), text.len, err);
		const char *url = json_string_value(json_object_get(record, "database_url"));
		if (url)
			*ret_url = cft_arena_strdup(arena, url);
		else
			rc = cft_fail(err, CFT_E_CONFIG, "%s holds no database_url", path);
		json_decref(record);
	}
	cft_buf_release(&text);
	return rc;
}

int cft_local_record_database(struct cft_arena *arena, const char *project, const char *url,
                              struct cft_err *err)
{
	const char *path = record_path(arena, project);
	const char *dir = cft_arena_printf(arena, "%s/projects", cft_local_dir(arena));
	bool had_password;
	const char *clean = cft_local_strip_password(arena, url, &had_password);
	json_t *record = json_pack("{s:s, s:s}", "project", project, "database_url", clean);
	char *text = cft_json_pretty(record);
	int rc = cft_file_mkdirs(dir, 0755, err);

	if (rc == 0)
		rc = cft_file_write(path, text, strlen(text), 0600, err);
	free(text);
	json_decref(record);
	return rc;
}

/* "user:secret@host" in a URI: the secret ends at the last '@' before the path. */
static const char *strip_userinfo(struct cft_arena *arena, const char *url, bool *ret_had)
{
	const char *start = strstr(url, "://");
	const char *end = start ? start + 3 + strcspn(start + 3, "/?") : NULL;
	const char *at = start ? memrchr(start + 3, '@', (size_t)(end - start - 3)) : NULL;
	const char *colon = at ? memchr(start + 3, ':', (size_t)(at - start - 3)) : NULL;

	if (!colon)
		return url;
	*ret_had = true;
	return cft_arena_printf(arena, "%.*s%s", (int)(colon - url), url, at);
}

/* The length of a keyword's value, which may stand in quotes with backslashes. */
static size_t value_length(const char *value, bool uri)
{
	size_t n = 1;

	if (uri)
		return strcspn(value, "&");
	if (value[0] != '\'')
		return strcspn(value, " \t\n");
	while (value[n] && value[n] != '\'')
		n += value[n] == '\\' && value[n + 1] ? 2 : 1;
	return value[n] ? n + 1 : n;
}

const char *cft_local_strip_password(struct cft_arena *arena, const char *url, bool *ret_had)
{
	static const char key[] = "password=";
	bool uri = strstr(url, "://") != NULL;
	const char *text, *at;

	*ret_had = false;
	text = strip_userinfo(arena, url, ret_had);
	while ((at = strstr(text, key)) != NULL &&
	       (at == text || strchr(uri ? "?&" : " \t\n", at[-1]))) {
		size_t len = strlen(key) + value_length(at + strlen(key), uri);
		*ret_had = true;
		len += at[len] ? 1 : 0; /* the separator after it */
		text = cft_arena_printf(arena, "%.*s%s", (int)(at - text), text, at + len);
	}
	return text;
}
