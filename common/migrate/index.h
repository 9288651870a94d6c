/* Index: what CONCURRENTLY leaves behind, and what the catalog says about a lost statement.
 * SPDX-License-Identifier: MIT
 *
 * Internal to common/migrate.
 */
#ifndef CFT_MIGRATE_INDEX_H
#define CFT_MIGRATE_INDEX_H

#include "common/migrate/internal.h"
#include "common/sql/syntax/transaction.h"

enum cft_mig_outcome {
	CFT_MIG_OUTCOME_DONE,    /* it ran */
	CFT_MIG_OUTCOME_AGAIN,   /* it did not, or may run twice */
	CFT_MIG_OUTCOME_UNKNOWN, /* a person must look */
};

/* Drops the INVALID index that an earlier CREATE INDEX CONCURRENTLY of this name left; with IF NOT
 * EXISTS the retry would skip it silently. Nothing for other statements. CFT_E_STATE while somebody
 * builds it right now. */
int cft_mig_index_clean(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                        struct cft_err *err);
/* After a failure: adds a hint where it left an INVALID index. */
void cft_mig_index_explain(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                           struct cft_err *err);
/* Whether a statement that was begun before a crash has run. */
int cft_mig_index_outcome(struct cft_mig_engine *engine, const struct cft_sql_traits *traits,
                          enum cft_mig_outcome *ret, struct cft_err *err);

#endif
