// PairSource: random pairs of changes that are near each other in a project's history.
// SPDX-License-Identifier: MIT
//
// A window begins at a migration: the base is the schema before it. What both sides are made of
// comes from the six migrations from there on and from the way back of the five before. A side is
// a whole migration, one statement of one, or a statement on the same table and columns as the
// other side's that nobody wrote: real histories hold few real conflicts.
#pragma once

#include "tests/lib/migration_history.h"

#include <map>
#include <random>

namespace cft_test
{

enum class PairKind { Whole, Single, Mutated, Written };
const char *pair_kind_name(PairKind kind);

struct CandidatePair {
	PairKind kind;
	std::string a, b; // SQL
	std::string from; // where they come from, for people
};

// Names of each table's parts, as SQL writes them: "public.users" -> {"id", "name"}, …
struct TableParts {
	std::vector<std::string> columns, constraints, indexes;
};
using Tables = std::map<std::string, TableParts>;

class PairSource
{
      public:
	enum { WINDOW = 6 };
	PairSource(const MigrationHistory &history, size_t base, Tables tables, std::mt19937 &rng);
	CandidatePair next();
	// One statement or whole migration of the window.
	std::string any();

      private:
	struct Piece {
		std::string sql, from;
	};
	size_t below(size_t n); // a random number in [0, n)
	bool chance(unsigned percent);
	const Piece &statement();
	CandidatePair whole();
	std::string mutated(const std::string &sql);
	std::string written(const std::string &like);
	std::string fill(const std::string &text, const std::string &table,
	                 const std::string &column);
	std::string other_table();

	const Tables tables_;
	std::mt19937 &rng_;
	std::vector<Piece> wholes_;     // of the window, in order
	std::vector<Piece> statements_; // of the window, and of the way back
};

} // namespace cft_test
