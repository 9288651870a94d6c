/* confiture-server: settings, the entries of analyzers and provers, and the run.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/log.h"
#include "server/analyzer/analyzer.h"
#include "server/prover/prover.h"
#include "server/wiring/app.h"
#include "server/worker/worker.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES = 32 << 20 };

/* Who starts a server by hand, or wrote a wrong line into its file, reads this: a sentence and its
 * place, not a record of the log. Programs that collect logs asked for JSON. */
static int fail(const struct cft_err *err, bool json)
{
	char place[CFT_ERR_PLACE];

	if (json) {
		cft_log_err(CFT_LOG_ERROR, "cannot start", err);
		return cft_code_exit(err->code);
	}
	cft_err_place(err, place);
	fprintf(stderr, "confiture-server: %s%s%s\n", place, place[0] ? ": " : "", err->message);
	if (err->hint[0])
		fprintf(stderr, "   %s\n", err->hint);
	return cft_code_exit(err->code);
}

static void print_help(void)
{
	struct cft_buf text = CFT_BUF_INIT;

	cft_buf_adds(&text, "usage: confiture-server [OPTION]...\n\n"
	                    "Coordinates the schema changes of many participants on one log.\n"
	                    "With no option: an embedded PostgreSQL, on 127.0.0.1:7430.\n\n");
	cft_settings_help(&cft_server_settings_table, &text);
	cft_buf_adds(&text,
	             "\nExample:\n"
	             "  confiture-server --database-url postgresql://db.example/coordination\n");
	fputs(cft_buf_str(&text), stdout);
	cft_buf_release(&text);
}

static void print_man_page(void)
{
	struct cft_buf text = CFT_BUF_INIT;

	cft_buf_adds(&text,
	             ".TH \"confiture\\-server\" 8 \"\" \"Confiture " CFT_VERSION
	             "\" Confiture\n.nh\n.ad l\n"
	             ".SH NAME\nconfiture\\-server \\- coordinate the schema changes of many\n"
	             ".SH SYNOPSIS\nconfiture\\-server [OPTION]...\n"
	             ".SH DESCRIPTION\n"
	             "Keeps the log of all intents and conflicts in PostgreSQL, and applies\n"
	             "migrations to the targets that its configuration names. With no option it\n"
	             "starts an embedded PostgreSQL and listens on 127.0.0.1:7430. Any number of\n"
	             "servers may run on one database. SIGTERM ends it in good order.\n"
	             ".PP\nA flag is stronger than its variable, named in brackets, and both are\n"
	             "stronger than the configuration file.\n"
	             ".SH OPTIONS\n");
	cft_settings_man(&cft_server_settings_table, &text);
	cft_buf_adds(
		&text,
		".SH EXAMPLES\n.nf\n"
		"confiture\\-server \\-\\-database\\-url postgresql://db.example/coordination\n"
		".fi\n"
		".SH EXIT STATUS\n0 after a signal; else as of \\fBconfiture\\fR(1).\n"
		".SH SEE ALSO\n\\fBconfiture\\fR(1), \\fBconfiture\\-server\\-status\\fR(1), "
		"\\fBconfiture\\-server\\-start\\fR(1), \\fBconfiture\\-server\\-doctor\\fR(1)\n");
	fputs(cft_buf_str(&text), stdout);
	cft_buf_release(&text);
}

static void print_markdown(void)
{
	struct cft_buf text = CFT_BUF_INIT;

	cft_settings_markdown(&cft_server_settings_table, &text);
	fputs(cft_buf_str(&text), stdout);
	cft_buf_release(&text);
}

/* A comparison of two intents takes some megabytes and frees them at once: pages that come fresh
 * from the system each time would cost five times what the comparison itself does. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

static int run(const struct cft_server_settings *settings)
{
	struct cft_app *app = NULL;
	struct cft_err err = CFT_ERR_INIT;

	keep_memory();
	cft_log_setup((enum cft_log_level)settings->log_level, settings->log_format == 1);
	if (cft_server_settings_check(settings, &err) < 0 ||
	    cft_app_start(settings, &app, &err) < 0)
		return fail(&err, settings->log_format == 1);
	printf("confiture-server: ready on %s, database %s\n", cft_app_address(app),
	       cft_app_database(app));
	fflush(stdout);
	cft_app_run(app);
	cft_app_free(app);
	cft_log(CFT_LOG_INFO, "stopped", NULL);
	return 0;
}

/* What others can read in the list of processes: the words are copied, and the database's URL,
 * which may hold a password, is wiped from the originals. */
static char **take_words(struct cft_arena *arena, int argc, char **argv)
{
	static const char secret[] = "--database-url";
	size_t len = strlen(secret);
	char **copies = cft_arena_array(arena, char *, (size_t)argc + 1);

	for (int i = 0; i < argc; i++)
		copies[i] = cft_arena_strdup(arena, argv[i]);
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], secret, len) != 0)
			continue;
		if (argv[i][len] == '=')
			memset(argv[i] + len + 1, '*', strlen(argv[i] + len + 1));
		else if (!argv[i][len] && i + 1 < argc)
			memset(argv[i + 1], '*', strlen(argv[i + 1]));
	}
	return copies;
}

/* Words of the server's own (server/prover/prover.c). */
static int prove(char **words)
{
	const struct cft_proof_limits limits = {
		.directory = words[0],
		.memory_bytes = strtoull(words[1], NULL, 10),
		.disk_bytes = strtoull(words[2], NULL, 10),
	};

	return cft_prover_child_main(&limits);
}

int main(int argc, char **argv)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_server_settings values = {0};
	struct cft_settings settings;
	struct cft_err err = CFT_ERR_INIT;
	int status = 0;

	if (argc == 2 && strcmp(argv[1], "--analyzer") == 0)
		return cft_analyzer_child_main();
	if (argc == 5 && strcmp(argv[1], "--prover") == 0)
		return prove(argv + 2);
	if (argc == 2 && strcmp(argv[1], "--migrate-worker") == 0)
		return cft_worker_child_main();
	argv = take_words(&arena, argc, argv);
	cft_settings_init(&settings, &cft_server_settings_table, &arena, &values);
	if (cft_settings_load(&settings, argc, argv, "config", NULL, &err) < 0)
		status = fail(&err, false);
	else if (settings.action == CFT_SETTINGS_HELP)
		print_help();
	else if (settings.action == CFT_SETTINGS_VERSION)
		puts("confiture-server " CFT_VERSION);
	else if (settings.action == CFT_SETTINGS_MARKDOWN)
		print_markdown();
	else if (settings.action == CFT_SETTINGS_MAN)
		print_man_page();
	else
		status = run(&values);
	cft_arena_release(&arena);
	return status;
}
