/* Child: the worker process: reads its job, runs it, writes frames.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/process.h"
#include "common/pg/pg.h"
#include "common/rpc/codec.h"
#include "common/rpc/status.h"
#include "server/worker/frame.h"
#include "server/worker/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MAX_MIB = 4096, REQUEST_MAX_BYTES = 64 << 20 };

/* The one engine that a cancel of the server's is for. */
static struct {
	pthread_mutex_t mutex;
	struct cft_mig_engine *engine;
	bool cancelled;
} control = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* -- pipes -- */

static void write_frame(enum cft_worker_frame_kind kind, int code, const struct cft_buf *body)
{
	struct cft_worker_output header = {kind, code, (uint32_t)body->len};

	cft_fd_write(STDOUT_FILENO, &header, sizeof(header));
	cft_fd_write(STDOUT_FILENO, cft_buf_str(body), body->len);
}

void cft_worker_say(const Confiture__V1__OperationProgress *progress)
{
	struct cft_buf body = CFT_BUF_INIT;

	cft_proto_pack(progress, &body);
	write_frame(CFT_WORKER_PROGRESS, 0, &body);
	cft_buf_release(&body);
}

static void cancel(void)
{
	pthread_mutex_lock(&control.mutex);
	control.cancelled = true;
	if (control.engine)
		cft_mig_engine_cancel(control.engine);
	pthread_mutex_unlock(&control.mutex);
}

void cft_worker_set_engine(struct cft_mig_engine *engine)
{
	pthread_mutex_lock(&control.mutex);
	control.engine = engine;
	if (engine && control.cancelled)
		cft_mig_engine_cancel(engine);
	pthread_mutex_unlock(&control.mutex);
}

/* A byte is a cancel; the end of the input is the end of the server, and ours: PostgreSQL rolls
 * back what is open. */
static void *listen_to_server(void *arg)
{
	char byte;

	(void)arg;
	while (cft_fd_read(STDIN_FILENO, &byte, 1))
		cancel();
	_exit(1);
}

/* -- the job -- */

const char *cft_worker_text(const struct cft_worker_child *child, const char *key)
{
	const char *text = json_string_value(json_object_get(child->job, key));

	return text ? text : "";
}

int64_t cft_worker_number(const struct cft_worker_child *child, const char *key)
{
	return json_integer_value(json_object_get(child->job, key));
}

static const struct method {
	const char *name;
	const ProtobufCMessageDescriptor *request;
	cft_worker_method *run;
} methods[] = {
	{"GetMigrationStatus", &confiture__v1__get_migration_status_request__descriptor,
         cft_worker_status},
	{"PlanMigrations", &confiture__v1__plan_migrations_request__descriptor, cft_worker_plan},
	{"ApplyMigrations", &confiture__v1__apply_migrations_request__descriptor, cft_worker_apply},
	{"RollbackMigrations", &confiture__v1__rollback_migrations_request__descriptor,
         cft_worker_rollback},
	{"BaselineMigrations", &confiture__v1__baseline_migrations_request__descriptor,
         cft_worker_baseline},
	{"RepairMigration", &confiture__v1__repair_migration_request__descriptor,
         cft_worker_repair},
	{"BuildSchema", &confiture__v1__build_schema_request__descriptor, cft_worker_build},
	{"DiffSchema", &confiture__v1__diff_schema_request__descriptor, cft_worker_diff},
	{"GenerateMigration", &confiture__v1__generate_migration_request__descriptor,
         cft_worker_generate},
	{"LintMigration", &confiture__v1__lint_migration_request__descriptor, cft_worker_lint},
	{"DetectDrift", &confiture__v1__detect_drift_request__descriptor, cft_worker_drift},
	{"GetSchemaSnapshot", &confiture__v1__get_schema_snapshot_request__descriptor,
         cft_worker_snapshot},
};

static int run_job(struct cft_worker_child *child, const char *request, size_t len,
                   struct cft_buf *out, struct cft_err *err)
{
	const char *name = cft_worker_text(child, "method");
	void *message = NULL, *response = NULL;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, name) != 0)
			continue;
		int rc = cft_proto_unpack(methods[i].request, request, len, child->arena, &message,
		                          err);
		if (rc == 0)
			rc = methods[i].run(child, message, &response, err);
		if (rc == 0)
			cft_proto_pack(response, out);
		return rc;
	}
	return cft_fail(err, CFT_E_INTERNAL, "no method %s", name);
}

/* Not the server, which could be asked again at once. */
static void name_target(const struct cft_worker_child *child, struct cft_err *err)
{
	if (err->code == CFT_E_UNAVAILABLE && cft_worker_text(child, "url")[0])
		snprintf(err->reason, sizeof(err->reason), "TARGET_UNREACHABLE");
}

static void answer(struct cft_worker_child *child, const char *request, size_t len)
{
	struct cft_buf out = CFT_BUF_INIT;
	struct cft_err err = CFT_ERR_INIT;
	int rc = cft_file_temporary("confiture-worker", &child->dir, &err);

	if (rc == 0 && chdir(child->dir) != 0)
		rc = cft_fail_errno(&err, errno, "cannot enter %s", child->dir);
	if (rc == 0)
		rc = run_job(child, request, len, &out, &err);
	if (child->dir)
		cft_file_remove_tree(child->dir);
	free(child->dir);
	if (rc != 0) {
		cft_buf_clear(&out);
		name_target(child, &err);
		cft_status_encode(&err, &out);
	}
	write_frame(rc == 0 ? CFT_WORKER_RESULT : CFT_WORKER_ERROR, rc, &out);
	cft_buf_release(&out);
}

int cft_worker_child_main(void)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_worker_child child = {.arena = &arena};
	struct cft_worker_input header;
	struct cft_err err;
	pthread_t listener;

	cft_process_confine(&(struct cft_process_limits){true, MEMORY_MAX_MIB});
	cft_pg_forget_environment();
	if (!cft_fd_read(STDIN_FILENO, &header, sizeof(header)) ||
	    header.request_bytes > REQUEST_MAX_BYTES || header.job_bytes > REQUEST_MAX_BYTES)
		return 1;
	char *input = cft_arena_alloc(&arena, (size_t)header.job_bytes + header.request_bytes + 1);
	if (!cft_fd_read(STDIN_FILENO, input, (size_t)header.job_bytes + header.request_bytes))
		return 1;
	child.job = cft_json_parse(input, header.job_bytes, &err);
	if (!child.job || pthread_create(&listener, NULL, listen_to_server, NULL) != 0)
		return 1;
	answer(&child, input + header.job_bytes, header.request_bytes);
	/* Not return: the listener reads until the end of the process. */
	_exit(0);
}
