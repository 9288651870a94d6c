/* Finding, parts: what the files that look for findings share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_FINDING_PARTS_H
#define CFT_SQL_FINDING_PARTS_H

#include "common/sql/conflict/finding.h"

/* The first column of rules.def. */
enum finding_situation {
	FINDING_RENAMED,
	FINDING_DROPPED,
	FINDING_ABSENT,
	FINDING_TAKEN,
	FINDING_DEPENDED,
	FINDING_AMBIGUOUS,
	FINDING_TYPES,
	FINDING_ROWS,
	FINDING_STATE,
	FINDING_VALUE_DIFFERS,
	FINDING_CAST_DIFFERS,
	FINDING_EXISTS_DIFFERS,
	FINDING_NAME_DIFFERS,
	FINDING_DEFINITION_DIFFERS,
	FINDING_ROWS_DIFFER,
	FINDING_BODY_BREAKS,
	FINDING_RESULTS_CHANGE,
	FINDING_OVERLOADS,
	FINDING_REDUNDANT,
	FINDING_POLICIES,
	FINDING_BACKFILL,
	FINDING_SAME_TABLE,
	FINDING_UNREADABLE,
	FINDING_CONDITIONAL,
	FINDING_DEADLOCK,
};

/* What one finding is about; sides are 1 and 2. */
struct finding_facts {
	enum finding_situation situation;
	enum cft_conflict_class class_;
	uint8_t x, y;
	int effect_x, effect_y; /* -1 unknown */
	const char *object, *other_object, *reason, *rewrite;
	enum cft_object_kind kind;
	uint8_t first;              /* side that goes first in the order that works, 0 = none */
	enum cft_severity severity; /* NONE: the rule's */
};

bool finding_has_rule(enum finding_situation situation, enum cft_conflict_class class_);
/* Adds what the rule for these facts says, once. */
void finding_add(struct finding_list *list, const struct finding_facts *facts);
const struct cft_effect *finding_effect(const struct finding_list *list, uint8_t side, int effect);
/* The statement with every token that is the old name replaced by the new one, or "". */
const char *finding_rewrite(const struct finding_list *list, uint8_t side, int effect,
                            const char *old, const char *now);
/* The other side's effect that is about the same object, where the execution cannot tell. */
int finding_guess_effect(const struct finding_list *list, uint8_t side,
                         const struct cft_effect *of);

/* Each: true if anything breaks. */
bool finding_bodies_break(struct finding_list *list);
bool finding_fields_break(struct finding_list *list);
bool finding_results_change(struct finding_list *list);
bool finding_overloads_clash(struct finding_list *list);
void finding_worth_knowing(struct finding_list *list);

#endif
