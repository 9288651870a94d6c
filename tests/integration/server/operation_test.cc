/* What operators do: the server's own role, the audit, the doctor, backup and restore.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

namespace
{

cft_test::RunResult confiture(std::vector<std::string> argv)
{
	cft_test::RunOptions options;
	options.env = {
		{"CONFITURE_TOKEN", ""}, {"CONFITURE_SERVER", ""}, {"CONFITURE_PROJECT", ""}};
	argv.insert(argv.begin(), cft_test::program("confiture"));
	return cft_test::run(argv, options);
}

cft_test::PgCluster &pg()
{
	return cft_test::PgCluster::shared();
}

/* The same database, as another user: works for URLs and for keywords. */
std::string as_user(const std::string &url, const std::string &user)
{
	if (url.find("://") == std::string::npos)
		return url + " user=" + user;
	return url + (url.find('?') == std::string::npos ? "?" : "&") + "user=" + user;
}

} // namespace

TEST(ServerRole, NeedsNoMoreThanItsGrantsAndCannotChangeTheLog)
{
	std::string url = pg().create_database();
	std::string role = "server_role_of_test";
	ASSERT_EQ(confiture({"coordinate", "init", "--db-url", url, "--project", "p"}).exit_code,
	          0);
	pg().sql(url, "CREATE ROLE " + role + " LOGIN");
	cft_test::RunResult granted =
		cft_test::run({"psql", "-X", "-v", "ON_ERROR_STOP=1", "-v", "role=" + role, "-f",
	                       CFT_SOURCE_DIR "/deploy/sql/server-role.sql", "-d", url});
	ASSERT_EQ(granted.exit_code, 0) << granted.err;
	std::string own = as_user(url, role);
	ServerProcess server(own);
	Caller c(server.address);

	auto *first = register_intent(c, "alice", "CREATE TABLE a (id int)", "once");
	ASSERT_NE(first, nullptr) << c.err.message;
	auto *second = register_intent(c, "bob", "CREATE TABLE a (id int, x int)");
	ASSERT_NE(second, nullptr) << c.err.message;
	EXPECT_EQ(second->n_conflicts, 1u);
	MSG(StartIntentRequest, start_intent_request, start);
	start.project = const_cast<char *>("p");
	start.agent_id = const_cast<char *>("alice");
	start.intent_id = first->intent->id;
	start.accept_risk = true;
	start.reason = const_cast<char *>("test");
	EXPECT_NE(c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start), nullptr)
		<< c.err.message;
	MSG(HeartbeatRequest, heartbeat_request, beat);
	beat.project = const_cast<char *>("p");
	beat.agent_id = const_cast<char *>("alice");
	auto *beaten = c.call<Confiture__V1__HeartbeatResponse>("Heartbeat", &beat);
	ASSERT_NE(beaten, nullptr) << c.err.message;
	EXPECT_EQ(beaten->n_results, 1u);
	MSG(AcknowledgeInboxRequest, acknowledge_inbox_request, ack);
	ack.project = const_cast<char *>("p");
	ack.agent_id = const_cast<char *>("alice");
	ack.cursor = 1;
	EXPECT_NE(c.call<Confiture__V1__AcknowledgeInboxResponse>("AcknowledgeInbox", &ack),
	          nullptr)
		<< c.err.message;

	for (const char *sql :
	     {"UPDATE confiture.event SET actor = 'x'", "DELETE FROM confiture.event",
	      "INSERT INTO confiture.credential (id, key, kind, role) VALUES "
	      "('x', decode(repeat('00', 32), 'hex'), 'token', 'operator')",
	      "UPDATE confiture.log SET epoch = 2", "DROP SCHEMA confiture CASCADE"}) {
		cft_test::RunResult r = cft_test::run({"psql", "-X", "-d", own, "-c", sql});
		EXPECT_NE(r.exit_code, 0) << sql;
	}
}

TEST(Audit, FindsWhatWasChangedRemovedOrCutOff)
{
	std::string url = pg().create_database();
	{
		ServerProcess server(url);
		Caller c(server.address);
		for (int i = 0; i < 5; i++)
			ASSERT_NE(
				register_intent(c, "alice",
			                        "CREATE TABLE t" + std::to_string(i) + " (id int)"),
				nullptr);
	}
	auto verify = [&] { return confiture({"audit", "verify", "--db-url", url}); };
	EXPECT_EQ(verify().exit_code, 0) << verify().err;
	const char *harms[] = {
		"UPDATE confiture.event SET payload = payload || '\\x00' WHERE revision = 2",
		("UPDATE confiture.event SET payload = payload || '\\x5200',"
	         " chain_hash = sha256(payload || '\\x5200') WHERE revision = 2"),
		"DELETE FROM confiture.event WHERE revision = 3",
		"DELETE FROM confiture.event WHERE revision = 5",
	};
	for (const char *harm : harms) {
		pg().sql(url, "CREATE TABLE kept AS SELECT * FROM confiture.event");
		pg().sql(url, harm);
		cft_test::RunResult r = verify();
		EXPECT_EQ(r.exit_code, 8) << harm << r.out;
		pg().sql(url, "DELETE FROM confiture.event");
		pg().sql(url, "INSERT INTO confiture.event SELECT * FROM kept");
		pg().sql(url, "DROP TABLE kept");
	}
	EXPECT_EQ(verify().exit_code, 0);
}

TEST(Doctor, TellsWhoBlocksWhom)
{
	std::string url = pg().create_database();
	ServerProcess server(url);
	Caller c(server.address);
	ASSERT_NE(register_intent(c, "alice", "ALTER TABLE t ADD COLUMN a int"), nullptr);
	ASSERT_NE(register_intent(c, "bob", "ALTER TABLE t ADD COLUMN a text"), nullptr);

	cft_test::RunResult r = confiture({"server", "doctor", "--server", server.address,
	                                   "--project", "p", "--db-url", url});
	EXPECT_EQ(r.exit_code, 0) << r.out << r.err;
	EXPECT_NE(r.out.find("block each other"), std::string::npos) << r.out;
	EXPECT_NE(r.out.find("clock"), std::string::npos) << r.out;
	server.process.signal(SIGTERM);
	ASSERT_TRUE(server.process.wait());
	EXPECT_EQ(confiture({"server", "doctor", "--server", server.address, "--project", "p",
	                     "--db-url", url, "--timeout", "1s"})
	                  .exit_code,
	          1);
}

/* The runbook of docs/security.md, step by step. */
TEST(Backup, IsRestoredAndOldResumeTokensFailLoudly)
{
	cft_test::TempDir dir;
	std::string url = pg().create_database(), restored = pg().create_database();
	std::string file = dir.file("backup"), token;
	{
		ServerProcess server(url);
		Caller c(server.address);
		ASSERT_NE(register_intent(c, "alice", "CREATE TABLE a (id int)"), nullptr);
		cft_test::RunResult dump =
			cft_test::run({"pg_dump", "--format=custom", "--schema=confiture", "--file",
		                       file, "-d", url});
		ASSERT_EQ(dump.exit_code, 0) << dump.err;
		ASSERT_NE(register_intent(c, "bob", "CREATE TABLE b (id int)"), nullptr);
		MSG(WatchEventsRequest, watch_events_request, request);
		request.from_revision = 2;
		Watcher watcher(c, &request);
		ASSERT_NE(watcher.event(), nullptr);
		token = watcher.token;
	}
	cft_test::RunResult restore = cft_test::run(
		{"pg_restore", "--exit-on-error", "--no-owner", "-d", restored, file});
	ASSERT_EQ(restore.exit_code, 0) << restore.err;
	EXPECT_EQ(confiture({"server", "new-epoch", "--db-url", restored}).exit_code, 0);
	EXPECT_EQ(confiture({"audit", "verify", "--db-url", restored}).exit_code, 0);

	ServerProcess server(restored);
	Caller c(server.address);
	MSG(GetServerInfoRequest, get_server_info_request, info);
	info.project = const_cast<char *>("p");
	auto *now = c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &info);
	ASSERT_NE(now, nullptr) << c.err.message;
	EXPECT_EQ(now->revision, 1u);
	MSG(WatchEventsRequest, watch_events_request, request);
	request.resume_token = text(token);
	Watcher watcher(c, &request);
	EXPECT_LT(watcher.read(), 0);
	EXPECT_NE(c.err.code, CFT_E_TIMEOUT) << c.err.message;
	EXPECT_NE(register_intent(c, "bob", "CREATE TABLE b (id int)"), nullptr) << c.err.message;
}
