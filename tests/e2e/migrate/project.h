// Project: a directory with migrations, a database, and the real command line to run on them.
// SPDX-License-Identifier: MIT
#pragma once

#include "common/pg/pg.h"
#include "tests/lib/pg_cluster.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace migrate_test
{

class Project
{
      public:
	explicit Project(cft_test::PgCluster &cluster = cft_test::PgCluster::shared())
	    : cluster_(cluster), url_(cluster.create_database())
	{
		mkdirs();
	}

	// db/migrations/NAME
	void file(const std::string &name, const std::string &text)
	{
		dir_.write("db/migrations/" + name, text);
	}
	// NAME.up.sql and NAME.down.sql
	void migration(const std::string &name, const std::string &up, const std::string &down)
	{
		file(name + ".up.sql", up);
		file(name + ".down.sql", down);
	}

	std::vector<std::string> argv(const std::vector<std::string> &words) const
	{
		std::vector<std::string> all = {cft_test::program("confiture"), "migrate"};

		all.insert(all.end(), words.begin(), words.end());
		return all;
	}
	cft_test::RunOptions options(const std::string &url) const
	{
		cft_test::RunOptions options;

		options.cwd = dir_.path();
		options.env = {{"CONFITURE_DATABASE_URL", url},
		               {"LC_ALL", "C.UTF-8"},
		               {"DATABASE_URL", ""},
		               {"PGHOST", ""},
		               {"NO_COLOR", "1"}};
		return options;
	}
	// confiture migrate WORDS…, in the project, on its database.
	cft_test::RunResult run(const std::vector<std::string> &words) const
	{
		return cft_test::run(argv(words), options(url_));
	}
	cft_test::Background start(const std::vector<std::string> &words,
	                           const std::string &error_file = "") const
	{
		cft_test::RunOptions all = options(url_);

		all.stderr_path = error_file;
		return cft_test::Background(argv(words), all);
	}
	std::string sql(const std::string &text) const
	{
		return cluster_.sql(url_, text);
	}
	// "001 applied|002 applying": version and state of each row.
	std::string ledger() const
	{
		return sql("SELECT coalesce(string_agg(version || ' ' || state, '|' ORDER BY "
		           "version), '') FROM confiture_migrations");
	}
	bool migrator_connected() const
	{
		return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
		           "current_database() AND application_name LIKE 'confiture %'") != "0";
	}
	// Until the sessions of a killed migrator have ended in the server.
	bool migrator_gone() const
	{
		return cft_test::eventually([this] { return !migrator_connected(); });
	}

	const std::string &url() const
	{
		return url_;
	}
	const cft_test::TempDir &dir() const
	{
		return dir_;
	}

      private:
	void mkdirs()
	{
		dir_.write("db/migrations/.keep", "");
	}

	cft_test::PgCluster &cluster_;
	cft_test::TempDir dir_;
	std::string url_;
};

// A session that holds something while the migrator runs.
class Session
{
      public:
	explicit Session(const std::string &url)
	{
		cft_err err = CFT_ERR_INIT;

		if (cft_pg_open(url.c_str(), &pg_, &err) != 0)
			throw std::runtime_error(err.message);
	}
	~Session()
	{
		cft_pg_close(pg_);
	}
	Session(const Session &) = delete;
	Session &operator=(const Session &) = delete;

	void exec(const std::string &sql)
	{
		cft_err err = CFT_ERR_INIT;

		if (cft_pg_exec(pg_, sql.c_str(), nullptr, &err) != 0)
			throw std::runtime_error(err.message);
	}

      private:
	cft_pg *pg_ = nullptr;
};

inline bool contains(const std::string &text, const std::string &part)
{
	return text.find(part) != std::string::npos;
}

#define EXPECT_CONTAINS(text, part)                                                    \
	EXPECT_TRUE(migrate_test::contains(text, part)) << "missing: " << part << "\n" \
							<< "in: " << text

} // namespace migrate_test
