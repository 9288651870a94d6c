/* Analyze: SQL text to effects. The one entry of everybody who has SQL and wants to know what it
 * does.
 * SPDX-License-Identifier: MIT
 *
 * Safe on hostile input (see parse.h); any thread; blocks while it computes (about 0.1 ms for a
 * statement), so not for an event loop when the text is large.
 */
#ifndef CFT_SQL_ANALYZE_H
#define CFT_SQL_ANALYZE_H

#include "common/sql/effect/effect.h"
#include "common/sql/syntax/parse.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_analyze_options {
	struct cft_parse_options parse;
	/* Tables the author declared ("users", "app.users"): each gets a TOUCH effect unless a
	 * statement names it, and statements newer than the grammar are taken to work on them. */
	const char *const *tables;
	size_t n_tables;
};

/* CFT_E_SYNTAX with line and column, CFT_E_INVALID, CFT_E_LIMIT: as cft_sql_parse. `options` may
 * be NULL. An empty text gives an empty list. */
int cft_sql_analyze(const char *sql, size_t len, const struct cft_analyze_options *options,
                    struct cft_arena *arena, struct cft_effects *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
