/* Channelz: the ids of gRPC's sockets by the client's name, and their counts.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/channelz.h"

#include "common/base/json.h"
#include "common/base/mem.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { NAME_BYTES = CFT_CHANNELZ_NAME_BYTES, LIST_ALL_MS = 1000 };

struct socket {
	int64_t id;
	UT_hash_handle hh;
	char name[];
};

struct cft_channelz {
	struct socket *sockets;
	int64_t last;      /* the newest id that was seen */
	int64_t listed_ms; /* when all were */
};

struct cft_channelz *cft_channelz_new(void)
{
	return cft_new(struct cft_channelz);
}

void cft_channelz_free(struct cft_channelz *channelz)
{
	struct socket *socket, *next;

	if (!channelz)
		return;
	HASH_ITER (hh, channelz->sockets, socket, next) {
		HASH_DEL(channelz->sockets, socket);
		free(socket);
	}
	free(channelz);
}

void cft_channelz_name(const struct sockaddr *address, char name[NAME_BYTES])
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	char text[INET6_ADDRSTRLEN] = "";
	int family = address->sa_family;
	const void *bytes = &v4->sin_addr;

	if (family == AF_INET6)
		bytes = &v6->sin6_addr;
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		family = AF_INET;
		bytes = v6->sin6_addr.s6_addr + 12;
	}
	inet_ntop(family, bytes, text, sizeof(text));
	snprintf(name, NAME_BYTES, family == AF_INET ? "ipv4:%s:%u" : "ipv6:%%5B%s%%5D:%u", text,
	         ntohs(address->sa_family == AF_INET ? v4->sin_port : v6->sin6_port));
}

static json_t *parsed(char *takes_text)
{
	struct cft_err err = CFT_ERR_INIT;
	json_t *json = takes_text ? cft_json_parse(takes_text, strlen(takes_text), &err) : NULL;

	gpr_free(takes_text);
	return json;
}

/* 64-bit numbers are strings there, and zeros are left out. */
static int64_t number(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strtoll(text, NULL, 10) : 0;
}

/* -- which sockets there are -- */

static void remember(struct cft_channelz *channelz, const char *name, int64_t id)
{
	size_t len = strlen(name);
	struct socket *socket;

	HASH_FIND(hh, channelz->sockets, name, len, socket);
	if (!socket) {
		socket = cft_calloc(1, sizeof(*socket) + len + 1);
		memcpy(socket->name, name, len + 1);
		HASH_ADD_KEYPTR(hh, channelz->sockets, socket->name, len, socket);
	}
	socket->id = id;
}

/* "chttp2 ipv4:127.0.0.1:4711" */
static void remember_ref(struct cft_channelz *channelz, const json_t *ref)
{
	const char *name = json_string_value(json_object_get(ref, "name"));
	const char *space = name ? strrchr(name, ' ') : NULL;
	int64_t id = number(ref, "socketId");

	if (space)
		remember(channelz, space + 1, id);
	if (id > channelz->last)
		channelz->last = id;
}

/* The sockets of one server that are newer than `after`, a page at a time. */
static void list_server(struct cft_channelz *channelz, int64_t server, int64_t after)
{
	for (bool end = false; !end;) {
		json_t *page = parsed(grpc_channelz_get_server_sockets(server, after + 1, 0));
		json_t *refs = json_object_get(page, "socketRef");
		size_t i;
		json_t *ref;

		json_array_foreach (refs, i, ref) {
			remember_ref(channelz, ref);
			after = number(ref, "socketId");
		}
		end = json_array_size(refs) == 0 || json_is_true(json_object_get(page, "end"));
		json_decref(page);
	}
}

static void list(struct cft_channelz *channelz, int64_t after)
{
	json_t *servers = parsed(grpc_channelz_get_servers(0));
	size_t i;
	json_t *server;

	json_array_foreach (json_object_get(servers, "server"), i, server)
		list_server(channelz, number(json_object_get(server, "ref"), "serverId"), after);
	json_decref(servers);
}

static struct socket *known(struct cft_channelz *channelz, const char *name)
{
	struct socket *socket;

	HASH_FIND(hh, channelz->sockets, name, strlen(name), socket);
	return socket;
}

/* Mostly it is new. But the end of an earlier connection from the same port may have been noticed
 * after this one had begun: then its name was forgotten, and all are listed again. */
static struct socket *find(struct cft_channelz *channelz, const char *name, int64_t now_ms)
{
	struct socket *socket = known(channelz, name);

	if (!socket) {
		list(channelz, channelz->last);
		socket = known(channelz, name);
	}
	if (!socket && now_ms - channelz->listed_ms >= LIST_ALL_MS) {
		channelz->listed_ms = now_ms;
		list(channelz, 0);
		socket = known(channelz, name);
	}
	return socket;
}

/* -- what came over one -- */

bool cft_channelz_traffic(struct cft_channelz *channelz, const struct sockaddr *client,
                          int64_t now_ms, struct cft_traffic *ret)
{
	char name[NAME_BYTES];
	struct socket *socket;
	json_t *answer, *data;
	bool there;

	cft_channelz_name(client, name);
	socket = find(channelz, name, now_ms);
	answer = socket ? parsed(grpc_channelz_get_socket(socket->id)) : NULL;
	data = json_object_get(json_object_get(answer, "socket"), "data");
	there = data != NULL;
	ret->started = number(data, "streamsStarted");
	ret->ended = number(data, "streamsSucceeded") + number(data, "streamsFailed");
	ret->messages = number(data, "messagesReceived");
	json_decref(answer);
	return there;
}

void cft_channelz_forget(struct cft_channelz *channelz, const struct sockaddr *client)
{
	char name[NAME_BYTES];
	struct socket *socket;

	cft_channelz_name(client, name);
	socket = known(channelz, name);
	if (!socket)
		return;
	HASH_DEL(channelz->sockets, socket);
	free(socket);
}
