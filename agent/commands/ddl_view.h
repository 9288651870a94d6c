/* DDL view: what the statements of an intent lock and may cost, told without a database.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_DDL_VIEW_H
#define CFT_COMMANDS_DDL_VIEW_H

#include "agent/commands/command.h"

#include <confiture/v1/types.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_ddl_line {
	const char *sql;
	const char *lock;   /* the strongest on a relation that may exist before; "" for none */
	const char *object; /* that relation */
};

struct cft_ddl_view {
	struct cft_ddl_line *lines; /* one for each of the intent's statements */
	size_t n;
	const char **hazards; /* what `migrate lint` says of them all */
	size_t n_hazards;
};

/* All of it in the arena or borrowed from the intent. What cannot be read has no locks and no
 * hazards, and is shown as it is. */
void cft_ddl_view(struct cft_arena *arena, const Confiture__V1__Intent *intent,
                  struct cft_ddl_view *ret);
void cft_ddl_view_show(struct cft_output *out, const struct cft_ddl_view *view);
/* Adds "statements" and "hazards". */
void cft_ddl_view_json(const struct cft_ddl_view *view, json_t *document);

#ifdef __cplusplus
}
#endif

#endif
