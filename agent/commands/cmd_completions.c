/* confiture completions bash|zsh|fish: shell completion made from the table of commands.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/table.h"
#include "common/base/buf.h"

#include <string.h>

static bool offered(const struct cft_command_entry *entry)
{
	return !entry->hidden && !(entry->command->flags & CFT_CMD_HIDDEN);
}

/* Calls `each` for every visible option of the command, in the order of help. */
static void each_option(const struct cft_command *command,
                        void (*each)(struct cft_buf *, const struct cft_command_entry *,
                                     const struct cft_opt *),
                        struct cft_buf *out, const struct cft_command_entry *entry)
{
	const struct cft_opt *sets[4];

	cft_option_sets(command, sets);
	for (size_t i = 0; sets[i]; i++)
		for (const struct cft_opt *opt = sets[i]; opt->name; opt++)
			if (!opt->hidden)
				each(out, entry, opt);
}

static void add_children(struct cft_buf *out, const struct cft_command_table *table,
                         const char *group)
{
	for (size_t i = 0; i < table->n; i++)
		if (offered(&table->v[i]) && cft_table_is_child(&table->v[i], group))
			cft_buf_addf(out, " %s", cft_table_last_word(&table->v[i]));
}

static void add_choices(struct cft_buf *out, const struct cft_opt *opt)
{
	for (size_t i = 0; opt->choices && opt->choices[i]; i++)
		cft_buf_addf(out, "%s%s", i ? " " : "", opt->choices[i]);
}

/* -- bash -- */

static void bash_option(struct cft_buf *out, const struct cft_command_entry *entry,
                        const struct cft_opt *opt)
{
	(void)entry;
	cft_buf_addf(out, " --%s", opt->name);
}

static void bash_value(struct cft_buf *out, const struct cft_command_entry *entry,
                       const struct cft_opt *opt)
{
	if (opt->type == CFT_OPT_ENUM) {
		cft_buf_addf(out, "\t'%s --%s') words=\"", entry->path, opt->name);
		add_choices(out, opt);
		cft_buf_adds(out, "\" ;;\n");
	} else if (opt->type == CFT_OPT_PATH || opt->type == CFT_OPT_TEXT) {
		cft_buf_addf(out, "\t'%s --%s') files=1 ;;\n", entry->path, opt->name);
	} else if (opt->type != CFT_OPT_FLAG) {
		cft_buf_addf(out, "\t'%s --%s') return ;;\n", entry->path, opt->name);
	}
}

static const char bash_head[] =
	"# bash completion of confiture, made by `confiture completions bash`.\n"
	"_confiture() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal path='' word words='' files='' i\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=\"${path:+$path }${COMP_WORDS[i]}\"\n"
	"\t\tcase \"$word\" in\n\t\t";

static const char bash_tail[] = "\tesac\n"
				"\tif [ -n \"$files\" ]; then\n"
				"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
				"\telse\n"
				"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
				"\tfi\n"
				"}\n"
				"complete -o filenames -F _confiture confiture agent\n";

static void bash_script(struct cft_buf *out, const struct cft_command_table *table)
{
	cft_buf_adds(out, bash_head);
	for (size_t i = 0, n = 0; i < table->n; i++)
		if (offered(&table->v[i]))
			cft_buf_addf(out, "%s'%s'", n++ ? " | " : "", table->v[i].path);
	cft_buf_adds(out, ") path=$word ;;\n\t\tesac\n\tdone\n\tcase \"$path\" in\n\t'') words=\"");
	add_children(out, table, "");
	cft_buf_adds(out, " --help --version\" ;;\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_command_entry *entry = &table->v[i];
		if (!offered(entry))
			continue;
		cft_buf_addf(out, "\t'%s') words=\"", entry->path);
		add_children(out, table, entry->path);
		each_option(entry->command, bash_option, out, entry);
		cft_buf_adds(out, "\" ;;\n");
	}
	cft_buf_adds(out, "\tesac\n\tcase \"$path $prev\" in\n");
	for (size_t i = 0; i < table->n; i++)
		if (offered(&table->v[i]))
			each_option(table->v[i].command, bash_value, out, &table->v[i]);
	cft_buf_adds(out, bash_tail);
}

/* -- zsh -- */

/* Help text inside single quotes of a spec: quotes, brackets and colons have meanings there. */
static void zsh_text(struct cft_buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			cft_buf_adds(out, "'\\''");
		else if (strchr("[]:\\", *text))
			cft_buf_addf(out, "\\%c", *text);
		else
			cft_buf_addc(out, *text);
	}
}

static void zsh_option(struct cft_buf *out, const struct cft_command_entry *entry,
                       const struct cft_opt *opt)
{
	(void)entry;
	cft_buf_addf(out, "\t\t\t'%s--%s[", opt->type == CFT_OPT_LIST ? "*" : "", opt->name);
	zsh_text(out, opt->help);
	cft_buf_addc(out, ']');
	if (opt->type != CFT_OPT_FLAG)
		cft_buf_addf(out, ":%s:", opt->value);
	if (opt->type == CFT_OPT_ENUM) {
		cft_buf_addc(out, '(');
		add_choices(out, opt);
		cft_buf_addc(out, ')');
	} else if (opt->type == CFT_OPT_PATH || opt->type == CFT_OPT_TEXT) {
		cft_buf_adds(out, "_files");
	}
	cft_buf_adds(out, "' \\\n");
}

static void zsh_children(struct cft_buf *out, const struct cft_command_table *table,
                         const char *group)
{
	cft_buf_adds(out, "\t\tlocal -a commands=(");
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_command_entry *entry = &table->v[i];
		if (!offered(entry) || !cft_table_is_child(entry, group))
			continue;
		cft_buf_addf(out, "\n\t\t\t'%s:", cft_table_last_word(entry));
		zsh_text(out, entry->command->summary);
		cft_buf_adds(out, "'");
	}
	cft_buf_adds(out, ")\n\t\t_describe command commands\n");
}

static void zsh_script(struct cft_buf *out, const struct cft_command_table *table)
{
	cft_buf_adds(out,
	             "#compdef confiture agent\n"
	             "# zsh completion of confiture, made by `confiture completions zsh`.\n"
	             "_confiture() {\n\tlocal path_='' word i\n"
	             "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	             "\t\tword=\"${path_:+$path_ }${words[i]}\"\n\t\tcase \"$word\" in\n\t\t(");
	for (size_t i = 0, n = 0; i < table->n; i++)
		if (offered(&table->v[i]))
			cft_buf_addf(out, "%s'%s'", n++ ? "|" : "", table->v[i].path);
	cft_buf_adds(out, ") path_=$word ;;\n\t\tesac\n\tdone\n\tcase \"$path_\" in\n\t('')\n");
	zsh_children(out, table, "");
	cft_buf_adds(out, "\t\t;;\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_command_entry *entry = &table->v[i];
		if (!offered(entry))
			continue;
		cft_buf_addf(out, "\t('%s')\n", entry->path);
		if (!entry->command->run) {
			zsh_children(out, table, entry->path);
		} else {
			cft_buf_adds(out, "\t\t_arguments \\\n");
			each_option(entry->command, zsh_option, out, entry);
			cft_buf_adds(out, "\t\t\t'*: :_default'\n");
		}
		cft_buf_adds(out, "\t\t;;\n");
	}
	cft_buf_adds(out, "\tesac\n}\ncompdef _confiture confiture agent\n");
}

/* -- fish -- */

static void fish_text(struct cft_buf *out, const char *text)
{
	for (; *text; text++)
		cft_buf_addf(out, strchr("'\\", *text) ? "\\%c" : "%c", *text);
}

static void fish_option(struct cft_buf *out, const struct cft_command_entry *entry,
                        const struct cft_opt *opt)
{
	cft_buf_addf(out, "complete -c confiture -n '__confiture_at \"%s\"' -l %s", entry->path,
	             opt->name);
	if (opt->type == CFT_OPT_ENUM) {
		cft_buf_adds(out, " -x -a '");
		add_choices(out, opt);
		cft_buf_adds(out, "'");
	} else if (opt->type == CFT_OPT_PATH || opt->type == CFT_OPT_TEXT) {
		cft_buf_adds(out, " -r -F");
	} else if (opt->type != CFT_OPT_FLAG) {
		cft_buf_adds(out, " -x");
	}
	cft_buf_adds(out, " -d '");
	fish_text(out, opt->help);
	cft_buf_adds(out, "'\n");
}

static void fish_script(struct cft_buf *out, const struct cft_command_table *table)
{
	cft_buf_adds(out, "# fish completion of confiture, made by `confiture completions fish`.\n"
	                  "set -g __confiture_paths");
	for (size_t i = 0; i < table->n; i++)
		if (offered(&table->v[i]))
			cft_buf_addf(out, " '%s'", table->v[i].path);
	cft_buf_adds(out, "\nfunction __confiture_at\n\tset -l path ''\n"
	                  "\tfor word in (commandline -opc)[2..-1]\n"
	                  "\t\tset -l next (string trim \"$path $word\")\n"
	                  "\t\tcontains -- \"$next\" $__confiture_paths; and set path $next\n"
	                  "\tend\n\ttest \"$path\" = \"$argv[1]\"\nend\n"
	                  "complete -c agent -w confiture\ncomplete -c confiture -f\n");
	for (size_t i = 0; i < table->n; i++) {
		const struct cft_command_entry *entry = &table->v[i];
		const char *last = cft_table_last_word(entry);
		if (!offered(entry))
			continue;
		int group = last > entry->path ? (int)(last - entry->path) - 1 : 0;
		cft_buf_addf(out, "complete -c confiture -n '__confiture_at \"%.*s\"' -a %s -d '",
		             group, entry->path, last);
		fish_text(out, entry->command->summary);
		cft_buf_adds(out, "'\n");
		if (entry->command->run)
			each_option(entry->command, fish_option, out, entry);
	}
}

static int completions(struct cft_cmd *cmd, struct cft_err *err)
{
	static const struct {
		const char *shell;
		void (*write)(struct cft_buf *out, const struct cft_command_table *table);
	} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
	struct cft_command_table table = cft_commands();

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		struct cft_buf out = CFT_BUF_INIT;
		if (strcmp(shells[i].shell, cmd->args.v[0]) != 0)
			continue;
		shells[i].write(&out, &table);
		cft_out_script(cmd->out, cft_buf_str(&out), out.len);
		cft_out_json(cmd->out, json_pack("{s:s, s:s}", "shell", shells[i].shell, "script",
		                                 cft_buf_str(&out)));
		cft_buf_release(&out);
		return 0;
	}
	return cft_fail(err, CFT_E_INVALID, "no completions for \"%s\": bash, zsh and fish exist",
	                cmd->args.v[0]);
}

static const struct cft_arg arguments[] = {
	{.name = "SHELL", .help = "bash, zsh or fish", .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Complete commands and options in this bash", "source <(confiture completions bash)"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_completions = {
	.summary = "Print the completion script of a shell",
	.arguments = arguments,
	.examples = examples,
	.flags = CFT_CMD_RAW,
	.run = completions,
};
