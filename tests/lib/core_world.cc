// CoreWorld: comparing states.
// SPDX-License-Identifier: MIT
#include "tests/lib/core_world.h"

#include "tests/lib/core_dump.h"

#include <algorithm>
#include <sstream>

namespace cft_test
{

// Sorted, since hash tables keep what was loaded in another order than what was folded. The order
// of the intents is a line of its own.
std::string DumpState(const cft_state *state)
{
	cft_buf buf = CFT_BUF_INIT;
	cft_test_dump_state(state, &buf);
	std::istringstream in(cft_buf_str(&buf));
	std::vector<std::string> lines;
	std::string text;

	for (std::string line; std::getline(in, line);)
		lines.push_back(line + "\n");
	cft_buf_release(&buf);
	std::sort(lines.begin(), lines.end());
	for (const std::string &line : lines)
		text += line;
	return text;
}

} // namespace cft_test
