// Environment files, the connection rule and project identity.
// SPDX-License-Identifier: MIT
#include "common/config/connection.h"
#include "common/config/environment.h"
#include "common/config/project.h"
#include "tests/unit/config/fixture.h"

#include <vector>

namespace
{

const char guide_local[] = "name: local\n"
			   "includes:\n"
			   "  - ../schema\n"
			   "  - ../seeds/common\n"
			   "  - ../seeds/development\n"
			   "database:\n"
			   "  host: localhost\n"
			   "  port: 5432\n"
			   "  database: myapp_local\n"
			   "  user: postgres\n"
			   "  password: s3cret\n";

const char guide_production[] = "name: production\n"
				"include_dirs:\n"
				"  - db/schema/00_common\n"
				"  - db/schema/10_tables\n"
				"database:\n"
				"  host: ${DB_HOST}\n"
				"  port: ${DB_PORT}\n"
				"  database: ${DB_NAME}\n"
				"  user: ${DB_USER}\n"
				"  password: ${DB_PASSWORD}\n";

class Environment : public ProjectTest
{
      protected:
	int read(const std::string &text, const Variables &variables = Variables())
	{
		cft_err_clear(&err_);
		std::string file = write("db/environments/local.yaml", text);
		return cft_environment_read(&arena_, file.c_str(), variables.lookup(), &env_,
		                            &err_);
	}
	struct cft_environment env_ = {};
};

class Connection : public ProjectTest
{
      protected:
	int resolve(struct cft_connection_request request, const Variables &variables = Variables())
	{
		cft_err_clear(&err_);
		c_ = {};
		request.dir = root_.c_str();
		request.lookup = variables.lookup();
		return cft_connection_resolve(&arena_, &request, &c_, &err_);
	}
	std::string value(const std::string &keyword)
	{
		for (size_t i = 0; c_.keywords[i]; i++)
			if (keyword == c_.keywords[i])
				return c_.values[i];
		return "";
	}
	struct cft_connection c_ = {};
};

class Project : public ProjectTest
{
      protected:
	std::string identify(const std::string &dir, const char *option = nullptr,
	                     const Variables &variables = Variables())
	{
		struct cft_project project = {};
		cft_err_clear(&err_);
		if (cft_project_identify(&arena_, option, (root_ + "/" + dir).c_str(),
		                         variables.lookup(), &project, &err_) != 0)
			return std::string("error: ") + err_.message;
		return std::string(project.id) + " by " + cft_project_source_name(project.source);
	}
};

} // namespace

TEST_F(Environment, ReadsTheGuidesLocalFile)
{
	ASSERT_EQ(0, read(guide_local)) << err_.message;
	EXPECT_STREQ("local", env_.name);
	EXPECT_EQ(root_, env_.project_root);
	ASSERT_EQ(3u, env_.dir_count);
	EXPECT_STREQ("db/schema", env_.dirs[0].shown);
	EXPECT_EQ(CFT_ENV_SCHEMA, env_.dirs[0].kind);
	EXPECT_STREQ("db/seeds/development", env_.dirs[2].shown);
	EXPECT_EQ(CFT_ENV_SEEDS, env_.dirs[2].kind);
	EXPECT_EQ(root_ + "/db/migrations", env_.migrations_dir);
	EXPECT_STREQ("confiture_migrations", env_.migration.table);
	EXPECT_EQ(5000, env_.migration.lock_timeout_ms);
}

TEST_F(Environment, ReadsTheGuidesProductionFileWithoutItsVariables)
{
	ASSERT_EQ(0, read(guide_production)) << err_.message;
	EXPECT_STREQ("db/schema/10_tables", env_.dirs[1].shown);
	struct cft_env_database database;
	Variables none;
	EXPECT_EQ(CFT_E_CONFIG, cft_environment_database(&env_, none.lookup(), &database, &err_));
	EXPECT_STREQ("MISSING_VARIABLE", err_.reason);
	EXPECT_EQ(6, err_.line);
	EXPECT_EQ(9, err_.column);
}

TEST_F(Environment, PutsSchemaBeforeSeeds)
{
	ASSERT_EQ(0, read("includes: [../seeds/common, ../schema]\nseed_dirs: [more]\n"));
	ASSERT_EQ(3u, env_.dir_count);
	EXPECT_STREQ("db/schema", env_.dirs[0].shown);
	EXPECT_STREQ("db/seeds/common", env_.dirs[1].shown);
	EXPECT_STREQ("more", env_.dirs[2].shown);
	EXPECT_EQ(CFT_ENV_SEEDS, env_.dirs[2].kind);
}

TEST_F(Environment, NamesTheDirectoryThatIsMissing)
{
	ASSERT_EQ(0, read("includes:\n  - ../nothing\n"));
	EXPECT_EQ(CFT_E_CONFIG, cft_environment_check_dirs(&env_, &err_));
	EXPECT_STREQ("DIRECTORY_NOT_FOUND", err_.reason);
	EXPECT_EQ(2, err_.line);
	EXPECT_NE(nullptr, strstr(err_.message, "db/nothing"));
}

TEST_F(Environment, RefusesBadFilesAtTheirPlace)
{
	struct {
		const char *text;
		int line;
		const char *message;
	} const rows[] = {
		{"nmae: local\n", 1, "did you mean 'name'?"},
		{"include: [x]\n", 1, "did you mean 'includes'?"},
		{"database:\n  pasword: x\n", 2, "did you mean 'password'?"},
		{"database:\n  dbname: x\n", 2, "unknown key 'dbname'"},
		{"database: postgresql://x\n", 1, "keys and values are expected"},
		{"database:\n  host: [a]\n", 2, "one value is expected"},
		{"migration:\n  lock_timeout: long\n", 2, "is not a duration"},
		{"migration:\n  lock_timeout: -5s\n", 2, "migration.lock_timeout"},
		{"migration:\n  table: 'a b'\n", 2, "is not a table name"},
		{"migration:\n  table: a.b.c\n", 2, "is not a table name"},
		{"migration:\n  tabel: x\n", 2, "did you mean 'table'?"},
		{"migration: [1]\n", 1, "keys and values are expected"},
		{"name: ''\n", 1, "must not be empty"},
		{"name: [a]\n", 1, "one value is expected"},
		{"includes:\n  a: b\n", 2, "a list is expected"},
		{"includes: ['${NOPE}']\n", 1, "NOPE is not set"},
		{"migrations_dir: ${NOPE}\n", 1, "NOPE is not set"},
	};
	for (auto &row : rows) {
		SCOPED_TRACE(row.text);
		EXPECT_EQ(CFT_E_CONFIG, read(row.text));
		EXPECT_EQ(row.line, err_.line) << err_.message;
		EXPECT_NE(nullptr, strstr(err_.message, row.message)) << err_.message;
	}
}

TEST_F(Environment, WantsEitherUrlOrFields)
{
	struct cft_env_database database;
	ASSERT_EQ(0, read("database:\n  url: postgresql://h/x\n  host: y\n"));
	EXPECT_EQ(CFT_E_CONFIG, cft_environment_database(&env_, nullptr, &database, &err_));
	EXPECT_NE(nullptr, strstr(err_.message, "not both"));
	ASSERT_EQ(0, read("database:\n  host: y\n"));
	EXPECT_EQ(CFT_E_CONFIG, cft_environment_database(&env_, nullptr, &database, &err_));
	EXPECT_NE(nullptr, strstr(err_.message, "name of the database is missing"));
	ASSERT_EQ(0, read("name: x\n"));
	EXPECT_EQ(CFT_E_CONFIG, cft_environment_database(&env_, nullptr, &database, &err_));
	EXPECT_STREQ("NO_DATABASE", err_.reason);
}

TEST_F(Environment, PortIsANumberOrOnePerHost)
{
	struct cft_env_database database;
	for (const char *good : {"5432", "'5432,5433'", "'5432,'"}) {
		ASSERT_EQ(0, read(std::string("database:\n  database: x\n  port: ") + good + "\n"));
		EXPECT_EQ(0, cft_environment_database(&env_, nullptr, &database, &err_)) << good;
	}
	for (const char *bad : {"many", "0", "65536", "'1 2'", "-1"}) {
		ASSERT_EQ(0, read(std::string("database:\n  database: x\n  port: ") + bad + "\n"));
		EXPECT_EQ(CFT_E_CONFIG, cft_environment_database(&env_, nullptr, &database, &err_))
			<< bad;
		EXPECT_EQ(3, err_.line);
		EXPECT_NE(nullptr, strstr(err_.message, "is not a port")) << err_.message;
	}
}

TEST_F(Environment, IsFoundByNameWithSuggestions)
{
	write("db/environments/local.yaml", guide_local);
	write("db/environments/production.yaml", guide_production);
	EXPECT_EQ(0, cft_environment_find(&arena_, root_.c_str(), "local", nullptr, &env_, &err_));
	EXPECT_EQ(CFT_E_NOT_FOUND, cft_environment_find(&arena_, root_.c_str(), "prodcution",
	                                                nullptr, &env_, &err_));
	EXPECT_NE(nullptr, strstr(err_.message, "(local, production)"));
	EXPECT_STREQ("did you mean 'production'?", err_.hint);
	EXPECT_EQ(CFT_E_INVALID,
	          cft_environment_find(&arena_, root_.c_str(), "../x", nullptr, &env_, &err_));
}

TEST_F(Connection, FollowsTheRuleOfSources)
{
	write("db/environments/local.yaml", guide_local);
	write("db/environments/test.yaml", "database: {url: 'postgresql://t@h:1/test_db'}\n");
	Variables both{{"CONFITURE_DATABASE_URL", "postgresql://v@h/var"},
	               {"DATABASE_URL", "postgresql://other/other"}};
	struct cft_connection_request request = {};

	ASSERT_EQ(0, resolve(request)) << err_.message;
	EXPECT_EQ("myapp_local", value("dbname"));
	EXPECT_STREQ("postgres@localhost:5432/myapp_local", c_.shown);
	EXPECT_EQ("s3cret", value("password"));

	ASSERT_EQ(0, resolve(request, both));
	EXPECT_STREQ("CONFITURE_DATABASE_URL", c_.source);

	request.env = "test";
	ASSERT_EQ(0, resolve(request, both));
	EXPECT_EQ("postgresql://t@h:1/test_db", value("dbname"));
	EXPECT_STREQ("t@h:1/test_db", c_.shown);

	request.database_url = "postgresql://flag/f";
	ASSERT_EQ(0, resolve(request, both));
	EXPECT_STREQ("--database-url", c_.source);
	EXPECT_STREQ("test", c_.environment.name);
}

TEST_F(Connection, NeverLetsDatabaseUrlAloneChangeADatabase)
{
	Variables other{{"DATABASE_URL", "postgresql://other/other"}};
	struct cft_connection_request request = {};

	EXPECT_EQ(CFT_E_NOT_FOUND, resolve(request, other));
	EXPECT_EQ(4, cft_code_exit(err_.code));
	EXPECT_NE(nullptr, strstr(err_.hint, "DATABASE_URL alone is not enough"));
	request.read_only = true;
	ASSERT_EQ(0, resolve(request, other));
	EXPECT_STREQ("DATABASE_URL", c_.source);
}

TEST_F(Connection, RefusesContradictionsAndMissingThings)
{
	struct cft_connection_request request = {};

	EXPECT_EQ(CFT_E_NOT_FOUND, resolve(request));
	EXPECT_NE(nullptr, strstr(err_.hint, "confiture init"));
	request.env = "local";
	EXPECT_EQ(CFT_E_NOT_FOUND, resolve(request));
	EXPECT_STREQ("NOT_INITIALISED", err_.reason);
	request.config = "x.yaml";
	EXPECT_EQ(CFT_E_INVALID, resolve(request));
	request.env = nullptr;
	request.config = "/nonexistent.yaml";
	EXPECT_EQ(CFT_E_NOT_FOUND, resolve(request));
	request.config = nullptr;
	request.database_url = "";
	EXPECT_EQ(CFT_E_INVALID, resolve(request));
}

TEST_F(Connection, FillsDefaultsWithoutAnEnvironmentFile)
{
	struct cft_connection_request request = {};
	request.database_url = "dbname=x";
	ASSERT_EQ(0, resolve(request));
	EXPECT_FALSE(c_.found);
	EXPECT_EQ(root_ + "/db/migrations", c_.environment.migrations_dir);
	EXPECT_EQ(1u, c_.environment.dir_count);
}

TEST_F(Connection, UsesTheDefaultEnvironmentOfTheProjectFile)
{
	write("confiture.yaml", "environment: test\n");
	write("db/environments/test.yaml", "database: {database: d}\n");
	struct cft_connection_request request = {};
	ASSERT_EQ(0, resolve(request)) << err_.message;
	EXPECT_STREQ("local socket/d", c_.shown);
	EXPECT_STREQ("dbname='d'", c_.conninfo);
}

TEST(ConninfoRedact, ShowsNoPassword)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct {
		const char *conninfo, *shown;
	} const rows[] = {
		{"postgresql://u:pw@h:5/d?sslmode=require", "u@h:5/d"},
		{"postgres://h/d", "h/d"},
		{"postgresql://u:p@w@h/d", "u@h/d"},
		{"postgresql://u:p/w@h/d", "u@h/d"},
		{"postgresql://u:pw@h1:1,h2:2/d", "u@h1:1,h2:2/d"},
		{"postgresql:///d?host=/run/pg&user=me&password=pw", "me@/run/pg/d"},
		{"host=h port=5 dbname='my db' user=u password='p\\'w'", "u@h:5/my db"},
		{"user=u password = pw host=h", "u@h"},
		{"just_a_name", "local socket/just_a_name"},
		{"garbage pw without = sense", "local socket"},
	};
	for (auto &row : rows)
		EXPECT_STREQ(row.shown, cft_conninfo_redact(&arena, row.conninfo)) << row.conninfo;
	cft_arena_release(&arena);
}

TEST(NormaliseRemote, MakesTheSpellingsOfOneRepositoryEqual)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	for (const char *url :
	     {"https://github.com/acme/Shop.git", "https://user:token@GitHub.com/acme/Shop/",
	      "git@github.com:acme/Shop.git", "ssh://git@github.com:22/acme/Shop",
	      "git://github.com:9418/acme/Shop.git", "https://github.com:443/acme/Shop"})
		EXPECT_STREQ("github.com/acme/Shop", cft_project_normalise_remote(&arena, url))
			<< url;
	EXPECT_STREQ("h:8443/a", cft_project_normalise_remote(&arena, "https://h:8443/a"));
	for (const char *url : {"/srv/git/x.git", "../x", "file:///srv/x", "./a:b", "https://", ""})
		EXPECT_EQ(nullptr, cft_project_normalise_remote(&arena, url)) << url;
	cft_arena_release(&arena);
}

TEST_F(Project, PrefersTheOptionThenTheVariableThenTheFile)
{
	write("app/confiture.yaml", "project: from-file\n");
	Variables variables{{"CONFITURE_PROJECT", "from-variable"}};
	EXPECT_EQ("o by --project", identify("app", "o", variables));
	EXPECT_EQ("from-variable by CONFITURE_PROJECT", identify("app", nullptr, variables));
	EXPECT_EQ("from-file by confiture.yaml", identify("app"));
	EXPECT_EQ(0u, identify("app", "two words").rfind("error: --project", 0));
	EXPECT_EQ(0u, identify("app", "").rfind("error: --project", 0));
}

TEST_F(Project, AgreesInClonesWorktreesAndSubdirectories)
{
	std::string config = "[core]\n\tbare = false\n[remote \"origin\"]\n"
			     "\turl = git@github.com:acme/shop.git\n\tfetch = +refs/*\n";
	write("main/.git/config", config);
	write("main/.git/worktrees/w/commondir", "../..\n");
	write("w/.git", "gitdir: " + root_ + "/main/.git/worktrees/w\n");
	write("w/db/x.sql", "");
	write("clone/.git/config", "[remote \"origin\"]\n  url = " + root_ + "/main\n");
	const char *expected = "github.com/acme/shop by git remote";
	EXPECT_EQ(expected, identify("main"));
	EXPECT_EQ(expected, identify("w"));
	EXPECT_EQ(expected, identify("w/db"));
	EXPECT_EQ(expected, identify("clone"));
}

TEST_F(Project, NamesARepositoryWithoutRemoteAfterItsPlace)
{
	write("one/.git/config", "[core]\n");
	write("two/one/.git/config", "[core]\n");
	write("clone/.git/config", "[remote \"up\"]\n  url = ../one\n");
	std::string one = identify("one"), two = identify("two/one");
	EXPECT_EQ(0u, one.rfind("one-", 0)) << one;
	EXPECT_NE(one, two);
	EXPECT_EQ(one, identify("clone"));
}

TEST_F(Project, FallsBackToTheFolder)
{
	write("my app/x", "");
	EXPECT_EQ("my-app by folder", identify("my app"));
}

TEST_F(Project, SurvivesBrokenGitFiles)
{
	write("a/.git", "nonsense");
	EXPECT_EQ("a by folder", identify("a"));
	write("b/.git", "gitdir: /nonexistent");
	EXPECT_EQ("b by folder", identify("b"));
	write("c/.git/config", "[remote \"origin\"]\n url = " + root_ + "/c\n");
	EXPECT_EQ(0u, identify("c").rfind("c-", 0));
}
