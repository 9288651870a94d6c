/* Follow: a stream that reconnects and resumes.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/follow.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	EAGER_US = 10 * 1000000, /* so long after the loss … */
	EAGER_PAUSE_MS = 250,    /* … an attempt to connect takes this at most, */
	PATIENT_PAUSE_MS = 5000, /* and afterwards this */
	WRITE_TIMEOUT_MS = 5000,
};

static int present_revision(struct cft_session *session, uint64_t *ret_revision,
                            struct cft_err *err)
{
	Confiture__V1__GetServerInfoRequest request = CONFITURE__V1__GET_SERVER_INFO_REQUEST__INIT;
	Confiture__V1__GetServerInfoResponse *response;

	int rc = cft_session_call(session, "GetServerInfo", &request, &response, err);
	if (rc == 0)
		*ret_revision = response->revision;
	return rc;
}

static int open_participation(struct cft_follow *follow, struct cft_err *err)
{
	Confiture__V1__ParticipateRequest first = CONFITURE__V1__PARTICIPATE_REQUEST__INIT;
	int rc = cft_stream_open(follow->session->client,
	                         &confiture__v1__coordination_service__descriptor, "Participate",
	                         NULL, &follow->stream, err);

	if (rc != 0)
		return rc;
	first.message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_WATCH;
	first.watch = &follow->request;
	/* A failure ends the stream: the first read tells. */
	cft_stream_write(follow->stream, &first, WRITE_TIMEOUT_MS, NULL);
	cft_follow_heartbeat(follow);
	return 0;
}

static int open_stream(struct cft_follow *follow, struct cft_err *err)
{
	if (follow->resume_token) {
		follow->request.resume_token = follow->resume_token;
		follow->request.from_revision = 0;
	}
	if (follow->agent_id)
		return open_participation(follow, err);
	return cft_stream_open(follow->session->client,
	                       &confiture__v1__coordination_service__descriptor, "WatchEvents",
	                       &follow->request, &follow->stream, err);
}

static int begin(struct cft_follow *follow, uint64_t from_revision, struct cft_err *err)
{
	uint64_t present = 0;
	int rc = present_revision(follow->session, &present, err);

	if (rc != 0)
		return rc;
	cft_session_fill(follow->session, &follow->request);
	follow->request.from_revision = from_revision ? from_revision : present + 1;
	follow->revision = follow->request.from_revision - 1;
	return open_stream(follow, err);
}

int cft_follow_open(struct cft_session *session, const Confiture__V1__WatchEventsRequest *filter,
                    uint64_t from_revision, struct cft_follow *ret, struct cft_err *err)
{
	*ret = (struct cft_follow){.session = session, .request = *filter};
	return begin(ret, from_revision, err);
}

int cft_follow_participate(struct cft_session *session,
                           const Confiture__V1__WatchEventsRequest *filter, uint64_t from_revision,
                           const char *agent_id,
                           void (*on_heartbeat)(void *arg,
                                                const Confiture__V1__HeartbeatResponse *response),
                           void *arg, struct cft_follow *ret, struct cft_err *err)
{
	*ret = (struct cft_follow){.session = session,
	                           .request = *filter,
	                           .agent_id = agent_id,
	                           .on_heartbeat = on_heartbeat,
	                           .arg = arg};
	return begin(ret, from_revision, err);
}

void cft_follow_heartbeat(struct cft_follow *follow)
{
	Confiture__V1__ParticipateRequest message = CONFITURE__V1__PARTICIPATE_REQUEST__INIT;
	Confiture__V1__HeartbeatRequest heartbeat = CONFITURE__V1__HEARTBEAT_REQUEST__INIT;

	if (!follow->stream)
		return;
	cft_session_fill(follow->session, &heartbeat);
	heartbeat.agent_id = (char *)follow->agent_id;
	message.message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_HEARTBEAT;
	message.heartbeat = &heartbeat;
	cft_stream_write(follow->stream, &message, WRITE_TIMEOUT_MS, NULL);
}

/* The next of what is watched; a heartbeat's answer is no message for the caller. */
static int read_message(struct cft_follow *follow, int timeout_ms, struct cft_arena *arena,
                        Confiture__V1__WatchEventsResponse **ret_message, struct cft_err *err)
{
	Confiture__V1__ParticipateResponse *response;

	if (!follow->agent_id)
		return cft_stream_read(follow->stream, timeout_ms, arena, ret_message, err);
	for (;;) {
		int rc = cft_stream_read(follow->stream, timeout_ms, arena, &response, err);
		if (rc != 1)
			return rc;
		if (response->message_case == CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_WATCH) {
			*ret_message = response->watch;
			return 1;
		}
		if (response->message_case ==
		    CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_HEARTBEAT)
			follow->on_heartbeat(follow->arg, response->heartbeat);
	}
}

static bool comes_back(int code)
{
	/* RESOURCE_EXHAUSTED ends a stream that read too slowly, CANCELLED one whose server stops;
	 * both are resumed. */
	return code == CFT_E_UNAVAILABLE || code == CFT_E_TIMEOUT || code == CFT_E_CANCELLED ||
	       code == CFT_E_LIMIT;
}

static int lost(struct cft_follow *follow, bool *ret_first, struct cft_err *err)
{
	cft_stream_close(follow->stream);
	follow->stream = NULL;
	*ret_first = follow->lost_us == 0;
	if (*ret_first)
		follow->lost_us = cft_clock_mono_us();
	if (err->code == 0)
		cft_fail(err, CFT_E_UNAVAILABLE, "the server ended the stream");
	err->code = CFT_E_UNAVAILABLE;
	return CFT_E_UNAVAILABLE;
}

/* Waits for the server to be there again, but not beyond the caller's time. */
static bool await_server(const struct cft_follow *follow, int timeout_ms)
{
	bool eager = cft_clock_mono_us() - follow->lost_us < EAGER_US;
	int pause_ms = eager ? EAGER_PAUSE_MS : PATIENT_PAUSE_MS;

	return cft_client_wait(follow->session->client,
	                       pause_ms < timeout_ms ? pause_ms : timeout_ms);
}

/* What was seen already comes again where the server answers a token with a whole revision. */
static bool is_new(struct cft_follow *follow, const Confiture__V1__WatchEventsResponse *message)
{
	bool event = message->item_case == CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT;
	bool fresh = !event || message->event->revision > follow->revision;

	if (message->resume_token[0]) {
		free(follow->resume_token);
		follow->resume_token = cft_strdup(message->resume_token);
	}
	if (message->revision > follow->revision)
		follow->revision = message->revision;
	return fresh;
}

int cft_follow_next(struct cft_follow *follow, int timeout_ms, struct cft_arena *arena,
                    Confiture__V1__WatchEventsResponse **ret_message, bool *ret_first,
                    struct cft_err *err)
{
	*ret_first = false;
	if (!follow->stream) {
		if (!await_server(follow, timeout_ms))
			return cft_fail(err, CFT_E_TIMEOUT, "no server yet");
		int opened = open_stream(follow, err);
		if (opened != 0)
			return opened;
	}
	for (;;) {
		Confiture__V1__WatchEventsResponse *message;
		cft_err_clear(err);
		int rc = read_message(follow, timeout_ms, arena, &message, err);
		if (rc == CFT_E_TIMEOUT)
			return rc;
		if (rc <= 0)
			return rc == 0 || comes_back(rc) ? lost(follow, ret_first, err) : rc;
		follow->lost_us = 0;
		if (is_new(follow, message)) {
			*ret_message = message;
			return 1;
		}
	}
}

void cft_follow_close(struct cft_follow *follow)
{
	cft_stream_close(follow->stream);
	free(follow->resume_token);
	follow->stream = NULL;
	follow->resume_token = NULL;
}
