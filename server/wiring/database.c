/* Database: choosing, describing and supervising the PostgreSQL.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/database.h"

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/pg/cluster.h"
#include "common/pg/pg.h"

#include <stdlib.h>
#include <string.h>

enum { SUPERVISE_MS = 1000 };

struct cft_database {
	char *url;
	char *shown;
	struct cft_cluster *cluster; /* the embedded one, or NULL */
	struct cft_timer *supervisor;
};

static int describe(struct cft_database *database, struct cft_err *err)
{
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_pg_url_place(database->url, &text, err);

	if (rc == 0)
		database->shown = cft_buf_detach(&text);
	cft_buf_release(&text);
	return rc;
}

static void supervise(void *ctx)
{
	struct cft_database *database = ctx;
	struct cft_err err = CFT_ERR_INIT;
	bool restarted = false;

	if (cft_cluster_supervise(database->cluster, &restarted, &err) < 0)
		cft_log_err(CFT_LOG_ERROR, "embedded PostgreSQL does not run", &err);
	else if (restarted)
		cft_log(CFT_LOG_WARN, "embedded PostgreSQL had ended; started again", NULL);
}

static int open_embedded(struct cft_loop *loop, const char *directory,
                         struct cft_database *database, struct cft_err *err)
{
	struct cft_cluster_options options = {.directory = directory};
	struct cft_buf url = CFT_BUF_INIT;
	int rc;

	/* PG* variables are for other databases. */
	cft_pg_forget_environment();
	rc = cft_cluster_open(&options, &database->cluster, err);
	if (rc < 0)
		return rc;
	if (cft_cluster_adopted(database->cluster))
		cft_log(CFT_LOG_INFO, "adopted the embedded PostgreSQL that still ran", NULL);
	cft_cluster_url(database->cluster, "confiture", &url);
	database->url = cft_buf_detach(&url);
	database->shown = cft_asprintf("embedded: %s", directory);
	database->supervisor = cft_timer_new(loop, supervise, database);
	cft_timer_start(database->supervisor, SUPERVISE_MS, SUPERVISE_MS);
	return 0;
}

static int start_embedded(struct cft_loop *loop, const struct cft_server_settings *settings,
                          struct cft_database *database, struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *base = cft_server_data_dir(&arena, settings);
	int rc = cft_file_mkdirs(base, 0755, err);

	if (rc == 0)
		rc = open_embedded(loop, cft_arena_printf(&arena, "%s/embedded", base), database,
		                   err);
	cft_arena_release(&arena);
	return rc;
}

int cft_database_open(struct cft_loop *loop, const struct cft_server_settings *settings,
                      struct cft_database **ret, struct cft_err *err)
{
	struct cft_database *database = cft_new(struct cft_database);
	int rc;

	if (settings->database_url) {
		database->url = cft_strdup(settings->database_url);
		rc = describe(database, err);
	} else {
		rc = start_embedded(loop, settings, database, err);
	}
	if (rc < 0)
		cft_database_close(database);
	else
		*ret = database;
	return rc;
}

void cft_database_close(struct cft_database *database)
{
	if (!database)
		return;
	cft_timer_free(database->supervisor);
	cft_cluster_close(database->cluster);
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
