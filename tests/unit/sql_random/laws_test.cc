// The laws of a schema diff over random pairs of schemas, offline.
// SPDX-License-Identifier: MIT
//
// A few pairs by default; CFT_DIFF_RANDOM=10000 says how many, CFT_DIFF_SEED where to begin.
#include "common/sql/diff/plan.h"
#include "tests/lib/random_schema.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>

namespace
{

uint64_t number(const char *name, uint64_t or_else)
{
	const char *env = std::getenv(name);
	return env ? std::strtoull(env, nullptr, 10) : or_else;
}

struct FreeSchema {
	void operator()(cft_schema *s) const
	{
		cft_schema_free(s);
	}
};
struct FreePlan {
	void operator()(cft_plan *p) const
	{
		cft_plan_free(p);
	}
};
using Schema = std::unique_ptr<cft_schema, FreeSchema>;
using Plan = std::unique_ptr<cft_plan, FreePlan>;

Schema read(const std::string &sql)
{
	cft_schema *schema = nullptr;
	cft_err err = {};
	size_t refused = 0;

	EXPECT_EQ(cft_schema_read_text(sql.data(), sql.size(), "random", &schema, &err), 0)
		<< err.message;
	cft_schema_refused(schema, &refused);
	for (size_t i = 0; i < refused; i++)
		ADD_FAILURE() << cft_schema_refused(schema, &refused)[i].object << ": "
			      << cft_schema_refused(schema, &refused)[i].reason;
	return Schema(schema);
}

Plan diff(const Schema &a, const Schema &b)
{
	cft_plan *plan = nullptr;
	cft_err err = {};

	EXPECT_EQ(cft_schema_diff(a.get(), b.get(), nullptr, &plan, &err), 0) << err.message;
	for (size_t i = 0; i < plan->refused_count; i++)
		ADD_FAILURE() << plan->refused[i].object << ": " << plan->refused[i].reason;
	return Plan(plan);
}

std::string script(const Plan &plan, bool down)
{
	cft_buf out = {};
	cft_plan_script(plan.get(), down, false, &out);
	std::string text = cft_buf_str(&out);
	cft_buf_release(&out);
	return text;
}

std::string fingerprint(const Schema &s)
{
	char *hex = cft_schema_fingerprint(s.get());
	std::string text = hex ? hex : "none";
	std::free(hex);
	return text;
}

// The text with the script after it means what it should mean.
void expect_reads_as(const std::string &sql, const Plan &plan, bool down, const Schema &want)
{
	const std::string text = script(plan, down);
	Schema got = read(sql + text);
	if (fingerprint(got) == fingerprint(want))
		return;
	Plan rest = diff(got, want);
	ADD_FAILURE() << (down ? "down" : "up") << " script:\n"
		      << text << "still missing:\n"
		      << script(rest, false);
}

void check(uint64_t seed)
{
	cft_test::RandomSchema random(seed);
	const std::string old_sql = random.sql(), old_shuffled = random.shuffled(seed);
	random.change(1 + static_cast<unsigned>(seed % 12));
	const std::string new_sql = random.sql();
	SCOPED_TRACE("seed " + std::to_string(seed) + "\n--- old\n" + old_sql + "--- new\n" +
	             new_sql);

	Schema a = read(old_sql), again = read(old_shuffled), b = read(new_sql);
	EXPECT_EQ(fingerprint(a), fingerprint(again)) << script(diff(a, again), false);
	EXPECT_EQ(diff(a, a)->up_count + diff(a, again)->up_count, 0u);
	Plan plan = diff(a, b);
	EXPECT_EQ(plan->circles, 0u);
	expect_reads_as(old_sql, plan, false, b);
	expect_reads_as(new_sql, plan, true, a);
	Plan made = diff(read(""), a);
	expect_reads_as("", made, false, a);
}

TEST(RandomSchemas, KeepTheLawsOfTheDiff)
{
	const uint64_t first = number("CFT_DIFF_SEED", 1), n = number("CFT_DIFF_RANDOM", 300);

	for (uint64_t seed = first; seed < first + n && !HasFailure(); seed++)
		check(seed);
	std::cout << "seeds " << first << " to " << first + n - 1 << "\n";
}

} // namespace
