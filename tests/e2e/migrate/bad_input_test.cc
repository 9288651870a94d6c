// Bad input: each kind with its message and exit code, and nothing half done.
// SPDX-License-Identifier: MIT
#include "tests/e2e/migrate/project.h"

#include <functional>
#include <unistd.h>

namespace
{

using migrate_test::Project;
using Words = std::vector<std::string>;

struct Case {
	const char *name;
	std::function<void(Project &)> prepare; // on top of 001_users, which is applied
	Words words;
	int exit_code;
	std::vector<std::string> says;
};

void PrintTo(const Case &what, std::ostream *out)
{
	*out << what.name;
}

void nothing(Project &)
{
}

std::function<void(Project &)> file(const std::string &name, const std::string &text)
{
	return [=](Project &project) { project.file(name, text); };
}

std::function<void(Project &)> pair(const std::string &name, const std::string &up)
{
	return [=](Project &project) { project.migration(name, up, "SELECT 1;"); };
}

std::function<void(Project &)> local_yaml(const std::string &text)
{
	return [=](Project &project) { project.dir().write("db/environments/local.yaml", text); };
}

const Words up = {"up"};
const Words local_up = {"up", "--env", "local"};

const Case cases[] = {
	// connections and configuration
	{"MigrationsDirMissing",
         nothing,
         {"up", "--migrations-dir", "nowhere"},
         4,
         {"no migrations directory nowhere", "confiture init"}},
	{"YamlSyntax", local_yaml("name: local\ndatabase: [\n"), local_up, 2, {"local.yaml:"}},
	{"YamlUnknownKey",
         local_yaml("name: local\ndatabse:\n  host: x\n"),
         local_up,
         2,
         {"local.yaml:2", "databse"}},
	{"YamlBadType",
         local_yaml("name: local\nmigration:\n  lock_timeout: soon\n"),
         local_up,
         2,
         {"local.yaml:3", "lock_timeout"}},
	{"PortIsNoNumber",
         local_yaml("name: local\ndatabase:\n  database: x\n  port: many\n"),
         local_up,
         2,
         {"local.yaml:4", "'many' is not a port"}},
	{"VariableMissing",
         local_yaml("name: local\ndatabase:\n  host: ${NO_SUCH_VARIABLE}\n  database: x\n"),
         local_up,
         2,
         {"local.yaml:3", "NO_SUCH_VARIABLE"}},
	{"ConfigMissing",
         nothing,
         {"up", "--config", "db/environments/none.yaml"},
         4,
         {"db/environments/none.yaml"}},
	{"EnvironmentUnknown", nothing, {"up", "--env", "moon"}, 4, {"no environment files"}},
	{"ConfigAndEnv", nothing, {"up", "--config", "x.yaml", "--env", "local"}, 2, {"--env"}},
	{"TrackingTableName",
         [](Project &project) {
		 project.dir().write("db/environments/local.yaml",
	                             "name: local\ndatabase:\n  url: '" + project.url() +
	                                     "'\nmigration:\n  table: 'a.b.c'\n");
	 },
         local_up,
         2,
         {"a.b.c"}},
	{"UrlMalformed",
         nothing,
         {"up", "--database-url", "postgresql://u:p@ss@h:x/db"},
         2,
         {"malformed"}},
	{"ServerNotThere",
         nothing,
         {"up", "--database-url", "postgresql://127.0.0.1:1/x"},
         3,
         {"Database connection failed"}},
	// files
	{"DuplicateVersion", pair("1_again", "SELECT 1;"), up, 2, {"version 001 is used twice"}},
	{"UpFileMissing", file("002_a.down.sql", "SELECT 1;"), up, 2, {"002_a has no .up.sql"}},
	{"NameWithoutUp",
         file("002_a.sql", "SELECT 1;"),
         {"validate", "--strict"},
         2,
         {"rename it to 002_a.up.sql"}},
	{"VersionGap",
         pair("005_a", "SELECT 1;"),
         {"validate", "--strict"},
         2,
         {"3 version(s) missing between 001 and 005"}},
	{"InvalidUtf8",
         pair("002_a", "SELECT 1;\nSELECT '\xc3\x28';"),
         up,
         2,
         {"002_a.up.sql:2", "UTF-8"}},
	{"NulByte", pair("002_a", std::string("SELECT 1;\0", 10)), up, 2, {"UTF-8"}},
	{"DanglingLink",
         [](Project &project) {
		 const std::string link = project.dir().file("db/migrations/002_a.up.sql");
		 ASSERT_EQ(symlink("/nonexistent/file", link.c_str()), 0);
	 },
         up,
         4,
         {"002_a.up.sql", "No such file"}},
	{"EditedFile",
         pair("001_users", "CREATE TABLE users (id bigint);"),
         up,
         8,
         {"was edited after it was applied", "repair --accept 001"}},
	{"OutOfOrder",
         [](Project &project) {
		 project.migration("003_c", "SELECT 3;", "SELECT 1;");
		 ASSERT_EQ(project.run({"up"}).exit_code, 0);
		 project.migration("002_b", "SELECT 2;", "SELECT 1;");
	 },
         up,
         5,
         {"002_b is pending, but 003", "--allow-out-of-order"}},
	{"NothingToGenerate", nothing, {"generate", "../.."}, 2, {"letters and digits"}},
	// SQL
	{"SqlErrorOnItsLine",
         pair("002_a", "CREATE TABLE half (a int);\n\nSELECT\n  wrong;"),
         up,
         1,
         {"002_a.up.sql:4", "column \"wrong\" does not exist"}},
	{"SqlSyntaxOnItsLine",
         pair("002_a", "CREATE TABLE half (a int);\nSELECT FROM WHERE;"),
         up,
         2,
         {"002_a.up.sql:2", "syntax error"}},
	{"ErrorAtCommit",
         pair("002_a", "CREATE TABLE half (a int UNIQUE DEFERRABLE INITIALLY DEFERRED);\n"
                       "INSERT INTO half VALUES (1), (1);"),
         up,
         1,
         {"duplicate key"}},
	{"PsqlCommand",
         pair("002_a", "CREATE TABLE half (a int);\n\\i more.sql\n"),
         up,
         2,
         {"002_a.up.sql:2", "backslash"}},
	{"Rollback",
         pair("002_a", "CREATE TABLE half (a int);\nROLLBACK;"),
         up,
         2,
         {"002_a.up.sql:2", "leave BEGIN, COMMIT and ROLLBACK out"}},
	{"DiscardAll", pair("002_a", "DISCARD ALL;"), up, 2, {"DISCARD ALL"}},
	{"ConnectionDropped",
         pair("002_a", "CREATE TABLE half (a int);\n"
                       "SELECT pg_terminate_backend(pg_backend_pid());"),
         up,
         3,
         {"002_a"}},
	{"StatementTimeout",
         pair("002_a", "CREATE TABLE half (a int);\nSET LOCAL statement_timeout = 50;\n"
                       "SELECT pg_sleep(60);"),
         up,
         6,
         {"002_a.up.sql:3", "timeout"}},
	{"PermissionDenied",
         pair("002_a", "CREATE TABLE half (a int);\nSET LOCAL ROLE nobody_special;\n"
                       "DROP TABLE users;"),
         up,
         7,
         {"002_a.up.sql:3", "must be owner of table users"}},
	// usage
	{"TargetUnknown", nothing, {"up", "--target", "042"}, 4, {"no migration 042"}},
	{"TargetNoVersion", nothing, {"up", "--target", "latest"}, 4, {"no migration latest"}},
	{"DownToUnknown", nothing, {"down-to", "042"}, 4, {"042 is not applied"}},
	{"StepsOutOfRange", nothing, {"down", "--steps", "0"}, 2, {"steps"}},
	{"OptionMisspelt", nothing, {"up", "--targett", "1"}, 2, {"--target"}},
	{"LockTimeoutNoTime", nothing, {"up", "--lock-timeout", "soon"}, 2, {"soon"}},
	{"BaselineOfWhat", nothing, {"baseline"}, 2, {"--through VERSION or --import"}},
	{"ImportOfNothing", nothing, {"baseline", "--import"}, 4, {"no table tb_confiture"}},
	{"DownFileMissing",
         [](Project &project) {
		 unlink(project.dir().file("db/migrations/001_users.down.sql").c_str());
	 },
         {"down"},
         8,
         {"has no .down.sql"}},
	{"AppliedFileGone",
         [](Project &project) {
		 unlink(project.dir().file("db/migrations/001_users.down.sql").c_str());
		 unlink(project.dir().file("db/migrations/001_users.up.sql").c_str());
	 },
         {"down"},
         8,
         {"its file is gone"}},
	{"UnknownState",
         [](Project &project) { project.sql("UPDATE confiture_migrations SET state = 'quantum'"); },
         up,
         8,
         {"quantum"}},
	{"DiffSourceMissing", nothing, {"diff", "no.sql", "nothing.sql"}, 4, {"no.sql"}},
	{"DiffSyntax",
         [](Project &project) {
		 project.dir().write("a.sql", "");
		 project.dir().write("b.sql", "CREATE TABLE t (a int);\nCREATE TABEL u (a int);");
	 },
         {"diff", "a.sql", "b.sql"},
         2,
         {"b.sql:2"}},
	{"GenerateWithoutName", nothing, {"diff", "a", "b", "--generate"}, 2, {"--name"}},
};

class BadInput : public testing::TestWithParam<Case>
{
};

TEST_P(BadInput, IsExplainedAndChangesNothing)
{
	const Case &what = GetParam();
	Project project;

	project.sql("DO $$BEGIN CREATE ROLE nobody_special; EXCEPTION WHEN duplicate_object THEN "
	            "NULL; END$$");
	project.migration("001_users", "CREATE TABLE users (id int);", "DROP TABLE users;");
	ASSERT_EQ(project.run({"up"}).exit_code, 0);
	what.prepare(project);
	const std::string before = project.ledger();

	cft_test::RunResult result = project.run(what.words);

	EXPECT_EQ(result.exit_code, what.exit_code) << result.out << result.err;
	for (const std::string &part : what.says)
		EXPECT_CONTAINS(result.out + result.err, part);
	EXPECT_EQ(project.ledger(), before);
	EXPECT_EQ(project.sql("SELECT to_regclass('half') IS NULL AND to_regclass('users') IS NOT "
	                      "NULL"),
	          "t");
}

INSTANTIATE_TEST_SUITE_P(All, BadInput, testing::ValuesIn(cases),
                         [](const auto &bad) { return std::string(bad.param.name); });

TEST(BadInputDatabase, MissingDatabaseAndRole)
{
	Project project;
	const std::string other = cft_test::PgCluster::shared().url("no_such_database");

	cft_test::RunResult result = project.run({"up", "--database-url", other});
	EXPECT_EQ(result.exit_code, 4);
	EXPECT_CONTAINS(result.err, "no_such_database");
	result = project.run({"status", "--database-url",
	                      "host=" + cft_test::PgCluster::shared().socket_dir() +
	                              " user=no_such_role dbname=postgres"});
	EXPECT_EQ(result.exit_code, 7) << result.err;
}

TEST(BadInputDatabase, ForeignVariableNeverChangesADatabase)
{
	Project project;
	cft_test::RunOptions options = project.options("");

	project.migration("001_a", "CREATE TABLE a (a int);", "DROP TABLE a;");
	options.env.push_back({"DATABASE_URL", project.url()});
	cft_test::RunResult result = cft_test::run(project.argv({"up"}), options);
	EXPECT_EQ(result.exit_code, 4) << result.err;
	EXPECT_EQ(project.sql("SELECT to_regclass('a') IS NULL"), "t");
	EXPECT_EQ(cft_test::run(project.argv({"status"}), options).exit_code, 0);
}

TEST(BadInputDatabase, ReadOnlyServerIsRefused)
{
	Project project;

	project.migration("001_a", "CREATE TABLE a (a int);", "DROP TABLE a;");
	cft_test::RunResult result = project.run(
		{"up", "--database-url",
	         project.url() + (migrate_test::contains(project.url(), "://")
	                                  ? "&options=-cdefault_transaction_read_only%3Don"
	                                  : " options=-cdefault_transaction_read_only=on")});
	EXPECT_EQ(result.exit_code, 3) << result.err;
	EXPECT_CONTAINS(result.err, "read-only");
}

/* libpq is loaded when a connection is first wanted: what needs none goes on without it. */
TEST(BadInputLibpq, AMissingOrOldLibraryIsNamedAndWhatNeedsNoDatabaseWorks)
{
	Project project;
	cft_test::RunOptions options = project.options(project.url());
	const std::string library = project.dir().write("lib/libpq.so.5", "no library");

	options.env.push_back({"LD_LIBRARY_PATH", project.dir().file("lib")});
	project.migration("001_a", "CREATE TABLE a (a int);", "DROP TABLE a;");
	auto confiture = [&](const std::vector<std::string> &words) {
		return cft_test::run(project.argv(words), options);
	};
	cft_test::RunResult result = confiture({"up", "--format", "json"});
	EXPECT_EQ(result.exit_code, 2) << result.err;
	EXPECT_CONTAINS(result.err, "LIBPQ_MISSING");
	EXPECT_CONTAINS(result.err, "cannot load libpq: " + library);
	EXPECT_CONTAINS(result.err, "Debian: libpq5");
	EXPECT_EQ(confiture({"validate"}).exit_code, 0);

	/* One that lacks a function is too old. */
	ASSERT_EQ(cft_test::run({"cc", "-shared", "-o", library, "-x", "c", "/dev/null"}).exit_code,
	          0);
	result = confiture({"up"});
	EXPECT_EQ(result.exit_code, 2) << result.err;
	EXPECT_CONTAINS(result.err, "undefined symbol: PQ");
	result = cft_test::run({cft_test::program("confiture-server"), "--listen", "127.0.0.1:0",
	                        "--database-url", project.url()},
	                       options);
	EXPECT_EQ(result.exit_code, 2) << result.err;
	EXPECT_CONTAINS(result.err, "cannot load libpq");
}

TEST(BadInputOutput, FullDiskUnderTheOutputIsAnError)
{
	Project project;
	cft_test::RunOptions options = project.options(project.url());

	project.migration("001_a", "CREATE TABLE a (a int);", "DROP TABLE a;");
	cft_test::RunResult result = cft_test::run(
		{"sh", "-c", cft_test::program("confiture") + " migrate status > /dev/full"},
		options);
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "No space left on device");
}

TEST(BadInputOutput, ErrorsAreJsonWhereJsonIsAskedFor)
{
	Project project;

	project.migration("001_a", "SELECT 1;\nSELECT wrong;", "SELECT 1;");
	cft_test::RunResult result = project.run({"up", "--format", "json"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "\"sqlstate\"");
	EXPECT_CONTAINS(result.err, "001_a.up.sql");
	EXPECT_CONTAINS(result.out, "\"success\": false");
}

} // namespace
