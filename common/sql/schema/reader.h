/* Reader: folds statements into the model; one function per statement kind.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql. A fold function changes the model or says why it cannot; one that misses
 * an object waits and is called again after the rest of the text, so order does not matter.
 */
#ifndef CFT_SQL_READER_H
#define CFT_SQL_READER_H

#include "common/sql/schema/model.h"
#include "common/sql/syntax/parse.h"

enum cft_fold {
	CFT_FOLD_DONE,
	CFT_FOLD_WAIT,   /* an object it names is not there yet */
	CFT_FOLD_REFUSE, /* r->reason says why */
};

struct cft_reader {
	struct cft_schema *s;
	const struct cft_env *env;
	const struct cft_sql_stmt *stmt;
	const ProtobufCMessage *msg;
	const char *reason;
	const char *missing; /* what a waiting statement waits for */
	const char *role;    /* SET ROLE, or NULL */
	const char *created; /* schema of the CREATE SCHEMA that a statement is an element of */
};

typedef enum cft_fold (*cft_fold_fn)(struct cft_reader *r, const ProtobufCMessage *msg);

enum cft_fold cft_fold_wait(struct cft_reader *r, const char *schema, const char *name);
enum cft_fold cft_fold_refuse(struct cft_reader *r, const char *reason);

/* Makes an object whose definition is the statement being read, named as written there. */
struct cft_object *cft_fold_object(struct cft_reader *r, enum cft_kind kind, const char *schema,
                                   const char *name);
struct cft_object *cft_fold_child(struct cft_reader *r, enum cft_kind kind, const char *name,
                                  struct cft_object *parent);
/* Makes the object's identity known to messages and scripts. */
void cft_fold_ident(struct cft_reader *r, struct cft_object *obj, bool qualified);
struct cft_object *cft_fold_find_relation(struct cft_reader *r, const PgQuery__RangeVar *rv);
/* Any object as COMMENT, ALTER … OWNER and DROP name it. */
struct cft_object *cft_fold_find(struct cft_reader *r, PgQuery__ObjectType type,
                                 const PgQuery__Node *object);
/* "(integer,text)" of a routine's input arguments. */
const char *cft_fold_args(struct cft_reader *r, PgQuery__Node *const *types, size_t n);

/* reader_table.c */
enum cft_fold cft_fold_create_table(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_create_foreign_table(struct cft_reader *r, const ProtobufCMessage *msg);
struct cft_object *cft_fold_column(struct cft_reader *r, struct cft_object *table,
                                   PgQuery__ColumnDef *def, bool inlined);
void cft_fold_constraints(struct cft_reader *r, struct cft_object *table,
                          PgQuery__Constraint **constraints, size_t n, bool inlined);
void cft_fold_column_rest(struct cft_reader *r, struct cft_object *column, PgQuery__ColumnDef *def,
                          bool inlined);
void cft_fold_options(struct cft_reader *r, struct cft_object *obj, enum cft_attr_id id,
                      PgQuery__Node *const *options, size_t n, bool reset);
const char *cft_fold_relation_name(struct cft_reader *r, struct cft_object *table,
                                   const char *columns, const char *label);

/* reader_alter.c */
enum cft_fold cft_fold_alter_table(struct cft_reader *r, const ProtobufCMessage *msg);

/* reader_sequence.c */
enum cft_fold cft_fold_create_sequence(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_alter_sequence(struct cft_reader *r, const ProtobufCMessage *msg);
void cft_fold_sequence_options(struct cft_reader *r, struct cft_object *obj,
                               PgQuery__Node *const *options, size_t n);
/* Leaves out options that say the default. */
void cft_fold_sequence_defaults(struct cft_reader *r, struct cft_object *obj);
void cft_fold_serial(struct cft_reader *r, struct cft_object *column, const char *type,
                     bool inlined);

/* reader_object.c: what is wholly said by its CREATE statement */
enum cft_fold cft_fold_define(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_create_schema(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_alter_enum(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_domain(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_alter_domain(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_composite(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_index(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_alter_misc(struct cft_reader *r, const ProtobufCMessage *msg);

void cft_fold_publication(struct cft_reader *r, struct cft_object *obj,
                          PgQuery__Node *const *options, size_t n_options,
                          PgQuery__Node *const *members, size_t n_members, bool drop);

/* reader_attr.c */
enum cft_fold cft_fold_comment(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_owner(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_label(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_drop(struct cft_reader *r, const ProtobufCMessage *msg);

/* The key space of what belongs to a relation (column, trigger …); NULL for other types. */
const char *cft_child_space(PgQuery__ObjectType type);
/* Waits for an object as COMMENT, ALTER … and DROP name it. */
enum cft_fold cft_fold_wait_for(struct cft_reader *r, const PgQuery__Node *object);

/* reader_rename.c */
enum cft_fold cft_fold_rename(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_set_schema(struct cft_reader *r, const ProtobufCMessage *msg);

/* reader_acl.c */
enum cft_fold cft_fold_grant(struct cft_reader *r, const ProtobufCMessage *msg);
enum cft_fold cft_fold_default_acl(struct cft_reader *r, const ProtobufCMessage *msg);
void cft_fold_default_privileges(struct cft_reader *r, struct cft_object *obj);
const char *cft_sql_role_name(struct cft_reader *r, const PgQuery__RoleSpec *role);

#endif
