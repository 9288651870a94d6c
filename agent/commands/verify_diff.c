/* Verify diff: runs both scripts of a diff in throw-away databases.
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/verify_diff.h"

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/introspect/introspect.h"
#include "common/migrate/script.h"
#include "common/pg/pg.h"

#include <stdio.h>
#include <string.h>

/* A database that exists for the time of the check. */
struct sandbox {
	struct cft_pg *admin; /* borrowed */
	char name[64];
	struct cft_buf conninfo;
	struct cft_pg *pg;
};

static int sandbox_open(struct sandbox *sandbox, struct cft_pg *admin, const char *conninfo,
                        struct cft_err *err)
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
	return cft_pg_open(cft_buf_str(&sandbox->conninfo), &sandbox->pg, err);
}

static void sandbox_close(struct sandbox *sandbox)
{
	cft_pg_close(sandbox->pg);
	if (sandbox->admin)
		cft_pg_execf(sandbox->admin, NULL, "DROP DATABASE IF EXISTS %s WITH (FORCE)",
		             sandbox->name);
	cft_buf_release(&sandbox->conninfo);
}

static int failed(struct cft_err *err, const char *what)
{
	cft_err_prefix(err, "%s", what);
	err->code = CFT_E_INCONSISTENT;
	snprintf(err->reason, sizeof(err->reason), "VERIFY_FAILED");
	return err->code;
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
			rc = cft_pg_exec(sandbox->pg, stmt->sql, NULL, err);
		if (rc != 0)
			break;
	}
	cft_arena_release(&arena);
	if (rc == 0) /* dumps leave an empty search_path behind */
		rc = cft_pg_exec(sandbox->pg, "RESET ALL", NULL, err);
	return rc ? failed(err, what) : 0;
}

static int apply(struct sandbox *sandbox, const struct cft_step *steps, size_t n, const char *what,
                 struct cft_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (cft_pg_exec(sandbox->pg, steps[i].sql, NULL, err) != 0) {
			cft_err_hint(err, "the statement is: %s", steps[i].sql);
			return failed(err, what);
		}
	return 0;
}

static int compare(struct sandbox *is, struct sandbox *should, const char *what,
                   struct cft_err *err)
{
	struct cft_diff_options options = {.keep_owners = true};
	struct cft_schema *a = NULL, *b = NULL;
	struct cft_plan *plan = NULL;
	int rc = cft_introspect_schema(is->pg, is->name, &a, err);

	if (rc == 0)
		rc = cft_introspect_schema(should->pg, should->name, &b, err);
	if (rc == 0)
		rc = cft_schema_diff(a, b, &options, &plan, err);
	if (rc == 0 && plan->change_count > 0)
		rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "VERIFY_FAILED",
		                     "%s: %s %s is not as it should be (%s)", what,
		                     plan->changes[0].kind, plan->changes[0].object,
		                     plan->changes[0].detail);
	cft_plan_free(plan);
	cft_schema_free(a);
	cft_schema_free(b);
	return rc;
}

static int check(struct sandbox *work, struct sandbox *old_one, struct sandbox *new_one,
                 const char *old_text, const char *new_text, const struct cft_plan *plan,
                 struct cft_err *err)
{
	int rc = load(work, old_text, "OLD does not load", err);

	if (rc == 0)
		rc = load(old_one, old_text, "OLD does not load", err);
	if (rc == 0)
		rc = load(new_one, new_text, "NEW does not load", err);
	if (rc == 0)
		rc = apply(work, plan->up, plan->up_count, "the up script fails", err);
	if (rc == 0)
		rc = compare(work, new_one, "after the up script", err);
	if (rc == 0)
		rc = apply(work, plan->down, plan->down_count, "the down script fails", err);
	if (rc == 0)
		rc = compare(work, old_one, "after the down script", err);
	return rc;
}

int cft_verify_diff(const char *conninfo, const char *old_text, const char *new_text,
                    const struct cft_plan *plan, struct cft_err *err)
{
	struct sandbox sandboxes[3] = {0};
	struct cft_pg *admin = NULL;
	int rc = cft_pg_open(conninfo, &admin, err);

	for (int i = 0; rc == 0 && i < 3; i++)
		rc = sandbox_open(&sandboxes[i], admin, conninfo, err);
	if (rc == 0)
		rc = check(&sandboxes[0], &sandboxes[1], &sandboxes[2], old_text, new_text, plan,
		           err);
	for (int i = 0; i < 3; i++)
		sandbox_close(&sandboxes[i]);
	cft_pg_close(admin);
	return rc;
}
