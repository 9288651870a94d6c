/* Body, types: the types that a routine's queries take columns for. Private to this module.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_BODY_TYPES_H
#define CFT_SQL_BODY_TYPES_H

#include "common/sql/effect/build.h"

struct cft_body_query {
	struct cft_build *b;
	const PgQuery__CreateFunctionStmt *function; /* NULL: of a DO block */
	uint16_t scope;                              /* of the query's FROM */
	uint32_t flags;                              /* of its references */
};

/* Adds references with flags RESULT and COMPARED. `returned`: its rows are the routine's result. */
void cft_body_types(struct cft_body_query *q, const PgQuery__Node *tree, bool returned);

#endif
