/* Exec: PostgreSQL's rules, one function for each kind of change.
 * SPDX-License-Identifier: MIT
 *
 * Each function executes one effect on a world: WORLD_OK, or what PostgreSQL would refuse, with
 * w->error filled. The world is then in the middle of that statement: nobody goes on with it.
 */
#ifndef CFT_SQL_EXEC_H
#define CFT_SQL_EXEC_H

#include "common/sql/world/world.h"

enum world_code exec_create(struct world *w, const struct cft_effect *e);
enum world_code exec_drop(struct world *w, const struct cft_effect *e);
enum world_code exec_rename(struct world *w, const struct cft_effect *e);
enum world_code exec_move(struct world *w, const struct cft_effect *e);
enum world_code exec_alter(struct world *w, const struct cft_effect *e);
enum world_code exec_grant(struct world *w, const struct cft_effect *e);
enum world_code exec_write(struct world *w, const struct cft_effect *e);
enum world_code exec_attach(struct world *w, const struct cft_effect *e);
enum world_code exec_detach(struct world *w, const struct cft_effect *e);
enum world_code exec_create_column(struct world *w, const struct cft_effect *e);
/* Also in the tables that inherit it. */
void exec_validate_inherited(struct world *w, int constraint);
enum world_code exec_create_constraint(struct world *w, const struct cft_effect *e);
enum world_code exec_create_index(struct world *w, const struct cft_effect *e);
enum world_code exec_create_sequence(struct world *w, const struct cft_effect *e);
enum world_code exec_alter_column(struct world *w, const struct cft_effect *e, int table);
enum world_code exec_like(struct world *w, const struct cft_effect *e, int table);
enum world_code exec_output_columns(struct world *w, const struct cft_effect *e, int relation);
void exec_extension_members(struct world *w, int extension, const char *schema);

/* A sequence that belongs to a column has the owner of its table, and follows it. */
enum world_code exec_check_sequence_owner(struct world *w, int sequence);
enum world_code exec_give_sequence(struct world *w, int sequence, const char *owner);
void exec_give_owned_sequences(struct world *w, int table, const char *owner);
enum world_code exec_check_published(struct world *w, int publication);

/* -- finding -- */
/* The relation that the effect names, or assumes it. *ret_skip: IF EXISTS found none. */
enum world_code exec_relation(struct world *w, const struct cft_effect *e,
                              enum cft_object_kind kind, int *ret, bool *ret_skip);
/* The object of DROP, RENAME, ALTER …; -1 with *ret_skip where IF EXISTS forgives it. */
enum world_code exec_find(struct world *w, const struct cft_effect *e, int *ret, bool *ret_skip);
enum world_code exec_need_schema(struct world *w, const char *schema);
/* Tables that inherit from `table`, directly. Index after `after`, or -1. */
int exec_next_child(const struct world *w, int table, int after);
/* Indexes and owned sequences follow their table into another schema. */
bool exec_moves_along(const struct world *w, int obj, int table);
/* The constraint that an index belongs to, or -1. */
int exec_owning_constraint(const struct world *w, int index);
bool exec_has_schema(enum cft_object_kind kind);
bool exec_is_relation(enum cft_object_kind kind);
/* Relations with rows have a row type of their own name. */
bool exec_has_row_type(enum cft_object_kind kind);
bool exec_is_child(const struct cft_effect *e);

/* What ALTER DEFAULT PRIVILEGES gives to a new object. */
void exec_default_privileges(struct world *w, int obj);

/* -- attributes -- */
const char *exec_attr(const struct cft_effect *e, const char *key); /* "" if absent */
void exec_copy_attrs(struct world *w, int obj, const struct cft_effect *e);
const char *exec_column_type(const struct world *w, int column);
void exec_set_type(struct world *w, int column, const char *type);

/* An expression of `obj` against columns whose type the other side changed. */
enum world_code exec_check_written_for(struct world *w, int obj);
/* Views have no indexes and constraints. */
enum world_code exec_need_rows(struct world *w, int relation);

/* -- constants in rows (exec_values.c) -- */
/* A row gets the constant, or NULL: refused where the other side does not allow it. */
enum world_code exec_put_value(struct world *w, int table, int column, const char *value);
enum world_code exec_put_null(struct world *w, int table, int column);
/* Do the constants that the other side put there pass a new check, or a new type? */
enum world_code exec_check_rows(struct world *w, int table, const struct cft_effect *check);
enum world_code exec_check_labels(struct world *w, int column);

/* -- names -- */
enum world_code exec_slot_free(struct world *w, enum cft_object_kind kind, const char *schema,
                               const char *name, int except);
/* As PostgreSQL chooses one: unique among relations, or among the schema's constraints. */
const char *exec_choose_name(struct world *w, const char *table, const char *name2,
                             const char *label, const char *schema, bool relation, bool constraint);

/* -- failing -- */
enum world_code exec_taken(struct world *w, int by, const char *name);
enum world_code exec_duplicate(struct world *w, int by);
enum world_code exec_inherited(struct world *w, int obj);
enum world_code exec_depended(struct world *w, int on, int by);
enum world_code exec_type_blocked(struct world *w, int column, int by, const char *why);

/* -- parts -- */
/* Removes objects and what must go with them. */
enum world_code exec_remove(struct world *w, const int *targets, size_t n, bool cascade);
/* The index of a constraint, under the constraint's name. */
enum world_code exec_make_index(struct world *w, int constraint, int table);
/* For each dependency of `from` on a column of `source`, one of `to` on the column of that name. */
void exec_copy_column_deps(struct world *w, int to, const struct world_obj *from, int source,
                           int table);
/* What a new child takes from its parent. */
void exec_copy_columns(struct world *w, int parent, int child);
void exec_copy_checks(struct world *w, int parent, int child);
/* Indexes, keys and foreign keys of a partitioned table are there for each partition: `part` is
 * one of them. Copied to one partition, all of them to a new one, one of them to all. */
enum world_code exec_copy_part(struct world *w, int part, int parent, int partition);
enum world_code exec_copy_partitioned(struct world *w, int parent, int partition);
enum world_code exec_spread_part(struct world *w, int part, int parent);

#endif
