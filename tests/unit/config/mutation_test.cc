// Environment files with random damage: each is read, or refused with a place; nothing else
// happens. SPDX-License-Identifier: MIT
#include "common/config/environment.h"
#include "common/config/environment_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

namespace
{

const std::string seeds[] = {
	"name: local\nincludes:\n  - ../schema\n  - ../seeds/common\ndatabase:\n  host: ${H:-h}\n"
	"  port: 5432\n  database: 'd'\nmigration: {lock_timeout: 5s, table: a.b}\n",
	"a: &x [1, *y, {b: c}]\nb: &y \"t\\x41\"\nc: |\n  text\n? k\n: v\n",
	"database: {url: \"postgresql://u:p@h/d\"}\nexclude_dirs: [a, b]\n# end\n",
};

const char *const pieces[] = {
	"\n",  ":",     " ", "- ", "[", "]",    "{",    "}",   "&x ",  "*x",   "\"",
	"'",   "\t",    "#", "${", "}", "\xff", "\xc3", "!!s", "|",    ">",    "\\x00",
	"---", "...\n", "%", "?",  ",", "@",    "~",    "  ",  "<<: ", "\r\n", "\xef\xbb\xbf"};

std::string damage(std::string text, std::mt19937 &random)
{
	auto upto = [&](size_t n) { return n ? random() % n : 0; };
	for (size_t n = 1 + upto(4); n > 0; n--) {
		size_t at = upto(text.size() + 1);
		switch (random() % 4) {
		case 0:
			text.insert(at, pieces[upto(std::size(pieces))]);
			break;
		case 1:
			text.erase(at, 1 + upto(6));
			break;
		case 2:
			text.insert(at, text.substr(upto(text.size()), upto(30)));
			break;
		default:
			if (at < text.size())
				text[at] = (char)random();
		}
	}
	return text;
}

} // namespace

TEST(DamagedYaml, IsReadOrRefusedWithAPlace)
{
	const char *given = getenv("CFT_SEED");
	unsigned seed = given ? (unsigned)atoi(given) : std::random_device{}();
	std::mt19937 random(seed);
	size_t accepted = 0;

	for (int i = 0; i < 20000; i++) {
		std::string text = damage(seeds[i % 3], random);
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_err err = CFT_ERR_INIT;
		const struct cft_yaml_node *root = nullptr;
		struct cft_env_values values = {};
		struct cft_settings s;
		int rc = cft_yaml_parse(&arena, "x.yaml", text.data(), text.size(), &root, &err);
		if (rc == 0) {
			cft_settings_init(&s, cft_environment_table(), &arena, &values);
			rc = cft_settings_read_yaml(&s, root, nullptr, &err);
		}
		accepted += rc == 0;
		if (rc != 0 && (rc != CFT_E_CONFIG || err.line < 1 || !err.message[0])) {
			ADD_FAILURE() << "CFT_SEED=" << seed << " round " << i << ": " << rc << " "
				      << err.line << ": " << err.message << "\n"
				      << text;
			cft_arena_release(&arena);
			return;
		}
		cft_arena_release(&arena);
	}
	EXPECT_GT(accepted, 100u) << "CFT_SEED=" << seed;
}
