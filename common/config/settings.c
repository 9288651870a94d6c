/* Settings: merge the sources by strength, check every value where it stands.
 * SPDX-License-Identifier: MIT
 */
#include "common/config/settings.h"

#include "common/base/suggest.h"
#include "common/base/text.h"
#include "common/base/vec.h"
#include "common/config/settings_value.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cft_setting *row_named(const struct cft_settings_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++) {
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static void keep(struct cft_settings *s, const struct cft_setting *row,
                 const union cft_setting_value *value, struct cft_settings_origin origin)
{
	struct cft_settings_origin *now = &s->origins[row - s->table->rows];

	if (origin.source < now->source)
		return;
	cft_setting_store(row, s->values, value);
	*now = origin;
}

void cft_settings_init(struct cft_settings *s, const struct cft_settings_table *table,
                       struct cft_arena *arena, void *values)
{
	memset(s, 0, sizeof(*s));
	s->table = table;
	s->arena = arena;
	s->values = values;
	s->origins = cft_arena_array(arena, struct cft_settings_origin, table->n);
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_setting *row = &table->rows[i];
		union cft_setting_value value;
		struct cft_err err = CFT_ERR_INIT;
		if (!row->fallback)
			continue;
		int rc = cft_setting_parse(arena, row, row->fallback, &value, &err);
		assert(rc == 0 && "a default must satisfy its own row");
		if (rc == 0)
			cft_setting_store(row, values, &value);
	}
}

static char *spelled(struct cft_arena *arena, const char *prefix, const char *name, char joint,
                     bool upper)
{
	char *text = cft_arena_printf(arena, "%s%s", prefix, name);

	for (char *p = text + strlen(prefix); *p; p++) {
		if (*p == '.' || *p == '_')
			*p = joint;
		else if (upper)
			*p = (char)toupper((unsigned char)*p);
	}
	return text;
}

const char *cft_setting_flag_name(const struct cft_setting *row, struct cft_arena *arena)
{
	if (row->flags & CFT_SETTING_FILE_ONLY || row->type == CFT_SETTING_SECTION)
		return NULL;
	return spelled(arena, "--", row->name, '-', false);
}

const char *cft_setting_env_name(const struct cft_settings_table *table,
                                 const struct cft_setting *row, struct cft_arena *arena)
{
	if (row->env)
		return row->env;
	if (!table->env_prefix || row->flags & CFT_SETTING_FILE_ONLY ||
	    row->type == CFT_SETTING_SECTION)
		return NULL;
	return spelled(arena, table->env_prefix, row->name, '_', true);
}

const struct cft_settings_origin *cft_settings_origin_of(const struct cft_settings *s,
                                                         const char *name)
{
	const struct cft_setting *row = row_named(s->table, name);

	assert(row);
	return &s->origins[row - s->table->rows];
}

/* Environment. */

int cft_settings_read_environment(struct cft_settings *s, const struct cft_lookup *lookup,
                                  struct cft_err *err)
{
	for (size_t i = 0; i < s->table->n; i++) {
		const struct cft_setting *row = &s->table->rows[i];
		const char *name = cft_setting_env_name(s->table, row, s->arena);
		const char *text = name ? cft_lookup_get(lookup, name) : NULL;
		union cft_setting_value value;
		if (!text || !*text)
			continue;
		int rc = cft_setting_parse(s->arena, row, text, &value, err);
		if (rc != 0) {
			cft_err_at(err, name, 0, 0);
			cft_err_prefix(err, "%s", name);
			return rc;
		}
		keep(s, row, &value,
		     (struct cft_settings_origin){CFT_SOURCE_ENVIRONMENT, NULL, 0, 0});
	}
	return 0;
}

/* Flags. */

static int unknown_flag(const struct cft_settings *s, const char *given, struct cft_err *err)
{
	CFT_VEC(const char *) names = {0};

	for (size_t i = 0; i < s->table->n; i++) {
		const char *name = cft_setting_flag_name(&s->table->rows[i], s->arena);
		if (name)
			cft_vec_push(&names, name);
	}
	cft_vec_push(&names, "--help");
	cft_vec_push(&names, "--version");
	const char *near = cft_suggest(given, names.v, names.n);
	if (near)
		cft_fail_reason(err, CFT_E_INVALID, "UNKNOWN_OPTION",
		                "unknown option %.80s, did you mean %s?", given, near);
	else
		cft_fail_reason(err, CFT_E_INVALID, "UNKNOWN_OPTION", "unknown option %.80s",
		                given);
	cft_vec_release(&names);
	cft_err_hint(err, "--help lists the options");
	return CFT_E_INVALID;
}

static const struct cft_setting *row_of_flag(const struct cft_settings *s, const char *flag,
                                             bool *ret_negated)
{
	for (size_t i = 0; i < s->table->n; i++) {
		const struct cft_setting *row = &s->table->rows[i];
		const char *name = cft_setting_flag_name(row, s->arena);
		if (!name)
			continue;
		*ret_negated = false;
		if (strcmp(name, flag) == 0)
			return row;
		*ret_negated = true;
		if (row->type == CFT_SETTING_BOOL && cft_has_prefix(flag, "--no-") &&
		    strcmp(name + 2, flag + 5) == 0)
			return row;
	}
	return NULL;
}

static bool action_flag(struct cft_settings *s, const char *flag)
{
	if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0)
		s->action = CFT_SETTINGS_HELP;
	else if (strcmp(flag, "--version") == 0)
		s->action = CFT_SETTINGS_VERSION;
	else if (strcmp(flag, "--print-settings-markdown") == 0)
		s->action = CFT_SETTINGS_MARKDOWN;
	else if (strcmp(flag, "--print-man-page") == 0)
		s->action = CFT_SETTINGS_MAN;
	else
		return false;
	return true;
}

static int read_flag(struct cft_settings *s, int argc, char *const *argv, int *index,
                     struct cft_err *err)
{
	const char *given = argv[*index];
	const char *equals = strchr(given, '=');
	const char *flag = cft_arena_strndup(s->arena, given,
	                                     equals ? (size_t)(equals - given) : strlen(given));
	bool negated = false;
	const struct cft_setting *row = row_of_flag(s, flag, &negated);
	const char *text = equals ? equals + 1 : NULL;
	union cft_setting_value value;

	if (!row)
		return unknown_flag(s, flag, err);
	if (row->type == CFT_SETTING_BOOL) {
		if (negated && text)
			return cft_fail(err, CFT_E_INVALID, "%s takes no value", flag);
		text = negated ? "false" : text ? text : "true";
	} else if (!text && ++*index < argc) {
		text = argv[*index];
	}
	if (!text)
		return cft_fail_reason(err, CFT_E_INVALID, "MISSING_VALUE", "%s needs a value (%s)",
		                       flag, cft_setting_unit(row, s->arena));
	int rc = cft_setting_parse(s->arena, row, text, &value, err);
	if (rc == 0) {
		keep(s, row, &value, (struct cft_settings_origin){CFT_SOURCE_FLAG, NULL, 0, 0});
		return 0;
	}
	cft_err_at(err, flag, 0, 0);
	cft_err_prefix(err, "%s", flag);
	if (err)
		err->code = CFT_E_INVALID;
	return CFT_E_INVALID;
}

int cft_settings_read_flags(struct cft_settings *s, int argc, char *const *argv,
                            struct cft_err *err)
{
	for (int i = 1; i < argc; i++) {
		if (action_flag(s, argv[i]))
			return 0;
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			return cft_fail(err, CFT_E_INVALID, "unexpected argument '%.100s'",
			                argv[i]);
		int rc = read_flag(s, argc, argv, &i, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* All together. */

int cft_settings_check_required(const struct cft_settings *s, struct cft_err *err)
{
	for (size_t i = 0; i < s->table->n; i++) {
		const struct cft_setting *row = &s->table->rows[i];
		if (!(row->flags & CFT_SETTING_REQUIRED) ||
		    s->origins[i].source != CFT_SOURCE_DEFAULT)
			continue;
		return cft_fail_reason(err, CFT_E_CONFIG, "MISSING_SETTING",
		                       "the setting %s is missing", row->name);
	}
	return 0;
}

int cft_settings_load(struct cft_settings *s, int argc, char *const *argv, const char *config_row,
                      const struct cft_lookup *lookup, struct cft_err *err)
{
	const struct cft_setting *row = config_row ? row_named(s->table, config_row) : NULL;
	const struct cft_yaml_node *root;
	int rc = cft_settings_read_flags(s, argc, argv, err);

	if (rc != 0 || s->action != CFT_SETTINGS_RUN)
		return rc;
	if ((rc = cft_settings_read_environment(s, lookup, err)) != 0)
		return rc;
	assert(!config_row || (row && row->type == CFT_SETTING_PATH));
	const char *path = NULL;
	if (row)
		memcpy(&path, (const char *)s->values + row->offset, sizeof(path));
	if (path) {
		if ((rc = cft_yaml_read(s->arena, path, &root, err)) != 0)
			return rc;
		if ((rc = cft_settings_read_yaml(s, root, lookup, err)) != 0)
			return rc;
	}
	return cft_settings_check_required(s, err);
}
