// Pairs: a sample of random pairs of real migrations, predicted and proven in PostgreSQL.
// SPDX-License-Identifier: MIT
//
// The whole, thousands of pairs with another seed each time, is tests/corpus/pairs.cc.
#include "tests/lib/lessons.h"
#include "tests/lib/pair_judge.h"
#include "tests/lib/pair_trial.h"
#include "tests/lib/pg_cluster.h"

#include <gtest/gtest.h>

using namespace cft_test;

TEST(Pairs, AreFoundWithFewFalseAlarms)
{
	std::vector<MigrationHistory> histories = corpus_histories();
	PairTrialOptions options;
	std::string misses;

	if (histories.empty())
		GTEST_SKIP() << "no histories at " << corpus_path("histories");
	// The longest history costs more to walk through than its pairs.
	if (histories.size() > 1)
		histories.erase(histories.begin());
	options.pairs = 100;
	options.triples = 6;
	options.on_miss = [&](const std::string &miss) { misses += miss + "\n"; };
	PairTrialResult result = run_pair_trial(histories, options);
	printf("seed %u\n%s", options.seed, result.text().c_str());
	EXPECT_GE(result.tallies["all"].judged, 90);
	EXPECT_GE(result.tallies["all"].recall(), 95) << misses;
	EXPECT_LE(result.tallies["all"].false_alarms(), 5) << misses;
	EXPECT_EQ(0, result.triples_differ) << misses;
}

// PostgreSQL's own extensions are a package of their own in some systems.
bool has_extensions(PairJudge &judge, const std::string &sql)
{
	for (const char *name : {"hstore", "citext", "pg_trgm", "uuid-ossp"})
		if (sql.find(name) != std::string::npos &&
		    !judge.is_legal(std::string("CREATE EXTENSION IF NOT EXISTS \"") + name + "\""))
			return false;
	return true;
}

TEST(Pairs, LessonsAreWhatPostgresqlDoes)
{
	PgCluster &cluster = PgCluster::shared();

	cluster.sql(cluster.url(), "CREATE ROLE somebody; CREATE ROLE anybody");
	PairJudge judge(cluster.create_database());
	for (const Lesson &lesson : lessons()) {
		if (!*lesson.base)
			continue;
		SCOPED_TRACE(lesson.name);
		if (!has_extensions(judge, std::string(lesson.base) + lesson.a))
			continue;
		judge.apply(lesson.base);
		judge.apply("RESET search_path");
		Judgement j = judge.judge_orders(lesson.a, lesson.b);
		EXPECT_TRUE(j.judged) << j.why;
		EXPECT_STREQ(lesson.verdict, cft_verdict_text(j.verdict)) << j.why;
		judge.apply(
			"DROP PUBLICATION IF EXISTS pub; DROP OWNED BY somebody, anybody CASCADE;"
			"DROP SCHEMA IF EXISTS app, other CASCADE; DROP SCHEMA public CASCADE;"
			"CREATE SCHEMA public");
	}
}
