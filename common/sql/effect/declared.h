/* Declared: does DDL do what was declared, and nothing else?
 * SPDX-License-Identifier: MIT
 *
 * Compares effects with effects, without a base schema: the order of statements and how they are
 * written do not matter. Pure; any thread.
 */
#ifndef CFT_SQL_EFFECT_DECLARED_H
#define CFT_SQL_EFFECT_DECLARED_H

#include "common/sql/effect/effect.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was declared; borrowed. A sketch covers whatever is done to its table, a table of `tables`
 * ("public.users") whatever is done to it where the effects do not speak of it. */
struct cft_declaration {
	const struct cft_effects *effects;
	const char *const *tables;
	size_t n_tables;
};

/* False for what changes nothing, and needs no declaration. */
bool cft_effect_changes(const struct cft_effect *effect);
/* NULL, or what is wrong with an effect: "never declared", "declared otherwise". Static. */
const char *cft_declared_problem(const struct cft_declaration *declaration,
                                 const struct cft_effect *effect);
/* Notes in done[i], one for each declared effect, what `effect` does of it. */
void cft_declared_note_done(const struct cft_declaration *declaration,
                            const struct cft_effect *effect, bool *done);
/* True where declared effect i is a change that nobody noted as done. */
bool cft_declared_missing(const struct cft_declaration *declaration, const bool *done, size_t i);

/* The first difference between what was declared and `applied`: the effect, and in *ret_what
 * "never declared", "declared otherwise" or "declared, and not done" (static). NULL: none. Borrows
 * from both. */
const struct cft_effect *cft_declared_difference(const struct cft_declaration *declaration,
                                                 const struct cft_effects *applied,
                                                 struct cft_arena *arena, const char **ret_what);

#ifdef __cplusplus
}
#endif

#endif
