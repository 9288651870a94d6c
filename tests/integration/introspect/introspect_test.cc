// The live reader against pg_dump: both must give the same model of the same database.
// SPDX-License-Identifier: MIT
//
// A sample of the corpora by default, all of them with CFT_DIFF_CORPUS=all.
#include "common/base/json.h"
#include "common/introspect/introspect.h"
#include "common/sql/diff/plan.h"
#include "tests/lib/pg_cluster.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <regex>
#include <set>

namespace
{

using cft_test::PgCluster;

bool everything()
{
	const char *env = std::getenv("CFT_DIFF_CORPUS");
	return env && std::string(env) == "all";
}

std::string corpus_dir()
{
	const char *env = std::getenv("CFT_CORPUS");
	return env ? env : std::string(CFT_SOURCE_DIR) + "/../shared/corpus";
}

class Database
{
      public:
	Database() : url_(PgCluster::shared().create_database())
	{
		cft_err err = CFT_ERR_INIT;
		if (cft_pg_open(url_.c_str(), &pg_, &err) != 0)
			throw std::runtime_error(err.message);
	}
	~Database()
	{
		const std::string name = cft_pg_database(pg_);
		cft_pg_close(pg_);
		PgCluster::shared().sql(PgCluster::shared().url(),
		                        "DROP DATABASE " + name + " WITH (FORCE)");
	}
	// Loads a schema, making the roles that it names. "" or PostgreSQL's message.
	std::string load(const std::string &text)
	{
		static const std::regex create_role("(^|\n)CREATE ROLE hard_[^\n]*");
		static const std::regex missing("role \"([^\"]+)\" does not exist");
		const std::string sql = std::regex_replace(text, create_role, "$1");
		for (int i = 0; i < 12; i++) {
			cft_err err = CFT_ERR_INIT;
			std::smatch role;
			if (cft_pg_exec(pg_, sql.c_str(), nullptr, &err) == 0)
				return "";
			const std::string message = err.message;
			cft_pg_exec(pg_, "ROLLBACK", nullptr, nullptr);
			if (!std::regex_search(message, role, missing))
				return message;
			cft_pg_execf(pg_, nullptr, "CREATE ROLE \"%s\"", role.str(1).c_str());
		}
		return "too many roles";
	}
	cft_schema *introspect(std::string *text)
	{
		cft_buf out = CFT_BUF_INIT;
		cft_err err = CFT_ERR_INIT;
		int rc = cft_introspect_text(pg_, &out, &err);
		EXPECT_EQ(rc, 0) << err.message;
		*text = cft_buf_str(&out);
		cft_buf_release(&out);
		return read(*text, "introspect");
	}
	cft_schema *dump(std::string *text)
	{
		cft_test::RunResult r =
			cft_test::run({PgCluster::bin_dir() + "/pg_dump", "--schema-only", url_});
		EXPECT_EQ(r.exit_code, 0) << r.err;
		*text = r.out;
		return read(*text, "pg_dump");
	}
	const std::string &url() const
	{
		return url_;
	}
	cft_pg *pg()
	{
		return pg_;
	}

      private:
	static cft_schema *read(const std::string &text, const char *name)
	{
		cft_schema *schema = nullptr;
		cft_err err = CFT_ERR_INIT;
		EXPECT_EQ(cft_schema_read_text(text.c_str(), text.size(), name, &schema, &err), 0)
			<< err.message << " line " << err.line << "\n"
			<< text;
		return schema;
	}
	std::string url_;
	cft_pg *pg_ = nullptr;
};

std::string differences(const cft_schema *a, const cft_schema *b)
{
	cft_plan *plan = nullptr;
	cft_err err = CFT_ERR_INIT;
	cft_buf script = CFT_BUF_INIT;
	std::string out;
	size_t n = 0;

	if (cft_schema_diff(a, b, nullptr, &plan, &err) != 0)
		return err.message;
	cft_plan_script(plan, false, false, &script);
	out = cft_buf_str(&script);
	for (size_t i = 0; i < plan->change_count; i++)
		out += std::string(plan->changes[i].kind) + " " + plan->changes[i].object + ": " +
		       plan->changes[i].detail + "\n";
	for (size_t i = 0; i < plan->refused_count; i++)
		out += std::string(plan->refused[i].object) + ": " + plan->refused[i].reason + "\n";
	const cft_refusal *unread = cft_schema_refused(a, &n);
	for (size_t i = 0; i < n; i++)
		out += std::string("not read: ") + unread[i].object + ": " + unread[i].reason +
		       "\n";
	cft_buf_release(&script);
	cft_plan_free(plan);
	return out;
}

void expect_like_pg_dump(Database &db, const std::string &what)
{
	std::string live_text, dump_text;
	cft_schema *live = db.introspect(&live_text), *dump = db.dump(&dump_text);
	if (live && dump) {
		const std::string diff = differences(live, dump);
		EXPECT_EQ(diff, "")
			<< what
			<< (std::getenv("CFT_VERBOSE")
		                    ? "\n---- live\n" + live_text + "\n---- dump\n" + dump_text
		                    : "");
		EXPECT_EQ(cft_schema_count(live), cft_schema_count(dump)) << what;
	}
	cft_schema_free(live);
	cft_schema_free(dump);
}

void expect_like_pg_dump(const std::string &sql, const std::string &what)
{
	Database db;
	ASSERT_EQ(db.load(sql), "") << what;
	expect_like_pg_dump(db, what);
}

std::string slurp(const std::string &path)
{
	std::ifstream in(path);
	return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Introspect, ReadsWhatPgDumpShowsOfEveryHardCase)
{
	std::istringstream lines(
		slurp(std::string(CFT_SOURCE_DIR) + "/tests/corpus/hard_cases.sql"));
	std::string line, name, sql;
	int n = 0;
	auto flush = [&]() {
		if (!name.empty() && !sql.empty() &&
		    (everything() || n % 4 == 1 || name.find("event") != std::string::npos))
			expect_like_pg_dump(sql, name);
		n++;
		sql.clear();
	};
	while (std::getline(lines, line)) {
		bool next = line.rfind("--- case ", 0) == 0;
		if (next || line == "--- new")
			flush();
		else
			sql += line + "\n";
		if (next)
			name = line.substr(9);
	}
	flush();
	EXPECT_GT(n, 80);
}

void corpus(const std::string &name, int every)
{
	const std::string path = corpus_dir() + "/diff/" + name + ".jsonl";
	std::ifstream in(path);
	std::string line;
	int n = 0, read = 0;

	if (!in)
		GTEST_SKIP() << "no corpus at " << path;
	while (std::getline(in, line)) {
		if (n++ % (everything() ? 1 : every) != 0)
			continue;
		json_t *pair = json_loads(line.c_str(), 0, nullptr);
		const char *setup = json_string_value(json_object_get(pair, "setup"));
		const char *sql = json_string_value(json_object_get(pair, "new"));
		const char *id = json_string_value(json_object_get(pair, "id"));
		Database db;
		const std::string failed =
			db.load(std::string(setup ? setup : "") + "\n" + (sql ? sql : ""));
		if (failed.empty()) {
			expect_like_pg_dump(db, id ? id : std::to_string(n));
			read++;
		} else if (everything()) {
			std::cout << (id ? id : "?") << ": " << failed << "\n";
		}
		json_decref(pair);
	}
	EXPECT_GT(read, 0);
	std::cout << name << ": " << read << " schemas\n";
}

TEST(Introspect, ReadsWhatPgDumpShowsOfSqldefCases)
{
	corpus("sqldef", 100);
}

TEST(Introspect, ReadsWhatPgDumpShowsOfPgschemaCases)
{
	corpus("pgschema", 25);
}

TEST(Introspect, ReadsWhatPgDumpShowsOfApgdiffCases)
{
	corpus("apgdiff", 20);
}

TEST(Introspect, ReadsWhatPgDumpShowsOfMigraCases)
{
	corpus("migra", 3);
}

} // namespace
