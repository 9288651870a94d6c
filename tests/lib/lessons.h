// Lessons: pairs that trials against PostgreSQL 15 once got wrong, with its verdict.
// SPDX-License-Identifier: MIT
//
// tests/unit/sql predicts them, tests/integration/pairs has PostgreSQL judge them. Two roles are
// there: somebody and anybody.
#pragma once

#include <ostream>
#include <vector>

namespace cft_test
{

struct Lesson {
	const char *name, *base, *a, *b, *verdict; // base "": predicted without one
};

const std::vector<Lesson> &lessons();
void PrintTo(const Lesson &lesson, std::ostream *out);

} // namespace cft_test
