// PairJudge: transactions that are rolled back, and probes.
// SPDX-License-Identifier: MIT
#include "tests/lib/pair_judge.h"

#include "common/prove/snapshot.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace cft_test
{

struct PairJudge::Run {
	std::string error, sqlstate;
	std::vector<std::string> catalog;
	bool ok() const
	{
		return error.empty();
	}
	// Errors of running both in one transaction.
	bool artificial() const
	{
		return sqlstate == "55P04" || sqlstate == "55006" || sqlstate == "25001";
	}
};

PairJudge::PairJudge(const std::string &url)
{
	cft_err err = CFT_ERR_INIT;

	if (cft_pg_open(url.c_str(), &pg_, &err) != 0)
		throw std::runtime_error(err.message);
	apply("SET statement_timeout = '30s'; SET client_min_messages = error");
}

PairJudge::~PairJudge()
{
	cft_pg_close(pg_);
}

void PairJudge::apply(const std::string &sql)
{
	cft_err err = CFT_ERR_INIT;

	if (cft_pg_exec(pg_, sql.c_str(), nullptr, &err) != 0) {
		cft_pg_exec(pg_, "ROLLBACK", nullptr, nullptr);
		throw std::runtime_error(err.message);
	}
}

std::vector<std::string> PairJudge::column(const char *sql)
{
	std::vector<std::string> out;
	cft_pg_result *rows = nullptr;
	cft_err err = CFT_ERR_INIT;

	if (cft_pg_exec(pg_, sql, &rows, &err) != 0)
		throw std::runtime_error(err.message);
	for (size_t i = 0; i < cft_pg_rows(rows); i++)
		out.emplace_back(cft_pg_text(rows, i, 0));
	cft_pg_result_free(rows);
	return out;
}

// Runs one after the other in a transaction; each begins with the settings of a new session.
PairJudge::Run PairJudge::run(const std::vector<std::string> &order, bool keep)
{
	static const char between[] =
		"SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; DISCARD TEMP; RESET "
		"ALL;"
		"SET statement_timeout = '30s'; SET client_min_messages = error";
	cft_err err = CFT_ERR_INIT;
	cft_snapshot snapshot = {};
	Run run;
	int rc = cft_pg_exec(pg_, "BEGIN", nullptr, &err);

	for (const std::string &sql : order) {
		if (rc == 0)
			rc = cft_pg_exec(pg_, sql.c_str(), nullptr, &err);
		if (rc == 0)
			rc = cft_pg_exec(pg_, between, nullptr, &err);
	}
	if (rc == 0 && order.size() > 1)
		rc = cft_snapshot_take(pg_, &snapshot, &err);
	for (size_t i = 0; rc == 0 && i < cft_pg_rows(snapshot.rows); i++)
		run.catalog.emplace_back(cft_pg_text(snapshot.rows, i, 0));
	cft_snapshot_release(&snapshot);
	if (rc != 0) {
		run.error = err.message;
		run.sqlstate = err.sqlstate;
	}
	if (rc != 0 || !keep)
		cft_pg_exec(pg_, "ROLLBACK", nullptr, nullptr);
	else
		cft_pg_exec(pg_, "RESET search_path", nullptr, nullptr);
	return run;
}

bool PairJudge::is_legal(const std::string &sql)
{
	return run({sql}, false).ok();
}

static std::string first_difference(const std::vector<std::string> &x,
                                    const std::vector<std::string> &y)
{
	std::vector<std::string> only_x, only_y;
	auto less = [](const std::string &a, const std::string &b) {
		return strcmp(a.c_str(), b.c_str()) < 0;
	};

	std::set_difference(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(only_x),
	                    less);
	std::set_difference(y.begin(), y.end(), x.begin(), x.end(), std::back_inserter(only_y),
	                    less);
	return (only_x.empty() ? "" : "- " + only_x[0]) +
	       (only_y.empty() ? "" : "\n  + " + only_y[0]);
}

// Calls of functions with NULLs, and writes that fire triggers.
std::vector<std::string> PairJudge::calls()
{
	return column(
		"SELECT format('SELECT %s(%s)', p.oid::regproc, (SELECT "
		"coalesce(string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n), '') FROM "
		"unnest(p.proargtypes) WITH ORDINALITY AS a(t, n))) FROM pg_proc p JOIN "
		"pg_language l ON l.oid = p.prolang WHERE l.lanname IN ('plpgsql', 'sql') AND "
		"p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, "
		"'event_trigger'::regtype) AND p.pronamespace::regnamespace::text !~ "
		"'^pg_|information_schema' UNION ALL SELECT format(sql, tgrelid::regclass) FROM "
		"(SELECT DISTINCT tgrelid FROM pg_trigger WHERE NOT tgisinternal) t, (VALUES "
		"('INSERT INTO %s DEFAULT VALUES'), ('DELETE FROM %s')) AS v(sql) ORDER BY 1");
}

// The SQLSTATE of each call in the open transaction, where it tells of undefined things.
std::vector<std::string> PairJudge::probe(const std::vector<std::string> &calls)
{
	std::vector<std::string> states;

	for (const std::string &call : calls) {
		cft_err err = CFT_ERR_INIT;
		cft_pg_exec(pg_, "SAVEPOINT probe", nullptr, nullptr);
		cft_pg_exec(pg_, call.c_str(), nullptr, &err);
		cft_pg_exec(pg_, "ROLLBACK TO probe", nullptr, nullptr);
		bool tells =
			strncmp(err.sqlstate, "42", 2) == 0 || strcmp(err.sqlstate, "22P02") == 0;
		states.emplace_back(tells ? std::string(err.sqlstate) + " " + err.message : "");
	}
	return states;
}

// A call that fails after both in a way in which it does not after either alone.
std::string PairJudge::broken(const std::string &a, const std::string &b)
{
	std::string found;

	if (!run({a, b}, true).ok())
		return "";
	std::vector<std::string> both = calls(), states = probe(both);
	cft_pg_exec(pg_, "ROLLBACK", nullptr, nullptr);
	for (size_t i = 0; i < both.size() && found.empty(); i++) {
		std::string alone[2];
		if (states[i].empty())
			continue;
		for (int s = 0; s < 2; s++) {
			if (!run({s ? b : a}, true).ok())
				return "";
			/* What is not there yet fails in a way of its own. */
			std::vector<std::string> own = calls();
			if (std::find(own.begin(), own.end(), both[i]) != own.end())
				alone[s] = probe({both[i]})[0];
			cft_pg_exec(pg_, "ROLLBACK", nullptr, nullptr);
		}
		if (alone[0].substr(0, 5) != states[i].substr(0, 5) &&
		    alone[1].substr(0, 5) != states[i].substr(0, 5))
			found = both[i] + ": " + states[i];
	}
	return found;
}

Judgement PairJudge::judge(const std::string &a, const std::string &b)
{
	Judgement j;

	j.legal = is_legal(a) && is_legal(b);
	if (!j.legal)
		return j;
	j = judge_orders(a, b);
	j.legal = true;
	return j;
}

Judgement PairJudge::judge_orders(const std::string &a, const std::string &b)
{
	Judgement j;
	Run ab = run({a, b}, false), ba = run({b, a}, false);
	j.judged = !ab.artificial() && !ba.artificial();
	j.why = ab.error + (ab.ok() || ba.ok() ? "" : " / ") + ba.error;
	if (!ab.ok() || !ba.ok()) {
		j.verdict = ab.ok()   ? CFT_VERDICT_ONLY_AB
		            : ba.ok() ? CFT_VERDICT_ONLY_BA
		                      : CFT_VERDICT_NEITHER;
		return j;
	}
	j.why = first_difference(ab.catalog, ba.catalog);
	if (!j.why.empty()) {
		j.verdict = CFT_VERDICT_DIFFER;
		return j;
	}
	j.why = broken(a, b);
	j.verdict = j.why.empty() ? CFT_VERDICT_COMMUTE : CFT_VERDICT_LATENT;
	return j;
}

std::string PairJudge::judge_three(const std::string (&sql)[3])
{
	static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
	                                 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	std::vector<std::string> first;

	for (const auto &o : orders) {
		Run r = run({sql[o[0]], sql[o[1]], sql[o[2]]}, false);
		std::string name = std::string(1, static_cast<char>('A' + o[0])) +
		                   static_cast<char>('A' + o[1]) + static_cast<char>('A' + o[2]);
		if (!r.ok())
			return r.artificial() ? "" : name + " fails: " + r.error;
		if (first.empty())
			first = r.catalog;
		std::string difference = first_difference(first, r.catalog);
		if (!difference.empty())
			return "ABC and " + name + " differ: " + difference;
	}
	return "";
}

static void add_part(Tables &tables, const std::string &row)
{
	size_t first = row.find(' '), second = row.find(' ', first + 1);
	TableParts &parts = tables[row.substr(first + 1, second - first - 1)];
	std::vector<std::string> &names = row[0] == 'c'   ? parts.columns
	                                  : row[0] == 'k' ? parts.constraints
	                                                  : parts.indexes;

	names.push_back(row.substr(second + 1));
}

Tables PairJudge::tables()
{
	Tables tables;

	for (const std::string &row :
	     column("WITH t AS (SELECT oid, oid::regclass::text AS name FROM pg_class WHERE "
	            "relkind IN ('r', 'p') AND relnamespace::regnamespace::text !~ "
	            "'^pg_|information_schema') SELECT 'c ' || name || ' ' || quote_ident(attname) "
	            "FROM t JOIN pg_attribute ON attrelid = oid WHERE attnum > 0 AND NOT "
	            "attisdropped UNION ALL SELECT 'k ' || name || ' ' || quote_ident(conname) "
	            "FROM "
	            "t JOIN pg_constraint c ON conrelid = t.oid UNION ALL SELECT 'i ' || name || "
	            "' ' || indexrelid::regclass FROM t JOIN pg_index ON indrelid = oid ORDER BY "
	            "1"))
		add_part(tables, row);
	return tables;
}

} // namespace cft_test
