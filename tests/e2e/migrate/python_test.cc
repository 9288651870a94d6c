// Migrations as Python classes, run by a real python3.
// SPDX-License-Identifier: MIT
#include "tests/e2e/migrate/project.h"

namespace
{

using migrate_test::Project;

const char head[] = "from confiture.models.migration import Migration\n";

class Python : public testing::Test
{
      protected:
	void write(const std::string &body, const std::string &name = "001_m.py")
	{
		project_.file(name, head + body);
	}
	Project project_;
};

TEST_F(Python, GeneratedClassRunsUpAndDown)
{
	ASSERT_EQ(project_.run({"generate", "create users", "--python"}).exit_code, 0);
	project_.file("001_create_users.py",
	              std::string(head) + "class CreateUsers(Migration):\n"
	                                  "    version = '001'\n"
	                                  "    name = 'create_users'\n"
	                                  "    def up(self) -> None:\n"
	                                  "        self.execute('''\n"
	                                  "            CREATE TABLE users (id int);\n"
	                                  "            CREATE TABLE more (id int)\n"
	                                  "        ''')\n"
	                                  "    def down(self) -> None:\n"
	                                  "        self.execute('DROP TABLE users, more')\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_EQ(project_.sql("SELECT to_regclass('more') IS NOT NULL"), "t");
	EXPECT_EQ(project_.ledger(), "001 applied");
	EXPECT_EQ(project_.run({"down"}).exit_code, 0);
	EXPECT_EQ(project_.sql("SELECT to_regclass('users') IS NULL"), "t");
}

TEST_F(Python, ParametersRowsAndPrint)
{
	write("class M(Migration):\n"
	      "    def up(self):\n"
	      "        self.execute('CREATE TABLE t (a int, b text, c text[])')\n"
	      "        n = self.execute('INSERT INTO t VALUES (%s, %s, %s)', (1, \"O'Hara %\", "
	      "['x', 'y\"']))\n"
	      "        rows = self.query('SELECT a, b, c[2], NULL FROM t WHERE a = %s', [1])\n"
	      "        print('got', n, rows)\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "got 1 [('1', \"O'Hara %\", 'y\"', None)]");
	EXPECT_EQ(project_.run({"down"}).exit_code, 8) << "no down()";
	EXPECT_EQ(project_.ledger(), "001 applied");
}

TEST_F(Python, SqlErrorNamesThePythonLineAndRollsBack)
{
	write("class M(Migration):\n"
	      "    def up(self):\n"
	      "        self.execute('CREATE TABLE half (a int)')\n"
	      "        self.execute('SELECT 1/0')\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "db/migrations/001_m.py:5");
	EXPECT_CONTAINS(result.err, "division by zero");
	EXPECT_EQ(project_.sql("SELECT to_regclass('half') IS NULL"), "t");
	EXPECT_EQ(project_.ledger(), "");
}

TEST_F(Python, SwallowedSqlErrorStillFails)
{
	write("class M(Migration):\n"
	      "    def up(self):\n"
	      "        try:\n"
	      "            self.execute('SELECT 1/0')\n"
	      "        except Exception:\n"
	      "            pass\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "division by zero");
	EXPECT_EQ(project_.ledger(), "");
}

TEST_F(Python, NoClassIsExplainedAsInTheGuide)
{
	write("class M:\n    pass\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 2);
	EXPECT_CONTAINS(result.err, "No Migration class found");
	EXPECT_CONTAINS(result.err, "inherits from Migration");
}

TEST_F(Python, SyntaxErrorsAndExceptionsNameTheirLine)
{
	write("class M(Migration):\n    def up(self):\n        self.execute('x'\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 2);
	EXPECT_CONTAINS(result.err, "001_m.py:4");
	EXPECT_CONTAINS(result.err, "syntax error");
	write("class M(Migration):\n    def up(self):\n        raise KeyError('missing')\n");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "001_m.py:4");
	EXPECT_CONTAINS(result.err, "KeyError: 'missing'");
	write("import sys\nclass M(Migration):\n    def up(self):\n        sys.exit(0)\n");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "SystemExit");
	write("import os\nclass M(Migration):\n    def up(self):\n        os._exit(7)\n");
	result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 1);
	EXPECT_CONTAINS(result.err, "status 7");
	EXPECT_EQ(project_.ledger(), "");
}

TEST_F(Python, VersionOfTheClassMustBeThatOfTheFile)
{
	write("class M(Migration):\n    version = '002'\n    def up(self):\n        pass\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 2);
	EXPECT_CONTAINS(result.err, "the class says version \"002\"");
}

TEST_F(Python, ConcurrentlyStartsAgainOutsideATransaction)
{
	write("class M(Migration):\n"
	      "    def up(self):\n"
	      "        self.execute('CREATE TABLE t (a int)')\n"
	      "        self.execute('CREATE INDEX CONCURRENTLY t_a ON t (a)')\n"
	      "    def down(self):\n"
	      "        self.execute('DROP TABLE t')\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "statement by statement");
	EXPECT_EQ(project_.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = "
	                       "'t_a'::regclass"),
	          "t");
	EXPECT_EQ(project_.ledger(), "001 applied");
}

TEST_F(Python, StepwiseIsResumedAfterAFailure)
{
	const std::string begin = "class M(Migration):\n"
				  "    transactional = False\n"
				  "    def up(self):\n"
				  "        self.execute('CREATE TABLE t (a int)')\n";
	write(begin + "        self.execute('CREATE INDEX CONCURRENTLY t_a ON t (nothing)')\n");
	EXPECT_EQ(project_.run({"up"}).exit_code, 1);
	EXPECT_EQ(project_.ledger(), "001 applying");
	write(begin + "        self.execute('CREATE INDEX CONCURRENTLY t_a ON t (a)')\n");
	cft_test::RunResult result = project_.run({"up"});
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.err, "already done: CREATE TABLE t (a int)");
	EXPECT_EQ(project_.ledger(), "001 applied");
}

TEST_F(Python, MissingInterpreterIsAConfigurationError)
{
	write("class M(Migration):\n    def up(self):\n        pass\n");
	cft_test::RunOptions options = project_.options(project_.url());
	options.env.push_back({"CONFITURE_PYTHON", "/nonexistent/python3"});
	cft_test::RunResult result = cft_test::run(project_.argv({"up"}), options);
	EXPECT_EQ(result.exit_code, 2);
	EXPECT_CONTAINS(result.err, "needs /nonexistent/python3");
}

} // namespace
