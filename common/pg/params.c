/* Params: connection strings, checked and completed before libpq sees them.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/internal.h"

#include "common/base/mem.h"
#include "common/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_CONNECT_TIMEOUT_S = 10 };

static int malformed(const char *why, struct cft_err *err)
{
	/* libpq's own message quotes the string, and with it the password. */
	cft_fail_reason(err, CFT_E_CONFIG, "MALFORMED_DATABASE_URL",
	                "the connection string of the database is malformed%s", why);
	cft_err_hint(err, "write postgresql://user@host:5432/database, or host=… dbname=…; "
	                  "percent-encode special characters of a URL's password");
	return CFT_E_CONFIG;
}

/* What looks like a URL of another kind would be taken as a name as well. */
static bool is_foreign_url(const char *url)
{
	const char *colon = strstr(url, "://");

	return colon && !memchr(url, '=', (size_t)(colon - url)) &&
	       !cft_has_prefix(url, "postgresql://") && !cft_has_prefix(url, "postgres://");
}

/* A bare word is the name of a database, as for psql. */
static bool is_conninfo(const char *url)
{
	return cft_has_prefix(url, "postgresql://") || cft_has_prefix(url, "postgres://") ||
	       strchr(url, '=');
}

static int parse(const char *url, PQconninfoOption **ret_parsed, struct cft_err *err)
{
	int rc = cft_libpq_load(err);

	if (rc != 0)
		return rc;
	PQconninfoOption *parsed = libpq.PQconninfoParse(url, NULL);
	if (!parsed)
		return malformed("", err);
	for (PQconninfoOption *option = parsed; option->keyword; option++) {
		/* "user:p@ss@host": the rest of the password would show up in messages as a host.
		 */
		if (option->val && strcmp(option->keyword, "host") == 0 && option->val[0] != '@' &&
		    strchr(option->val, '@')) {
			libpq.PQconninfoFree(parsed);
			return malformed(": its host contains '@'", err);
		}
	}
	*ret_parsed = parsed;
	return 0;
}

static void add(struct cft_pg_params *params, const char *keyword, const char *value)
{
	params->keywords[params->n] = keyword;
	params->values[params->n] = value;
	params->n++;
}

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
	for (; options && options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val;
	return NULL;
}

int cft_pg_params_init(struct cft_pg_params *params, const struct cft_pg_options *options,
                       struct cft_err *err)
{
	const char *url = options->url;
	const char *name = options->application_name;
	int timeout = options->connect_timeout_s;

	memset(params, 0, sizeof(*params));
	int rc = cft_libpq_load(err);
	if (rc == 0 && url && is_foreign_url(url))
		rc = malformed(": it is of no kind that PostgreSQL knows", err);
	if (rc == 0 && url && url[0] && is_conninfo(url))
		rc = parse(url, &params->parsed, err);
	if (rc != 0)
		return rc;
	snprintf(params->timeout, sizeof(params->timeout), "%d",
	         timeout ? timeout : DEFAULT_CONNECT_TIMEOUT_S);
	if (!option_value(params->parsed, "connect_timeout") &&
	    (options->ignore_environment || !getenv("PGCONNECT_TIMEOUT")))
		add(params, "connect_timeout", params->timeout);
	add(params, "fallback_application_name", name ? name : "confiture");
	for (PQconninfoOption *option = params->parsed; option && option->keyword; option++)
		if (option->val && option->val[0] &&
		    strcmp(option->keyword, "client_encoding") != 0)
			add(params, option->keyword, option->val);
	if (!params->parsed && url && url[0])
		add(params, "dbname", url);
	add(params, "client_encoding", "UTF8");
	params->keywords[params->n] = NULL;
	return 0;
}

void cft_pg_params_release(struct cft_pg_params *params)
{
	if (params->parsed)
		libpq.PQconninfoFree(params->parsed);
	params->parsed = NULL;
}

int cft_pg_url_place(const char *url, struct cft_buf *out, struct cft_err *err)
{
	PQconninfoOption *parsed = NULL;

	if (!is_conninfo(url)) {
		cft_buf_addf(out, "/%s", url);
		return 0;
	}
	int rc = parse(url, &parsed, err);
	if (rc != 0)
		return rc;
	const char *host = option_value(parsed, "host"), *port = option_value(parsed, "port");
	const char *name = option_value(parsed, "dbname");
	cft_buf_addf(out, "%s%s%s/%s", host ? host : "", port ? ":" : "", port ? port : "",
	             name ? name : "");
	libpq.PQconninfoFree(parsed);
	return 0;
}

int cft_pg_url_database(const char *url, struct cft_buf *out, struct cft_err *err)
{
	PQconninfoOption *parsed = NULL;
	int rc = is_conninfo(url) ? parse(url, &parsed, err) : 0;

	if (rc != 0)
		return rc;
	const char *name = is_conninfo(url) ? option_value(parsed, "dbname") : url;
	cft_buf_adds(out, name ? name : "");
	libpq.PQconninfoFree(parsed);
	return 0;
}

/* libpq takes the last `dbname` that it is given. */
void cft_pg_url_with_database(const char *url, const char *database, struct cft_buf *out)
{
	bool is_url = cft_has_prefix(url, "postgresql://") || cft_has_prefix(url, "postgres://");

	if (is_url)
		cft_buf_addf(out, "%s%cdbname=%s", url, strchr(url, '?') ? '&' : '?', database);
	else if (is_conninfo(url))
		cft_buf_addf(out, "%s dbname=%s", url, database);
	else
		cft_buf_addf(out, "dbname=%s", database);
}
