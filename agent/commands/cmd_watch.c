/* confiture watch: the project's events as they happen.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/follow.h"
#include "agent/commands/coordinate.h"
#include "agent/commands/watch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int cft_watch_since(const char *text, uint64_t *ret_revision, struct cft_err *err)
{
	char *end;

	if (strcmp(text, "now") == 0) {
		*ret_revision = 0;
		return 0;
	}
	if (strcmp(text, "all") == 0) {
		*ret_revision = 1;
		return 0;
	}
	unsigned long long number = strtoull(text, &end, 10);
	if (end == text || *end || text[0] == '-' || number == 0)
		return cft_fail(err, CFT_E_INVALID,
		                "--since must be a revision from 1, all or now, not \"%.60s\"",
		                text);
	*ret_revision = number;
	return 0;
}

void cft_watch_filter(struct cft_cmd *cmd, Confiture__V1__WatchEventsRequest *request)
{
	struct cft_words agents = cft_cmd_list(cmd, "agent");
	struct cft_words tables = cft_cmd_list(cmd, "table");
	struct cft_words kinds = cft_cmd_list(cmd, "kind");

	request->agents = (char **)agents.v;
	request->n_agents = agents.n;
	request->tables = (char **)tables.v;
	request->n_tables = tables.n;
	request->kinds = (char **)kinds.v;
	request->n_kinds = kinds.n;
}

void cft_watch_show(struct cft_output *out, const Confiture__V1__Event *event)
{
	for (size_t i = 0; i < event->n_changes; i++) {
		cft_render_change_text(out, event, event->changes[i]);
		cft_out_json_line(out, cft_render_change(event, event->changes[i]));
	}
	cft_out_flush(out);
}

int cft_watch_loop(struct cft_session *session, struct cft_follow *follow, struct cft_output *out,
                   const struct cft_watch_hooks *hooks, struct cft_err *err)
{
	uint64_t left = hooks->count;
	bool lost = false;
	int rc = 0;

	for (;;) {
		Confiture__V1__WatchEventsResponse *message = NULL;
		struct cft_arena arena = CFT_ARENA_INIT;
		bool first = false;
		rc = cft_follow_next(follow, hooks->tick_ms, &arena, &message, &first, err);
		if (rc == CFT_E_UNAVAILABLE && first)
			cft_out_note(out, "Lost the server %s (%s); reconnecting", session->address,
			             err->message);
		lost = lost || (rc == CFT_E_UNAVAILABLE && first);
		if (rc == 1 && lost) {
			cft_out_note(out, "Connected again; nothing was missed");
			lost = false;
		}
		if (rc == 1 &&
		    message->item_case == CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT) {
			hooks->event(hooks->arg, message->event);
			left -= left > 0 ? message->event->n_changes < left
			                           ? message->event->n_changes
			                           : left
			                 : 0;
		}
		cft_arena_release(&arena);
		if (rc < 0 && rc != CFT_E_UNAVAILABLE && rc != CFT_E_TIMEOUT)
			return rc;
		if (hooks->count && left == 0)
			return 0;
		if (hooks->tick)
			hooks->tick(hooks->arg);
	}
}

static void show(void *arg, const Confiture__V1__Event *event)
{
	cft_watch_show(arg, event);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__WatchEventsRequest filter = CONFITURE__V1__WATCH_EVENTS_REQUEST__INIT;
	struct cft_watch_hooks hooks = {.event = show, .arg = cmd->out, .tick_ms = INT_MAX};
	struct cft_coord coord;
	struct cft_follow follow;
	uint64_t since = 0;
	int rc = cft_watch_since(cft_cmd_str(cmd, "since"), &since, err);

	if (rc == 0)
		rc = cft_coord_open(cmd, &coord, err);
	if (rc != 0)
		return rc;
	hooks.count = (uint64_t)cft_cmd_int(cmd, "count");
	cft_watch_filter(cmd, &filter);
	rc = cft_follow_open(&coord.session, &filter, since, &follow, err);
	if (rc == 0) {
		cft_out_note(cmd->out, "Watching project %s on %s from revision %llu",
		             coord.session.project.id, coord.session.address,
		             (unsigned long long)follow.revision + 1);
		rc = cft_watch_loop(&coord.session, &follow, cmd->out, &hooks, err);
		cft_follow_close(&follow);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	{.name = "agent",
         .type = CFT_OPT_LIST,
         .value = "ID",
         .help = "Only intents of these agents, and conflicts with them"},
	{.name = "table", .type = CFT_OPT_LIST, .value = "TABLE", .help = "Only these tables"},
	{.name = "kind",
         .type = CFT_OPT_LIST,
         .value = "KIND",
         .help = "Only these kinds, e.g. conflict.detected, or all of conflict."},
	{.name = "since",
         .type = CFT_OPT_STRING,
         .value = "REV",
         .fallback = "now",
         .help = "Begin at this revision, with all that ever happened, or now"},
	{.name = "count",
         .type = CFT_OPT_INT,
         .value = "N",
         .min = 0,
         .max = INT64_MAX,
         .help = "End after so many changes; 0 means never"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"See what everybody does", "confiture watch"},
	{"Conflicts with alice's intents, one JSON object per line",
         "confiture watch --agent alice --kind conflict.detected --format json"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_watch = {
	.summary = "Stream intents and conflicts as they happen",
	.description = "Reconnects by itself and misses nothing. With --format json each line is "
		       "one object "
		       "with revision, time, kind, project, and intent, conflict or base. Kinds: "
		       "intent.registered, intent.updated, intent.started, intent.completed, "
		       "intent.abandoned, intent.merged, intent.expired, conflict.detected, "
		       "conflict.resolved, conflict.reopened, conflict.vanished, conflict.proven, "
		       "base.changed, intent.applying, intent.apply_failed, "
		       "intent.prerequisite_failed, intent.approved, intent.rejected, "
		       "target.drifted, target.changing.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
