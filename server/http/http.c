/* Http: evhttp on a thread.
 * SPDX-License-Identifier: MIT
 */
#include "server/http/http.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEADERS_MAX_BYTES = 8 << 10,
	TIMEOUT_S = 5,
	STALLED_MS = 10000, /* the loop has not turned for so long: not alive */
};

struct cft_http {
	struct cft_metrics *metrics;
	struct event_base *base;
	struct evhttp *server;
	struct event *quit;
	int quit_fd, port;
	pthread_t thread;
	bool running;
};

static void answer(struct evhttp_request *request, int code, const char *type, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, text, strlen(text));
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
	evhttp_send_reply(request, code, code == HTTP_OK ? "OK" : "Service Unavailable", body);
	evbuffer_free(body);
}

static void on_metrics(struct evhttp_request *request, void *ctx)
{
	struct cft_http *http = ctx;
	struct cft_buf text = CFT_BUF_INIT;

	cft_metrics_write(http->metrics, &text);
	answer(request, HTTP_OK, "text/plain; version=0.0.4", cft_buf_str(&text));
	cft_buf_release(&text);
}

static bool alive(const struct cft_http *http)
{
	int64_t turned_ms = cft_metrics_get(http->metrics, CFT_METRIC_LOOP_TURN);

	return cft_clock_mono_us() / 1000 - turned_ms < STALLED_MS;
}

static void on_health(struct evhttp_request *request, void *ctx)
{
	bool ok = alive(ctx);

	answer(request, ok ? HTTP_OK : HTTP_SERVUNAVAIL, "text/plain",
	       ok ? "ok\n" : "the event loop does not turn\n");
}

static void on_ready(struct evhttp_request *request, void *ctx)
{
	struct cft_http *http = ctx;
	const char *why = NULL;

	if (!alive(http))
		why = "the event loop does not turn\n";
	else if (cft_metrics_get(http->metrics, CFT_METRIC_DRAINING))
		why = "the server is stopping\n";
	else if (!cft_metrics_get(http->metrics, CFT_METRIC_DATABASE_UP))
		why = "the database does not answer\n";
	answer(request, why ? HTTP_SERVUNAVAIL : HTTP_OK, "text/plain", why ? why : "ready\n");
}

static void on_quit(evutil_socket_t fd, short what, void *ctx)
{
	struct cft_http *http = ctx;

	(void)fd;
	(void)what;
	event_base_loopbreak(http->base);
}

static void *serve(void *ctx)
{
	struct cft_http *http = ctx;

	event_base_dispatch(http->base);
	return NULL;
}

static int port_of(evutil_socket_t fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static int bind_address(struct cft_http *http, const char *listen, struct cft_err *err)
{
	const char *colon = strrchr(listen, ':');
	size_t len = (size_t)(colon - listen);
	bool v6 = len > 1 && listen[0] == '[';
	char *host = cft_asprintf("%.*s", (int)(v6 ? len - 2 : len), listen + v6);
	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(
		http->server, host, (ev_uint16_t)strtol(colon + 1, NULL, 10));

	free(host);
	if (!bound)
		return cft_fail_reason(err, CFT_E_UNAVAILABLE, "ADDRESS_IN_USE",
		                       "cannot listen on %s: the address is taken or not ours",
		                       listen);
	http->port = port_of(evhttp_bound_socket_get_fd(bound));
	return 0;
}

static void configure(struct cft_http *http)
{
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(http->server, HEADERS_MAX_BYTES);
	evhttp_set_max_body_size(http->server, 0);
	evhttp_set_timeout(http->server, TIMEOUT_S);
	evhttp_set_cb(http->server, "/metrics", on_metrics, http);
	evhttp_set_cb(http->server, "/healthz", on_health, http);
	evhttp_set_cb(http->server, "/readyz", on_ready, http);
}

/* The thread takes no signals: they are the loop's. */
static void start_thread(struct cft_http *http)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	http->running = pthread_create(&http->thread, NULL, serve, http) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int cft_http_start(const char *listen, struct cft_metrics *metrics, struct cft_http **ret,
                   struct cft_err *err)
{
	struct cft_http *http = cft_new(struct cft_http);
	int rc;

	http->metrics = metrics;
	http->quit_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	http->base = event_base_new();
	http->server = http->base ? evhttp_new(http->base) : NULL;
	if (!http->server || http->quit_fd < 0) {
		cft_http_stop(http);
		return cft_fail_errno(err, errno, "cannot serve metrics");
	}
	configure(http);
	rc = bind_address(http, listen, err);
	if (rc < 0) {
		cft_http_stop(http);
		return rc;
	}
	http->quit = event_new(http->base, http->quit_fd, EV_READ, on_quit, http);
	event_add(http->quit, NULL);
	start_thread(http);
	*ret = http;
	return 0;
}

int cft_http_port(const struct cft_http *http)
{
	return http->port;
}

void cft_http_stop(struct cft_http *http)
{
	if (!http)
		return;
	if (http->running) {
		eventfd_write(http->quit_fd, 1);
		pthread_join(http->thread, NULL);
	}
	if (http->quit)
		event_free(http->quit);
	if (http->server)
		evhttp_free(http->server);
	if (http->base)
		event_base_free(http->base);
	if (http->quit_fd >= 0)
		close(http->quit_fd);
	free(http);
}
