/* Prove: databases, runs, comparison, and probes of what only breaks at run time.
 * SPDX-License-Identifier: MIT
 */
#include "common/prove/prove.h"

#include "common/base/mem.h"
#include "common/base/path.h"
#include "common/base/utf8.h"
#include "common/pg/cluster.h"
#include "common/prove/snapshot.h"
#include "common/sql/effect/analyze.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROLE "confiture_prover"

struct cft_prover {
	struct cft_cluster *cluster; /* NULL: url */
	char *url;
	unsigned serial;
};

int cft_prover_new(const char *url, struct cft_prover **ret, struct cft_err *err)
{
	struct cft_cluster_options options = {.throw_away = true};
	struct cft_prover *prover = cft_new(struct cft_prover);
	int rc = 0;

	prover->url = cft_strdup(url);
	if (!url)
		rc = cft_cluster_open(&options, &prover->cluster, err);
	if (rc != 0)
		cft_prover_free(prover);
	else
		*ret = prover;
	return rc;
}

void cft_prover_free(struct cft_prover *prover)
{
	if (!prover)
		return;
	cft_cluster_close(prover->cluster);
	free(prover->url);
	free(prover);
}

/* One outcome: a database and what was run in it. */
struct trial {
	char name[64];
	bool failed;
	const char *error;
	char sqlstate[6];
	struct cft_snapshot snapshot;
};

enum { BASE, A, B, AB, BA, TRIALS };
enum { EVIDENCE_BYTES = 2000 }; /* of one line */
#define CONNECTION_FAILURE "08006"
#define STATEMENT_TIMEOUT  "30s"
#define LOCK_TIMEOUT       "10s"

struct side {
	const char *sql;
	struct cft_effects effects;
	bool stepwise; /* holds what cannot run in a transaction block */
};

struct proof_run {
	struct cft_prover *prover;
	struct cft_arena *arena;
	struct cft_pg *admin;
	struct side sides[3]; /* base, A, B */
	struct trial trials[TRIALS];
};

/* Of two users in a connection string the later one counts. */
static const char *cluster_url(const struct proof_run *run, const char *database, bool admin)
{
	struct cft_buf url = CFT_BUF_INIT;

	cft_cluster_url(run->prover->cluster, database, &url);
	/* What the SQL under proof made, also a search_path of the database, is not the admin's. */
	cft_buf_adds(&url, admin ? " options='-c search_path=pg_catalog,pg_temp"
	                           " -c local_preload_libraries= -c session_preload_libraries="
	                         : " user=" ROLE " options='");
	cft_buf_adds(&url, " -c statement_timeout=" STATEMENT_TIMEOUT
	                   " -c lock_timeout=" LOCK_TIMEOUT "'");
	const char *copy = cft_arena_strdup(run->arena, cft_buf_str(&url));
	cft_buf_release(&url);
	return copy;
}

/* Of somebody's server the options are not ours to change: the limits come with the session. */
static int connect_beside(const struct proof_run *run, const char *database, struct cft_pg **ret,
                          struct cft_err *err)
{
	struct cft_pg_options options = {.application_name = "confiture prove"};

	/* A later dbname wins over the one in the string; of a URL the path is replaced. */
	const char *url = run->prover->url, *path = strstr(url, "://");
	path = path ? strchr(path + 3, '/') : NULL;
	if (path)
		options.url =
			cft_arena_printf(run->arena, "%.*s/%s%s", (int)(path - url), url, database,
		                         strchr(path, '?') ? strchr(path, '?') : "");
	else if (strstr(url, "://"))
		options.url = cft_arena_printf(run->arena, "%s/%s", url, database);
	else
		options.url = cft_arena_printf(run->arena, "%s dbname=%s", url, database);
	int rc = cft_pg_connect(&options, ret, err);
	if (rc == 0)
		rc = cft_pg_exec(*ret,
		                 "SET statement_timeout = '" STATEMENT_TIMEOUT
		                 "'; SET lock_timeout = '" LOCK_TIMEOUT "'",
		                 NULL, err);
	return rc;
}

static int connect_to(const struct proof_run *run, const char *database, bool admin,
                      struct cft_pg **ret, struct cft_err *err)
{
	struct cft_pg_options options = {.application_name = "confiture prove",
	                                 .ignore_environment = true};

	if (!run->prover->cluster)
		return connect_beside(run, database, ret, err);
	options.url = cluster_url(run, database, admin);
	return cft_pg_connect(&options, ret, err);
}

static int open_admin(struct proof_run *run, struct cft_err *err)
{
	if (run->prover->cluster)
		return connect_to(run, "postgres", true, &run->admin, err);
	return cft_pg_open(run->prover->url, &run->admin, err);
}

static int analyze(struct proof_run *run, struct side *side, const char *sql, bool base,
                   struct cft_err *err)
{
	struct cft_analyze_options options = {0};

	options.parse.psql = options.parse.opaque = base;
	options.parse.max_bytes = base ? 64 << 20 : 0;
	side->sql = sql;
	int rc = cft_sql_analyze(sql, strlen(sql), &options, run->arena, &side->effects, err);
	for (size_t i = 0; rc == 0 && i < side->effects.n; i++)
		side->stepwise =
			side->stepwise || (side->effects.v[i].flags & CFT_EFFECT_NO_TRANSACTION);
	return rc;
}

static int has_role(struct proof_run *run, const char *role, bool *ret, struct cft_err *err)
{
	struct cft_pg_result *found = NULL;
	int rc = cft_pg_exec_params(run->admin, "SELECT FROM pg_roles WHERE rolname = $1", 1, &role,
	                            &found, err);

	*ret = rc == 0 && cft_pg_rows(found) > 0;
	cft_pg_result_free(found);
	return rc;
}

/* Roles belong to the cluster: in a private one those that the SQL names are made. */
static int make_role(struct proof_run *run, const char *role, struct cft_err *err)
{
	struct cft_buf name = CFT_BUF_INIT;
	bool there;
	int rc = has_role(run, role, &there, err);

	cft_pg_quote_name(&name, role);
	if (rc == 0 && !there)
		rc = cft_pg_execf(run->admin, err, "CREATE ROLE %s", cft_buf_str(&name));
	if (rc == 0)
		rc = cft_pg_execf(run->admin, err, "GRANT %s TO " ROLE " WITH ADMIN OPTION",
		                  cft_buf_str(&name));
	cft_buf_release(&name);
	return rc;
}

static bool creates_role(const struct proof_run *run, const char *role)
{
	for (int s = 0; s < 3; s++)
		for (size_t i = 0; i < run->sides[s].effects.n; i++) {
			const struct cft_effect *e = &run->sides[s].effects.v[i];
			if (e->kind == CFT_OBJ_ROLE && e->op == CFT_OP_CREATE &&
			    strcmp(e->name, role) == 0)
				return true;
		}
	return false;
}

static bool is_own_role(const char *role)
{
	return strcmp(role, "postgres") == 0 || strcmp(role, ROLE) == 0 ||
	       strcmp(role, "public") == 0 || strcmp(role, "current_user") == 0 ||
	       strncmp(role, "pg_", 3) == 0;
}

/* Who may make roles may grant any that is not a superuser's, in PostgreSQL 15: without this the
 * SQL under proof could give itself programs and files of the machine. */
static int lock_roles(struct proof_run *run, struct cft_err *err)
{
	return cft_pg_exec(run->admin,
	                   "UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname IN "
	                   "('pg_execute_server_program', 'pg_read_server_files', "
	                   "'pg_write_server_files')",
	                   NULL, err);
}

static int make_roles(struct proof_run *run, struct cft_err *err)
{
	int rc = cft_pg_exec(run->admin,
	                     "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
	                     "'" ROLE "') THEN CREATE ROLE " ROLE
	                     " LOGIN CREATEROLE; END IF; END $$",
	                     NULL, err);

	for (int s = 0; s < 3 && rc == 0; s++)
		for (size_t i = 0; i < run->sides[s].effects.n && rc == 0; i++) {
			const struct cft_effect *e = &run->sides[s].effects.v[i];
			for (size_t k = 0; k < e->n_refs && rc == 0; k++)
				if (e->refs[k].kind == CFT_OBJ_ROLE &&
				    !is_own_role(e->refs[k].name) &&
				    !creates_role(run, e->refs[k].name))
					rc = make_role(run, e->refs[k].name, err);
		}
	return rc;
}

/* What they set of the role lasts beyond their database. */
static int restore_role(struct proof_run *run, struct cft_err *err)
{
	return cft_pg_exec(run->admin,
	                   "ALTER ROLE " ROLE " RESET ALL; ALTER ROLE " ROLE
	                   " LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity'",
	                   NULL, err);
}

/* New owners of objects need CREATE on the schema, which roles made here do not have. */
static int open_schema(struct proof_run *run, struct cft_err *err)
{
	struct cft_pg *pg = NULL;
	int rc = connect_to(run, run->trials[BASE].name, true, &pg, err);

	if (rc == 0)
		rc = cft_pg_exec(pg, "GRANT CREATE ON SCHEMA public TO PUBLIC", NULL, err);
	cft_pg_close(pg);
	return rc;
}

static int make_database(struct proof_run *run, int trial, struct cft_err *err)
{
	struct trial *t = &run->trials[trial];

	snprintf(t->name, sizeof(t->name), "confiture_prove_%d_%u_%d", (int)getpid(),
	         run->prover->serial, trial);
	int rc = cft_pg_execf(run->admin, err, "CREATE DATABASE %s TEMPLATE %s", t->name,
	                      trial == BASE ? "template0" : run->trials[BASE].name);
	if (rc != 0)
		t->name[0] = '\0';
	else if (run->prover->cluster)
		rc = cft_pg_execf(run->admin, err, "ALTER DATABASE %s OWNER TO " ROLE, t->name);
	if (rc == 0 && run->prover->cluster)
		rc = restore_role(run, err);
	if (rc == 0 && run->prover->cluster && trial == BASE)
		rc = open_schema(run, err);
	return rc;
}

/* The statements of a side; a script in one transaction unless something in it forbids that. */
static int run_side(struct cft_pg *pg, const struct side *side, struct cft_err *err)
{
	int rc = 0;

	if (!side->stepwise)
		rc = cft_pg_exec(pg, "BEGIN", NULL, err);
	for (size_t i = 0; i < side->effects.n_statements && rc == 0; i++) {
		const char *kind = side->effects.statements[i].kind;
		if (strncmp(kind, "BEGIN", 5) == 0 || strncmp(kind, "COMMIT", 6) == 0 ||
		    strncmp(kind, "COPY", 4) == 0)
			continue;
		rc = cft_pg_exec(pg, side->effects.statements[i].text, NULL, err);
	}
	if (!side->stepwise && rc == 0)
		rc = cft_pg_exec(pg, "COMMIT", NULL, err);
	return rc;
}

static void fail_trial(struct proof_run *run, struct trial *t, const struct cft_err *failure)
{
	char *error = cft_arena_strdup(run->arena, failure->message);

	cft_path_hide(error);
	t->failed = true;
	t->error = error;
	snprintf(t->sqlstate, sizeof(t->sqlstate), "%s", failure->sqlstate);
}

/* Where only they cannot connect, a side before has made it so. */
static int open_session(struct proof_run *run, struct trial *t, struct cft_pg **ret,
                        struct cft_err *err)
{
	struct cft_err failure = CFT_ERR_INIT;
	struct cft_pg *admin = NULL;
	int rc = connect_to(run, t->name, false, ret, &failure);

	if (rc == 0)
		return 0;
	if (run->prover->cluster && connect_to(run, t->name, true, &admin, NULL) == 0) {
		cft_pg_close(admin);
		fail_trial(run, t, &failure);
		return 0;
	}
	*err = failure;
	return rc;
}

/* A session of its own for each side, as in life. */
static int run_session(struct proof_run *run, struct trial *t, const struct side *side,
                       struct cft_err *err)
{
	struct cft_err failure = CFT_ERR_INIT;
	struct cft_pg *pg = NULL;
	int rc = open_session(run, t, &pg, err);

	if (rc == 0 && pg && run_side(pg, side, &failure) != 0) {
		/* libpq has none for the loss of a connection, by the end of its backend say. */
		if (!failure.sqlstate[0])
			snprintf(failure.sqlstate, sizeof(failure.sqlstate), CONNECTION_FAILURE);
		fail_trial(run, t, &failure);
	}
	cft_pg_close(pg);
	return rc;
}

static int run_trial(struct proof_run *run, int trial, int first, int second, struct cft_err *err)
{
	struct trial *t = &run->trials[trial];
	struct cft_pg *pg = NULL;
	int rc = make_database(run, trial, err);

	if (rc == 0)
		rc = run_session(run, t, &run->sides[first], err);
	if (rc == 0 && second && !t->failed)
		rc = run_session(run, t, &run->sides[second], err);
	if (rc == 0 && !t->failed && trial >= AB) {
		rc = connect_to(run, t->name, true, &pg, err);
		if (rc == 0)
			rc = cft_snapshot_take(pg, &t->snapshot, err);
	}
	cft_pg_close(pg);
	return rc;
}

/* Evidence is kept with the conflict and goes to everybody: a comment of a megabyte does not. */
static const char *shortened(struct cft_arena *arena, const char *text)
{
	size_t len = strlen(text), kept = cft_utf8_clip(text, len, EVIDENCE_BYTES);

	return kept == len ? text : cft_arena_printf(arena, "%.*s …", (int)kept, text);
}

static void note(const struct proof_run *run, struct cft_proof *proof, const char *sign,
                 const char *line)
{
	if (proof->n_differences < CFT_PROOF_DIFFERENCES)
		proof->differences[proof->n_differences++] =
			cft_arena_printf(run->arena, "%s %s", sign, shortened(run->arena, line));
}

/* Merges two sorted lists. */
static void compare(const struct proof_run *run, struct cft_proof *proof)
{
	const struct cft_pg_result *x = run->trials[AB].snapshot.rows;
	const struct cft_pg_result *y = run->trials[BA].snapshot.rows;
	size_t i = 0, k = 0, n = cft_pg_rows(x), m = cft_pg_rows(y);

	while (i < n || k < m) {
		int c = i == n   ? 1
		        : k == m ? -1
		                 : strcmp(cft_pg_text(x, i, 0), cft_pg_text(y, k, 0));
		if (c < 0)
			note(run, proof, "-", cft_pg_text(x, i++, 0));
		else if (c > 0)
			note(run, proof, "+", cft_pg_text(y, k++, 0));
		else
			i++, k++;
	}
}

/* -- probes -- */

static const char call_sql[] =
	"SELECT p.oid::regprocedure::text, format('SELECT %s(%s)', p.oid::regproc, "
	"  (SELECT coalesce(string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n), '') "
	"   FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, n))) "
	"FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang "
	"WHERE l.lanname IN ('plpgsql', 'sql') AND p.prokind = 'f' AND NOT p.proretset "
	"  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) "
	"  AND p.pronamespace::regnamespace::text !~ '^pg_|information_schema' ORDER BY 1 LIMIT "
	"200";

/* Calls a function in a transaction that is rolled back. 0 if it works. */
static int call(struct cft_pg *pg, const char *sql, struct cft_err *err)
{
	cft_pg_exec(pg, "BEGIN; SET LOCAL statement_timeout = '2s'", NULL, NULL);
	int rc = cft_pg_exec(pg, sql, NULL, err);
	cft_pg_exec(pg, "ROLLBACK", NULL, NULL);
	return rc;
}

static bool same_failure(struct cft_pg *alone, const char *sql, const struct cft_err *failure)
{
	struct cft_err err = CFT_ERR_INIT;

	return call(alone, sql, &err) != 0 && strcmp(err.sqlstate, failure->sqlstate) == 0 &&
	       strcmp(err.message, failure->message) == 0;
}

/* Fails after both in a way in which it fails after neither side alone? What one side breaks by
 * itself is no matter between the two. */
static bool broke(struct cft_pg *both, struct cft_pg *a, struct cft_pg *b, const char *sql,
                  struct cft_err *failure)
{
	if (call(both, sql, failure) == 0)
		return false;
	/* Undefined objects, ambiguity, invalid values: not errors about the NULL arguments. */
	if (strncmp(failure->sqlstate, "42", 2) != 0 && strcmp(failure->sqlstate, "22P02") != 0)
		return false;
	return !same_failure(a, sql, failure) && !same_failure(b, sql, failure);
}

static int probe_functions(struct proof_run *run, struct cft_proof *proof, struct cft_err *err)
{
	struct cft_pg *pg[3] = {NULL, NULL, NULL};
	struct cft_pg_result *calls = NULL;
	struct cft_err failure = CFT_ERR_INIT;
	static const int trials[] = {AB, A, B};
	int rc = 0;

	for (int i = 0; i < 3 && rc == 0; i++)
		rc = connect_to(run, run->trials[trials[i]].name, false, &pg[i], err);
	if (rc == 0)
		rc = cft_pg_exec(pg[0], call_sql, &calls, err);
	for (size_t i = 0; rc == 0 && i < cft_pg_rows(calls); i++)
		if (broke(pg[0], pg[1], pg[2], cft_pg_text(calls, i, 1), &failure)) {
			proof->verdict = CFT_VERDICT_LATENT;
			cft_path_hide(failure.message);
			note(run, proof, "!",
			     cft_arena_printf(run->arena, "%s: %s", cft_pg_text(calls, i, 0),
			                      failure.message));
		}
	cft_pg_result_free(calls);
	for (int i = 0; i < 3; i++)
		cft_pg_close(pg[i]);
	return rc;
}

/* Indexes that hold what another function body computed: amcheck compares them with the rows. */
static int probe_indexes(struct proof_run *run, struct cft_proof *proof, int trial,
                         struct cft_err *err)
{
	struct cft_pg_result *rows = NULL;
	struct cft_err failure = CFT_ERR_INIT;
	struct cft_pg *pg = NULL;
	int rc = connect_to(run, run->trials[trial].name, true, &pg, err);

	if (rc == 0 && cft_pg_exec(pg, "CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA public",
	                           NULL, NULL) == 0)
		rc = cft_pg_exec(
			pg,
			"SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON "
			"c.oid = i.indexrelid WHERE indexprs IS NOT NULL AND c.relam = (SELECT "
			"oid FROM pg_am WHERE amname = 'btree') AND "
			"c.relnamespace::regnamespace::text !~ '^pg_'",
			&rows, err);
	/* Functions in indexes look for names where their users do. */
	if (rc == 0)
		rc = cft_pg_exec(pg, "SET search_path = public", NULL, err);
	for (size_t i = 0; rc == 0 && rows && i < cft_pg_rows(rows); i++) {
		const char *value[] = {cft_pg_text(rows, i, 0)};
		if (cft_pg_exec_params(
			    pg, "SELECT public.bt_index_check($1::pg_catalog.regclass, true)", 1,
			    value, NULL, &failure) == 0)
			continue;
		proof->verdict = CFT_VERDICT_LATENT;
		cft_path_hide(failure.message);
		note(run, proof, "!",
		     cft_arena_printf(run->arena, "index %s: %s", value[0], failure.message));
	}
	cft_pg_result_free(rows);
	cft_pg_close(pg);
	return rc;
}

/* Ran into our limits, or into the machine's: says nothing about the two changes. That a file has
 * become too large (RLIMIT_FSIZE) is an internal error to PostgreSQL. */
static bool ran_out(const struct trial *t)
{
	static const char *const states[] = {"57", "53", "55P03", "08", "58"};

	if (!t->failed)
		return false;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strncmp(t->sqlstate, states[i], strlen(states[i])) == 0)
			return true;
	return strcmp(t->sqlstate, "XX000") == 0 && strstr(t->error, strerror(EFBIG));
}

/* Needs what the sandbox does not have: superuser rights, files, an extension. */
static bool forbidden(const struct trial *t)
{
	return t->failed &&
	       (strcmp(t->sqlstate, "42501") == 0 ||
	        (strcmp(t->sqlstate, "0A000") == 0 && strstr(t->error, "is not available")));
}

/* The trial that keeps the pair from being judged, or NULL. A side that is forbidden alone and
 * works after the other one (a GRANT, say) can be. */
static const struct trial *obstacle(const struct proof_run *run)
{
	const struct trial *trials = run->trials;

	for (int i = A; i < TRIALS; i++)
		if (ran_out(&trials[i]))
			return &trials[i];
	for (int i = A; i <= B; i++)
		if (forbidden(&trials[i]) && trials[AB].failed && trials[BA].failed)
			return &trials[i];
	return NULL;
}

static int judge(struct proof_run *run, struct cft_proof *proof, struct cft_err *err)
{
	bool ab = !run->trials[AB].failed, ba = !run->trials[BA].failed;
	const struct trial *in_the_way = obstacle(run);
	int rc = 0;

	proof->a_alone_fails = run->trials[A].failed;
	proof->b_alone_fails = run->trials[B].failed;
	if (in_the_way) {
		proof->reason = cft_arena_printf(run->arena, "it cannot run in a sandbox: %s",
		                                 in_the_way->error);
		return 0;
	}
	proof->provable = true;
	if (!ab || !ba) {
		proof->verdict = ab   ? CFT_VERDICT_ONLY_AB
		                 : ba ? CFT_VERDICT_ONLY_BA
		                      : CFT_VERDICT_NEITHER;
		return 0;
	}
	compare(run, proof);
	proof->verdict = proof->n_differences ? CFT_VERDICT_DIFFER : CFT_VERDICT_COMMUTE;
	if (proof->n_differences)
		return 0;
	rc = probe_functions(run, proof, err);
	for (int trial = AB; trial <= BA && rc == 0 && run->prover->cluster; trial++)
		rc = probe_indexes(run, proof, trial, err);
	return rc;
}

static void release(struct proof_run *run)
{
	for (int i = 0; i < TRIALS; i++) {
		cft_snapshot_release(&run->trials[i].snapshot);
		if (run->trials[i].name[0])
			cft_pg_execf(run->admin, NULL, "DROP DATABASE %s WITH (FORCE)",
			             run->trials[i].name);
	}
	cft_pg_close(run->admin);
}

static int prove(struct proof_run *run, struct cft_proof *proof, struct cft_err *err)
{
	static const int orders[TRIALS][2] = {{0, 0}, {1, 0}, {2, 0}, {1, 2}, {2, 1}};
	int rc = open_admin(run, err);

	if (rc == 0 && run->prover->cluster)
		rc = lock_roles(run, err);
	if (rc == 0 && run->prover->cluster)
		rc = make_roles(run, err);
	if (rc == 0)
		rc = run_trial(run, BASE, 0, 0, err);
	if (rc == 0 && run->trials[BASE].failed) {
		proof->reason = cft_arena_printf(run->arena, "the base does not load: %s",
		                                 run->trials[BASE].error);
		return 0;
	}
	/* After a crash the admin's session is gone as well: what is known suffices. */
	for (int trial = A; trial < TRIALS && rc == 0 && !ran_out(&run->trials[trial - 1]); trial++)
		rc = run_trial(run, trial, orders[trial][0], orders[trial][1], err);
	return rc == 0 ? judge(run, proof, err) : rc;
}

static const char *error_of(const struct proof_run *run, int trial)
{
	return run->trials[trial].error ? shortened(run->arena, run->trials[trial].error) : "";
}

int cft_prove(struct cft_prover *prover, const struct cft_proof_input *input,
              struct cft_arena *arena, struct cft_proof *ret, struct cft_err *err)
{
	struct proof_run run = {.prover = prover, .arena = arena};
	struct cft_proof proof = {.reason = ""};
	int rc = analyze(&run, &run.sides[0], input->base, true, err);

	prover->serial++;
	if (rc == 0)
		rc = analyze(&run, &run.sides[1], input->a, false, err);
	if (rc == 0)
		rc = analyze(&run, &run.sides[2], input->b, false, err);
	if (rc == 0)
		rc = prove(&run, &proof, err);
	proof.error_a = error_of(&run, A);
	proof.error_b = error_of(&run, B);
	proof.error_ab = error_of(&run, AB);
	proof.error_ba = error_of(&run, BA);
	release(&run);
	if (rc == 0)
		*ret = proof;
	return rc;
}

json_t *cft_proof_to_json(const struct cft_proof *proof)
{
	json_t *differences = json_array();

	for (size_t i = 0; i < proof->n_differences; i++)
		json_array_append_new(differences, json_string(proof->differences[i]));
	return json_pack(
		"{s:b,s:s,s:o,s:b,s:b,s:s,s:s,s:s,s:s,s:o}", "provable", proof->provable, "reason",
		proof->reason, "verdict",
		proof->provable ? json_string(cft_verdict_text(proof->verdict)) : json_null(),
		"a_alone_fails", proof->a_alone_fails, "b_alone_fails", proof->b_alone_fails,
		"error_a", proof->error_a, "error_b", proof->error_b, "error_ab", proof->error_ab,
		"error_ba", proof->error_ba, "differences", differences);
}

json_t *cft_proof_unprovable(const char *reason)
{
	const struct cft_proof proof = {
		.reason = reason, .error_a = "", .error_b = "", .error_ab = "", .error_ba = ""};

	return cft_proof_to_json(&proof);
}
