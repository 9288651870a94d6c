/* Channel: from options to connections: server list, TLS, keepalive, backoff.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/call.h"

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/base/vec.h"

#include <grpc/grpc_security.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEEPALIVE_DEFAULT_MS = 20000,
	KEEPALIVE_TIMEOUT_MS = 10000,
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 1000,
	CONNECT_TIMEOUT_MS = 5000,
	PEM_MAX_BYTES = 1 << 20,
	ARGS_MAX = 12,
};

struct args {
	grpc_arg v[ARGS_MAX];
	size_t n;
};

static void add_int(struct args *args, const char *key, int value)
{
	grpc_arg *arg = &args->v[args->n++];

	arg->type = GRPC_ARG_INTEGER;
	arg->key = (char *)key;
	arg->value.integer = value;
}

static void add_string(struct args *args, const char *key, const char *value)
{
	grpc_arg *arg = &args->v[args->n++];

	arg->type = GRPC_ARG_STRING;
	arg->key = (char *)key;
	arg->value.string = (char *)value;
}

static void fill_args(struct args *args, const struct cft_client_options *options, size_t max_bytes)
{
	add_int(args, GRPC_ARG_KEEPALIVE_TIME_MS,
	        options->keepalive_ms ? options->keepalive_ms : KEEPALIVE_DEFAULT_MS);
	add_int(args, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS);
	add_int(args, GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
	add_int(args, GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
	add_int(args, GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, BACKOFF_FIRST_MS);
	add_int(args, GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, BACKOFF_MAX_MS);
	add_int(args, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, CONNECT_TIMEOUT_MS);
	add_int(args, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)max_bytes);
	/* An http_proxy in the environment is for the web, not for this. */
	add_int(args, GRPC_ARG_ENABLE_HTTP_PROXY, 0);
	add_string(args, GRPC_ARG_PRIMARY_USER_AGENT_STRING, "confiture/" CFT_VERSION);
	if (options->own_connection)
		add_int(args, GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
	if (options->server_name)
		add_string(args, GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, options->server_name);
}

/* An absent file is the empty string. */
static int read_pem(const char *path, struct cft_buf *out, struct cft_err *err)
{
	return path ? cft_file_read(path, PEM_MAX_BYTES, out, err) : 0;
}

static int make_tls(const struct cft_client_options *options, grpc_channel_credentials **ret,
                    struct cft_err *err)
{
	struct cft_buf ca = CFT_BUF_INIT, cert = CFT_BUF_INIT, key = CFT_BUF_INIT;
	grpc_ssl_pem_key_cert_pair pair;
	int rc = -1;

	if (!options->cert_file != !options->key_file) {
		rc = cft_fail(err, CFT_E_CONFIG, "a client certificate and its key come together");
		goto out;
	}
	if ((rc = read_pem(options->ca_file, &ca, err)) < 0 ||
	    (rc = read_pem(options->cert_file, &cert, err)) < 0 ||
	    (rc = read_pem(options->key_file, &key, err)) < 0)
		goto out;
	pair.cert_chain = cft_buf_str(&cert);
	pair.private_key = cft_buf_str(&key);
	*ret = grpc_ssl_credentials_create(options->ca_file ? cft_buf_str(&ca) : NULL,
	                                   options->cert_file ? &pair : NULL, NULL, NULL);
	rc = *ret ? 0 : cft_fail(err, CFT_E_CONFIG, "the TLS files are not usable");
out:
	if (key.data)
		explicit_bzero(key.data, key.len);
	cft_buf_release(&ca);
	cft_buf_release(&cert);
	cft_buf_release(&key);
	return rc;
}

static int make_credentials(const struct cft_client_options *options,
                            grpc_channel_credentials **ret, struct cft_err *err)
{
	if (options->tls || options->ca_file || options->cert_file)
		return make_tls(options, ret, err);
	*ret = grpc_insecure_credentials_create();
	return 0;
}

/* "host:port" with a port from 1 to 65535, "[v6]:port", or "unix:path". */
static bool address_valid(const char *address)
{
	const char *colon = strrchr(address, ':');
	char *end;
	long port;

	if (cft_has_prefix(address, "unix:"))
		return address[5] != '\0';
	if (!colon || colon == address || !colon[1])
		return false;
	port = strtol(colon + 1, &end, 10);
	return *end == '\0' && port >= 1 && port <= 65535;
}

static int add_channel(struct cft_client *client, const char *address,
                       grpc_channel_credentials *credentials, const struct args *args,
                       struct cft_err *err)
{
	grpc_channel_args channel_args = {args->n, (grpc_arg *)args->v};
	struct cft_channel *channel;

	if (!address_valid(address))
		return cft_fail(err, CFT_E_INVALID, "'%s' is not an address of a server", address);
	client->channels =
		cft_realloc(client->channels, (client->n_channels + 1) * sizeof(*client->channels));
	channel = &client->channels[client->n_channels++];
	channel->address = cft_strdup(address);
	channel->channel = grpc_channel_create(address, credentials, &channel_args);
	return 0;
}

static int add_channels(struct cft_client *client, const char *servers,
                        grpc_channel_credentials *credentials, const struct args *args,
                        struct cft_err *err)
{
	char *list = cft_strdup(servers), *save = NULL;
	int rc = 0;

	for (char *address = strtok_r(list, ", ", &save); address && rc == 0;
	     address = strtok_r(NULL, ", ", &save))
		rc = add_channel(client, address, credentials, args, err);
	free(list);
	if (rc == 0 && !client->n_channels)
		rc = cft_fail(err, CFT_E_INVALID, "the list of servers is empty");
	if (rc < 0)
		cft_err_hint(err, "write it as HOST:PORT, several separated by commas");
	return rc;
}

int cft_channels_open(struct cft_client *client, const struct cft_client_options *options,
                      struct cft_err *err)
{
	grpc_channel_credentials *credentials = NULL;
	struct args args = {0};
	int rc = make_credentials(options, &credentials, err);

	if (rc < 0)
		return rc;
	fill_args(&args, options, client->max_message_bytes);
	rc = add_channels(client, options->servers ? options->servers : "", credentials, &args,
	                  err);
	grpc_channel_credentials_release(credentials);
	return rc;
}

void cft_channels_close(struct cft_client *client)
{
	for (size_t i = 0; i < client->n_channels; i++) {
		grpc_channel_destroy(client->channels[i].channel);
		free(client->channels[i].address);
	}
	free(client->channels);
}
