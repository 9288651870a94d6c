// Who may call what: the matrix, role by role, own name and another's.
// SPDX-License-Identifier: MIT
#include "server/auth/matrix.h"

#include "confiture/v1/coordination_service.pb-c.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

const char *const kService = "confiture.v1.CoordinationService";

cft_identity identity(cft_role role, const char *agent = "alice", const char *project = "shop")
{
	return {true, role, agent, project};
}

cft_auth_request request(const char *agent = "alice", const char *project = "shop",
                         bool force = false)
{
	return {project, agent, force};
}

std::string decide(const cft_identity &who, const char *rpc, const cft_auth_request &what)
{
	struct cft_err err = CFT_ERR_INIT;

	return cft_auth_decide(&who, kService, rpc, &what, &err) == 0 ? "" : err.reason;
}

} // namespace

TEST(AuthMatrix, HasARowForEveryRpcOfTheService)
{
	const ProtobufCServiceDescriptor *service =
		&confiture__v1__coordination_service__descriptor;

	for (unsigned i = 0; i < service->n_methods; i++)
		EXPECT_NE(nullptr, cft_auth_find(kService, service->methods[i].name))
			<< service->methods[i].name;
}

TEST(AuthMatrix, LetsEachRoleDoExactlyWhatItsRowSays)
{
	size_t n;
	const struct cft_auth_rule *rules = cft_auth_rules(&n);

	for (size_t i = 0; i < n; i++) {
		for (int role = CFT_ROLE_VIEWER; role <= CFT_ROLE_OPERATOR; role++) {
			cft_identity who = identity(static_cast<cft_role>(role));
			cft_auth_request what = request();
			bool allowed = cft_auth_decide(&who, rules[i].service, rules[i].rpc, &what,
			                               nullptr) == 0;
			EXPECT_EQ(role >= rules[i].least, allowed) << rules[i].rpc << " " << role;
		}
	}
}

TEST(AuthMatrix, AsksForACredentialFirst)
{
	cft_identity nobody = {false, CFT_ROLE_NONE, "", ""};

	EXPECT_EQ("UNAUTHENTICATED", decide(nobody, "ListIntents", request()));
	EXPECT_EQ(0, cft_auth_decide(&nobody, "grpc.health.v1.Health", "Check", nullptr, nullptr));
}

TEST(AuthMatrix, RefusesToActInAnotherAgentsName)
{
	EXPECT_EQ("AGENT_MISMATCH",
	          decide(identity(CFT_ROLE_AGENT), "RegisterIntent", request("bob")));
	EXPECT_EQ("AGENT_MISMATCH",
	          decide(identity(CFT_ROLE_APPROVER), "ResolveConflict", request("bob")));
	EXPECT_EQ("AGENT_MISMATCH",
	          decide(identity(CFT_ROLE_VIEWER, ""), "ReadInbox", request("")));
	EXPECT_EQ("", decide(identity(CFT_ROLE_OPERATOR), "RegisterIntent", request("bob")));
}

TEST(AuthMatrix, KeepsACredentialInItsProject)
{
	EXPECT_EQ("WRONG_PROJECT",
	          decide(identity(CFT_ROLE_OPERATOR), "ListIntents", request("alice", "other")));
	EXPECT_EQ("", decide(identity(CFT_ROLE_VIEWER, "alice", ""), "ListIntents",
	                     request("alice", "other")));
}

TEST(AuthMatrix, LetsForceOnlyFromApproverUp)
{
	cft_auth_request forced = request("alice", "shop", true);

	EXPECT_EQ("FORCE_NOT_ALLOWED", decide(identity(CFT_ROLE_AGENT), "AbandonIntent", forced));
	EXPECT_EQ("", decide(identity(CFT_ROLE_APPROVER), "AbandonIntent", forced));
}

TEST(AuthMatrix, LetsOnlyOperatorsChangeALedgerByHand)
{
	for (const char *rpc : {"BaselineMigrations", "RepairMigration"}) {
		for (int role = CFT_ROLE_VIEWER; role <= CFT_ROLE_OPERATOR; role++) {
			cft_identity who = identity(static_cast<cft_role>(role));
			cft_auth_request what = request();
			EXPECT_EQ(role == CFT_ROLE_OPERATOR,
			          cft_auth_decide(&who, "confiture.v1.MigrationService", rpc, &what,
			                          nullptr) == 0)
				<< rpc << " " << role;
		}
	}
}

TEST(AuthMatrix, AsksForTheRoleOfTheTargetWhereItIsTheHigherOne)
{
	for (const char *rpc : {"ApplyMigrations", "RollbackMigrations"}) {
		for (int least = CFT_ROLE_NONE; least <= CFT_ROLE_OPERATOR; least++) {
			for (int role = CFT_ROLE_VIEWER; role <= CFT_ROLE_OPERATOR; role++) {
				cft_identity who = identity(static_cast<cft_role>(role));
				cft_auth_request what = request();
				what.target_role = static_cast<cft_role>(least);
				EXPECT_EQ(role >= CFT_ROLE_AGENT && role >= least,
				          cft_auth_decide(&who, "confiture.v1.MigrationService",
				                          rpc, &what, nullptr) == 0)
					<< rpc << " " << role << " where the target takes "
					<< least;
			}
		}
	}
}

TEST(AuthMatrix, RefusesAnRpcThatItDoesNotKnow)
{
	EXPECT_EQ("PERMISSION_DENIED",
	          decide(identity(CFT_ROLE_OPERATOR), "DropEverything", request()));
}

TEST(Role, NamesRoundTrip)
{
	for (int role = CFT_ROLE_VIEWER; role <= CFT_ROLE_OPERATOR; role++)
		EXPECT_EQ(role, cft_role_parse(cft_role_name(static_cast<cft_role>(role))));
	EXPECT_EQ(CFT_ROLE_NONE, cft_role_parse("root"));
}
