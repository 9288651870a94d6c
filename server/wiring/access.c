/* Access: rows of the table confiture.credential to credentials.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/access.h"

#include "common/base/mem.h"
#include "server/wiring/memory.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION, ID, KEY, ROLE, AGENT, PROJECT, EXPIRES_US, REVOKED };

static void put_row(struct cft_credentials *credentials, const char *const *row)
{
	struct cft_credential one = {
		.id = row[ID],
		.role = cft_role_parse(row[ROLE]),
		.agent_id = row[AGENT],
		.project = row[PROJECT],
		.expires_us = strtoll(row[EXPIRES_US], NULL, 10),
		.revoked = strcmp(row[REVOKED], "t") == 0,
	};

	if (strlen(row[KEY]) == 2 * sizeof(one.key) &&
	    cft_unhex(row[KEY], strlen(row[KEY]), one.key) == 0)
		cft_credentials_put(credentials, &one);
}

static void on_rows(void *ctx, const char *const *const *rows, size_t n, const struct cft_err *err)
{
	struct cft_credentials *credentials = n ? cft_credentials_new() : NULL;

	for (size_t i = 0; i < n; i++)
		put_row(credentials, rows[i]);
	cft_guard_refreshed(ctx, n ? strtoll(rows[0][VERSION], NULL, 10) : 0, credentials, err);
}

static void refresh(void *ctx, struct cft_guard *guard, int64_t version)
{
	cft_store_credentials(ctx, version, on_rows, guard);
}

static enum cft_role target_role(const void *targets, const char *project, const char *target,
                                 const char *rpc)
{
	return cft_targets_role(targets, project, target, rpc);
}

struct cft_guard *cft_access_new(struct cft_loop *loop, struct cft_store *store,
                                 struct cft_metrics *metrics,
                                 const struct cft_server_settings *settings,
                                 const struct cft_targets *targets)
{
	struct cft_guard_options options = {
		.loop = loop,
		.required = cft_server_auth_required(settings),
		.refresh = refresh,
		.ctx = store,
		.target_role = target_role,
		.targets = targets,
		.metrics = metrics,
		.max_requests_per_second = settings->max_requests_per_second,
		.max_streams = settings->max_streams_per_identity,
		.max_memory_bytes = cft_memory_limit(settings->max_memory),
	};

	return cft_guard_new(&options);
}
