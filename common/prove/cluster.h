/* Cluster: a private PostgreSQL that lives for one proof.
 * SPDX-License-Identifier: MIT
 *
 * Roles and extensions belong to a whole cluster, so that unknown SQL gets one of its own: in a
 * temporary directory, on a unix socket there, without TCP, without fsync. Run by user postgres
 * where we are root. Blocks; one thread.
 */
#ifndef CFT_PROVE_CLUSTER_H
#define CFT_PROVE_CLUSTER_H

#include "common/base/arena.h"
#include "common/base/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_prove_cluster;

/* Makes and starts one (about a second). CFT_E_UNAVAILABLE where no PostgreSQL server is installed
 * or it does not start. Looks in $CONFITURE_PG_BINDIR, then for the newest in
 * /usr/lib/postgresql. */
int cft_prove_cluster_start(struct cft_prove_cluster **ret, struct cft_err *err);
/* Stops it and removes its files. NULL is fine. */
void cft_prove_cluster_free(struct cft_prove_cluster *cluster);
/* A connection string. */
char *cft_prove_cluster_url(const struct cft_prove_cluster *cluster, const char *user,
                            const char *database, struct cft_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
