/* Paths as text.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/path.h"

#include "common/base/buf.h"
#include "common/base/text.h"

#include <ctype.h>
#include <string.h>

static bool ends_with_parent(const struct cft_buf *out)
{
	return out->len >= 2 && strcmp(out->data + out->len - 2, "..") == 0 &&
	       (out->len == 2 || out->data[out->len - 3] == '/');
}

static void cut_last(struct cft_buf *out)
{
	char *slash = strrchr(out->data, '/');
	size_t keep = slash ? (size_t)(slash - out->data) : 0;

	if (slash == out->data)
		keep = 1;
	out->len = keep;
	out->data[keep] = '\0';
}

static void add_part(struct cft_buf *out, const char *part, size_t len)
{
	bool parent = len == 2 && memcmp(part, "..", 2) == 0;

	if (len == 0 || (len == 1 && *part == '.'))
		return;
	if (parent && out->len == 1 && out->data[0] == '/')
		return;
	if (parent && out->len > 0 && !ends_with_parent(out)) {
		cut_last(out);
		return;
	}
	if (out->len > 0 && out->data[out->len - 1] != '/')
		cft_buf_addc(out, '/');
	cft_buf_add(out, part, len);
}

static void add_parts(struct cft_buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");
		add_part(out, path, len);
		path += len + (path[len] == '/');
	}
}

const char *cft_path_join(struct cft_arena *arena, const char *dir, const char *path)
{
	struct cft_buf out = CFT_BUF_INIT;
	bool absolute = *path == '/';

	if (absolute || *dir == '/')
		cft_buf_addc(&out, '/');
	if (!absolute)
		add_parts(&out, dir);
	add_parts(&out, path);
	const char *joined = cft_arena_strdup(arena, out.len ? out.data : ".");
	cft_buf_release(&out);
	return joined;
}

const char *cft_path_dir(struct cft_arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : cft_arena_strndup(arena, path, (size_t)(slash - path));
}

const char *cft_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool cft_path_inside(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (strcmp(dir, ".") == 0)
		return *path != '/' && strcmp(path, "..") != 0 && !cft_has_prefix(path, "../");
	if (strncmp(dir, path, len) != 0)
		return false;
	return path[len] == '\0' || path[len] == '/' || (len && dir[len - 1] == '/');
}

const char *cft_path_below(const char *dir, const char *path)
{
	if (strcmp(dir, ".") == 0 || !cft_path_inside(dir, path))
		return path;
	path += strlen(dir);
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

bool cft_path_has_suffix(const char *path, const char *suffix)
{
	size_t len = strlen(path), end = strlen(suffix);

	return len >= end && strcmp(path + len - end, suffix) == 0;
}

/* Bytes up to the last name of the path that begins here, or 0. It ends with the quotation that it
 * began, else with its word. Of "/name" alone nothing goes. */
static size_t directories(const char *text, char before)
{
	const char quote[] = {before, '\0'};
	bool quoted = before == '"' || before == '\'';

	if (text[0] != '/' || !strchr(" \t\n\"':=(", before) ||
	    !(isalnum((unsigned char)text[1]) || text[1] == '.' || text[1] == '_'))
		return 0;
	size_t len = strcspn(text, quoted ? quote : " \t\n\"',:;()");
	while (text[len - 1] != '/')
		len--;
	return len > 1 ? len : 0;
}

void cft_path_hide(char *text)
{
	const char *in = text;
	char *out = text, before = ' ';

	while (*in) {
		in += directories(in, before);
		before = *in;
		if (*in)
			*out++ = *in++;
	}
	*out = '\0';
}
