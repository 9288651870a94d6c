// Cross: every change of a list against every other, predicted and proven; prints the mistakes.
// SPDX-License-Identifier: MIT
//
// corpus_cross [--mistakes FILE] [--sample PERCENT] [--apart PERCENT] [--seed N] [--only NAME]
// FILE... A file holds sections: "--- base NAME" begins one with its schema, "--- changes" holds
// one change a line, "--- pairs" holds two a line with ||| between them. Changes that do not work
// alone are left out, pairs are judged all the same. --apart is the sample of those pairs that the
// server would not compare, which are most. The roles somebody and anybody are there.
#include "tests/lib/pair_judge.h"
#include "tests/lib/pair_predict.h"
#include "tests/lib/pg_cluster.h"

#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <jansson.h>
#include <map>
#include <random>

using namespace cft_test;

namespace
{

struct Section {
	std::string name, base;
	std::vector<std::string> changes;
	std::vector<std::pair<std::string, std::string>> pairs;
};

struct Options {
	std::ofstream mistakes;
	unsigned percent = 100, apart = 100, seed = 1;
	std::string only;
	std::vector<std::string> files;
};

std::vector<Section> read(const std::string &file)
{
	std::ifstream in(file);
	std::vector<Section> sections;
	std::string line, part;

	if (!in)
		throw std::runtime_error("cannot read " + file);
	while (std::getline(in, line)) {
		size_t bars = line.find("|||");
		if (line.rfind("--- base ", 0) == 0)
			sections.push_back({line.substr(9), "", {}, {}});
		if (line.rfind("--- ", 0) == 0)
			part = line.substr(4, 4);
		else if (line.empty() || line.rfind("--", 0) == 0 || sections.empty())
			continue;
		else if (part == "base")
			sections.back().base += line + "\n";
		else if (part == "chan")
			sections.back().changes.push_back(line);
		else if (bars != std::string::npos)
			sections.back().pairs.emplace_back(line.substr(0, bars),
			                                   line.substr(bars + 3));
	}
	return sections;
}

class Cross
{
      public:
	explicit Cross(Options &options) : options_(options), rng_(options.seed)
	{
	}
	void run(const Section &section)
	{
		PairJudge judge(PgCluster::shared().create_database());
		Base base(section.base);
		std::vector<std::string> legal;

		name_ = section.name;
		judge.apply(section.base);
		judge.apply("RESET search_path");
		for (const std::string &change : section.changes)
			if (judge.is_legal(change))
				legal.push_back(change);
			else
				std::cerr << name_ << ": does not work alone: " << change << "\n";
		for (size_t i = 0; i < legal.size(); i++)
			for (size_t k = i; k < legal.size(); k++)
				if (is_drawn(base, legal[i], legal[k]))
					judge_pair(judge, base, legal[i], legal[k]);
		for (const auto &[a, b] : section.pairs)
			judge_pair(judge, base, a, b);
	}
	int print() const
	{
		int wrong = 0;

		for (const auto &[what, n] : tally_) {
			printf("%6d %s\n", n, what.c_str());
			wrong += what.find("as PostgreSQL") == std::string::npos ? n : 0;
		}
		return wrong ? 1 : 0;
	}

      private:
	bool is_drawn(const Base &base, const std::string &a, const std::string &b)
	{
		std::optional<Prediction> said = base.predict(a, b);
		bool meet = !said || said->meet;

		return rng_() % 10000 < 100 * (meet ? options_.percent : options_.apart);
	}
	void judge_pair(PairJudge &judge, const Base &base, const std::string &a,
	                const std::string &b)
	{
		Judgement truth = judge.judge_orders(a, b);
		std::optional<Prediction> said = base.predict(a, b);

		if (!truth.judged || !said) {
			tally_[truth.judged ? "not readable" : "as PostgreSQL cannot judge"]++;
			return;
		}
		bool conflict = truth.verdict != CFT_VERDICT_COMMUTE;
		std::string what = conflict && !said->conflict()    ? "missed"
		                   : !conflict && said->conflict()  ? "false alarm"
		                   : truth.verdict != said->verdict ? "wrong verdict"
		                   : conflict                       ? "conflict, as PostgreSQL says"
		                                                    : "commute, as PostgreSQL says";
		tally_[what]++;
		if (what.find("as PostgreSQL") == std::string::npos)
			note(what, a, b, truth, *said);
	}
	void note(const std::string &what, const std::string &a, const std::string &b,
	          const Judgement &truth, const Prediction &said)
	{
		json_t *json = json_pack(
			"{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "what", what.c_str(), "base",
			name_.c_str(), "a", a.c_str(), "b", b.c_str(), "verdict",
			cft_verdict_text(truth.verdict), "why", truth.why.c_str(), "predicted",
			cft_verdict_text(said.verdict), "because", said.why.c_str());
		char *text = json_dumps(json, JSON_COMPACT);

		(options_.mistakes.is_open() ? options_.mistakes : std::cout) << text << std::endl;
		free(text);
		json_decref(json);
	}

	Options &options_;
	std::mt19937 rng_;
	std::string name_;
	std::map<std::string, int> tally_;
};

int run(int argc, char **argv)
{
	Options options;

	for (int i = 1; i < argc; i++) {
		std::string name = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
		if (name.rfind("--", 0) != 0) {
			options.files.push_back(name);
			continue;
		}
		i++;
		if (name == "--mistakes")
			options.mistakes.open(value);
		else if (name == "--sample")
			options.percent =
				static_cast<unsigned>(strtoul(value.c_str(), nullptr, 10));
		else if (name == "--apart")
			options.apart = static_cast<unsigned>(strtoul(value.c_str(), nullptr, 10));
		else if (name == "--seed")
			options.seed = static_cast<unsigned>(strtoul(value.c_str(), nullptr, 10));
		else if (name == "--only")
			options.only = value;
		else
			return fprintf(stderr, "unknown option %s\n", name.c_str()), 2;
	}
	PgCluster &cluster = PgCluster::shared();
	cluster.sql(cluster.url(), "CREATE ROLE somebody; CREATE ROLE anybody");
	Cross cross(options);
	for (const std::string &file : options.files)
		for (const Section &section : read(file))
			if (options.only.empty() || options.only == section.name)
				cross.run(section);
	return cross.print();
}

} // namespace

int main(int argc, char **argv)
{
	try {
		return run(argc, argv);
	} catch (const std::exception &e) {
		fprintf(stderr, "%s\n", e.what());
		return 3;
	}
}
