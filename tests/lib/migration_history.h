// MigrationHistory: the migrations of a real project, as lists of statements.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace cft_test
{

using Script = std::vector<std::string>; // statements without their semicolons

struct Migration {
	std::string name;
	Script up, down; // down is empty where there is none, or where it does not parse
};

struct MigrationHistory {
	std::string name;
	std::vector<Migration> migrations;
	size_t no_scripts = 0; // how many files did not parse
};

// $CFT_CORPUS, or shared/corpus beside the source tree; `name` is a directory of it.
std::string corpus_path(const std::string &name);
// crates-io, concourse and supabase-auth of the corpus's histories, without those that are absent.
std::vector<MigrationHistory> corpus_histories();
// Roles and schemas that these histories take to exist.
std::string history_setup();

// The statements of a text that can run in one transaction: BEGIN and COMMIT are left out, and so
// is CONCURRENTLY. Empty where it does not parse.
Script split_statements(const std::string &sql);
std::string join_statements(const Script &script);

} // namespace cft_test
