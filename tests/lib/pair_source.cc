// PairSource: pieces of a window, put together at random.
// SPDX-License-Identifier: MIT
#include "tests/lib/pair_source.h"

#include "common/sql/split.h"

#include <algorithm>

namespace cft_test
{

const char *pair_kind_name(PairKind kind)
{
	switch (kind) {
	case PairKind::Whole:
		return "whole migrations";
	case PairKind::Single:
		return "single statements";
	case PairKind::Mutated:
		return "mutated statements";
	case PairKind::Written:
		return "statements on the same table";
	}
	return "";
}

PairSource::PairSource(const MigrationHistory &history, size_t base, Tables tables,
                       std::mt19937 &rng)
    : tables_(std::move(tables)), rng_(rng)
{
	size_t end = std::min(history.migrations.size(), base + WINDOW);

	for (size_t i = base; i < end; i++) {
		const Migration &m = history.migrations[i];
		if (!m.up.empty())
			wholes_.push_back({join_statements(m.up), m.name});
		for (const std::string &s : m.up)
			statements_.push_back({s + ";", m.name});
	}
	for (size_t i = base < WINDOW ? 0 : base - WINDOW + 1; i < base; i++)
		for (const std::string &s : history.migrations[i].down)
			statements_.push_back({s + ";", history.migrations[i].name + " (down)"});
	if (statements_.empty())
		statements_.push_back({"SELECT 1;", "nothing"});
}

size_t PairSource::below(size_t n)
{
	return rng_() % n;
}

bool PairSource::chance(unsigned percent)
{
	return rng_() % 100 < percent;
}

const PairSource::Piece &PairSource::statement()
{
	return statements_[below(statements_.size())];
}

std::string PairSource::any()
{
	return !wholes_.empty() && chance(40) ? wholes_[below(wholes_.size())].sql
	                                      : statement().sql;
}

// The first migration of the window against a later one, or two later ones.
CandidatePair PairSource::whole()
{
	size_t i = chance(70) ? 0 : below(wholes_.size());
	size_t k = below(wholes_.size() - 1);

	k += k >= i;
	return {PairKind::Whole, wholes_[i].sql, wholes_[k].sql,
	        wholes_[i].from + " + " + wholes_[k].from};
}

static std::vector<std::string> tokens(const std::string &sql)
{
	std::vector<std::string> out;

	for (size_t pos = 0; pos < sql.size();) {
		bool blank;
		size_t n = cft_sql_lex(sql.data(), sql.size(), pos, &blank);
		out.push_back(sql.substr(pos, n));
		pos += n;
	}
	return out;
}

static bool names_table(const std::string &sql, const std::string &table)
{
	std::string bare = table.substr(table.rfind('.') + 1);

	for (const std::string &token : tokens(sql))
		if (token == bare || token == '"' + bare + '"')
			return true;
	return false;
}

// Another column for one that is named, or another name for one that is made: once or twice.
std::string PairSource::mutated(const std::string &sql)
{
	std::vector<std::string> words = tokens(sql), columns;
	std::string out;

	for (const auto &[table, names] : tables_)
		if (names_table(sql, table))
			columns.insert(columns.end(), names.begin(), names.end());
	for (int i = 0; i < 2 && !columns.empty(); i++) {
		std::vector<size_t> places;
		for (size_t k = 0; k < words.size(); k++)
			if (std::find(columns.begin(), columns.end(), words[k]) != columns.end())
				places.push_back(k);
		if (!places.empty() && chance(i ? 30 : 90))
			words[places[below(places.size())]] = columns[below(columns.size())];
	}
	for (const std::string &word : words)
		out += word;
	return out;
}

std::string PairSource::write_on(const std::string &t, const std::string &c)
{
	static const char *const types[] = {"text", "bigint", "varchar(40)", "jsonb"};
	const std::vector<std::string> &columns = tables_.at(t);
	const std::string other = columns[below(columns.size())];
	const std::string bare = t.substr(t.rfind('.') + 1), n = std::to_string(below(3));
	const std::string alter = "ALTER TABLE " + t + " ", type = types[below(4)];

	switch (below(26)) {
	case 0:
		return alter + "DROP COLUMN " + c;
	case 1:
		return alter + "DROP COLUMN " + c + " CASCADE";
	case 2:
		return alter + "RENAME COLUMN " + c + " TO new_" + n;
	case 3:
		return alter + "RENAME COLUMN " + c + " TO " + other + "_" + n;
	case 4:
		return alter + "ALTER COLUMN " + c + " TYPE " + type + " USING NULL::" + type;
	case 5:
		return alter + "ALTER COLUMN " + c + " SET NOT NULL";
	case 6:
		return alter + "ALTER COLUMN " + c + " DROP NOT NULL";
	case 7:
		return alter + "ALTER COLUMN " + c + " DROP DEFAULT";
	case 8:
		return alter + "ALTER COLUMN " + c + " SET DEFAULT NULL";
	case 9:
		return alter + "ADD COLUMN new_" + n + " " + type;
	case 10:
		return alter + "ADD COLUMN IF NOT EXISTS new_" + n + " " + type;
	case 11:
		return alter + "RENAME TO " + bare + "_" + n;
	case 12:
		return "DROP TABLE " + t + (chance(50) ? " CASCADE" : "");
	case 13:
		return "CREATE INDEX ON " + t + " (" + c + ")";
	case 14:
		return "CREATE INDEX " + bare + "_idx_" + n + " ON " + t + " (" + other + ", " + c +
		       ")";
	case 15:
		return "CREATE INDEX IF NOT EXISTS " + bare + "_idx_" + n + " ON " + t + " (" + c +
		       ") WHERE " + other + " IS NOT NULL";
	case 16:
		return alter + "ADD CONSTRAINT " + bare + "_check_" + n + " CHECK (" + c +
		       " IS NOT NULL) NOT VALID";
	case 17:
		return alter + "ADD CHECK (" + c + " IS NOT NULL)";
	case 18:
		return alter + "ADD UNIQUE (" + c + ")";
	case 19:
		return "CREATE VIEW seen_" + n + " AS SELECT " + c + " FROM " + t;
	case 20:
		return "CREATE VIEW seen_" + n + " AS SELECT * FROM " + t;
	case 21:
		return "COMMENT ON COLUMN " + t + "." + c + " IS 'written " + n + "'";
	case 22:
		return "CREATE TABLE extra_" + n + " (LIKE " + t + " INCLUDING ALL)";
	case 23:
		return "UPDATE " + t + " SET " + c + " = " + c + " WHERE " + other + " IS NULL";
	case 24:
		return "CREATE FUNCTION count_" + n +
		       "() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(" + c +
		       ") FROM " + t + "); END $$";
	default:
		return "CREATE TABLE extra_" + n + " (" + c + " " + type + ", new_" + n + " int)";
	}
}

// A statement on a table that the given one names.
std::string PairSource::written(const std::string &like)
{
	std::vector<std::string> named, all;

	for (const auto &[table, columns] : tables_) {
		if (columns.empty())
			continue;
		all.push_back(table);
		if (names_table(like, table))
			named.push_back(table);
	}
	if (named.empty())
		named = all;
	if (named.empty())
		return "SELECT 1;";
	const std::string &table = named[below(named.size())];
	std::vector<std::string> columns = tables_.at(table), used;
	for (const std::string &token : tokens(like))
		if (std::find(columns.begin(), columns.end(), token) != columns.end())
			used.push_back(token);
	const std::vector<std::string> &from = !used.empty() && chance(60) ? used : columns;
	return write_on(table, from[below(from.size())]) + ";";
}

CandidatePair PairSource::next()
{
	size_t dice = below(100);

	if (dice < 25 && wholes_.size() > 1)
		return whole();
	const Piece &a = statement(), &b = statement();
	if (dice < 45)
		return {PairKind::Single, a.sql, b.sql, a.from + " + " + b.from};
	if (dice < 65)
		return {PairKind::Mutated, a.sql, mutated(chance(50) ? a.sql : b.sql),
		        a.from + " + mutated"};
	std::string first = dice < 85 ? a.sql : written(a.sql);
	return {PairKind::Written, first, written(first), a.from + " + written"};
}

} // namespace cft_test
