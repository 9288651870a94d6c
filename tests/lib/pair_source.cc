// PairSource: pieces of a window, put together at random.
// SPDX-License-Identifier: MIT
#include "tests/lib/pair_source.h"

#include "common/sql/syntax/split.h"

#include <algorithm>
#include <iterator>

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

	for (const auto &[table, parts] : tables_)
		if (names_table(sql, table))
			columns.insert(columns.end(), parts.columns.begin(), parts.columns.end());
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

// {t} the table, {b} its bare name, {c} and {d} columns of it, {u} another table, {i} an index and
// {k} a constraint of it, {n} a small number, {y} a type.
static const char *const templates[] = {
	"ALTER TABLE {t} DROP COLUMN {c}",
	"ALTER TABLE {t} DROP COLUMN {c} CASCADE",
	"ALTER TABLE {t} DROP COLUMN IF EXISTS {c}",
	"ALTER TABLE {t} RENAME COLUMN {c} TO new_{n}",
	"ALTER TABLE {t} RENAME COLUMN {c} TO {d}_{n}",
	"ALTER TABLE {t} ALTER COLUMN {c} TYPE {y} USING NULL::{y}",
	"ALTER TABLE {t} ALTER COLUMN {c} TYPE {y}",
	"ALTER TABLE {t} ALTER COLUMN {c} SET NOT NULL",
	"ALTER TABLE {t} ALTER COLUMN {c} DROP NOT NULL",
	"ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT",
	"ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT NULL",
	"ALTER TABLE {t} ALTER COLUMN {c} SET STATISTICS {n}00",
	"ALTER TABLE {t} ADD COLUMN new_{n} {y}",
	"ALTER TABLE {t} ADD COLUMN IF NOT EXISTS new_{n} {y}",
	"ALTER TABLE {t} ADD COLUMN new_{n} serial",
	"ALTER TABLE {t} ADD COLUMN new_{n} boolean GENERATED ALWAYS AS ({c} IS NULL) STORED",
	"ALTER TABLE {t} RENAME TO {b}_{n}",
	"ALTER TABLE {t} SET (fillfactor = {n}0)",
	"ALTER TABLE {t} ENABLE ROW LEVEL SECURITY",
	"ALTER TABLE {t} ADD CONSTRAINT {b}_check_{n} CHECK ({c} IS NOT NULL) NOT VALID",
	"ALTER TABLE {t} ADD CHECK ({c} IS NOT NULL)",
	"ALTER TABLE {t} ADD UNIQUE ({c})",
	"ALTER TABLE {t} ADD UNIQUE ({c}, {d})",
	"ALTER TABLE {t} DROP CONSTRAINT {k}",
	"ALTER TABLE {t} DROP CONSTRAINT {k} CASCADE",
	"ALTER TABLE {t} RENAME CONSTRAINT {k} TO other_{n}",
	"ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES {u}",
	"CREATE TABLE child_{n} ({c} int REFERENCES {t})",
	"CREATE TABLE extra_{n} ({c} {y}, new_{n} int)",
	"CREATE TABLE extra_{n} (LIKE {t} INCLUDING ALL)",
	"CREATE TABLE extra_{n} (LIKE {t})",
	"CREATE TABLE part_{n} () INHERITS ({t})",
	"CREATE TABLE copied_{n} AS SELECT * FROM {t}",
	"DROP TABLE {t}",
	"DROP TABLE {t} CASCADE",
	"DROP TABLE IF EXISTS {t} CASCADE",
	"CREATE INDEX ON {t} ({c})",
	"CREATE INDEX {b}_idx_{n} ON {t} ({d}, {c})",
	"CREATE UNIQUE INDEX {b}_idx_{n} ON {t} ({c})",
	"CREATE INDEX IF NOT EXISTS {b}_idx_{n} ON {t} ({c}) WHERE {d} IS NOT NULL",
	"CREATE INDEX ON {t} (lower({c}::text))",
	"DROP INDEX {i}",
	"DROP INDEX IF EXISTS {i}",
	"ALTER INDEX {i} RENAME TO {b}_idx_{n}",
	"CREATE VIEW seen_{n} AS SELECT {c} FROM {t}",
	"CREATE VIEW seen_{n} AS SELECT * FROM {t}",
	"CREATE OR REPLACE VIEW seen_{n} AS SELECT {c}, {d} AS second FROM {t}",
	"CREATE VIEW joined_{n} AS SELECT a.{c} FROM {t} a JOIN {u} b ON true",
	"CREATE MATERIALIZED VIEW kept_{n} AS SELECT {c}, count(*) FROM {t} GROUP BY {c}",
	"COMMENT ON COLUMN {t}.{c} IS 'written {n}'",
	"COMMENT ON TABLE {t} IS 'written {n}'",
	"UPDATE {t} SET {c} = {c} WHERE {d} IS NULL",
	"DELETE FROM {t} WHERE {c} IS NULL",
	"TRUNCATE {t} CASCADE",
	"GRANT SELECT ON {t} TO anon",
	"REVOKE ALL ON {t} FROM anon",
	"GRANT SELECT ({c}) ON {t} TO anon",
	"GRANT SELECT ON ALL TABLES IN SCHEMA public TO authenticated",
	"CREATE POLICY mine_{n} ON {t} USING ({c} IS NOT NULL)",
	"CREATE STATISTICS ON {c}, {d} FROM {t}",
	"CREATE FUNCTION count_{n}() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT "
	"count({c}) FROM {t}); END $$",
	"CREATE OR REPLACE FUNCTION first_{n}() RETURNS bigint LANGUAGE sql AS $$ SELECT "
	"count({c}) FROM {t} $$",
	"CREATE FUNCTION row_{n}(r {t}) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
	"CREATE TRIGGER note_{n} BEFORE UPDATE OF {c} ON {t} FOR EACH ROW EXECUTE FUNCTION "
	"suppress_redundant_updates_trigger()",
	"CREATE RULE silent_{n} AS ON DELETE TO {t} WHERE OLD.{c} IS NULL DO INSTEAD NOTHING",
	"CREATE SEQUENCE {b}_{c}_seq OWNED BY {t}.{c}",
	"CREATE TYPE {b}_{n} AS ENUM ('a', 'b')",
	"CREATE SCHEMA place_{n}",
	"ALTER TABLE {t} SET SCHEMA auth",
};

std::string PairSource::other_table()
{
	auto at = tables_.begin();

	std::advance(at, below(tables_.size()));
	return at->first;
}

std::string PairSource::fill(const std::string &text, const std::string &t, const std::string &c)
{
	static const char *const types[] = {"text", "bigint", "varchar(40)", "jsonb"};
	const TableParts &parts = tables_.at(t);
	const std::string n = std::to_string(1 + below(3)), type = types[below(4)];
	auto one_of = [&](const std::vector<std::string> &names) {
		return names.empty() ? "missing" : names[below(names.size())];
	};
	std::string out;

	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] != '{') {
			out += text[i];
			continue;
		}
		switch (text[i + 1]) {
		case 't':
			out += t;
			break;
		case 'b':
			out += t.substr(t.rfind('.') + 1);
			break;
		case 'c':
			out += c;
			break;
		case 'd':
			out += one_of(parts.columns);
			break;
		case 'u':
			out += other_table();
			break;
		case 'i':
			out += one_of(parts.indexes);
			break;
		case 'k':
			out += one_of(parts.constraints);
			break;
		case 'n':
			out += n;
			break;
		default:
			out += type;
		}
		i += 2;
	}
	return out;
}

// A statement on a table that the given one names.
std::string PairSource::written(const std::string &like)
{
	std::vector<std::string> named, all;

	for (const auto &[table, parts] : tables_) {
		if (parts.columns.empty())
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
	std::vector<std::string> columns = tables_.at(table).columns, used;
	for (const std::string &token : tokens(like))
		if (std::find(columns.begin(), columns.end(), token) != columns.end())
			used.push_back(token);
	const std::vector<std::string> &from = !used.empty() && chance(60) ? used : columns;
	const char *text = templates[below(sizeof(templates) / sizeof(*templates))];
	return fill(text, table, from[below(from.size())]) + ";";
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
