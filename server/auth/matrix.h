/* Matrix: who may call which RPC, as one table. Pure.
 * SPDX-License-Identifier: MIT
 *
 * A credential has a role, an agent it speaks for and a project it is for. A row of the table names
 * the least role an RPC takes, and whether the request acts in an agent's name: then the name must
 * be the credential's own. docs/security.md shows the table; a test compares.
 */
#ifndef CFT_AUTH_MATRIX_H
#define CFT_AUTH_MATRIX_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Each role may do all that the ones before it may. Numbers are stored: never change one. */
enum cft_role {
	CFT_ROLE_NONE,
	CFT_ROLE_VIEWER,   /* reads */
	CFT_ROLE_AGENT,    /* declares and works on intents of its own */
	CFT_ROLE_APPROVER, /* changes other agents' intents, with force and a reason */
	CFT_ROLE_OPERATOR, /* everything, in any agent's name */
};

enum cft_in_name {
	CFT_IN_NOBODYS_NAME, /* the request acts for nobody */
	CFT_IN_OWN_NAME,     /* its agent_id must be the credential's agent */
};

/* X(service, RPC, least role, acts in somebody's name) */
#define CFT_AUTH_MATRIX(X)                                                              \
	X("confiture.v1.CoordinationService", "RegisterIntent", AGENT, OWN)             \
	X("confiture.v1.CoordinationService", "CheckIntent", VIEWER, NOBODYS)           \
	X("confiture.v1.CoordinationService", "GetIntent", VIEWER, NOBODYS)             \
	X("confiture.v1.CoordinationService", "ListIntents", VIEWER, NOBODYS)           \
	X("confiture.v1.CoordinationService", "UpdateIntent", AGENT, OWN)               \
	X("confiture.v1.CoordinationService", "StartIntent", AGENT, OWN)                \
	X("confiture.v1.CoordinationService", "CompleteIntent", AGENT, OWN)             \
	X("confiture.v1.CoordinationService", "AbandonIntent", AGENT, OWN)              \
	X("confiture.v1.CoordinationService", "ReleaseIntent", AGENT, OWN)              \
	X("confiture.v1.CoordinationService", "MarkIntentMerged", AGENT, OWN)           \
	X("confiture.v1.CoordinationService", "Heartbeat", AGENT, OWN)                  \
	X("confiture.v1.CoordinationService", "ListConflicts", VIEWER, NOBODYS)         \
	X("confiture.v1.CoordinationService", "GetConflict", VIEWER, NOBODYS)           \
	X("confiture.v1.CoordinationService", "ResolveConflict", AGENT, OWN)            \
	X("confiture.v1.CoordinationService", "ReopenConflict", AGENT, OWN)             \
	X("confiture.v1.CoordinationService", "ProveConflict", AGENT, OWN)              \
	X("confiture.v1.CoordinationService", "ApproveIntent", APPROVER, OWN)           \
	X("confiture.v1.CoordinationService", "RejectIntent", APPROVER, OWN)            \
	X("confiture.v1.CoordinationService", "ListObjectClaims", VIEWER, NOBODYS)      \
	X("confiture.v1.CoordinationService", "ListIntentHistory", VIEWER, NOBODYS)     \
	X("confiture.v1.CoordinationService", "SetBaseSchema", OPERATOR, OWN)           \
	X("confiture.v1.CoordinationService", "GetBaseSchema", VIEWER, NOBODYS)         \
	X("confiture.v1.CoordinationService", "PlanIntents", VIEWER, NOBODYS)           \
	X("confiture.v1.CoordinationService", "WatchEvents", VIEWER, NOBODYS)           \
	X("confiture.v1.CoordinationService", "ReadInbox", VIEWER, OWN)                 \
	X("confiture.v1.CoordinationService", "AcknowledgeInbox", AGENT, OWN)           \
	X("confiture.v1.CoordinationService", "Participate", AGENT, OWN)                \
	X("confiture.v1.CoordinationService", "GetServerInfo", VIEWER, NOBODYS)         \
	X("confiture.v1.MigrationService", "ListTargets", VIEWER, NOBODYS)              \
	X("confiture.v1.MigrationService", "ReserveVersion", AGENT, OWN)                \
	X("confiture.v1.MigrationService", "GetMigrationStatus", VIEWER, NOBODYS)       \
	X("confiture.v1.MigrationService", "PlanMigrations", AGENT, NOBODYS)            \
	X("confiture.v1.MigrationService", "ApplyMigrations", AGENT, OWN)               \
	X("confiture.v1.MigrationService", "RollbackMigrations", AGENT, OWN)            \
	X("confiture.v1.MigrationService", "BaselineMigrations", OPERATOR, OWN)         \
	X("confiture.v1.MigrationService", "RepairMigration", OPERATOR, OWN)            \
	X("confiture.v1.MigrationService", "WatchOperation", VIEWER, NOBODYS)           \
	X("confiture.v1.MigrationService", "ListOperations", VIEWER, NOBODYS)           \
	X("confiture.v1.MigrationService", "CancelOperation", AGENT, OWN)               \
	X("confiture.v1.MigrationService", "BuildSchema", AGENT, NOBODYS)               \
	X("confiture.v1.MigrationService", "DiffSchema", AGENT, NOBODYS)                \
	X("confiture.v1.MigrationService", "GenerateMigration", AGENT, NOBODYS)         \
	X("confiture.v1.MigrationService", "LintMigration", AGENT, NOBODYS)             \
	X("confiture.v1.MigrationService", "DetectDrift", AGENT, NOBODYS)               \
	X("confiture.v1.MigrationService", "GetSchemaSnapshot", VIEWER, NOBODYS)        \
	X("grpc.health.v1.Health", "Check", NONE, NOBODYS)                              \
	X("grpc.health.v1.Health", "Watch", NONE, NOBODYS)                              \
	X("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", NONE, NOBODYS) \
	X("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", NONE, NOBODYS)

struct cft_auth_rule {
	const char *service, *rpc;
	enum cft_role least;
	enum cft_in_name in_name;
};

/* The table, n rows; static. */
const struct cft_auth_rule *cft_auth_rules(size_t *ret_n);
/* NULL for an RPC that the table does not know: nobody may call it. */
const struct cft_auth_rule *cft_auth_find(const char *service, const char *rpc);

const char *cft_role_name(enum cft_role role); /* "agent" */
/* CFT_ROLE_NONE for an unknown name. */
enum cft_role cft_role_parse(const char *name);

/* What a caller has shown. Strings are never NULL; agent "" speaks for nobody in particular (a
 * viewer or an operator), project "" is for every project. */
struct cft_identity {
	bool authenticated;
	enum cft_role role;
	const char *agent_id, *project;
};

/* What of a request matters here; "" where it has no such field. */
struct cft_auth_request {
	const char *project, *agent_id;
	bool force;
	enum cft_role
		target_role; /* the least on its target; CFT_ROLE_NONE: no more than the row */
};

/* 0, or CFT_E_UNAUTHENTICATED, or CFT_E_FORBIDDEN with reason ROLE_TOO_LOW, WRONG_PROJECT,
 * AGENT_MISMATCH or FORCE_NOT_ALLOWED. `request` may be NULL: then only the role counts. */
int cft_auth_decide(const struct cft_identity *identity, const char *service, const char *rpc,
                    const struct cft_auth_request *request, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
