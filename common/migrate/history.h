/* History: what a database's tracking table says, as data.
 * SPDX-License-Identifier: MIT
 *
 * ledger.h reads it from a database; plan.h compares it with the files. Pure.
 */
#ifndef CFT_MIGRATE_HISTORY_H
#define CFT_MIGRATE_HISTORY_H

#include "common/base/arena.h"
#include "common/base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum cft_mig_state {
	CFT_MIG_APPLIED,
	CFT_MIG_BASELINE,  /* declared applied; never run here */
	CFT_MIG_APPLYING,  /* statement by statement, and not at its end */
	CFT_MIG_REVERTING, /* the same, rolling back */
};

struct cft_mig_entry {
	const char *version;
	const char *name;
	const char *checksum; /* of the file when it was applied; "" unknown */
	enum cft_mig_state state;
	const char *applied_at; /* RFC 3339 */
	const char *applied_by;
	int64_t duration_ms; /* -1 unknown */
	int statements_done;
	int statements_total; /* 0 unknown */
	/* Of an unfinished one: checksums of the statements that are done, in order, and of the
	 * one that was begun outside a transaction and has no result on record (NULL: none). */
	const char *const *done;
	const char *running;
};

/* Entries by version, in an arena of the caller. */
struct cft_mig_history {
	CFT_VEC(struct cft_mig_entry) entries;
};

/* "applied", "baseline", "applying", "reverting". */
const char *cft_mig_state_name(enum cft_mig_state state);
/* False for a word that is none of them. */
bool cft_mig_state_parse(const char *word, enum cft_mig_state *ret);
bool cft_mig_state_unfinished(enum cft_mig_state state);

void cft_mig_history_sort(struct cft_mig_history *history);
const struct cft_mig_entry *cft_mig_history_find(const struct cft_mig_history *history,
                                                 const char *version);
/* The one unfinished entry, or NULL. */
const struct cft_mig_entry *cft_mig_history_unfinished(const struct cft_mig_history *history);
/* The highest version that is applied or baseline, or NULL. */
const char *cft_mig_history_current(const struct cft_mig_history *history);

#ifdef __cplusplus
}
#endif

#endif
