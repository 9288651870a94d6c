/* Child: the analyzer process: reads texts, writes effects, trusts nothing it reads.
 * SPDX-License-Identifier: MIT
 */
#include "server/analyzer/analyzer.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/rpc/codec.h"
#include "common/rpc/status.h"
#include "common/sql/effect/analyze.h"
#include "server/analyzer/frame.h"
#include "server/codec/effects_codec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MEMORY_MAX_MIB = 4096, DESCRIPTORS_MAX = 16 };

static void limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit wanted = {value, value};

	setrlimit(what, &wanted);
}

/* No files, no sockets, no new programs, no endless memory. */
static void confine(void)
{
	cft_process_confine(&(struct cft_process_limits){true, MEMORY_MAX_MIB, true});
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

static const char *const *split_tables(struct cft_arena *arena, const char *bytes, size_t n)
{
	const char **tables = cft_arena_array(arena, const char *, n + 1);

	for (size_t i = 0; i < n; i++) {
		tables[i] = bytes;
		bytes += strlen(bytes) + 1;
	}
	return tables;
}

/* Appends an EffectSet, or on failure the error. */
static int analyze(const struct cft_request_header *header, const char *body,
                   struct cft_arena *arena, struct cft_buf *out)
{
	struct cft_analyze_options options = {0};
	struct cft_effects effects;
	struct cft_err err = CFT_ERR_INIT;
	int rc;

	options.parse.psql = header->dump;
	/* Of a plan: unknown work on the tables that it declares. Without tables an error helps
	 * more. */
	options.parse.opaque = header->dump || header->n_tables > 0;
	options.parse.sketch = !header->dump;
	options.parse.max_bytes = header->sql_bytes + 1;
	options.tables = split_tables(arena, body, header->n_tables);
	options.n_tables = header->n_tables;
	rc = cft_sql_analyze(body + header->tables_bytes, header->sql_bytes, &options, arena,
	                     &effects, &err);
	if (rc < 0)
		cft_status_encode(&err, out);
	else
		cft_proto_pack(cft_codec_effects(arena, &effects), out);
	return rc;
}

static bool answer(const struct cft_request_header *header, const char *body)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_buf out = CFT_BUF_INIT;
	struct cft_answer_header reply = {0};
	bool ok;

	/* Header and body in one write: two would wake the server twice. */
	cft_buf_add(&out, &reply, sizeof(reply));
	reply.code = analyze(header, body, &arena, &out);
	reply.bytes = (uint32_t)(out.len - sizeof(reply));
	memcpy(out.data, &reply, sizeof(reply));
	ok = cft_fd_write(STDOUT_FILENO, out.data, out.len);
	cft_buf_release(&out);
	cft_arena_release(&arena);
	return ok;
}

int cft_analyzer_child_main(void)
{
	struct cft_request_header header;
	bool ok = true;

	confine();
	while (ok && cft_fd_read(STDIN_FILENO, &header, sizeof(header))) {
		size_t len = (size_t)header.tables_bytes + header.sql_bytes;
		char *body = cft_malloc(len + 1);

		ok = cft_fd_read(STDIN_FILENO, body, len);
		body[len] = '\0';
		if (ok)
			ok = answer(&header, body);
		free(body);
	}
	return 0;
}
