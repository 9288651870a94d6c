// PairJudge: what PostgreSQL does with two or three changes in each order.
// SPDX-License-Identifier: MIT
//
// Much quicker than common/prove, which is for strangers' SQL: all orders run in one database, each
// in a transaction that is rolled back. Catalogs are compared with the same query; functions are
// called, and tables with triggers written to, to see what only breaks at run time. What cannot be
// judged so (SQL that wants a transaction of its own) is told apart.
#pragma once

#include "common/pg/pg.h"
#include "common/sql/conflict/conflict.h"
#include "tests/lib/pair_source.h"

#include <string>
#include <vector>

namespace cft_test
{

struct Judgement {
	bool legal = false; // both work alone
	bool judged = false;
	cft_verdict verdict = CFT_VERDICT_COMMUTE;
	std::string why; // an error, or the first difference
};

class PairJudge
{
      public:
	explicit PairJudge(const std::string &url); // throws
	~PairJudge();
	PairJudge(const PairJudge &) = delete;

	// Changes the base for good. Throws with PostgreSQL's words.
	void apply(const std::string &sql);
	bool is_legal(const std::string &sql);
	Judgement judge(const std::string &a, const std::string &b);
	// The same where it does not matter whether each works alone.
	Judgement judge_orders(const std::string &a, const std::string &b);
	// All six orders. "" if all work and end in the same schema.
	std::string judge_three(const std::string (&sql)[3]);
	Tables tables();

      private:
	struct Run;
	Run run(const std::vector<std::string> &order, bool keep);
	std::vector<std::string> probe(const std::vector<std::string> &calls);
	std::vector<std::string> calls();
	std::string broken(const std::string &a, const std::string &b);
	std::vector<std::string> column(const char *sql);

	cft_pg *pg_ = nullptr;
};

} // namespace cft_test
