/* Token: from the command line, the environment or a file of one's own.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/token.h"

#include "common/base/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKEN_MAX_BYTES = 4096 };

static const char *default_file(struct cft_arena *arena)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	const char *path = NULL;

	if (base && base[0])
		path = cft_arena_printf(arena, "%s/confiture/token", base);
	else if (home && home[0])
		path = cft_arena_printf(arena, "%s/.config/confiture/token", home);
	return path && cft_file_exists(path) ? path : NULL;
}

static int read_file(struct cft_arena *arena, const char *path, const char **ret,
                     struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO))) {
		cft_fail_reason(err, CFT_E_CONFIG, "TOKEN_FILE_OPEN",
		                "others may read the token in %s", path);
		return cft_err_hint(err, "chmod 600 %s", path);
	}
	rc = cft_file_read(path, TOKEN_MAX_BYTES, &text, err);
	if (rc == 0) {
		const char *start = cft_buf_str(&text) + strspn(cft_buf_str(&text), " \t\r\n");
		*ret = cft_arena_strndup(arena, start, strcspn(start, " \t\r\n"));
		explicit_bzero(text.data, text.len);
	}
	cft_buf_release(&text);
	return rc;
}

int cft_token_find(struct cft_arena *arena, const char *token, const char *file, const char **ret,
                   struct cft_err *err)
{
	*ret = token && token[0] ? token : NULL;
	if (*ret)
		return 0;
	if (!file || !file[0])
		file = default_file(arena);
	return file ? read_file(arena, file, ret, err) : 0;
}
