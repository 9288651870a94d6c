/* Load kinds: the requests that the load generator sends, to us and to etcd.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "tests/bench/load.h"

#include "confiture/v1/coordination_service.pb-c.h"
#include "etcd.pb-c.h"
#include "grpc/health/v1/health.pb-c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, SQL_MAX = 512, SEEN_TEXTS = 16, VALUE_BYTES = 1000, AGENTS = 100 };

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

static void start(struct shot *shot, const ProtobufCServiceDescriptor *service, const char *method,
                  const void *request)
{
	cft_client_start(shot->load->client, service, method, request, TIMEOUT_MS, on_done, shot);
}

/* -- ours -- */

/* `per_table` intents share a table; each adds a column of its own and an index on it. */
static void plan_text(const struct load *load, int64_t number, char *sql)
{
	int64_t table = number / load->per_table;

	snprintf(sql, SQL_MAX,
	         "ALTER TABLE %s_%" PRId64 " ADD COLUMN note_%" PRId64
	         " text NOT NULL DEFAULT ''; CREATE INDEX ON %s_%" PRId64 " (note_%" PRId64 ")",
	         load->prefix, table, number, load->prefix, table, number);
}

static void start_register(struct load *load, struct shot *shot, int64_t number)
{
	Confiture__V1__RegisterIntentRequest request = CONFITURE__V1__REGISTER_INTENT_REQUEST__INIT;
	char sql[SQL_MAX], id[17], agent[24];
	unsigned char random[8];

	plan_text(load, number, sql);
	cft_random(random, sizeof(random));
	cft_hex(random, sizeof(random), id);
	request.project = (char *)load->project;
	request.request_id = id;
	/* Many agents: one may have so many intents and no more. */
	snprintf(agent, sizeof(agent), "bench-%" PRId64, number % AGENTS);
	request.agent_id = agent;
	request.feature_name = (char *)"bench";
	request.schema_changes = sql;
	start(shot, &confiture__v1__coordination_service__descriptor, "RegisterIntent", &request);
}

static void start_check(struct load *load, struct shot *shot, const char *sql)
{
	Confiture__V1__CheckIntentRequest request = CONFITURE__V1__CHECK_INTENT_REQUEST__INIT;

	request.project = (char *)load->project;
	request.agent_id = (char *)"checker";
	request.schema_changes = (char *)sql;
	start(shot, &confiture__v1__coordination_service__descriptor, "CheckIntent", &request);
}

/* The table of some live intent. */
static int64_t a_table(const struct load *load, int64_t number)
{
	int64_t tables = load->live / load->per_table;

	return tables ? number * 7919 % tables : number;
}

/* A column that nobody has, on the table of a live intent: compared with it, and no conflict. */
static void addition_text(const struct load *load, int64_t number, char *sql)
{
	snprintf(sql, SQL_MAX, "ALTER TABLE %s_%" PRId64 " ADD COLUMN new_%" PRId64 " integer",
	         load->prefix, a_table(load, number), number);
}

static void start_check_seen(struct load *load, struct shot *shot, int64_t number)
{
	char sql[SQL_MAX];

	addition_text(load, number % SEEN_TEXTS, sql);
	start_check(load, shot, sql);
}

static void start_check_new(struct load *load, struct shot *shot, int64_t number)
{
	char sql[SQL_MAX];

	addition_text(load, number, sql);
	start_check(load, shot, sql);
}

/* With per_table 2 its two columns meet those of two live intents, and that is two conflicts. */
static void start_check_conflict(struct load *load, struct shot *shot, int64_t number)
{
	int64_t table = a_table(load, number);
	int64_t first = table * load->per_table;
	char sql[SQL_MAX];

	snprintf(sql, sizeof(sql),
	         "ALTER TABLE %s_%" PRId64 " ADD COLUMN note_%" PRId64
	         " integer, ADD COLUMN note_%" PRId64 " integer, ADD COLUMN new_%" PRId64
	         " integer",
	         load->prefix, table, first, first + 1, number);
	start_check(load, shot, sql);
}

static void start_health(struct load *load, struct shot *shot, int64_t number)
{
	Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;

	(void)load;
	(void)number;
	start(shot, &grpc__health__v1__health__descriptor, "Check", &request);
}

/* -- etcd's -- */

static ProtobufCBinaryData key_of(const struct load *load, int64_t number, char *out, size_t size)
{
	int len = snprintf(out, size, "%s_%" PRId64, load->prefix, number);

	return (ProtobufCBinaryData){(size_t)len, (uint8_t *)out};
}

static void put_init(Etcdserverpb__PutRequest *put, ProtobufCBinaryData key)
{
	static uint8_t value[VALUE_BYTES];

	memset(value, 'x', sizeof(value));
	etcdserverpb__put_request__init(put);
	put->key = key;
	put->value = (ProtobufCBinaryData){sizeof(value), value};
}

static void start_etcd_put(struct load *load, struct shot *shot, int64_t number)
{
	Etcdserverpb__PutRequest put;
	char key[64];

	put_init(&put, key_of(load, number, key, sizeof(key)));
	start(shot, &etcdserverpb__kv__descriptor, "Put", &put);
}

/* Puts if nobody has: what keeps two writers from overwriting each other. */
static void start_etcd_txn(struct load *load, struct shot *shot, int64_t number)
{
	Etcdserverpb__TxnRequest request = ETCDSERVERPB__TXN_REQUEST__INIT;
	Etcdserverpb__Compare compare = ETCDSERVERPB__COMPARE__INIT, *compares = &compare;
	Etcdserverpb__RequestOp op = ETCDSERVERPB__REQUEST_OP__INIT, *ops = &op;
	Etcdserverpb__PutRequest put;
	char key[64];

	put_init(&put, key_of(load, number, key, sizeof(key)));
	compare.key = put.key;
	compare.target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD;
	op.request_put = &put;
	request.compare = &compares;
	request.n_compare = 1;
	request.success = &ops;
	request.n_success = 1;
	start(shot, &etcdserverpb__kv__descriptor, "Txn", &request);
}

static void start_etcd_get(struct load *load, struct shot *shot, int64_t number)
{
	Etcdserverpb__RangeRequest request = ETCDSERVERPB__RANGE_REQUEST__INIT;
	char key[64];

	request.key = key_of(load, load->live ? number % load->live : number, key, sizeof(key));
	start(shot, &etcdserverpb__kv__descriptor, "Range", &request);
}

static const struct load_kind kinds[] = {
	{"register", start_register},   {"check-seen", start_check_seen},
	{"check-new", start_check_new}, {"check-conflict", start_check_conflict},
	{"health", start_health},       {"etcd-put", start_etcd_put},
	{"etcd-txn", start_etcd_txn},   {"etcd-get", start_etcd_get},
};

const struct load_kind *cft_load_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

void cft_load_send(struct load *load, int64_t due_us)
{
	struct shot *shot = cft_new(struct shot);

	shot->load = load;
	shot->due_us = due_us;
	load->kind->start(load, shot, load->started++);
}
