/* confiture run: the long-running participant: keeps its leases alive and passes its news on.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/coordinate.h"
#include "agent/commands/watch.h"
#include "common/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 1000, CHILD_LOOK_MS = 20 };

struct participant {
	struct cft_coord *coord;
	const char *agent;
	const char *exec; /* or NULL */
	struct cft_follow follow;
	int64_t heartbeat_us, next_heartbeat_us;
};

static void tell_lost_leases(void *arg, const Confiture__V1__HeartbeatResponse *r)
{
	struct participant *p = arg;

	for (size_t i = 0; i < r->n_results; i++)
		if (r->results[i]->reason[0])
			cft_out_note(p->coord->cmd->out, "Lease of %s lost: %s",
			             r->results[i]->intent_id, r->results[i]->reason);
}

static void heartbeat(void *arg)
{
	struct participant *p = arg;

	if (cft_clock_mono_us() < p->next_heartbeat_us)
		return;
	p->next_heartbeat_us = cft_clock_mono_us() + p->heartbeat_us;
	cft_follow_heartbeat(&p->follow);
}

/* While the command runs nobody reads the stream: its heartbeats are calls of their own. */
static void heartbeat_apart(struct participant *p)
{
	Confiture__V1__HeartbeatRequest request = CONFITURE__V1__HEARTBEAT_REQUEST__INIT;
	Confiture__V1__HeartbeatResponse *response;

	if (cft_clock_mono_us() < p->next_heartbeat_us)
		return;
	p->next_heartbeat_us = cft_clock_mono_us() + p->heartbeat_us;
	request.agent_id = (char *)p->agent;
	if (cft_session_call(&p->coord->session, "Heartbeat", &request, &response, NULL) == 0)
		tell_lost_leases(p, response);
}

/* The status of the command when it has ended. */
static int await_command(struct participant *p, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		heartbeat_apart(p);
		poll(NULL, 0, CHILD_LOOK_MS);
	}
	return status;
}

static void write_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the command does not read its input: its choice */
		text += n;
		len -= (size_t)n;
	}
}

/* Runs the command through the shell with the notification on its standard input; its output goes
 * where ours goes. One at a time, in order. */
static void run_command(struct participant *p, const char *kind, const char *json)
{
	int fds[2], status = 0;

	if (pipe(fds) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		close(fds[0]);
		close(fds[1]);
		signal(SIGPIPE, SIG_DFL);
		setenv("CONFITURE_EVENT", kind, 1);
		setenv("CONFITURE_AGENT_ID", p->agent, 1);
		execl("/bin/sh", "sh", "-c", p->exec, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	if (pid > 0)
		write_all(fds[1], json);
	close(fds[1]);
	if (pid > 0)
		status = await_command(p, pid);
	if (pid < 0 || status != 0)
		cft_out_note(p->coord->cmd->out, "The command failed for %s (status %d)", kind,
		             WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static void on_event(void *arg, const Confiture__V1__Event *event)
{
	struct participant *p = arg;

	if (!p->exec) {
		cft_watch_show(p->coord->cmd->out, event);
		return;
	}
	for (size_t i = 0; i < event->n_changes; i++) {
		json_t *object = cft_render_change(event, event->changes[i]);
		char *text = cft_json_compact(object);
		run_command(p, event->changes[i]->kind, text);
		free(text);
		json_decref(object);
	}
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__WatchEventsRequest filter = CONFITURE__V1__WATCH_EVENTS_REQUEST__INIT;
	struct cft_coord coord;
	struct participant p = {.coord = &coord, .agent = cft_cmd_str(cmd, "agent-id")};
	struct cft_watch_hooks hooks = {on_event, heartbeat, &p, TICK_MS, 0};
	char *agents[] = {(char *)p.agent};
	uint64_t since = 0;
	int rc = cft_watch_since(cft_cmd_str(cmd, "since"), &since, err);

	if (rc == 0)
		rc = cft_coord_open(cmd, &coord, err);
	if (rc != 0)
		return rc;
	signal(SIGPIPE, SIG_IGN); /* a command that ends early must not end us */
	p.exec = cft_cmd_str(cmd, "exec");
	p.heartbeat_us = cft_cmd_duration_us(cmd, "heartbeat");
	hooks.count = (uint64_t)cft_cmd_int(cmd, "count");
	filter.agents = agents;
	filter.n_agents = 1;
	p.next_heartbeat_us = cft_clock_mono_us() + p.heartbeat_us; /* opening sends the first */
	rc = cft_follow_participate(&coord.session, &filter, since, p.agent, tell_lost_leases, &p,
	                            &p.follow, err);
	if (rc == 0) {
		cft_out_note(cmd->out, "Participating as %s in project %s on %s", p.agent,
		             coord.session.project.id, coord.session.address);
		rc = cft_watch_loop(&coord.session, &p.follow, cmd->out, &hooks, err);
		cft_follow_close(&p.follow);
	}
	cft_coord_close(&coord);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_COORD_AGENT(true),
	{.name = "exec",
         .type = CFT_OPT_STRING,
         .value = "CMD",
         .help = "Run this for each notification, with its JSON on standard input and its kind "
                 "in CONFITURE_EVENT"},
	{.name = "heartbeat",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .min = 1000,
         .max = 3600000,
         .fallback = "20s",
         .help = "How often the leases are renewed"},
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
	{"Stay in touch, and wake the agent for each piece of news",
         "confiture run --agent-id alice --exec './on-news.sh'"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_run = {
	.summary = "Take part for long: keep leases alive, pass news on",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
