// The prover: real PostgreSQL agrees with what was recorded for each pair.
// SPDX-License-Identifier: MIT
#include "common/base/utf8.h"
#include "common/prove/prove.h"

#include "common/base/file.h"
#include "tests/lib/process.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>

namespace
{

class Prove : public testing::Test
{
      protected:
	static void SetUpTestSuite()
	{
		cft_err err = CFT_ERR_INIT;

		ASSERT_EQ(0, cft_prover_new(nullptr, &prover, &err)) << err.message;
	}
	static void TearDownTestSuite()
	{
		cft_prover_free(prover);
		prover = nullptr;
	}
	cft_proof prove(const std::string &base, const std::string &a, const std::string &b)
	{
		cft_proof_input input = {base.c_str(), a.c_str(), b.c_str()};
		cft_proof proof = {};
		cft_err err = CFT_ERR_INIT;

		EXPECT_EQ(0, cft_prove(prover, &input, &arena, &proof, &err)) << err.message;
		return proof;
	}
	void TearDown() override
	{
		cft_arena_release(&arena);
	}
	static cft_prover *prover;
	cft_arena arena = CFT_ARENA_INIT;
};

cft_prover *Prove::prover;

std::string field(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

// The backend of this process's proof that runs a DO block; 0: none.
pid_t sleeper()
{
	std::string database = " confiture_prove_" + std::to_string(getpid()) + "_";

	for (const auto &entry : std::filesystem::directory_iterator("/proc")) {
		std::string title = cft_test::read_file(entry.path().string() + "/cmdline");
		if (title.find("postgres: ") == 0 && title.find(database) != std::string::npos &&
		    title.find("] DO") != std::string::npos)
			return std::stoi(entry.path().filename().string());
	}
	return 0;
}

} // namespace

TEST_F(Prove, SaysWhichOrderWorksAndWhy)
{
	cft_proof proof =
		prove("CREATE TABLE t (a int)", "CREATE INDEX ON t (a)", "ALTER TABLE t DROP a");

	EXPECT_TRUE(proof.provable);
	EXPECT_EQ(CFT_VERDICT_ONLY_AB, proof.verdict);
	EXPECT_STREQ("column \"a\" does not exist", proof.error_ba);
	EXPECT_STREQ("", proof.error_ab);
}

TEST_F(Prove, IgnoresTheOrderOfColumns)
{
	cft_proof proof = prove("CREATE TABLE t (a int)", "ALTER TABLE t ADD b serial",
	                        "ALTER TABLE t ADD c int");

	EXPECT_EQ(CFT_VERDICT_COMMUTE, proof.verdict)
		<< (proof.n_differences ? proof.differences[0] : "");
}

TEST_F(Prove, IsNotProvableOnABaseThatDoesNotLoad)
{
	cft_proof proof = prove("CREATE TABLE t (a nosuchtype)", "SELECT 1", "SELECT 2");

	EXPECT_FALSE(proof.provable);
	EXPECT_NE(nullptr, strstr(proof.reason, "nosuchtype"));
}

TEST_F(Prove, KeepsLittleOfWhatIsLarge)
{
	auto comment = [](const char *letter) {
		return std::string(
			       "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE t IS %L', repeat('") +
		       letter + "', 1900000)); END $$";
	};
	cft_proof proof =
		prove("CREATE TABLE t (a int)", comment("é").c_str(), comment("x").c_str());

	EXPECT_EQ(CFT_VERDICT_DIFFER, proof.verdict);
	ASSERT_GT(proof.n_differences, 0u);
	for (size_t i = 0; i < proof.n_differences; i++) {
		EXPECT_LT(strlen(proof.differences[i]), 2100u);
		EXPECT_TRUE(cft_utf8_valid(proof.differences[i], strlen(proof.differences[i]),
		                           nullptr));
	}
}

TEST_F(Prove, ARoleMayHaveAnyName)
{
	cft_proof proof =
		prove("CREATE TABLE t (a int)",
	              "GRANT SELECT ON t TO \"x$$; ALTER ROLE confiture_prover SUPERUSER; --'\"",
	              "ALTER TABLE t ADD b int");

	EXPECT_TRUE(proof.provable) << proof.reason;
	EXPECT_EQ(CFT_VERDICT_COMMUTE, proof.verdict);
}

TEST_F(Prove, RunsHostileSqlWithoutFilesAndPrograms)
{
	cft_proof proof = prove("CREATE TABLE t (a text)", "COPY t FROM PROGRAM 'id'",
	                        "SELECT pg_read_file('/etc/passwd')");

	EXPECT_TRUE(proof.b_alone_fails);
	EXPECT_NE(nullptr, strstr(proof.error_b, "permission denied"));
	EXPECT_FALSE(proof.provable);
	EXPECT_NE(nullptr, strstr(proof.reason, "permission denied")) << proof.reason;
}

// Who may make roles may grant, in PostgreSQL 15, every role but a superuser's.
TEST_F(Prove, RightsToFilesAndProgramsCannotBeGranted)
{
	for (std::string role :
	     {"pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"}) {
		cft_proof proof =
			prove("CREATE TABLE t (a text)", "GRANT " + role + " TO confiture_prover",
		              "DO $$ BEGIN COPY t FROM PROGRAM 'id'; END $$");

		EXPECT_TRUE(proof.a_alone_fails) << role;
		EXPECT_NE(nullptr, strstr(proof.error_a, "superuser")) << proof.error_a;
		EXPECT_FALSE(proof.provable);
	}
}

// The catalogs are read by a superuser: nothing of theirs may run then.
TEST_F(Prove, NothingOfTheirsRunsAsSuperuser)
{
	const char *spy =
		"CREATE FUNCTION spy(text, regtype) RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
		"ALTER ROLE confiture_prover SUPERUSER; RETURN 'spied'; END $$;"
		"CREATE OPERATOR || (LEFTARG = text, RIGHTARG = regtype, FUNCTION = spy);"
		"CREATE SCHEMA evil; CREATE FUNCTION evil.pg_get_userbyid(oid) RETURNS name "
		"LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE confiture_prover SUPERUSER; "
		"RETURN 'spied'; END $$;"
		"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, public, "
		"pg_catalog', current_database()); END $$;";
	prove("CREATE TABLE t (a int)", spy, "CREATE TABLE u (a int)");
	cft_proof proof =
		prove("", "CREATE TABLE t (a text)", "SELECT pg_read_file('/etc/passwd')");

	EXPECT_TRUE(proof.b_alone_fails);
	EXPECT_NE(nullptr, strstr(proof.error_b, "permission denied")) << proof.error_b;
}

// Where the server keeps its files is nobody's business: evidence goes to everybody.
TEST_F(Prove, NoPathOfTheMachineIsInTheEvidence)
{
	auto set = [](const char *what) {
		return std::string("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET ") + what +
		       "', current_database()); END $$";
	};
	const std::pair<std::string, std::string> cases[] = {
		{set("local_preload_libraries = nothere"), "CREATE TABLE u (a int)"},
		{set("local_preload_libraries = nothere"), set("work_mem = 1000")},
		{"CREATE EXTENSION nosuchextension", "LOAD 'nosuchlibrary'"},
		{"CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = ispell, DictFile = x, AffFile = x)",
	         "CREATE TABLE u (a int) TABLESPACE nosuch"},
		{"ALTER ROLE confiture_prover SET local_preload_libraries = nothere",
	         "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/usr/lib/x', 'f'"},
	};
	for (auto &[a, b] : cases) {
		cft_proof proof = prove("CREATE TABLE t (a int)", a, b);
		json_t *json = cft_proof_to_json(&proof);
		char *text = cft_json_compact(json);
		EXPECT_EQ(nullptr, strstr(text, "/usr/")) << text;
		EXPECT_EQ(nullptr, strstr(text, "/tmp/")) << text;
		EXPECT_EQ(nullptr, strstr(text, "/run/")) << text;
		free(text);
		json_decref(json);
	}
	cft_proof proof = prove("", cases[0].first, cases[0].second);
	EXPECT_EQ(CFT_VERDICT_ONLY_BA, proof.verdict);
	EXPECT_NE(nullptr, strstr(proof.error_ab, "plugins/nothere")) << proof.error_ab;
	EXPECT_FALSE(prove("", "SELECT 1", "SELECT 2").b_alone_fails);
}

// Nobody's proof ends the next side's session, or another trial's.
TEST_F(Prove, WhatASideMakesOfItsRoleDoesNotLast)
{
	for (std::string what : {"NOLOGIN", "SET statement_timeout = 1"}) {
		cft_proof proof =
			prove("CREATE TABLE t (a int)", "ALTER ROLE confiture_prover " + what,
		              "ALTER TABLE t ADD b int");

		EXPECT_FALSE(proof.b_alone_fails) << what << ": " << proof.error_b;
		EXPECT_STREQ("", proof.error_ba) << what;
	}
}

TEST_F(Prove, SaysOfAnExtensionThatIsNotInstalledThatItCannotBeProven)
{
	cft_proof proof = prove("", "CREATE EXTENSION nosuchextension", "CREATE TABLE t (a int)");

	EXPECT_FALSE(proof.provable);
	EXPECT_NE(nullptr, strstr(proof.reason, "nosuchextension")) << proof.reason;
}

// The kernel ends a backend that takes too much; its client hears nothing but the connection's end.
TEST_F(Prove, ALostBackendSaysNothingAboutTheTwo)
{
	cft_prover *own = nullptr;
	cft_err err = CFT_ERR_INIT;
	cft_proof_input input = {"CREATE TABLE t (a int)", "ALTER TABLE t ADD b int",
	                         "DO $$ BEGIN PERFORM pg_sleep(25); END $$"};
	cft_proof proof = {};
	bool killed = false;

	ASSERT_EQ(0, cft_prover_new(nullptr, &own, &err)) << err.message;
	std::thread killer([&] {
		killed = cft_test::eventually([] {
			pid_t pid = sleeper();
			return pid > 0 && kill(pid, SIGKILL) == 0;
		});
	});
	int rc = cft_prove(own, &input, &arena, &proof, &err);
	killer.join();
	EXPECT_TRUE(killed);
	ASSERT_EQ(0, rc) << err.message;
	EXPECT_FALSE(proof.provable);
	EXPECT_NE(nullptr, strstr(proof.reason, "cannot run in a sandbox")) << proof.reason;
	cft_prover_free(own);
}

TEST_F(Prove, AFileThatBecameTooLargeSaysNothingAboutTheTwo)
{
	cft_proof proof = prove("CREATE TABLE t (a int)", "ALTER TABLE t ADD b int",
	                        "DO $$ BEGIN RAISE EXCEPTION 'could not extend file \"base/1/2\": "
	                        "File too large' USING ERRCODE = 'XX000'; END $$");

	EXPECT_FALSE(proof.provable);
	EXPECT_NE(nullptr, strstr(proof.reason, "File too large")) << proof.reason;
}

// All recorded pairs take a minute: every tenth by default, all with CFT_TEST_LONG=1.
TEST_F(Prove, AgreesWithTheRecordedVerdicts)
{
	const char *root = getenv("CFT_CORPUS");
	std::string path = (root ? std::string(root) : CFT_SOURCE_DIR "/../shared/corpus") +
	                   "/conflict-pairs.jsonl";
	int step = getenv("CFT_TEST_LONG") ? 1 : 10, n = 0, agree = 0, tried = 0;
	cft_buf text = CFT_BUF_INIT;

	if (!cft_file_exists(path.c_str()))
		GTEST_SKIP() << "no corpus at " << path;
	ASSERT_EQ(0, cft_file_read(path.c_str(), 0, &text, nullptr));
	std::istringstream lines(cft_buf_str(&text));
	cft_buf_release(&text);
	for (std::string line; std::getline(lines, line);) {
		if (n++ % step)
			continue;
		json_t *json = cft_json_parse(line.data(), line.size(), nullptr);
		cft_proof proof = prove(field(json, "base"), field(json, "a"), field(json, "b"));
		std::string want = field(json, "verdict");
		bool same = proof.provable && want == cft_verdict_text(proof.verdict);

		tried++;
		agree += same;
		EXPECT_TRUE(same) << field(json, "id") << ": want " << want << ", got "
				  << (proof.provable ? cft_verdict_text(proof.verdict)
		                                     : proof.reason)
				  << "\n  AB: " << proof.error_ab << "\n  BA: " << proof.error_ba
				  << "\n  " << (proof.n_differences ? proof.differences[0] : "");
		json_decref(json);
	}
	printf("%d of %d pairs proven as recorded\n", agree, tried);
}
