/* Expansion of ${VAR} and ${VAR:-default}.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/expand.h"

#include "common/base/buf.h"
#include "common/base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cft_lookup_get(const struct cft_lookup *lookup, const char *name)
{
	if (!lookup || !lookup->get)
		return getenv(name);
	return lookup->get(lookup->ctx, name);
}

bool cft_expand_needed(const char *text)
{
	return strstr(text, "${") != NULL;
}

/* The column of a byte of a scalar: exact where it is written on one line without escapes. */
static int fail_in(const struct cft_yaml_node *node, size_t offset, const char *reason,
                   struct cft_err *err, const char *message)
{
	cft_fail_reason(err, CFT_E_CONFIG, reason, "%s", message);
	cft_err_at(err, node->file, node->line,
	           node->column + (int)offset + (node->quoted ? 1 : 0));
	return CFT_E_CONFIG;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n > 0 && isdigit((unsigned char)s[0]) ? 0 : n;
}

static int missing(const struct cft_yaml_node *node, size_t offset, const char *name,
                   struct cft_err *err)
{
	char text[200];

	snprintf(text, sizeof(text), "the environment variable %.120s is not set", name);
	fail_in(node, offset, "MISSING_VARIABLE", err, text);
	cft_err_hint(err, "export %.100s=…, or write ${%.100s:-default}", name, name);
	return CFT_E_CONFIG;
}

/* One ${…} that starts at `p`; appends its value and moves past it. */
static int expand_one(struct cft_arena *arena, const struct cft_yaml_node *node,
                      const struct cft_lookup *lookup, const char **p, struct cft_buf *out,
                      struct cft_err *err)
{
	size_t offset = (size_t)(*p - node->text);
	const char *start = *p + 2;
	size_t len = name_length(start);
	const char *close = strchr(start, '}');

	if (!close)
		return fail_in(node, offset, "INVALID_CONFIGURATION", err,
		               "this ${ has no closing }");
	bool fallback = cft_has_prefix(start + len, ":-");
	if (len == 0 || (!fallback && start + len != close))
		return fail_in(node, offset, "INVALID_CONFIGURATION", err,
		               "a variable is written ${NAME} or ${NAME:-default}");
	const char *name = cft_arena_strndup(arena, start, len);
	const char *value = cft_lookup_get(lookup, name);
	if (!value && !fallback)
		return missing(node, offset, name, err);
	if (fallback && (!value || !*value))
		cft_buf_add(out, start + len + 2, (size_t)(close - start) - len - 2);
	else
		cft_buf_adds(out, value);
	*p = close + 1;
	return 0;
}

int cft_expand_node(struct cft_arena *arena, const struct cft_yaml_node *node,
                    const struct cft_lookup *lookup, const char **ret_text, struct cft_err *err)
{
	struct cft_buf out = CFT_BUF_INIT;
	const char *p = node->text;
	int rc = 0;

	if (!cft_expand_needed(p)) {
		*ret_text = p;
		return 0;
	}
	while (rc == 0 && *p) {
		if (cft_has_prefix(p, "$${")) {
			cft_buf_adds(&out, "${");
			p += 3;
		} else if (cft_has_prefix(p, "${")) {
			rc = expand_one(arena, node, lookup, &p, &out, err);
		} else {
			cft_buf_addc(&out, *p++);
		}
	}
	if (rc == 0)
		*ret_text = cft_arena_strndup(arena, cft_buf_str(&out), out.len);
	cft_buf_release(&out);
	return rc;
}
