/* Database: choosing and describing the PostgreSQL.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/database.h"

#include "common/base/mem.h"
#include "common/pg/pg.h"

#include <stdlib.h>
#include <string.h>

struct cft_database {
	char *url;
	char *shown;
};

/* Without the user: "postgresql://user@host/db" is the redacted form. */
static char *describe(const char *url, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	const char *at, *start;
	char *shown = NULL;

	if (cft_pg_url_redact(url, &text, err) == 0) {
		start = strstr(cft_buf_str(&text), "://");
		start = start ? start + 3 : cft_buf_str(&text);
		at = strchr(start, '@');
		shown = cft_strdup(at ? at + 1 : start);
	}
	cft_buf_release(&text);
	return shown;
}

int cft_database_open(struct cft_loop *loop, const struct cft_server_settings *settings,
                      struct cft_database **ret, struct cft_err *err)
{
	struct cft_database *database;

	(void)loop;
	if (!settings->database_url)
		return cft_fail(err, CFT_E_CONFIG, "no database: give database_url");
	database = cft_new(struct cft_database);
	database->url = cft_strdup(settings->database_url);
	database->shown = describe(settings->database_url, err);
	if (!database->shown) {
		cft_database_close(database);
		return err->code;
	}
	*ret = database;
	return 0;
}

void cft_database_close(struct cft_database *database)
{
	if (!database)
		return;
	free(database->url);
	free(database->shown);
	free(database);
}

const char *cft_database_url(const struct cft_database *database)
{
	return database->url;
}

const char *cft_database_shown(const struct cft_database *database)
{
	return database->shown;
}
