// The prover against hostile proofs: what they take is bounded, and nothing of them stays.
// SPDX-License-Identifier: MIT
#include "server/prover/usage.h"
#include "tests/integration/server/fixture.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <utime.h>

namespace
{

const uint64_t MIB = 1 << 20;
const int PATIENCE_S = 60;
/* Under a sanitizer only looks bound the memory, and they may come late. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
const char *const SLEEPS = "DO $$ BEGIN PERFORM pg_sleep(25); END $$";

// A server that proves in a directory of its own.
class Prover : public testing::Test
{
      protected:
	void SetUp() override
	{
		const char *before = getenv("TMPDIR");
		tmpdir = before ? before : "";
		chmod(proofs.path().c_str(), 0711);
		setenv("TMPDIR", proofs.path().c_str(), 1);
	}
	void TearDown() override
	{
		if (tmpdir.empty())
			unsetenv("TMPDIR");
		else
			setenv("TMPDIR", tmpdir.c_str(), 1);
	}
	// Of two intents on a table t in a project of their own, the second with `sql` in it.
	std::string conflict(Caller &c, const std::string &sql)
	{
		project = "p" + std::to_string(++projects);
		register_intent(c, "alice", "CREATE TABLE t (a int)", "", project);
		auto *b = register_intent(c, "bob", "ALTER TABLE t ADD b int; " + sql, "", project);
		EXPECT_NE(b, nullptr) << c.err.message;
		for (size_t i = 0; b && i < b->n_conflicts; i++)
			if (std::string(b->conflicts[i]->conflict_type) != "opaque")
				return b->conflicts[i]->id;
		return "";
	}
	Confiture__V1__ProveConflictResponse *prove(Caller &c, const std::string &id,
	                                            int timeout_ms = 120000,
	                                            const char *agent = "carol")
	{
		MSG(ProveConflictRequest, prove_conflict_request, r);
		r.project = text(project);
		r.agent_id = const_cast<char *>(agent);
		r.conflict_id = text(id);
		return c.call<Confiture__V1__ProveConflictResponse>("ProveConflict", &r,
		                                                    timeout_ms);
	}
	std::vector<std::string> directories() const
	{
		std::vector<std::string> all;
		for (const auto &entry : std::filesystem::directory_iterator(proofs.path()))
			if (entry.path().filename().string().rfind("confiture-prove-", 0) == 0)
				all.push_back(entry.path());
		return all;
	}
	// What is running anywhere with this test's directory among its words.
	size_t processes() const
	{
		size_t n = 0;
		for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
			std::string words = cft_test::read_file(entry.path().string() + "/cmdline");
			n += words.find(proofs.path() + "/confiture-prove") != std::string::npos;
		}
		return n;
	}
	// Its PostgreSQL is up. Directories may go while we look.
	bool runs() const
	{
		namespace fs = std::filesystem;
		std::error_code ignored;
		for (const std::string &one : directories())
			for (fs::directory_iterator it(one, ignored), end; it != end;
			     it.increment(ignored))
				if (fs::exists(it->path() / "pg/postmaster.pid", ignored))
					return true;
		return false;
	}
	bool starts() const
	{
		return cft_test::eventually([&] { return runs(); }, PATIENCE_S);
	}
	// It gives itself twelve seconds.
	bool ends() const
	{
		return cft_test::eventually([&] { return nothing_left(); }, PATIENCE_S);
	}
	bool nothing_left() const
	{
		return directories().empty() && processes() == 0;
	}

	std::string url = cft_test::PgCluster::shared().create_database();
	cft_test::TempDir proofs{"cft-proofs"};
	std::string tmpdir, project;
	int projects = 0;
};

// Looks at what a server's descendants take while something goes on.
class Meter
{
      public:
	Meter(pid_t pid, const std::string &directory)
	    : thread_([this, pid, directory] {
		      while (!done_) {
			      memory = std::max<uint64_t>(memory, cft_usage_memory(pid));
			      disk = std::max<uint64_t>(disk, cft_usage_disk(directory.c_str()));
			      cft_test::sleep_ms(20);
		      }
	      })
	{
	}
	void stop()
	{
		done_ = true;
		thread_.join();
	}
	uint64_t memory = 0, disk = 0;

      private:
	std::atomic<bool> done_{false};
	std::thread thread_;
};

struct Bomb {
	std::string proof;
	uint64_t memory = 0, disk = 0; // at its highest
};

class ProverBounds : public Prover
{
      protected:
	// Proves it beside a harmless change: it has to end as not provable.
	Bomb explode(ServerProcess &server, Caller &c, const char *name, const char *sql)
	{
		std::string id = conflict(c, sql);
		Meter meter(server.process.pid(), proofs.path());
		auto *proven = prove(c, id);
		meter.stop();
		EXPECT_NE(proven, nullptr) << name << ": " << c.err.message;
		if (!proven)
			return {};
		Bomb bomb = {proven->conflict->proof_json, meter.memory, meter.disk};
		printf("%s: %llu MiB of memory, %llu MiB of disk\n%s\n", name,
		       (unsigned long long)(bomb.memory / MIB),
		       (unsigned long long)(bomb.disk / MIB), bomb.proof.c_str());
		EXPECT_NE(bomb.proof.find("\"provable\":false"), std::string::npos)
			<< name << bomb.proof;
		return bomb;
	}
};

} // namespace

TEST_F(ProverBounds, MemoryOfAProofIsBounded)
{
	ServerProcess server(url, {"--prover-memory", "512MiB"});
	const std::pair<const char *, const char *> bombs[] = {
		{"variables",
	         "DO $$ DECLARE a text := repeat('a', 400000000); "
	         "b text := repeat('b', 400000000); c text := repeat('c', 400000000); "
	         "BEGIN PERFORM length(a) + length(b) + length(c), pg_sleep(60); END $$"},
		{"default", "ALTER TABLE t ADD c int DEFAULT length(repeat('x', 1000000000))"},
		{"sort", "SET work_mem = '2000GB'; DO $$ BEGIN PERFORM count(*) FROM (SELECT "
	                 "md5(i::text) FROM generate_series(1, 50000000) i ORDER BY 1) s; END $$"},
	};
	Caller c(server.address);
	for (auto &[name, sql] : bombs) {
		/* Over within a look of the supervisor's, and a sanitizer leaves no RLIMIT_AS. */
		if (sanitized && name == std::string("default"))
			continue;
		Bomb bomb = explode(server, c, name, sql);
		const std::string &proof = bomb.proof;
		EXPECT_NE(proof.find("memory"), std::string::npos) << name << proof;
		EXPECT_TRUE(bomb.memory < (512 + 400) * MIB || sanitized) << name;
	}
	EXPECT_TRUE(ends());
}

TEST_F(ProverBounds, DiskOfAProofIsBounded)
{
	ServerProcess server(url, {"--prover-disk", "256MiB"});
	const std::pair<const char *, const char *> bombs[] = {
		{"table", "CREATE TABLE big AS SELECT repeat(md5(i::text), 30) FROM "
	                  "generate_series(1, 100000000) i"},
		{"sort", "DO $$ BEGIN PERFORM count(*) FROM (SELECT md5(i::text) FROM "
	                 "generate_series(1, 500000000) i ORDER BY 1) s; END $$"},
		{"log", "DO $$ BEGIN LOOP RAISE LOG '%', repeat('x', 10000000); END LOOP; END $$"},
	};
	Caller c(server.address);
	for (auto &[name, sql] : bombs) {
		Bomb bomb = explode(server, c, name, sql);
		const std::string &proof = bomb.proof;
		/* Whoever sees it first, the supervisor or PostgreSQL. */
		EXPECT_TRUE(proof.find("prover.disk") != std::string::npos ||
		            proof.find("File too large") != std::string::npos)
			<< name << proof;
		EXPECT_LT(bomb.disk, (256 + 1024) * MIB) << name;
	}
	EXPECT_TRUE(ends());
}

TEST_F(Prover, AProofWhoseClientHasGoneWaitsNoLongerAndEnds)
{
	ServerProcess server(url);
	Caller c(server.address);
	std::string slow = conflict(c, SLEEPS);
	std::thread running([&] {
		Caller own(server.address);
		EXPECT_EQ(prove(own, slow, 20000), nullptr);
		EXPECT_EQ(own.err.code, CFT_E_TIMEOUT);
	});
	EXPECT_TRUE(starts());
	/* Places of two: they are free again when their clients have gone. */
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(prove(c, slow, 300), nullptr);
		EXPECT_NE(std::string(c.err.reason), "PROVER_BUSY");
	}
	running.join();
	EXPECT_TRUE(ends());
}

TEST_F(Prover, NothingIsLeftOfAProofWhenTheServerStops)
{
	ServerProcess server(url);
	Caller c(server.address);
	std::string slow = conflict(c, SLEEPS);
	std::thread waiting([&] {
		Caller own(server.address);
		EXPECT_EQ(prove(own, slow), nullptr);
	});
	EXPECT_TRUE(starts());
	cft_test::sleep_ms(1500);
	auto end = server.process.stop(SIGTERM);
	EXPECT_EQ(end.exit_code, 0) << server.log();
	EXPECT_EQ(directories(), std::vector<std::string>{});
	EXPECT_EQ(processes(), 0u);
	waiting.join();
}

TEST_F(Prover, NothingIsLeftOfAProofWhenTheServerIsKilled)
{
	ServerProcess server(url);
	Caller c(server.address);
	std::string slow = conflict(c, SLEEPS);
	std::thread waiting([&] {
		Caller own(server.address);
		EXPECT_EQ(prove(own, slow), nullptr);
	});
	EXPECT_TRUE(starts());
	server.process.stop(SIGKILL);
	waiting.join();
	EXPECT_TRUE(ends());
}

// As after the end of the machine: nobody was left to clean up.
TEST_F(Prover, WhatDeadServersLeftIsSweptAndWhatLivesStays)
{
	std::string dead = proofs.file("confiture-prove-abc123");
	std::string other = proofs.file("confiture-other-abc12");
	struct utimbuf old = {time(nullptr) - 3600, time(nullptr) - 3600};
	proofs.write("confiture-prove-abc123/confiture-pg-x/pg/PG_VERSION", "15");
	proofs.write("confiture-other-abc12/file", "");
	utime(dead.c_str(), &old);
	utime(other.c_str(), &old);
	ServerProcess server(url);
	EXPECT_TRUE(cft_test::eventually([&] { return !std::filesystem::exists(dead); }));

	Caller c(server.address);
	std::string slow = conflict(c, SLEEPS);
	std::thread waiting([&] {
		Caller own(server.address);
		prove(own, slow);
	});
	EXPECT_TRUE(starts());
	for (const std::string &one : directories())
		utime(one.c_str(), &old);
	{
		ServerProcess second(url);
		cft_test::sleep_ms(500);
	}
	EXPECT_TRUE(runs());
	EXPECT_TRUE(std::filesystem::exists(other));
	server.process.stop(SIGTERM);
	waiting.join();
}
