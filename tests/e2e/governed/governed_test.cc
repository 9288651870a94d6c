/* Governed migrations, from outside: generated Python clients, several servers, kill -9.
 * SPDX-License-Identifier: MIT
 */
#include "tests/integration/server/fixture.h"

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace
{

using cft_test::PgCluster;
using cft_test::run;

const char *const python = "/usr/bin/python3";

bool HasPython()
{
	return run({python, "-c", "import grpc, grpc_tools"}).exit_code == 0;
}

class Governed : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		if (!HasPython())
			GTEST_SKIP() << "python3-grpcio and python3-grpc-tools are not installed";
		const std::string proto = CFT_SOURCE_DIR "/proto";
		auto made =
			run({python, "-m", "grpc_tools.protoc", "-I" + proto, "-I/usr/include",
		             "--python_out=" + stubs.path(), "--grpc_python_out=" + stubs.path(),
		             "confiture/v1/types.proto", "confiture/v1/effect.proto",
		             "confiture/v1/coordination_service.proto",
		             "confiture/v1/migration_service.proto"});
		ASSERT_EQ(made.exit_code, 0) << made.err;
		database = cluster().create_database();
		target = cluster().create_database();
		staging = cluster().create_database();
		config = dir.write(
			"server.yaml",
			"targets:\n" +
				Target("production", target, "    agents: [alice, bob, dave]\n") +
				Target("guarded", target,
		                       "    policy: approval-required\n    approvers: [lead]\n") +
				Target("staging", staging, "    policy: free\n"));
	}
	static PgCluster &cluster()
	{
		return PgCluster::shared();
	}
	static std::string Target(const std::string &name, const std::string &url,
	                          const std::string &more)
	{
		return "  " + name + ":\n    url: \"" + url + "\"\n" + more;
	}
	cft_test::RunResult Script(const std::string &name, std::vector<std::string> args)
	{
		args.insert(args.begin(),
		            {python, CFT_SOURCE_DIR "/tests/e2e/governed/" + name, stubs.path()});
		return run(args);
	}
	/* Two live servers; the one that applies gets a signal, and the other one goes on. */
	void TakeOver(int signal);

	cft_test::TempDir stubs, dir;
	std::string database, target, staging, config;
};

TEST_F(Governed, FromRegisterToMerged)
{
	ServerProcess server(database, {"--config", config});
	auto ran = Script("story.py", {server.address});

	EXPECT_EQ(ran.exit_code, 0) << ran.err << server.log();
	EXPECT_EQ(ran.out.substr(0, 11), "merged int_");
	EXPECT_EQ(cluster().sql(target, "SELECT string_agg(version, ' ' ORDER BY version) FROM "
	                                "confiture_migrations"),
	          "001 002 003 005");
	EXPECT_EQ(cluster().sql(target, "SELECT count(*) FROM pg_attribute WHERE attrelid = "
	                                "'users'::regclass AND attname = 'a'"),
	          "0");
}

TEST_F(Governed, FiftyAgentsAtThreeServersGetFiftyNumbers)
{
	ServerProcess a(database), b(database), c(database);
	auto ran = Script("numbers.py", {a.address, b.address, c.address});

	EXPECT_EQ(ran.out, "50 numbers\n") << ran.err;
}

/* The token in the target is greater: somebody else had a later turn. */
TEST_F(Governed, AStaleFenceIsRefusedInTheTargetsOwnTransaction)
{
	ServerProcess server(database, {"--config", config, "--operation-stale", "3s"});

	ASSERT_EQ(Script("outlive.py", {server.address, "1"}).exit_code, 0) << server.log();
	cluster().sql(target, "UPDATE confiture_fence SET fence = fence + 1000");
	auto ran = Script("outlive.py", {server.address, "20"});
	EXPECT_NE(ran.err.find("later operation than fence"), std::string::npos) << ran.err;
	EXPECT_LT(std::stoi(cluster().sql(target, "SELECT count(*) FROM pg_tables WHERE tablename "
	                                          "~ '^t[0-9]+$'")),
	          20);
	EXPECT_EQ(cluster().sql(database, "SELECT status FROM confiture.intent"), "COMPLETED");
	EXPECT_EQ(cluster().sql(database, "SELECT status FROM confiture.operation"), "FAILED");
}

/* The same story on the command line. */
TEST_F(Governed, TheCommandLineWorksOnATarget)
{
	ServerProcess server(database, {"--config", config});
	cft_test::RunOptions options;
	options.cwd = dir.path();
	options.env = {{"CONFITURE_SERVER", server.address}, {"CONFITURE_PROJECT", "default"}};
	auto confiture = [&](std::vector<std::string> args) {
		args.insert(args.begin(), cft_test::program("agent"));
		return run(args, options);
	};
	const std::string ddl = "CREATE TABLE notes (id int)";
	dir.write("db/migrations/042_notes.up.sql", ddl + ";\n");

	auto ran = confiture({"coordinate", "register", "--agent-id", "carol", "--feature-name",
	                      "notes", "--schema-changes", ddl, "--reserve-version", "041",
	                      "--format", "json"});
	ASSERT_EQ(ran.exit_code, 0) << ran.err << ran.out;
	EXPECT_NE(ran.out.find("\"042\""), std::string::npos) << ran.out;
	size_t at = ran.out.find("int_");
	const std::string intent = ran.out.substr(at, 16);
	ran = confiture({"coordinate", "complete", "--intent-id", intent, "--outcome", "success"});
	ASSERT_EQ(ran.exit_code, 0) << ran.err;
	ran = confiture({"migrate", "up", "--on", "guarded", "--intent-id", intent});
	EXPECT_EQ(ran.exit_code, 5) << ran.err;
	EXPECT_NE(ran.err.find("nobody approved"), std::string::npos) << ran.err;
	ran = confiture({"coordinate", "register", "--agent-id", "dave", "--feature-name", "rival",
	                 "--schema-changes", "CREATE TABLE notes (id text)"});
	ASSERT_EQ(ran.exit_code, 0) << ran.err;
	const std::string rival = ran.out.substr(ran.out.find("int_"), 16);
	ran = confiture({"migrate", "up", "--on", "guarded", "--intent-id", intent, "--dry-run"});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_NE(ran.out.find("042_notes"), std::string::npos) << ran.out;
	EXPECT_NE(ran.out.find("042 and the open intent int_"), std::string::npos) << ran.out;
	ran = confiture({"migrate", "up", "--on", "guarded", "--intent-id", intent, "--dry-run",
	                 "--with-open-intents", "--format", "json"});
	EXPECT_NE(ran.out.find("already exists"), std::string::npos) << ran.out << ran.err;
	ran = confiture({"coordinate", "abandon", "--agent-id", "dave", "--intent-id", rival});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	ran = confiture({"coordinate", "approvals", "list"});
	EXPECT_NE(ran.out.find(ddl), std::string::npos) << ran.out << ran.err;
	ran = confiture({"coordinate", "approve", "--agent-id", "lead", "--intent-id", intent});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	ran = confiture({"migrate", "up", "--on", "guarded", "--intent-id", intent});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_NE(ran.out.find("Successfully applied 1 migration(s)!"), std::string::npos)
		<< ran.out;
	ran = confiture({"migrate", "status", "--on", "guarded", "--format", "json"});
	EXPECT_NE(ran.out.find("\"applied\": 1"), std::string::npos) << ran.out << ran.err;

	/* Another tool applies the next one. */
	cluster().sql(target, "CREATE TABLE by_flyway (id int)");
	ran = confiture({"coordinate", "register", "--agent-id", "dave", "--feature-name", "flyway",
	                 "--schema-changes", "CREATE TABLE by_flyway (id int)"});
	const std::string other = ran.out.substr(ran.out.find("int_"), 16);
	ran = confiture({"coordinate", "complete", "--intent-id", other, "--outcome", "success"});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	ran = confiture({"coordinate", "merge", "--intent-id", other, "--db-url", target});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	ran = confiture({"coordinate", "base", "show"});
	EXPECT_NE(ran.out.find("database"), std::string::npos) << ran.out << ran.err;
	cluster().sql(target, "DROP TABLE by_flyway");

	/* What comes after: every other command on the same target. */
	const std::vector<std::string> on = {"--on", "guarded", "--agent-id", "carol"};
	auto on_target = [&](std::vector<std::string> args) {
		args.insert(args.begin(), "migrate");
		args.insert(args.end(), on.begin(), on.end());
		return confiture(args);
	};
	const std::string newer =
		dir.write("newer.sql", "CREATE TABLE notes (id int, text text);\n");
	ran = on_target({"diff", newer, "--generate", "--name", "note text"});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_NE(ran.out.find("043_note_text.up.sql"), std::string::npos) << ran.out;
	ran = on_target({"generate", "later"});
	EXPECT_NE(ran.out.find("044_later.up.sql"), std::string::npos) << ran.out << ran.err;
	dir.write("db/schema/notes.sql", ddl + ";\n");
	dir.write("db/environments/local.yaml", "name: local\ninclude_dirs: [db/schema]\n"
	                                        "database: {host: nowhere, database: none}\n");
	ran = confiture({"drift", "--on", "guarded", "--env", "local", "--exit-code"});
	EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
	ran = on_target({"lint", "--format", "json"});
	EXPECT_NE(ran.out.find("\"files\": 2"), std::string::npos) << ran.out << ran.err;
	EXPECT_NE(ran.out.find("\"base\": {"), std::string::npos) << ran.out;
	ran = on_target({"status", "--format", "json"});
	EXPECT_NE(ran.out.find("\"base\": {"), std::string::npos) << ran.out << ran.err;
	ran = on_target({"validate", "--format", "json"});
	EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
	EXPECT_NE(ran.out.find("\"line\": 0"), std::string::npos) << ran.out;
	EXPECT_EQ(on_target({"repair"}).exit_code, 0);
	dir.write("db/migrations/042_notes.up.sql", ddl + "; -- edited\n");
	ran = on_target({"validate"});
	EXPECT_NE(ran.exit_code, 0);
	EXPECT_NE(ran.err.find("042"), std::string::npos) << ran.err;
	ran = on_target({"repair"});
	EXPECT_NE(ran.out.find("--accept 042"), std::string::npos) << ran.out << ran.err;
	EXPECT_EQ(cluster().sql(database,
	                        "SELECT status FROM confiture.intent WHERE agent_id = 'carol'"),
	          "MERGED");
}

/* From a second terminal: what is being done, how far it is, and how to stop it. */
TEST_F(Governed, OperationsAreListedWatchedAndCancelled)
{
	ServerProcess server(database, {"--config", config});
	cft_test::RunOptions options;
	options.cwd = dir.path();
	options.env = {{"CONFITURE_SERVER", server.address}, {"CONFITURE_PROJECT", "default"}};
	auto argv = [&](std::vector<std::string> args) {
		args.insert(args.begin(), {cft_test::program("agent"), "migrate"});
		return args;
	};
	auto operations = [&](std::vector<std::string> args) {
		args.insert(args.begin(), "operations");
		return run(argv(args), options);
	};
	auto jq = [&](const std::string &expression, const std::string &text) {
		options.input = text;
		auto ran = run({"jq", "-sc", expression}, options);
		options.input.clear();
		return ran.out.substr(0, ran.out.find('\n'));
	};
	EXPECT_EQ(
		jq(".[0].targets | map({name, policy, agents})",
	           run(argv({"targets", "--format", "json"}), options).out),
		R"([{"name":"production","policy":"INTENT_REQUIRED","agents":["alice","bob","dave"]},)"
		R"({"name":"guarded","policy":"APPROVAL_REQUIRED","agents":[]},)"
		R"({"name":"staging","policy":"FREE","agents":[]}])");
	EXPECT_NE(run(argv({"targets"}), options).out.find("every agent"), std::string::npos);
	EXPECT_EQ(operations({"list"}).out.substr(0, 14), "No operations\n");
	dir.write("db/migrations/001_users.up.sql", "CREATE TABLE users (id int);\n");
	ASSERT_EQ(run(argv({"up", "--on", "staging", "--agent-id", "alice"}), options).exit_code,
	          0);
	dir.write("db/migrations/002_slow.up.sql",
	          "CREATE TABLE slow AS SELECT pg_sleep(600)::text AS x;\n");
	cft_test::Background up(argv({"up", "--on", "staging", "--agent-id", "bob"}), options);
	ASSERT_TRUE(cft_test::eventually([&] {
		return cluster().sql(staging,
		                     "SELECT count(*) FROM pg_stat_activity WHERE query "
		                     "LIKE 'CREATE TABLE slow AS SELECT pg_sleep(600)%'") == "1";
	}));

	auto ran = operations(
		{"list", "--on", "staging", "--active", "--exit-code", "--format", "json"});
	EXPECT_EQ(ran.exit_code, 1) << ran.err;
	EXPECT_EQ(
		jq(".[0].operations | [.[] | .kind, .agent_id, .status, .target, .error]", ran.out),
		"[\"apply\",\"bob\",\"RUNNING\",\"staging\",null]")
		<< ran.out;
	const std::string id = ran.out.substr(ran.out.find("op_"), 15);
	ran = operations({"list"});
	EXPECT_EQ(ran.exit_code, 0);
	EXPECT_NE(ran.out.find("SUCCEEDED"), std::string::npos) << ran.out;
	EXPECT_NE(ran.out.find(id), std::string::npos) << ran.out;
	EXPECT_NE(operations({"list", "--limit", "1"}).out.find(id), std::string::npos);
	EXPECT_EQ(operations({"list", "--on", "guarded", "--exit-code"}).exit_code, 0);

	ran = operations({"cancel", "--agent-id", "alice", "--operation-id", id});
	EXPECT_EQ(ran.exit_code, 7) << ran.out;
	EXPECT_NE(ran.err.find("of agent bob"), std::string::npos) << ran.err;
	ran = operations({"cancel", "--agent-id", "bob", "--operation-id", id});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_NE(ran.out.find("watch --operation-id " + id), std::string::npos) << ran.out;
	up.wait();
	ran = operations({"watch", "--operation-id", id, "--format", "json"});
	EXPECT_EQ(ran.exit_code, 1) << ran.err;
	EXPECT_EQ(jq("[.[].kind]", ran.out),
	          "[\"QUEUED\",\"STARTED\",\"PLANNED\",\"BEGIN_MIGRATION\",\"STATEMENT\","
	          "\"END_MIGRATION\",\"DONE\"]")
		<< ran.out;
	EXPECT_EQ(jq(".[-1].operation | [.status, .error.reason]", ran.out),
	          "[\"CANCELLED\",\"CANCELLED\"]")
		<< ran.out;
	EXPECT_EQ(jq("[.[].sequence]",
	             operations({"watch", "--operation-id", id, "--after", "5", "--format", "json"})
	                     .out),
	          "[6,0]");
	EXPECT_EQ(operations({"cancel", "--agent-id", "bob", "--operation-id", id}).exit_code, 0)
		<< "it is cancelled already";

	/* What ended otherwise cannot be stopped any more. */
	ran = operations({"list", "--on", "staging", "--format", "json"});
	const std::string first = jq(".[0].operations[-1].operation_id", ran.out).substr(1, 15);
	EXPECT_EQ(operations({"watch", "--operation-id", first}).exit_code, 0);
	ran = operations({"cancel", "--agent-id", "alice", "--operation-id", first});
	EXPECT_EQ(ran.exit_code, 5) << ran.out;
	EXPECT_NE(ran.err.find("had ended before: SUCCEEDED"), std::string::npos) << ran.err;
	EXPECT_EQ(operations({"watch", "--operation-id", "op_none"}).exit_code, 4);
}

/* Only the ledger changes; it waits for its turn like an apply, and the log has it. */
TEST_F(Governed, TheLedgerOfATargetIsChangedThroughTheServer)
{
	ServerProcess server(database, {"--config", config});
	cft_test::RunOptions options;
	options.cwd = dir.path();
	options.env = {{"CONFITURE_SERVER", server.address}, {"CONFITURE_PROJECT", "default"}};
	auto migrate = [&](std::vector<std::string> args) {
		args.insert(args.begin(), {cft_test::program("agent"), "migrate"});
		args.insert(args.end(), {"--on", "guarded", "--agent-id", "dba"});
		return run(args, options);
	};
	auto ledger = [&] {
		return cluster().sql(target, "SELECT string_agg(version || ' ' || state, ',' ORDER "
		                             "BY version) FROM confiture_migrations");
	};
	dir.write("db/migrations/001_users.up.sql", "CREATE TABLE users (id int);\n");
	dir.write("db/migrations/002_orders.up.sql", "CREATE TABLE orders (id int);\n");
	dir.write("db/migrations/003_later.up.sql", "CREATE TABLE later (id int);\n");

	auto ran = migrate({"baseline", "--through", "002", "--reason", "it was there before"});
	EXPECT_EQ(ran.exit_code, 0) << ran.err << server.log();
	EXPECT_NE(ran.out.find("Recorded 2 migration(s)"), std::string::npos) << ran.out;
	EXPECT_EQ(ledger(), "001 baseline,002 baseline");
	EXPECT_EQ(cluster().sql(target, "SELECT count(*) FROM pg_tables WHERE tablename IN "
	                                "('users', 'orders', 'later')"),
	          "0");
	EXPECT_EQ(migrate({"baseline", "--through", "009"}).exit_code, 4);
	EXPECT_EQ(migrate({"baseline", "--import"}).exit_code, 4);

	dir.write("db/migrations/001_users.up.sql", "CREATE TABLE users (id int); -- edited\n");
	EXPECT_EQ(migrate({"verify"}).exit_code, 8);
	EXPECT_EQ(migrate({"repair", "--accept", "001"}).exit_code, 0);
	EXPECT_EQ(migrate({"verify"}).exit_code, 0);
	EXPECT_EQ(migrate({"repair", "--applied", "001"}).exit_code, 5);
	EXPECT_EQ(migrate({"repair", "--forget", "002"}).exit_code, 0);
	EXPECT_EQ(ledger(), "001 baseline");

	/* Python is not run there; but it is recorded, and does not stand in the way of what comes
	 * after it. */
	dir.write("db/migrations/002_orders.py",
	          "from confiture.models.migration import Migration\n\n\n"
	          "class Orders(Migration):\n    def up(self) -> None:\n"
	          "        self.execute('CREATE TABLE orders (id int)')\n");
	ASSERT_EQ(run({"rm", dir.file("db/migrations/002_orders.up.sql")}).exit_code, 0);
	auto up = [&](std::vector<std::string> more) {
		std::vector<std::string> argv = {cft_test::program("agent"),
		                                 "migrate",
		                                 "up",
		                                 "--on",
		                                 "staging",
		                                 "--agent-id",
		                                 "alice"};
		argv.insert(argv.end(), more.begin(), more.end());
		return run(argv, options);
	};
	for (const auto &more : {std::vector<std::string>{}, {"--dry-run"}}) {
		ran = up(more);
		EXPECT_EQ(ran.exit_code, 1) << ran.out;
		EXPECT_NE(ran.err.find("002_orders.py is Python"), std::string::npos) << ran.err;
		EXPECT_NE(ran.err.find("baseline --through 002"), std::string::npos) << ran.err;
	}
	ran = migrate({"baseline", "--through", "002"});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(ledger(), "001 baseline,002 baseline");
	EXPECT_EQ(migrate({"verify"}).exit_code, 0);
	EXPECT_EQ(run({cft_test::program("agent"), "migrate", "baseline", "--through", "002",
	               "--on", "staging", "--agent-id", "dba"},
	              options)
	                  .exit_code,
	          0);
	ran = up({});
	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	EXPECT_EQ(cluster().sql(staging, "SELECT to_regclass('later') IS NOT NULL"), "t");
	EXPECT_EQ(migrate({"repair", "--forget", "002"}).exit_code, 0);
	ASSERT_EQ(run({"rm", dir.file("db/migrations/002_orders.py")}).exit_code, 0);
	dir.write("db/migrations/002_orders.up.sql", "CREATE TABLE orders (id int);\n");
	EXPECT_EQ(cluster().sql(target, "SELECT fence FROM confiture_fence"), "8");
	EXPECT_EQ(cluster().sql(database, "SELECT count(*) FROM confiture.event WHERE "
	                                  "'target.changing' = ANY (kinds)"),
	          "11");

	/* What is broken there is seen from here. */
	cluster().sql(target, "CREATE TABLE twice AS SELECT 1 AS x FROM generate_series(1, 2)");
	EXPECT_ANY_THROW(
		cluster().sql(target, "CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (x)"));
	ran = migrate({"repair", "--format", "json"});
	EXPECT_NE(ran.out.find("invalid_index"), std::string::npos) << ran.out << ran.err;
	EXPECT_EQ(migrate({"verify"}).exit_code, 8);
	EXPECT_EQ(migrate({"up", "--ddl-lock-timeout", "1s"}).exit_code, 2);
}

/* Whether it was done is not known then: a person looks. An apply would go on. */
TEST_F(Governed, ARepairWhoseServerDiesIsNotRepeated)
{
	ServerProcess server(database, {"--config", config, "--operation-stale", "3s"});
	cft_test::RunOptions options;
	options.cwd = dir.path();
	options.env = {{"CONFITURE_SERVER", server.address}, {"CONFITURE_PROJECT", "default"}};
	auto migrate = [&](std::vector<std::string> args) {
		args.insert(args.begin(), {cft_test::program("agent"), "migrate"});
		return args;
	};
	const std::vector<std::string> on = {"--on", "guarded", "--agent-id", "dba"};
	auto operation = [&](const char *what) {
		return cluster().sql(database, std::string("SELECT ") + what +
		                                       " FROM confiture.operation WHERE kind = "
		                                       "'repair'");
	};
	dir.write("db/migrations/001_users.up.sql", "CREATE TABLE users (id int);\n");
	ASSERT_EQ(
		run(migrate({"baseline", "--through", "001", on[0], on[1], on[2], on[3]}), options)
			.exit_code,
		0)
		<< server.log();

	/* Another migrator has the lock: the repair waits for it. */
	dir.write("slow/001_users.up.sql", "CREATE TABLE users (id int);\n");
	dir.write("slow/002_slow.up.sql", "SELECT pg_sleep(600);\n");
	cft_test::Background slow(
		migrate({"up", "--database-url", target, "--migrations-dir", "slow"}), options);
	ASSERT_TRUE(cft_test::eventually([&] {
		return cluster().sql(target, "SELECT count(*) FROM pg_stat_activity WHERE query "
		                             "LIKE 'SELECT pg_sleep(600)%'") == "1";
	}));
	cft_test::Background repair(
		migrate({"repair", "--forget", "001", on[0], on[1], on[2], on[3]}), options);
	ASSERT_TRUE(cft_test::eventually([&] { return operation("max(status)") == "RUNNING"; }));
	server.process.signal(SIGKILL);
	server.process.wait();
	slow.stop(SIGINT);
	server.start();
	EXPECT_TRUE(cft_test::eventually([&] {
		return operation("error_reason") == "INTERRUPTED";
	})) << operation("status")
	    << server.log();
	EXPECT_EQ(cluster().sql(target, "SELECT version || state FROM confiture_migrations"),
	          "001baseline");
	EXPECT_EQ(operation("attempt"), "2");
}

TEST_F(Governed, TwoServersRaceForOneIntentAndItIsAppliedOnce)
{
	ServerProcess a(database, {"--config", config}), b(database, {"--config", config});
	auto ran = Script("race.py", {a.address, b.address});

	EXPECT_EQ(ran.out, "once\n") << ran.err << a.log() << b.log();
	EXPECT_EQ(cluster().sql(target, "SELECT count(*) FROM confiture_migrations"), "1");
}

/* The server is there: it says so of the target, without its password. */
TEST_F(Governed, ATargetThatIsAwayIsNamedAndItsPasswordIsNot)
{
	config = dir.write("away.yaml",
	                   "targets:\n" +
	                           Target("away", "postgresql://u:geheim@127.0.0.1:1/db", ""));
	ServerProcess server(database, {"--config", config});
	cft_test::RunOptions options;
	options.env = {{"CONFITURE_SERVER", server.address}, {"CONFITURE_PROJECT", "default"}};
	options.cwd = dir.path();
	dir.write("db/migrations/001_users.up.sql", "CREATE TABLE users (id int);\n");
	auto ran = run({cft_test::program("agent"), "migrate", "status", "--on", "away", "--format",
	                "json"},
	               options);

	EXPECT_EQ(ran.exit_code, 3);
	EXPECT_NE(ran.err.find("TARGET_UNREACHABLE"), std::string::npos) << ran.err;
	EXPECT_EQ((ran.out + ran.err + server.log()).find("geheim"), std::string::npos);
}

/* Every statement with CFT_LONG_TESTS, else some of them. */
std::vector<int> Moments()
{
	std::vector<int> all;
	for (int i = 0; i < 20; i += getenv("CFT_LONG_TESTS") ? 1 : 7)
		all.push_back(i);
	return all;
}

void ExpectAllApplied(PgCluster &cluster, const std::string &target)
{
	EXPECT_EQ(cluster.sql(target, "SELECT count(*) FROM pg_tables WHERE tablename ~ "
	                              "'^t[0-9]+$'"),
	          "20");
	EXPECT_EQ(cluster.sql(target, "SELECT version || state || statements_done FROM "
	                              "confiture_migrations"),
	          "001applied20");
}

/* Statement n of outlive.py waits until `opened` is greater than n. */
const char *const gate = "CREATE TABLE opened AS SELECT 0 AS n;"
			 "CREATE FUNCTION gate(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
			 "WHILE (SELECT n <= i FROM opened) LOOP PERFORM pg_sleep(0.02); END LOOP; "
			 "RETURN i; END $$";

/* Each kill meets the statement that it is meant for, however slow the machine is. */
TEST_F(Governed, AnApplyOutlivesItsClientsAndItsServers)
{
	ServerProcess server(database, {"--config", config, "--operation-stale", "3s"});
	auto open = [&](int n) {
		cluster().sql(target, "UPDATE opened SET n = " + std::to_string(n));
	};

	cluster().sql(target, gate);
	for (int moment : Moments()) {
		open(moment);
		auto ran = Script("outlive.py", {server.address, std::to_string(moment), "gated"});
		ASSERT_EQ(ran.out, "left " + std::to_string(moment) + "\n")
			<< ran.err << server.log();
		server.process.signal(SIGKILL);
		server.process.wait();
		server.start();
	}
	open(20);
	auto ran = Script("outlive.py", {server.address, "20", "gated"});
	const std::string attempts = std::to_string(Moments().size() + 1);
	EXPECT_EQ(ran.out, "done " + attempts + "\n") << ran.err << server.log();
	ExpectAllApplied(cluster(), target);
	EXPECT_EQ(cluster().sql(database, "SELECT attempt FROM confiture.operation"), attempts);
	EXPECT_EQ(cluster().sql(database, "SELECT status FROM confiture.intent"), "MERGED");
	EXPECT_EQ(cluster().sql(database, "SELECT count(*) FROM confiture.event WHERE "
	                                  "'intent.merged' = ANY (kinds)"),
	          "1");
	EXPECT_EQ(cluster().sql(target, "SELECT details ->> 'operation' FROM confiture_migrations"),
	          cluster().sql(database, "SELECT id FROM confiture.operation"));
}

void Governed::TakeOver(int signal)
{
	ServerProcess first(database, {"--config", config, "--operation-stale", "3s"});
	ServerProcess second(database, {"--config", config, "--operation-stale", "3s"});

	cluster().sql(target, gate);
	cluster().sql(target, "UPDATE opened SET n = 5");
	ASSERT_EQ(Script("outlive.py", {first.address, "5", "gated"}).exit_code, 0) << first.log();
	first.process.signal(signal);
	cluster().sql(target, "UPDATE opened SET n = 20");
	auto ran = Script("outlive.py", {second.address, "20", "gated"});
	EXPECT_EQ(ran.out, "done 2\n") << ran.err << second.log();
	first.process.signal(SIGCONT);
	ExpectAllApplied(cluster(), target);
	EXPECT_EQ(cluster().sql(database, "SELECT status FROM confiture.operation"), "SUCCEEDED");
	EXPECT_EQ(cluster().sql(database, "SELECT status FROM confiture.intent"), "MERGED");
	EXPECT_TRUE(signal != SIGSTOP || cft_test::eventually([&] {
			    return first.log().find("another server has the operation") !=
		                   std::string::npos;
		    }))
		<< first.log();
}

TEST_F(Governed, AnotherServerTakesOverFromOneThatDied)
{
	TakeOver(SIGKILL);
}

/* It comes back too late: its worker is fenced off, and it lets go. */
TEST_F(Governed, AnotherServerTakesOverFromOneThatSleeps)
{
	TakeOver(SIGSTOP);
}

/* Two servers look; the log says it once. */
TEST_F(Governed, AChangeBesideTheServerIsAnEvent)
{
	ServerProcess a(database, {"--config", config, "--drift-interval", "1s"});
	ServerProcess b(database, {"--config", config, "--drift-interval", "1s"});

	ASSERT_EQ(Script("drift.py", {a.address, "apply"}).exit_code, 0) << a.log();
	cluster().sql(staging, "ALTER TABLE x ADD COLUMN by_hand text");
	auto ran = Script("drift.py", {b.address, "watch"});
	EXPECT_EQ(ran.out, "drifted\n") << ran.err << b.log();
	EXPECT_EQ(cluster().sql(database, "SELECT count(*) FROM confiture.event WHERE "
	                                  "'target.drifted' = ANY (kinds)"),
	          "1");
}

TEST_F(Governed, AnApplyIsCancelledWhileItRunsAndWhileItWaits)
{
	ServerProcess server(database, {"--config", config});
	auto ran = Script("cancel.py", {server.address});

	EXPECT_EQ(ran.out, "cancelled\n") << ran.err << server.log();
	EXPECT_EQ(cluster().sql(target, "SELECT count(*) FROM pg_tables WHERE tablename ~ "
	                                "'^c[0-9]$'"),
	          "0");
}

TEST_F(Governed, AnApplyOutlivesARestartOfTheTarget)
{
	PgCluster own;
	std::string far = own.create_database();
	config = dir.write("far.yaml", "targets:\n" + Target("production", far, ""));
	ServerProcess server(database, {"--config", config});

	ASSERT_EQ(Script("outlive.py", {server.address, "5"}).exit_code, 0) << server.log();
	own.restart();
	auto ran = Script("outlive.py", {server.address, "20"});
	EXPECT_EQ(ran.out, "done 1\n") << ran.err << server.log();
	ExpectAllApplied(own, far);
}

/* Printed, not judged: the machine may be busy. CFT_LONG_TESTS runs the 30 seconds. */
TEST_F(Governed, LatencyOfCoordinationDuringAnApply)
{
	ServerProcess server(database, {"--config", config});
	auto ran = Script("latency.py", {server.address, getenv("CFT_LONG_TESTS") ? "30" : "3"});

	EXPECT_EQ(ran.exit_code, 0) << ran.err;
	std::cout << ran.out;
}

} // namespace
