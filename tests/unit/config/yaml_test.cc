// YAML documents: places, limits, and a table of what is refused.
// SPDX-License-Identifier: MIT
#include "common/config/yaml.h"

#include "common/base/suggest.h"
#include "tests/unit/config/fixture.h"

namespace
{

struct Parsed {
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	const struct cft_yaml_node *root = nullptr;
	int rc;
	explicit Parsed(const std::string &text)
	{
		rc = cft_yaml_parse(&arena, "a.yaml", text.data(), text.size(), &root, &err);
	}
	~Parsed()
	{
		cft_arena_release(&arena);
	}
};

struct BadYaml {
	const char *name;
	std::string text;
	int line, column;
	const char *message; // part of it
};

std::string nested(int depth)
{
	std::string s;
	for (int i = 0; i < depth; i++)
		s += "[";
	return s;
}

std::string laughs()
{
	std::string s = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
	for (int i = 1; i < 12; i++) {
		std::string b = "*a" + std::to_string(i - 1);
		s += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + b;
		for (int k = 0; k < 8; k++)
			s += "," + b;
		s += "]\n";
	}
	return s;
}

const BadYaml bad[] = {
	{"tab", "a:\n\tb: 1\n", 2, 1, "cannot start"},
	{"unclosed quote", "a: \"x\n", 2, 1, "unexpected end"},
	{"unclosed list", "a: [1, 2\nb: 3\n", 2, 2, ""},
	{"two values", "a: 1\n b: 2\n", 2, 3, "mapping values are not allowed"},
	{"duplicate key", "a: 1\nb: 2\na: 3\n", 3, 1,
         "the key 'a' is here twice (first in line 1)"},
	{"nested duplicate", "x:\n  k: 1\n  k: 2\n", 3, 3, "twice"},
	{"list as key", "[a]: 1\n", 1, 1, "a key must be a word"},
	{"empty key", "? \n: 1\n", 1, 2, "a key must be a word"},
	{"unknown alias", "a: *nobody\n", 1, 4, "names no anchor"},
	{"cycle in a list", "a: &x [1, *x]\n", 1, 11, "contains itself"},
	{"cycle in a mapping", "a: &x\n  b: *x\n", 2, 6, "contains itself"},
	{"billion laughs", laughs(), 5, 0, "too large"},
	{"too deep", nested(40), 1, 33, "too deeply"},
	{"foreign tag", "a: !!python/object:os.system [ls]\n", 1, 4, "tags are not supported"},
	{"local tag", "a: !secret x\n", 1, 4, "tags are not supported"},
	{"second document", "a: 1\n---\nb: 2\n", 2, 1, "second document"},
	{"invalid UTF-8", "a: 1\nb: x\xff\n", 2, 5, "not UTF-8"},
	{"NUL byte", std::string("a: 1\0\n", 6), 1, 5, "not UTF-8"},
	{"UTF-16",
         std::string("\xff\xfe"
                     "a\0:\0",
                     6),
         1, 1, "not UTF-8"},
	{"escaped NUL", "a: \"x\\0y\"\n", 1, 4, "NUL"},
	{"at sign", "a: @x\n", 1, 4, "cannot start"},
	{"percent directive", "%FOO\n", 0, 0, ""},
};

} // namespace

TEST(YamlParse, KnowsThePlaceOfEveryNode)
{
	Parsed p("name: local\ndatabase:\n  host: h\n  ports: [1, 22]\n");
	ASSERT_EQ(0, p.rc) << p.err.message;
	auto *database = cft_yaml_get(p.root, "database");
	ASSERT_NE(nullptr, database);
	auto *host = cft_yaml_get(database, "host");
	EXPECT_EQ(3, host->line);
	EXPECT_EQ(9, host->column);
	auto *ports = cft_yaml_get(database, "ports");
	ASSERT_EQ(CFT_YAML_SEQUENCE, ports->kind);
	ASSERT_EQ(2u, ports->n);
	EXPECT_STREQ("22", ports->values[1]->text);
	EXPECT_EQ(14, ports->values[1]->column);
	EXPECT_EQ(3, database->keys[0]->line);
}

TEST(YamlParse, GivesAnEmptyMappingForAnEmptyDocument)
{
	for (const char *text : {"", "\n", "# only words\n", "---\n", "~\n"}) {
		Parsed p(text);
		ASSERT_EQ(0, p.rc) << text;
		EXPECT_EQ(CFT_YAML_MAPPING, p.root->kind);
		EXPECT_EQ(0u, p.root->n);
	}
}

TEST(YamlParse, TellsNullFromQuotedText)
{
	Parsed p("a:\nb: ''\nc: null\nd: 'null'\n");
	ASSERT_EQ(0, p.rc);
	EXPECT_EQ(CFT_YAML_NULL, cft_yaml_get(p.root, "a")->kind);
	EXPECT_EQ(CFT_YAML_SCALAR, cft_yaml_get(p.root, "b")->kind);
	EXPECT_EQ(CFT_YAML_NULL, cft_yaml_get(p.root, "c")->kind);
	EXPECT_STREQ("null", cft_yaml_get(p.root, "d")->text);
}

TEST(YamlParse, FollowsAliases)
{
	Parsed p("a: &x {k: v}\nb: *x\n");
	ASSERT_EQ(0, p.rc) << p.err.message;
	EXPECT_STREQ("v", cft_yaml_get(cft_yaml_get(p.root, "b"), "k")->text);
}

TEST(YamlParse, RefusesBadDocumentsWithTheirPlace)
{
	for (const BadYaml &row : bad) {
		SCOPED_TRACE(row.name);
		Parsed p(row.text);
		EXPECT_EQ(CFT_E_CONFIG, p.rc);
		EXPECT_EQ(2, cft_code_exit(p.err.code));
		EXPECT_STREQ("a.yaml", p.err.file);
		EXPECT_NE(nullptr, strstr(p.err.message, row.message)) << p.err.message;
		if (row.line) {
			EXPECT_EQ(row.line, p.err.line) << p.err.message;
		}
		if (row.column) {
			EXPECT_EQ(row.column, p.err.column) << p.err.message;
		}
	}
}

TEST(YamlParse, RefusesTooMuchText)
{
	Parsed p(std::string(CFT_YAML_MAX_BYTES + 1, '#'));
	EXPECT_EQ(CFT_E_CONFIG, p.rc);
	EXPECT_STREQ("FILE_TOO_LARGE", p.err.reason);
}

TEST(YamlRead, SaysThatAFileIsMissing)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	struct cft_err err = CFT_ERR_INIT;
	const struct cft_yaml_node *root;
	EXPECT_EQ(CFT_E_NOT_FOUND, cft_yaml_read(&arena, "/nonexistent/x.yaml", &root, &err));
	cft_arena_release(&arena);
}

TEST(Suggest, FindsTheMeantName)
{
	const char *names[] = {"listen", "log_format", "database_url", nullptr, "data_dir"};
	EXPECT_STREQ("listen", cft_suggest("lisen", names, 5));
	EXPECT_STREQ("listen", cft_suggest("litsen", names, 5));
	EXPECT_STREQ("listen", cft_suggest("LISTEN", names, 5));
	EXPECT_STREQ("database_url", cft_suggest("database", names, 5));
	EXPECT_EQ(nullptr, cft_suggest("zebra", names, 5));
	EXPECT_EQ(nullptr, cft_suggest("x", names, 5));
}

TEST(EditDistance, CountsASwapAsOne)
{
	EXPECT_EQ(1u, cft_edit_distance("abcd", "abdc"));
	EXPECT_EQ(0u, cft_edit_distance("Same", "same"));
	EXPECT_EQ(3u, cft_edit_distance("kitten", "sitting"));
	EXPECT_EQ(4u, cft_edit_distance("", "four"));
	EXPECT_EQ(100u, cft_edit_distance(std::string(100, 'a').c_str(), "a"));
}
