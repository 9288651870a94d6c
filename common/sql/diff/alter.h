/* Alter: the changes that are more than a template.
 * SPDX-License-Identifier: MIT
 *
 * Private to alter*.c. Each appends the statements of one changed attribute to the node.
 */
#ifndef CFT_SQL_ALTER_H
#define CFT_SQL_ALTER_H

#include "common/sql/diff/diff.h"

#define ACCESS_EXCLUSIVE "ACCESS EXCLUSIVE"
#define SHARE_UPDATE     "SHARE UPDATE EXCLUSIVE"
#define SHARE_ROW        "SHARE ROW EXCLUSIVE"

typedef void (*cft_alter_fn)(struct cft_diff *d, struct cft_delta *x,
                             const struct cft_attr_delta *a, struct cft_node *node);

/* A statement; refused where `sql` is NULL: it cannot be printed faithfully. */
void cft_alter_step(struct cft_diff *d, struct cft_node *node, const struct cft_env *env, char *sql,
                    const char *lock, const struct cft_object *obj);

/* alter_column.c */
void cft_alter_not_null(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node);
void cft_alter_default(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node);
void cft_alter_generated(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);
void cft_alter_column_type(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                           struct cft_node *node);
void cft_alter_storage(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node);

/* alter_sequence.c */
void cft_alter_identity(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node);
void cft_alter_sequence(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                        struct cft_node *node);

/* alter_object.c */
void cft_alter_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node);
void cft_alter_fdw_option(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node);
void cft_alter_partition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                         struct cft_node *node);
void cft_alter_mapping(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                       struct cft_node *node);
void cft_alter_member(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node);
void cft_alter_labels(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                      struct cft_node *node);
void cft_alter_definition(struct cft_diff *d, struct cft_delta *x, const struct cft_attr_delta *a,
                          struct cft_node *node);

/* Can the constraint or policy be changed in place? */
bool cft_constraint_can_validate(const struct cft_attr_delta *a);
bool cft_constraint_can_alter(const struct cft_attr_delta *a);
bool cft_policy_can_alter(const struct cft_attr_delta *a);

#endif
