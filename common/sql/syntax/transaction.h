/* Transaction: how a statement gets along with a transaction block.
 * SPDX-License-Identifier: MIT
 *
 * What PostgreSQL 15 refuses inside a block (its PreventInTransactionBlock calls), as far as the
 * text tells; the rest (a CLUSTER of a partitioned table, say) shows as SQLSTATE 25001 when run.
 * Pure; any thread. Trees are walked only at their top: any stack is deep enough.
 */
#ifndef CFT_SQL_TRANSACTION_H
#define CFT_SQL_TRANSACTION_H

#include "common/base/arena.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct PgQuery__Node;

enum cft_sql_block {
	CFT_SQL_INSIDE,     /* runs inside a transaction block */
	CFT_SQL_OUTSIDE,    /* must run outside of one */
	CFT_SQL_BEGIN,      /* BEGIN, START TRANSACTION */
	CFT_SQL_COMMIT,     /* COMMIT, END */
	CFT_SQL_ROLLBACK,   /* ROLLBACK; also PREPARE TRANSACTION and the like */
	CFT_SQL_DISCARD,    /* DISCARD ALL: outside, and it drops the session's locks */
	CFT_SQL_ENUM_VALUE, /* ALTER TYPE ADD VALUE: inside, but `label` is unusable until commit */
	CFT_SQL_SESSION,    /* SET, RESET, set_config(): changes the session, not the database */
	CFT_SQL_COPY_IN,    /* COPY FROM STDIN: inside; its data follow in the script */
};

/* What the catalog can tell after a crash in the middle of a statement outside a transaction. */
enum cft_sql_again {
	CFT_SQL_AGAIN_UNKNOWN,      /* nothing: a person must look */
	CFT_SQL_AGAIN_HARMLESS,     /* may simply run twice: VACUUM, REINDEX, ALTER SYSTEM */
	CFT_SQL_AGAIN_INDEX_VALID,  /* done if the index is there and valid */
	CFT_SQL_AGAIN_INDEX_ABSENT, /* done if none of the indexes is there */
};

struct cft_sql_traits {
	enum cft_sql_block block;
	enum cft_sql_again again;
	/* Of CREATE INDEX CONCURRENTLY (`index` NULL: PostgreSQL makes up the name) and of DROP
	 * INDEX CONCURRENTLY (its first one). Unquoted names; schema NULL: by search_path. */
	const char *schema, *table, *index;
	const char *label; /* of ALTER TYPE ADD VALUE */
};

/* Strings are copied into the arena. `tree` may be NULL (unknown statement): inside. */
void cft_sql_traits_of(const struct PgQuery__Node *tree, struct cft_arena *arena,
                       struct cft_sql_traits *ret);

#ifdef __cplusplus
}
#endif

#endif
