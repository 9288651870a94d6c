/* Parse: words, options and their values. The rules are in parse.h.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/parse.h"

#include "common/base/buf.h"
#include "common/base/suggest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const struct cft_command_table *table;
	const char *const *words;
	size_t nwords, at;
	struct cft_cmd *cmd;
	const struct cft_command_entry *entry;
	CFT_VEC(struct cft_option_value) values;
	CFT_VEC(const char *) args;
	bool help, version;
};

/* A word taken apart: --name=value, --name or -x. */
struct option_word {
	char name[64];
	const char *value; /* after '=', or NULL */
};

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0' && strcmp(word, "--") != 0;
}

static struct option_word split_word(const char *word)
{
	struct option_word parts = {{0}, strchr(word, '=')};
	size_t len = parts.value ? (size_t)(parts.value - word) : strlen(word);

	if (parts.value)
		parts.value++;
	snprintf(parts.name, sizeof(parts.name), "%.*s", (int)len, word);
	return parts;
}

static const struct cft_command *current(const struct parser *p)
{
	/* A group takes what may stand before the command's name; the command judges it later. */
	return p->entry && p->entry->command->run ? p->entry->command : NULL;
}

static const struct cft_opt *find_option(const struct cft_command *command, const char *name)
{
	if (name[1] == '-')
		return cft_option_find(command, name + 2);
	return name[2] == '\0' ? cft_option_find_letter(command, name[1]) : NULL;
}

static int unknown_option(const struct parser *p, const char *name, struct cft_err *err)
{
	const struct cft_opt *sets[4];
	CFT_VEC(const char *) names = {0};

	cft_option_sets(current(p), sets);
	for (size_t i = 0; sets[i]; i++)
		for (const struct cft_opt *opt = sets[i]; opt->name; opt++)
			if (!opt->hidden)
				cft_vec_push(&names, opt->name);
	const char *near = cft_suggest(name + strspn(name, "-"), names.v, names.n);
	const char *path = p->entry ? p->entry->path : "";
	cft_fail_reason(err, CFT_E_INVALID, "UNKNOWN_OPTION", "unknown option %s%s%s", name,
	                path[0] ? " of " : "", path);
	if (strcmp(name, "--json") == 0)
		cft_err_hint(err, "Did you mean --format json?");
	else if (near)
		cft_err_hint(err, "Did you mean --%s?", near);
	else
		cft_err_hint(err, "See: confiture %s%s--help", path, path[0] ? " " : "");
	cft_vec_release(&names);
	return err ? err->code : CFT_E_INVALID;
}

static struct cft_option_value *value_of(struct parser *p, const struct cft_opt *opt)
{
	CFT_VEC_EACH (struct cft_option_value, value, &p->values)
		if (value->opt == opt)
			return value;
	struct cft_option_value fresh = {.opt = opt};
	cft_vec_push(&p->values, fresh);
	return &p->values.v[p->values.n - 1];
}

/* Splits at commas; blanks around items and empty items vanish. */
static void add_items(struct cft_arena *arena, struct cft_option_value *value, const char *text)
{
	static const char blanks[] = " \t\r\n";

	while (*text) {
		size_t len = strcspn(text, ",");
		const char *item = text;
		size_t n = len;
		while (n && strchr(blanks, item[0]))
			item++, n--;
		while (n && strchr(blanks, item[n - 1]))
			n--;
		if (n)
			cft_vec_push_in(arena, &value->words, cft_arena_strndup(arena, item, n));
		text += len + (text[len] == ',');
	}
}

static void take_list(struct parser *p, struct cft_option_value *value, const char *inline_value)
{
	if (inline_value) {
		add_items(p->cmd->arena, value, inline_value);
		return;
	}
	while (p->at < p->nwords && p->words[p->at][0] != '-')
		add_items(p->cmd->arena, value, p->words[p->at++]);
}

/* The option's single value: behind '=' or the next word. The next word may start with a dash (SQL
 * comments do) unless it is an option of this command: then the value was forgotten. */
static int take_value(struct parser *p, const struct option_word *parts,
                      struct cft_option_value *value, struct cft_err *err)
{
	const char *text = parts->value;

	if (!text && p->at < p->nwords) {
		const char *next = p->words[p->at];
		struct option_word other = split_word(next);
		if (!is_option(next) || !find_option(current(p), other.name))
			text = p->words[p->at++];
	}
	if (!text)
		return cft_fail_reason(err, CFT_E_INVALID, "MISSING_VALUE", "%s needs a value: %s",
		                       parts->name, value->opt->value);
	value->text = text;
	return 0;
}

static int parse_option(struct parser *p, const char *word, struct cft_err *err)
{
	struct option_word parts = split_word(word);
	const struct cft_opt *opt = find_option(current(p), parts.name);

	if (!p->entry && strcmp(word, "--version") == 0) {
		p->version = true;
		return 0;
	}
	if (!opt)
		return unknown_option(p, parts.name, err);
	struct cft_option_value *value = value_of(p, opt);
	value->typed = true;
	if (opt->type == CFT_OPT_LIST) {
		take_list(p, value, parts.value);
		return 0;
	}
	if (opt->type != CFT_OPT_FLAG)
		return take_value(p, &parts, value, err);
	if (parts.value)
		return cft_fail(err, CFT_E_INVALID, "%s takes no value", parts.name);
	value->number = 1;
	return 0;
}

static const struct cft_command_entry *child_named(const struct parser *p, const char *word)
{
	const char *group = p->entry ? p->entry->path : "";

	for (size_t i = 0; i < p->table->n; i++) {
		const struct cft_command_entry *entry = &p->table->v[i];
		if (cft_table_is_child(entry, group) &&
		    strcmp(cft_table_last_word(entry), word) == 0)
			return entry;
	}
	return NULL;
}

/* `confiture register`: the group was left out. */
static void hint_at_groups(const struct parser *p, const char *word, struct cft_err *err)
{
	struct cft_buf lines = CFT_BUF_INIT;

	for (size_t i = 0; i < p->table->n; i++) {
		const struct cft_command_entry *entry = &p->table->v[i];
		if (!entry->hidden && strcmp(cft_table_last_word(entry), word) == 0)
			cft_buf_addf(&lines, "%sconfiture %s", lines.len ? ", " : "", entry->path);
	}
	if (lines.len)
		cft_err_hint(err, "Did you mean: %s", cft_buf_str(&lines));
	else
		cft_err_hint(err, "See: confiture --help");
	cft_buf_release(&lines);
}

static int unknown_command(const struct parser *p, const char *word, struct cft_err *err)
{
	const char *group = p->entry ? p->entry->path : "";
	CFT_VEC(const char *) names = {0};

	for (size_t i = 0; i < p->table->n; i++)
		if (cft_table_is_child(&p->table->v[i], group) && !p->table->v[i].hidden)
			cft_vec_push(&names, cft_table_last_word(&p->table->v[i]));
	const char *near = cft_suggest(word, names.v, names.n);
	const char *blank = group[0] ? " " : "";
	cft_fail_reason(err, CFT_E_INVALID, "UNKNOWN_COMMAND", "unknown command: %s%s%s", group,
	                blank, word);
	if (near)
		cft_err_hint(err, "Did you mean: confiture %s%s%s", group, blank, near);
	else if (group[0])
		cft_err_hint(err, "See: confiture %s --help", group);
	else
		hint_at_groups(p, word, err);
	cft_vec_release(&names);
	return CFT_E_INVALID;
}

static int parse_word(struct parser *p, const char *word, struct cft_err *err)
{
	const struct cft_command_entry *child = p->args.n == 0 ? child_named(p, word) : NULL;

	if (child) {
		p->entry = child;
		return 0;
	}
	if (!p->entry || !p->entry->command->run)
		return unknown_command(p, word, err);
	cft_vec_push_in(p->cmd->arena, &p->args, word);
	return 0;
}

/* `--help` counts wherever it stands, whatever else is wrong; so does `help` as the first word. */
static bool look_for_help(struct parser *p)
{
	bool help = false;

	for (size_t i = 0; i < p->nwords && strcmp(p->words[i], "--") != 0; i++) {
		const char *word = p->words[i];
		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
		    (i == 0 && strcmp(word, "help") == 0)) {
			help = true;
		} else if (!is_option(word)) {
			const struct cft_command_entry *child = child_named(p, word);
			p->entry = child ? child : p->entry;
		}
	}
	if (!help)
		p->entry = NULL;
	return help;
}

static int check_arguments(const struct parser *p, struct cft_err *err)
{
	const struct cft_arg *arg = p->entry->command->arguments;
	size_t most = 0;

	for (; arg && arg->name; arg++, most++) {
		if (arg->required && p->args.n <= most)
			return cft_fail_reason(err, CFT_E_INVALID, "MISSING_ARGUMENT",
			                       "confiture %s needs %s: %s", p->entry->path,
			                       arg->name, arg->help);
		if (arg->repeated)
			return 0;
	}
	if (p->args.n > most)
		return cft_fail_reason(err, CFT_E_INVALID, "UNEXPECTED_ARGUMENT",
		                       "confiture %s does not take \"%s\"", p->entry->path,
		                       p->args.v[most]);
	return 0;
}

/* Options that came before the command's name must be its own, too. */
static int check_early_options(const struct parser *p, struct cft_err *err)
{
	for (size_t i = 0; i < p->values.n; i++) {
		const struct cft_opt *opt = p->values.v[i].opt;
		char name[72];
		if (cft_option_find(p->entry->command, opt->name) == opt)
			continue;
		snprintf(name, sizeof(name), "--%s", opt->name);
		return unknown_option(p, name, err);
	}
	return 0;
}

static bool is_set(const struct cft_option_value *value)
{
	return value->typed || value->text;
}

static void fill_default(struct parser *p, const struct cft_opt *opt)
{
	struct cft_option_value *value = value_of(p, opt);
	const char *env = opt->env ? getenv(opt->env) : NULL;

	if (value->typed)
		return;
	value->text = env && env[0] ? env : opt->fallback;
	if (value->text && opt->type == CFT_OPT_LIST)
		add_items(p->cmd->arena, value, value->text);
	if (value->text && opt->type == CFT_OPT_FLAG)
		value->number = strcmp(value->text, "0") != 0;
}

static int check_required(struct parser *p, struct cft_err *err)
{
	struct cft_buf missing = CFT_BUF_INIT;

	CFT_VEC_EACH (struct cft_option_value, value, &p->values)
		if (value->opt->required && !is_set(value))
			cft_buf_addf(&missing, "%s--%s", missing.len ? ", " : "", value->opt->name);
	if (missing.len) {
		cft_fail_reason(err, CFT_E_INVALID, "MISSING_OPTION", "confiture %s needs %s",
		                p->entry->path, cft_buf_str(&missing));
		cft_err_hint(err, "See: confiture %s --help", p->entry->path);
	}
	int rc = missing.len ? CFT_E_INVALID : 0;
	cft_buf_release(&missing);
	return rc;
}

static int fill_values(struct parser *p, struct cft_err *err)
{
	const struct cft_opt *sets[4];

	cft_option_sets(p->entry->command, sets);
	for (size_t i = 0; sets[i]; i++)
		for (const struct cft_opt *opt = sets[i]; opt->name; opt++)
			fill_default(p, opt);
	int rc = check_required(p, err);
	for (size_t i = 0; rc == 0 && i < p->values.n; i++)
		rc = cft_value_convert(p->cmd->arena, &p->values.v[i], err);
	return rc;
}

static int parse_words(struct parser *p, struct cft_err *err)
{
	bool options = true;
	int rc = 0;

	while (rc == 0 && p->at < p->nwords) {
		const char *word = p->words[p->at++];
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && is_option(word))
			rc = parse_option(p, word, err);
		else
			rc = parse_word(p, word, err);
	}
	return rc;
}

int cft_parse(const struct cft_command_table *table, size_t nwords, const char *const *words,
              struct cft_cmd *cmd, struct cft_request *ret_request, struct cft_err *err)
{
	struct parser p = {.table = table, .words = words, .nwords = nwords, .cmd = cmd};
	int rc = 0;

	p.help = look_for_help(&p);
	if (!p.help)
		rc = parse_words(&p, err);
	if (rc == 0 && !p.help && !p.version && p.entry && p.entry->command->run) {
		rc = check_early_options(&p, err);
		if (rc == 0)
			rc = check_arguments(&p, err);
		if (rc == 0)
			rc = fill_values(&p, err);
		cmd->command = p.entry->command;
		cmd->path = p.entry->path;
	}
	cmd->args = (struct cft_words){p.args.v, p.args.n};
	cmd->values = p.values.v;
	cmd->nvalues = p.values.n;
	if (rc == 0)
		*ret_request = (struct cft_request){p.entry, p.help, p.version};
	return rc;
}

void cft_parse_release(struct cft_cmd *cmd)
{
	for (size_t i = 0; i < cmd->nvalues; i++)
		json_decref(cmd->values[i].json);
	free(cmd->values);
	cmd->values = NULL;
	cmd->nvalues = 0;
}

/* The last value of `name` in the words, in either way of writing it. */
static const char *look_for(size_t nwords, const char *const *words, const char *name)
{
	const char *found = "";

	for (size_t i = 0; i < nwords && strcmp(words[i], "--") != 0; i++) {
		struct option_word parts = split_word(words[i]);
		if (strcmp(parts.name, name) != 0)
			continue;
		if (parts.value)
			found = parts.value;
		else if (i + 1 < nwords)
			found = words[i + 1];
	}
	return found;
}

void cft_parse_look(size_t nwords, const char *const *words, bool *ret_json,
                    enum cft_color_mode *ret_color)
{
	const char *color = look_for(nwords, words, "--color");

	*ret_json = strcasecmp(look_for(nwords, words, "--format"), "json") == 0;
	*ret_color = CFT_COLOR_AUTO;
	if (strcasecmp(color, "always") == 0)
		*ret_color = CFT_COLOR_ALWAYS;
	else if (strcasecmp(color, "never") == 0)
		*ret_color = CFT_COLOR_NEVER;
}
