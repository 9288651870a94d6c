// Shared by the tests of common/config: a temporary project, variables that are not the process's.
// SPDX-License-Identifier: MIT
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/config/expand.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

class Variables
{
      public:
	Variables(std::initializer_list<std::pair<const std::string, std::string>> values = {})
	    : values_(values)
	{
		lookup_ = {&Variables::get, this};
	}
	Variables(const Variables &) = delete;
	const struct cft_lookup *lookup() const
	{
		return &lookup_;
	}
	std::map<std::string, std::string> values_;

      private:
	static const char *get(void *ctx, const char *name)
	{
		auto &values = static_cast<Variables *>(ctx)->values_;
		auto found = values.find(name);
		return found == values.end() ? nullptr : found->second.c_str();
	}
	struct cft_lookup lookup_;
};

class ProjectTest : public ::testing::Test
{
      protected:
	void SetUp() override
	{
		char name[] = "/tmp/cft-config-XXXXXX";
		ASSERT_NE(nullptr, mkdtemp(name));
		root_ = name;
	}
	void TearDown() override
	{
		std::filesystem::remove_all(root_);
		cft_arena_release(&arena_);
	}
	std::string write(const std::string &path, const std::string &text)
	{
		std::filesystem::path full = std::filesystem::path(root_) / path;
		std::filesystem::create_directories(full.parent_path());
		std::ofstream(full, std::ios::binary) << text;
		return full;
	}
	std::string root_;
	struct cft_arena arena_ = CFT_ARENA_INIT;
	struct cft_err err_ = CFT_ERR_INIT;
};

#endif
