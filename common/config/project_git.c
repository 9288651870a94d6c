/* What git's files say about a directory: its common directory and its remote.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/project_git.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/base/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GIT_FILE_LIMIT = 1024 * 1024 };

static const char *absolute(struct cft_arena *arena, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy = cft_arena_strdup(arena, real);

	free(real);
	return copy;
}

/* The file's text without blanks at its end, or NULL. */
static char *read_text(struct cft_arena *arena, const char *path)
{
	struct cft_buf text = CFT_BUF_INIT;
	char *copy = NULL;

	if (cft_file_exists(path) && !cft_file_is_dir(path) &&
	    cft_file_read(path, GIT_FILE_LIMIT, &text, NULL) == 0) {
		while (text.len && isspace((unsigned char)text.data[text.len - 1]))
			text.len--;
		copy = cft_arena_strndup(arena, cft_buf_str(&text), text.len);
	}
	cft_buf_release(&text);
	return copy;
}

const char *cft_git_top(struct cft_arena *arena, const char *dir)
{
	const char *at = absolute(arena, dir);

	while (at && !cft_file_exists(cft_path_join(arena, at, ".git"))) {
		if (strcmp(at, "/") == 0)
			return NULL;
		at = cft_path_dir(arena, at);
	}
	return at;
}

const char *cft_git_common_dir(struct cft_arena *arena, const char *dir)
{
	const char *top = cft_git_top(arena, dir);

	if (!top)
		return NULL;
	const char *git = cft_path_join(arena, top, ".git");
	if (!cft_file_is_dir(git)) {
		/* A worktree or a submodule: the file says "gitdir: <path>". */
		const char *text = read_text(arena, git);
		if (!text || !cft_has_prefix(text, "gitdir:"))
			return NULL;
		text += 7;
		git = cft_path_join(arena, top, text + strspn(text, " "));
	}
	const char *common = read_text(arena, cft_path_join(arena, git, "commondir"));
	return absolute(arena, common ? cft_path_join(arena, git, common) : git);
}

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* `key = value` for the key `url`, or NULL. */
static char *url_value(char *line)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return NULL;
	*equals = '\0';
	if (strcasecmp(trim(line), "url") != 0)
		return NULL;
	char *value = trim(equals + 1);
	size_t len = strlen(value);
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
		value[len - 1] = '\0';
		value++;
	}
	return value;
}

const char *cft_git_remote(struct cft_arena *arena, const char *common_dir)
{
	char *text = read_text(arena, cft_path_join(arena, common_dir, "config"));
	const char *first = NULL;
	bool remote = false, origin = false;

	for (char *line = text; line && *line;) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;
		*end = '\0';
		char *bare = trim(line);
		if (*bare == '[') {
			remote = cft_has_prefix(bare, "[remote ");
			origin = strncmp(bare, "[remote \"origin\"]", 17) == 0;
		} else if (remote && *bare != '#' && *bare != ';') {
			const char *url = url_value(bare);
			if (url && *url && origin)
				return url;
			if (url && *url && !first)
				first = url;
		}
		line = next;
	}
	return first;
}
