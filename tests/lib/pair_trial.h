// PairTrial: the detector's word against PostgreSQL's, over whole histories.
// SPDX-License-Identifier: MIT
#pragma once

#include "tests/lib/pair_judge.h"

#include <functional>
#include <map>
#include <string>

namespace cft_test
{

struct PairTally {
	int judged = 0, illegal = 0, not_judged = 0;
	int conflicts = 0, found = 0; // proven ones, and those of them that were predicted
	int commuting = 0, alarms = 0;
	int exact = 0; // the very verdict

	double recall() const
	{
		return conflicts ? 100.0 * found / conflicts : 100;
	}
	double false_alarms() const // of commuting pairs, in percent
	{
		return commuting ? 100.0 * alarms / commuting : 0;
	}
};

struct PairTrialOptions {
	unsigned seed = 1;
	int pairs = 2000; // to judge, over all histories together
	int triples = 0;
	bool dump = false;   // predict with pg_dump's schema as base, not with the migrations
	std::string history; // only this one
	// Called for each judged pair that was predicted wrongly, as JSON, and with a line for each
	// set of three that differs.
	std::function<void(const std::string &json)> on_miss = [](const std::string &) {};
	std::function<void(const std::string &line)> on_progress = [](const std::string &) {};
};

struct PairTrialResult {
	std::map<std::string, PairTally> tallies; // by kind of pair; "all" is all of them
	int triples = 0, triples_differ = 0;
	std::string text() const; // for people
};

// Works in databases of its own in the shared cluster. Throws where PostgreSQL or a history fails.
PairTrialResult run_pair_trial(const std::vector<MigrationHistory> &histories,
                               const PairTrialOptions &options);

} // namespace cft_test
