/* Session: a command's connection to the server: which server, which project, calls with retry.
 * SPDX-License-Identifier: MIT
 *
 * One thread. Blocks. gRPC is initialised by cft_session_open, not before: a command that needs no
 * server starts in two milliseconds.
 */
#ifndef CFT_CLIENT_SESSION_H
#define CFT_CLIENT_SESSION_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/project.h"
#include "common/rpc/client.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_session_options {
	const char *server;  /* --server or CONFITURE_SERVER; NULL: confiture.yaml or local */
	const char *project; /* --project; NULL: cft_project_identify finds it */
	int64_t timeout_us;  /* of each call */
	bool no_autostart;
	const char *token;      /* NULL: from the file */
	const char *token_file; /* NULL: ~/.config/confiture/token where it exists */
	/* Gets one line for people, e.g. that a server was started; may be NULL. */
	void (*note)(void *arg, const char *text);
	void *note_arg;
};

struct cft_session {
	struct cft_client *client;
	struct cft_arena *arena; /* borrowed: answers live there */
	struct cft_project project;
	const char *address;
	const char *log_path; /* of a local server; NULL for others */
	bool configured;      /* the user named the server */
	bool reached;         /* a call was answered */
	int timeout_ms;
};

/* Finds the project and the server and, where neither a server is configured nor one listens
 * locally, starts one. UNAVAILABLE (exit 3) with reason NO_SERVER where that is not allowed: with
 * no_autostart, and where CI is set: a pipeline that asks a fresh empty server would always be
 * green. CONFIG with reason TOKEN_NEEDS_TLS where a token would cross the network in plain text,
 * and TOKEN_FILE_OPEN where others may read its file. */
int cft_session_open(const struct cft_session_options *options, struct cft_arena *arena,
                     struct cft_session *ret_session, struct cft_err *err);
void cft_session_close(struct cft_session *session);

/* Puts the session's project and a fresh request_id into a request that has these fields and left
 * them empty. The calls below do it themselves; what opens a stream does it first. */
void cft_session_fill(struct cft_session *session, void *request);
/* Says in plain words which server could not be reached, where `err` is an UNAVAILABLE of gRPC and
 * the server never answered; returns CFT_E_UNAVAILABLE. For streams; the calls below do it. */
int cft_session_unreachable(const struct cft_session *session, struct cft_err *err);
/* A unary call of CoordinationService. Retries while the server is unavailable, for a few seconds:
 * mutations carry a request_id, so that a second delivery changes nothing. */
int cft_session_call(struct cft_session *session, const char *method, void *request,
                     void *ret_response, struct cft_err *err);
/* The same for another service. */
int cft_session_call_service(struct cft_session *session, const ProtobufCServiceDescriptor *service,
                             const char *method, void *request, void *ret_response,
                             struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
