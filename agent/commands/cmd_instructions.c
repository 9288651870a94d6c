/* confiture instructions: what an AI agent needs to know to take part.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/command.h"
#include "agent/commands/instructions.h"
#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN_MARK "<!-- confiture: begin -->\n"
#define END_MARK   "<!-- confiture: end -->\n"

const char cft_instructions[] =
	"## Changing the database schema\n"
	"\n"
	"Several agents change this schema at the same time. Before you write or edit any DDL, "
	"tell\n"
	"the others with `confiture`. Use one name for yourself everywhere:\n"
	"\n"
	"```bash\n"
	"export CONFITURE_AGENT_ID=your-name\n"
	"# 1. Does anybody work on it?\n"
	"confiture coordinate check --schema-changes \"ALTER TABLE users ADD COLUMN bio TEXT\"\n"
	"# 2. Say what you will do. Details may be left open: CREATE TABLE profiles (...)\n"
	"confiture coordinate register --feature-name user_profiles \\\n"
	"    --schema-changes \"ALTER TABLE users ADD COLUMN bio TEXT\" --format json\n"
	"# 3. Begin, work on the branch you were given, and finish.\n"
	"confiture coordinate start --intent-id INTENT\n"
	"confiture coordinate complete --intent-id INTENT --outcome success --notes \"what others "
	"should know\"\n"
	"```\n"
	"\n"
	"- Add `--format json` to get JSON on standard output; errors are JSON on standard error.\n"
	"  `next_actions` holds the commands that make sense now.\n"
	"- `conflicts` is not empty: read `explanation` and `resolution_suggestions`, change your "
	"plan\n"
	"  with `confiture coordinate update --intent-id INTENT --schema-changes FILE.sql`, or "
	"agree\n"
	"  with the other agent and record it with\n"
	"  `confiture coordinate resolve --conflict-id CONFLICT --notes \"alice first\"`.\n"
	"- `start` exits with 5 while an ERROR conflict is unresolved. Do not force it.\n"
	"- Read your news when you begin and before you finish:\n"
	"  `confiture coordinate inbox --ack`.\n"
	"- Plans changed: `confiture coordinate abandon --intent-id INTENT --reason \"why\"`. "
	"Merged:\n"
	"  `confiture coordinate merge --intent-id INTENT`.\n"
	"- Exit codes: 0 done, 2 wrong usage or SQL, 3 no server, 4 not found, 5 refused.\n"
	"- Everything else: `confiture coordinate --help`.\n";

static void add_section(struct cft_buf *out)
{
	cft_buf_adds(out, BEGIN_MARK);
	cft_buf_adds(out, cft_instructions);
	cft_buf_adds(out, END_MARK);
}

/* The file's text with our section put in or renewed. */
static void put_section(const char *old, struct cft_buf *out)
{
	const char *begin = strstr(old, BEGIN_MARK);
	const char *end = begin ? strstr(begin, END_MARK) : NULL;
	size_t len = strlen(old);

	if (end) {
		cft_buf_add(out, old, (size_t)(begin - old));
		add_section(out);
		cft_buf_adds(out, end + strlen(END_MARK));
		return;
	}
	cft_buf_add(out, old, len);
	if (len)
		cft_buf_adds(out, old[len - 1] == '\n' ? "\n" : "\n\n");
	add_section(out);
}

int cft_instructions_write(const char *path, bool *ret_changed, struct cft_err *err)
{
	struct cft_buf old = CFT_BUF_INIT, text = CFT_BUF_INIT;
	int rc = cft_file_exists(path) ? cft_file_read(path, 0, &old, err) : 0;

	if (rc == 0) {
		put_section(cft_buf_str(&old), &text);
		*ret_changed = strcmp(cft_buf_str(&old), cft_buf_str(&text)) != 0;
		if (*ret_changed)
			rc = cft_file_write(path, text.data, text.len, 0644, err);
	}
	cft_buf_release(&old);
	cft_buf_release(&text);
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *path = cft_cmd_str(cmd, "write");
	bool changed;

	if (!path) {
		cft_out_script(cmd->out, cft_instructions, strlen(cft_instructions));
		cft_out_json(cmd->out, json_pack("{s:s}", "instructions", cft_instructions));
		return 0;
	}
	int rc = cft_instructions_write(path, &changed, err);
	if (rc != 0)
		return rc;
	cft_out_mark(cmd->out, CFT_MARK_OK, changed ? "Written to %s" : "%s is up to date", path);
	cft_out_json(cmd->out, json_pack("{s:s, s:b}", "path", path, "changed", changed));
	return 0;
}

static const struct cft_opt options[] = {
	{.name = "write",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .help = "Put them into this file, e.g. AGENTS.md, or renew them there"},
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Tell every agent that reads AGENTS.md", "confiture instructions --write AGENTS.md"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_instructions = {
	.summary = "Print what an AI agent needs to know to take part",
	.options = options,
	.examples = examples,
	.flags = CFT_CMD_RAW,
	.run = run,
};
