/* Settings: the table prints its own help, its manual page section and the values in force.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/roff.h"
#include "common/base/utf8.h"
#include "common/config/settings.h"
#include "common/config/settings_value.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMNS = 80, HELP_INDENT = 8 };

static void add_wrapped(struct cft_buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		char word[128];
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		size_t width = cft_utf8_width(word);
		if (column && column + 1 + width > HELP_COLUMNS) {
			cft_buf_addc(out, '\n');
			column = 0;
		}
		if (column == 0) {
			cft_buf_addf(out, "%*s", HELP_INDENT, "");
			column = HELP_INDENT;
		} else {
			cft_buf_addc(out, ' ');
			column++;
		}
		cft_buf_add(out, text, len);
		column += width;
		text += len + strspn(text + len, " ");
	}
	cft_buf_addc(out, '\n');
}

static const char *range_text(const struct cft_setting *row, struct cft_arena *arena)
{
	struct cft_buf range = CFT_BUF_INIT;

	if ((row->min == 0 && row->max == 0) || row->type == CFT_SETTING_STRING ||
	    row->type == CFT_SETTING_PATH)
		return NULL;
	cft_setting_range(row, &range);
	const char *text = cft_arena_strdup(arena, cft_buf_str(&range));
	cft_buf_release(&range);
	return text;
}

/* What the row means, with its range, default and variable. */
static const char *help_text(const struct cft_settings_table *table, const struct cft_setting *row,
                             struct cft_arena *arena)
{
	const char *env = cft_setting_env_name(table, row, arena);
	const char *range = range_text(row, arena);
	const char *text = row->help;

	if (range)
		text = cft_arena_printf(arena, "%s Range: %s.", text, range);
	if (row->fallback)
		text = cft_arena_printf(arena, "%s Default: %s.", text, row->fallback);
	return env ? cft_arena_printf(arena, "%s [%s]", text, env) : text;
}

/* "--listen HOST:PORT"; NULL where a row has no flag or is hidden. */
static const char *usage_of(const struct cft_setting *row, struct cft_arena *arena)
{
	const char *flag = cft_setting_flag_name(row, arena);
	const char *unit = cft_setting_unit(row, arena);

	if (!flag || row->flags & CFT_SETTING_HIDDEN)
		return NULL;
	return cft_arena_printf(arena, "%s%s%s", flag, *unit ? " " : "", unit);
}

void cft_settings_help(const struct cft_settings_table *table, struct cft_buf *out)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	for (size_t i = 0; i < table->n; i++) {
		const struct cft_setting *row = &table->rows[i];
		const char *usage = usage_of(row, &arena);
		if (row->group)
			cft_buf_addf(out, "%s%s:\n", i ? "\n" : "", row->group);
		if (!usage)
			continue;
		cft_buf_addf(out, "  %s\n", usage);
		add_wrapped(out, help_text(table, row, &arena));
	}
	cft_arena_release(&arena);
}

void cft_settings_man(const struct cft_settings_table *table, struct cft_buf *out)
{
	struct cft_arena arena = CFT_ARENA_INIT;

	for (size_t i = 0; i < table->n; i++) {
		const struct cft_setting *row = &table->rows[i];
		const char *usage = usage_of(row, &arena);
		if (row->group)
			cft_buf_addf(out, ".SS %s\n", row->group);
		if (usage)
			cft_roff_entry(out, usage, help_text(table, row, &arena));
	}
	cft_arena_release(&arena);
}

static const char *type_word(const struct cft_setting *row, struct cft_arena *arena)
{
	static const char *const words[] = {
		[CFT_SETTING_STRING] = "text", [CFT_SETTING_BOOL] = "true or false",
		[CFT_SETTING_INT] = "number",  [CFT_SETTING_DURATION] = "duration",
		[CFT_SETTING_BYTES] = "size",  [CFT_SETTING_ADDRESS] = "host:port",
		[CFT_SETTING_PATH] = "path",   [CFT_SETTING_ENUM] = "",
		[CFT_SETTING_LIST] = "list",   [CFT_SETTING_SECTION] = "section",
	};
	const char *range = range_text(row, arena);
	const char *word = words[row->type];

	for (size_t i = 0; row->type == CFT_SETTING_ENUM && row->choices[i]; i++)
		word = cft_arena_printf(arena, "%s%s`%s`", word, i ? ", " : "", row->choices[i]);
	return range ? cft_arena_printf(arena, "%s, %s", word, range) : word;
}

static void markdown_row(const struct cft_settings_table *table, const struct cft_setting *row,
                         bool wide, struct cft_arena *arena, struct cft_buf *out)
{
	const char *flag = cft_setting_flag_name(row, arena);
	const char *env = cft_setting_env_name(table, row, arena);

	cft_buf_addf(out, "| %s%s%s |", row->flags & CFT_SETTING_CLI_ONLY ? "" : "`",
	             row->flags & CFT_SETTING_CLI_ONLY ? "" : row->name,
	             row->flags & CFT_SETTING_CLI_ONLY ? "" : "`");
	if (wide)
		cft_buf_addf(out, " %s%s%s | %s%s%s |", flag ? "`" : "", flag ? flag : "",
		             flag ? "`" : "", env ? "`" : "", env ? env : "", env ? "`" : "");
	cft_buf_addf(out, " %s | ", type_word(row, arena));
	if (row->fallback)
		cft_buf_addf(out, "`%s`", row->fallback);
	cft_buf_addf(out, " | %s |\n", row->help);
}

void cft_settings_markdown(const struct cft_settings_table *table, struct cft_buf *out)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	bool wide = table->env_prefix != NULL;

	for (size_t i = 0; i < table->n; i++) {
		const struct cft_setting *row = &table->rows[i];
		if (row->group || i == 0) {
			if (row->group)
				cft_buf_addf(out, "%s### %s\n\n", i ? "\n" : "", row->group);
			cft_buf_adds(out,
			             wide ? "| Key | Flag | Variable | Type | Default | Meaning |\n"
			                    "|---|---|---|---|---|---|\n"
			                  : "| Key | Type | Default | Meaning |\n"
			                    "|---|---|---|---|\n");
		}
		if (!(row->flags & CFT_SETTING_HIDDEN))
			markdown_row(table, row, wide, &arena, out);
	}
	cft_arena_release(&arena);
}

static void add_origin(const struct cft_settings *s, size_t i, struct cft_buf *out)
{
	const struct cft_settings_origin *origin = &s->origins[i];
	const struct cft_setting *row = &s->table->rows[i];

	switch (origin->source) {
	case CFT_SOURCE_DEFAULT:
		cft_buf_adds(out, "default");
		return;
	case CFT_SOURCE_FILE:
		cft_buf_addf(out, "%s:%d", origin->file, origin->line);
		return;
	case CFT_SOURCE_ENVIRONMENT:
		cft_buf_adds(out, cft_setting_env_name(s->table, row, s->arena));
		return;
	case CFT_SOURCE_FLAG:
		cft_buf_adds(out, cft_setting_flag_name(row, s->arena));
		return;
	}
}

void cft_settings_show(const struct cft_settings *s, struct cft_buf *out)
{
	for (size_t i = 0; i < s->table->n; i++) {
		cft_buf_addf(out, "%s: ", s->table->rows[i].name);
		cft_setting_format(&s->table->rows[i], s->values, out);
		cft_buf_adds(out, "  # ");
		add_origin(s, i, out);
		cft_buf_addc(out, '\n');
	}
}
