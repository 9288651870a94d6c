/* The JSON format: one document, or one object per line; nothing else on standard output.
 * SPDX-License-Identifier: MIT
 */
#include "agent/output/output_ops.h"

#include <stdlib.h>
#include <string.h>

static void json_no_line(struct cft_output *out, enum cft_mark mark, enum cft_style style,
                         const char *text)
{
	(void)out;
	(void)mark;
	(void)style;
	(void)text;
}

static void json_no_step(struct cft_output *out, enum cft_mark mark, const char *text)
{
	(void)out;
	(void)mark;
	(void)text;
}

static void json_no_table(struct cft_output *out, const struct cft_table *table)
{
	(void)out;
	(void)table;
}

static void json_document(struct cft_output *out, const json_t *document)
{
	char *text = cft_json_pretty(document);

	cft_output_write(out, text, strlen(text));
	cft_output_write(out, "\n", 1);
	free(text);
}

static void json_record(struct cft_output *out, const json_t *object)
{
	char *text = cft_json_compact(object);

	cft_output_write(out, text, strlen(text));
	cft_output_write(out, "\n", 1);
	cft_out_flush(out);
	free(text);
}

static void write_error_line(struct cft_output *out, json_t *takes_object)
{
	char *text = cft_json_compact(takes_object);

	fprintf(out->config.err, "%s\n", text);
	free(text);
	json_decref(takes_object);
}

static void json_note(struct cft_output *out, const char *text)
{
	write_error_line(out, json_pack("{s:s}", "note", text));
}

static void json_failure(struct cft_output *out, const struct cft_err *err)
{
	json_t *line = cft_json_error(err);

	if (out->details)
		json_object_set(json_object_get(line, "error"), "details", out->details);
	write_error_line(out, line);
}

const struct cft_output_ops cft_output_json = {
	.line = json_no_line,
	.step = json_no_step,
	.step_end = json_no_step,
	.table = json_no_table,
	.document = json_document,
	.record = json_record,
	.note = json_note,
	.error = json_failure,
};
