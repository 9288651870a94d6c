/* Outputs: what a relation gives, column by column.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_OUTPUTS_H
#define CFT_SQL_OUTPUTS_H

#include "common/sql/schema/model.h"

enum { CFT_OUTPUTS_MAX = 256 };

/* All borrowed from the schema. */
struct cft_outputs {
	const char *name[CFT_OUTPUTS_MAX];
	const PgQuery__Node *val[CFT_OUTPUTS_MAX];
	const struct cft_object *column[CFT_OUTPUTS_MAX]; /* of a star, or a plain column */
	size_t n;
	bool unknown; /* not all could be told */
};

/* Of a view: its query's, under the names that the view gives them. */
void cft_view_outputs(const struct cft_object *view, struct cft_outputs *out);
/* Names of the columns of a table (inherited ones too) or view; 0 where they are not known. */
size_t cft_relation_columns(const struct cft_object *rel, const char **names, size_t max);

#endif
