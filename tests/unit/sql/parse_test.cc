// Parsing: boundaries of statements, places of errors, hostile input.
// SPDX-License-Identifier: MIT
#include "common/sql/syntax/parse.h"

#include <gtest/gtest.h>
#include <string>

namespace
{

struct Parsed {
	cft_arena arena = CFT_ARENA_INIT;
	cft_sql_script script = {};
	cft_err err = CFT_ERR_INIT;
	int rc;

	explicit Parsed(const std::string &sql, cft_parse_options options = {})
	{
		rc = cft_sql_parse(sql.data(), sql.size(), &options, &arena, &script, &err);
	}
	~Parsed()
	{
		cft_arena_release(&arena);
	}
};

std::string repeat(const char *text, int times)
{
	std::string out;

	for (int i = 0; i < times; i++)
		out += text;
	return out;
}

} // namespace

TEST(Parse, SplitsAtSemicolonsOutsideQuotesCommentsAndBodies)
{
	Parsed p("SELECT ';'; -- ;\n /* ; /* ; */ */ SELECT $a$;$a$, E'\\';';;"
	         "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
	         "SELECT 2; END; CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)");

	ASSERT_EQ(0, p.rc) << p.err.message;
	ASSERT_EQ(4u, p.script.n);
	EXPECT_STREQ("SELECT ';'", p.script.v[0].text);
	EXPECT_EQ(2, p.script.v[1].line);
	EXPECT_EQ(18, p.script.v[1].column);
}

TEST(Parse, NamesLineAndColumnOfASyntaxErrorInTheWholeText)
{
	Parsed p("SELECT 1;\nSELECT 'é' FROM;\n");

	EXPECT_EQ(CFT_E_SYNTAX, p.rc);
	EXPECT_EQ(2, p.err.line);
	EXPECT_EQ(16, p.err.column);
	EXPECT_STREQ("syntax error at end of input", p.err.message)
		<< "the place is said beside it";
}

TEST(Parse, RejectsNulAndInvalidUtf8WithTheirPlace)
{
	Parsed nul(std::string("SELECT 1;\n\0", 11));
	Parsed bad("SELECT '\xff'");

	EXPECT_EQ(CFT_E_INVALID, nul.rc);
	EXPECT_EQ(2, nul.err.line);
	EXPECT_EQ(CFT_E_INVALID, bad.rc);
}

TEST(Parse, TakesFiveThousandTermsAndNestings)
{
	Parsed terms("SELECT a" + repeat("+a", 5000));
	Parsed nots("SELECT " + repeat("NOT ", 5000) + "true");

	EXPECT_EQ(0, terms.rc) << terms.err.message;
	EXPECT_EQ(0, nots.rc) << nots.err.message;
}

TEST(Parse, RefusesMoreTokensOrBytesThanAllowed)
{
	cft_parse_options options = {};

	options.max_tokens = 100;
	Parsed tokens("SELECT a" + repeat("+a", 100), options);
	options.max_bytes = 10;
	Parsed bytes("SELECT 1234567", options);
	EXPECT_EQ(CFT_E_LIMIT, tokens.rc);
	EXPECT_EQ(CFT_E_LIMIT, bytes.rc);
}

TEST(Parse, ReadsAnEllipsisAsNothingOnlyWhenAsked)
{
	cft_parse_options options = {};

	options.sketch = true;
	Parsed sketch("CREATE TABLE profiles (...); CREATE TABLE p (id int, ...)", options);
	Parsed plain("CREATE TABLE profiles (...)");
	ASSERT_EQ(0, sketch.rc) << sketch.err.message;
	EXPECT_TRUE(sketch.script.v[0].sketch && sketch.script.v[1].sketch);
	EXPECT_EQ(CFT_E_SYNTAX, plain.rc);
}

TEST(Parse, SkipsPsqlCommandsAndCopyDataOfDumps)
{
	cft_parse_options options = {};

	options.psql = true;
	Parsed p("\\restrict abc\nSELECT 1;\nCOPY t (a) FROM stdin;\n1;'\n2\n\\.\n\\connect x\n"
	         "SELECT 2;\n\\unrestrict abc\n",
	         options);
	ASSERT_EQ(0, p.rc) << p.err.message;
	ASSERT_EQ(3u, p.script.n);
	EXPECT_STREQ("SELECT 2", p.script.v[2].text);
}

TEST(Parse, KeepsWhatIsNewerThanTheGrammarAsOpaque)
{
	cft_parse_options options = {};

	options.opaque = true;
	Parsed p("SELECT 1; CREATE PROPERTY GRAPH g; SELECT 2", options);
	ASSERT_EQ(0, p.rc);
	ASSERT_EQ(3u, p.script.n);
	EXPECT_NE(nullptr, p.script.v[1].opaque);
	EXPECT_EQ(nullptr, p.script.v[1].tree);
}
