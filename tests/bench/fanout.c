/* Fanout: one event to many streams: when does the last of them have it?
 * SPDX-License-Identifier: MIT
 *
 * A thread of its own reads all the streams; the main thread makes the events, one a round. Both
 * look at the same clock: `last` counts from the start of the event's request to the last stream
 * that got it, `after_reply` from its answer to the first one (negative where that was earlier).
 * --hold opens the streams, says so, and waits for the end of its input: for measuring memory.
 */
#include "tests/bench/fanout.h"

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "tests/bench/latency.h"

#include <getopt.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fanout {
	const struct fanout_kind *kind;
	const char *server, *fire_server, *project;
	long n_streams, rounds;
	bool hold;
	struct cft_client *client, *fire_client;
	struct cft_stream **streams;
	sem_t begin, done;
	int64_t first_us, last_us; /* the reader's; the main thread looks after `done` */
};

static struct cft_client *open_client(const char *server)
{
	struct cft_client_options options = {.servers = server, .own_connection = true};
	struct cft_client *client;
	struct cft_err err = CFT_ERR_INIT;

	if (cft_client_open(&options, &client, &err) != 0) {
		fprintf(stderr, "fanout: %s\n", err.message);
		exit(1);
	}
	return client;
}

static void *read_rounds(void *arg)
{
	struct fanout *f = arg;

	for (long round = 0; round < f->rounds; round++) {
		struct cft_arena arena = CFT_ARENA_INIT;

		sem_wait(&f->begin);
		for (long i = 0; i < f->n_streams; i++) {
			f->kind->read(f->streams[i], &arena);
			if (i == 0)
				f->first_us = cft_clock_mono_us();
		}
		f->last_us = cft_clock_mono_us();
		cft_arena_release(&arena);
		sem_post(&f->done);
	}
	return NULL;
}

static void print(struct fanout *f, struct cft_latency *last, struct cft_latency *after_reply)
{
	json_t *out = json_pack("{s:s,s:I,s:o,s:o}", "kind", f->kind->name, "streams",
	                        (json_int_t)f->n_streams, "last", cft_latency_to_json(last),
	                        "after_reply", cft_latency_to_json(after_reply));
	char *text = cft_json_compact(out);

	puts(text);
	free(text);
	json_decref(out);
}

static void measure(struct fanout *f)
{
	struct cft_latency last = {0}, after_reply = {0};
	pthread_t reader;

	sem_init(&f->begin, 0, 0);
	sem_init(&f->done, 0, 0);
	if (pthread_create(&reader, NULL, read_rounds, f) != 0)
		abort();
	for (long round = 0; round < f->rounds; round++) {
		sem_post(&f->begin);
		usleep(2000); /* the reader waits in the queue by now */
		int64_t start_us = cft_clock_mono_us();
		f->kind->fire(f->fire_client, f->project, round);
		int64_t reply_us = cft_clock_mono_us();
		sem_wait(&f->done);
		cft_latency_add(&last, f->last_us - start_us);
		cft_latency_add(&after_reply, f->first_us - reply_us);
	}
	pthread_join(reader, NULL);
	print(f, &last, &after_reply);
	cft_latency_release(&last);
	cft_latency_release(&after_reply);
}

static void run(struct fanout *f)
{
	char byte;

	f->client = open_client(f->server);
	f->fire_client = open_client(f->fire_server);
	f->streams = cft_malloc((size_t)f->n_streams * sizeof(struct cft_stream *));
	for (long i = 0; i < f->n_streams; i++)
		f->streams[i] = f->kind->open(f->client, f->project);
	if (f->hold) {
		puts("open");
		fflush(stdout);
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
	} else {
		sleep(1); /* until the server knows all the streams */
		measure(f);
	}
	for (long i = 0; i < f->n_streams; i++)
		cft_stream_close(f->streams[i]);
	free(f->streams);
	cft_client_close(f->client);
	cft_client_close(f->fire_client);
}

static int usage(void)
{
	fputs("usage: fanout confiture|etcd|bare --server HOST:PORT [--fire-server HOST:PORT]\n"
	      "              [--project P] [--streams N] [--rounds N | --hold]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"server", required_argument, NULL, 's'},
		{"fire-server", required_argument, NULL, 'f'},
		{"project", required_argument, NULL, 'p'},
		{"streams", required_argument, NULL, 'n'},
		{"rounds", required_argument, NULL, 'r'},
		{"hold", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct fanout f = {.project = "fanout", .n_streams = 1, .rounds = 10};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			f.server = optarg;
			break;
		case 'f':
			f.fire_server = optarg;
			break;
		case 'p':
			f.project = optarg;
			break;
		case 'n':
			f.n_streams = strtol(optarg, NULL, 10);
			break;
		case 'r':
			f.rounds = strtol(optarg, NULL, 10);
			break;
		case 'h':
			f.hold = true;
			break;
		default:
			return usage();
		}
	}
	f.kind = optind == argc - 1 ? cft_fanout_kind(argv[optind]) : NULL;
	if (!f.kind || !f.server || f.n_streams < 1)
		return usage();
	if (!f.fire_server)
		f.fire_server = f.server;
	run(&f);
	return 0;
}
