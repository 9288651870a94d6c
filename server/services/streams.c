/* Streams: WatchEvents and Participate on top of a watch.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "common/rpc/codec.h"
#include "server/services/lease.h"
#include "server/services/mutate.h"
#include "server/services/watch.h"

#include <stdlib.h>
#include <utlist.h>

/* -- WatchEvents: the sink is the call itself -- */

struct event_stream {
	struct cft_rpc_call *call;
	struct cft_watch *watch;
};

static bool stream_busy(void *arg)
{
	return cft_rpc_sending(((struct event_stream *)arg)->call);
}

static void stream_send(void *arg, const Confiture__V1__WatchEventsResponse *response)
{
	cft_rpc_send(((struct event_stream *)arg)->call, response);
}

static void stream_send_packet(void *arg, struct grpc_byte_buffer *packet)
{
	cft_rpc_send_packed(((struct event_stream *)arg)->call, packet);
}

static void stream_end(void *arg, const struct cft_err *err)
{
	cft_rpc_fail(((struct event_stream *)arg)->call, err); /* the struct is the call's */
}

static const struct cft_watch_sink stream_sink = {stream_busy, stream_send, stream_send_packet,
                                                  stream_end};

static void stream_sent(void *arg)
{
	cft_watch_sent(((struct event_stream *)arg)->watch);
}

static void stream_cancelled(void *arg)
{
	struct event_stream *stream = arg;
	struct cft_err err;

	cft_watch_free(stream->watch);
	cft_rpc_gone(&err);
	cft_rpc_fail(stream->call, &err);
}

static const struct cft_rpc_hooks stream_hooks = {
	.on_cancelled = stream_cancelled,
	.on_sent = stream_sent,
	.sent_if_asked = true,
};

static void fail_stopping(struct cft_rpc_call *call)
{
	struct cft_err err;

	cft_fail_reason(&err, CFT_E_UNAVAILABLE, "SERVER_STOPPING", "the server is stopping");
	err.retry_after_ms = 1000;
	cft_rpc_fail(call, &err);
}

CFT_HANDLER(watch_events)
{
	struct cft_coordination *coordination = ctx;
	struct event_stream *stream = cft_arena_new(cft_rpc_call_arena(call), struct event_stream);
	struct cft_err err;

	if (coordination->stopping) {
		fail_stopping(call);
		return;
	}
	stream->call = call;
	stream->watch = cft_watch_new(coordination, request, &stream_sink, stream, &err);
	if (stream->watch)
		cft_rpc_call_set_hooks(call, &stream_hooks, stream);
	else
		cft_rpc_fail(call, &err);
}

/* -- Participate: notifications and answers share one stream -- */

/* An answer that waits for the stream. */
struct outgoing {
	struct grpc_byte_buffer *packet;
	struct outgoing *prev, *next;
};

/* Alive until the call has ended and no command of its is under way. */
struct participant {
	struct cft_coordination *coordination;
	struct cft_rpc_call *call; /* NULL once ended */
	struct cft_watch *watch;
	struct outgoing *answers;
	int pending; /* commands under way */
};

/* A heartbeat or an update under way, with a copy of its message. */
struct command {
	struct participant *participant;
	struct cft_arena arena;
	struct cft_mutation m;
};

static void participant_release(struct participant *p)
{
	if (!p->call && p->pending == 0)
		free(p);
}

static void end_participant(struct participant *p, const struct cft_err *err)
{
	struct outgoing *out, *next;
	struct cft_rpc_call *call = p->call;

	DL_FOREACH_SAFE(p->answers, out, next)
	{
		DL_DELETE(p->answers, out);
		cft_rpc_packet_free(out->packet);
		free(out);
	}
	cft_watch_free(p->watch);
	p->watch = NULL;
	p->call = NULL;
	if (err)
		cft_rpc_fail(call, err);
	else
		cft_rpc_end(call);
	participant_release(p);
}

static void send_answer(struct participant *p)
{
	struct outgoing *out = p->answers;

	DL_DELETE(p->answers, out);
	cft_rpc_send_packed(p->call, out->packet);
	free(out);
}

static void queue_answer(struct participant *p, const Confiture__V1__ParticipateResponse *response)
{
	struct outgoing *out = cft_new(struct outgoing);

	out->packet = cft_rpc_packet_new(response);
	DL_APPEND(p->answers, out);
	if (!cft_rpc_sending(p->call))
		send_answer(p);
}

static bool participant_busy(void *arg)
{
	struct participant *p = arg;

	return p->answers || cft_rpc_sending(p->call);
}

static void participant_send(void *arg, const Confiture__V1__WatchEventsResponse *watched)
{
	Confiture__V1__ParticipateResponse response = CONFITURE__V1__PARTICIPATE_RESPONSE__INIT;

	response.message_case = CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_WATCH;
	response.watch = (Confiture__V1__WatchEventsResponse *)watched;
	cft_rpc_send(((struct participant *)arg)->call, &response);
}

static void watch_ended(void *arg, const struct cft_err *err)
{
	struct participant *p = arg;

	p->watch = NULL;
	end_participant(p, err);
}

static const struct cft_watch_sink participant_sink = {participant_busy, participant_send, NULL,
                                                       watch_ended};

static struct command *command_new(struct participant *p, const void *message, void *ret_copy)
{
	const ProtobufCMessage *base = message;
	struct command *command = cft_new(struct command);
	struct cft_buf bytes = CFT_BUF_INIT;

	command->participant = p;
	p->pending++;
	cft_proto_pack(message, &bytes);
	cft_proto_unpack(base->descriptor, bytes.data, bytes.len, &command->arena, ret_copy, NULL);
	cft_buf_release(&bytes);
	return command;
}

static void command_free(struct command *command)
{
	struct participant *p = command->participant;

	cft_arena_release(&command->arena);
	free(command);
	p->pending--;
	participant_release(p);
}

/* A refused command ends the stream: its status is the answer. */
static void command_failed(struct command *command, const struct cft_err *err)
{
	struct cft_err copy = *err;

	if (command->participant->call)
		end_participant(command->participant, &copy);
	command_free(command);
}

static void heartbeat_done(void *arg, const Confiture__V1__HeartbeatResponse *answer,
                           const struct cft_err *err)
{
	struct command *command = arg;
	Confiture__V1__ParticipateResponse response = CONFITURE__V1__PARTICIPATE_RESPONSE__INIT;

	if (!answer) {
		command_failed(command, err);
		return;
	}
	response.message_case = CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_HEARTBEAT;
	response.heartbeat = (Confiture__V1__HeartbeatResponse *)answer;
	if (command->participant->call)
		queue_answer(command->participant, &response);
	command_free(command);
}

static void update_failed(struct cft_mutation *m, const struct cft_err *err)
{
	command_failed(m->owner, err);
}

static void update_done(struct cft_mutation *m, const struct cft_view *view,
                        const struct cft_decision *decision)
{
	struct command *command = m->owner;
	Confiture__V1__ParticipateResponse response = CONFITURE__V1__PARTICIPATE_RESPONSE__INIT;
	Confiture__V1__UpdateIntentResponse answer;

	cft_answer_intent(view, cft_state_intent(view->state, decision->subject_id),
	                  decision->revision, &answer);
	response.message_case = CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_UPDATE;
	response.update = &answer;
	if (command->participant->call)
		queue_answer(command->participant, &response);
	command_free(command);
}

static void take_heartbeat(struct participant *p, const Confiture__V1__HeartbeatRequest *request)
{
	Confiture__V1__HeartbeatRequest *copy = NULL;
	struct command *command = command_new(p, request, &copy);

	cft_heartbeat_run(p->coordination, &command->arena, copy, heartbeat_done, command);
}

static void take_update(struct participant *p, const Confiture__V1__UpdateIntentRequest *request)
{
	Confiture__V1__UpdateIntentRequest *copy = NULL;
	struct command *command = command_new(p, request, &copy);
	struct cft_err err;

	command->m.coordination = p->coordination;
	command->m.arena = &command->arena;
	command->m.owner = command;
	command->m.reply = update_done;
	command->m.fail = update_failed;
	if (cft_mutation_update(&command->m, copy, &err) < 0)
		command_failed(command, &err);
	else
		cft_mutation_run_update(&command->m);
}

static int take_watch(struct participant *p, const Confiture__V1__WatchEventsRequest *request,
                      struct cft_err *err)
{
	if (p->watch)
		return cft_fail_reason(err, CFT_E_INVALID, "WATCH_TWICE",
		                       "the stream watches already");
	p->watch = cft_watch_new(p->coordination, request, &participant_sink, p, err);
	return p->watch ? 0 : err->code;
}

static int take_message(struct participant *p, const Confiture__V1__ParticipateRequest *request,
                        struct cft_err *err)
{
	switch (request->message_case) {
	case CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_WATCH:
		return take_watch(p, request->watch, err);
	case CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_HEARTBEAT:
		take_heartbeat(p, request->heartbeat);
		return 0;
	case CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_UPDATE:
		take_update(p, request->update);
		return 0;
	case CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE__NOT_SET:
	default: /* a newer client's kind of message */
		return cft_fail_reason(err, CFT_E_INVALID, "FIELD_REQUIRED",
		                       "the message is none of watch, heartbeat and update");
	}
}

static void participant_message(void *arg, const void *message, const struct cft_err *err)
{
	struct participant *p = arg;
	struct cft_err why;

	if (!message) { /* the client is done, or its message was malformed */
		end_participant(p, err);
		return;
	}
	p->pending++; /* a command may end the stream at once */
	if (take_message(p, message, &why) < 0)
		end_participant(p, &why);
	else if (p->call)
		cft_rpc_receive(p->call);
	p->pending--;
	participant_release(p);
}

static void participant_sent(void *arg)
{
	struct participant *p = arg;

	if (p->answers)
		send_answer(p);
	else if (p->watch)
		cft_watch_sent(p->watch);
}

static void participant_cancelled(void *arg)
{
	struct cft_err err;

	cft_rpc_gone(&err);
	end_participant(arg, &err);
}

static const struct cft_rpc_hooks participant_hooks = {participant_cancelled, participant_sent,
                                                       participant_message};

CFT_HANDLER(participate)
{
	struct cft_coordination *coordination = ctx;
	struct participant *p;

	(void)request; /* they come as messages */
	if (coordination->stopping) {
		fail_stopping(call);
		return;
	}
	p = cft_new(struct participant);
	p->coordination = coordination;
	p->call = call;
	cft_rpc_call_set_hooks(call, &participant_hooks, p);
	cft_rpc_receive(call);
}
