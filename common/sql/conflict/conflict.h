/* Conflict: do two lists of effects commute on a base schema?
 * SPDX-License-Identifier: MIT
 *
 * The decision executes both orders on a model of the schema with PostgreSQL's rules, and compares
 * what comes out: A then B, B then A, and each alone. Pure: no I/O, no clock, no randomness;
 * symmetric (compare(B, A) is compare(A, B) with the sides exchanged) and deterministic. Any
 * thread; a base may be used by many threads at once.
 */
#ifndef CFT_SQL_CONFLICT_H
#define CFT_SQL_CONFLICT_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/sql/effect/effect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The schema that everybody starts from. Changed by cft_base_extend alone. */
struct cft_base;

/* Folds the effects of a base schema's SQL into a schema. What cannot be applied is skipped: a
 * base is somebody's reality, not ours to refuse. Free with cft_base_free (accepts NULL). */
struct cft_base *cft_base_new(const struct cft_effects *effects);
void cft_base_free(struct cft_base *base);
/* Folds more effects into it: as if they had stood at the end of the base schema's. True if they
 * name something that it did not have, which is taken to exist from then on. Not while another
 * thread uses it, nor while something lies over it. */
bool cft_base_extend(struct cft_base *base, const struct cft_effects *effects);
/* A schema of its own: `below` (may be NULL: nothing is known) and the lists over it, each as far
 * as it can be applied; what makes a table comes before what uses it, else in the order given. It
 * borrows `below` and the lists: they outlive it. */
struct cft_base *cft_base_over(const struct cft_base *below, const struct cft_effects *const *lists,
                               size_t n);
/* How many objects it knows, children included. */
size_t cft_base_objects(const struct cft_base *base);

/* X(NAME, "text"): the verdict of a pair */
#define CFT_VERDICT_MAP(X)    \
	X(COMMUTE, "commute") \
	X(ONLY_AB, "only_ab") \
	X(ONLY_BA, "only_ba") \
	X(NEITHER, "neither") \
	X(DIFFER, "differ")   \
	X(LATENT, "latent")

enum cft_verdict {
#define CFT_VERDICT_ENUM(name, text) CFT_VERDICT_##name,
	CFT_VERDICT_MAP(CFT_VERDICT_ENUM)
#undef CFT_VERDICT_ENUM
};

#define CFT_CLASS_MAP(X)                                                                       \
	X(COMMUTE, "commute")           /* redundant or worth knowing, nothing breaks */       \
	X(SEQUENCE, "sequence")         /* one order works and keeps both changes */           \
	X(DESTRUCTIVE, "destructive")   /* one order works, and undoes the other's work */     \
	X(PREREQUISITE, "prerequisite") /* one needs the other first */                        \
	X(NEITHER, "neither")           /* no order works */                                   \
	X(DIFFER, "differ")             /* both orders work, and end in different schemas */   \
	X(LATENT, "latent")             /* the schemas agree; something breaks when it runs */ \
	X(UNKNOWN, "unknown")           /* declared or opaque work on the same table */        \
	X(LOCK, "lock")                 /* both orders work; together they can deadlock */

enum cft_conflict_class {
#define CFT_CLASS_ENUM(name, text) CFT_CLASS_##name,
	CFT_CLASS_MAP(CFT_CLASS_ENUM)
#undef CFT_CLASS_ENUM
};

enum cft_severity {
	CFT_SEVERITY_NONE,
	CFT_SEVERITY_INFO,
	CFT_SEVERITY_WARNING,
	CFT_SEVERITY_ERROR
};

const char *cft_verdict_text(enum cft_verdict verdict);
const char *cft_class_text(enum cft_conflict_class class_);
const char *cft_severity_text(enum cft_severity severity); /* "INFO" … */

enum cft_order { CFT_ORDER_NONE, CFT_ORDER_A_FIRST, CFT_ORDER_B_FIRST };

enum { CFT_FINDING_TEXTS = 6 };

struct cft_finding {
	enum cft_conflict_class class_;
	enum cft_severity severity;
	enum cft_order order;      /* the order that works, for one-order classes */
	const char *conflict_type; /* stable: "column", "table", "name", "dependency", "lock" … */
	const char *objects[CFT_FINDING_TEXTS]; /* keys: "column public.users.age" */
	size_t n_objects;
	const char *explanation; /* sentences; speaks of "A" and "B" as the options name them */
	const char *suggestions[CFT_FINDING_TEXTS];
	size_t n_suggestions;
	int statement_a, statement_b; /* index of the statement on each side, -1 = unknown */
};

struct cft_comparison {
	enum cft_verdict verdict;
	enum cft_severity severity; /* the highest of the findings */
	struct cft_finding *findings;
	size_t n_findings;
};

struct cft_compare_options {
	/* How texts call the two sides; NULL: "A" and "B". E.g. "alice (int_1)". */
	const char *name_a, *name_b;
};

/* `base` may be NULL: what is referred to and nobody creates is taken to exist. All of the result
 * lives in the arena. Never fails: the inputs are ours. */
void cft_conflict_compare(const struct cft_effects *a, const struct cft_effects *b,
                          const struct cft_base *base, const struct cft_compare_options *options,
                          struct cft_arena *arena, struct cft_comparison *ret);

/* One conflict as JSON: conflict_type, class, affected_objects, severity, explanation,
 * resolution_suggestions. New reference. */
json_t *cft_finding_to_json(const struct cft_finding *finding);

/* Where two intents can meet: they have to be compared only if they share a key that is strong on
 * at least one side. Sorted, without duplicates. With a base, objects that depend on what the
 * intent changes are in the list too, so keys have to be made anew when the base changes. */
struct cft_conflict_key {
	const char *text; /* "users", "users.age", "schema:app" … compare as bytes */
	bool strong;
};
void cft_conflict_keys(const struct cft_effects *effects, const struct cft_base *base,
                       struct cft_arena *arena, struct cft_conflict_key **ret, size_t *ret_n);
/* The same on two schemas at once: the keys of either. */
void cft_conflict_keys_over(const struct cft_effects *effects, const struct cft_base *base,
                            const struct cft_base *over, struct cft_arena *arena,
                            struct cft_conflict_key **ret, size_t *ret_n);

/* What the effects name and neither the base (not NULL) nor any of the other lists has: tables,
 * columns and the like, in order of first need. What IF EXISTS forgives, and what runs in a
 * branch of a DO block, is left out. */
struct cft_missing {
	const char *object; /* "column public.users.age" */
	int statement;
};
void cft_conflict_missing(const struct cft_effects *effects, const struct cft_base *base,
                          const struct cft_effects *const *others, size_t n_others,
                          struct cft_arena *arena, struct cft_missing **ret, size_t *ret_n);

/* The locks one intent takes, strongest per table, in order of first use. */
struct cft_table_lock {
	const char *table; /* "public.users" or as written */
	enum cft_lock lock;
	bool rewrite;      /* rewrites the table while it holds the lock */
	bool concurrently; /* built without blocking writers */
	int statement;
};
void cft_conflict_locks(const struct cft_effects *effects, const struct cft_base *base,
                        struct cft_arena *arena, struct cft_table_lock **ret, size_t *ret_n);

#ifdef __cplusplus
}
#endif

#endif
