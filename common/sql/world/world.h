/* World: a small catalog in memory on which effects are executed with PostgreSQL's rules.
 * SPDX-License-Identifier: MIT
 *
 * A world is made by forking another one and running lists of effects on it. Objects are addressed
 * by index; an index means the same object in a world and in all forks of it, which is how two
 * outcomes are compared. Attribute and dependency arrays are shared between forks and replaced
 * when they change. Everything lives in the arena.
 */
#ifndef CFT_SQL_WORLD_H
#define CFT_SQL_WORLD_H

#include "common/base/vec.h"
#include "common/sql/effect/effect.h"

#include <stdbool.h>
#include <stdint.h>

/* Who did something: a side (0 = base, 1, 2) and the effect's index in its list. */
struct world_by {
	uint8_t side;
	int effect;
};

struct world_attr {
	const char *key, *value; /* keys that start with ~ are about rows: never compared */
	struct world_by by;
};

enum world_dep_type {
	WORLD_DEP_NORMAL,   /* DROP of the target needs CASCADE */
	WORLD_DEP_AUTO,     /* goes with the target */
	WORLD_DEP_INTERNAL, /* is a part of the target */
};

struct world_dep {
	int target;
	enum world_dep_type type;
	const char *tag; /* which attribute of the object needs it: "default", "" … */
};

struct world_obj {
	enum cft_object_kind kind;
	int parent; /* relation or domain of a child, or -1 */
	const char *schema, *name, *args;
	bool alive;
	bool open;    /* a relation whose columns are not all known */
	bool assumed; /* nobody created it: it was referred to */
	int assumption;
	struct world_by created, changed; /* changed: dropped, renamed, moved */
	struct world_attr *attrs;
	size_t n_attrs;
	struct world_dep *deps;
	size_t n_deps;
	const struct cft_effect *effect; /* that created it; refs for run-time checks */
};

struct world_entry {
	uint32_t hash;
	int obj, next;
	const char *schema, *name;
};

enum world_code {
	WORLD_OK,
	WORLD_MISSING,   /* what is named does not exist */
	WORLD_DUPLICATE, /* the name is taken */
	WORLD_DEPENDED,  /* something depends on it */
	WORLD_AMBIGUOUS, /* two columns of that name */
	WORLD_TYPE,      /* types do not fit */
	WORLD_DATA,      /* rows are in the way */
	WORLD_STATE,     /* the object is not in the state that the command needs */
};

struct world_error {
	enum world_code code;
	int effect;                /* index of the effect that failed */
	enum cft_object_kind kind; /* of the object in question */
	const char *object;        /* its key, "column users.age" */
	const char *name, *sub;
	struct world_by other; /* who made it so; side 0 if the base did */
	const char *reason;    /* one phrase */
	int blocker;           /* object in the way, or -1 */
};

/* What had to be taken to exist (or not to) for one side to make sense alone. */
struct world_assumption {
	enum cft_object_kind kind;
	const char *schema, *name, *args, *value;
	int parent;            /* object of the base, or -1 */
	int parent_assumption; /* else the assumption that made the parent, or -1 */
	int effect;            /* that needed it first */
};

struct world {
	struct cft_arena *arena;
	CFT_VEC(struct world_obj) objs;
	CFT_VEC(struct world_entry) entries;
	int *buckets;
	uint32_t n_buckets;
	const char *default_path, *path; /* comma separated schemas */
	uint8_t side;
	int effect;                     /* being executed */
	const struct cft_effects *list; /* being executed */
	const struct cft_effects *other;
	bool based;  /* the start is a schema that somebody knows: see world_assume */
	bool assume; /* what is missing and not in `other` is made */
	bool temp;   /* something lives in pg_temp */
	bool skip;   /* PART effects follow something that was skipped */
	bool found_unknown;
	int n_base; /* objects with a smaller index are the common start */
	CFT_VEC(struct world_assumption) assumptions;
	CFT_VEC(int) doomed; /* targets of a DROP of several objects */
	struct world_error error;
};

/* An empty world with the schema public. */
void world_init(struct world *w, struct cft_arena *arena);
/* Copies; `arena` takes what the copy adds. */
void world_fork(const struct world *from, struct world *to, struct cft_arena *arena);

/* Runs a list as one session. 0, or the code of the error in w->error. */
enum world_code world_run(struct world *w, const struct cft_effects *list, uint8_t side);

/* -- look-up: index or -1 -- */
int world_find(const struct world *w, enum cft_object_kind kind, int parent, const char *schema,
               const char *name);
/* By search_path where schema is "". */
int world_lookup(const struct world *w, enum cft_object_kind kind, const char *schema,
                 const char *name);
int world_column(const struct world *w, int relation, const char *name);
int world_child(const struct world *w, enum cft_object_kind kind, int parent, const char *name);
/* "public.t,text" and "t,text" may be one list of types: one of them leaves schemas out. */
bool world_same_types(const char *a, const char *b);
int world_function(const struct world *w, const char *schema, const char *name, const char *args);
int world_operator(const struct world *w, const char *schema, const char *name, const char *args);
/* The operator of that name where there is one alone, or -1. */
int world_only_operator(const struct world *w, const char *schema, const char *name);
/* A function that a call with so many arguments may mean (-1: any). */
int world_function_call(const struct world *w, const char *schema, const char *name, int n_args);
/* Another one that the same call may mean as well: PostgreSQL refuses to choose. -1: none. */
int world_function_rival(const struct world *w, int function, const char *schema, int n_args);
/* Whoever had this name before: dropped, renamed or moved. */
int world_former(const struct world *w, enum cft_object_kind kind, int parent, const char *name);
/* Next schema of a comma separated path; false at the end. */
bool world_path_next(const char **path, char out[64]);
const char *world_creation_schema(struct world *w, const char *schema);

/* -- change -- */
int world_add(struct world *w, enum cft_object_kind kind, int parent, const char *schema,
              const char *name);
void world_index(struct world *w, int obj); /* after its name, schema or parent changed */
void world_set(struct world *w, int obj, const char *key, const char *value);
const char *world_get(const struct world *w, int obj, const char *key); /* "" if absent */
/* Who gave the object an attribute; `none` where neither side did. */
struct world_by world_set_by(const struct world *w, int obj, struct world_by none);
/* Who gave it this one; of side 0 where nobody did, or the base. */
struct world_by world_attr_by(const struct world *w, int obj, const char *key);
/* It was the side that is not being run. */
bool world_by_other(const struct world *w, struct world_by by);
/* Labels of an enum, and lists like it, are joined by \x1f. */
bool world_list_has(const char *list, const char *item, size_t len);
void world_depend(struct world *w, int obj, int target, enum world_dep_type type, const char *tag);
void world_undepend(struct world *w, int obj, const char *tag);
void world_touch(struct world *w, int obj);

enum world_code world_fail(struct world *w, enum world_code code, enum cft_object_kind kind,
                           const char *object, struct world_by other, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* MISSING, with the fate of whoever had the name. */
enum world_code world_fail_missing(struct world *w, enum cft_object_kind kind, int parent,
                                   const char *schema, const char *name);
/* An object that was referred to and is taken to exist; -1 if it may not be assumed now. */
int world_assume(struct world *w, enum cft_object_kind kind, int parent, const char *schema,
                 const char *name, const char *args);
bool world_is_provided(const struct world *w, enum cft_object_kind kind, const char *table,
                       const char *name);
void world_apply_assumption(struct world *w, const struct world_assumption *assumption, int parent);

/* What well-known extensions bring (exec_extension.c). */
bool world_extension_brings(const char *extension, enum cft_object_kind kind, const char *name);
/* Their members one by one: `*at` begins at 0 and is moved on; NULL at the end. */
const char *world_extension_member(const char *extension, size_t *at, enum cft_object_kind *ret);

/* "table public.users", "column public.users.age" */
char *world_key(const struct world *w, int obj, struct cft_arena *arena);

#define WORLD_EACH(w, i) for (int i = 0; i < (int)(w)->objs.n; i++)
#define WORLD_OBJ(w, i)  (&(w)->objs.v[i])

/* -- references (resolve.c) -- */
/* Resolves the references of an effect; those that bind become dependencies of `obj` (-1: none).
 */
enum world_code world_resolve(struct world *w, const struct cft_effect *e, int obj,
                              const char *tag);
/* Like it for one late reference at run time: the object it means now, -1 for none, and -2 where
 * that cannot be said. */
int world_resolve_late(struct world *w, const struct cft_effect *e, size_t ref);
/* Has the relation of a COUNT reference columns enough, as far as that is known? */
bool world_takes_values(const struct world *w, const struct cft_ref *ref);

#endif
