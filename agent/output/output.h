/* Output: what a command says, in the format the user asked for.
 * SPDX-License-Identifier: MIT
 *
 * Commands never format: they call these functions for the text form *and* hand over one JSON
 * document; the output's vtable (text.c or json.c) prints the one and drops the other. So a command
 * has one flow for both formats. After OpenBGPD's `struct output` (bgpctl/bgpctl.h).
 *
 * Text: messages and tables on standard output; notes, progress and errors on standard error.
 * Control characters in what others wrote (names, notes, SQL) never reach the terminal. Borders,
 * colour and progress only on a terminal; marks and borders in ASCII where the locale is not UTF-8.
 * JSON: standard output holds nothing but JSON; standard error holds one JSON object per line:
 * {"note":…} or, last, {"error":{…}} as cft_json_error makes it.
 *
 * Not thread-safe; every function may block on the terminal or pipe.
 */
#ifndef CFT_OUTPUT_OUTPUT_H
#define CFT_OUTPUT_OUTPUT_H

#include "agent/output/table.h"
#include "common/base/err.h"
#include "common/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, in UTF-8, in ASCII, style): the sign that starts a line. */
#define CFT_MARK_MAP(X)                       \
	X(NONE, "", "", PLAIN)                \
	X(OK, "✅", "OK:", GREEN)              \
	X(WARN, "⚠️", "WARNING:", YELLOW) \
	X(ERROR, "❌", "ERROR:", RED)          \
	X(INFO, "ℹ️", "NOTE:", BLUE)      \
	X(PACKAGE, "📦", "*", PLAIN)           \
	X(RUN, "⚡", ">", PLAIN)               \
	X(CHART, "📊", "*", PLAIN)             \
	X(PENDING, "⏳", "", YELLOW)           \
	X(LOCK, "🔒", "*", PLAIN)              \
	X(BULLET, "  -", "  -", PLAIN)

enum cft_mark {
#define CFT_MARK_ENUM(name, utf8, ascii, style) CFT_MARK_##name,
	CFT_MARK_MAP(CFT_MARK_ENUM)
#undef CFT_MARK_ENUM
};

enum cft_color_mode { CFT_COLOR_AUTO, CFT_COLOR_ALWAYS, CFT_COLOR_NEVER };

struct cft_output_config {
	FILE *out, *err; /* borrowed */
	bool json;
	bool utf8;
	bool out_terminal, err_terminal;
	bool color;     /* of both */
	size_t columns; /* of the terminal; 80 where unknown */
};

struct cft_output;

/* Fills in what the environment says: terminals, their width, LC_ALL/LC_CTYPE/LANG, NO_COLOR,
 * TERM. */
void cft_output_detect(struct cft_output_config *ret_config, bool json, enum cft_color_mode color);
/* Copies `config`. */
struct cft_output *cft_output_new(const struct cft_output_config *config);
/* Flushes; fails where standard output could not be written (a full disk, a closed pipe). Call it
 * before the program ends, or a lost answer looks like a success. */
int cft_output_finish(struct cft_output *out, struct cft_err *err);
void cft_output_free(struct cft_output *out); /* NULL is fine */

bool cft_output_is_json(const struct cft_output *out);
const struct cft_output_config *cft_output_settings(const struct cft_output *out);

/* The mark's text for this output, for cells such as "⏳ pending"; borrowed. */
const char *cft_mark_text(const struct cft_output *out, enum cft_mark mark);

/* -- the text form; nothing under JSON -- */

/* One line "✅ text"; may hold line breaks. */
void cft_out_mark(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cft_out_text(struct cft_output *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A line in a style, e.g. a heading. */
void cft_out_styled(struct cft_output *out, enum cft_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "⚡ Applying 001_x..." without the line's end, flushed; then cft_out_step_end(out, CFT_MARK_OK,
 * "") completes it to "⚡ Applying 001_x... ✅". What is said in between gets lines of its own, and
 * the end then repeats the step. An end without a step says nothing. */
void cft_out_step(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cft_out_step_end(struct cft_output *out, enum cft_mark mark, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void cft_out_table(struct cft_output *out, const struct cft_table *table);
/* Bytes as they are: SQL, a completion script. The JSON form has them as a string of its document.
 */
void cft_out_script(struct cft_output *out, const char *data, size_t len);

/* -- the JSON form; nothing under text -- */

/* The command's one answer, indented. Takes the reference, also where it prints nothing. */
void cft_out_json(struct cft_output *out, json_t *takes_document);
/* One object of a stream, on one line, flushed at once. Takes the reference. */
void cft_out_json_line(struct cft_output *out, json_t *takes_object);

/* -- both forms -- */

/* Bytes for standard output as they are (a page of help, a question). */
void cft_out_raw(struct cft_output *out, const char *data, size_t len);
/* One line on standard error that is not part of the answer. */
void cft_out_note(struct cft_output *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Progress of long work: one line on standard error that is rewritten, terminals only. `total` 0
 * means unknown. cft_out_progress_end wipes it. */
void cft_out_progress(struct cft_output *out, size_t done, size_t total, const char *what);
void cft_out_progress_end(struct cft_output *out);
/* The error, once, on standard error. */
void cft_out_error(struct cft_output *out, const struct cft_err *err);
/* What the error that follows says beyond its message: "details" of its JSON form; the text form
 * has said it in lines of its own. Takes the reference. */
void cft_out_error_details(struct cft_output *out, json_t *takes_details);
/* Sends out what was written so far (streams). */
void cft_out_flush(struct cft_output *out);

#ifdef __cplusplus
}
#endif

#endif
