// MigrationHistory: reads up and down files, in order.
// SPDX-License-Identifier: MIT
#include "tests/lib/migration_history.h"

#include "common/sql/syntax/parse.h"
#include "tests/lib/process.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

namespace fs = std::filesystem;

namespace cft_test
{

std::string corpus_path(const std::string &name)
{
	const char *root = getenv("CFT_CORPUS");

	return (root ? std::string(root) : CFT_SOURCE_DIR "/../shared/corpus") + "/" + name;
}

std::string history_setup()
{
	return "CREATE SCHEMA auth; DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY "
	       "ARRAY['supabase_auth_admin', 'anon', 'authenticated', 'service_role', "
	       "'dashboard_user'] LOOP IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) "
	       "THEN EXECUTE 'CREATE ROLE ' || r; END IF; END LOOP; END $$;";
}

Script split_statements(const std::string &sql)
{
	static const std::regex frame("^(begin|commit|start\\s+transaction|end)\\b.*",
	                              std::regex::icase);
	static const std::regex concurrently("\\sconcurrently\\b", std::regex::icase);
	cft_parse_options options = {};
	cft_arena arena = CFT_ARENA_INIT;
	cft_sql_script parsed = {};
	Script script;

	options.psql = true;
	if (cft_sql_parse(sql.data(), sql.size(), &options, &arena, &parsed, nullptr) == 0)
		for (size_t i = 0; i < parsed.n; i++) {
			std::string text(parsed.v[i].text, parsed.v[i].len);
			if (text.size() < 40 && std::regex_match(text, frame))
				continue;
			script.push_back(std::regex_replace(text, concurrently, ""));
		}
	cft_arena_release(&arena);
	return script;
}

std::string join_statements(const Script &script)
{
	std::string out;

	for (const std::string &statement : script)
		out += statement + ";\n";
	return out;
}

static MigrationHistory load(const std::string &name, const fs::path &dir)
{
	MigrationHistory history = {name, {}, 0};
	std::vector<fs::path> ups;

	for (const auto &entry : fs::directory_iterator(dir))
		if (entry.path().string().find(".down.sql") == std::string::npos)
			ups.push_back(entry.path());
	std::sort(ups.begin(), ups.end());
	for (const fs::path &up : ups) {
		std::string down = up.string(), file = up.filename().string();
		size_t at = down.rfind(".up.sql");
		Migration migration = {file.substr(0, file.find('.')), {}, {}};

		migration.up = split_statements(read_file(up.string()));
		history.no_scripts += migration.up.empty();
		if (at != std::string::npos)
			migration.down =
				split_statements(read_file(down.replace(at, 7, ".down.sql")));
		history.migrations.push_back(migration);
	}
	return history;
}

std::vector<MigrationHistory> corpus_histories()
{
	std::vector<MigrationHistory> histories;

	for (const char *name : {"crates-io", "concourse", "supabase-auth"}) {
		fs::path dir = corpus_path(std::string("histories/") + name);
		if (fs::exists(dir))
			histories.push_back(load(name, dir));
	}
	return histories;
}

} // namespace cft_test
