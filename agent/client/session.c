/* Session: finds the server, opens the client, calls with retry.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/session.h"

#include "agent/client/autostart.h"
#include "agent/client/local.h"
#include "agent/client/place.h"
#include "agent/client/token.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"

#include <confiture/v1/coordination_service.pb-c.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY_FIRST_MS = 50,
	RETRY_MOST_MS = 500,
	/* How long a server may be away before a command gives up: long enough for a restart that
	 * is under way, short enough that a wrong address is told soon. */
	RETRY_REACHED_MS = 10000,
	RETRY_UNREACHED_MS = 1500,
};

static bool variable_set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] && strcmp(value, "0") != 0 && strcasecmp(value, "false") != 0;
}

static int no_server(const char *address, const char *why, const char *what, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "NO_SERVER", "no server at %s, and %s", address,
	                why);
	return cft_err_hint(err, "%s", what);
}

static int start_local(const struct cft_session_options *options, const char *url,
                       struct cft_session *session, struct cft_err *err)
{
	const char *usual = cft_local_address();
	bool started;

	if (options->no_autostart)
		return no_server(usual, "--no-autostart forbids to start one",
		                 "Name one with --server HOST:PORT, or start confiture-server",
		                 err);
	if (variable_set("CI"))
		return no_server(usual,
		                 "none is started where CI is set: a fresh one knows no intents",
		                 "Set CONFITURE_SERVER to the team's server", err);
	int rc = cft_autostart(session->arena, url, &session->address, &started, err);
	if (rc == 0 && started && options->note)
		options->note(options->note_arg,
		              cft_arena_printf(session->arena,
		                               "Started a local server at %s (data in %s; stop it "
		                               "with: confiture server stop)",
		                               session->address, cft_local_dir(session->arena)));
	return rc;
}

/* The server of the project's database: it runs already, or is started. */
static int find_local(const struct cft_session_options *options, struct cft_session *session,
                      struct cft_err *err)
{
	const char *url;
	int rc = cft_local_database(session->arena, session->project.id, &url, err);

	if (rc != 0)
		return rc;
	session->log_path = cft_local_log_path(session->arena, url);
	session->address = cft_place_find(session->arena, url);
	return session->address ? 0 : start_local(options, url, session, err);
}

static int find_server(const struct cft_session_options *options, struct cft_session *session,
                       struct cft_err *err)
{
	const char *named =
		options->server && options->server[0] ? options->server : session->project.server;

	session->configured = named != NULL;
	session->address = named;
	return named ? 0 : find_local(options, session, err);
}

/* "127.0.0.1:7430,localhost:7431": every one of them. */
static bool all_loopback(const char *servers)
{
	for (const char *at = servers; at; at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (!cft_has_prefix(at, "127.") && !cft_has_prefix(at, "localhost:") &&
		    !cft_has_prefix(at, "[::1]:") && !cft_has_prefix(at, "unix:"))
			return false;
	}
	return true;
}

/* Also where TLS is off by mistake: a token that was sent in plain text is everybody's. */
static int check_transport(const struct cft_session *session,
                           const struct cft_client_options *options, struct cft_err *err)
{
	bool tls = options->tls || options->ca_file || options->cert_file;

	if (!options->token || tls || all_loopback(session->address) ||
	    variable_set("CONFITURE_INSECURE"))
		return 0;
	cft_fail_reason(err, CFT_E_CONFIG, "TOKEN_NEEDS_TLS",
	                "the token would go to %s in plain text", session->address);
	return cft_err_hint(err, "set CONFITURE_TLS=1 or CONFITURE_TLS_CA; or CONFITURE_INSECURE=1 "
	                         "where the network is trusted");
}

static int open_client(const struct cft_session_options *given, struct cft_session *session,
                       struct cft_err *err)
{
	struct cft_client_options options = {
		.servers = session->address,
		.ca_file = getenv("CONFITURE_TLS_CA"),
		.cert_file = getenv("CONFITURE_TLS_CERT"),
		.key_file = getenv("CONFITURE_TLS_KEY"),
		.tls = variable_set("CONFITURE_TLS"),
	};

	int rc = cft_token_find(session->arena, given->token, given->token_file, &options.token,
	                        err);
	if (rc == 0)
		rc = check_transport(session, &options, err);
	return rc ? rc : cft_client_open(&options, &session->client, err);
}

int cft_session_open(const struct cft_session_options *options, struct cft_arena *arena,
                     struct cft_session *ret_session, struct cft_err *err)
{
	struct cft_session session = {.arena = arena};
	int64_t timeout_ms = options->timeout_us / 1000;

	session.timeout_ms = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
	int rc = cft_project_identify(arena, options->project, ".", NULL, &session.project, err);
	if (rc == 0)
		rc = find_server(options, &session, err);
	if (rc == 0)
		rc = open_client(options, &session, err);
	if (rc == 0)
		*ret_session = session;
	return rc;
}

void cft_session_close(struct cft_session *session)
{
	cft_client_close(session->client);
	session->client = NULL;
}

/* gRPC names the address, in its own words, in front of what the system said. */
static const char *reason_of(const char *message)
{
	static const char refused[] = "Failed to connect to remote host: ";
	static const char unresolved[] = "DNS resolution failed";
	const char *at = strstr(message, refused);

	if (cft_has_prefix(message, unresolved))
		return "its name cannot be resolved";
	return at ? at + strlen(refused) : message;
}

int cft_session_unreachable(const struct cft_session *session, struct cft_err *err)
{
	if (session->reached || !err)
		return CFT_E_UNAVAILABLE;
	const char *reason = cft_arena_strdup(session->arena, reason_of(err->message));
	snprintf(err->message, sizeof(err->message), "cannot reach the server %s: %s",
	         session->address, reason);
	if (!err->hint[0])
		cft_err_hint(err, session->configured
		                          ? "Check --server, CONFITURE_SERVER or confiture.yaml"
		                          : "See: confiture server status");
	return err->code;
}

static char *fresh_id(struct cft_session *session)
{
	unsigned char bytes[16];
	char *text = cft_arena_alloc(session->arena, 2 * sizeof(bytes) + 1);

	cft_random(bytes, sizeof(bytes));
	cft_hex(bytes, sizeof(bytes), text);
	return text;
}

/* Where a message keeps the text of a field; NULL where it has no such field. */
static char **text_field(ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);

	return field ? (char **)(void *)((char *)message + field->offset) : NULL;
}

void cft_session_fill(struct cft_session *session, void *request)
{
	char **project = text_field(request, "project");
	char **request_id = text_field(request, "request_id");

	if (project && !(*project)[0])
		*project = (char *)session->project.id;
	if (request_id && !(*request_id)[0])
		*request_id = fresh_id(session);
}

/* gRPC translates what a web server says, e.g. 404 to UNIMPLEMENTED. */
static bool no_grpc(const struct cft_err *err)
{
	return err && cft_has_prefix(err->message, "Received http2 header with status");
}

static int other_program(const struct cft_session *session, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_UNAVAILABLE, "NO_SERVER",
	                "what answers at %s is no confiture-server", session->address);
	return cft_err_hint(err, "Check --server, CONFITURE_SERVER or confiture.yaml, and proxies "
	                         "on the way");
}

/* The server answered: it is a target of its that is away. */
static bool of_target(const struct cft_err *err)
{
	return err && strcmp(err->reason, "TARGET_UNREACHABLE") == 0;
}

int cft_session_call_service(struct cft_session *session, const ProtobufCServiceDescriptor *service,
                             const char *method, void *request, void *ret_response,
                             struct cft_err *err)
{
	int64_t start_us = cft_clock_mono_us();
	int pause_ms = RETRY_FIRST_MS;
	int rc;

	cft_session_fill(session, request);
	for (;;) {
		rc = cft_client_call(session->client, service, method, request, session->timeout_ms,
		                     session->arena, ret_response, err);
		if (rc == CFT_E_UNSUPPORTED && no_grpc(err))
			return other_program(session, err);
		if (rc != CFT_E_UNAVAILABLE || of_target(err))
			break;
		int64_t patience_ms = session->reached ? RETRY_REACHED_MS : RETRY_UNREACHED_MS;
		if (patience_ms > session->timeout_ms)
			patience_ms = session->timeout_ms;
		if ((cft_clock_mono_us() - start_us) / 1000 + pause_ms > patience_ms)
			return cft_session_unreachable(session, err);
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : pause_ms * 2;
	}
	session->reached = session->reached || rc != CFT_E_TIMEOUT;
	return rc;
}

int cft_session_call(struct cft_session *session, const char *method, void *request,
                     void *ret_response, struct cft_err *err)
{
	return cft_session_call_service(session, &confiture__v1__coordination_service__descriptor,
	                                method, request, ret_response, err);
}
