/* Fuzz: the words of a command line, separated by NULs.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { WORDS_MAX = 64 };

/* Options may name files, and "-" is standard input: neither shall be there. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return freopen("/dev/null", "r", stdin) ? 0 : 1;
}

static bool names_a_file(const char *word)
{
	return strchr(word, '@') || strchr(word, '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_command_table table = cft_commands();
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_request request = {0};
	struct cft_err err = CFT_ERR_INIT;
	struct cft_cmd cmd = {.arena = &arena};
	char *text = cft_arena_alloc(&arena, size + 1);
	const char *words[WORDS_MAX];
	enum cft_color_mode color;
	size_t n = 0;
	bool json;

	memcpy(text, data, size);
	for (size_t at = 0; at < size && n < WORDS_MAX; at += strlen(text + at) + 1) {
		if (!names_a_file(text + at))
			words[n++] = text + at;
	}
	cft_parse_look(n, words, &json, &color);
	if (cft_parse(&table, n, words, &cmd, &request, &err) < 0 && !err.message[0])
		abort();
	cft_parse_release(&cmd);
	cft_arena_release(&arena);
	return 0;
}
