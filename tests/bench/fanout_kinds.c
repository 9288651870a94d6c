/* Fanout kinds: streams and events of ours, of etcd, and of the bare server.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/mem.h"
#include "tests/bench/fanout.h"

#include "bare.pb-c.h"
#include "confiture/v1/coordination_service.pb-c.h"
#include "etcd.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, VALUE_BYTES = 300 };

static void must(int rc, const struct cft_err *err)
{
	if (rc != 0) {
		fprintf(stderr, "fanout: %s\n", err->message);
		exit(1);
	}
}

static void read_one(struct cft_stream *stream, struct cft_arena *arena, void *ret_message)
{
	struct cft_err err = CFT_ERR_INIT;

	if (cft_stream_read(stream, TIMEOUT_MS, arena, ret_message, &err) != 1)
		must(CFT_E_FAILED, &err);
}

static void call(struct cft_client *client, const ProtobufCServiceDescriptor *service,
                 const char *method, const void *request)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	void *response;

	must(cft_client_call(client, service, method, request, TIMEOUT_MS, &arena, &response, &err),
	     &err);
	cft_arena_release(&arena);
}

/* -- ours -- */

static struct cft_stream *open_ours(struct cft_client *client, const char *project)
{
	Confiture__V1__WatchEventsRequest request = CONFITURE__V1__WATCH_EVENTS_REQUEST__INIT;
	Confiture__V1__WatchEventsResponse *first;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_stream *stream;

	request.project = (char *)project;
	must(cft_stream_open(client, &confiture__v1__coordination_service__descriptor,
	                     "WatchEvents", &request, &stream, &err),
	     &err);
	read_one(stream, &arena, &first); /* the bookmark at which it starts */
	cft_arena_release(&arena);
	return stream;
}

static void read_ours(struct cft_stream *stream, struct cft_arena *arena)
{
	Confiture__V1__WatchEventsResponse *message;

	do
		read_one(stream, arena, &message);
	while (message->item_case != CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT);
}

static void fire_ours(struct cft_client *client, const char *project, long number)
{
	Confiture__V1__RegisterIntentRequest request = CONFITURE__V1__REGISTER_INTENT_REQUEST__INIT;
	char sql[128];

	snprintf(sql, sizeof(sql), "CREATE TABLE fan_%ld (id int)", number);
	request.project = (char *)project;
	request.agent_id = request.feature_name = (char *)"fan";
	request.schema_changes = sql;
	call(client, &confiture__v1__coordination_service__descriptor, "RegisterIntent", &request);
}

/* -- etcd -- */

static struct cft_stream *open_etcd(struct cft_client *client, const char *project)
{
	Etcdserverpb__WatchRequest request = ETCDSERVERPB__WATCH_REQUEST__INIT;
	Etcdserverpb__WatchCreateRequest create = ETCDSERVERPB__WATCH_CREATE_REQUEST__INIT;
	Etcdserverpb__WatchResponse *created;
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_stream *stream;

	must(cft_stream_open(client, &etcdserverpb__watch__descriptor, "Watch", NULL, &stream,
	                     &err),
	     &err);
	create.key = (ProtobufCBinaryData){strlen(project), (uint8_t *)project};
	request.create_request = &create;
	must(cft_stream_write(stream, &request, TIMEOUT_MS, &err), &err);
	read_one(stream, &arena, &created);
	cft_arena_release(&arena);
	return stream;
}

static void read_etcd(struct cft_stream *stream, struct cft_arena *arena)
{
	Etcdserverpb__WatchResponse *message;

	read_one(stream, arena, &message);
}

static void fire_etcd(struct cft_client *client, const char *project, long number)
{
	Etcdserverpb__PutRequest request = ETCDSERVERPB__PUT_REQUEST__INIT;
	uint8_t value[VALUE_BYTES];

	memset(value, 'a' + (int)(number % 26), sizeof(value));
	request.key = (ProtobufCBinaryData){strlen(project), (uint8_t *)project};
	request.value = (ProtobufCBinaryData){sizeof(value), value};
	call(client, &etcdserverpb__kv__descriptor, "Put", &request);
}

/* -- bare -- */

static struct cft_stream *open_bare(struct cft_client *client, const char *project)
{
	Bench__BareMessage request = BENCH__BARE_MESSAGE__INIT;
	struct cft_err err = CFT_ERR_INIT;
	struct cft_stream *stream;

	(void)project;
	must(cft_stream_open(client, &bench__bare__descriptor, "Watch", &request, &stream, &err),
	     &err);
	return stream;
}

static void read_bare(struct cft_stream *stream, struct cft_arena *arena)
{
	Bench__BareMessage *message;

	read_one(stream, arena, &message);
}

static void fire_bare(struct cft_client *client, const char *project, long number)
{
	Bench__BareMessage request = BENCH__BARE_MESSAGE__INIT;
	uint8_t body[VALUE_BYTES];

	(void)project;
	memset(body, 'a' + (int)(number % 26), sizeof(body));
	request.body = (ProtobufCBinaryData){sizeof(body), body};
	call(client, &bench__bare__descriptor, "Fire", &request);
}

const struct fanout_kind *cft_fanout_kind(const char *name)
{
	static const struct fanout_kind kinds[] = {
		{"confiture", open_ours, read_ours, fire_ours},
		{"etcd", open_etcd, read_etcd, fire_etcd},
		{"bare", open_bare, read_bare, fire_bare},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}
