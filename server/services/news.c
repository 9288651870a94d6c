/* News: what the log says of operations that have no intent to speak for them.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/migration_parts.h"

#include "common/rpc/codec.h"

#include <string.h>

struct news {
	const void *request;
	size_t len;
	struct cft_arena *arena;
	struct cft_target_news *to;
	const char **reason;
};

#define UNPACK(news, message, ret, err)                                                         \
	cft_proto_unpack(&confiture__v1__##message##__descriptor, (news)->request, (news)->len, \
	                 (news)->arena, ret, err)

static int of_apply(const struct news *news, struct cft_err *err)
{
	const Confiture__V1__ApplyMigrationsRequest *r;
	int rc = UNPACK(news, apply_migrations_request, &r, err);

	if (rc != 0)
		return rc;
	news->to->action = "apply";
	news->to->versions = r->target_version;
	return 0;
}

static int of_rollback(const struct news *news, struct cft_err *err)
{
	const Confiture__V1__RollbackMigrationsRequest *r;
	int rc = UNPACK(news, rollback_migrations_request, &r, err);

	if (rc != 0)
		return rc;
	news->to->action = "rollback";
	news->to->versions = r->to_version;
	return 0;
}

static int of_baseline(const struct news *news, struct cft_err *err)
{
	const Confiture__V1__BaselineMigrationsRequest *r;
	int rc = UNPACK(news, baseline_migrations_request, &r, err);

	if (rc != 0)
		return rc;
	news->to->action = r->import_ledger ? "import" : "baseline";
	news->to->versions = r->through_version;
	*news->reason = r->reason;
	return 0;
}

static int of_repair(const struct news *news, struct cft_err *err)
{
	/* The order of RepairKind. */
	static const char *const actions[] = {"",        "done",   "not-done",
	                                      "applied", "forget", "accept"};
	const Confiture__V1__RepairMigrationRequest *r;
	int rc = UNPACK(news, repair_migration_request, &r, err);

	if (rc != 0)
		return rc;
	news->to->action = actions[r->repair];
	news->to->versions = r->version;
	*news->reason = r->reason;
	return 0;
}

int cft_operation_news(const char *kind, const void *request, size_t len, struct cft_arena *arena,
                       struct cft_target_news *ret, const char **ret_reason, struct cft_err *err)
{
	static const struct {
		const char *kind;
		int (*of)(const struct news *news, struct cft_err *err);
	} kinds[] = {{"apply", of_apply},
	             {"rollback", of_rollback},
	             {"baseline", of_baseline},
	             {"repair", of_repair}};
	const struct news news = {request, len, arena, ret, ret_reason};

	*ret_reason = "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].of(&news, err);
	return cft_fail(err, CFT_E_INTERNAL, "no kind of operation: %s", kind);
}
