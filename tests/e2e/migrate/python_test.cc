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

struct Look {
	const char *body, *reason, *shown; // what `validate` says of the file; "" for nothing
};

const Look looks[] = {
	{"class M(Migration):\n    def up(self):\n        self.execute('SELECT 1')\n"
         "    def down(self):\n        pass\n",
         "", "1 migration(s) are valid, 0 warning(s)"},
	{"class M(Migration):\n    def up(self)\n        pass\n", "PYTHON_SYNTAX_ERROR",
         "001_m.py:3: Python syntax error"},
	{"x = 1\n", "NO_MIGRATION_CLASS", "No Migration class found"},
	{"class M(Exception):\n    pass\n", "NO_MIGRATION_CLASS", "inherits from Migration"},
	{"class A(Migration):\n    pass\nclass B(A):\n    pass\n", "SEVERAL_MIGRATION_CLASSES",
         "keep one of: A, B"},
	{"class M(Migration):\n    def down(self):\n        pass\n", "MISSING_UP",
         "001_m.py:2: class M does not define up()"},
	{"class M(Migration):\n    def up(self):\n        pass\n", "MISSING_DOWN",
         "cannot be rolled back"},
	{"class M(Migration):\n    version = '002'\n    def up(self):\n        pass\n"
         "    def down(self):\n        pass\n",
         "VERSION_MISMATCH", "001_m.py:3: the class says version \"002\""},
	{"class M(Migration):\n    def up(self):\n        self.execute('''SELECT 1;\n"
         "            CREATE TABEL t (a int)''')\n    def down(self):\n        pass\n",
         "SQL_SYNTAX_ERROR", "001_m.py:5: syntax error at or near \"TABEL\""},
	// What only running it would tell is not judged.
	{"from company import Base\nclass M(Base):\n    pass\n", "", "are valid"},
	{"if True:\n    class M(Migration):\n        def up(self):\n"
         "            self.execute('INSERT INTO t VALUES (%s, 1 %% 2)', (1,))\n"
         "            self.execute(f'SELECT {self.name}')\n"
         "        def down(self):\n            pass\n",
         "", "are valid"},
};

TEST_F(Python, ValidateLooksAtTheClass)
{
	for (const Look &look : looks) {
		write(look.body);
		cft_test::RunResult result = project_.run({"validate"});
		EXPECT_CONTAINS(result.out, look.shown) << look.body;
		bool error = look.reason[0] && std::string(look.reason) != "MISSING_DOWN";
		EXPECT_EQ(result.exit_code, error ? 2 : 0) << look.body << result.out;
		EXPECT_EQ(project_.run({"validate", "--strict"}).exit_code, look.reason[0] ? 2 : 0)
			<< look.body;
		result = project_.run({"validate", "--format", "json"});
		EXPECT_CONTAINS(result.out, look.reason) << look.body;
	}
}

TEST_F(Python, ValidateRunsNothing)
{
	write("import os\nos.mkdir('it was run')\n"
	      "class M(Migration):\n    def up(self):\n        pass\n    def down(self):\n"
	      "        pass\n");
	EXPECT_EQ(project_.run({"validate"}).exit_code, 0);
	EXPECT_NE(cft_test::run({"ls", project_.dir().file("it was run")}).exit_code, 0);
}

TEST_F(Python, ValidateSaysWhereNobodyLooked)
{
	write("class M(Migration):\n    pass\n");
	cft_test::RunOptions options = project_.options(project_.url());
	options.env.push_back({"CONFITURE_PYTHON", "/nonexistent/python3"});
	cft_test::RunResult result = cft_test::run(project_.argv({"validate"}), options);
	EXPECT_EQ(result.exit_code, 0) << result.err;
	EXPECT_CONTAINS(result.out, "was not looked at");
	EXPECT_CONTAINS(result.out, "/nonexistent/python3");
}

} // namespace
