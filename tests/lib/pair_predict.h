// PairPredict: what the detector says of a pair, and whether the server would compare it at all.
// SPDX-License-Identifier: MIT
#pragma once

#include "common/sql/conflict/conflict.h"

#include <optional>
#include <string>

namespace cft_test
{

struct Prediction {
	cft_verdict verdict;
	cft_severity severity;
	std::string why;
	bool meet; // the server compares them at all
	bool conflict() const
	{
		return meet && (verdict != CFT_VERDICT_COMMUTE || severity >= CFT_SEVERITY_WARNING);
	}
};

// A base schema, as SQL.
class Base
{
      public:
	explicit Base(const std::string &sql);
	~Base();
	Base(const Base &) = delete;
	Base &operator=(const Base &) = delete;
	// Nothing where either cannot be read.
	std::optional<Prediction> predict(const std::string &a, const std::string &b) const;

      private:
	cft_base *base_;
};

} // namespace cft_test
