/* Load: sends one kind of request to a server, many in flight, and prints rate and latencies.
 * SPDX-License-Identifier: MIT
 *
 * Closed loop: so many requests are always in flight. Open loop (--rate): requests are due at fixed
 * times whatever the answers do, and latency counts from the due time, so that a stall of the
 * server is seen by all the requests it delayed (no coordinated omission).
 */
#include "tests/bench/load.h"

#include "common/base/clock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool finished(const struct load *load, int64_t now)
{
	if (load->count && load->started >= load->count)
		return true;
	return load->duration_us && now - load->start_us >= load->duration_us;
}

static void run_closed(struct load *load)
{
	for (int64_t now = load->start_us; !finished(load, now); now = cft_clock_mono_us()) {
		if (cft_client_in_flight(load->client) < (size_t)load->in_flight)
			cft_load_send(load, now);
		else
			cft_client_poll(load->client, 1000);
	}
}

static void run_open(struct load *load)
{
	double gap_us = 1e6 / load->rate;

	for (int64_t now = load->start_us; !finished(load, now); now = cft_clock_mono_us()) {
		int64_t due = load->start_us + (int64_t)((double)load->started * gap_us);
		if (due <= now)
			cft_load_send(load, due);
		else
			cft_client_poll(load->client, (int)((due - now) / 1000));
	}
}

static void report(struct load *load)
{
	double seconds = (double)(cft_clock_mono_us() - load->start_us) / 1e6;
	json_t *out = cft_latency_to_json(&load->latency);

	json_object_set_new(out, "kind", json_string(load->kind->name));
	json_object_set_new(out, "in_flight", json_integer(load->in_flight));
	json_object_set_new(out, "failed", json_integer(load->failed));
	json_object_set_new(out, "seconds", json_real(seconds));
	json_object_set_new(out, "rate", json_real((double)load->latency.us.n / seconds));
	if (load->failed)
		json_object_set_new(out, "first_error", json_string(load->first_error.message));
	char *text = cft_json_compact(out);
	puts(text);
	free(text);
	json_decref(out);
}

static int run(struct load *load)
{
	struct cft_client_options options = {.servers = load->server};
	struct cft_err err = CFT_ERR_INIT;

	if (cft_client_open(&options, &load->client, &err) != 0) {
		fprintf(stderr, "load: %s\n", err.message);
		return cft_code_exit(err.code);
	}
	load->start_us = cft_clock_mono_us();
	if (load->rate > 0)
		run_open(load);
	else
		run_closed(load);
	while (cft_client_in_flight(load->client) > 0)
		cft_client_poll(load->client, 1000);
	report(load);
	cft_client_close(load->client);
	cft_latency_release(&load->latency);
	return load->failed ? 1 : 0;
}

static int usage(void)
{
	fputs("usage: load KIND --server HOST:PORT [--project P] [--prefix TABLE] [--in-flight N]\n"
	      "            [--count N | --seconds S] [--rate PER_SECOND] [--per-table N] [--live "
	      "N]\n"
	      "KIND: register, check-seen, check-new, check-conflict, health, etcd-put, etcd-txn, "
	      "etcd-get\n",
	      stderr);
	return 2;
}

static bool parse_options(int argc, char **argv, struct load *load)
{
	static const struct option options[] = {
		{"server", required_argument, NULL, 's'},
		{"project", required_argument, NULL, 'p'},
		{"prefix", required_argument, NULL, 'x'},
		{"in-flight", required_argument, NULL, 'n'},
		{"count", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 'd'},
		{"rate", required_argument, NULL, 'r'},
		{"per-table", required_argument, NULL, 't'},
		{"live", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			load->server = optarg;
			break;
		case 'p':
			load->project = optarg;
			break;
		case 'x':
			load->prefix = optarg;
			break;
		case 'n':
			load->in_flight = (int)strtol(optarg, NULL, 10);
			break;
		case 'c':
			load->count = strtoll(optarg, NULL, 10);
			break;
		case 'd':
			load->duration_us = (int64_t)(strtod(optarg, NULL) * 1e6);
			break;
		case 'r':
			load->rate = strtod(optarg, NULL);
			break;
		case 't':
			load->per_table = strtoll(optarg, NULL, 10);
			break;
		case 'l':
			load->live = strtoll(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	}
	load->kind = optind == argc - 1 ? cft_load_kind(argv[optind]) : NULL;
	return load->kind != NULL;
}

int main(int argc, char **argv)
{
	struct load load = {.project = "bench", .prefix = "t", .in_flight = 1, .per_table = 1};

	if (!parse_options(argc, argv, &load) || !load.server || load.in_flight < 1 ||
	    load.per_table < 1 || (load.count == 0 && load.duration_us == 0))
		return usage();
	return run(&load);
}
