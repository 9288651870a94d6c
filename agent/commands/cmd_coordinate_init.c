/* confiture coordinate init: prepares a database for coordination, and tells the agents.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/local.h"
#include "agent/commands/coordinate.h"
#include "agent/commands/instructions.h"
#include "common/base/file.h"
#include "common/config/connection.h"
#include "common/pg/pg.h"
#include "server/store/store.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

/* A server that was started by hand keeps its database; who wonders why shall read it here. */
static void tell_running_server(struct cft_cmd *cmd, const char *url, const char *shown)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;
	Confiture__V1__GetServerInfoResponse *response;
	struct cft_session_options options = {.project = cft_cmd_str(cmd, "project"),
	                                      .timeout_us = 5000000,
	                                      .no_autostart = true,
	                                      .token = cft_coord_token(cmd),
	                                      .token_file = cft_cmd_str(cmd, "token-file")};
	struct cft_buf place = CFT_BUF_INIT;
	struct cft_session session;
	struct cft_err err = CFT_ERR_INIT;

	if (cft_session_open(&options, cmd->arena, &session, &err) != 0)
		return;
	if (cft_session_call(&session, "GetServerInfo", &request, &response, &err) == 0 &&
	    cft_pg_url_place(url, &place, &err) == 0 &&
	    strcmp(response->database, cft_buf_str(&place)) != 0)
		cft_out_note(cmd->out,
		             "A server runs at %s on %s already; for a local one to use %s, stop "
		             "it: confiture server stop",
		             session.address, response->database, shown);
	cft_buf_release(&place);
	cft_session_close(&session);
}

static int init_database(struct cft_cmd *cmd, const char *url, struct cft_err *err)
{
	struct cft_project project;
	const char *shown = cft_conninfo_redact(cmd->arena, url);
	int version = 0;
	bool had_password;
	int rc = cft_project_identify(cmd->arena, cft_cmd_str(cmd, "project"), ".", NULL, &project,
	                              err);

	if (rc == 0)
		rc = cft_schema_upgrade(url, &version, err);
	if (rc == 0)
		rc = cft_local_record_database(cmd->arena, project.id, url, err);
	if (rc != 0)
		return rc;
	cft_local_strip_password(cmd->arena, url, &had_password);
	cft_out_mark(cmd->out, CFT_MARK_OK, "Coordination tables are ready in %s (version %d)",
	             shown, version);
	cft_out_text(cmd->out, "The local server of project %s will use it", project.id);
	if (had_password)
		cft_out_note(cmd->out, "The password was not recorded; put it into ~/.pgpass or "
		                       "PGPASSWORD");
	tell_running_server(cmd, url, shown);
	cft_out_json(cmd->out, json_pack("{s:s, s:i, s:s}", "database", shown, "schema_version",
	                                 version, "project", project.id));
	return 0;
}

static int init_server(struct cft_cmd *cmd, struct cft_err *err)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;
	Confiture__V1__GetServerInfoResponse *response;
	struct cft_coord coord;
	int rc = cft_coord_open(cmd, &coord, err);

	if (rc != 0)
		return rc;
	rc = cft_session_call(&coord.session, "GetServerInfo", &request, &response, err);
	if (rc == 0) {
		cft_out_mark(cmd->out, CFT_MARK_OK, "Coordination is ready on %s",
		             response->database);
		cft_coord_answer(&coord, json_pack("{s:s}", "database", response->database),
		                 response->revision);
	}
	cft_coord_close(&coord);
	return rc;
}

static bool answers_yes(void)
{
	char answer[16] = "";
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);

	return n > 0 && (answer[0] == '\n' || tolower((unsigned char)answer[0]) == 'y');
}

static void ask(struct cft_output *out, const char *path)
{
	char question[128];
	int len = snprintf(question, sizeof(question),
	                   "Put the instructions for AI agents into %s? [Y/n] ", path);

	cft_out_raw(out, question, (size_t)len);
	cft_out_flush(out);
}

/* Asks on a terminal; elsewhere only --agents-md writes, and a note tells of it. */
static int offer_instructions(struct cft_cmd *cmd, struct cft_err *err)
{
	static const char path[] = "AGENTS.md";
	bool wanted = cft_cmd_flag(cmd, "agents-md"), changed = false;

	if (!wanted && isatty(STDIN_FILENO) && cft_output_settings(cmd->out)->out_terminal &&
	    !cft_output_is_json(cmd->out)) {
		ask(cmd->out, path);
		wanted = answers_yes();
	} else if (!wanted && !cft_output_is_json(cmd->out)) {
		cft_out_note(cmd->out, "Tell your agents: confiture instructions --write %s", path);
	}
	if (!wanted)
		return 0;
	int rc = cft_instructions_write(path, &changed, err);
	if (rc == 0)
		cft_out_mark(cmd->out, CFT_MARK_OK,
		             changed ? "Instructions written to %s"
		                     : "The instructions in %s are up to date",
		             path);
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *url = cft_cmd_str(cmd, "db-url");
	int rc = url ? init_database(cmd, url, err) : init_server(cmd, err);

	return rc ? rc : offer_instructions(cmd, err);
}

static const struct cft_opt options[] = {
	{.name = "db-url",
         .type = CFT_OPT_STRING,
         .value = "URL",
         .help = "The database that keeps the intents; without it the local server's own"},
	{.name = "agents-md",
         .type = CFT_OPT_FLAG,
         .help = "Put the instructions for AI agents into AGENTS.md"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"On a database of your own",
         "confiture coordinate init --db-url postgresql://localhost/confiture_coordination"},
	{"On the embedded one, and tell the agents", "confiture coordinate init --agents-md"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_coordinate_init = {
	.summary = "Prepare a database for coordination",
	.description =
		"Creates or upgrades the tables, and records the database (without password) "
		"for this project's local server. Safe to repeat.",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_SERVER,
	.run = run,
};
