// Conflicts: every pair of the corpus against the verdict of real PostgreSQL, and properties.
// SPDX-License-Identifier: MIT
#include "common/sql/conflict/conflict.h"

#include "common/base/file.h"
#include "common/sql/effect/analyze.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace
{

class Analyzed
{
      public:
	explicit Analyzed(const std::string &sql)
	{
		cft_err err = CFT_ERR_INIT;

		rc = cft_sql_analyze(sql.data(), sql.size(), nullptr, &arena, &effects, &err);
		EXPECT_EQ(0, rc) << err.message << "\n" << sql;
	}
	~Analyzed()
	{
		cft_arena_release(&arena);
	}
	Analyzed(const Analyzed &) = delete;
	cft_effects effects = {};
	int rc;

      private:
	cft_arena arena = CFT_ARENA_INIT;
};

class Pair
{
      public:
	Pair(const std::string &base_sql, const std::string &a_sql, const std::string &b_sql)
	    : base_effects(base_sql), a(a_sql), b(b_sql)
	{
		if (!base_sql.empty())
			base = cft_base_new(&base_effects.effects);
		cft_conflict_compare(&a.effects, &b.effects, base, nullptr, &arena, &result);
	}
	~Pair()
	{
		cft_base_free(base);
		cft_arena_release(&arena);
	}
	Pair(const Pair &) = delete;
	std::string verdict() const
	{
		return cft_verdict_text(result.verdict);
	}
	std::string text() const
	{
		std::ostringstream out;

		for (size_t i = 0; i < result.n_findings; i++)
			out << "\n  " << cft_class_text(result.findings[i].class_) << ": "
			    << result.findings[i].explanation;
		return out.str();
	}
	cft_comparison result = {};
	cft_arena arena = CFT_ARENA_INIT;
	Analyzed base_effects, a, b;
	cft_base *base = nullptr;
};

std::string corpus(const std::string &name)
{
	const char *root = getenv("CFT_CORPUS");

	return (root ? std::string(root) : CFT_SOURCE_DIR "/../shared/corpus") + "/" + name;
}

std::string field(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

std::string mirrored(const std::string &verdict)
{
	return verdict == "only_ab" ? "only_ba" : verdict == "only_ba" ? "only_ab" : verdict;
}

} // namespace

TEST(Compare, AgreesWithPostgresOnTheRecordedPairs)
{
	cft_buf text = CFT_BUF_INIT;
	std::string path = corpus("conflict-pairs.jsonl");
	int pairs = 0, exact = 0, classes = 0;

	if (!cft_file_exists(path.c_str()))
		GTEST_SKIP() << "no corpus at " << path;
	ASSERT_EQ(0, cft_file_read(path.c_str(), 0, &text, nullptr));
	std::istringstream lines(cft_buf_str(&text));
	cft_buf_release(&text);
	for (std::string line; std::getline(lines, line);) {
		json_t *json = cft_json_parse(line.data(), line.size(), nullptr);
		Pair ab(field(json, "base"), field(json, "a"), field(json, "b"));
		Pair ba(field(json, "base"), field(json, "b"), field(json, "a"));
		std::string want = field(json, "verdict"), id = field(json, "id");

		pairs++;
		exact += ab.verdict() == want;
		classes += (ab.verdict() == "commute") == (want == "commute");
		if (ab.verdict() != want)
			printf("%s: want %s, got %s%s\n", id.c_str(), want.c_str(),
			       ab.verdict().c_str(), ab.text().c_str());
		if (want == "commute")
			EXPECT_LE(ab.result.severity, CFT_SEVERITY_INFO) << id << ab.text();
		else
			EXPECT_GT(ab.result.n_findings, 0u) << id;
		EXPECT_EQ(mirrored(ab.verdict()), ba.verdict()) << id;
		EXPECT_EQ(ab.result.n_findings, ba.result.n_findings) << id;
		json_decref(json);
	}
	printf("%d pairs: %d exact, %d of the right class\n", pairs, exact, classes);
	EXPECT_GE(exact * 100, pairs * 90);
	EXPECT_GE(classes * 100, pairs * 97);
}

TEST(Compare, SaysWhichOrderAndHowToRewriteAfterARename)
{
	Pair p("CREATE TABLE users (id int, age int)", "CREATE INDEX ON users (age)",
	       "ALTER TABLE users RENAME age TO years");

	EXPECT_EQ("only_ab", p.verdict());
	ASSERT_EQ(1u, p.result.n_findings);
	const cft_finding &f = p.result.findings[0];
	EXPECT_EQ(CFT_CLASS_SEQUENCE, f.class_);
	EXPECT_EQ(CFT_SEVERITY_WARNING, f.severity);
	EXPECT_EQ(CFT_ORDER_A_FIRST, f.order);
	ASSERT_EQ(2u, f.n_suggestions);
	EXPECT_STREQ("Apply A before B.", f.suggestions[0]);
	EXPECT_NE(nullptr, strstr(f.suggestions[1], "CREATE INDEX ON users (years)"))
		<< f.suggestions[1];
}

TEST(Compare, WhatPeopleChoseStaysInTheLineOfItsExplanation)
{
	Pair p("CREATE TABLE t (id int)", "COMMENT ON TABLE t IS E'a\\n2026 intent.approved'",
	       "COMMENT ON TABLE t IS E'b\\n2026 intent.approved'");

	ASSERT_EQ(1u, p.result.n_findings);
	EXPECT_NE(nullptr, strstr(p.result.findings[0].explanation, "2026"));
	EXPECT_EQ(nullptr, strchr(p.result.findings[0].explanation, '\n'));
}

TEST(Compare, WorksWithoutABase)
{
	EXPECT_EQ("neither", Pair("", "ALTER TABLE users ADD COLUMN bio text",
	                          "ALTER TABLE users ADD COLUMN bio varchar(10)")
	                             .verdict());
	EXPECT_EQ("commute", Pair("", "ALTER TABLE users ADD COLUMN bio text",
	                          "ALTER TABLE users ADD COLUMN age int; DROP TABLE IF EXISTS x")
	                             .verdict());
	EXPECT_EQ("only_ab",
	          Pair("", "ALTER TABLE users ADD COLUMN bio text", "DROP TABLE users").verdict());
}

TEST(Compare, CallsAMissingParentAPrerequisite)
{
	Pair p("", "CREATE TABLE orders (user_id int REFERENCES users)",
	       "CREATE TABLE users (id int PRIMARY KEY)");

	EXPECT_EQ("only_ba", p.verdict());
	ASSERT_EQ(1u, p.result.n_findings);
	EXPECT_EQ(CFT_CLASS_PREREQUISITE, p.result.findings[0].class_);
	EXPECT_EQ(CFT_SEVERITY_INFO, p.result.findings[0].severity);
}

TEST(Compare, CallsTheDropOfWhatTheOtherMakesDestructive)
{
	const std::string users = "CREATE TABLE users (id int PRIMARY KEY)";
	const std::string base[] = {users, users, users + "; CREATE INDEX j ON users (id)"};
	const std::string makes[] = {"ALTER TABLE users ADD COLUMN bio text",
	                             "CREATE TABLE t (a int)", "CREATE INDEX i ON users (id)"};
	const std::string drops[] = {"ALTER TABLE users DROP COLUMN bio", "DROP TABLE t",
	                             "DROP INDEX j; DROP INDEX i"};

	for (size_t i = 0; i < 3; i++) {
		Pair p(base[i], makes[i], drops[i]);
		EXPECT_EQ("only_ab", p.verdict());
		ASSERT_EQ(1u, p.result.n_findings) << drops[i];
		EXPECT_EQ(CFT_CLASS_DESTRUCTIVE, p.result.findings[0].class_) << drops[i];
		EXPECT_EQ(CFT_SEVERITY_ERROR, p.result.findings[0].severity);
	}
	Pair alters(users, "CREATE TABLE t (a int)", "ALTER TABLE t ALTER a TYPE bigint");
	ASSERT_EQ(1u, alters.result.n_findings);
	EXPECT_EQ(CFT_CLASS_PREREQUISITE, alters.result.findings[0].class_);
}

TEST(Compare, TakesToExistAlsoWhatIsNamedBehindSomethingThatTheOtherMakes)
{
	const std::string makes = "ALTER TABLE users ADD COLUMN bio text";
	const std::string needs = "ALTER TABLE users ALTER COLUMN bio SET DEFAULT '';"
				  "ALTER TABLE users DROP COLUMN email;"
				  "CREATE INDEX ON posts (title)";

	EXPECT_EQ("only_ab", Pair("", makes, needs).verdict());
	EXPECT_EQ("only_ba", Pair("", needs, makes).verdict());
}

TEST(Compare, TakesAColumnWhoseNameIsANumberByItsName)
{
	const std::string base =
		"CREATE TABLE t (a int, \"0\" int PRIMARY KEY, \"9th\" int UNIQUE)";
	Pair number(base, "INSERT INTO t (\"0\") VALUES (5)", "INSERT INTO t (\"0\") VALUES (5)");
	Pair digit(base, "INSERT INTO t (\"0\", \"9th\") VALUES (1, 5)",
	           "INSERT INTO t (\"0\", \"9th\") VALUES (2, 5)");
	Pair place(base, "INSERT INTO t VALUES (1, 5)", "INSERT INTO t VALUES (2, 5)");
	Pair apart(base, "INSERT INTO t VALUES (5, 1)", "INSERT INTO t VALUES (5, 2)");

	EXPECT_NE("commute", number.verdict()) << number.text();
	EXPECT_NE("commute", digit.verdict()) << digit.text();
	EXPECT_NE("commute", place.verdict()) << place.text();
	EXPECT_EQ("commute", apart.verdict()) << apart.text();
}

TEST(Keys, MeetWherePairsConflict)
{
	Analyzed a("ALTER TABLE users ADD COLUMN bio text"), b("DROP TABLE app.users");
	Analyzed c("ALTER TABLE users ADD COLUMN age int");
	cft_arena arena = CFT_ARENA_INIT;
	cft_conflict_key *ka, *kb, *kc;
	size_t na, nb, nc;
	auto meet = [](cft_conflict_key *x, size_t n, cft_conflict_key *y, size_t m) {
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < m; k++)
				if (strcmp(x[i].text, y[k].text) == 0 &&
				    (x[i].strong || y[k].strong))
					return true;
		return false;
	};

	cft_conflict_keys(&a.effects, nullptr, &arena, &ka, &na);
	cft_conflict_keys(&b.effects, nullptr, &arena, &kb, &nb);
	cft_conflict_keys(&c.effects, nullptr, &arena, &kc, &nc);
	EXPECT_TRUE(meet(ka, na, kb, nb));
	EXPECT_FALSE(meet(ka, na, kc, nc));
	cft_arena_release(&arena);
}

TEST(Analyze, TakesRoutinesWithoutABody)
{
	Analyzed function("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql");
	Analyzed block("DO LANGUAGE plpgsql ''");

	EXPECT_EQ(1u, function.effects.n);
	EXPECT_EQ(1u, block.effects.n);
}

TEST(EffectsJson, RoundTripsAndRefusesWhatIsNotOurs)
{
	Analyzed a("CREATE TABLE t (id serial PRIMARY KEY, e text CHECK (e <> 'x'));"
	           "CREATE VIEW v AS SELECT * FROM t");
	cft_arena arena = CFT_ARENA_INIT;
	cft_effects back = {};
	json_t *json = cft_effects_to_json(&a.effects), *other = json_pack("{s:i}", "version", 1);

	ASSERT_EQ(0, cft_effects_from_json(json, &arena, &back, nullptr));
	json_t *again = cft_effects_to_json(&back);
	EXPECT_TRUE(json_equal(json, again));
	EXPECT_EQ(CFT_E_INVALID, cft_effects_from_json(other, &arena, &back, nullptr));
	json_decref(json);
	json_decref(again);
	json_decref(other);
	cft_arena_release(&arena);
}
