/* confiture server status, start, stop: the server that the commands talk to.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/local.h"
#include "agent/commands/coordinate.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STOP_TIMEOUT_S = 30, POLL_MS = 20 };

static int open_session(struct cft_cmd *cmd, bool start, struct cft_session *ret_session,
                        struct cft_err *err)
{
	struct cft_session_options options = {
		.server = cft_cmd_str(cmd, "server"),
		.project = cft_cmd_str(cmd, "project"),
		.timeout_us = cft_cmd_duration_us(cmd, "timeout"),
		.no_autostart = !start || cft_cmd_flag(cmd, "no-autostart"),
		.token = cft_coord_token(cmd),
		.token_file = cft_cmd_str(cmd, "token-file"),
	};

	return cft_session_open(&options, cmd->arena, ret_session, err);
}

static int ask(struct cft_session *session, Confiture__V1__GetServerInfoResponse **ret_info,
               struct cft_err *err)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;

	return cft_session_call(session, "GetServerInfo", &request, ret_info, err);
}

static void show(struct cft_cmd *cmd, const struct cft_session *session,
                 const Confiture__V1__GetServerInfoResponse *info)
{
	const char *log = session->log_path;
	unsigned long long live = info->live_intents, revision = info->revision;

	cft_out_text(cmd->out, "Server:    %s (version %s, pid %lld)", session->address,
	             info->version, (long long)info->pid);
	cft_out_text(cmd->out, "Database:  %s", info->database);
	cft_out_text(cmd->out, "Project:   %s (%s)", session->project.id,
	             cft_project_source_name(session->project.source));
	cft_out_text(cmd->out, "Revision:  %llu, %llu live intent%s", revision, live,
	             live == 1 ? "" : "s");
	if (log)
		cft_out_text(cmd->out, "Log:       %s", log);
	json_t *document = json_pack(
		"{s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:s, s:I, s:I}", "server", session->address,
		"version", info->version, "pid", (json_int_t)info->pid, "server_id",
		info->server_id, "log_id", info->log_id, "database", info->database, "started_at",
		cft_render_time(info->start_time), "project", session->project.id, "revision",
		(json_int_t)revision, "live_intents", (json_int_t)live);
	json_object_set_new(document, "log", log ? json_string(log) : json_null());
	cft_out_json(cmd->out, document);
}

static int show_server(struct cft_cmd *cmd, bool start, struct cft_err *err)
{
	Confiture__V1__GetServerInfoResponse *info;
	struct cft_session session;
	int rc = open_session(cmd, start, &session, err);

	if (rc != 0) {
		if (!start && strcmp(err->reason, "NO_SERVER") == 0) {
			cft_fail_reason(err, CFT_E_UNAVAILABLE, "NO_SERVER", "no server at %s",
			                cft_local_address());
			cft_err_hint(err, "Start one: confiture server start");
		}
		return rc;
	}
	rc = ask(&session, &info, err);
	if (rc == 0)
		show(cmd, &session, info);
	cft_session_close(&session);
	return rc;
}

static int run_status(struct cft_cmd *cmd, struct cft_err *err)
{
	return show_server(cmd, false, err);
}

static int run_start(struct cft_cmd *cmd, struct cft_err *err)
{
	return show_server(cmd, true, err);
}

static const struct cft_example status_examples[] = {
	{"Which server, on which database?", "confiture server status"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_status = {
	.summary = "Tell which server the commands talk to, and on which database it works",
	.examples = status_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_status,
};

static const struct cft_example start_examples[] = {
	{"Have it ready before the first command", "confiture server start"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_start = {
	.summary = "Start the local server, where none runs",
	.examples = start_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_start,
};

/* -- stop -- */

/* The process is there and no zombie that waits for its parent. */
static bool alive(pid_t pid)
{
	char path[64], state = 'Z';
	struct cft_buf stat = CFT_BUF_INIT;

	if (kill(pid, 0) != 0 && errno == ESRCH)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (cft_file_read(path, 0, &stat, NULL) == 0) {
		/* "pid (name) S …": the name may hold anything but ends at the last ')'. */
		const char *end = strrchr(cft_buf_str(&stat), ')');
		state = end && end[1] ? end[2] : 'Z';
	}
	cft_buf_release(&stat);
	return state != 'Z' && state != 'X';
}

static bool is_server_process(pid_t pid)
{
	char path[64], target[4096];
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	const char *slash = strrchr(target, '/');
	/* " (deleted)" follows where the program was replaced by a newer one. */
	return slash && cft_has_prefix(slash + 1, "confiture-server");
}

static int stop_process(pid_t pid, const char *address, struct cft_err *err)
{
	int64_t end_us = cft_clock_mono_us() + STOP_TIMEOUT_S * INT64_C(1000000);

	if (!is_server_process(pid))
		return cft_fail(err, CFT_E_UNSUPPORTED,
		                "the server at %s (pid %d) is no process of this machine", address,
		                (int)pid);
	if (kill(pid, SIGTERM) != 0)
		return cft_fail(err, CFT_E_FORBIDDEN, "cannot stop pid %d: %s", (int)pid,
		                strerror(errno));
	while (alive(pid)) {
		if (cft_clock_mono_us() > end_us)
			return cft_fail(err, CFT_E_TIMEOUT, "pid %d did not stop within %d s",
			                (int)pid, STOP_TIMEOUT_S);
		poll(NULL, 0, POLL_MS);
	}
	return 0;
}

static int run_stop(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__GetServerInfoResponse *info;
	struct cft_session session;
	int rc = open_session(cmd, false, &session, err);

	if (rc == CFT_E_UNAVAILABLE && strcmp(err->reason, "NO_SERVER") == 0) {
		cft_err_clear(err);
		cft_out_text(cmd->out, "No server runs at %s", cft_local_address());
		cft_out_json(cmd->out, json_pack("{s:b}", "stopped", 0));
		return 0;
	}
	if (rc != 0)
		return rc;
	rc = ask(&session, &info, err);
	cft_session_close(&session);
	if (rc == 0)
		rc = stop_process((pid_t)info->pid, session.address, err);
	if (rc == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "Stopped the server at %s (pid %lld)",
		             session.address, (long long)info->pid);
		cft_out_json(cmd->out,
		             json_pack("{s:b, s:I}", "stopped", 1, "pid", (json_int_t)info->pid));
	}
	return rc;
}

static const struct cft_example stop_examples[] = {
	{"Stop the local server; what it knows stays", "confiture server stop"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_stop = {
	.summary = "Stop the local server",
	.examples = stop_examples,
	.flags = CFT_CMD_SERVER,
	.run = run_stop,
};
