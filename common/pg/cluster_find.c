/* Finding PostgreSQL's server programs.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/file.h"
#include "common/pg/cluster.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_server(const char *directory)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/initdb", directory) >= (int)sizeof(path))
		return false;
	if (access(path, X_OK) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/postgres", directory);
	return access(path, X_OK) == 0;
}

/* The number after the last '/' or '-' before "/bin": its major version. */
static long version_of(const char *directory)
{
	const char *end = strrchr(directory, '/');
	const char *p = end;

	while (p > directory && p[-1] != '/' && p[-1] != '-')
		p--;
	return strtol(p, NULL, 10);
}

static bool newest(const char *pattern, struct cft_buf *out)
{
	glob_t found = {0};
	const char *best = NULL;

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (has_server(found.gl_pathv[i]) &&
			    (!best || version_of(found.gl_pathv[i]) > version_of(best)))
				best = found.gl_pathv[i];
	if (best)
		cft_buf_adds(out, best);
	globfree(&found);
	return best != NULL;
}

static bool from_pg_config(struct cft_buf *out)
{
	char line[4096] = "";
	FILE *pipe = popen("pg_config --bindir 2>/dev/null", "re");

	if (!pipe)
		return false;
	if (!fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	/* Debian's client package has pg_config and no server. */
	if (!line[0] || !has_server(line))
		return false;
	cft_buf_adds(out, line);
	return true;
}

int cft_cluster_find_binaries(struct cft_buf *out, struct cft_err *err)
{
	if (newest("/usr/lib/postgresql/*/bin", out) || newest("/usr/pgsql-*/bin", out) ||
	    newest("/usr/local/pgsql/bin", out) || from_pg_config(out))
		return 0;
	cft_fail_reason(err, CFT_E_NOT_FOUND, "POSTGRESQL_NOT_INSTALLED",
	                "no PostgreSQL server (initdb, postgres) is installed here");
	return cft_err_hint(err, "install it (Debian: apt install postgresql), or name a database "
	                         "with --database-url");
}
