/* Bad input and bad luck: each costs one request, with a stable reason, and stores nothing.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <confiture/v1/migration_service.pb-c.h>
#include <functional>
#include <grpc/health/v1/health.pb-c.h>
#include <set>

namespace
{

struct Hostile : ::testing::Test {
	static ServerProcess &server()
	{
		static ServerProcess s(cft_test::PgCluster::shared().create_database());
		return s;
	}
	Caller c{server().address};

	uint64_t revision()
	{
		MSG(GetServerInfoRequest, get_server_info_request, r);
		r.project = const_cast<char *>("p");
		auto *info = c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &r);
		EXPECT_NE(info, nullptr) << c.err.message;
		return info ? info->revision : 0;
	}
	using Change = std::function<void(Confiture__V1__RegisterIntentRequest &)>;
	/* The reason for which a registration that was changed like this is refused. */
	std::string refusal(const Change &change)
	{
		MSG(RegisterIntentRequest, register_intent_request, r);
		r.project = const_cast<char *>("p");
		r.agent_id = const_cast<char *>("mallory");
		r.feature_name = const_cast<char *>("f");
		r.schema_changes = const_cast<char *>("CREATE TABLE t (id int)");
		change(r);
		auto *done = c.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &r);
		return done ? "accepted" : c.err.reason;
	}
};

/* Branches are made from what people call a feature, and get into their shells and into git. */
TEST_F(Hostile, BranchNamesAreOnesThatGitTakesWhateverTheFeatureIsCalled)
{
	const std::string names[] = {"..",
	                             "/",
	                             "-",
	                             "--upload-pack=x",
	                             "HEAD",
	                             "x.lock",
	                             "a@{1}",
	                             "../../etc/passwd",
	                             "$(reboot)",
	                             "`id`; rm -rf /",
	                             "a\\b~c^d:e?f*g[h",
	                             "\xF0\x9F\x8D\x93",
	                             "\xC3\xA9t\xC3\xA9",
	                             "a_001",
	                             "a_4294967295",
	                             "a",
	                             "A",
	                             "___",
	                             std::string(200, 'n'),
	                             std::string(199, 'n') + "m"};
	std::set<std::string> seen;

	for (int round = 0; round < 2; round++)
		for (const std::string &name : names) {
			MSG(RegisterIntentRequest, register_intent_request, r);
			r.project = const_cast<char *>("branches");
			r.agent_id = const_cast<char *>("mallory");
			r.feature_name = text(name);
			r.schema_changes = const_cast<char *>("CREATE TABLE t (id int)");
			auto *done =
				c.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &r);
			ASSERT_NE(done, nullptr) << name << c.err.message;
			std::string branch = done->intent->branch_name;
			EXPECT_TRUE(seen.insert(branch).second) << branch;
			EXPECT_LT(branch.size(), 70u) << branch;
			EXPECT_EQ(
				branch.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_/"),
				std::string::npos)
				<< branch;
			EXPECT_EQ(cft_test::run({"git", "check-ref-format", "--branch", branch})
			                  .exit_code,
			          0)
				<< branch;
		}
}

TEST_F(Hostile, TheBranchToLeaveOutIsAName)
{
	MSG(CheckIntentRequest, check_intent_request, r);
	r.project = const_cast<char *>("branches");
	r.schema_changes = const_cast<char *>("CREATE TABLE t (id int)");
	const std::pair<std::string, const char *> cases[] = {
		{std::string(200000, 'b'), "FIELD_TOO_LONG"},
		{"feature/a\n_001", "INVALID_CHARACTER"},
		{"feature/nothing_such_999999999999999999999", ""},
		{"_", ""},
	};
	for (auto &[name, reason] : cases) {
		r.branch_name = text(name);
		c.call<Confiture__V1__CheckIntentResponse>("CheckIntent", &r);
		EXPECT_STREQ(c.err.reason, reason) << name.substr(0, 50) << c.err.message;
	}
}

TEST_F(Hostile, FieldsThatAreNoGoodAreRefusedByName)
{
	const std::string long_name(10000, 'n'), latin("\xe9t\xe9"), deep(200000, '[');
	const struct {
		Change change;
		const char *reason, *field;
	} cases[] = {
		{[](auto &r) { r.agent_id = const_cast<char *>(""); }, "FIELD_REQUIRED",
	         "agent_id"},
		{[&](auto &r) { r.agent_id = text(long_name); }, "FIELD_TOO_LONG", "agent_id"},
		{[](auto &r) { r.agent_id = const_cast<char *>("a\nb"); }, "INVALID_CHARACTER",
	         "agent_id"},
		{[](auto &r) {
			 r.agent_id = const_cast<char *>("a\xC2\x9B"
		                                         "31m");
		 },
	         "INVALID_CHARACTER", "agent_id"},
		{[](auto &r) { r.project = const_cast<char *>("a\xE2\x80\xAE"); },
	         "INVALID_CHARACTER", "project"},
		{[&](auto &r) { r.agent_id = text(latin); }, "INVALID_UTF8", "agent_id"},
		{[&](auto &r) { r.feature_name = text(long_name); }, "FIELD_TOO_LONG",
	         "feature_name"},
		{[&](auto &r) { r.project = text(long_name); }, "FIELD_TOO_LONG", "project"},
		{[](auto &r) { r.metadata_json = const_cast<char *>("{\"a\":"); },
	         "METADATA_NOT_JSON", "metadata_json"},
		{[](auto &r) { r.metadata_json = const_cast<char *>("[1]"); }, "METADATA_NOT_JSON",
	         "metadata_json"},
		{[&](auto &r) { r.metadata_json = text(deep); }, "FIELD_TOO_LONG", "metadata_json"},
		{[](auto &r) { r.risk_level = static_cast<Confiture__V1__RiskLevel>(77); },
	         "INVALID_VALUE", "risk_level"},
		{[](auto &r) { r.estimated_duration_ms = -1; }, "INVALID_VALUE",
	         "estimated_duration_ms"},
	};
	uint64_t before = revision();

	for (const auto &one : cases) {
		EXPECT_EQ(refusal(one.change), one.reason);
		EXPECT_STREQ(c.err.file, one.field);
		EXPECT_EQ(c.err.code, CFT_E_INVALID);
	}
	EXPECT_EQ(revision(), before);
}

/* What is asked for has to be said, whatever else is wrong: nobody searches for "". */
struct Required {
	const ProtobufCServiceDescriptor *service;
	const char *method, *field;
};

const ProtobufCServiceDescriptor *const coordination =
	&confiture__v1__coordination_service__descriptor;
const ProtobufCServiceDescriptor *const migration = &confiture__v1__migration_service__descriptor;

const Required required[] = {
	{coordination, "RegisterIntent", "agent_id"},
	{coordination, "GetIntent", "intent_id"},
	{coordination, "UpdateIntent", "intent_id"},
	{coordination, "StartIntent", "intent_id"},
	{coordination, "CompleteIntent", "intent_id"},
	{coordination, "AbandonIntent", "intent_id"},
	{coordination, "ReleaseIntent", "intent_id"},
	{coordination, "MarkIntentMerged", "intent_id"},
	{coordination, "MarkIntentMerged", "agent_id"},
	{coordination, "ApproveIntent", "intent_id"},
	{coordination, "RejectIntent", "intent_id"},
	{coordination, "GetConflict", "conflict_id"},
	{coordination, "ResolveConflict", "conflict_id"},
	{coordination, "ReopenConflict", "conflict_id"},
	{coordination, "ProveConflict", "conflict_id"},
	{coordination, "ListObjectClaims", "object"},
	{coordination, "Heartbeat", "agent_id"},
	{coordination, "ReadInbox", "agent_id"},
	{coordination, "AcknowledgeInbox", "agent_id"},
	{migration, "ReserveVersion", "agent_id"},
	{migration, "GetMigrationStatus", "target"},
	{migration, "PlanMigrations", "target"},
	{migration, "ApplyMigrations", "target"},
	{migration, "ApplyMigrations", "agent_id"},
	{migration, "RollbackMigrations", "target"},
	{migration, "RollbackMigrations", "agent_id"},
	{migration, "BaselineMigrations", "target"},
	{migration, "RepairMigration", "target"},
	{migration, "RepairMigration", "version"},
	{migration, "WatchOperation", "operation_id"},
	{migration, "CancelOperation", "operation_id"},
	{migration, "CancelOperation", "agent_id"},
	{migration, "DetectDrift", "target"},
	{migration, "GetSchemaSnapshot", "target"},
};

/* A request whose texts are all "x" but for one, and whose choices are all made. */
std::string filled(const ProtobufCMessageDescriptor *type, const char *empty)
{
	std::string memory(type->sizeof_message, '\0');
	auto *message = reinterpret_cast<ProtobufCMessage *>(&memory[0]);

	protobuf_c_message_init(type, message);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor &field = type->fields[i];
		char *at = &memory[field.offset];
		bool one = field.label != PROTOBUF_C_LABEL_REPEATED;

		if (one && field.type == PROTOBUF_C_TYPE_STRING &&
		    std::string(field.name) != "metadata_json")
			*reinterpret_cast<const char **>(at) =
				field.name == std::string(empty) ? "" : "x";
		if (one && field.type == PROTOBUF_C_TYPE_ENUM)
			*reinterpret_cast<int *>(at) = 1;
	}
	return memory;
}

TEST_F(Hostile, AnEmptyIdIsRefusedByItsName)
{
	for (const Required &one : required) {
		const ProtobufCMethodDescriptor *method =
			protobuf_c_service_descriptor_get_method_by_name(one.service, one.method);
		ASSERT_NE(method, nullptr) << one.method;
		std::string request = filled(method->input, one.field);
		void *response = nullptr;

		c.err = CFT_ERR_INIT;
		cft_client_call(c.client, one.service, one.method, &request[0], 20000, &c.arena,
		                &response, &c.err);
		EXPECT_EQ(c.err.code, CFT_E_INVALID) << one.method << ": " << c.err.message;
		EXPECT_STREQ(c.err.reason, "FIELD_REQUIRED") << one.method;
		EXPECT_STREQ(c.err.file, one.field) << one.method;
	}
}

TEST_F(Hostile, AVersionToReserveAfterIsAVersion)
{
	MSG(ReserveVersionRequest, reserve_version_request, r);
	void *response = nullptr;
	r.agent_id = const_cast<char *>("mallory");
	r.after = const_cast<char *>("one");

	cft_client_call(c.client, migration, "ReserveVersion", &r, 20000, &c.arena, &response,
	                &c.err);
	EXPECT_EQ(c.err.code, CFT_E_INVALID) << c.err.message;
	EXPECT_STREQ(c.err.file, "after");
}

TEST_F(Hostile, SqlThatDoesNotParseNamesThePlace)
{
	EXPECT_EQ(refusal([](auto &r) {
			  r.schema_changes =
				  const_cast<char *>("CREATE TABLE a (id int);\nCREATE TABEL b ()");
		  }),
	          "SQL_SYNTAX_ERROR");
	EXPECT_EQ(c.err.line, 2);
	EXPECT_EQ(c.err.column, 8);
	EXPECT_EQ(refusal([](auto &r) { r.schema_changes = const_cast<char *>(""); }),
	          "NOTHING_DECLARED");
	char *tables[] = {const_cast<char *>("users")};
	EXPECT_EQ(refusal([&](auto &r) {
			  r.schema_changes = const_cast<char *>("");
			  r.n_tables_affected = 1;
			  r.tables_affected = tables;
		  }),
	          "accepted");
}

TEST_F(Hostile, DeepAndLongSqlCostsOneRequest)
{
	std::string sum = "ALTER TABLE t ADD CHECK (a > 0", nots = "ALTER TABLE t ADD CHECK (";
	std::string parentheses = "ALTER TABLE t ADD CHECK (" + std::string(100000, '(') + "1" +
	                          std::string(100000, ')') + ")";

	for (int i = 0; i < 50000; i++)
		sum += "+a";
	for (int i = 0; i < 5000; i++)
		nots += "NOT ";
	sum += ")";
	nots += "true)";
	for (std::string *sql : {&sum, &nots, &parentheses}) {
		std::string why = refusal([&](auto &r) { r.schema_changes = text(*sql); });
		EXPECT_NE(why, "INTERNAL") << c.err.message;
		EXPECT_NE(why, "UNAVAILABLE") << c.err.message;
		EXPECT_TRUE(server().process.running());
		revision();
	}
}

TEST_F(Hostile, OversizeMessagesAreRefused)
{
	std::string large(3 << 20, ' '), larger(20 << 20, ' ');

	EXPECT_EQ(refusal([&](auto &r) { r.schema_changes = text(large); }), "FIELD_TOO_LONG");
	EXPECT_EQ(refusal([&](auto &r) { r.schema_changes = text(larger); }), "LIMIT_EXCEEDED");
	MSG(GetIntentRequest, get_intent_request, get);
	get.intent_id = text(large);
	EXPECT_EQ(c.call<Confiture__V1__GetIntentResponse>("GetIntent", &get), nullptr);
	EXPECT_STREQ(c.err.reason, "MESSAGE_TOO_LARGE");
}

TEST_F(Hostile, ANulByteInTheWireIsRefused)
{
	/* protobuf-c cannot send one in a string: a bytes field on the same number can. */
	ProtobufCServiceDescriptor raw = confiture__v1__coordination_service__descriptor;
	MSG(SetBaseSchemaRequest, set_base_schema_request, as_bytes);
	std::string sql("CREATE TABLE a\0b (id int)", 25);
	Confiture__V1__RegisterIntentResponse *response;
	as_bytes.chunk.data = reinterpret_cast<uint8_t *>(&sql[0]);
	as_bytes.chunk.len = sql.size(); /* chunk is 5, as schema_changes is */
	EXPECT_EQ(cft_client_call(c.client, &raw, "RegisterIntent", &as_bytes, 5000, &c.arena,
	                          &response, &c.err),
	          CFT_E_INVALID);
	EXPECT_STREQ(c.err.reason, "NUL_BYTE");
	EXPECT_STREQ(c.err.file, "schema_changes");
}

TEST_F(Hostile, ADeadlineThatPassesIsTheClientsOwn)
{
	MSG(ReadInboxRequest, read_inbox_request, read);
	read.project = const_cast<char *>("p");
	read.agent_id = const_cast<char *>("waiter");
	read.wait_ms = 60000;
	EXPECT_EQ(c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read, 200), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_TIMEOUT);
	revision();
}

TEST(LostDatabase, FailsWithARetryHintTurnsUnhealthyAndComesBack)
{
	cft_test::PgCluster pg;
	ServerProcess server(pg.create_database(), {"--database-timeout", "2s"});
	Caller c(server.address);
	auto healthy = [&] {
		Grpc__Health__V1__HealthCheckRequest r =
			GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
		Grpc__Health__V1__HealthCheckResponse *response;
		r.service = const_cast<char *>("confiture.v1.CoordinationService");
		int rc = cft_client_call(c.client, &grpc__health__v1__health__descriptor, "Check",
		                         &r, 5000, &c.arena, &response, &c.err);
		return rc == 0 && response->status == 1;
	};

	ASSERT_NE(register_intent(c, "alice", "CREATE TABLE a (id int)"), nullptr) << c.err.message;
	EXPECT_TRUE(cft_test::eventually(healthy));
	pg.stop_immediate();
	EXPECT_EQ(register_intent(c, "alice", "CREATE TABLE b (id int)"), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_UNAVAILABLE);
	EXPECT_TRUE(cft_test::eventually([&] { return !healthy(); }));
	pg.start();
	EXPECT_TRUE(cft_test::eventually(healthy, 30));
	EXPECT_TRUE(cft_test::eventually(
		[&] { return register_intent(c, "alice", "CREATE TABLE c (id int)") != nullptr; },
		30));
	EXPECT_TRUE(server.process.running());
}

TEST(LostAnalyzer, KilledAnalyzersAreReplaced)
{
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	Caller c(server.address);

	for (int round = 0; round < 5; round++) {
		std::string pid = std::to_string(server.process.pid());
		auto children =
			cft_test::run({"cat", "/proc/" + pid + "/task/" + pid + "/children"});
		size_t end = 0;
		for (std::string rest = children.out; !rest.empty() && rest[0] != '\n';
		     rest = rest.substr(end)) {
			kill(std::stoi(rest, &end), SIGKILL);
			end = rest.find_first_not_of(" ", end);
			if (end == std::string::npos)
				break;
		}
		EXPECT_TRUE(cft_test::eventually([&] {
			return register_intent(c, "alice",
			                       "CREATE TABLE t" + std::to_string(round) +
			                               " (id int)") != nullptr;
		})) << c.err.message;
	}
}

TEST(Startup, RefusesWhatItCannotDo)
{
	auto start = [](const std::vector<std::string> &more) {
		std::vector<std::string> argv = {cft_test::program("confiture-server")};
		argv.insert(argv.end(), more.begin(), more.end());
		return cft_test::run(argv);
	};

	EXPECT_EQ(start({"--no-such-option"}).exit_code, 2);
	EXPECT_EQ(start({"--listen", "0.0.0.0:0", "--database-url", "host=/nowhere"}).exit_code, 2);
	EXPECT_EQ(start({"--database-url", "host=/nowhere dbname=x"}).exit_code, 3);
	EXPECT_EQ(start({"--help"}).exit_code, 0);
	EXPECT_EQ(start({"--version"}).exit_code, 0);
}

} // namespace
