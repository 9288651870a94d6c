/* Cluster: a private PostgreSQL of our own, made from the installed binaries.
 * SPDX-License-Identifier: MIT
 *
 * For the server's --embedded (kept, durable) and for sandboxes that prove something and go
 * (throw-away: fsync off, removed on close). It listens on a unix socket alone, in a directory that
 * only its user may enter; that is its access control. As root it runs as the owner of the data
 * directory, or as user `postgres`. PG* variables do not count.
 *
 * Every call blocks except cft_cluster_supervise. One thread at a time uses a cluster. A kept
 * cluster is locked: one process has it. If that process is killed, PostgreSQL goes on, and the
 * next open adopts it; if PostgreSQL was killed, its recovery runs at the next open.
 */
#ifndef CFT_PG_CLUSTER_H
#define CFT_PG_CLUSTER_H

#include "common/base/buf.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_cluster;

struct cft_cluster_options {
	/* Holds pg/ (the data), log and lock; made where missing. NULL: a temporary directory, only
	 * for throw-away clusters. */
	const char *directory;
	const char *bin_dir; /* of initdb and postgres; NULL = cft_cluster_find_binaries */
	bool throw_away;
};

/* Makes it where it does not exist, starts it or adopts it, waits until it answers. Errors:
 * CFT_E_NOT_FOUND (reason POSTGRESQL_NOT_INSTALLED), CFT_E_LOCKED (another process has it),
 * CFT_E_FAILED with the end of PostgreSQL's log. */
int cft_cluster_open(const struct cft_cluster_options *options, struct cft_cluster **ret_cluster,
                     struct cft_err *err);
/* Stops it; removes a throw-away one. NULL is fine. */
void cft_cluster_close(struct cft_cluster *cluster);

/* The connection string of a database; "postgres" exists, a kept cluster also has "confiture".
 * Connections should set ignore_environment, or follow cft_pg_forget_environment. */
void cft_cluster_url(const struct cft_cluster *cluster, const char *database, struct cft_buf *out);
/* CREATE DATABASE, without error where it exists. */
int cft_cluster_create_database(const struct cft_cluster *cluster, const char *name,
                                struct cft_err *err);

/* Does not block: call it every second. Starts PostgreSQL again where it has died (*ret_restarted);
 * clients reconnect when its recovery is done. */
int cft_cluster_supervise(struct cft_cluster *cluster, bool *ret_restarted, struct cft_err *err);
pid_t cft_cluster_pid(const struct cft_cluster *cluster); /* of the postmaster; 0 = not running */
bool cft_cluster_adopted(const struct cft_cluster *cluster);
const char *cft_cluster_directory(const struct cft_cluster *cluster); /* borrowed */

/* Appends the directory of initdb and postgres: pg_config's, or the newest in
 * /usr/lib/postgresql, /usr/pgsql-*, /usr/local/pgsql. */
int cft_cluster_find_binaries(struct cft_buf *out, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
