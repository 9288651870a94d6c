/* The sequential specification: docs/guarantees.md and docs/blocking.md, once more and in short.
 * SPDX-License-Identifier: MIT
 */
#include "model.h"

namespace
{

const char *const names[] = {"register", "start",     "complete", "abandon",
                             "resolve",  "heartbeat", "list",     "expire"};

bool may_start(const Slot &slot)
{
	return slot.status == REGISTERED || slot.status == EXPIRED;
}

bool has_ended(const Slot &slot)
{
	return slot.status == ABSENT || slot.status == MERGED || slot.status == ABANDONED;
}

void grant(Slot &slot)
{
	slot.status = IN_PROGRESS;
	slot.fence++;
	slot.dead = false;
}

bool do_register(CellModel::State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];
	bool overlap = !has_ended(state.slots[1 - op.slot]);

	if (!op.refusal.empty() || slot.status != ABSENT)
		return false;
	slot.status = REGISTERED;
	state.conflict = overlap ? 1 : 0;
	return true;
}

bool do_start(CellModel::State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];

	if (op.refusal == "WRONG_STATE")
		return !may_start(slot);
	if (op.refusal == "BLOCKED_BY_CONFLICT")
		return may_start(slot) && state.blocked(op.slot);
	if (!op.refusal.empty() || !may_start(slot) || state.blocked(op.slot))
		return false;
	grant(slot);
	return op.given == 0 || op.given == slot.fence;
}

bool do_complete(CellModel::State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];
	bool stale = op.fence != 0 && op.fence != slot.fence;

	if (op.refusal == "STALE_FENCE")
		return stale;
	if (op.refusal == "LEASE_EXPIRED")
		return !stale && slot.status == EXPIRED;
	if (op.refusal == "WRONG_STATE")
		return !stale && slot.status != REGISTERED && slot.status != IN_PROGRESS;
	bool implicit = slot.status == REGISTERED;
	if (op.refusal == "BLOCKED_BY_CONFLICT")
		return !stale && implicit && state.blocked(op.slot);
	if (!op.refusal.empty() || stale || (implicit && state.blocked(op.slot)) ||
	    (!implicit && slot.status != IN_PROGRESS))
		return false;
	if (implicit)
		grant(slot);
	slot.status = COMPLETED;
	return true;
}

bool do_abandon(CellModel::State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];

	if (op.refusal == "WRONG_STATE")
		return has_ended(slot);
	if (!op.refusal.empty() || has_ended(slot))
		return false;
	slot.status = ABANDONED;
	state.conflict = 0;
	return true;
}

bool do_heartbeat(CellModel::State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];
	bool held = slot.status == IN_PROGRESS;

	if (op.refusal == "STALE_FENCE")
		return held && op.fence != slot.fence;
	if (op.refusal == "LEASE_EXPIRED") {
		slot.dead = slot.dead || held;
		return !held || op.fence == slot.fence;
	}
	return op.refusal.empty() && held && !slot.dead && op.fence == slot.fence;
}

bool do_list(const CellModel::State &state, const Operation &op)
{
	for (int i = 0; i < 2; i++)
		if (state.slots[i].status != op.seen[i].status ||
		    state.slots[i].fence != op.seen[i].fence)
			return false;
	return op.conflict == (state.conflict == 1);
}

} // namespace

std::string Operation::describe() const
{
	std::string text = std::string(names[(int)op]) + " " + std::to_string(slot) + " [" +
	                   std::to_string(invoked) + ", " +
	                   (returned == cft_test::NEVER ? "?" : std::to_string(returned)) + "]" +
	                   (optional ? " perhaps" : "") + " fence " + std::to_string(fence) +
	                   " -> " + (refusal.empty() ? "done" : refusal) + " " +
	                   std::to_string(given);

	if (op == Op::List)
		for (const Slot &s : seen)
			text += " {" + std::to_string(s.status) + " " + std::to_string(s.fence) +
			        "}";
	return text + (conflict ? " conflict" : "");
}

std::string CellModel::State::key() const
{
	std::string text = std::to_string(conflict);

	for (const Slot &slot : slots)
		text += "," + std::to_string(slot.status) + "/" + std::to_string(slot.fence) +
		        (slot.dead ? "d" : "");
	return text;
}

bool CellModel::State::blocked(int slot) const
{
	int other = slots[1 - slot].status;

	return conflict == 1 && (other == REGISTERED || other == IN_PROGRESS);
}

bool CellModel::step(State &state, const Operation &op)
{
	Slot &slot = state.slots[op.slot];

	switch (op.op) {
	case Op::Register:
		return do_register(state, op);
	case Op::Start:
		return do_start(state, op);
	case Op::Complete:
		return do_complete(state, op);
	case Op::Abandon:
		return do_abandon(state, op);
	case Op::Heartbeat:
		return do_heartbeat(state, op);
	case Op::List:
		return do_list(state, op);
	case Op::Resolve:
		if (op.refusal == "WRONG_STATE")
			return state.conflict != 1;
		if (!op.refusal.empty() || state.conflict != 1)
			return false;
		state.conflict = 2;
		return true;
	case Op::Expire:
		if (slot.status != IN_PROGRESS)
			return false;
		slot.status = EXPIRED;
		return true;
	}
	return false;
}
