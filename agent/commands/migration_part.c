/* Migration part: which lines of a migration file are applied, by the markers of common tools.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/git.h"
#include "common/base/buf.h"
#include "common/base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum marker { MARKER_NONE, MARKER_UP, MARKER_DOWN };

static enum marker marker_of(const char *line)
{
	static const struct {
		const char *text;
		enum marker marker;
	} markers[] = {
		{"migrate:up", MARKER_UP},  {"migrate:down", MARKER_DOWN},
		{"+goose up", MARKER_UP},   {"+goose down", MARKER_DOWN},
		{"+migrate up", MARKER_UP}, {"+migrate down", MARKER_DOWN},
	};

	line += strspn(line, " \t");
	if (!cft_has_prefix(line, "--"))
		return MARKER_NONE;
	line += 2;
	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
		if (strncasecmp(line, markers[i].text, strlen(markers[i].text)) == 0)
			return markers[i].marker;
	return MARKER_NONE;
}

/* Lines that are left out stay as empty ones, so that places in messages are right. */
char *cft_migration_up_part(struct cft_arena *arena, const char *text)
{
	struct cft_buf up = CFT_BUF_INIT;
	bool marked = false, down = false;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		enum marker marker = marker_of(line);

		if (marker == MARKER_UP && !marked) { /* what stands before is a preamble */
			size_t lines = 0;
			for (const char *p = text; p < line; p++)
				lines += *p == '\n';
			cft_buf_release(&up);
			for (; lines > 0; lines--)
				cft_buf_addc(&up, '\n');
			marked = true;
		}
		if (marker != MARKER_NONE)
			down = marker == MARKER_DOWN;
		if (!down)
			cft_buf_add(&up, line, len);
		cft_buf_addc(&up, '\n');
		line += len + (line[len] == '\n');
	}
	char *copy = cft_arena_strdup(arena, cft_buf_str(&up));
	cft_buf_release(&up);
	return copy;
}

bool cft_migration_is_down(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (len > 9 && strcasecmp(name + len - 9, ".down.sql") == 0)
		return true;
	return name[0] == 'U' && isdigit((unsigned char)name[1]) && strstr(name, "__"); /* Flyway */
}
