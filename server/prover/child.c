/* Child: the prover process: one proof in a PostgreSQL of its own.
 * SPDX-License-Identifier: MIT
 */
#include "server/prover/prover.h"

#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/prove/prove.h"
#include "server/prover/frame.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE = 10 };

/* The server's work comes first. It outlives the server for as long as its cluster takes to go. */
static void confine(const char *directory)
{
	cft_process_confine(&(struct cft_process_limits){0});
	setpriority(PRIO_PROCESS, 0, NICE);
	setenv("TMPDIR", directory, 1);
}

static bool read_texts(char *texts[CFT_PROOF_TEXTS])
{
	struct cft_proof_request request;
	bool ok = cft_fd_read(STDIN_FILENO, &request, sizeof(request));

	for (int i = 0; i < CFT_PROOF_TEXTS && ok; i++) {
		texts[i] = cft_malloc((size_t)request.bytes[i] + 1);
		ok = cft_fd_read(STDIN_FILENO, texts[i], request.bytes[i]);
		texts[i][request.bytes[i]] = '\0';
	}
	return ok;
}

static int prove(char *const texts[CFT_PROOF_TEXTS], json_t **ret, struct cft_err *err)
{
	struct cft_proof_input input = {texts[0], texts[1], texts[2]};
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_prover *prover = NULL;
	struct cft_proof proof;
	int rc = cft_prover_new(NULL, &prover, err);

	if (rc == 0)
		rc = cft_prove(prover, &input, &arena, &proof, err);
	if (rc == 0)
		*ret = cft_proof_to_json(&proof);
	cft_prover_free(prover);
	cft_arena_release(&arena);
	return rc;
}

static void answer(int code, const char *text)
{
	struct cft_proof_answer header = {code, (uint32_t)strlen(text)};

	cft_fd_write(STDOUT_FILENO, &header, sizeof(header));
	cft_fd_write(STDOUT_FILENO, text, header.bytes);
}

int cft_prover_child_main(const char *directory)
{
	char *texts[CFT_PROOF_TEXTS] = {NULL};
	struct cft_err err = CFT_ERR_INIT;
	json_t *proof = NULL;
	bool ok;

	confine(directory);
	ok = read_texts(texts);
	if (ok) {
		int rc = prove(texts, &proof, &err);
		char *json = rc == 0 ? cft_json_compact(proof) : NULL;
		answer(rc, rc == 0 ? json : err.message);
		free(json);
	}
	json_decref(proof);
	for (int i = 0; i < CFT_PROOF_TEXTS; i++)
		free(texts[i]);
	return ok ? 0 : 1;
}
