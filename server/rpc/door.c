/* Door: an epoll loop on a thread.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/door.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

enum {
	EVENTS = 64,
	ACCEPT_AT_ONCE = 64,
	TURN_MS = 5, /* how often those whose turn has not come are looked at */
	QUIET_MS = 1000,
	LOOK_MS = 1000,    /* how often closed connections are counted out */
	LOOK_FULL_MS = 50, /* and where a limit is reached */
	NO_DESCRIPTORS_MS = 50,
	LOOKS_REMEMBERED = 88, /* a half-life of a minute */
	WORK_MS = 20,      /* how often a process that works looks at its connections' traffic */
	WORK_PERCENT = 10, /* of one core: from here on it works */
	/* So long each pump takes at most for what it reads at once, all together. In the process's
	 * own time: on a busy machine it may not get any between two looks. */
	RIPE_CPU_US = 50000,
	CONNECTIONS_PER_MS = 50, /* and looks less often the more there are */
	HARMLESS_BYTES = 1024,   /* since the last look: too little to be abuse */
	THROWN_AWAY_AT_ONCE = 1 << 20,
	ABUSE_DELAY_MS = 250,
	KEPT_DESCRIPTORS = 256, /* for the database, files, analyzers and /metrics */
};

/* A connection that is not let in yet. */
struct guest {
	int fd, listener;
	struct cft_peer *peer;
	int64_t until_ms;
	bool spoken; /* and waits for its turn */
	struct guest *prev, *next;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* One that was, by its descriptor's number. */
struct inside {
	struct cft_peer *peer; /* NULL: none */
	dev_t device;
	ino_t inode;
	uint64_t received; /* bytes in all */
	uint64_t lately;   /* bytes of the last minute or so: half of them count after that */
	uint64_t judged;   /* bytes that gRPC had read when its traffic was looked at */
	bool busy;         /* and calls had begun since the look before */
	bool thrown_out;
	struct cft_traffic_account traffic;
	union address client;
};

struct cft_door {
	struct cft_door_options options;
	struct cft_listen listen;
	struct cft_peers *peers;
	int epoll, quit;
	pthread_t thread;
	bool running;
	struct guest *silent, *spoken; /* utlists, oldest first */
	struct inside *inside;
	size_t n_inside; /* descriptors up to here */
	int64_t looked_ms;
	int64_t worked_ms, worked_cpu_us; /* when it was seen last how much the process works */
	int64_t ripe_cpu_us;              /* at the last ripe look */
	bool ripe;
	size_t logged_refused, logged_abusers;
	int64_t shut_until_ms;
	atomic_bool shed;
	atomic_size_t open, waiting, refused, dropped, abusers, unfinished;
};

static int64_t now_ms(void)
{
	return cft_clock_mono_us() / 1000;
}

/* -- descriptors -- */

static size_t connections_possible(size_t wanted)
{
	struct rlimit limit;
	size_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return wanted;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	most = (size_t)limit.rlim_cur;
	most = most > 2 * (size_t)KEPT_DESCRIPTORS ? most - KEPT_DESCRIPTORS : most / 2;
	if (wanted <= most)
		return wanted;
	cft_log(CFT_LOG_WARN, "fewer connections than max_connections: descriptors are limited",
	        NULL);
	return most;
}

/* Also where the peer is still reading: it gets a reset, and we keep nothing. */
static void hang_up(int fd)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* -- those inside -- */

static void count_out(struct cft_door *door, struct inside *one)
{
	cft_peers_leave(door->peers, one->peer);
	one->peer = NULL;
	if (door->options.traffic)
		door->options.left(door->options.ctx, &one->client.any);
}

static void count_in(struct cft_door *door, const struct guest *guest)
{
	size_t at = (size_t)guest->fd;
	struct inside *one;
	struct stat st = {0};
	socklen_t len = sizeof(one->client);

	if (at >= door->n_inside) {
		size_t n = at + at / 2 + 64;
		door->inside = cft_realloc(door->inside, n * sizeof(*door->inside));
		memset(door->inside + door->n_inside, 0,
		       (n - door->n_inside) * sizeof(*door->inside));
		door->n_inside = n;
	}
	one = &door->inside[at];
	if (one->peer) /* the number was free again: so that one is gone */
		count_out(door, one);
	fstat(guest->fd, &st);
	*one = (struct inside){.peer = guest->peer, .device = st.st_dev, .inode = st.st_ino};
	getpeername(guest->fd, &one->client.any, &len);
}

/* Whether the descriptor is still its own. */
static bool is_there(const struct inside *one, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == one->inode && st.st_dev == one->device;
}

static uint64_t bytes_received(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_bytes_received;
}

static void count_bytes(struct inside *one, int fd)
{
	uint64_t received = bytes_received(fd);

	one->lately += received - one->received;
	one->lately -= one->lately / LOOKS_REMEMBERED;
	one->received = received;
}

static void look_who_left(struct cft_door *door, int64_t now)
{
	door->looked_ms = now;
	for (size_t fd = 0; fd < door->n_inside; fd++) {
		struct inside *one = &door->inside[fd];
		if (one->peer && !is_there(one, (int)fd))
			count_out(door, one);
		else if (one->peer)
			count_bytes(one, (int)fd);
	}
	cft_peers_forget(door->peers, now);
}

static uint64_t most_bytes(const struct cft_door *door)
{
	uint64_t most = 0;

	for (size_t fd = 0; fd < door->n_inside; fd++) {
		const struct inside *one = &door->inside[fd];
		if (one->peer && one->lately > most)
			most = one->lately;
	}
	return most;
}

/* Ends the connections that said most: what filled the memory came over them. gRPC sees the end and
 * gives back what it kept. Right after a look, so that the descriptors are theirs. */
static void shed(struct cft_door *door, int64_t now)
{
	uint64_t most = most_bytes(door);

	for (size_t fd = 0; fd < door->n_inside; fd++) {
		const struct inside *one = &door->inside[fd];
		if (!one->peer || one->lately < most / 2)
			continue;
		shutdown((int)fd, SHUT_RDWR);
		atomic_fetch_add(&door->dropped, 1);
	}
	door->shut_until_ms = now + LOOK_MS;
	cft_log(CFT_LOG_WARN, "memory is used up: ended the busiest connections", NULL);
}

/* -- those who only make work -- */

static bool works(struct cft_door *door, int64_t now)
{
	int64_t cpu_us = cft_clock_cpu_us(), used = cpu_us - door->worked_cpu_us;
	int64_t passed = now - door->worked_ms;

	door->worked_ms = now;
	door->worked_cpu_us = cpu_us;
	door->ripe = cpu_us - door->ripe_cpu_us >= RIPE_CPU_US;
	if (door->ripe)
		door->ripe_cpu_us = cpu_us;
	return used / 10 >= passed * WORK_PERCENT;
}

/* Bytes may have come long before gRPC reads them. */
static uint64_t bytes_read(int fd)
{
	int unread = 0;
	uint64_t received = bytes_received(fd);

	ioctl(fd, SIOCINQ, &unread);
	return received - (uint64_t)unread;
}

static bool is_calm(const struct inside *one, uint64_t read)
{
	return read - one->judged < HARMLESS_BYTES && !one->busy && one->traffic.waiting == 0;
}

static void forget_waiting(struct inside *one)
{
	one->traffic.waiting = one->traffic.aged = one->traffic.unfinished = 0;
}

static bool abuses(struct cft_door *door, struct inside *one, int fd, int64_t now)
{
	uint64_t read = bytes_read(fd);
	struct cft_traffic traffic;

	if (one->thrown_out || is_calm(one, read))
		return false;
	if (!is_there(one, fd) ||
	    !door->options.traffic(door->options.ctx, &one->client.any, now, &traffic)) {
		forget_waiting(one);
		return false;
	}
	one->judged = read;
	one->busy = traffic.started != one->traffic.seen.started;
	return cft_traffic_abuses(&one->traffic, &traffic, door->options.max_calls, now,
	                          door->ripe);
}

/* What gRPC has not read yet would cost as much as what it has. */
static void throw_out(struct cft_door *door, struct inside *one, int fd)
{
	shutdown(fd, SHUT_RDWR);
	while (recv(fd, NULL, THROWN_AWAY_AT_ONCE, MSG_TRUNC | MSG_DONTWAIT) > 0)
		;
	one->thrown_out = true;
	forget_waiting(one);
	cft_peers_delay(one->peer, ABUSE_DELAY_MS);
	atomic_fetch_add(&door->abusers, 1);
}

static int64_t unfinished(const struct cft_door *door)
{
	int64_t calls = 0;

	for (size_t fd = 0; fd < door->n_inside; fd++) {
		const struct inside *one = &door->inside[fd];
		calls += one->peer ? one->traffic.unfinished : 0;
	}
	return calls;
}

static size_t most_unfinished(const struct cft_door *door)
{
	size_t most = 0;

	for (size_t fd = 0; fd < door->n_inside; fd++) {
		const struct inside *one = &door->inside[fd];
		if (one->peer && one->traffic.unfinished > door->inside[most].traffic.unfinished)
			most = fd;
	}
	return most;
}

/* To half of what is allowed, so that it is not one after the other. */
static void end_unfinished(struct cft_door *door)
{
	int64_t calls = unfinished(door), most = door->options.max_unfinished;

	atomic_store(&door->unfinished, (size_t)calls);
	if (most == 0 || calls <= most)
		return;
	while (calls > most / 2) {
		size_t fd = most_unfinished(door);
		calls -= door->inside[fd].traffic.unfinished;
		throw_out(door, &door->inside[fd], (int)fd);
	}
}

static int64_t work_interval_ms(const struct cft_door *door)
{
	return WORK_MS + (int64_t)cft_peers_connections(door->peers) / CONNECTIONS_PER_MS;
}

static void look_at_traffic(struct cft_door *door, int64_t now)
{
	if (!door->options.traffic || now - door->worked_ms < work_interval_ms(door) ||
	    !works(door, now))
		return;
	for (size_t fd = 0; fd < door->n_inside; fd++) {
		struct inside *one = &door->inside[fd];
		if (one->peer && abuses(door, one, (int)fd, now))
			throw_out(door, one, (int)fd);
	}
	end_unfinished(door);
}

/* -- those at the door -- */

static struct guest **list_of(struct cft_door *door, const struct guest *guest)
{
	return guest->spoken ? &door->spoken : &door->silent;
}

static void forget_guest(struct cft_door *door, struct guest *guest)
{
	struct guest **list = list_of(door, guest);

	DL_DELETE(*list, guest);
	atomic_fetch_sub(&door->waiting, 1);
	free(guest);
}

static void turn_away(struct cft_door *door, struct guest *guest)
{
	cft_peers_leave(door->peers, guest->peer);
	hang_up(guest->fd);
	atomic_fetch_add(&door->dropped, 1);
	forget_guest(door, guest);
}

static void let_in(struct cft_door *door, struct guest *guest)
{
	int fd = guest->fd, listener = guest->listener;

	epoll_ctl(door->epoll, EPOLL_CTL_DEL, fd, NULL);
	count_in(door, guest);
	forget_guest(door, guest);
	door->options.let_in(door->options.ctx, listener, fd);
}

/* Whether it begins as its protocol does. */
static bool speaks(const struct cft_door *door, int fd)
{
	static const char http2[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	static const char handshake[] = "\x16\x03"; /* a TLS record with a ClientHello */
	const char *expected = door->options.tls ? handshake : http2;
	char said[sizeof(http2) - 1];
	ssize_t n = recv(fd, said, strlen(expected), MSG_PEEK | MSG_DONTWAIT);

	return n > 0 && memcmp(said, expected, (size_t)n) == 0;
}

static void on_guest(struct cft_door *door, struct guest *guest, uint32_t events)
{
	struct epoll_event only_end = {.events = EPOLLRDHUP, .data.ptr = guest};

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) || !speaks(door, guest->fd)) {
		turn_away(door, guest);
		return;
	}
	DL_DELETE(door->silent, guest);
	guest->spoken = true;
	DL_APPEND(door->spoken, guest);
	epoll_ctl(door->epoll, EPOLL_CTL_MOD, guest->fd, &only_end);
}

static void take_turns(struct cft_door *door, int64_t now)
{
	struct guest *guest, *next;

	DL_FOREACH_SAFE(door->spoken, guest, next)
	{
		if (cft_peers_wait_ms(guest->peer, now) != 0)
			continue;
		let_in(door, guest); /* gRPC reads what is there already, on this thread */
		now = now_ms();
		look_at_traffic(door, now);
	}
}

static void end_silence(struct cft_door *door, int64_t now)
{
	while (door->silent && door->silent->until_ms <= now)
		turn_away(door, door->silent);
}

/* -- accepting -- */

static void refuse(struct cft_door *door, int fd)
{
	hang_up(fd);
	atomic_fetch_add(&door->refused, 1);
}

static struct cft_peer *enter(struct cft_door *door, const struct sockaddr *address, int64_t now)
{
	struct cft_peer *peer = cft_peers_enter(door->peers, address);

	if (peer || now - door->looked_ms < LOOK_FULL_MS)
		return peer;
	look_who_left(door, now);
	return cft_peers_enter(door->peers, address);
}

static void receive(struct cft_door *door, int listener, int fd, const struct sockaddr *address)
{
	int64_t now = now_ms();
	struct cft_peer *peer = now < door->shut_until_ms ? NULL : enter(door, address, now);
	struct epoll_event wanted = {.events = EPOLLIN | EPOLLRDHUP};
	struct guest *guest;

	if (!peer) {
		refuse(door, fd);
		return;
	}
	guest = cft_new(struct guest);
	*guest = (struct guest){.fd = fd, .listener = listener, .peer = peer};
	guest->until_ms = now + door->options.silence_ms;
	DL_APPEND(door->silent, guest);
	atomic_fetch_add(&door->waiting, 1);
	wanted.data.ptr = guest;
	if (epoll_ctl(door->epoll, EPOLL_CTL_ADD, fd, &wanted) != 0)
		turn_away(door, guest);
}

static void accept_some(struct cft_door *door, int listener)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage from = {0};
		socklen_t len = sizeof(from);
		int fd = accept4(listener, (struct sockaddr *)&from, &len,
		                 SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			receive(door, listener, fd, (struct sockaddr *)&from);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		           errno == ENOMEM) {
			poll(NULL, 0, NO_DESCRIPTORS_MS); /* others may free some */
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

/* -- the loop -- */

static void tell_refused(struct cft_door *door)
{
	size_t refused = atomic_load(&door->refused);
	char count[32];

	if (refused == door->logged_refused)
		return;
	snprintf(count, sizeof(count), "%zu", refused - door->logged_refused);
	door->logged_refused = refused;
	cft_log(CFT_LOG_WARN, "connections refused: too many are open", "count", count, NULL);
}

static void tell_abusers(struct cft_door *door)
{
	size_t abusers = atomic_load(&door->abusers);
	char count[32];

	if (abusers == door->logged_abusers)
		return;
	snprintf(count, sizeof(count), "%zu", abusers - door->logged_abusers);
	door->logged_abusers = abusers;
	cft_log(CFT_LOG_WARN, "connections ended: they only made work", "count", count, NULL);
}

static int patience_ms(const struct cft_door *door)
{
	if (door->spoken)
		return TURN_MS;
	return door->options.traffic && cft_peers_connections(door->peers) > 0 ? WORK_MS : QUIET_MS;
}

static void on_event(struct cft_door *door, const struct epoll_event *event)
{
	for (size_t i = 0; i < door->listen.n; i++) {
		if (event->data.ptr == &door->listen.fds[i]) {
			accept_some(door, door->listen.fds[i]);
			return;
		}
	}
	on_guest(door, event->data.ptr, event->events);
}

static void *run(void *arg)
{
	struct cft_door *door = arg;
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(door->epoll, events, EVENTS, patience_ms(door));
		int64_t now = now_ms();
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == door)
				return NULL;
			on_event(door, &events[i]);
		}
		take_turns(door, now);
		end_silence(door, now);
		look_at_traffic(door, now);
		if (now - door->looked_ms >= LOOK_MS) {
			look_who_left(door, now);
			tell_refused(door);
			tell_abusers(door);
			if (atomic_exchange(&door->shed, false))
				shed(door, now);
		}
		atomic_store(&door->open, cft_peers_connections(door->peers));
	}
}

/* -- life -- */

static void watch(struct cft_door *door, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(door->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		abort();
}

int cft_door_open(const struct cft_door_options *options, struct cft_door **ret,
                  struct cft_err *err)
{
	struct cft_door *door = cft_new(struct cft_door);
	int rc = cft_listen_open(options->address, &door->listen, err);

	if (rc < 0) {
		free(door);
		return rc;
	}
	door->options = *options;
	door->options.limits.connections = connections_possible(options->limits.connections);
	door->peers = cft_peers_new(&door->options.limits);
	door->epoll = epoll_create1(EPOLL_CLOEXEC);
	door->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (door->epoll < 0 || door->quit < 0) {
		cft_fail_errno(err, errno, "cannot watch connections");
		cft_door_free(door);
		return err->code;
	}
	for (size_t i = 0; i < door->listen.n; i++)
		watch(door, door->listen.fds[i], &door->listen.fds[i]);
	watch(door, door->quit, door);
	*ret = door;
	return 0;
}

int cft_door_port(const struct cft_door *door)
{
	return door->listen.port;
}

void cft_door_start(struct cft_door *door)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&door->thread, NULL, run, door) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	door->running = true;
}

void cft_door_stop(struct cft_door *door)
{
	if (door->running) {
		eventfd_write(door->quit, 1);
		pthread_join(door->thread, NULL);
		door->running = false;
	}
	cft_listen_close(&door->listen);
	while (door->spoken)
		turn_away(door, door->spoken);
	while (door->silent)
		turn_away(door, door->silent);
}

void cft_door_free(struct cft_door *door)
{
	if (!door)
		return;
	cft_door_stop(door);
	if (door->epoll >= 0)
		close(door->epoll);
	if (door->quit >= 0)
		close(door->quit);
	cft_peers_free(door->peers);
	free(door->inside);
	free(door);
}

void cft_door_shed(struct cft_door *door)
{
	atomic_store(&door->shed, true);
}

void cft_door_measure(const struct cft_door *door, struct cft_door_stats *ret)
{
	*ret = (struct cft_door_stats){
		.open = atomic_load(&door->open),
		.waiting = atomic_load(&door->waiting),
		.most = door->options.limits.connections,
		.refused = atomic_load(&door->refused),
		.dropped = atomic_load(&door->dropped),
		.abusers = atomic_load(&door->abusers),
		.unfinished = atomic_load(&door->unfinished),
	};
}
