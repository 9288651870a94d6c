/* confiture init: the files of a new project.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/command.h"
#include "agent/commands/instructions.h"
#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/path.h"
#include "common/config/project.h"
#include "common/migrate/scaffold.h"

#include <string.h>

static const char *outcome_word(enum cft_scaffold_outcome outcome)
{
	switch (outcome) {
	case CFT_SCAFFOLD_CREATED:
		return "created";
	case CFT_SCAFFOLD_KEPT:
		return "kept";
	case CFT_SCAFFOLD_REPLACED:
		return "replaced";
	}
	return "?";
}

static bool all_kept(const struct cft_scaffold *scaffold)
{
	for (size_t i = 0; i < scaffold->n; i++)
		if (scaffold->v[i].outcome != CFT_SCAFFOLD_KEPT)
			return false;
	return true;
}

/* Without a remote the name comes from the folder or from git's: a later `git init` or `git remote
 * add` would change it, and on the server nobody would know the intents of before. So a new project
 * keeps the name that it has now. */
static int keep_name(struct cft_arena *arena, const char *dir, struct cft_scaffold *scaffold,
                     struct cft_err *err)
{
	struct cft_project project;
	const char *path = cft_path_join(arena, dir, CFT_PROJECT_FILE);
	struct cft_buf text = CFT_BUF_INIT;
	int rc = cft_project_identify(arena, NULL, dir, NULL, &project, err);

	if (rc != 0 || all_kept(scaffold) || cft_file_exists(path) ||
	    (project.source != CFT_PROJECT_FROM_FOLDER &&
	     project.source != CFT_PROJECT_FROM_GIT_DIR))
		return rc;
	cft_buf_adds(&text, "# What a coordination server calls this project. Without this line it "
	                    "is the address of the\n"
	                    "# git remote, else a name made from the folder's.\n"
	                    "project: '");
	for (const char *p = project.id; *p; p++)
		cft_buf_adds(&text, *p == '\'' ? "''" : (char[]){*p, '\0'});
	cft_buf_adds(&text, "'\n");
	rc = cft_file_write(path, cft_buf_str(&text), text.len, 0644, err);
	cft_buf_release(&text);
	scaffold->v[scaffold->n++] =
		(struct cft_scaffold_entry){CFT_PROJECT_FILE, CFT_SCAFFOLD_CREATED};
	return rc;
}

static void tell(struct cft_cmd *cmd, const struct cft_scaffold *scaffold, const char *agents)
{
	bool kept = all_kept(scaffold);

	for (size_t i = 0; i < scaffold->n; i++) {
		/* The dot files only keep git from losing empty directories. */
		if (*cft_path_base(scaffold->v[i].path) != '.')
			cft_out_text(cmd->out, "   %-9s %s", outcome_word(scaffold->v[i].outcome),
			             scaffold->v[i].path);
	}
	if (agents)
		cft_out_text(cmd->out, "   %-9s AGENTS.md", agents);
	if (kept)
		cft_out_mark(cmd->out, CFT_MARK_OK,
		             "The project is already there; nothing changed");
	else
		cft_out_mark(cmd->out, CFT_MARK_OK, "Initialized a Confiture project in %s",
		             scaffold->root);
	if (kept)
		return;
	cft_out_text(cmd->out,
	             "\nNext:\n"
	             "  1. Edit db/environments/local.yaml (database %s_local)\n"
	             "  2. Write your tables below db/schema/10_tables/\n"
	             "  3. confiture config check",
	             scaffold->database);
	if (!agents)
		cft_out_text(cmd->out,
		             "\nAI agents work here? 'confiture init --agents-md' tells them how "
		             "in AGENTS.md.");
}

static void give_json(struct cft_cmd *cmd, const struct cft_scaffold *scaffold, const char *agents)
{
	json_t *files = json_array();

	for (size_t i = 0; i < scaffold->n; i++)
		json_array_append_new(files,
		                      json_pack("{s:s, s:s}", "path", scaffold->v[i].path,
		                                "outcome", outcome_word(scaffold->v[i].outcome)));
	if (agents)
		json_array_append_new(
			files, json_pack("{s:s, s:s}", "path", "AGENTS.md", "outcome", agents));
	cft_out_json(cmd->out,
	             json_pack("{s:s, s:o}", "directory", scaffold->root, "files", files));
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *dir = cmd->args.n ? cmd->args.v[0] : ".";
	bool changed;
	struct cft_scaffold scaffold;
	const char *agents = NULL;
	int rc = cft_scaffold_write(cmd->arena, dir, cft_cmd_flag(cmd, "force"), &scaffold, err);

	if (rc == 0)
		rc = keep_name(cmd->arena, dir, &scaffold, err);
	if (rc == 0 && cft_cmd_flag(cmd, "agents-md")) {
		rc = cft_instructions_write(cft_path_join(cmd->arena, dir, "AGENTS.md"), &changed,
		                            err);
		agents = changed ? "written" : "kept";
	}
	if (rc != 0)
		return rc;
	tell(cmd, &scaffold, agents);
	give_json(cmd, &scaffold, agents);
	return 0;
}

static const struct cft_opt options[] = {
	{.name = "force", .type = CFT_OPT_FLAG, .help = "Replace files that exist"},
	{.name = "agents-md",
         .type = CFT_OPT_FLAG,
         .help = "Also put the instructions for AI agents into AGENTS.md"},
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "DIR", .help = "The project's directory; made where it is missing; else here"},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Start a project in a new directory", "confiture init myapp"},
	{"Add what is missing, and tell AI agents how to work here", "confiture init --agents-md"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_init = {
	.summary = "Create the files of a project",
	.description =
		"Writes db/schema, db/seeds, db/migrations and db/environments with examples "
		"to start from, and, where no git remote names the project, confiture.yaml "
		"with its name. Files that exist are kept.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
