// Linearize: does a recorded history of operations have an order that a sequential model allows?
// SPDX-License-Identifier: MIT
//
// The search of Wing and Gong with Lowe's cache, as Porcupine does it: operations are tried in
// every order that respects real time, and a pair (set of operations done, state) is never tried
// twice. Split a history into independent parts first: the cost is exponential in what overlaps.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace cft_test
{

enum : int64_t { NEVER = INT64_MAX };

struct Interval {
	int64_t invoked = 0;
	int64_t returned = NEVER; // NEVER: it takes effect at any time after `invoked`
	bool optional = false;    // it may have had no effect at all
};

// Model: a copyable State with `std::string key() const`, and
// `bool step(State &, const Operation &)`: false where the operation cannot give its result in that
// state. Operation is derived from Interval.
template <typename Model, typename Operation> class Linearizer
{
      public:
	explicit Linearizer(const std::vector<Operation> &history) : history_(history)
	{
		done_.assign(history.size(), false);
		for (const Operation &op : history)
			mandatory_ += !op.optional;
	}
	bool check()
	{
		return search(typename Model::State{});
	}
	// The longest order that was found: the operation that fits nowhere is not in it.
	const std::vector<size_t> &best() const
	{
		return best_;
	}
	size_t tried() const
	{
		return seen_.size();
	}

      private:
	int64_t earliest_return() const
	{
		int64_t earliest = NEVER;
		for (size_t i = 0; i < history_.size(); i++)
			if (!done_[i] && history_[i].returned < earliest)
				earliest = history_[i].returned;
		return earliest;
	}
	bool search(typename Model::State state)
	{
		if (mandatory_ == 0)
			return true;
		std::string key(done_.size(), '0');
		for (size_t i = 0; i < done_.size(); i++)
			key[i] = done_[i] ? '1' : '0';
		if (!seen_.insert(key + state.key()).second)
			return false;
		int64_t limit = earliest_return();
		for (size_t i = 0; i < history_.size(); i++)
			if (!done_[i] && history_[i].invoked <= limit && take(i, state))
				return true;
		return false;
	}
	bool take(size_t i, const typename Model::State &before)
	{
		typename Model::State after = before;
		if (!Model::step(after, history_[i]))
			return false;
		done_[i] = true;
		mandatory_ -= !history_[i].optional;
		order_.push_back(i);
		if (order_.size() > best_.size())
			best_ = order_;
		bool found = search(std::move(after));
		order_.pop_back();
		mandatory_ += !history_[i].optional;
		done_[i] = false;
		return found;
	}

	const std::vector<Operation> &history_;
	std::vector<bool> done_;
	size_t mandatory_ = 0;
	std::unordered_set<std::string> seen_;
	std::vector<size_t> order_, best_;
};

} // namespace cft_test
