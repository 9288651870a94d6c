/* Render: the evidence of a proof, for people.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/render.h"

#include <string.h>

static const char *text(const json_t *proof, const char *key)
{
	const char *value = json_string_value(json_object_get(proof, key));

	return value ? value : "";
}

static void order_line(struct cft_output *out, const char *first, const char *second,
                       const char *error)
{
	cft_out_text(out, "    %s, then %s: %s", first, second, error[0] ? error : "works");
}

void cft_render_proof_text(struct cft_output *out, const json_t *proof, const char *name_a,
                           const char *name_b, const char *predicted)
{
	const char *verdict = text(proof, "verdict");
	const json_t *line;
	size_t i;

	if (!json_is_true(json_object_get(proof, "provable"))) {
		cft_out_mark(out, CFT_MARK_WARN, "Not provable: %s", text(proof, "reason"));
		return;
	}
	cft_out_mark(out, CFT_MARK_OK, "Proven by running both orders in PostgreSQL: %s%s", verdict,
	             !predicted || strcmp(verdict, predicted) == 0
	                     ? ""
	                     : " (the prediction was another one)");
	order_line(out, name_a, name_b, text(proof, "error_ab"));
	order_line(out, name_b, name_a, text(proof, "error_ba"));
	json_array_foreach (json_object_get(proof, "differences"), i, line)
		cft_out_text(out, "    %s", json_string_value(line));
}
