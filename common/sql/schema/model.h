/* Model: every object of a schema as a node {kind, key, attributes, parent, dependencies, text}.
 * SPDX-License-Identifier: MIT
 *
 * Private to common/sql; schema.h is the public face. A schema owns one arena with everything in
 * it, and the parse trees of its text. What objects of a kind are called, how they are made,
 * altered and dropped is one row of the table in kinds.c.
 */
#ifndef CFT_SQL_MODEL_H
#define CFT_SQL_MODEL_H

#include "common/base/arena.h"
#include "common/base/vec.h"
#include "common/sql/schema/canon.h"
#include "common/sql/schema/schema.h"
#include "common/sql/syntax/parse.h"

#include <stdint.h>
#include <uthash.h>

/* X(name, noun in messages, SQL noun, key space): objects of one key space exclude each other. */
#define CFT_KIND_MAP(X)                                                               \
	X(SCHEMA, "schema", "SCHEMA", "schema")                                       \
	X(EXTENSION, "extension", "EXTENSION", "extension")                           \
	X(LANGUAGE, "language", "LANGUAGE", "language")                               \
	X(ENUM, "enum type", "TYPE", "type")                                          \
	X(COMPOSITE, "composite type", "TYPE", "type")                                \
	X(RANGE, "range type", "TYPE", "type")                                        \
	X(BASE_TYPE, "base type", "TYPE", "type")                                     \
	X(DOMAIN, "domain", "DOMAIN", "type")                                         \
	X(COLLATION, "collation", "COLLATION", "collation")                           \
	X(SEQUENCE, "sequence", "SEQUENCE", "relation")                               \
	X(TABLE, "table", "TABLE", "relation")                                        \
	X(FOREIGN_TABLE, "foreign table", "FOREIGN TABLE", "relation")                \
	X(COLUMN, "column", "COLUMN", "column")                                       \
	X(CONSTRAINT, "constraint", "CONSTRAINT", "constraint")                       \
	X(INDEX, "index", "INDEX", "relation")                                        \
	X(VIEW, "view", "VIEW", "relation")                                           \
	X(MATVIEW, "materialized view", "MATERIALIZED VIEW", "relation")              \
	X(FUNCTION, "function", "FUNCTION", "routine")                                \
	X(PROCEDURE, "procedure", "PROCEDURE", "routine")                             \
	X(AGGREGATE, "aggregate", "AGGREGATE", "routine")                             \
	X(OPERATOR, "operator", "OPERATOR", "operator")                               \
	X(OPFAMILY, "operator family", "OPERATOR FAMILY", "opfamily")                 \
	X(OPCLASS, "operator class", "OPERATOR CLASS", "opclass")                     \
	X(CAST, "cast", "CAST", "cast")                                               \
	X(CONVERSION, "conversion", "CONVERSION", "conversion")                       \
	X(TRANSFORM, "transform", "TRANSFORM", "transform")                           \
	X(ACCESS_METHOD, "access method", "ACCESS METHOD", "am")                      \
	X(TS_PARSER, "text search parser", "TEXT SEARCH PARSER", "tsparser")          \
	X(TS_TEMPLATE, "text search template", "TEXT SEARCH TEMPLATE", "tst")         \
	X(TS_DICT, "text search dictionary", "TEXT SEARCH DICTIONARY", "tsd")         \
	X(TS_CONFIG, "text search configuration", "TEXT SEARCH CONFIGURATION", "tsc") \
	X(FDW, "foreign-data wrapper", "FOREIGN DATA WRAPPER", "fdw")                 \
	X(SERVER, "server", "SERVER", "server")                                       \
	X(USER_MAPPING, "user mapping", "USER MAPPING", "mapping")                    \
	X(STATISTICS, "statistics object", "STATISTICS", "statistics")                \
	X(TRIGGER, "trigger", "TRIGGER", "trigger")                                   \
	X(RULE, "rule", "RULE", "rule")                                               \
	X(POLICY, "policy", "POLICY", "policy")                                       \
	X(EVENT_TRIGGER, "event trigger", "EVENT TRIGGER", "eventtrigger")            \
	X(PUBLICATION, "publication", "PUBLICATION", "publication")                   \
	X(SUBSCRIPTION, "subscription", "SUBSCRIPTION", "subscription")               \
	X(DEFAULT_ACL, "default privileges", "DEFAULT PRIVILEGES", "defacl")

enum cft_kind {
#define CFT_KIND_ENUM(name, noun, sql, space) CFT_KIND_##name,
	CFT_KIND_MAP(CFT_KIND_ENUM)
#undef CFT_KIND_ENUM
		CFT_KIND_COUNT
};

/* X(name, word in change details). */
#define CFT_ATTR_MAP(X)                              \
	X(DEFINITION, "definition")                  \
	X(TYPE, "type")                              \
	X(COLLATION, "collation")                    \
	X(NOT_NULL, "not null")                      \
	X(DEFAULT, "default")                        \
	X(IDENTITY, "identity")                      \
	X(GENERATED, "generated")                    \
	X(STORAGE, "storage")                        \
	X(COMPRESSION, "compression")                \
	X(STATISTICS, "statistics")                  \
	X(OPTION, "option")                          \
	X(FDW_OPTION, "foreign option")              \
	X(PERSISTENCE, "persistence")                \
	X(INHERITS, "inherits")                      \
	X(PARTITION_BY, "partition key")             \
	X(PARTITION_OF, "partition of")              \
	X(OF_TYPE, "of type")                        \
	X(TABLESPACE, "tablespace")                  \
	X(ACCESS_METHOD, "access method")            \
	X(ROW_SECURITY, "row security")              \
	X(FORCE_ROW_SECURITY, "forced row security") \
	X(REPLICA_IDENTITY, "replica identity")      \
	X(CLUSTER, "cluster")                        \
	X(LABELS, "labels")                          \
	X(SEQ_TYPE, "type")                          \
	X(SEQ_INCREMENT, "increment")                \
	X(SEQ_MIN, "minimum")                        \
	X(SEQ_MAX, "maximum")                        \
	X(SEQ_START, "start")                        \
	X(SEQ_CACHE, "cache")                        \
	X(SEQ_CYCLE, "cycle")                        \
	X(OWNED_BY, "owned by")                      \
	X(ENABLED, "enabled")                        \
	X(MAPPING, "mapping")                        \
	X(MEMBER, "member")                          \
	X(ATTACHED_TO, "attached to")                \
	X(OWNER, "owner")                            \
	X(ACL, "privileges")                         \
	X(COMMENT, "comment")                        \
	X(SECURITY_LABEL, "security label")

enum cft_attr_id {
#define CFT_ATTR_ENUM(name, word) CFT_ATTR_##name,
	CFT_ATTR_MAP(CFT_ATTR_ENUM)
#undef CFT_ATTR_ENUM
		CFT_ATTR_COUNT
};

/* Where names without a schema are looked up while a statement was read. */
struct cft_env {
	const struct cft_schema *schema;
	const char *path[8]; /* schemas, first is where objects are made */
	size_t path_count;
	const char *set_sql; /* "SET search_path = …" that a script needs, NULL for the default */
};

/* One property. Compared by `node` (a parse tree) where set, else by `text`; printed as `text`. */
struct cft_attr {
	enum cft_attr_id id;
	const char *sub;  /* which option, grantee …; "" where an object has one */
	const char *text; /* SQL as printed; NULL = print the node */
	const ProtobufCMessage *node;
	const struct cft_env *env;
	const void *by; /* statement that said it */
};

struct cft_dep {
	struct cft_object *on;
	bool soft; /* from text that PostgreSQL does not track: orders, never forces */
};

struct cft_object {
	enum cft_kind kind;
	const char *key;              /* unique in the schema: "relation public.users" */
	const char *schema;           /* "" for kinds without one */
	const char *name;             /* unquoted */
	const char *args;             /* of routines and operators: "(int4,text)"; else "" */
	const char *ident;            /* as SQL names it: users, public.f(integer) */
	struct cft_object *parent;    /* table of a column, trigger …; NULL at the top */
	struct cft_object *inline_in; /* its CREATE makes this one too */
	const ProtobufCMessage *node; /* statement, Constraint or ColumnDef that defined it */
	const char *text;             /* source text of that, not NUL-terminated */
	size_t text_len;
	bool stale; /* later statements changed what the text says */
	bool serial;
	bool implied_not_null; /* column: by primary key or serial */
	const void *by;        /* statement that made it: attributes of others come after */
	const struct cft_env *env;
	CFT_VEC(struct cft_attr) attrs;
	CFT_VEC(struct cft_object *) children;
	CFT_VEC(struct cft_dep) deps;
	size_t index; /* in schema->objects */
	UT_hash_handle hh;
};

/* Routines, operators and constraints by name alone: "function public.f". */
struct cft_overload {
	const char *key;
	CFT_VEC(struct cft_object *) objects;
	UT_hash_handle hh;
};

/* Source of a statement that was refused: what it names is left alone. */
struct cft_unread {
	const char *text;
	size_t len;
};

struct cft_schema {
	struct cft_arena arena;
	struct cft_object *by_key;
	struct cft_overload *overloads;
	CFT_VEC(struct cft_object *) objects; /* in source order; dropped ones are NULL */
	CFT_VEC(struct cft_refusal) refused;
	CFT_VEC(struct cft_unread) unread;
	struct cft_sql_script script; /* as parsed; its max_tokens: walk under cft_sql_deep */
	const char *text;             /* what was read, and its length */
	size_t text_len;
	bool is_dump; /* definitions are as PostgreSQL prints them */
	bool says_owner, says_acl;
	const void *by; /* statement being read */
};

const char *cft_kind_noun(enum cft_kind kind);
const char *cft_kind_sql(enum cft_kind kind);
const char *cft_kind_space(enum cft_kind kind);
const char *cft_attr_word(enum cft_attr_id id);

struct cft_schema *cft_schema_new(void);
/* The object, or NULL. `space` as in the table above. */
struct cft_object *cft_schema_find(const struct cft_schema *s, const char *space,
                                   const char *schema, const char *name);
struct cft_object *cft_schema_find_key(const struct cft_schema *s, const char *key);
struct cft_object *cft_schema_find_child(const struct cft_object *parent, const char *space,
                                         const char *name);
/* Adds an object; one of the same key is replaced. */
struct cft_object *cft_schema_add(struct cft_schema *s, enum cft_kind kind, const char *schema,
                                  const char *name, const char *args, struct cft_object *parent);
/* Takes it and its children out; also what `inline_in` it or owned by it. */
void cft_schema_remove(struct cft_schema *s, struct cft_object *obj);
/* Gives it another name (and key), children too. */
void cft_schema_rename(struct cft_schema *s, struct cft_object *obj, const char *schema,
                       const char *name);

struct cft_attr *cft_attr_find(const struct cft_object *obj, enum cft_attr_id id, const char *sub);
/* Sets or replaces. text NULL and node NULL removes. */
void cft_attr_set(struct cft_schema *s, struct cft_object *obj, enum cft_attr_id id,
                  const char *sub, const char *text, const ProtobufCMessage *node,
                  const struct cft_env *env);
void cft_attr_clear(struct cft_object *obj, enum cft_attr_id id, const char *sub);
/* text of the attribute or "" */
const char *cft_attr_text(const struct cft_object *obj, enum cft_attr_id id, const char *sub);

/* Resolve names as PostgreSQL would: relation (with views, indexes), type (with relations). */
struct cft_overload *cft_env_overloads(const struct cft_env *env, const char *space,
                                       const char *schema, const char *name);
struct cft_object *cft_env_relation(const struct cft_env *env, const char *schema,
                                    const char *name);
struct cft_object *cft_env_type(const struct cft_env *env, const char *schema, const char *name);
struct cft_object *cft_env_object(const struct cft_env *env, const char *space, const char *schema,
                                  const char *name);
static inline const char *cft_env_current(const struct cft_env *env)
{
	return env->path_count ? env->path[0] : "public";
}

void cft_literal_add(struct cft_buf *out, const char *text);

/* The default privileges that objects of this kind get when made (in its schema, or anywhere) by
 * whoever runs the script; or NULL. */
const struct cft_object *cft_default_acl_of(const struct cft_schema *s,
                                            const struct cft_object *obj, bool in_schema);

/* Reading is done: resolve generated names, foreign key targets, partitions, dependencies. */
void cft_schema_finish(struct cft_schema *s);
void cft_schema_link(struct cft_schema *s); /* deps.c: fills `deps` of all objects */

/* The column a sequence belongs to, or NULL. */
struct cft_object *cft_sequence_owner(const struct cft_schema *s, const struct cft_object *seq);

#endif
