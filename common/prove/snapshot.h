/* Snapshot: a database's catalog as sorted lines, to compare two outcomes.
 * SPDX-License-Identifier: MIT
 *
 * The order of columns, privileges and storage options does not count.
 */
#ifndef CFT_PROVE_SNAPSHOT_H
#define CFT_PROVE_SNAPSHOT_H

#include "common/pg/pg.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_snapshot {
	struct cft_pg_result *rows;
};

int cft_snapshot_take(struct cft_pg *pg, struct cft_snapshot *ret, struct cft_err *err);
void cft_snapshot_release(struct cft_snapshot *snapshot);

#ifdef __cplusplus
}
#endif

#endif
