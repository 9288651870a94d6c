/* /metrics, /healthz and /readyz on their own port.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

namespace
{

struct Answer {
	std::string status, body;
};

/* The port is in the log. */
std::string metrics_port(const ServerProcess &server)
{
	const std::string mark = "serving metrics";
	std::string log = server.log();
	size_t at = log.find("port=", log.find(mark));

	return at == std::string::npos ? "" : std::to_string(std::stoi(log.substr(at + 5)));
}

Answer get(const std::string &port, const std::string &path,
           const std::vector<std::string> &more = {})
{
	std::vector<std::string> argv = {"python3", "-c",
	                                 "import sys, urllib.request, urllib.error\n"
	                                 "try:\n"
	                                 "  r = urllib.request.urlopen(sys.argv[1], timeout=20)\n"
	                                 "except urllib.error.HTTPError as e:\n"
	                                 "  r = e\n"
	                                 "print(r.status if hasattr(r, 'status') else r.code)\n"
	                                 "print(r.read().decode())\n",
	                                 "http://127.0.0.1:" + port + path};
	argv.insert(argv.end(), more.begin(), more.end());
	cft_test::RunResult r = cft_test::run(argv);
	size_t end = r.out.find('\n');
	return {r.out.substr(0, end), end == std::string::npos ? r.err : r.out.substr(end + 1)};
}

} // namespace

TEST(Metrics, CountWhatHappensAndTellHealth)
{
	cft_test::PgCluster pg;
	ServerProcess server(pg.create_database(),
	                     {"--metrics-listen", "127.0.0.1:0", "--database-timeout", "2s"});
	std::string port = metrics_port(server);
	Caller c(server.address), bad(server.address, "cft_bad");

	ASSERT_NE(register_intent(c, "alice", "CREATE TABLE a (id int)"), nullptr);
	EXPECT_EQ(register_intent(bad, "alice", "CREATE TABLE b (id int)"), nullptr);
	EXPECT_EQ(register_intent(c, "alice", std::string(5 << 20, ' ')), nullptr);
	EXPECT_TRUE(cft_test::eventually([&] {
		std::string text = get(port, "/metrics").body;
		return text.find("\nconfiture_refused_credential_total 1\n") != std::string::npos &&
		       text.find("\nconfiture_refused_limit_total 1\n") != std::string::npos &&
		       text.find("\nconfiture_refused_size_total 1\n") != std::string::npos &&
		       text.find("\nconfiture_live_intents 1\n") != std::string::npos &&
		       text.find("\nconfiture_commit_groups_total 1\n") != std::string::npos;
	})) << get(port, "/metrics").body;
	EXPECT_EQ(get(port, "/healthz").status, "200");
	EXPECT_TRUE(cft_test::eventually([&] { return get(port, "/readyz").status == "200"; }));
	EXPECT_EQ(get(port, "/nothing").status, "404");
	pg.stop_immediate();
	register_intent(c, "alice", "CREATE TABLE c (id int)", "", "p");
	EXPECT_TRUE(cft_test::eventually([&] { return get(port, "/readyz").status == "503"; }));
	EXPECT_EQ(get(port, "/healthz").status, "200");
}
