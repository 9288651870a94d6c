/* The vtable between output.c and the formats, and what they share. Private to agent/output.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_OUTPUT_OUTPUT_OPS_H
#define CFT_OUTPUT_OUTPUT_OPS_H

#include "agent/output/output.h"

struct cft_output_ops {
	void (*line)(struct cft_output *out, enum cft_mark mark, enum cft_style style,
	             const char *text);
	void (*step)(struct cft_output *out, enum cft_mark mark, const char *text);
	void (*step_end)(struct cft_output *out, enum cft_mark mark, const char *text);
	void (*table)(struct cft_output *out, const struct cft_table *table);
	void (*document)(struct cft_output *out, const json_t *document);
	void (*record)(struct cft_output *out, const json_t *object);
	void (*note)(struct cft_output *out, const char *text);
	void (*error)(struct cft_output *out, const struct cft_err *err);
};

struct cft_output {
	const struct cft_output_ops *ops;
	struct cft_output_config config;
	bool progress_shown; /* a progress line stands on standard error */
	char *step;          /* the line that waits for its end, or NULL; owned */
	bool step_left;      /* something else was said meanwhile: the end says the step again */
	bool failed;         /* standard output could not be written */
	json_t *details;     /* of the error to come, or NULL; owned */
};

extern const struct cft_output_ops cft_output_text;
extern const struct cft_output_ops cft_output_json;

/* Gives the line of an open step its end, so that something else can be said. */
void cft_output_leave_step(struct cft_output *out);
/* Writes to standard output and remembers failure. */
void cft_output_write(struct cft_output *out, const char *data, size_t len);

#endif
