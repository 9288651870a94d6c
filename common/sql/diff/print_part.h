/* Print: what its files share.
 * SPDX-License-Identifier: MIT
 *
 * Private to print*.c. Functions that take `out` append to it and give false where something cannot
 * be printed faithfully.
 */
#ifndef CFT_SQL_PRINT_PART_H
#define CFT_SQL_PRINT_PART_H

#include "common/sql/diff/print.h"

/* The buffer's text, in the arena; releases the buffer. */
char *cft_print_finish(struct cft_arena *arena, struct cft_buf *buf);

/* print_slice.c: bytes of a list item, up to the comma or parenthesis that ends it. */
size_t cft_slice_item(const char *text, size_t len);
/* Bytes without blanks and comments at the end. */
size_t cft_slice_trimmed(const char *text, size_t len);
/* The author's words, or NULL where they are not there or say something else by now. */
char *cft_slice_type(struct cft_arena *arena, const struct cft_object *col);
char *cft_slice_default(struct cft_arena *arena, const struct cft_object *col,
                        const struct cft_attr *dflt);

/* print_column.c */
void cft_print_fdw_options(const struct cft_object *obj, struct cft_buf *out);
bool cft_print_column_clauses(struct cft_arena *arena, const struct cft_object *col,
                              struct cft_buf *out);
bool cft_print_column(struct cft_arena *arena, const struct cft_object *col, struct cft_buf *out);

/* print_table.c */
typedef bool (*cft_leave_fn)(const struct cft_object *constraint, void *ctx);
void cft_print_with(const struct cft_object *obj, struct cft_buf *out);
bool cft_print_elements(struct cft_arena *arena, const struct cft_object *table, cft_leave_fn leave,
                        void *ctx, struct cft_buf *out, bool always);
char *cft_print_table(struct cft_arena *arena, const struct cft_object *table, cft_leave_fn leave,
                      void *ctx);

#endif
