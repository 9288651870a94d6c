/* Finding: what an outcome means for people.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_FINDING_H
#define CFT_SQL_FINDING_H

#include "common/sql/conflict/outcome.h"

struct finding_list {
	struct cft_arena *arena; /* of the results */
	const struct outcome *outcome;
	const char *names[3]; /* by side */
	enum cft_verdict verdict;
	CFT_VEC(struct cft_finding) v;
};

/* Fills list->v; turns a commute verdict into latent where something breaks at run time. */
void cft_findings_make(struct finding_list *list);

/* One row of rules.def, for documents. False behind the last. */
struct cft_rule {
	const char *situation, *class_, *severity, *explanation, *suggestion, *second;
};
bool cft_rule_at(size_t index, struct cft_rule *ret);

#endif
