/* Connection strings as something that can be printed.
 * SPDX-License-Identifier: MIT
 *
 * Whatever is not understood is left out rather than shown: it could be part of a password.
 */
#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/config/connection.h"

#include <ctype.h>
#include <string.h>

static const char *assemble(struct cft_arena *arena, const char *user, const char *host,
                            const char *port, const char *database)
{
	struct cft_buf out = CFT_BUF_INIT;

	if (user && *user)
		cft_buf_addf(&out, "%s@", user);
	cft_buf_adds(&out, host && *host ? host : "local socket");
	if (port && *port && !(host && *host == '/'))
		cft_buf_addf(&out, ":%s", port);
	if (database && *database)
		cft_buf_addf(&out, "/%s", database);
	const char *text = cft_arena_strdup(arena, cft_buf_str(&out));
	cft_buf_release(&out);
	return text;
}

/* Value of one parameter after the '?', or NULL. */
static const char *parameter(struct cft_arena *arena, const char *query, const char *name)
{
	size_t len = strlen(name);

	while (query && *query) {
		size_t part = strcspn(query, "&");
		if (part > len && strncmp(query, name, len) == 0 && query[len] == '=')
			return cft_arena_strndup(arena, query + len + 1, part - len - 1);
		query += part + (query[part] == '&');
	}
	return NULL;
}

static const char *redact_url(struct cft_arena *arena, const char *rest)
{
	const char *query = strchr(rest, '?');
	size_t all = query ? (size_t)(query - rest) : strlen(rest);
	size_t authority = strcspn(rest, "/?");
	const char *user = NULL, *database = NULL;

	/* A password may hold an unescaped '@' or '/': what counts is the last '@' of all. */
	const char *at = memrchr(rest, '@', all);
	if (at && (size_t)(at - rest) >= authority)
		authority = (size_t)(at - rest) + strcspn(at, "/?");
	const char *host = at ? at + 1 : rest;
	size_t host_len = authority - (size_t)(host - rest);
	if (at)
		user = cft_arena_strndup(arena, rest, strcspn(rest, ":@"));
	if (rest[authority] == '/')
		database = cft_arena_strndup(arena, rest + authority + 1, all - authority - 1);
	query = query ? query + 1 : NULL;
	if (host_len == 0)
		return assemble(arena, user ? user : parameter(arena, query, "user"),
		                parameter(arena, query, "host"), parameter(arena, query, "port"),
		                database);
	return assemble(arena, user, cft_arena_strndup(arena, host, host_len), NULL, database);
}

/* One `key = 'value'`; moves past it. False at the end or where it is not one. */
static bool next_keyword(struct cft_arena *arena, const char **p, const char **ret_key,
                         const char **ret_value)
{
	struct cft_buf value = CFT_BUF_INIT;
	const char *s = *p + strspn(*p, " \t\n\r");
	size_t len = strcspn(s, " \t\n\r=");

	*ret_key = cft_arena_strndup(arena, s, len);
	s += len;
	s += strspn(s, " \t\n\r");
	if (len == 0 || *s != '=')
		return false;
	s++;
	s += strspn(s, " \t\n\r");
	bool quoted = *s == '\'';
	s += quoted;
	while (*s && (quoted ? *s != '\'' : !isspace((unsigned char)*s))) {
		if (*s == '\\' && s[1])
			s++;
		cft_buf_addc(&value, *s++);
	}
	*p = s + (quoted && *s == '\'');
	*ret_value = cft_arena_strdup(arena, cft_buf_str(&value));
	cft_buf_release(&value);
	return true;
}

const char *cft_conninfo_redact(struct cft_arena *arena, const char *conninfo)
{
	const char *user = NULL, *host = NULL, *port = NULL, *database = NULL, *key, *value;

	if (cft_has_prefix(conninfo, "postgresql://"))
		return redact_url(arena, conninfo + 13);
	if (cft_has_prefix(conninfo, "postgres://"))
		return redact_url(arena, conninfo + 11);
	if (!strchr(conninfo, '='))
		return assemble(arena, NULL, NULL, NULL, conninfo);
	while (next_keyword(arena, &conninfo, &key, &value)) {
		if (strcmp(key, "user") == 0)
			user = value;
		else if (strcmp(key, "host") == 0 || (!host && strcmp(key, "hostaddr") == 0))
			host = value;
		else if (strcmp(key, "port") == 0)
			port = value;
		else if (strcmp(key, "dbname") == 0)
			database = value;
	}
	return assemble(arena, user, host, port, database);
}
