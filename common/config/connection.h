/* Which database a command talks to: one rule for all of them.
 * SPDX-License-Identifier: MIT
 *
 * The first that there is: --database-url; --config or --env; CONFITURE_DATABASE_URL; the default
 * environment (`environment:` of confiture.yaml, else db/environments/local.yaml). DATABASE_URL,
 * which other programs set for reasons of their own, is taken last and by commands that only read.
 */
#ifndef CFT_CONFIG_CONNECTION_H
#define CFT_CONFIG_CONNECTION_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/environment.h"
#include "common/config/expand.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_connection_request {
	const char *database_url; /* --database-url, or NULL */
	const char *config;       /* --config: path of an environment file, or NULL */
	const char *env;          /* --env: name, or NULL */
	const char *dir;          /* where the project is; NULL: here */
	bool read_only;           /* the command changes nothing: DATABASE_URL may serve */
	bool no_database;         /* only the environment is wanted (build, diff of files) */
	const struct cft_lookup *lookup;
};

enum { CFT_CONNECTION_MAX = 12 };

struct cft_connection {
	/* For PQconnectdbParams with expand_dbname = 1: NULL-terminated, in pairs. Empty with
	 * no_database. */
	const char *keywords[CFT_CONNECTION_MAX];
	const char *values[CFT_CONNECTION_MAX];
	const char *conninfo; /* the same as one string, password included: never print it */
	const char *shown;    /* "postgres@localhost:5432/myapp_local": safe to print */
	const char *source;   /* "--database-url", "db/environments/local.yaml" … */
	/* The environment in force; `found` false where the project has none (and defaults fill
	 * `environment`: db/schema, db/migrations, confiture_migrations). */
	bool found;
	struct cft_environment environment;
};

/* Strings live in `arena`. CFT_E_INVALID for --config together with --env, CFT_E_NOT_FOUND where
 * nothing names a database, CFT_E_CONFIG for a file that is wrong. Blocks (reads files). */
int cft_connection_resolve(struct cft_arena *arena, const struct cft_connection_request *request,
                           struct cft_connection *ret_connection, struct cft_err *err);

/* A URL or keyword string as "user@host:port/database", without password and options; hosts may be
 * several. For messages only. */
const char *cft_conninfo_redact(struct cft_arena *arena, const char *conninfo);

#ifdef __cplusplus
}
#endif

#endif
