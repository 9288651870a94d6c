/* Plan: what takes one schema to another and back, statement by statement.
 * SPDX-License-Identifier: MIT
 *
 *     struct cft_schema *old = NULL, *new = NULL;
 *     struct cft_plan *plan = NULL;
 *     cft_schema_read_text(old_text, old_len, "old.sql", &old, err);
 *     cft_schema_read_beside(new_text, new_len, "new.sql", old, &new, err);
 *     cft_schema_diff(old, new, NULL, &plan, err);
 *     for (size_t i = 0; i < plan->up_count; i++)
 *             puts(plan->up[i].sql);
 *     cft_plan_free(plan); cft_schema_free(new); cft_schema_free(old);
 *
 * No I/O, no database.
 */
#ifndef CFT_SQL_PLAN_H
#define CFT_SQL_PLAN_H

#include "common/sql/schema/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_diff_options {
	bool online;                /* CREATE INDEX CONCURRENTLY, NOT VALID + VALIDATE … */
	const char *const *renames; /* "old=new" or "table.old=new", NULL-terminated, or NULL; each
	                             * must name something of both schemas */
	const char *const
		*ignore;      /* tables to leave alone, NULL-terminated, or NULL;
	                       * confiture_migrations, confiture_fence and tb_confiture always are */
	bool keep_owners;     /* do not compare owners */
	bool keep_privileges; /* do not compare grants */
};

enum cft_change_op {
	CFT_CHANGE_CREATE,
	CFT_CHANGE_ALTER,
	CFT_CHANGE_DROP,
	CFT_CHANGE_REPLACE,
	CFT_CHANGE_RENAME
};

struct cft_change {
	const char *kind;   /* "table", "column", … */
	const char *object; /* "public.users.age" */
	enum cft_change_op op;
	const char *detail; /* attributes that differ, or "" */
};

struct cft_step {
	const char *sql;    /* one statement without its semicolon */
	const char *object; /* what it is about */
	const char *lock;   /* strongest lock on an existing table, "ACCESS EXCLUSIVE", or "" */
	const char *hazard; /* one sentence, or "" */
	bool transactional; /* false: cannot run inside a transaction block */
	bool rewrites;      /* rewrites or scans a whole table under its lock */
	bool destructive;   /* data is lost */
	bool apart;         /* not in one transaction with what comes before: that holds locks */
};

struct cft_hazard {
	const char *object, *hazard;
	bool down; /* in the down script */
};

struct cft_rename {
	const char *kind, *from, *to; /* pass "from=to" in options.renames to take it */
};

/* Owned by the plan: all strings and arrays live until cft_plan_free. */
struct cft_plan {
	struct cft_change *changes;
	size_t change_count;
	struct cft_step *up, *down;
	size_t up_count, down_count;
	struct cft_refusal *refused; /* differences that the scripts do not carry out */
	size_t refused_count;
	struct cft_hazard *hazards;
	size_t hazard_count;
	struct cft_rename *renames_suggested;
	size_t rename_suggested_count;
	size_t circles; /* dependencies, of both scripts, that no order of statements satisfies */
};

/* `options` may be NULL. Borrows both schemas during the call only. */
int cft_schema_diff(const struct cft_schema *old_schema, const struct cft_schema *new_schema,
                    const struct cft_diff_options *options, struct cft_plan **ret,
                    struct cft_err *err);
void cft_plan_free(struct cft_plan *plan); /* NULL is fine */

/* "create", "alter", … */
const char *cft_change_op_name(enum cft_change_op op);
/* What to know before running it, in lines: "DESTRUCTIVE: …", "ACCESS EXCLUSIVE lock; …"; appended,
 * nothing for a harmless step. */
void cft_step_note(const struct cft_step *step, struct cft_buf *out);
/* The steps as a psql script: each statement ended by a semicolon, hazards as comments if asked. */
void cft_plan_script(const struct cft_plan *plan, bool down, bool with_hazards,
                     struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
