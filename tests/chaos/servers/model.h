/* The sequential specification of a cell: two intents that overlap, and their conflict.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_CHAOS_MODEL_H
#define CFT_TESTS_CHAOS_MODEL_H

#include "tests/lib/linearize.h"

#include <array>
#include <string>

enum class Op { Register, Start, Complete, Abandon, Resolve, Heartbeat, List, Expire };

enum Status { ABSENT = 0, REGISTERED, IN_PROGRESS, COMPLETED, MERGED, ABANDONED, EXPIRED };

struct Slot {
	int status = ABSENT;
	uint64_t fence = 0;
	bool dead = false; /* a heartbeat was told that the lease is over */
};

/* What was asked, and what came back. */
struct Operation : cft_test::Interval {
	Op op = Op::List;
	int slot = 0;
	uint64_t fence = 0;       /* asked with, 0 = none */
	std::string refusal;      /* the reason, "" where it was done */
	uint64_t given = 0;       /* Start: the fence that came back, 0 = unknown */
	std::array<Slot, 2> seen; /* List */
	bool conflict = false;    /* List: an open conflict is shown */
	std::string describe() const;
};

struct CellModel {
	struct State {
		std::array<Slot, 2> slots;
		int conflict = 0; /* 0 none, 1 open, 2 resolved */

		std::string key() const;
		bool blocked(int slot) const;
	};
	static bool step(State &state, const Operation &op);
};

#endif
