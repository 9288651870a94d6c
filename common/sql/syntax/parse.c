/* Parse: checks, statement by statement parsing, and the deep stack.
 * SPDX-License-Identifier: MIT
 */
#include "common/sql/syntax/parse.h"

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/base/vec.h"
#include "common/sql/syntax/capture.h"
#include "common/sql/syntax/split.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <uthash.h>

/* Measured: 1.7 kB of stack for each token in the worst nesting; sanitizers take several times as
 * much. Pages that are never touched cost nothing. */
enum { STACK_BASE_BYTES = 16 << 20, STACK_TOKEN_BYTES = 16 << 10 };

struct deep_call {
	int (*fn)(void *arg);
	void *arg;
	int result;
};

static void *run_deep(void *data)
{
	struct deep_call *call = data;

	call->result = call->fn(call->arg);
	return NULL;
}

static int run_on_stack(void *stack, size_t size, struct deep_call *call)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	int rc = pthread_attr_setstack(&attr, stack, size);
	if (rc == 0)
		rc = pthread_create(&thread, &attr, run_deep, call);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		pthread_join(thread, NULL);
	return rc;
}

int cft_sql_deep(uint32_t tokens, int (*fn)(void *arg), void *arg, struct cft_err *err)
{
	struct deep_call call = {.fn = fn, .arg = arg};
	size_t size = STACK_BASE_BYTES + (size_t)tokens * STACK_TOKEN_BYTES;

	if (tokens <= CFT_SQL_SHALLOW_TOKENS)
		return fn(arg);
	void *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return cft_fail(err, CFT_E_LIMIT, "no stack for a statement of %u tokens", tokens);
	int rc = run_on_stack(stack, size, &call);
	munmap(stack, size);
	if (rc != 0)
		return cft_fail(err, CFT_E_LIMIT, "no thread for a statement of %u tokens", tokens);
	return call.result;
}

static void *arena_alloc(void *data, size_t size)
{
	return cft_arena_alloc(data, size);
}

static void arena_free(void *data, void *pointer)
{
	(void)data;
	(void)pointer;
}

static const PgQuery__Node *unpack(const unsigned char *data, size_t len, struct cft_arena *arena)
{
	ProtobufCAllocator allocator = {arena_alloc, arena_free, arena};
	PgQuery__ParseResult *result = pg_query__parse_result__unpack(&allocator, len, data);

	return result && result->n_stmts == 1 ? result->stmts[0]->stmt : NULL;
}

/* ---- statements of another text that were parsed already ---- */

struct known_stmt {
	const struct cft_sql_stmt *stmt;
	UT_hash_handle hh;
};

struct known {
	struct known_stmt *v, *by_text;
};

static void known_init(struct known *known, const struct cft_sql_script *script)
{
	size_t n = script ? script->n : 0;

	known->v = cft_calloc(n + 1, sizeof(*known->v));
	for (size_t i = 0; i < n; i++) {
		struct known_stmt *k = &known->v[i], *same;
		const struct cft_sql_stmt *stmt = k->stmt = &script->v[i];
		if (stmt->packed == NULL)
			continue;
		HASH_FIND(hh, known->by_text, stmt->text, stmt->len, same);
		if (same == NULL)
			HASH_ADD_KEYPTR(hh, known->by_text, stmt->text, stmt->len, k);
	}
}

static const struct cft_sql_stmt *known_find(const struct known *known, const char *text,
                                             size_t len)
{
	struct known_stmt *found;

	HASH_FIND(hh, known->by_text, text, len, found);
	return found ? found->stmt : NULL;
}

static void known_release(struct known *known)
{
	HASH_CLEAR(hh, known->by_text);
	free(known->v);
}

/* ---- one statement ---- */

struct parse_job {
	const char *text; /* what the parser sees: the statement, `...` blanked */
	struct cft_sql_stmt *stmt;
	struct cft_arena *arena;
	bool keep;
	const struct cft_sql_stmt *same; /* of the same words, parsed before */
	struct cft_err *err;
	char message[512];
	int cursor; /* in characters from 1; 0 unknown */
};

static bool take_packed(struct parse_job *job, const void *data, size_t len)
{
	job->stmt->tree = unpack(data, len, job->arena);
	if (job->stmt->tree && job->keep) {
		job->stmt->packed = memcpy(cft_arena_alloc(job->arena, len), data, len);
		job->stmt->packed_len = len;
	}
	return job->stmt->tree != NULL;
}

/* Each text has a tree of its own: the reader completes it in place. */
static int unpack_known(void *arg)
{
	struct parse_job *job = arg;

	return take_packed(job, job->same->packed, job->same->packed_len) ? 0 : CFT_E_LIMIT;
}

static bool take_tree(struct parse_job *job, const PgQuery__ParseResult *tree)
{
	job->stmt->tree = tree && tree->n_stmts == 1 ? tree->stmts[0]->stmt : NULL;
	return job->stmt->tree != NULL;
}

/* The packed form is made only where it is kept: it costs four fifths of a parse. */
static int parse_one(void *arg)
{
	struct parse_job *job = arg;
	const PgQuery__ParseResult *tree = NULL;
	PgQueryProtobufParseResult result = job->keep
	                                            ? pg_query_parse_protobuf(job->text)
	                                            : cft_sql_capture(job->text, job->arena, &tree);
	int rc = 0;

	if (result.error) {
		snprintf(job->message, sizeof(job->message), "%s", result.error->message);
		job->cursor = result.error->cursorpos;
		rc = CFT_E_SYNTAX;
	} else if (job->keep ? !take_packed(job, result.parse_tree.data, result.parse_tree.len)
	                     : !take_tree(job, tree)) {
		snprintf(job->message, sizeof(job->message), "not one statement");
		rc = CFT_E_SYNTAX;
	}
	pg_query_free_protobuf_parse_result(result);
	return rc;
}

/* Blanks each `...` and the comma before it. */
static void blank_ellipses(char *text, size_t len)
{
	size_t comma = len; /* the last token, if a comma */

	for (size_t pos = 0; pos < len;) {
		bool blank;
		size_t n = cft_sql_lex(text, len, pos, &blank);

		if (n == 3 && memcmp(text + pos, "...", 3) == 0) {
			memset(text + pos, ' ', 3);
			if (comma < len)
				text[comma] = ' ';
		} else if (!blank) {
			comma = n == 1 && text[pos] == ',' ? pos : len;
		}
		pos += n;
	}
}

static size_t char_offset(const char *text, int characters)
{
	size_t at = 0;

	for (; text[at] && characters > 1; characters--) {
		at++;
		while (((unsigned char)text[at] & 0xC0) == 0x80)
			at++;
	}
	return at;
}

static int fail_syntax(const char *sql, const struct parse_job *job, struct cft_err *err)
{
	size_t offset = job->stmt->offset + char_offset(job->text, job->cursor);
	int line, column;

	cft_sql_place(sql, offset, &line, &column);
	cft_fail(err, CFT_E_SYNTAX, "%s", job->message);
	if (job->stmt->sketch)
		cft_err_hint(err, "`...` can stand for columns, as in CREATE TABLE t (...)");
	return err ? cft_err_at(err, "", line, column) : CFT_E_SYNTAX;
}

static int parse_slice(const char *sql, const struct cft_sql_slice *slice,
                       const struct cft_parse_options *options, const struct known *known,
                       struct cft_arena *arena, struct cft_sql_stmt *stmt, struct cft_err *err)
{
	struct parse_job job = {.stmt = stmt, .arena = arena, .err = err};

	stmt->text = job.text = cft_arena_strndup(arena, sql + slice->offset, slice->len);
	stmt->len = slice->len;
	stmt->offset = slice->offset;
	stmt->tokens = slice->tokens;
	stmt->sketch = slice->ellipsis && options->sketch;
	if (stmt->sketch) {
		char *text = cft_arena_strndup(arena, stmt->text, stmt->len);
		blank_ellipses(text, stmt->len);
		job.text = text;
	}
	job.keep = options->keep && !stmt->sketch;
	job.same = stmt->sketch ? NULL : known_find(known, stmt->text, stmt->len);
	if (job.same)
		return cft_sql_deep(slice->tokens, unpack_known, &job, err);
	int rc = cft_sql_deep(slice->tokens, parse_one, &job, err);
	if (rc != CFT_E_SYNTAX)
		return rc;
	if (options->opaque) {
		stmt->opaque = cft_arena_strdup(arena, job.message);
		return 0;
	}
	return fail_syntax(sql, &job, err);
}

static int check_bytes(const char *sql, size_t len, const struct cft_parse_options *options,
                       struct cft_err *err)
{
	size_t max = options->max_bytes ? options->max_bytes : CFT_SQL_MAX_BYTES, bad;
	int line, column;

	if (len > max)
		return cft_fail(err, CFT_E_LIMIT, "SQL of %zu bytes; the limit is %zu", len, max);
	if (cft_utf8_valid(sql, len, &bad))
		return 0;
	cft_sql_place(sql, bad, &line, &column);
	cft_fail_reason(err, CFT_E_INVALID, "INVALID_UTF8",
	                "byte 0x%02x is not allowed in SQL text", (unsigned char)sql[bad]);
	return err ? cft_err_at(err, "", line, column) : CFT_E_INVALID;
}

/* Lines are counted on from the statement before, not from the start. */
static void advance_place(const char *sql, size_t from, struct cft_sql_stmt *stmt, int *line,
                          int *column)
{
	int lines, columns;

	cft_sql_place(sql + from, stmt->offset - from, &lines, &columns);
	*column = lines == 1 ? *column + columns - 1 : columns;
	*line += lines - 1;
	stmt->line = *line;
	stmt->column = *column;
}

int cft_sql_parse(const char *sql, size_t len, const struct cft_parse_options *options,
                  struct cft_arena *arena, struct cft_sql_script *ret, struct cft_err *err)
{
	static const struct cft_parse_options plain;
	CFT_VEC(struct cft_sql_stmt) stmts = {0};
	struct cft_sql_script script = {0};
	struct cft_sql_slice slice;
	struct known known = {0};
	int line = 1, column = 1;
	size_t placed = 0;

	options = options ? options : &plain;
	known_init(&known, options->known);
	struct cft_sql_splitter splitter = {.psql = options->psql};
	uint32_t max = options->max_tokens ? options->max_tokens : CFT_SQL_MAX_TOKENS;
	int rc = check_bytes(sql, len, options, err);
	while (rc == 0 && cft_sql_split_next(&splitter, sql, len, &slice)) {
		struct cft_sql_stmt stmt = {.offset = slice.offset};

		advance_place(sql, placed, &stmt, &line, &column);
		placed = slice.offset;
		rc = slice.tokens > max
		             ? cft_fail(err, CFT_E_LIMIT,
		                        "the statement at line %d has %u tokens; the limit is %u",
		                        stmt.line, slice.tokens, max)
		             : parse_slice(sql, &slice, options, &known, arena, &stmt, err);
		if (rc == 0)
			cft_vec_push_in(arena, &stmts, stmt);
		if (slice.tokens > script.max_tokens)
			script.max_tokens = slice.tokens;
	}
	known_release(&known);
	if (rc != 0)
		return rc;
	script.v = stmts.v;
	script.n = stmts.n;
	*ret = script;
	return 0;
}

char *cft_sql_deparse(const struct PgQuery__Node *tree, struct cft_arena *arena)
{
	PgQuery__RawStmt raw = PG_QUERY__RAW_STMT__INIT;
	PgQuery__RawStmt *stmts[] = {&raw};
	PgQuery__ParseResult parsed = PG_QUERY__PARSE_RESULT__INIT;
	char *text = NULL;

	raw.stmt = (PgQuery__Node *)tree;
	parsed.version = PG_VERSION_NUM;
	parsed.n_stmts = 1;
	parsed.stmts = stmts;
	PgQueryProtobuf buf = {.len = pg_query__parse_result__get_packed_size(&parsed)};
	buf.data = cft_arena_alloc(arena, buf.len + 1);
	pg_query__parse_result__pack(&parsed, (unsigned char *)buf.data);
	PgQueryDeparseResult result = pg_query_deparse_protobuf(buf);
	if (!result.error)
		text = cft_arena_strdup(arena, result.query);
	pg_query_free_deparse_result(result);
	return text;
}
