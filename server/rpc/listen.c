/* Listen: getaddrinfo, bind, listen.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int split(const char *address, char host[NI_MAXHOST], char port[NI_MAXSERV])
{
	const char *colon = strrchr(address, ':');
	int len = colon ? (int)(colon - address) : -1;

	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len < 0 || len >= NI_MAXHOST || strlen(colon + 1) >= NI_MAXSERV)
		return -1;
	snprintf(host, NI_MAXHOST, "%.*s", len, address);
	snprintf(port, NI_MAXSERV, "%s", colon + 1);
	return 0;
}

static void set_port(struct sockaddr *address, int port)
{
	if (address->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((in_port_t)port);
	else
		((struct sockaddr_in *)(void *)address)->sin_port = htons((in_port_t)port);
}

static int port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

/* No SO_REUSEPORT: a second server on the port must fail, not share it silently. */
static int open_one(const struct addrinfo *one)
{
	int fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* accepted ones inherit it */
	if (one->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, one->ai_addr, one->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

static int fail(const char *address, struct cft_err *err)
{
	return cft_fail_reason(err, CFT_E_UNAVAILABLE, "ADDRESS_IN_USE",
	                       "cannot listen on %s: the address is taken or not ours", address);
}

int cft_listen_open(const char *address, struct cft_listen *ret, struct cft_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *all = NULL;
	struct cft_listen listen = {.n = 0};
	char host[NI_MAXHOST], port[NI_MAXSERV];
	int rc = 0;

	if (split(address, host, port) < 0 ||
	    getaddrinfo(host[0] ? host : NULL, port, &hints, &all) != 0)
		return fail(address, err);
	for (struct addrinfo *one = all; one && rc == 0 && listen.n < CFT_LISTEN_MAX;
	     one = one->ai_next) {
		if (listen.port)
			set_port(one->ai_addr, listen.port);
		listen.fds[listen.n] = open_one(one);
		if (listen.fds[listen.n] < 0)
			rc = fail(address, err);
		else
			listen.port = port_of(listen.fds[listen.n++]);
	}
	freeaddrinfo(all);
	if (rc < 0)
		cft_listen_close(&listen);
	else
		*ret = listen;
	return rc;
}

void cft_listen_close(struct cft_listen *listen)
{
	for (size_t i = 0; i < listen->n; i++)
		close(listen->fds[i]);
	listen->n = 0;
}
