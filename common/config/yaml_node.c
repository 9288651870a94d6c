/* YAML nodes: lookup, names and errors that point at a node.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/suggest.h"
#include "common/config/yaml.h"

#include <stdio.h>
#include <string.h>

const struct cft_yaml_node *cft_yaml_get(const struct cft_yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != CFT_YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->n; i++) {
		if (strcmp(mapping->keys[i]->text, key) == 0)
			return mapping->values[i];
	}
	return NULL;
}

const char *cft_yaml_kind_name(enum cft_yaml_kind kind)
{
	switch (kind) {
	case CFT_YAML_NULL:
		return "nothing";
	case CFT_YAML_SCALAR:
		return "a single value";
	case CFT_YAML_SEQUENCE:
		return "a list";
	case CFT_YAML_MAPPING:
		return "a group of keys";
	}
	return "?";
}

int cft_yaml_fail(const struct cft_yaml_node *node, struct cft_err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cft_fail(err, CFT_E_CONFIG, "%s", text);
	cft_err_at(err, node->file, node->line, node->column);
	return CFT_E_CONFIG;
}

static int unknown_key(const struct cft_yaml_node *key, const char *const *names, size_t n,
                       struct cft_err *err)
{
	const char *near = cft_suggest(key->text, names, n);
	char known[300];
	size_t used = 0;

	if (near)
		cft_yaml_fail(key, err, "unknown key '%.80s', did you mean '%s'?", key->text, near);
	else
		cft_yaml_fail(key, err, "unknown key '%.80s'", key->text);
	if (err)
		snprintf(err->reason, sizeof(err->reason), "UNKNOWN_KEY");
	if (near)
		return CFT_E_CONFIG;
	for (size_t i = 0; i < n && used < sizeof(known) - 1; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
		                         names[i]);
	cft_err_hint(err, "known keys here: %s", known);
	return CFT_E_CONFIG;
}

int cft_yaml_check_keys(const struct cft_yaml_node *mapping, const char *const *names, size_t n,
                        struct cft_err *err)
{
	if (mapping->kind == CFT_YAML_NULL)
		return 0;
	if (mapping->kind != CFT_YAML_MAPPING)
		return cft_yaml_fail(mapping, err, "keys and values are expected here, not %s",
		                     cft_yaml_kind_name(mapping->kind));
	for (size_t i = 0; i < mapping->n; i++) {
		bool known = false;
		for (size_t k = 0; k < n && !known; k++)
			known = strcmp(mapping->keys[i]->text, names[k]) == 0;
		if (!known)
			return unknown_key(mapping->keys[i], names, n, err);
	}
	return 0;
}
