/* confiture token create, list, revoke: the credentials that a server takes.
 * SPDX-License-Identifier: MIT
 *
 * They work on the server's database and need its rights: no RPC can make a credential, so nobody
 * who holds one can make another.
 */
#include "agent/commands/operator.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/config/project.h"

#include <string.h>

enum { SECRET_BYTES = 32, ID_BYTES = 6 };

static const char *const roles[] = {"viewer", "agent", "approver", "operator", NULL};

/* -- create -- */

struct credential {
	const char *id, *kind, *label, *role, *agent_id, *project, *expires_in;
	const char *token; /* NULL: a certificate */
	const char *key;   /* in hex */
};

static void make_key(struct cft_cmd *cmd, struct credential *c)
{
	const char *san = cft_cmd_str(cmd, "certificate-name");
	unsigned char random[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1], digest[CFT_SHA256_HEX];
	const char *text;

	cft_random(random, ID_BYTES);
	c->id = cft_arena_printf(cmd->arena, "%s_%s", san ? "crt" : "tok",
	                         cft_hex(random, ID_BYTES, hex));
	if (san) {
		c->kind = "certificate";
		c->label = san;
		text = cft_arena_printf(cmd->arena, "san:%s", san);
	} else {
		cft_random(random, sizeof(random));
		c->kind = "token";
		c->token = text = cft_arena_printf(cmd->arena, "cft_%s",
		                                   cft_hex(random, sizeof(random), hex));
	}
	c->key = cft_arena_strdup(cmd->arena, cft_sha256_hex(text, strlen(text), digest));
	explicit_bzero(random, sizeof(random));
	explicit_bzero(hex, sizeof(hex));
}

static int read_options(struct cft_cmd *cmd, struct credential *c, struct cft_err *err)
{
	struct cft_project project = {.id = ""};
	const char *label = cft_cmd_str(cmd, "label");
	int rc = 0;

	make_key(cmd, c);
	c->role = roles[cft_cmd_choice(cmd, "role")];
	c->agent_id = cft_cmd_str(cmd, "agent-id");
	if (!c->agent_id && (strcmp(c->role, "agent") == 0 || strcmp(c->role, "approver") == 0))
		return cft_fail_reason(err, CFT_E_INVALID, "MISSING_OPTION",
		                       "a credential of role %s needs --agent-id", c->role);
	if (!c->agent_id)
		c->agent_id = "";
	if (!cft_cmd_flag(cmd, "all-projects"))
		rc = cft_project_identify(cmd->arena, cft_cmd_str(cmd, "project"), ".", NULL,
		                          &project, err);
	c->project = project.id;
	if (label)
		c->label = label;
	if (!cft_cmd_flag(cmd, "never-expires"))
		c->expires_in = cft_arena_printf(cmd->arena, "%lld microseconds",
		                                 (long long)cft_cmd_duration_us(cmd, "expires-in"));
	return rc;
}

static int insert(struct cft_pg *pg, const struct credential *c, const char **ret_expires,
                  struct cft_cmd *cmd, struct cft_err *err)
{
	const char *values[] = {c->id,   c->key,      c->kind,    c->label ? c->label : "",
	                        c->role, c->agent_id, c->project, c->expires_in};
	struct cft_pg_result *result = NULL;
	int rc = cft_pg_exec_params(pg,
	                            "INSERT INTO confiture.credential"
	                            " (id, key, kind, label, role, agent_id, project, expires_at)"
	                            " VALUES ($1, decode($2, 'hex'), $3, $4, $5, $6, $7,"
	                            " clock_timestamp() + $8::interval)"
	                            " RETURNING to_char(expires_at AT TIME ZONE 'UTC', "
	                            "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
	                            8, values, &result, err);

	if (rc == 0)
		*ret_expires = cft_arena_strdup(cmd->arena, cft_pg_value(result, 0, 0));
	cft_pg_result_free(result);
	if (rc != 0 && strcmp(err->sqlstate, "23505") == 0)
		return cft_fail(err, CFT_E_EXISTS,
		                "a credential for the certificate name %s is in "
		                "force already",
		                c->label);
	return rc;
}

static int show_token(struct cft_cmd *cmd, const struct credential *c, const char *path,
                      struct cft_err *err)
{
	const char *line = cft_arena_printf(cmd->arena, "%s\n", c->token);

	if (path) {
		cft_out_text(cmd->out, "Token:    in %s", path);
		return cft_file_write(path, line, strlen(line), 0600, err);
	}
	cft_out_text(cmd->out, "Token:    %s", c->token);
	cft_out_note(cmd->out, "The token is shown this once; only its digest is stored");
	return 0;
}

static int show_created(struct cft_cmd *cmd, const struct credential *c, const char *expires,
                        struct cft_err *err)
{
	const char *path = cft_cmd_str(cmd, "out");
	bool told = c->token && !path;
	int rc = 0;

	cft_out_mark(cmd->out, CFT_MARK_OK, "Created %s: role %s, agent %s, project %s, until %s",
	             c->id, c->role, c->agent_id[0] ? c->agent_id : "(any)",
	             c->project[0] ? c->project : "(all)", expires ? expires : "revoked");
	if (c->token)
		rc = show_token(cmd, c, path, err);
	cft_out_json(cmd->out,
	             json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s?}", "id", c->id, "token",
	                       told ? c->token : NULL, "kind", c->kind, "role", c->role, "agent_id",
	                       c->agent_id, "project", c->project, "expires_at", expires));
	return rc;
}

static int run_create(struct cft_cmd *cmd, struct cft_err *err)
{
	struct credential c = {0};
	struct cft_pg *pg = NULL;
	const char *expires = NULL;
	int rc = read_options(cmd, &c, err);

	if (rc == 0)
		rc = cft_operator_connect(cmd, true, &pg, err);
	if (rc == 0)
		rc = insert(pg, &c, &expires, cmd, err);
	if (rc == 0)
		rc = show_created(cmd, &c, expires, err);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt create_options[] = {
	{.name = "agent-id",
         .type = CFT_OPT_STRING,
         .value = "ID",
         .help = "The agent or person it speaks for; roles agent and approver need one"},
	{.name = "role",
         .type = CFT_OPT_ENUM,
         .value = "ROLE",
         .choices = roles,
         .fallback = "agent",
         .help = "What it may do: docs/security.md has the table"},
	{.name = "all-projects",
         .type = CFT_OPT_FLAG,
         .help = "For every project, not only for the one that --project says"},
	{.name = "expires-in",
         .type = CFT_OPT_DURATION,
         .value = "TIME",
         .fallback = "90d",
         .min = 1000,
         .max = 315360000000,
         .help = "How long it is good"},
	{.name = "never-expires", .type = CFT_OPT_FLAG, .help = "Good until it is revoked"},
	{.name = "label",
         .type = CFT_OPT_STRING,
         .value = "TEXT",
         .help = "A note for the list, such as who holds it"},
	{.name = "certificate-name",
         .type = CFT_OPT_STRING,
         .value = "SAN",
         .help = "No token: who shows a client certificate with this subject alternative name"},
	{.name = "out",
         .type = CFT_OPT_PATH,
         .value = "FILE",
         .help = "Write the token there (mode 0600) and do not show it"},
	CFT_OPERATOR_PROJECT,
	CFT_OPERATOR_DB_URL,
	CFT_OPT_END,
};

static const struct cft_example create_examples[] = {
	{"A token for one agent, for a week",
         "confiture token create --agent-id claude-api --expires-in 7d --out claude.token"},
	{"Let a client certificate in as a viewer",
         "confiture token create --role viewer --certificate-name ci.example.com"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_token_create = {
	.summary = "Make a credential that the server takes",
	.description =
		"Works on the server's database: whoever may write there decides who may call. "
		"Running servers know of it at once. Clients send the token that CONFITURE_TOKEN "
		"holds, or the file that CONFITURE_TOKEN_FILE names.",
	.options = create_options,
	.examples = create_examples,
	.run = run_create,
};

/* -- list -- */

#define LIST_SQL                                                                       \
	"SELECT id, kind, role, agent_id, project,"                                    \
	" to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"   \
	" CASE WHEN revoked_at IS NOT NULL THEN 'revoked'"                             \
	" WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'valid' END, label" \
	" FROM confiture.credential"                                                   \
	" WHERE $1::bool OR (revoked_at IS NULL AND (expires_at IS NULL OR"            \
	" expires_at > clock_timestamp())) ORDER BY created_at, id"

enum { LIST_COLUMNS = 8 };

static void show_list(struct cft_cmd *cmd, const struct cft_pg_result *result)
{
	static const struct cft_column columns[LIST_COLUMNS] = {
		{"ID"},      {"Kind"},  {"Role"},  {"Agent"},
		{"Project"}, {"Until"}, {"State"}, {"Label", .flexible = true},
	};
	static const char *const names[LIST_COLUMNS] = {
		"id", "kind", "role", "agent_id", "project", "expires_at", "state", "label"};
	json_t *list = json_array();
	struct cft_table table;

	cft_table_init(&table, NULL, columns, LIST_COLUMNS);
	for (size_t row = 0; row < cft_pg_rows(result); row++) {
		json_t *one = json_object();
		for (size_t i = 0; i < LIST_COLUMNS; i++) {
			const char *value = cft_pg_value(result, row, i);
			json_object_set_new(one, names[i],
			                    value ? json_string(value) : json_null());
			cft_table_cell(&table, CFT_STYLE_PLAIN, "%s", value ? value : "");
		}
		json_array_append_new(list, one);
	}
	if (cft_pg_rows(result))
		cft_out_table(cmd->out, &table);
	else
		cft_out_text(cmd->out, "No credentials");
	cft_out_json(cmd->out, json_pack("{s:o}", "credentials", list));
	cft_table_release(&table);
}

static int run_list(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *all = cft_cmd_flag(cmd, "all") ? "t" : "f";
	struct cft_pg_result *result = NULL;
	struct cft_pg *pg = NULL;
	int rc = cft_operator_connect(cmd, false, &pg, err);

	if (rc == 0)
		rc = cft_pg_exec_params(pg, LIST_SQL, 1, &all, &result, err);
	if (rc == 0)
		show_list(cmd, result);
	cft_pg_result_free(result);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt list_options[] = {
	{.name = "all", .type = CFT_OPT_FLAG, .help = "Also those that are revoked or expired"},
	CFT_OPERATOR_PROJECT,
	CFT_OPERATOR_DB_URL,
	CFT_OPT_END,
};

static const struct cft_example list_examples[] = {
	{"Who may call?", "confiture token list"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_token_list = {
	.summary = "Show the credentials; never the tokens, which nobody has",
	.options = list_options,
	.examples = list_examples,
	.run = run_list,
};

/* -- revoke -- */

static int run_revoke(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *id = cmd->args.v[0];
	struct cft_pg_result *result = NULL;
	struct cft_pg *pg = NULL;
	int rc = cft_operator_connect(cmd, false, &pg, err);

	if (rc == 0)
		rc = cft_pg_exec_params(pg,
		                        "UPDATE confiture.credential SET revoked_at ="
		                        " coalesce(revoked_at, clock_timestamp()) WHERE id = $1",
		                        1, &id, &result, err);
	if (rc == 0 && cft_pg_affected(result) == 0)
		rc = cft_fail(err, CFT_E_NOT_FOUND, "no credential %s", id);
	if (rc == 0) {
		cft_out_mark(
			cmd->out, CFT_MARK_OK,
			"Revoked %s; its calls are refused and its streams end within a second",
			id);
		cft_out_json(cmd->out, json_pack("{s:s, s:b}", "id", id, "revoked", 1));
	}
	cft_pg_result_free(result);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt revoke_options[] = {
	CFT_OPERATOR_PROJECT,
	CFT_OPERATOR_DB_URL,
	CFT_OPT_END,
};

static const struct cft_arg revoke_arguments[] = {
	{.name = "ID", .help = "As the list shows it, e.g. tok_0123456789ab", .required = true},
	CFT_ARG_END,
};

static const struct cft_example revoke_examples[] = {
	{"Shut somebody out", "confiture token revoke tok_0123456789ab"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_token_revoke = {
	.summary = "End a credential",
	.options = revoke_options,
	.arguments = revoke_arguments,
	.examples = revoke_examples,
	.run = run_revoke,
};
