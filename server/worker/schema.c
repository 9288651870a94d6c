/* Schema: BuildSchema, DiffSchema, GenerateMigration, LintMigration: files in, answers out.
 * SPDX-License-Identifier: MIT
 */
#include "server/worker/child.h"

#include "common/base/digest.h"
#include "common/migrate/generate.h"
#include "common/migrate/lint.h"
#include "common/migrate/version.h"
#include "server/worker/show.h"

#include <stdlib.h>
#include <string.h>

static ProtobufCBinaryData bytes(struct cft_arena *arena, const struct cft_buf *buf)
{
	ProtobufCBinaryData data = {buf->len, cft_arena_alloc(arena, buf->len + 1)};

	memcpy(data.data, cft_buf_str(buf), buf->len);
	return data;
}

static char *digest(struct cft_arena *arena, const struct cft_buf *buf)
{
	char hex[CFT_SHA256_HEX];

	return cft_arena_strdup(arena, cft_sha256_hex(cft_buf_str(buf), buf->len, hex));
}

int cft_worker_build(struct cft_worker_child *child, const void *request, void **ret_response,
                     struct cft_err *err)
{
	const Confiture__V1__BuildSchemaRequest *r = request;
	Confiture__V1__BuildSchemaResponse *response =
		cft_arena_new(child->arena, Confiture__V1__BuildSchemaResponse);
	struct cft_buf script = CFT_BUF_INIT;
	struct cft_schema *schema = NULL;

	confiture__v1__build_schema_response__init(response);
	int rc = cft_worker_script(r->files, r->n_files, &script, err);
	if (rc == 0)
		rc = cft_schema_read_text(cft_buf_str(&script), script.len, "the files", &schema,
		                          err);
	if (rc == 0) {
		response->script = bytes(child->arena, &script);
		response->sha256 = digest(child->arena, &script);
		response->fingerprint = cft_worker_fingerprint(child->arena, schema);
		response->object_count = (uint32_t)cft_schema_count(schema);
	}
	cft_schema_free(schema);
	cft_buf_release(&script);
	*ret_response = response;
	return rc;
}

/* -- diff -- */

struct diff {
	struct cft_buf old_text, new_text;
	struct cft_schema *old_schema, *new_schema;
	struct cft_plan *plan;
};

static int read_side(Confiture__V1__SourceFile **files, size_t n, const char *name,
                     struct cft_buf *text, const struct cft_schema *other, struct cft_schema **ret,
                     struct cft_err *err)
{
	int rc = cft_worker_script(files, n, text, err);

	return rc ? rc
	          : cft_schema_read_beside(cft_buf_str(text), text->len, name, other, ret, err);
}

static int compare(struct cft_worker_child *child, const Confiture__V1__DiffSchemaRequest *r,
                   struct diff *diff, struct cft_err *err)
{
	const char **renames = cft_arena_array(child->arena, const char *, r->n_renames + 1);
	struct cft_diff_options options = {
		.online = r->online,
		.renames = renames,
		.keep_owners = !r->compare_owners,
		.keep_privileges = !r->compare_privileges,
	};

	for (size_t i = 0; i < r->n_renames; i++)
		renames[i] = r->renames[i];
	int rc = read_side(r->old_files, r->n_old_files, "old_files", &diff->old_text, NULL,
	                   &diff->old_schema, err);
	if (rc == 0)
		rc = read_side(r->new_files, r->n_new_files, "new_files", &diff->new_text,
		               diff->old_schema, &diff->new_schema, err);
	if (rc == 0)
		rc = cft_schema_diff(diff->old_schema, diff->new_schema, &options, &diff->plan,
		                     err);
	return rc;
}

static void release(struct diff *diff)
{
	cft_plan_free(diff->plan);
	cft_schema_free(diff->old_schema);
	cft_schema_free(diff->new_schema);
	cft_buf_release(&diff->old_text);
	cft_buf_release(&diff->new_text);
}

int cft_worker_diff(struct cft_worker_child *child, const void *request, void **ret_response,
                    struct cft_err *err)
{
	struct cft_arena *arena = child->arena;
	Confiture__V1__DiffSchemaResponse *response =
		cft_arena_new(arena, Confiture__V1__DiffSchemaResponse);
	struct diff diff = {0};
	int rc = compare(child, request, &diff, err);

	confiture__v1__diff_schema_response__init(response);
	if (rc == 0) {
		const struct cft_plan *plan = diff.plan;

		response->changes = cft_worker_changes(arena, plan, &response->n_changes);
		response->up = cft_worker_steps(arena, plan->up, plan->up_count);
		response->n_up = plan->up_count;
		response->down = cft_worker_steps(arena, plan->down, plan->down_count);
		response->n_down = plan->down_count;
		response->not_included = cft_worker_refused(arena, plan, &response->n_not_included);
		response->renames_suggested =
			cft_worker_renames(arena, plan, &response->n_renames_suggested);
	}
	release(&diff);
	*ret_response = response;
	return rc;
}

/* -- generate -- */

static const struct cft_mig_statement *statements(struct cft_arena *arena,
                                                  const struct cft_step *steps, size_t n)
{
	struct cft_mig_statement *list = cft_arena_array(arena, struct cft_mig_statement, n);

	for (size_t i = 0; i < n; i++) {
		list[i].sql = steps[i].sql;
		list[i].note = steps[i].hazard[0] ? steps[i].hazard : NULL;
	}
	return list;
}

static Confiture__V1__SourceFile *draft_file(struct cft_arena *arena,
                                             const struct cft_mig_draft *draft, bool down)
{
	Confiture__V1__SourceFile *file = cft_arena_new(arena, Confiture__V1__SourceFile);
	struct cft_buf text = CFT_BUF_INIT;

	confiture__v1__source_file__init(file);
	cft_mig_draft_sql(draft, down, &text);
	file->name = cft_arena_printf(arena, "%s_%s.%s.sql", draft->version, draft->name,
	                              down ? "down" : "up");
	file->content = bytes(arena, &text);
	file->sha256 = digest(arena, &text);
	cft_buf_release(&text);
	return file;
}

static int make_files(struct cft_arena *arena, const Confiture__V1__GenerateMigrationRequest *r,
                      const struct cft_plan *plan,
                      Confiture__V1__GenerateMigrationResponse *response, struct cft_err *err)
{
	struct cft_mig_draft draft = {
		.version = r->version,
		.up = statements(arena, plan->up, plan->up_count),
		.down = statements(arena, plan->down, plan->down_count),
		.up_count = plan->up_count,
		.down_count = plan->down_count,
	};
	int rc = cft_mig_name_slug(arena, r->name, &draft.name, err);

	if (rc != 0)
		return rc;
	response->not_included = cft_worker_refused(arena, plan, &response->n_not_included);
	if (plan->up_count == 0)
		return 0;
	response->files = cft_arena_array(arena, Confiture__V1__SourceFile *, 2);
	response->files[0] = draft_file(arena, &draft, false);
	response->files[1] = draft_file(arena, &draft, true);
	response->n_files = 2;
	return 0;
}

int cft_worker_generate(struct cft_worker_child *child, const void *request, void **ret_response,
                        struct cft_err *err)
{
	const Confiture__V1__GenerateMigrationRequest *r = request;
	Confiture__V1__GenerateMigrationResponse *response =
		cft_arena_new(child->arena, Confiture__V1__GenerateMigrationResponse);
	struct diff diff = {0};
	int rc = 0;

	confiture__v1__generate_migration_response__init(response);
	if (!cft_mig_version_valid(r->version))
		rc = cft_fail(err, CFT_E_INVALID, "\"%s\" is not a version: digits", r->version);
	else if (!r->diff)
		rc = cft_fail(err, CFT_E_INVALID, "diff is required: from what to what");
	if (rc == 0)
		rc = compare(child, r->diff, &diff, err);
	if (rc == 0)
		rc = make_files(child->arena, r, diff.plan, response, err);
	release(&diff);
	*ret_response = response;
	return rc;
}

/* -- lint -- */

static int lint_file(struct cft_arena *arena, const Confiture__V1__SourceFile *file,
                     struct cft_buf *text, struct cft_mig_findings *found, struct cft_err *err)
{
	struct cft_mig_text source = {.path = file->name};

	cft_buf_add(text, file->content.data, file->content.len);
	source.data = cft_arena_strdup(arena, cft_buf_str(text));
	source.len = text->len;
	return cft_mig_lint(arena, &source, found, err);
}

int cft_worker_lint(struct cft_worker_child *child, const void *request, void **ret_response,
                    struct cft_err *err)
{
	const Confiture__V1__LintMigrationRequest *r = request;
	struct cft_arena *arena = child->arena;
	Confiture__V1__LintMigrationResponse *response =
		cft_arena_new(arena, Confiture__V1__LintMigrationResponse);
	CFT_VEC(Confiture__V1__LintFinding *) all = {0};
	int rc = 0;

	confiture__v1__lint_migration_response__init(response);
	for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
		struct cft_mig_findings found = {0};
		struct cft_buf text = CFT_BUF_INIT, checked = CFT_BUF_INIT;

		rc = cft_worker_script(&r->files[i], 1, &checked, err);
		if (rc == 0)
			rc = lint_file(arena, r->files[i], &text, &found, err);
		CFT_VEC_EACH (struct cft_mig_finding, finding, &found.v)
			cft_vec_push_in(arena, &all,
			                cft_worker_finding(arena, r->files[i]->name, finding));
		cft_buf_release(&text);
		cft_buf_release(&checked);
	}
	response->findings = all.v;
	response->n_findings = all.n;
	*ret_response = response;
	return rc;
}
