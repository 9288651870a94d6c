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

static const char *in_words(const char *verdict)
{
	static const char *const words[][2] = {
		{"commute", "both orders work and end alike"},
		{"only_ab", "only the first of the two orders works"},
		{"only_ba", "only the second of the two orders works"},
		{"neither", "no order works"},
		{"differ", "both orders work and end differently"},
		{"latent", "both orders end alike, and something breaks when it runs"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], verdict) == 0)
			return words[i][1];
	return verdict;
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
	cft_out_mark(out, CFT_MARK_OK, "Proven by running both orders in PostgreSQL: %s%s",
	             in_words(verdict),
	             !predicted || strcmp(verdict, predicted) == 0
	                     ? ""
	                     : " (the prediction was another one)");
	order_line(out, name_a, name_b, text(proof, "error_ab"));
	order_line(out, name_b, name_a, text(proof, "error_ba"));
	json_array_foreach (json_object_get(proof, "differences"), i, line)
		cft_out_text(out, "    %s", json_string_value(line));
	/* A stored proof says which base it is about; without one, whatever the plans build on
	 * is missing. */
	if (json_is_null(json_object_get(proof, "base")))
		cft_out_mark(
			out, CFT_MARK_WARN,
			"The project has no base schema, so both ran on an empty database; set "
			"one and prove it again: confiture coordinate base set --db-url URL");
}
