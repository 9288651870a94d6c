/* Next actions: what makes sense after an answer, as commands to paste.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"

#include <string.h>

static void add_action(json_t *actions, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_action(json_t *actions, const char *fmt, ...)
{
	struct cft_buf text = CFT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	cft_buf_addv(&text, fmt, ap);
	va_end(ap);
	json_array_append_new(actions, json_string(cft_buf_str(&text)));
	cft_buf_release(&text);
}

/* The word as a shell reads it back: names are chosen by others and shall stay one word. */
static const char *shell_word(struct cft_arena *arena, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_.@:/-+";
	struct cft_buf quoted = CFT_BUF_INIT;

	if (word[0] && word[strspn(word, plain)] == '\0')
		return word;
	cft_buf_addc(&quoted, '\'');
	for (; *word; word++)
		cft_buf_adds(&quoted, *word == '\'' ? "'\\''" : (char[]){*word, '\0'});
	cft_buf_addc(&quoted, '\'');
	const char *text = cft_arena_strdup(arena, cft_buf_str(&quoted));
	cft_buf_release(&quoted);
	return text;
}

static bool blocks(const Confiture__V1__Conflict *conflict)
{
	return conflict->status == CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_OPEN &&
	       conflict->severity == CONFITURE__V1__SEVERITY__SEVERITY_ERROR &&
	       !conflict->awaiting_merge;
}

static void add_unblocking(json_t *actions, const Confiture__V1__Intent *intent,
                           Confiture__V1__Conflict *const *conflicts, size_t n)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	for (size_t i = 0; i < n; i++)
		if (blocks(conflicts[i]))
			add_action(actions,
			           "confiture coordinate resolve --conflict-id %s --agent-id %s "
			           "--strategy sequence --notes 'what you agreed on'",
			           conflicts[i]->id, shell_word(&arena, intent->agent_id));
	add_action(actions, "confiture coordinate update --intent-id %s --schema-changes FILE.sql",
	           intent->id);
	cft_arena_release(&arena);
}

json_t *cft_coord_next_actions(const Confiture__V1__Intent *intent,
                               Confiture__V1__Conflict *const *conflicts, size_t n)
{
	json_t *actions = json_array();

	switch (intent->status) {
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED:
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_EXPIRED:
		if (intent->blocked)
			add_unblocking(actions, intent, conflicts, n);
		else
			add_action(actions, "confiture coordinate start --intent-id %s",
			           intent->id);
		add_action(actions, "confiture coordinate abandon --intent-id %s --reason 'why'",
		           intent->id);
		break;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_IN_PROGRESS:
		if (intent->blocked)
			add_unblocking(actions, intent, conflicts, n);
		add_action(actions,
		           "confiture coordinate complete --intent-id %s --outcome success",
		           intent->id);
		break;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_COMPLETED:
		add_action(actions, "confiture coordinate merge --intent-id %s", intent->id);
		break;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_MERGED:
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_ABANDONED:
		add_action(actions, "confiture coordinate status");
		break;
	case CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_UNSPECIFIED:
	case _CONFITURE__V1__INTENT_STATUS_IS_INT_SIZE:
		break;
	}
	return actions;
}

/* One's own side is not known here: both are to look again, and who started waiting goes on. */
static void add_settled(json_t *actions, const Confiture__V1__Conflict *conflict)
{
	add_action(actions, "confiture coordinate status --intent-id %s", conflict->intent_a);
	add_action(actions, "confiture coordinate status --intent-id %s", conflict->intent_b);
}

static void add_open(json_t *actions, const Confiture__V1__Conflict *conflict)
{
	add_action(actions,
	           "confiture coordinate resolve --conflict-id %s --strategy sequence --notes "
	           "'what you agreed on'",
	           conflict->id);
	if (!conflict->proof_json[0])
		add_action(actions, "confiture coordinate prove --conflict-id %s", conflict->id);
}

json_t *cft_coord_conflict_actions(Confiture__V1__Conflict *const *conflicts, size_t n)
{
	json_t *actions = json_array();

	for (size_t i = 0; i < n; i++)
		if (blocks(conflicts[i]))
			add_open(actions, conflicts[i]);
	if (n == 1 && conflicts[0]->status != CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_OPEN)
		add_settled(actions, conflicts[0]);
	else if (json_array_size(actions) == 0)
		add_action(actions, "confiture coordinate plan");
	return actions;
}

void cft_coord_say_next(struct cft_coord *coord, json_t *actions)
{
	const char *first = json_string_value(json_array_get(actions, 0));

	if (first)
		cft_out_text(coord->cmd->out, "Next: %s", first);
}
