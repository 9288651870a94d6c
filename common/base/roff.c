/* Roff: text for manual pages.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/roff.h"

#include <stdbool.h>

void cft_roff_text(struct cft_buf *out, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			cft_buf_adds(out, "\\&");
		if (*text == '\\')
			cft_buf_adds(out, "\\e");
		else if (*text == '-')
			cft_buf_adds(out, "\\-");
		else
			cft_buf_addc(out, *text);
		start = *text == '\n';
	}
}

void cft_roff_entry(struct cft_buf *out, const char *term, const char *text)
{
	cft_buf_adds(out, ".TP\n\\fB");
	cft_roff_text(out, term);
	cft_buf_adds(out, "\\fR\n");
	cft_roff_text(out, text);
	cft_buf_addc(out, '\n');
}
