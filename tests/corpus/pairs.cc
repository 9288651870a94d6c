// Pairs: random pairs of real migrations, predicted and proven; prints recall and false alarms.
// SPDX-License-Identifier: MIT
//
// corpus_pairs [--seed N] [--pairs N] [--triples N] [--history NAME] [--base migrations|dump]
//              [--misses FILE]
// Needs the corpus ($CFT_CORPUS, or ../shared/corpus) and PostgreSQL's server programs.
#include "tests/lib/pair_trial.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>

using namespace cft_test;

static int run(int argc, char **argv)
{
	PairTrialOptions options;
	std::ofstream misses;

	options.seed = static_cast<unsigned>(time(nullptr));
	for (int i = 1; i + 1 < argc; i += 2) {
		std::string name = argv[i], value = argv[i + 1];
		if (name == "--seed")
			options.seed = static_cast<unsigned>(strtoul(value.c_str(), nullptr, 10));
		else if (name == "--pairs")
			options.pairs = atoi(value.c_str());
		else if (name == "--triples")
			options.triples = atoi(value.c_str());
		else if (name == "--history")
			options.history = value;
		else if (name == "--base")
			options.dump = value == "dump";
		else if (name == "--misses")
			misses.open(value);
		else
			return fprintf(stderr, "unknown option %s\n", name.c_str()), 2;
	}
	options.on_miss = [&](const std::string &miss) {
		(misses.is_open() ? misses << miss << std::endl : misses);
		if (!misses.is_open())
			puts(miss.c_str());
	};
	options.on_progress = [](const std::string &line) {
		fprintf(stderr, "%s\n", line.c_str());
	};
	std::vector<MigrationHistory> histories = corpus_histories();
	if (histories.empty())
		return fprintf(stderr, "no histories at %s\n", corpus_path("histories").c_str()), 3;
	printf("seed %u\n", options.seed);
	fflush(stdout);
	PairTrialResult result = run_pair_trial(histories, options);
	fputs(result.text().c_str(), stdout);
	const PairTally &all = result.tallies["all"];
	return all.recall() >= 98 && all.false_alarms() <= 5 ? 0 : 1;
}

int main(int argc, char **argv)
{
	try {
		return run(argc, argv);
	} catch (const std::exception &e) {
		fprintf(stderr, "%s\n", e.what());
		return 3;
	}
}
