/* confiture server gen-certs: certificates for development.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/command.h"
#include "common/base/certs.h"

#include <string.h>
#include <unistd.h>

static const char *server_names(struct cft_cmd *cmd)
{
	const char *names = cft_cmd_str(cmd, "names");
	char host[256] = "localhost";

	if (names)
		return names;
	gethostname(host, sizeof(host) - 1);
	return cft_arena_printf(cmd->arena, "DNS:localhost,DNS:%s,IP:127.0.0.1,IP:::1", host);
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	const char *dir = cmd->args.v[0], *client = cft_cmd_str(cmd, "client");
	int days = (int)cft_cmd_int(cmd, "days");
	int rc = cft_certs_generate(dir, server_names(cmd), client, days, err);

	if (rc != 0)
		return rc;
	cft_out_mark(cmd->out, CFT_MARK_OK, "Certificates for %d days are in %s", days, dir);
	cft_out_text(cmd->out,
	             "Server:  confiture-server --tls-cert %s/server.crt --tls-key "
	             "%s/server.key --tls-client-ca %s/ca.crt",
	             dir, dir, dir);
	cft_out_text(cmd->out,
	             "Clients: CONFITURE_TLS_CA=%s/ca.crt CONFITURE_TLS_CERT=%s/client.crt "
	             "CONFITURE_TLS_KEY=%s/client.key",
	             dir, dir, dir);
	cft_out_json(cmd->out, json_pack("{s:s, s:i, s:s}", "directory", dir, "days", days,
	                                 "client", client));
	return 0;
}

static const struct cft_opt options[] = {
	{.name = "names",
         .type = CFT_OPT_STRING,
         .value = "NAMES",
         .help = "Names and addresses of the server, e.g. DNS:db.example,IP:10.0.0.7; else this "
                 "machine's"},
	{.name = "client",
         .type = CFT_OPT_STRING,
         .value = "NAME",
         .fallback = "URI:confiture://client",
         .help = "Name in the client's certificate; for token create --certificate-name it "
                 "goes without the kind before the colon"},
	{.name = "days",
         .type = CFT_OPT_INT,
         .value = "N",
         .fallback = "30",
         .min = 1,
         .max = 3650,
         .help = "How long they are good"},
	CFT_OPT_END,
};

static const struct cft_arg arguments[] = {
	{.name = "DIR", .help = "Where to put them; made where missing", .required = true},
	CFT_ARG_END,
};

static const struct cft_example examples[] = {
	{"Try TLS on this machine", "confiture server gen-certs certs"},
	{"A client certificate for an agent",
         "confiture server gen-certs certs --client URI:confiture://agent/claude-api"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_server_gen_certs = {
	.summary = "Make TLS certificates for development",
	.description =
		"An authority, a server's and a client's certificate with their keys (0600). "
		"An authority that is there already signs the new ones. For production use "
		"your own authority.",
	.options = options,
	.arguments = arguments,
	.examples = examples,
	.run = run,
};
