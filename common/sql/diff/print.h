/* Print: SQL text of objects and their parts.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. The author's own words are kept where they still say the truth; else the
 * text is made from the model. Strings are the arena's.
 */
#ifndef CFT_SQL_PRINT_H
#define CFT_SQL_PRINT_H

#include "common/sql/schema/model.h"

/* How statements name it after their verb: "TABLE users", "TRIGGER t ON users", "COLUMN t.c". */
char *cft_print_target(struct cft_arena *arena, const struct cft_object *obj);
/* The whole CREATE, or the ALTER TABLE … ADD of a column or constraint. `leave_out` says which
 * inline constraints come as statements of their own. NULL where it cannot be said. */
char *cft_print_create(struct cft_arena *arena, const struct cft_object *obj,
                       bool (*leave_out)(const struct cft_object *constraint, void *ctx),
                       void *ctx);
/* CREATE OR REPLACE of views, routines, triggers, rules. */
char *cft_print_replace(struct cft_arena *arena, const struct cft_object *obj);
char *cft_print_drop(struct cft_arena *arena, const struct cft_object *obj);

char *cft_print_type(struct cft_arena *arena, const struct cft_object *col);
/* An expression attribute, in parentheses where DEFAULT needs them. */
char *cft_print_expr(struct cft_arena *arena, const struct cft_attr *attr);
char *cft_print_default(struct cft_arena *arena, const struct cft_object *col,
                        const struct cft_attr *dflt);
char *cft_print_constraint(struct cft_arena *arena, const struct cft_object *obj);
char *cft_print_identity(struct cft_arena *arena, const struct cft_object *col);
char *cft_print_partition(struct cft_arena *arena, const struct cft_attr *attr, bool for_attach);
/* " INCREMENT BY 2 …" of a sequence or identity column. */
void cft_print_sequence_options(const struct cft_object *obj, struct cft_buf *out);
/* True if "serial" says the whole column: its default and sequence are as serial makes them. */
bool cft_print_serial_says_all(const struct cft_object *col);
/* True if the create text says everything but what other statements set. */
bool cft_print_is_source(const struct cft_object *obj);

#endif
