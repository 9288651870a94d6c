// PairPredict: lists of effects, keys, comparison.
// SPDX-License-Identifier: MIT
#include "tests/lib/pair_predict.h"

#include "common/sql/effect/analyze.h"

#include <cstring>

namespace cft_test
{

namespace
{

// Both lists are sorted.
bool keys_meet(const cft_effects &a, const cft_effects &b, const cft_base *base, cft_arena *arena)
{
	cft_conflict_key *x, *y;
	size_t n, m;

	cft_conflict_keys(&a, base, arena, &x, &n);
	cft_conflict_keys(&b, base, arena, &y, &m);
	for (size_t i = 0, k = 0; i < n && k < m;) {
		int c = strcmp(x[i].text, y[k].text);
		if (c == 0 && (x[i].strong || y[k].strong))
			return true;
		i += c <= 0;
		k += c >= 0;
	}
	return false;
}

class Analyzed
{
      public:
	Analyzed(const std::string &sql, bool opaque)
	{
		cft_analyze_options options = {};
		cft_err err = CFT_ERR_INIT;

		options.parse.psql = options.parse.opaque = opaque;
		options.parse.max_bytes = 64 << 20;
		ok = cft_sql_analyze(sql.data(), sql.size(), &options, &arena_, &effects, &err) ==
		     0;
	}
	~Analyzed()
	{
		cft_arena_release(&arena_);
	}
	Analyzed(const Analyzed &) = delete;
	bool ok;
	cft_effects effects = {};

      private:
	cft_arena arena_ = CFT_ARENA_INIT;
};

} // namespace

Base::Base(const std::string &sql)
{
	Analyzed analyzed(sql, true);

	base_ = cft_base_new(&analyzed.effects);
}

Base::~Base()
{
	cft_base_free(base_);
}

std::optional<Prediction> Base::predict(const std::string &a, const std::string &b) const
{
	Analyzed x(a, false), y(b, false);
	cft_arena arena = CFT_ARENA_INIT;
	cft_comparison c = {};

	if (!x.ok || !y.ok)
		return std::nullopt;
	cft_conflict_compare(&x.effects, &y.effects, base_, nullptr, &arena, &c);
	bool meet = keys_meet(x.effects, y.effects, base_, &arena);
	Prediction p = {c.verdict, c.severity, meet ? "" : "not compared", meet};
	for (size_t i = 0; i < c.n_findings; i++)
		if (c.findings[i].severity == c.severity && p.why.empty())
			p.why = c.findings[i].explanation;
	cft_arena_release(&arena);
	return p;
}

} // namespace cft_test
