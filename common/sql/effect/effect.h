/* Effect: what a statement does to the schema, as plain data.
 * SPDX-License-Identifier: MIT
 *
 * A list of effects is the whole of what anybody needs to know about an intent's SQL: it is stored
 * in events and compared by other processes, which never parse. Effects know nothing of the base
 * schema: names are as written (folded, cut), references are unresolved. Executing a list in order
 * on a schema (base.h) gives the schema after it.
 *
 * All strings are never NULL ("" is absent) and live in the arena that made the list. The numbers
 * of the enums are stored: append only.
 */
#ifndef CFT_SQL_EFFECT_H
#define CFT_SQL_EFFECT_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Stored with effects: lists of another version are compared as they are, and made anew from the
 * SQL by whoever writes next. */
#define CFT_EFFECTS_VERSION 1

/* X(NAME, "text in keys and messages", is a child of a relation) */
#define CFT_OBJECT_MAP(X)                                                                           \
	X(UNKNOWN, "unknown", 0)                                                                    \
	X(SCHEMA, "schema", 0)                                                                      \
	X(TABLE, "table", 0)                                                                        \
	X(VIEW, "view", 0)                                                                          \
	X(MATVIEW, "materialized view", 0)                                                          \
	X(INDEX, "index", 0)                                                                        \
	X(SEQUENCE, "sequence", 0)                                                                  \
	X(COLUMN, "column", 1)                                                                      \
	X(CONSTRAINT, "constraint", 1)                                                              \
	X(TRIGGER, "trigger", 1)                                                                    \
	X(RULE, "rule", 1)                                                                          \
	X(POLICY, "policy", 1)                                                                      \
	X(FUNCTION, "function", 0)                                                                  \
	X(TYPE, "type", 0)                                                                          \
	X(DOMAIN_CONSTRAINT, "domain constraint", 0)                                                \
	X(EXTENSION, "extension", 0)                                                                \
	X(ROLE, "role", 0)                                                                          \
	X(LANGUAGE, "language", 0)                                                                  \
	X(CAST, "cast", 0)                                                                          \
	X(OPERATOR, "operator", 0)                                                                  \
	X(OPCLASS, "operator class", 0)                                                             \
	X(OPFAMILY, "operator family", 0)                                                           \
	X(AGGREGATE, "aggregate", 0)                                                                \
	X(COLLATION, "collation", 0)                                                                \
	X(CONVERSION, "conversion", 0)                                                              \
	X(STATISTICS, "statistics", 0)                                                              \
	X(PUBLICATION, "publication", 0)                                                            \
	X(SUBSCRIPTION, "subscription", 0)                                                          \
	X(EVENT_TRIGGER, "event trigger", 0)                                                        \
	X(SERVER, "server", 0)                                                                      \
	X(FDW, "foreign data wrapper", 0)                                                           \
	X(USER_MAPPING, "user mapping", 0)                                                          \
	X(TS_CONFIG, "text search configuration", 0)                                                \
	X(TS_DICT, "text search dictionary", 0)                                                     \
	X(TS_PARSER, "text search parser", 0)                                                       \
	X(TS_TEMPLATE, "text search template", 0)                                                   \
	X(ACCESS_METHOD, "access method", 0)                                                        \
	X(TRANSFORM, "transform", 0)                                                                \
	X(TABLESPACE, "tablespace", 0)                                                              \
	X(DATABASE, "database", 0)                                                                  \
	X(DEFAULT_PRIVILEGES, "default privileges", 0)                                              \
	X(SETTING, "setting", 0)                                                                    \
	X(LARGE_OBJECT, "large object", 0)                                                          \
	X(RELATION, "relation", 0) /* a table, view, sequence …: the statement does not say which \
	                            */

enum cft_object_kind {
#define CFT_OBJECT_ENUM(name, text, child) CFT_OBJ_##name,
	CFT_OBJECT_MAP(CFT_OBJECT_ENUM)
#undef CFT_OBJECT_ENUM
		CFT_OBJ_COUNT
};

/* X(NAME, "text") */
#define CFT_EFFECT_OP_MAP(X)                                                                  \
	X(CREATE, "create")                                                                   \
	X(DROP, "drop")                                                                       \
	X(ALTER, "alter")   /* sets the attributes in attrs */                                \
	X(RENAME, "rename") /* to `to` */                                                     \
	X(MOVE, "move")     /* to the schema `to` */                                          \
	X(USE, "use")       /* runs something that needs refs to exist: DML, DO, CALL */      \
	X(WRITE, "write")   /* changes rows: attrs "rows" = insert, update, delete, truncate  \
	                     */                                                               \
	X(GRANT, "grant")   /* attrs: role.privilege = "granted" or "revoked" */              \
	X(ATTACH, "attach") /* partition or inheritance parent: `to` */                       \
	X(DETACH, "detach")                                                                   \
	X(TOUCH, "touch")     /* declared or opaque work on a table: nothing more is known */ \
	X(SESSION, "session") /* SET search_path and the like, until the end of the list */   \
	X(COMMENT, "comment")

enum cft_effect_op {
#define CFT_EFFECT_OP_ENUM(name, text) CFT_OP_##name,
	CFT_EFFECT_OP_MAP(CFT_EFFECT_OP_ENUM)
#undef CFT_EFFECT_OP_ENUM
		CFT_OP_COUNT
};

enum cft_effect_flag {
	CFT_EFFECT_IF_EXISTS = 1 << 0,        /* of the object itself */
	CFT_EFFECT_IF_NOT_EXISTS = 1 << 1,    /* nothing happens where it exists already */
	CFT_EFFECT_OR_REPLACE = 1 << 2,       /* of functions, views, triggers … */
	CFT_EFFECT_CASCADE = 1 << 3,          /* dependents go too */
	CFT_EFFECT_GENERATED_NAME = 1 << 4,   /* PostgreSQL chooses the name: `sub` or `name` is
	                                       * the first that it would try */
	CFT_EFFECT_PARENT_IF_EXISTS = 1 << 5, /* ALTER TABLE IF EXISTS t … */
	CFT_EFFECT_CONDITIONAL = 1 << 6,      /* inside a DO block: may run or not */
	CFT_EFFECT_SKETCH = 1 << 7,           /* the statement said `...` */
	CFT_EFFECT_OPAQUE = 1 << 8,           /* newer than the grammar */
	CFT_EFFECT_CONCURRENTLY = 1 << 9,
	CFT_EFFECT_WHOLE = 1 << 10,          /* ALL TABLES IN SCHEMA: what exists at that moment */
	CFT_EFFECT_NO_TRANSACTION = 1 << 11, /* cannot run in a transaction block */
	CFT_EFFECT_PART = 1 << 12,           /* follows the effect before it: skipped with it when
	                                      * IF NOT EXISTS finds the object */
	CFT_EFFECT_REWRITE = 1 << 13,        /* rewrites the table, or may */
};

enum cft_ref_flag {
	CFT_REF_LATE = 1 << 0, /* resolved when it runs (plpgsql bodies): breaks at run time */
	CFT_REF_STAR = 1 << 1, /* every column of the relation, now */
	CFT_REF_SOFT = 1 << 2, /* the definition is fixed without it (LIKE, CTAS): no dependency */
	CFT_REF_DERIVED = 1 << 3,    /* the scope also has columns that are not a table's */
	CFT_REF_MERGED = 1 << 4,     /* named by USING or NATURAL: not ambiguous */
	CFT_REF_AUTO = 1 << 5,       /* the object is dropped with it, without CASCADE */
	CFT_REF_WRITE = 1 << 6,      /* rows of it are written */
	CFT_REF_CALL = 1 << 7,       /* a call: `sub` is the number of arguments */
	CFT_REF_KEY = 1 << 8,        /* needs a primary key or unique index on columns `sub` ("" is
	                              * the primary key) */
	CFT_REF_VALUE = 1 << 9,      /* a literal that may be an enum label */
	CFT_REF_UNCERTAIN = 1 << 10, /* may name no object at all (a variable, an alias) */
	CFT_REF_COUNT = 1 << 11, /* `value` is how many columns the relation must have at least */
	CFT_REF_QUALIFIED = 1 << 12, /* a relation whose columns are only meant where its alias is
	                              * written: EXCLUDED */
	CFT_REF_RESULT = 1 << 13,    /* a column that a routine returns as of type `value` */
	CFT_REF_COMPARED = 1 << 14,  /* a column that is compared with something of type `value` */
	CFT_REF_FIELD = 1 << 15,     /* NEW.`sub` or OLD.`sub` in a trigger's function */
};

/* Something a statement needs. Columns carry the scope of the query level they are used in: a
 * column with an empty `name` belongs to one of the relations of its scope, or of the scopes
 * around it. */
struct cft_ref {
	enum cft_object_kind kind;
	uint32_t flags; /* enum cft_ref_flag */
	const char *schema, *name;
	const char *sub;       /* column */
	const char *alias;     /* of a relation in its scope, or the column's qualifier */
	const char *value;     /* a literal that it is set to or compared with, or \"\" */
	uint16_t scope, outer; /* 0 = none */
};

struct cft_attr {
	const char *key, *value;
};

/* Lock modes of PostgreSQL, weakest first. */
enum cft_lock {
	CFT_LOCK_NONE,
	CFT_LOCK_ACCESS_SHARE,
	CFT_LOCK_ROW_SHARE,
	CFT_LOCK_ROW_EXCLUSIVE,
	CFT_LOCK_SHARE_UPDATE_EXCLUSIVE,
	CFT_LOCK_SHARE,
	CFT_LOCK_SHARE_ROW_EXCLUSIVE,
	CFT_LOCK_EXCLUSIVE,
	CFT_LOCK_ACCESS_EXCLUSIVE,
};

struct cft_effect {
	uint32_t statement; /* index into cft_effects.statements */
	enum cft_effect_op op;
	enum cft_object_kind kind;
	uint32_t flags;     /* enum cft_effect_flag */
	enum cft_lock lock; /* on the relation schema.name */
	const char *schema; /* "" = by search_path */
	const char *name;   /* the object, or the relation (domain) whose child it is */
	const char *sub;    /* the child's name */
	const char *args;   /* argument types of a function: "integer,text" */
	const char *to;     /* new name or new schema or parent */
	struct cft_attr *attrs;
	size_t n_attrs;
	struct cft_ref *refs;
	size_t n_refs;
};

struct cft_effect_statement {
	const char *text;
	int line, column;
	const char *kind;   /* "ALTER TABLE", for people */
	const char *opaque; /* why it could not be read, or "" */
	bool sketch;
};

struct cft_effects {
	int version;
	struct cft_effect_statement *statements;
	size_t n_statements;
	struct cft_effect *v;
	size_t n;
};

const char *cft_object_kind_text(enum cft_object_kind kind);
bool cft_object_kind_is_child(enum cft_object_kind kind);
const char *cft_effect_op_text(enum cft_effect_op op);
/* Changes what an object is: not its rows, its rights or what is said about it. */
bool cft_effect_op_defines(enum cft_effect_op op);
const char *cft_lock_text(enum cft_lock lock); /* "ACCESS EXCLUSIVE" */
bool cft_lock_conflicts(enum cft_lock a, enum cft_lock b);
/* The value of an attribute, or NULL. */
const char *cft_effect_attr(const struct cft_effect *effect, const char *key);
/* "table public.users", "column users.age", "function public.f(integer)" (arena). */
char *cft_effect_key(struct cft_arena *arena, const struct cft_effect *effect);

/* The stored form. To JSON: a new reference. From JSON: strings are copied into the arena;
 * CFT_E_INVALID where the document is not one of ours. */
json_t *cft_effects_to_json(const struct cft_effects *effects);
int cft_effects_from_json(const json_t *json, struct cft_arena *arena, struct cft_effects *ret,
                          struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
