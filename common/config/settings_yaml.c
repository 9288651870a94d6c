/* Settings from a YAML tree: keys and sections against the table.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/vec.h"
#include "common/config/settings.h"
#include "common/config/settings_value.h"

#include <string.h>

static bool in_file(const struct cft_setting *row)
{
	return !(row->flags & CFT_SETTING_CLI_ONLY);
}

/* What follows the prefix in a row's name, or NULL for a row of another section. */
static const char *below(const struct cft_setting *row, const char *prefix)
{
	size_t len = strlen(prefix);

	return in_file(row) && strncmp(row->name, prefix, len) == 0 ? row->name + len : NULL;
}

static int check_keys(struct cft_settings *s, const struct cft_yaml_node *mapping,
                      const char *prefix, struct cft_err *err)
{
	CFT_VEC(const char *) names = {0};

	for (size_t i = 0; i < s->table->n; i++) {
		const char *rest = below(&s->table->rows[i], prefix);
		if (!rest)
			continue;
		const char *name = cft_arena_strndup(s->arena, rest, strcspn(rest, "."));
		if (names.n == 0 || strcmp(names.v[names.n - 1], name) != 0)
			cft_vec_push(&names, name);
	}
	int rc = cft_yaml_check_keys(mapping, names.v, names.n, err);
	cft_vec_release(&names);
	return rc;
}

/* Paths in a file are meant from where the file is. */
static const char *beside_file(struct cft_arena *arena, const struct cft_yaml_node *node,
                               const char *path)
{
	const char *slash = strrchr(node->file, '/');

	if (*path == '/' || *path == '\0' || !slash)
		return path;
	return cft_arena_printf(arena, "%.*s/%s", (int)(slash - node->file), node->file, path);
}

static int at_node(const struct cft_yaml_node *node, const struct cft_setting *row,
                   struct cft_err *err)
{
	cft_err_at(err, node->file, node->line, node->column);
	cft_err_prefix(err, "%s", row->name);
	return CFT_E_CONFIG;
}

static int read_list(struct cft_settings *s, const struct cft_setting *row,
                     const struct cft_yaml_node *node, const struct cft_lookup *lookup,
                     struct cft_setting_list *ret, struct cft_err *err)
{
	size_t n = node->kind == CFT_YAML_SEQUENCE ? node->n : 1;
	struct cft_setting_list list = {cft_arena_array(s->arena, struct cft_setting_item, n + 1),
	                                0};

	for (size_t i = 0; i < n; i++) {
		const struct cft_yaml_node *item =
			node->kind == CFT_YAML_SEQUENCE ? node->values[i] : node;
		if (item->kind != CFT_YAML_SCALAR)
			return cft_yaml_fail(item, err, "%s: each item must be one value, not %s",
			                     row->name, cft_yaml_kind_name(item->kind));
		const char *text = item->text;
		int rc =
			s->keep_variables ? 0 : cft_expand_node(s->arena, item, lookup, &text, err);
		if (rc != 0)
			return rc;
		list.v[list.n++] = (struct cft_setting_item){text, item};
	}
	*ret = list;
	return 0;
}

static int read_scalar(struct cft_settings *s, const struct cft_setting *row,
                       const struct cft_yaml_node *node, const struct cft_lookup *lookup,
                       union cft_setting_value *ret, struct cft_err *err)
{
	const char *text;

	if (node->kind != CFT_YAML_SCALAR)
		return cft_yaml_fail(node, err, "%s: one value is expected here, not %s", row->name,
		                     cft_yaml_kind_name(node->kind));
	int rc = cft_expand_node(s->arena, node, lookup, &text, err);
	if (rc != 0)
		return rc;
	if (row->type == CFT_SETTING_PATH)
		text = beside_file(s->arena, node, text);
	if (cft_setting_parse(s->arena, row, text, ret, err) != 0)
		return at_node(node, row, err);
	return 0;
}

static int read_row(struct cft_settings *s, const struct cft_setting *row,
                    const struct cft_yaml_node *node, const struct cft_lookup *lookup,
                    struct cft_err *err)
{
	union cft_setting_value value = {0};
	struct cft_settings_origin origin = {CFT_SOURCE_FILE, node->file, node->line, node->column};
	int rc = 0;

	if (node->kind == CFT_YAML_NULL)
		return 0;
	if (row->type == CFT_SETTING_SECTION) {
		if (node->kind != CFT_YAML_MAPPING)
			return cft_yaml_fail(node, err,
			                     "%s: keys and values are expected here, not %s",
			                     row->name, cft_yaml_kind_name(node->kind));
		value.section = node;
	} else if (row->type == CFT_SETTING_LIST) {
		if (node->kind == CFT_YAML_MAPPING)
			return cft_yaml_fail(node, err, "%s: a list is expected here", row->name);
		rc = read_list(s, row, node, lookup, &value.list, err);
	} else if (s->keep_variables && node->kind == CFT_YAML_SCALAR &&
	           cft_expand_needed(node->text)) {
		return 0;
	} else {
		rc = read_scalar(s, row, node, lookup, &value, err);
	}
	/* A flag or a variable is stronger, but the file must be right all the same. */
	struct cft_settings_origin *now = &s->origins[row - s->table->rows];
	if (rc == 0 && now->source <= CFT_SOURCE_FILE) {
		cft_setting_store(row, s->values, &value);
		*now = origin;
	}
	return rc;
}

static int read_section(struct cft_settings *s, const struct cft_yaml_node *mapping,
                        const char *prefix, const struct cft_lookup *lookup, struct cft_err *err)
{
	int rc = check_keys(s, mapping, prefix, err);

	for (size_t i = 0; rc == 0 && i < s->table->n; i++) {
		const struct cft_setting *row = &s->table->rows[i];
		const char *rest = below(row, prefix);
		const char *dot = rest ? strchr(rest, '.') : NULL;
		if (!rest)
			continue;
		if (!dot) {
			const struct cft_yaml_node *node = cft_yaml_get(mapping, rest);
			rc = node ? read_row(s, row, node, lookup, err) : 0;
			continue;
		}
		const char *section = cft_arena_strndup(s->arena, rest, (size_t)(dot - rest));
		const struct cft_yaml_node *inner = cft_yaml_get(mapping, section);
		const char *longer = cft_arena_printf(s->arena, "%s%s.", prefix, section);
		/* Rows of one section stand together: read it at its first row. */
		if (inner && (i == 0 || !below(&s->table->rows[i - 1], longer)))
			rc = read_section(s, inner, longer, lookup, err);
	}
	return rc;
}

int cft_settings_read_yaml(struct cft_settings *s, const struct cft_yaml_node *root,
                           const struct cft_lookup *lookup, struct cft_err *err)
{
	return read_section(s, root, "", lookup, err);
}
