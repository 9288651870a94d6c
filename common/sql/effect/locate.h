/* Locate: which object the generic commands (DROP, COMMENT, OWNER TO, SET SCHEMA, RENAME) mean.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_LOCATE_H
#define CFT_SQL_LOCATE_H

#include "common/sql/effect/build.h"

struct cft_located {
	enum cft_object_kind kind;
	const char *schema, *name, *sub, *args;
};

enum cft_object_kind cft_locate_kind(PgQuery__ObjectType type);
/* `relation` and `sub` are used where the statement has them; `object` otherwise. */
struct cft_located cft_locate(struct cft_build *b, PgQuery__ObjectType type,
                              const PgQuery__RangeVar *relation, const PgQuery__Node *object,
                              const char *sub);
void cft_locate_begin(struct cft_build *b, enum cft_effect_op op, const struct cft_located *at);

#endif
