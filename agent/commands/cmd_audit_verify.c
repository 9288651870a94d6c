/* confiture audit verify: is the log what was written?
 * SPDX-License-Identifier: MIT
 */
#include "agent/commands/operator.h"
#include "common/base/digest.h"
#include "common/rpc/codec.h"

#include <confiture/v1/types.pb-c.h>
#include <stdlib.h>
#include <string.h>

/* One project, event by event; what is wrong with it ends up in `problem`. */
struct walk {
	const char *project;
	uint64_t revision; /* of the last event seen */
	bool begun;
	unsigned char hash[CFT_SHA256_BYTES];
	char problem[200];
};

static int wrong(struct walk *walk, uint64_t revision, const char *what)
{
	snprintf(walk->problem, sizeof(walk->problem), "revision %llu: %s",
	         (unsigned long long)revision, what);
	return CFT_E_INCONSISTENT;
}

/* The payload names the hash of the event before it. */
static int check_link(struct walk *walk, uint64_t revision, const struct cft_buf *payload)
{
	static const unsigned char zeros[CFT_SHA256_BYTES];
	struct cft_arena arena = CFT_ARENA_INIT;
	Confiture__V1__Event *event = NULL;
	int rc = cft_proto_unpack(&confiture__v1__event__descriptor, payload->data, payload->len,
	                          &arena, &event, NULL);

	if (rc < 0)
		rc = wrong(walk, revision, "the event cannot be read");
	else if (event->revision != revision || strcmp(event->project, walk->project) != 0)
		rc = wrong(walk, revision, "the event was written for another place");
	else if (revision == 1 && memcmp(walk->hash, zeros, sizeof(zeros)) != 0)
		rc = wrong(walk, revision, "the chain does not begin here");
	else if ((walk->begun || revision == 1) &&
	         (event->previous_hash.len != CFT_SHA256_BYTES ||
	          memcmp(event->previous_hash.data, walk->hash, CFT_SHA256_BYTES) != 0))
		rc = wrong(walk, revision, "the event before it was changed or exchanged");
	cft_arena_release(&arena);
	return rc;
}

static int check_event(void *ctx, const struct cft_pg_result *row, struct cft_err *err)
{
	struct walk *walk = ctx;
	uint64_t revision = (uint64_t)cft_pg_int(row, 0, 0);
	struct cft_buf payload = CFT_BUF_INIT, stored = CFT_BUF_INIT;
	unsigned char hash[CFT_SHA256_BYTES];
	int rc = cft_pg_bytea(row, 0, 1, &payload);

	if (rc == 0)
		rc = cft_pg_bytea(row, 0, 2, &stored);
	cft_sha256(payload.data, payload.len, hash);
	if (walk->begun && revision != walk->revision + 1)
		rc = wrong(walk, walk->revision + 1, "the event is missing");
	else if (rc != 0 || stored.len != sizeof(hash) ||
	         memcmp(stored.data, hash, stored.len) != 0)
		rc = wrong(walk, revision, "the event was changed");
	else
		rc = check_link(walk, revision, &payload);
	memcpy(walk->hash, hash, sizeof(hash));
	walk->revision = revision;
	walk->begun = true;
	cft_buf_release(&payload);
	cft_buf_release(&stored);
	return rc ? cft_fail(err, rc, "%s", walk->problem) : 0;
}

/* The project's row says where the log ends: a tail that was cut off is seen there. */
static int check_end(struct walk *walk, const struct cft_pg_result *projects, size_t row)
{
	struct cft_buf hash = CFT_BUF_INIT;
	uint64_t revision = (uint64_t)cft_pg_int(projects, row, 1);
	int rc = cft_pg_bytea(projects, row, 2, &hash);

	if (walk->revision != revision)
		rc = wrong(walk, revision, "the log ends elsewhere");
	else if (rc != 0 || hash.len != sizeof(walk->hash) ||
	         memcmp(hash.data, walk->hash, hash.len) != 0)
		rc = wrong(walk, revision, "the last event is another one");
	cft_buf_release(&hash);
	return rc;
}

static int verify_project(struct cft_pg *pg, const struct cft_pg_result *projects, size_t row,
                          struct walk *walk, struct cft_err *err)
{
	const char *name = cft_pg_text(projects, row, 0);
	int rc;

	*walk = (struct walk){.project = name};
	rc = cft_pg_each_row(pg,
	                     "SELECT e.revision, e.payload, e.chain_hash FROM confiture.event e"
	                     " JOIN confiture.project p ON p.id = e.project_id"
	                     " WHERE p.name = $1 ORDER BY e.revision",
	                     1, &name, check_event, walk, err);
	return rc == 0 ? check_end(walk, projects, row) : rc;
}

static int verify_all(struct cft_cmd *cmd, struct cft_pg *pg, const struct cft_pg_result *projects,
                      struct cft_err *err)
{
	json_t *list = json_array();
	size_t bad = 0, n = cft_pg_rows(projects);
	struct walk walk = {0};
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = verify_project(pg, projects, i, &walk, err);
		if (rc != 0 && rc != CFT_E_INCONSISTENT)
			break;
		bad += rc != 0;
		cft_out_mark(cmd->out, rc ? CFT_MARK_ERROR : CFT_MARK_OK, "%s: %s%llu events%s%s",
		             walk.project, rc ? "after " : "", (unsigned long long)walk.revision,
		             rc ? ", " : "", walk.problem);
		json_array_append_new(list, json_pack("{s:s, s:I, s:s?}", "project", walk.project,
		                                      "revision", (json_int_t)walk.revision,
		                                      "problem", rc ? walk.problem : NULL));
		rc = 0;
	}
	cft_out_json(cmd->out, json_pack("{s:o, s:b}", "projects", list, "intact", !bad));
	if (rc == 0 && bad)
		rc = cft_fail_reason(err, CFT_E_INCONSISTENT, "LOG_CHANGED",
		                     "the log of %zu of %zu projects is not what was written", bad,
		                     n);
	return rc;
}

static int run(struct cft_cmd *cmd, struct cft_err *err)
{
	struct cft_pg_result *projects = NULL;
	struct cft_pg *pg = NULL;
	int rc = cft_operator_connect(cmd, false, &pg, err);

	/* One snapshot: servers go on writing. */
	if (rc == 0)
		rc = cft_pg_exec(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL, err);
	if (rc == 0)
		rc = cft_pg_exec(pg,
		                 "SELECT name, revision, chain_hash FROM confiture.project"
		                 " ORDER BY name",
		                 &projects, err);
	if (rc == 0)
		rc = verify_all(cmd, pg, projects, err);
	cft_pg_result_free(projects);
	cft_pg_close(pg);
	return rc;
}

static const struct cft_opt options[] = {
	CFT_OPERATOR_PROJECT,
	CFT_OPERATOR_DB_URL,
	CFT_OPT_END,
};

static const struct cft_example examples[] = {
	{"Was the record of who did what touched?",
         "confiture audit verify --db-url postgresql://db.example/coordination"},
	CFT_EXAMPLE_END,
};

const struct cft_command cft_cmd_audit_verify = {
	.summary = "Check that no event of the log was changed, removed or put in",
	.description = "Every event holds the hash of the one before it. Reads all projects of the "
		       "database in one snapshot; fails with exit code 8 where a chain is broken, "
		       "and names the first revision that is wrong. Who can rewrite the whole "
		       "chain leaves no trace in it: keep the last hash elsewhere, as streams' "
		       "resume tokens do.",
	.options = options,
	.examples = examples,
	.run = run,
};
