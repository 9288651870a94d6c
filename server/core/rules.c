/* Rules: the table of command, state and conflict severity.
 * SPDX-License-Identifier: MIT
 */
#include "server/core/rules.h"

#include <assert.h>

#define OK   CFT_RULE_ALLOWED
#define WARN CFT_RULE_WARNED
#define STOP CFT_RULE_BLOCKED
#define NO   CFT_RULE_STATE

#define FIRST CFT_INTENT_REGISTERED
#define LAST  CFT_INTENT_EXPIRED

struct rule {
	enum cft_command_kind command;
	const char *name;
	const char *note;
	struct {
		enum cft_verdict_kind none, warning, error; /* INFO counts as none */
	} on[LAST + 1];
};

static const struct rule rules[] = {
	{CFT_CMD_REGISTER,
         "register",
         "Never refused for conflicts: it tells. The state is the new intent's.",
         {[CFT_INTENT_REGISTERED] = {OK, WARN, WARN},
          [CFT_INTENT_IN_PROGRESS] = {NO, NO, NO},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_UPDATE,
         "update",
         "New DDL is a new generation: detected again, and resolutions are void.",
         {[CFT_INTENT_REGISTERED] = {OK, WARN, WARN},
          [CFT_INTENT_IN_PROGRESS] = {OK, WARN, WARN},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {OK, WARN, WARN}}},
	{CFT_CMD_START,
         "start",
         "Grants a lease and a new fence.",
         {[CFT_INTENT_REGISTERED] = {OK, WARN, STOP},
          [CFT_INTENT_IN_PROGRESS] = {NO, NO, NO},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {OK, WARN, STOP}}},
	{CFT_CMD_COMPLETE,
         "complete",
         "From REGISTERED it starts implicitly, under the rule of start.",
         {[CFT_INTENT_REGISTERED] = {OK, WARN, STOP},
          [CFT_INTENT_IN_PROGRESS] = {OK, WARN, WARN},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_ABANDON,
         "abandon",
         "Always possible before the end.",
         {[CFT_INTENT_REGISTERED] = {OK, OK, OK},
          [CFT_INTENT_IN_PROGRESS] = {OK, OK, OK},
          [CFT_INTENT_COMPLETED] = {OK, OK, OK},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {OK, OK, OK}}},
	{CFT_CMD_RELEASE,
         "release",
         "Takes the lease away and keeps the intent: it is EXPIRED, and may be started again.",
         {[CFT_INTENT_REGISTERED] = {NO, NO, NO},
          [CFT_INTENT_IN_PROGRESS] = {OK, OK, OK},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_MERGE,
         "merge",
         "States a fact: the change is part of the schema now.",
         {[CFT_INTENT_REGISTERED] = {NO, NO, NO},
          [CFT_INTENT_IN_PROGRESS] = {NO, NO, NO},
          [CFT_INTENT_COMPLETED] = {OK, OK, OK},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_EXPIRE,
         "expire",
         "By the server, when the lease's deadline has passed by the database's clock.",
         {[CFT_INTENT_REGISTERED] = {NO, NO, NO},
          [CFT_INTENT_IN_PROGRESS] = {OK, OK, OK},
          [CFT_INTENT_COMPLETED] = {NO, NO, NO},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_APPLY,
         "apply",
         "By the server, when a governed apply of the intent gets its turn: a new fence.",
         {[CFT_INTENT_REGISTERED] = {NO, NO, NO},
          [CFT_INTENT_IN_PROGRESS] = {NO, NO, NO},
          [CFT_INTENT_COMPLETED] = {OK, WARN, STOP},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
	{CFT_CMD_APPROVE,
         "approve, reject",
         "By another agent than the owner; void as soon as the DDL changes.",
         {[CFT_INTENT_REGISTERED] = {OK, OK, OK},
          [CFT_INTENT_IN_PROGRESS] = {OK, OK, OK},
          [CFT_INTENT_COMPLETED] = {OK, OK, OK},
          [CFT_INTENT_MERGED] = {NO, NO, NO},
          [CFT_INTENT_ABANDONED] = {NO, NO, NO},
          [CFT_INTENT_EXPIRED] = {NO, NO, NO}}},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static const struct rule *find(enum cft_command_kind command)
{
	int i = 0;

	while (i < RULES - 1 && rules[i].command != command)
		i++;
	assert(rules[i].command == command);
	return &rules[i];
}

enum cft_verdict_kind cft_rule(enum cft_command_kind command, enum cft_intent_status status,
                               int severity)
{
	const struct rule *rule = find(command);

	assert(status >= FIRST && status <= LAST);
	if (severity >= CFT_SEVERITY_ERROR)
		return rule->on[status].error;
	return severity >= CFT_SEVERITY_WARNING ? rule->on[status].warning : rule->on[status].none;
}

const char *cft_command_name(enum cft_command_kind command)
{
	switch (command) {
	case CFT_CMD_REGISTER:
	case CFT_CMD_UPDATE:
	case CFT_CMD_START:
	case CFT_CMD_COMPLETE:
	case CFT_CMD_ABANDON:
	case CFT_CMD_RELEASE:
	case CFT_CMD_MERGE:
	case CFT_CMD_EXPIRE:
	case CFT_CMD_APPLY:
		return find(command)->name;
	case CFT_CMD_APPLY_FAILED:
		return "end the apply of";
	case CFT_CMD_APPROVE:
		return "approve";
	case CFT_CMD_REJECT:
		return "reject";
	case CFT_CMD_RESOLVE:
		return "resolve";
	case CFT_CMD_REOPEN:
		return "reopen";
	case CFT_CMD_SET_BASE:
		return "base set";
	case CFT_CMD_PROVE:
		return "prove";
	case CFT_CMD_DRIFT:
		return "report drift";
	case CFT_CMD_TARGET_CHANGE:
		return "report the change of a target";
	}
	return "unknown";
}

/* -- the document -- */

static const char *verdict_text(enum cft_verdict_kind kind)
{
	switch (kind) {
	case CFT_RULE_ALLOWED:
		return "allowed";
	case CFT_RULE_WARNED:
		return "warned";
	case CFT_RULE_BLOCKED:
		return "**refused**: BLOCKED_BY_CONFLICT";
	case CFT_RULE_STATE:
		return "refused: WRONG_STATE";
	}
	return "";
}

static void document_rule(struct cft_buf *out, const struct rule *rule)
{
	cft_buf_addf(out, "\n## %s\n\n%s\n\n", rule->name, rule->note);
	cft_buf_adds(out, "| intent is | no conflict, or INFO | WARNING | ERROR |\n");
	cft_buf_adds(out, "|---|---|---|---|\n");
	for (int status = FIRST; status <= (rule->command == CFT_CMD_REGISTER ? FIRST : LAST);
	     status++)
		cft_buf_addf(out, "| %s | %s | %s | %s |\n",
		             cft_intent_status_name((enum cft_intent_status)status),
		             verdict_text(rule->on[status].none),
		             verdict_text(rule->on[status].warning),
		             verdict_text(rule->on[status].error));
}

static const char intro[] =
	"# What blocks what\n"
	"\n"
	"Generated from the table in `server/core/rules.c`; a test compares the two.\n"
	"\n"
	"A command on an intent is allowed, *warned* (done, and the answer shows the conflicts) "
	"or\n"
	"refused (exit code 5). What counts is the gravest conflict of the intent that is not\n"
	"resolved, with the severity that it has *now*:\n"
	"\n"
	"- WARNING at most where either side is COMPLETED (awaiting merge), EXPIRED, or "
	"registered\n"
	"  and untouched for 7 days (stale): such intents never block anybody.\n"
	"- INFO where agent and branch of both sides are the same.\n"
	"- A resolved conflict does not count. A change of either side's DDL, or of the base "
	"schema\n"
	"  where it changes what the conflict says, reopens it.\n"
	"- `check` is never refused: it tells what `register` would tell, and writes nothing.\n"
	"\n"
	"A refusal because of conflicts is overcome with `--accept-risk --reason TEXT` (for\n"
	"`complete`: `--force --reason TEXT`); the reason stays in the history. An intent of "
	"another\n"
	"agent is changed with `--force --reason TEXT` alone; its owner is told on its stream and "
	"in\n"
	"its inbox. Nothing overcomes a refusal because of the state.\n";

static const char outro[] =
	"\n## resolve, reopen\n"
	"\n"
	"| conflict is | resolve | reopen |\n"
	"|---|---|---|\n"
	"| OPEN | allowed | refused: WRONG_STATE |\n"
	"| RESOLVED | refused: WRONG_STATE | allowed |\n"
	"| VANISHED | refused: WRONG_STATE | refused: WRONG_STATE |\n"
	"\n"
	"Any agent may resolve or reopen a conflict, also one that is not a side of it: a lead or "
	"a\n"
	"person who decides. Who did it is recorded, and both owners are told.\n";

void cft_rules_document(struct cft_buf *out)
{
	cft_buf_adds(out, intro);
	for (int i = 0; i < RULES; i++)
		document_rule(out, &rules[i]);
	cft_buf_adds(out, outro);
}
