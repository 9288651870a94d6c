/* Lint: what in a migration can hurt a database that is in use.
 * SPDX-License-Identifier: MIT
 *
 * Quiet about what does not matter: statements on tables that the same file creates are never
 * reported. A comment `-- confiture: ignore RULE` (or several, with commas; or `all`) on the line
 * above a statement silences it. Rules: docs/migrations.md. Pure; any thread; computes only.
 */
#ifndef CFT_MIGRATE_LINT_H
#define CFT_MIGRATE_LINT_H

#include "common/base/vec.h"
#include "common/migrate/files.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, "name as users write it", "what to do about it") */
#define CFT_MIG_LINT_MAP(X)                                                                   \
	X(REWRITE, "table-rewrite", "add a new column, fill it in batches, then switch over") \
	X(INDEX_BLOCKS, "index-blocks-writes",                                                \
	  "CREATE INDEX CONCURRENTLY, in a migration of its own")                             \
	X(DATA_LOSS, "data-loss",                                                             \
	  "make sure that nobody reads it any more; the down cannot bring it back")           \
	X(CONSTRAINT_SCAN, "constraint-scan",                                                 \
	  "add it NOT VALID, and VALIDATE CONSTRAINT in a later migration")                   \
	X(NOT_NULL_SCAN, "not-null-scan",                                                     \
	  "add CHECK (column IS NOT NULL) NOT VALID and validate it first")                   \
	X(NOT_NULL_NO_DEFAULT, "not-null-without-default",                                    \
	  "give it a default, or add it nullable and fill it first")                          \
	X(RENAME, "rename-breaks-readers",                                                    \
	  "programs that use the old name fail at once: add the new one beside it first")     \
	X(WHOLE_TABLE, "whole-table-write", "change the rows in batches")                     \
	X(MIXED, "mixed-transaction",                                                         \
	  "put it into a migration of its own: this file is not one transaction any more")    \
	X(UNKNOWN, "unknown-statement", "nothing can be said about its locks")

enum cft_mig_lint_rule {
#define CFT_MIG_LINT_ENUM(name, text, advice) CFT_MIG_LINT_##name,
	CFT_MIG_LINT_MAP(CFT_MIG_LINT_ENUM)
#undef CFT_MIG_LINT_ENUM
		CFT_MIG_LINT_COUNT
};

struct cft_mig_finding {
	enum cft_mig_lint_rule rule;
	int line;            /* in the file, from 1 */
	const char *object;  /* "table users" */
	const char *message; /* one sentence */
	const char *lock;    /* "ACCESS EXCLUSIVE", or "" */
};

struct cft_mig_findings {
	CFT_VEC(struct cft_mig_finding) v;
};

const char *cft_mig_lint_rule_name(enum cft_mig_lint_rule rule);
const char *cft_mig_lint_advice(enum cft_mig_lint_rule rule);
/* Appends what is found, in the order of the file; all in the arena. CFT_E_SYNTAX with the place
 * where the text does not parse. */
int cft_mig_lint(struct cft_arena *arena, const struct cft_mig_text *text,
                 struct cft_mig_findings *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
