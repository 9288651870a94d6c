/* Load: sends one kind of request to a server, many in flight, and prints rate and latencies.
 * SPDX-License-Identifier: MIT
 *
 * Closed loop: so many requests are always in flight. Open loop (--rate): requests are due at fixed
 * times whatever the answers do, and latency counts from the due time, so that a stall of the
 * server is seen by all the requests it delayed (no coordinated omission).
 */
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/rpc/client.h"
#include "tests/bench/latency.h"

#include "confiture/v1/coordination_service.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum request_kind { REGISTER, CHECK_SEEN, CHECK_NEW, HEALTH };

static const char *const kind_names[] = {"register", "check-seen", "check-new", "health"};

struct load {
	/* settings */
	enum request_kind kind;
	const char *server, *project, *prefix;
	int in_flight, overlap;
	int64_t count, duration_us;
	double rate;
	/* the run */
	struct cft_client *client;
	struct cft_latency latency;
	int64_t start_us, started, failed;
	struct cft_err first_error;
};

struct shot {
	struct load *load;
	int64_t due_us;
};

static void on_done(void *arg, const void *response, const struct cft_err *err)
{
	struct shot *shot = arg;
	struct load *load = shot->load;

	(void)response;
	if (err->code == 0)
		cft_latency_add(&load->latency, cft_clock_mono_us() - shot->due_us);
	else if (load->failed++ == 0)
		load->first_error = *err;
	free(shot);
}

/* Every intent works on a table of its own, except every `overlap`-th, which all share one. */
static const char *sql_of(const struct load *load, int64_t number, char *out, size_t size)
{
	int64_t table = load->overlap && number % load->overlap == 0 ? 0 : number + 1;

	if (load->kind == CHECK_SEEN)
		table = number % 16 + 1;
	snprintf(out, size,
	         "ALTER TABLE %s_%" PRId64 " ADD COLUMN note_%" PRId64
	         " text NOT NULL DEFAULT ''; CREATE INDEX ON %s_%" PRId64 " (note_%" PRId64 ")",
	         load->prefix, table, table, load->prefix, table, table);
	return out;
}

static void start_register(struct load *load, struct shot *shot, char *sql)
{
	Confiture__V1__RegisterIntentRequest request = CONFITURE__V1__REGISTER_INTENT_REQUEST__INIT;
	unsigned char random[8];
	char id[17];

	cft_random(random, sizeof(random));
	cft_hex(random, sizeof(random), id);
	request.project = (char *)load->project;
	request.request_id = id;
	request.agent_id = (char *)"bench";
	request.feature_name = (char *)"bench";
	request.schema_changes = sql;
	cft_client_start(load->client, &confiture__v1__coordination_service__descriptor,
	                 "RegisterIntent", &request, 60000, on_done, shot);
}

static void start_check(struct load *load, struct shot *shot, char *sql)
{
	Confiture__V1__CheckIntentRequest request = CONFITURE__V1__CHECK_INTENT_REQUEST__INIT;

	request.project = (char *)load->project;
	request.agent_id = (char *)"checker";
	request.schema_changes = sql;
	cft_client_start(load->client, &confiture__v1__coordination_service__descriptor,
	                 "CheckIntent", &request, 60000, on_done, shot);
}

static void start_health(struct load *load, struct shot *shot)
{
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

	cft_client_start(load->client, &grpc__health__v1__health__descriptor, "Check", &request,
	                 60000, on_done, shot);
}

static void start_one(struct load *load, int64_t due_us)
{
	struct shot *shot = cft_new(struct shot);
	char sql[512];

	shot->load = load;
	shot->due_us = due_us;
	sql_of(load, load->started++, sql, sizeof(sql));
	switch (load->kind) {
	case REGISTER:
		start_register(load, shot, sql);
		break;
	case CHECK_SEEN:
	case CHECK_NEW:
		start_check(load, shot, sql);
		break;
	case HEALTH:
		start_health(load, shot);
		break;
	}
}

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
			start_one(load, now);
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
			start_one(load, due);
		else
			cft_client_poll(load->client, (int)((due - now) / 1000));
	}
}

static void report(struct load *load)
{
	double seconds = (double)(cft_clock_mono_us() - load->start_us) / 1e6;
	json_t *out = cft_latency_to_json(&load->latency);

	json_object_set_new(out, "kind", json_string(kind_names[load->kind]));
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
	      "            [--count N | --seconds S] [--rate PER_SECOND] [--overlap N]\n"
	      "KIND: register, check-seen, check-new, health\n",
	      stderr);
	return 2;
}

static bool parse_kind(const char *name, enum request_kind *ret)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strcmp(name, kind_names[i]) == 0) {
			*ret = (enum request_kind)i;
			return true;
		}
	}
	return false;
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
		{"overlap", required_argument, NULL, 'o'},
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
		case 'o':
			load->overlap = (int)strtol(optarg, NULL, 10);
			break;
		default:
			return false;
		}
	}
	return optind == argc - 1 && parse_kind(argv[optind], &load->kind);
}

int main(int argc, char **argv)
{
	struct load load = {.project = "bench", .prefix = "t", .in_flight = 1};

	if (!parse_options(argc, argv, &load) || !load.server || load.in_flight < 1 ||
	    (load.count == 0 && load.duration_us == 0))
		return usage();
	return run(&load);
}
