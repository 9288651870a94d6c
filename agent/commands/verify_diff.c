/* Verify diff: runs both scripts of a diff in throw-away databases.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/verify_diff.h"

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/introspect/introspect.h"
#include "common/migrate/script.h"
#include "common/pg/cluster.h"
#include "common/pg/pg.h"

#include <stdio.h>
#include <string.h>

/* A database that exists for the time of the check. */
struct sandbox {
	struct cft_pg *admin; /* borrowed */
	char name[64];
	struct cft_buf conninfo;
	struct cft_pg *pg;
	bool makes_roles; /* the cluster is ours alone */
};

static int sandbox_open(struct sandbox *sandbox, struct cft_pg *admin, const char *conninfo,
                        bool makes_roles, struct cft_err *err)
{
	unsigned char random[6];
	char hex[2 * sizeof(random) + 1];

	memset(sandbox, 0, sizeof(*sandbox));
	cft_random(random, sizeof(random));
	snprintf(sandbox->name, sizeof(sandbox->name), "confiture_verify_%s",
	         cft_hex(random, sizeof(random), hex));
	int rc = cft_pg_execf(admin, err, "CREATE DATABASE %s TEMPLATE template0", sandbox->name);
	if (rc != 0)
		return cft_err_prefix(err, "cannot make a database for --verify");
	sandbox->admin = admin;
	cft_pg_url_with_database(conninfo, sandbox->name, &sandbox->conninfo);
	const struct cft_pg_options options = {.url = cft_buf_str(&sandbox->conninfo),
	                                       .ignore_environment = makes_roles};
	sandbox->makes_roles = makes_roles;
	return cft_pg_connect(&options, &sandbox->pg, err);
}

static void sandbox_close(struct sandbox *sandbox)
{
	cft_pg_close(sandbox->pg);
	if (sandbox->admin)
		cft_pg_execf(sandbox->admin, NULL, "DROP DATABASE IF EXISTS %s WITH (FORCE)",
		             sandbox->name);
	cft_buf_release(&sandbox->conninfo);
}

/* Runs a statement; a role that it misses is made, where the cluster is private. */
static int run(struct sandbox *sandbox, const char *sql, struct cft_err *err)
{
	static const char start[] = "role \"";

	for (int tries = 0;; tries++) {
		int rc = cft_pg_exec(sandbox->pg, sql, NULL, err);
		const char *role = rc ? strstr(err->message, start) : NULL;
		const char *end = role ? strstr(role, "\" does not exist") : NULL;
		if (!end || !sandbox->makes_roles || tries == 20)
			return rc;
		role += strlen(start);
		if (cft_pg_in_transaction(sandbox->pg))
			return rc;
		cft_pg_execf(sandbox->pg, NULL, "CREATE ROLE \"%.*s\"", (int)(end - role), role);
		*err = (struct cft_err)CFT_ERR_INIT;
	}
}

static int load(struct sandbox *sandbox, const char *text, const char *what, struct cft_err *err)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_mig_text source = {what, text, strlen(text)};
	struct cft_mig_script script = {0};
	int rc = cft_mig_script_read(&arena, &source, &script, err);

	CFT_VEC_EACH (struct cft_mig_stmt, stmt, &script.stmts) {
		/* The rows of a dump are not part of its schema. */
		if (rc == 0 && stmt->traits.block != CFT_SQL_COPY_IN)
			rc = run(sandbox, stmt->sql, err);
		if (rc != 0)
			break;
	}
	cft_arena_release(&arena);
	if (rc == 0) /* dumps leave an empty search_path behind */
		rc = cft_pg_exec(sandbox->pg, "RESET ALL", NULL, err);
	return rc ? cft_err_prefix(err, "%s does not load", what) : 0;
}

static int failed(struct cft_err *err, const char *what)
{
	cft_err_prefix(err, "%s", what);
	err->code = CFT_E_INCONSISTENT;
	snprintf(err->reason, sizeof(err->reason), "VERIFY_FAILED");
	return err->code;
}

static int apply(struct sandbox *sandbox, const struct cft_step *steps, size_t n, const char *what,
                 struct cft_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (run(sandbox, steps[i].sql, err) != 0) {
			cft_err_hint(err, "the statement is: %s", steps[i].sql);
			return failed(err, what);
		}
	return 0;
}

/* The first differences, and the statements that would mend them. */
static int mismatch(const struct cft_plan *plan, const char *what, struct cft_err *err)
{
	int rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "VERIFY_FAILED",
	                         "%s: %zu difference(s), %s %s first (%s)", what,
	                         plan->change_count, plan->changes[0].kind, plan->changes[0].object,
	                         plan->changes[0].detail);

	if (plan->up_count)
		cft_err_hint(err, "missing: %s", plan->up[0].sql);
	return rc;
}

static int compare(const struct cft_schema *is, const struct cft_schema *should, const char *what,
                   struct cft_err *err)
{
	const struct cft_diff_options options = {.keep_owners = true};
	struct cft_plan *plan = NULL;
	int rc = cft_schema_diff(is, should, &options, &plan, err);

	if (rc == 0 && plan->change_count > 0)
		rc = mismatch(plan, what, err);
	cft_plan_free(plan);
	return rc;
}

static int check(struct sandbox *work, const struct cft_schema *old, const struct cft_schema *new,
                 const struct cft_plan *plan, struct cft_err *err)
{
	struct cft_schema *now = NULL;
	int rc = apply(work, plan->up, plan->up_count, "the up script fails", err);

	if (rc == 0)
		rc = cft_introspect_schema(work->pg, "after up", &now, err);
	if (rc == 0)
		rc = compare(now, new, "the up script does not give NEW", err);
	cft_schema_free(now);
	now = NULL;
	if (rc == 0)
		rc = apply(work, plan->down, plan->down_count, "the down script fails", err);
	if (rc == 0)
		rc = cft_introspect_schema(work->pg, "after down", &now, err);
	if (rc == 0)
		rc = compare(now, old, "the down script does not give OLD back", err);
	cft_schema_free(now);
	return rc;
}

static int load_and_read(struct sandbox *sandbox, const char *text, const char *what,
                         struct cft_schema **ret, struct cft_err *err)
{
	int rc = load(sandbox, text, what, err);

	return rc ? rc : cft_introspect_schema(sandbox->pg, what, ret, err);
}

static int verify(const struct cft_verify_request *request, struct cft_pg *admin,
                  const char *conninfo, struct cft_verify_outcome *ret, struct cft_err *err)
{
	struct sandbox work = {0}, target = {0};
	struct cft_schema *old = NULL, *new = NULL;
	int rc = sandbox_open(&work, admin, conninfo, !request->url, err);

	if (rc == 0)
		rc = sandbox_open(&target, admin, conninfo, !request->url, err);
	if (rc == 0)
		rc = load_and_read(&work, request->old_text, "OLD", &old, err);
	if (rc == 0)
		rc = load_and_read(&target, request->new_text, "NEW", &new, err);
	if (rc != 0) {
		snprintf(ret->excuse, sizeof(ret->excuse), "%s", err->message);
		*err = (struct cft_err)CFT_ERR_INIT;
		rc = 0;
	} else {
		rc = check(&work, old, new, request->plan, err);
		ret->verified = rc == 0;
	}
	cft_schema_free(old);
	cft_schema_free(new);
	sandbox_close(&work);
	sandbox_close(&target);
	return rc;
}

static int with_server(const struct cft_verify_request *request, const char *conninfo,
                       struct cft_verify_outcome *ret, struct cft_err *err)
{
	const struct cft_pg_options options = {.url = conninfo,
	                                       .ignore_environment = !request->url};
	struct cft_pg *admin = NULL;
	int rc = cft_pg_connect(&options, &admin, err);

	if (rc == 0) {
		int version = cft_pg_server_version(admin);
		snprintf(ret->version, sizeof(ret->version), "%d.%d", version / 10000,
		         version % 10000);
		rc = verify(request, admin, conninfo, ret, err);
	}
	cft_pg_close(admin);
	return rc;
}

int cft_verify_diff(const struct cft_verify_request *request, struct cft_verify_outcome *ret,
                    struct cft_err *err)
{
	const struct cft_cluster_options options = {.throw_away = true};
	struct cft_cluster *cluster = NULL;
	struct cft_buf conninfo = CFT_BUF_INIT;
	int rc = 0;

	memset(ret, 0, sizeof(*ret));
	if (request->url)
		return with_server(request, request->url, ret, err);
	if (cft_cluster_open(&options, &cluster, err) != 0) {
		snprintf(ret->excuse, sizeof(ret->excuse), "%s", err->message);
		*err = (struct cft_err)CFT_ERR_INIT;
		return 0;
	}
	cft_cluster_url(cluster, "postgres", &conninfo);
	rc = with_server(request, cft_buf_str(&conninfo), ret, err);
	cft_buf_release(&conninfo);
	cft_cluster_close(cluster);
	return rc;
}
