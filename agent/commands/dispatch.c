/* Dispatch: finds the command, runs it, reports its error once.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/dispatch.h"

#include "agent/commands/help.h"
#include "agent/commands/parse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void print_help(const struct cft_command_table *table, const struct cft_command_entry *entry,
                       struct cft_output *out)
{
	const struct cft_output_config *config = cft_output_settings(out);
	struct cft_buf text = CFT_BUF_INIT;

	cft_help_write(table, entry, config->columns, config->color, &text);
	cft_out_raw(out, cft_buf_str(&text), text.len);
	cft_buf_release(&text);
}

/* A group's name alone does nothing, and must not look like success in a script. */
static int no_command(const struct cft_command_table *table, const struct cft_command_entry *entry,
                      struct cft_err *err)
{
	const char *path = entry ? entry->path : "";
	char names[320] = "";
	size_t len = 0;

	for (size_t i = 0; i < table->n && len < sizeof(names); i++)
		if (!table->v[i].hidden && !(table->v[i].command->flags & CFT_CMD_HIDDEN) &&
		    cft_table_is_child(&table->v[i], path))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
			                        len ? ", " : "", cft_table_last_word(&table->v[i]));

	cft_fail_reason(err, CFT_E_INVALID, "MISSING_COMMAND", "confiture%s%s needs a command",
	                path[0] ? " " : "", path);
	return cft_err_hint(err, "%s; see: confiture %s%s--help", names, path, path[0] ? " " : "");
}

static int run_request(const struct cft_command_table *table, const struct cft_request *request,
                       struct cft_cmd *cmd, struct cft_err *err)
{
	static const char version[] = "confiture " CFT_VERSION "\n";

	if (request->version) {
		cft_out_raw(cmd->out, version, sizeof(version) - 1);
		return 0;
	}
	if (request->help) {
		print_help(table, request->entry, cmd->out);
		return 0;
	}
	if (!request->entry || !request->entry->command->run)
		return no_command(table, request->entry, err);
	return cmd->command->run(cmd, err);
}

/* An answer that could not be written is no success. */
static int finish(struct cft_output *out, int rc, struct cft_err *err)
{
	if (rc >= 0) {
		struct cft_err written = CFT_ERR_INIT;
		int failed = cft_output_finish(out, &written);
		if (failed) {
			*err = written;
			rc = failed;
		}
	}
	if (rc >= 0)
		return rc;
	assert(err->code == rc);
	cft_out_error(out, err);
	return cft_code_exit(rc);
}

/* What others can read in the list of processes: the words are copied, and values of options that
 * hold secrets are wiped from the originals. */
static const char *const *take_words(struct cft_arena *arena, size_t n, char **words)
{
	static const char *const secret[] = {"--token", "--db-url", NULL};
	const char **copies = cft_arena_array(arena, const char *, n + 1);

	for (size_t i = 0; i < n; i++)
		copies[i] = cft_arena_strdup(arena, words[i]);
	for (size_t i = 0; i < n; i++) {
		for (int s = 0; secret[s]; s++) {
			size_t len = strlen(secret[s]);
			if (strncmp(words[i], secret[s], len) != 0)
				continue;
			if (words[i][len] == '=')
				memset(words[i] + len + 1, '*', strlen(words[i] + len + 1));
			else if (!words[i][len] && i + 1 < n)
				memset(words[i + 1], '*', strlen(words[i + 1]));
		}
	}
	return copies;
}

int cft_dispatch(int argc, char **argv)
{
	struct cft_command_table table = cft_commands();
	size_t nwords = argc > 1 ? (size_t)argc - 1 : 0;
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *const *words = take_words(&arena, nwords, argv + 1);
	struct cft_err err = CFT_ERR_INIT;
	struct cft_output_config config;
	struct cft_request request = {0};
	enum cft_color_mode color;
	bool json;

	cft_parse_look(nwords, words, &json, &color);
	cft_output_detect(&config, json, color);
	struct cft_cmd cmd = {.arena = &arena, .out = cft_output_new(&config)};
	int rc = cft_parse(&table, nwords, words, &cmd, &request, &err);
	if (rc == 0)
		rc = run_request(&table, &request, &cmd, &err);
	rc = finish(cmd.out, rc, &err);
	cft_parse_release(&cmd);
	cft_output_free(cmd.out);
	cft_arena_release(&arena);
	return rc;
}
