// PairTrial: walks through histories, draws pairs, has them judged, and counts.
// SPDX-License-Identifier: MIT
#include "tests/lib/pair_trial.h"

#include "common/base/json.h"
#include "tests/lib/pair_predict.h"
#include "tests/lib/pg_cluster.h"

#include <cstring>
#include <optional>
#include <stdexcept>

namespace cft_test
{

namespace
{

std::string miss_json(const CandidatePair &pair, const std::string &place, const Judgement &truth,
                      const Prediction &said)
{
	json_t *json =
		json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "place", place.c_str(), "from",
	                  pair.from.c_str(), "a", pair.a.c_str(), "b", pair.b.c_str(), "verdict",
	                  cft_verdict_text(truth.verdict), "why", truth.why.c_str(), "predicted",
	                  cft_verdict_text(said.verdict), "because", said.why.c_str());
	char *text = cft_json_compact(json);
	std::string out = text ? text : "";

	free(text);
	json_decref(json);
	return out;
}

void count(PairTally &tally, const Judgement &truth, const Prediction &said)
{
	bool conflict = truth.verdict != CFT_VERDICT_COMMUTE;

	tally.judged++;
	tally.conflicts += conflict;
	tally.found += conflict && said.conflict();
	tally.commuting += !conflict;
	tally.alarms += !conflict && said.conflict();
	tally.exact += truth.verdict == said.verdict;
}

class Trial
{
      public:
	Trial(const PairTrialOptions &options, PairTrialResult &result)
	    : options_(options), result_(result), rng_(options.seed)
	{
	}
	// Draws from every window of the history.
	void walk(const MigrationHistory &history, double pairs_per_window,
	          double triples_per_window)
	{
		std::string url = PgCluster::shared().create_database();
		PairJudge judge(url);
		std::string so_far = history_setup() + "\n";
		double due = 0, due_triples = 0;

		judge.apply(history_setup());
		for (size_t i = 0; i < history.migrations.size(); i++) {
			place_ = history.name + " before " + history.migrations[i].name;
			due += pairs_per_window;
			due_triples += triples_per_window;
			if (due >= 1 || due_triples >= 1) {
				PairSource source(history, i, judge.tables(), rng_);
				Base base(options_.dump ? dump(url) : so_far);
				due -= draw(judge, source, base, static_cast<int>(due));
				due_triples -= draw_triples(judge, source, base,
				                            static_cast<int>(due_triples));
			}
			advance(judge, history.migrations[i], so_far);
		}
	}

      private:
	static std::string dump(const std::string &url)
	{
		RunResult r = run({PgCluster::bin_dir() + "/pg_dump", "--schema-only", url});

		if (r.exit_code != 0)
			throw std::runtime_error(r.err);
		return r.out;
	}
	void advance(PairJudge &judge, const Migration &migration, std::string &so_far)
	{
		for (const std::string &statement : migration.up) {
			judge.apply(statement);
			so_far += statement + ";\n";
		}
	}
	int draw(PairJudge &judge, PairSource &source, const Base &base, int n)
	{
		int judged = 0;

		for (int tries = 0; judged < n && tries < 8 * n; tries++)
			judged += try_pair(judge, source.next(), base);
		return n;
	}
	bool try_pair(PairJudge &judge, const CandidatePair &pair, const Base &base)
	{
		PairTally &kind = result_.tallies[pair_kind_name(pair.kind)];
		PairTally &all = result_.tallies["all"];
		Judgement truth = judge.judge(pair.a, pair.b);
		std::optional<Prediction> said = base.predict(pair.a, pair.b);

		if (!truth.legal || !truth.judged || !said) {
			(truth.legal ? kind.not_judged : kind.illegal)++;
			(truth.legal ? all.not_judged : all.illegal)++;
			return false;
		}
		count(kind, truth, *said);
		count(all, truth, *said);
		if (truth.verdict != said->verdict ||
		    (truth.verdict != CFT_VERDICT_COMMUTE) != said->conflict())
			options_.on_miss(miss_json(pair, place_, truth, *said));
		if (all.judged % 200 == 0)
			options_.on_progress(std::to_string(all.judged) + " pairs, " + place_);
		return true;
	}
	bool commute(PairJudge &judge, const Base &base, const std::string &a, const std::string &b)
	{
		std::optional<Prediction> said = base.predict(a, b);

		return said && !said->conflict() &&
		       judge.judge(a, b).verdict == CFT_VERDICT_COMMUTE;
	}
	// Sets of three that commute two by two: predicted, and proven.
	int draw_triples(PairJudge &judge, PairSource &source, const Base &base, int n)
	{
		int found = 0;

		for (int tries = 0; found < n && tries < 20 * n; tries++) {
			CandidatePair pair = source.next();
			const std::string sql[3] = {pair.a, pair.b,
			                            tries % 2 ? source.any() : source.next().b};
			if (!judge.is_legal(sql[0]) || !judge.is_legal(sql[1]) ||
			    !judge.is_legal(sql[2]) || !commute(judge, base, sql[0], sql[1]) ||
			    !commute(judge, base, sql[0], sql[2]) ||
			    !commute(judge, base, sql[1], sql[2]))
				continue;
			std::string difference = judge.judge_three(sql);
			found++;
			result_.triples++;
			result_.triples_differ += !difference.empty();
			if (!difference.empty())
				options_.on_miss("three: " + place_ + "\nA: " + sql[0] + "\nB: " +
				                 sql[1] + "\nC: " + sql[2] + "\n" + difference);
		}
		return n;
	}

	const PairTrialOptions &options_;
	PairTrialResult &result_;
	std::mt19937 rng_;
	std::string place_;
};

} // namespace

PairTrialResult run_pair_trial(const std::vector<MigrationHistory> &histories,
                               const PairTrialOptions &options)
{
	PairTrialResult result;
	Trial trial(options, result);
	size_t windows = 0;

	for (const MigrationHistory &history : histories)
		if (options.history.empty() || options.history == history.name)
			windows += history.migrations.size();
	for (const MigrationHistory &history : histories)
		if (options.history.empty() || options.history == history.name)
			trial.walk(history, 1.03 * options.pairs / static_cast<double>(windows),
			           1.03 * options.triples / static_cast<double>(windows));
	return result;
}

std::string PairTrialResult::text() const
{
	std::string out;
	char line[200];

	for (const auto &[name, t] : tallies) {
		snprintf(line, sizeof(line),
		         "%-29s %5d pairs: %4d of %4d conflicts found (recall %.1f %%), %3d false "
		         "alarms in %4d (%.1f %%), exact %.1f %%\n",
		         name.c_str(), t.judged, t.found, t.conflicts, t.recall(), t.alarms,
		         t.commuting, t.false_alarms(),
		         100.0 * t.exact / (t.judged ? t.judged : 1));
		out += line;
	}
	if (triples) {
		snprintf(line, sizeof(line),
		         "three at a time: %d sets that commute two by two, %d differ\n", triples,
		         triples_differ);
		out += line;
	}
	return out;
}

} // namespace cft_test
