/* Who may call what, against a running server: every row of the table, every kind of caller.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include "common/base/json.h"
#include "server/auth/matrix.h"
#include "server/rpc/fields.h"

#include <confiture/v1/migration_service.pb-c.h>
#include <cstdlib>
#include <grpc/health/v1/health.pb-c.h>
#include <map>
#include <set>

namespace
{

/* Runs the command line without what the tester's environment holds. */
cft_test::RunResult confiture(std::vector<std::string> argv, const std::string &token = "")
{
	cft_test::RunOptions options;
	options.env = {{"CONFITURE_TOKEN", token},
	               {"CONFITURE_TOKEN_FILE", ""},
	               {"CONFITURE_SERVER", ""},
	               {"CONFITURE_PROJECT", ""},
	               {"CONFITURE_TLS_CA", ""}};
	argv.insert(argv.begin(), cft_test::program("confiture"));
	return cft_test::run(argv, options);
}

struct Credential {
	std::string id, token;
};

Credential create(const std::string &url, std::vector<std::string> more)
{
	std::vector<std::string> argv = {"token", "create", "--db-url", url, "--format", "json"};
	argv.insert(argv.end(), more.begin(), more.end());
	cft_test::RunResult made = confiture(argv);
	EXPECT_EQ(made.exit_code, 0) << made.err;
	json_t *json = cft_json_parse(made.out.data(), made.out.size(), nullptr);
	const char *token = json_string_value(json_object_get(json, "token"));
	Credential one = {json_string_value(json_object_get(json, "id")), token ? token : ""};
	json_decref(json);
	return one;
}

const ProtobufCServiceDescriptor *service_named(const std::string &name)
{
	if (name == "confiture.v1.CoordinationService")
		return &confiture__v1__coordination_service__descriptor;
	if (name == "confiture.v1.MigrationService")
		return &confiture__v1__migration_service__descriptor;
	if (name == "grpc.health.v1.Health")
		return &grpc__health__v1__health__descriptor;
	return nullptr;
}

/* What calling gave: "" for admitted, else the reason of the refusal. */
std::string refusal_of(const cft_err &err)
{
	bool refused = err.code == CFT_E_UNAUTHENTICATED || err.code == CFT_E_FORBIDDEN;
	return refused ? err.reason : "";
}

/* Any RPC with a request that names a project and an agent, and nothing else. */
std::string call_any(Caller &c, const cft_auth_rule &rule, const std::string &project,
                     const std::string &agent, bool force, const std::string &target = "")
{
	const ProtobufCServiceDescriptor *service = service_named(rule.service);
	const ProtobufCMethodDescriptor *method =
		protobuf_c_service_descriptor_get_method_by_name(service, rule.rpc);
	std::vector<char> memory(method->input->sizeof_message);
	ProtobufCMessage *request = reinterpret_cast<ProtobufCMessage *>(memory.data());
	struct cft_request_fields fields;
	std::string name = rule.rpc;
	void *response;

	method->input->message_init(request);
	cft_request_fields_find(request, &fields);
	if (fields.project)
		*fields.project = text(project);
	if (fields.agent_id)
		*fields.agent_id = text(agent);
	if (fields.target)
		*fields.target = text(target);
	if (fields.force)
		*const_cast<protobuf_c_boolean *>(fields.force) = force;
	c.err = CFT_ERR_INIT;
	static const std::set<std::string> streams = {
		"SetBaseSchema",   "Participate",        "WatchEvents",   "Watch",
		"ApplyMigrations", "RollbackMigrations", "WatchOperation"};
	if (!streams.count(name)) {
		cft_client_call(c.client, service, rule.rpc, request, 20000, &c.arena, &response,
		                &c.err);
		return refusal_of(c.err);
	}
	MSG(HeartbeatRequest, heartbeat_request, heartbeat);
	if (name == "Participate") {
		auto *wrapper = reinterpret_cast<Confiture__V1__ParticipateRequest *>(request);
		heartbeat.project = text(project);
		heartbeat.agent_id = text(agent);
		wrapper->message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_HEARTBEAT;
		wrapper->heartbeat = &heartbeat;
	}
	bool sends = name == "SetBaseSchema" || name == "Participate";
	struct cft_stream *stream = nullptr;
	EXPECT_EQ(cft_stream_open(c.client, service, rule.rpc, sends ? nullptr : request, &stream,
	                          &c.err),
	          0);
	if (sends)
		cft_stream_write(stream, request, 20000, &c.err);
	if (name == "SetBaseSchema")
		cft_stream_write_end(stream, 20000, &c.err);
	c.err = CFT_ERR_INIT;
	cft_stream_read(stream, 20000, &c.arena, &response, &c.err);
	cft_stream_close(stream);
	return refusal_of(c.err);
}

struct Auth : WithCredentials<Auth> {
	static Credential make(const std::string &role, const std::string &agent,
	                       const std::string &project = "p")
	{
		std::vector<std::string> more = {"--role", role};
		if (!agent.empty())
			more.insert(more.end(), {"--agent-id", agent});
		if (project.empty())
			more.push_back("--all-projects");
		else
			more.insert(more.end(), {"--project", project});
		return create(url(), more);
	}
};

/* The table said once more, the other way round: what stands in the way of this caller? */
std::string expected(const cft_auth_rule &rule, cft_role role, const std::string &own_agent,
                     const std::string &own_project, const std::string &agent,
                     const std::string &project, bool force, bool has_force)
{
	if (rule.least == CFT_ROLE_NONE)
		return "";
	if (role < rule.least)
		return "ROLE_TOO_LOW";
	if (!own_project.empty() && own_project != project)
		return "WRONG_PROJECT";
	if (rule.in_name == CFT_IN_OWN_NAME && role != CFT_ROLE_OPERATOR && own_agent != agent)
		return "AGENT_MISMATCH";
	if (force && has_force && role < CFT_ROLE_APPROVER)
		return "FORCE_NOT_ALLOWED";
	return "";
}

bool has_force(const cft_auth_rule &rule)
{
	const ProtobufCMethodDescriptor *method = protobuf_c_service_descriptor_get_method_by_name(
		service_named(rule.service), rule.rpc);
	return protobuf_c_message_descriptor_get_field_by_name(method->input, "force");
}

std::vector<cft_auth_rule> rules()
{
	size_t n;
	const cft_auth_rule *all = cft_auth_rules(&n);
	std::vector<cft_auth_rule> known;
	for (size_t i = 0; i < n; i++)
		if (service_named(all[i].service))
			known.push_back(all[i]);
	return known;
}

TEST_F(Auth, EveryRpcForEveryRoleOwnAndForeign)
{
	for (cft_role role :
	     {CFT_ROLE_VIEWER, CFT_ROLE_AGENT, CFT_ROLE_APPROVER, CFT_ROLE_OPERATOR}) {
		const char *name = cft_role_name(role);
		Caller c(server().address, make(name, "alice").token);
		for (const cft_auth_rule &rule : rules()) {
			for (const char *agent : {"alice", "bob"}) {
				for (const char *project : {"p", "other"}) {
					for (bool force : {false, true}) {
						EXPECT_EQ(call_any(c, rule, project, agent, force),
						          expected(rule, role, "alice", "p", agent,
						                   project, force, has_force(rule)))
							<< name << " " << rule.rpc << " as "
							<< agent << " in " << project << ": "
							<< c.err.message;
					}
				}
			}
		}
	}
}

TEST_F(Auth, EveryRpcWithoutAGoodCredential)
{
	Credential expired = make("operator", ""), revoked = make("operator", "");
	cft_test::PgCluster::shared().sql(
		url(), "UPDATE confiture.credential SET expires_at = now() - interval '1 second' "
		       "WHERE id = '" +
			       expired.id + "'");
	EXPECT_EQ(confiture({"token", "revoke", revoked.id, "--db-url", url()}).exit_code, 0);
	const std::map<std::string, std::string> cases = {
		{"", "CREDENTIAL_MISSING"},
		{"cft_0123456789", "CREDENTIAL_UNKNOWN"},
		{expired.token, "CREDENTIAL_EXPIRED"},
		{revoked.token, "CREDENTIAL_REVOKED"},
	};

	for (const auto &one : cases) {
		Caller c(server().address, one.first);
		for (const cft_auth_rule &rule : rules()) {
			EXPECT_EQ(call_any(c, rule, "p", "alice", false),
			          rule.least == CFT_ROLE_NONE ? "" : one.second)
				<< rule.rpc;
			EXPECT_EQ(c.err.code == CFT_E_UNAUTHENTICATED, rule.least != CFT_ROLE_NONE);
		}
	}
}

TEST_F(Auth, ATargetAsksForRolesOfItsOwn)
{
	cft_test::TempDir dir;
	const std::string line = "    project: p\n    url: \"" + url() + "\"\n";
	const std::string config = dir.write(
		"server.yaml", "targets:\n  plain:\n" + line + "  strict:\n" + line +
				       "    roles: {apply: approver, rollback: operator}\n");
	ServerProcess s(url(), {"--require-auth", "--config", config});
	auto try_it = [](Caller &c, const char *rpc, const char *target) {
		return call_any(c, *cft_auth_find("confiture.v1.MigrationService", rpc), "p",
		                "alice", false, target);
	};

	for (cft_role role : {CFT_ROLE_AGENT, CFT_ROLE_APPROVER, CFT_ROLE_OPERATOR}) {
		Caller c(s.address, make(cft_role_name(role), "alice").token);
		for (const char *rpc : {"ApplyMigrations", "RollbackMigrations"})
			EXPECT_EQ(try_it(c, rpc, "plain"), "")
				<< cft_role_name(role) << c.err.message;
		EXPECT_EQ(try_it(c, "ApplyMigrations", "strict"),
		          role < CFT_ROLE_APPROVER ? "ROLE_TOO_LOW" : "");
		EXPECT_EQ(try_it(c, "RollbackMigrations", "strict"),
		          role < CFT_ROLE_OPERATOR ? "ROLE_TOO_LOW" : "");
		EXPECT_EQ(try_it(c, "PlanMigrations", "strict"), "");
	}
}

TEST_F(Auth, AnAgentThatIsLeftOutIsTheCredentials)
{
	Caller c(server().address, make("agent", "carol").token);

	auto *done = register_intent(c, "", "CREATE TABLE left_out (id int)");
	ASSERT_NE(done, nullptr) << c.err.message;
	EXPECT_STREQ(done->intent->agent_id, "carol");
}

TEST_F(Auth, SpoofingIsRefusedWithExitCode7AndIsLogged)
{
	std::string token = make("agent", "alice").token;
	std::vector<std::string> argv = {
		"coordinate", "register", "--server",         server().address,
		"--project",  "p",        "--feature-name",   "f",
		"--format",   "json",     "--schema-changes", "CREATE TABLE spoof (id int)",
		"--agent-id"};

	std::vector<std::string> own = argv, foreign = argv;
	own.push_back("alice");
	foreign.push_back("bob");
	EXPECT_EQ(confiture(own, token).exit_code, 0);
	cft_test::RunResult refused = confiture(foreign, token);
	EXPECT_EQ(refused.exit_code, 7);
	EXPECT_NE(refused.err.find("AGENT_MISMATCH"), std::string::npos) << refused.err;
	EXPECT_EQ(confiture(own).exit_code, 7);
	EXPECT_TRUE(cft_test::eventually([&] {
		return server().log().find("AGENT_MISMATCH") != std::string::npos;
	})) << server().log();
}

TEST_F(Auth, SecretsAreNowhereButWithTheirHolder)
{
	Credential one = make("agent", "dora");
	Caller c(server().address, one.token), wrong(server().address, "cft_wrong_secret_token");

	ASSERT_NE(register_intent(c, "dora", "CREATE TABLE dora (id int)"), nullptr);
	EXPECT_EQ(register_intent(c, "bob", "CREATE TABLE bob (id int)"), nullptr);
	EXPECT_EQ(std::string(c.err.message).find(one.token), std::string::npos);
	EXPECT_EQ(register_intent(wrong, "dora", "CREATE TABLE dora2 (id int)"), nullptr);
	EXPECT_EQ(std::string(wrong.err.message).find("wrong_secret"), std::string::npos);
	EXPECT_EQ(server().log().find(one.token), std::string::npos);
	EXPECT_EQ(server().log().find("wrong_secret"), std::string::npos);
	std::string dump = cft_test::PgCluster::shared().sql(
		url(), "SELECT string_agg(c::text, ' ') FROM confiture.credential c");
	EXPECT_EQ(dump.find(one.token), std::string::npos);
	EXPECT_EQ(confiture({"token", "list", "--db-url", url()}).out.find(one.token),
	          std::string::npos);
	std::string title =
		cft_test::read_file("/proc/" + std::to_string(server().process.pid()) + "/cmdline");
	EXPECT_EQ(title.find(url()), std::string::npos);
	EXPECT_NE(title.find("***"), std::string::npos);
}

TEST_F(Auth, ARevokedCredentialsStreamIsBrokenOff)
{
	Credential one = make("viewer", "");
	Caller c(server().address, one.token);
	MSG(WatchEventsRequest, watch_events_request, request);
	Watcher watcher(c, &request);

	ASSERT_EQ(watcher.read(), 1) << c.err.message;
	EXPECT_EQ(confiture({"token", "revoke", one.id, "--db-url", url()}).exit_code, 0);
	int rc = 1;
	for (int i = 0; i < 600 && rc == 1; i++)
		rc = watcher.read();
	EXPECT_LT(rc, 0);
	EXPECT_NE(rc, CFT_E_TIMEOUT);
}

TEST_F(Auth, ATokenFileThatOthersReadIsRefused)
{
	cft_test::TempDir dir;
	std::string file = dir.write("token", make("viewer", "").token + "\n");
	std::vector<std::string> argv = {"coordinate", "status", "--server",     server().address,
	                                 "--project",  "p",      "--token-file", file};

	chmod(file.c_str(), 0644);
	EXPECT_EQ(confiture(argv).exit_code, 2);
	chmod(file.c_str(), 0600);
	EXPECT_EQ(confiture(argv).exit_code, 0) << confiture(argv).err;
}

TEST_F(Auth, ATokenDoesNotCrossTheNetworkInPlainText)
{
	cft_test::RunResult r = confiture({"coordinate", "status", "--server", "192.0.2.1:7430",
	                                   "--project", "p", "--format", "json"},
	                                  "cft_x");

	EXPECT_EQ(r.exit_code, 2);
	EXPECT_NE(r.err.find("TOKEN_NEEDS_TLS"), std::string::npos) << r.err;
}

TEST(AuthDefault, LoopbackTakesEverybodyButNoBadCredential)
{
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	Caller c(server.address), bad(server.address, "cft_bad");

	EXPECT_NE(register_intent(c, "anybody", "CREATE TABLE a (id int)"), nullptr);
	EXPECT_EQ(register_intent(bad, "anybody", "CREATE TABLE b (id int)"), nullptr);
	EXPECT_STREQ(bad.err.reason, "CREDENTIAL_UNKNOWN");
}

TEST(AuthDefault, AnAddressThatOthersReachNeedsCredentials)
{
	ServerProcess server(cft_test::PgCluster::shared().create_database(),
	                     {"--listen", "0.0.0.0:0", "--insecure"});
	std::string port = server.address.substr(server.address.rfind(':'));
	Caller c("127.0.0.1" + port);

	EXPECT_EQ(register_intent(c, "anybody", "CREATE TABLE a (id int)"), nullptr);
	EXPECT_STREQ(c.err.reason, "CREDENTIAL_MISSING");
}

TEST(AuthLimits, RateAndStreamsOfOneCredentialAreLimitedWithARetryTime)
{
	std::string url = cft_test::PgCluster::shared().create_database();
	Credential one = create(url, {"--role", "operator", "--all-projects"});
	ServerProcess server(url, {"--require-auth", "--max-requests-per-second", "5",
	                           "--max-streams-per-identity", "2"});
	Caller c(server.address, one.token);
	MSG(GetServerInfoRequest, get_server_info_request, info);
	MSG(WatchEventsRequest, watch_events_request, watch);

	watch.snapshot = true;
	Watcher a(c, &watch), b(c, &watch);
	ASSERT_EQ(a.read(), 1);
	ASSERT_EQ(b.read(), 1);
	Watcher third(c, &watch);
	EXPECT_EQ(third.read(), CFT_E_LIMIT);
	EXPECT_STREQ(c.err.reason, "TOO_MANY_STREAMS");
	EXPECT_GT(c.err.retry_after_ms, 0);
	int refused = 0;
	for (int i = 0; i < 200 && !refused; i++) {
		c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &info);
		refused += c.rc == CFT_E_LIMIT;
	}
	EXPECT_EQ(refused, 1);
	EXPECT_STREQ(c.err.reason, "RATE_LIMITED");
	EXPECT_GT(c.err.retry_after_ms, 0);
}

TEST(AuthLimits, MemoryBeyondTheLimitRefusesCallsButNotHealth)
{
	ServerProcess server(cft_test::PgCluster::shared().create_database(),
	                     {"--max-memory", "1MiB"});
	Caller c(server.address);
	Grpc__Health__V1__HealthCheckRequest health = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
	Grpc__Health__V1__HealthCheckResponse *response;

	EXPECT_TRUE(cft_test::eventually([&] {
		return !register_intent(c, "a", "CREATE TABLE a (id int)") &&
		       std::string(c.err.reason) == "SERVER_FULL" && c.err.retry_after_ms > 0;
	}));
	EXPECT_EQ(cft_client_call(c.client, &grpc__health__v1__health__descriptor, "Check", &health,
	                          5000, &c.arena, &response, &c.err),
	          0);
}

/* -- TLS -- */

std::string certificates(const cft_test::TempDir &dir, const std::string &name,
                         const std::string &client = "URI:confiture://agent/alice")
{
	std::string path = dir.file(name);
	cft_test::RunResult made = confiture({"server", "gen-certs", path, "--client", client});
	EXPECT_EQ(made.exit_code, 0) << made.err;
	return path;
}

std::string info_refusal(const std::string &address, const std::string &certs, bool client)
{
	std::string ca = certs + "/ca.crt", cert = certs + "/client.crt",
		    key = certs + "/client.key";
	struct cft_client_options options = {};
	options.ca_file = ca.c_str();
	if (client) {
		options.cert_file = cert.c_str();
		options.key_file = key.c_str();
	}
	Caller c(address, "", options);
	MSG(GetServerInfoRequest, get_server_info_request, info);
	info.project = const_cast<char *>("p");
	c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &info, 5000);
	return c.rc == 0 ? "" : c.err.reason;
}

void copy(const std::string &from, const std::string &to)
{
	EXPECT_EQ(cft_test::run({"cp", from, to}).exit_code, 0);
}

TEST(Tls, ACertificateIsReplacedWithoutDroppingStreams)
{
	cft_test::TempDir dir;
	std::string old = certificates(dir, "old"), fresh = certificates(dir, "fresh");
	std::string cert = dir.file("s.crt"), key = dir.file("s.key"), ca = old + "/ca.crt";
	copy(old + "/server.crt", cert);
	copy(old + "/server.key", key);
	ServerProcess server(cft_test::PgCluster::shared().create_database(),
	                     {"--tls-cert", cert, "--tls-key", key});
	struct cft_client_options options = {};
	options.ca_file = ca.c_str();
	Caller c(server.address, "", options);
	MSG(WatchEventsRequest, watch_events_request, request);
	request.from_revision = 1;
	Watcher watcher(c, &request);
	ASSERT_NE(register_intent(c, "a", "CREATE TABLE a (id int)"), nullptr) << c.err.message;
	ASSERT_NE(watcher.event(), nullptr);

	EXPECT_EQ(info_refusal(server.address, old, false), "");
	copy(fresh + "/server.crt", cert); /* for a moment they do not fit: the old pair serves */
	EXPECT_EQ(info_refusal(server.address, old, false), "");
	copy(fresh + "/server.key", key);
	server.process.signal(SIGHUP);
	EXPECT_TRUE(cft_test::eventually(
		[&] { return info_refusal(server.address, fresh, false).empty(); }));
	EXPECT_NE(info_refusal(server.address, old, false), "");
	ASSERT_NE(register_intent(c, "a", "CREATE TABLE b (id int)"), nullptr) << c.err.message;
	EXPECT_NE(watcher.event(), nullptr);
}

TEST(Tls, ANameInAClientCertificateIsAnIdentity)
{
	cft_test::TempDir dir;
	std::string certs = certificates(dir, "certs");
	std::string url = cft_test::PgCluster::shared().create_database();
	ServerProcess server(url,
	                     {"--require-auth", "--tls-cert", certs + "/server.crt", "--tls-key",
	                      certs + "/server.key", "--tls-client-ca", certs + "/ca.crt"});

	EXPECT_EQ(info_refusal(server.address, certs, true), "CREDENTIAL_UNKNOWN");
	EXPECT_EQ(info_refusal(server.address, certs, false), "UNAVAILABLE");
	create(url, {"--agent-id", "alice", "--project", "p", "--certificate-name",
	             "confiture://agent/alice"});
	EXPECT_EQ(info_refusal(server.address, certs, true), "");

	std::string ca = certs + "/ca.crt", cert = certs + "/client.crt",
		    key = certs + "/client.key";
	struct cft_client_options options = {};
	options.ca_file = ca.c_str();
	options.cert_file = cert.c_str();
	options.key_file = key.c_str();
	Caller c(server.address, "", options);
	EXPECT_NE(register_intent(c, "alice", "CREATE TABLE a (id int)"), nullptr);
	EXPECT_EQ(register_intent(c, "bob", "CREATE TABLE b (id int)"), nullptr);
	EXPECT_STREQ(c.err.reason, "AGENT_MISMATCH");
	Caller liar(server.address, "san:confiture://agent/alice", options);
	EXPECT_EQ(register_intent(liar, "alice", "CREATE TABLE c (id int)"), nullptr)
		<< "the name is no token";
	EXPECT_STREQ(liar.err.reason, "CREDENTIAL_UNKNOWN");
}

TEST(Tls, OnlyDnsNamesAndUrisInACertificateAreIdentities)
{
	cft_test::TempDir dir;
	std::string url = cft_test::PgCluster::shared().create_database();
	create(url, {"--agent-id", "alice", "--project", "p", "--certificate-name", "host.name"});
	for (const char *kind : {"DNS:", "URI:", "email:"}) {
		std::string certs = certificates(dir, kind, std::string(kind) + "host.name");
		ServerProcess server(url, {"--require-auth", "--tls-cert", certs + "/server.crt",
		                           "--tls-key", certs + "/server.key", "--tls-client-ca",
		                           certs + "/ca.crt"});
		EXPECT_EQ(info_refusal(server.address, certs, true),
		          *kind == 'D' ? "" : "CREDENTIAL_MISSING")
			<< kind;
	}
}

} // namespace
