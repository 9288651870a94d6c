/* Place: notes of the local servers, and looking who listens.
 * SPDX-License-Identifier: MIT
 */
#include "agent/client/place.h"

#include "agent/client/local.h"
#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/json.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROBE_TIMEOUT_MS = 1000, NOTE_LIMIT_BYTES = 4096 };

/* -- who listens -- */

/* "[::1]:7430" and "host:7430" into host and port. */
static bool split_address(struct cft_arena *arena, const char *address, const char **ret_host,
                          const char **ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (len == 0)
		return false;
	if (address[0] == '[' && address[len - 1] == ']')
		*ret_host = cft_arena_strndup(arena, address + 1, len - 2);
	else
		*ret_host = cft_arena_strndup(arena, address, len);
	*ret_port = colon + 1;
	return true;
}

static bool connects(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	int problem = 0;
	socklen_t len = sizeof(problem);

	if (fd < 0)
		return false;
	bool ok = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0;
	if (!ok && errno == EINPROGRESS && poll(&pfd, 1, PROBE_TIMEOUT_MS) == 1)
		ok = getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len) == 0 && problem == 0;
	close(fd);
	return ok;
}

bool cft_place_listening(const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	struct cft_arena arena = CFT_ARENA_INIT;
	const char *host, *port;
	bool ok = false;

	if (split_address(&arena, address, &host, &port) &&
	    getaddrinfo(host, port, &hints, &found) == 0) {
		for (const struct addrinfo *ai = found; ai && !ok; ai = ai->ai_next)
			ok = connects(ai);
		freeaddrinfo(found);
	}
	cft_arena_release(&arena);
	return ok;
}

/* -- notes -- */

static const char *note_path(struct cft_arena *arena, const char *url)
{
	char hex[CFT_SHA256_HEX] = "embedded";

	if (url)
		cft_sha256_hex(url, strlen(url), hex);
	return cft_arena_printf(arena, "%s/servers/%.16s.json", cft_local_dir(arena), hex);
}

/* NULL where there is no note, or none that says anything. */
static const char *note_read(struct cft_arena *arena, const char *path)
{
	struct cft_buf text = CFT_BUF_INIT;
	const char *address = NULL;

	if (cft_file_read(path, NOTE_LIMIT_BYTES, &text, NULL) == 0) {
		json_t *note = cft_json_parse(cft_buf_str(&text), text.len, NULL);
		address = json_string_value(json_object_get(note, "address"));
		address = address ? cft_arena_strdup(arena, address) : NULL;
		json_decref(note);
	}
	cft_buf_release(&text);
	return address;
}

/* Calls `fn` with each note that names the address, but for the one at `own`. */
static void others_at(struct cft_arena *arena, const char *address, const char *own,
                      void (*fn)(void *arg, const char *path), void *arg)
{
	const char *dir = cft_arena_printf(arena, "%s/servers", cft_local_dir(arena));
	DIR *notes = opendir(dir);

	for (struct dirent *entry; notes && (entry = readdir(notes)) != NULL;) {
		const char *path = cft_arena_printf(arena, "%s/%s", dir, entry->d_name);
		const char *there = entry->d_name[0] == '.' ? NULL : note_read(arena, path);
		if (there && strcmp(path, own) != 0 && strcmp(there, address) == 0)
			fn(arg, path);
	}
	if (notes)
		closedir(notes);
}

static void set_flag(void *arg, const char *path)
{
	(void)path;
	*(bool *)arg = true;
}

static void remove_note(void *arg, const char *path)
{
	(void)arg;
	unlink(path);
}

const char *cft_place_find(struct cft_arena *arena, const char *url)
{
	const char *path = note_path(arena, url), *noted = note_read(arena, path);
	const char *usual = cft_local_address();
	bool anothers = false;

	if (noted && cft_place_listening(noted))
		return noted;
	others_at(arena, usual, path, set_flag, &anothers);
	return !anothers && cft_place_listening(usual) ? usual : NULL;
}

int cft_place_record(struct cft_arena *arena, const char *url, const char *address,
                     struct cft_err *err)
{
	const char *path = note_path(arena, url);
	const char *dir = cft_arena_printf(arena, "%s/servers", cft_local_dir(arena));
	json_t *note = json_pack("{s:s}", "address", address);
	char *text = cft_json_pretty(note);
	int rc = cft_file_mkdirs(dir, 0755, err);

	if (rc == 0)
		rc = cft_file_write(path, text, strlen(text), 0600, err);
	others_at(arena, address, path, remove_note, NULL);
	free(text);
	json_decref(note);
	return rc;
}

/* -- an address for a new one -- */

static int free_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), port = 0;

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&any, &len) == 0)
		port = ntohs(any.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

const char *cft_place_choose(struct cft_arena *arena)
{
	const char *usual = cft_local_address();

	/* Somebody may take the port before the server does: then it says so and does not start. */
	return cft_place_listening(usual) ? cft_arena_printf(arena, "127.0.0.1:%d", free_port())
	                                  : usual;
}
