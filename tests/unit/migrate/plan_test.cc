// Planning: what up and down do, from files and history alone.
// SPDX-License-Identifier: MIT
#include "common/migrate/plan.h"
#include "tests/lib/process.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace
{

class Plan : public testing::Test
{
      protected:
	~Plan() override
	{
		cft_mig_dir_release(&dir_);
		cft_arena_release(&arena_);
	}
	void files(std::initializer_list<const char *> names)
	{
		for (const char *name : names) {
			temp_.write(std::string(name) + ".up.sql",
			            std::string("SELECT '") + name + "'");
			temp_.write(std::string(name) + ".down.sql", "SELECT 1");
		}
		ASSERT_EQ(cft_mig_dir_read(&dir_, temp_.path().c_str(), &err_), 0);
	}
	cft_mig_entry &applied(const char *version, cft_mig_state state = CFT_MIG_APPLIED)
	{
		const cft_mig_file *file = cft_mig_dir_find(&dir_, version);
		cft_mig_entry entry = {};

		entry.version = version;
		entry.name = file ? file->name : "gone";
		entry.checksum = file ? cft_arena_strdup(&arena_, file->checksum) : "";
		entry.applied_at = "2026-01-01T00:00:00Z";
		entry.state = state;
		entries_.push_back(entry);
		history_.entries.v = entries_.data();
		history_.entries.n = entries_.size();
		return entries_.back();
	}
	int up(const char *target = nullptr, bool out_of_order = false, bool changed = false)
	{
		cft_mig_up_options options = {target, out_of_order, changed};

		return cft_mig_plan_up(&arena_, &dir_, &history_, &options, &plan_, &err_);
	}
	int down(size_t steps)
	{
		return cft_mig_plan_down(&arena_, &dir_, &history_, steps, &plan_, &err_);
	}
	int down_to(const char *version)
	{
		return cft_mig_plan_down_to(&arena_, &dir_, &history_, version, &plan_, &err_);
	}
	std::string steps() const
	{
		std::string all;
		for (size_t i = 0; i < plan_.steps.n; i++)
			all += std::string(i ? " " : "") + plan_.steps.v[i].file->version +
			       (plan_.steps.v[i].resume ? "*" : "");
		return all;
	}
	cft_test::TempDir temp_;
	cft_arena arena_ = CFT_ARENA_INIT;
	cft_mig_dir dir_ = {};
	std::vector<cft_mig_entry> entries_; // tests add them in order
	cft_mig_history history_ = {};
	cft_mig_plan plan_ = {};
	cft_err err_ = CFT_ERR_INIT;
};

TEST_F(Plan, UpTakesWhatIsPendingInOrder)
{
	files({"001_a", "002_b", "003_c"});
	applied("001");
	ASSERT_EQ(up(), 0) << err_.message;
	EXPECT_EQ(steps(), "002 003");
}

TEST_F(Plan, UpStopsAtTheTarget)
{
	files({"001_a", "002_b", "003_c"});
	ASSERT_EQ(up("2"), 0);
	EXPECT_EQ(steps(), "001 002");
	EXPECT_EQ(up("004"), CFT_E_NOT_FOUND);
	EXPECT_EQ(up("latest"), CFT_E_NOT_FOUND);
}

TEST_F(Plan, UpRefusesAnEditedMigrationUnlessAllowed)
{
	files({"001_a", "002_b"});
	applied("001").checksum = "other";
	EXPECT_EQ(up(), CFT_E_INCONSISTENT);
	EXPECT_STREQ(err_.reason, "CHANGED_MIGRATION");
	ASSERT_EQ(up(nullptr, false, true), 0);
	EXPECT_EQ(steps(), "002");
}

TEST_F(Plan, AnAppliedPairWithoutItsUpFileIsMissingAndNotEdited)
{
	files({"001_a"});
	applied("001");
	cft_mig_dir_release(&dir_);
	ASSERT_EQ(0, unlink(temp_.file("001_a.up.sql").c_str()));
	ASSERT_EQ(cft_mig_dir_read(&dir_, temp_.path().c_str(), &err_), 0);
	cft_mig_rows rows;
	cft_mig_rows_make(&arena_, &dir_, &history_, &rows);
	ASSERT_EQ(1u, rows.rows.n);
	EXPECT_EQ(CFT_MIG_STATUS_MISSING, rows.rows.v[0].status);
}

TEST_F(Plan, UnknownChecksumIsNoChange)
{
	files({"001_a", "002_b"});
	applied("001").checksum = "";
	ASSERT_EQ(up(), 0);
	EXPECT_EQ(steps(), "002");
}

TEST_F(Plan, UpRefusesOutOfOrderUnlessAllowed)
{
	files({"001_a", "002_b", "003_c"});
	applied("001");
	applied("003");
	EXPECT_EQ(up(), CFT_E_STATE);
	EXPECT_STREQ(err_.reason, "OUT_OF_ORDER");
	ASSERT_EQ(up(nullptr, true), 0);
	EXPECT_EQ(steps(), "002");
}

TEST_F(Plan, UpResumesAnUnfinishedMigration)
{
	files({"001_a", "002_b", "003_c"});
	applied("001");
	applied("002", CFT_MIG_APPLYING);
	ASSERT_EQ(up(), 0) << err_.message;
	EXPECT_EQ(steps(), "002* 003");
	EXPECT_EQ(down(1), CFT_E_STATE);
	EXPECT_STREQ(err_.reason, "UNFINISHED_MIGRATION");
}

TEST_F(Plan, UnfinishedRollbackComesBeforeAnythingElse)
{
	files({"001_a", "002_b"});
	applied("001");
	applied("002", CFT_MIG_REVERTING);
	EXPECT_EQ(up(), CFT_E_STATE);
	EXPECT_STREQ(err_.reason, "UNFINISHED_ROLLBACK");
	ASSERT_EQ(down(2), 0);
	EXPECT_EQ(steps(), "002* 001");
}

TEST_F(Plan, DownTakesTheLastOnesFirst)
{
	files({"001_a", "002_b", "003_c"});
	applied("001");
	applied("002");
	ASSERT_EQ(down(1), 0);
	EXPECT_EQ(steps(), "002");
	ASSERT_EQ(down(9), 0);
	EXPECT_EQ(steps(), "002 001");
}

TEST_F(Plan, DownToKeepsTheNamedVersion)
{
	files({"001_a", "002_b", "003_c"});
	applied("001");
	applied("002");
	applied("003");
	ASSERT_EQ(down_to("001"), 0);
	EXPECT_EQ(steps(), "003 002");
	ASSERT_EQ(down_to("0"), 0);
	EXPECT_EQ(steps(), "003 002 001");
	EXPECT_EQ(down_to("007"), CFT_E_NOT_FOUND);
}

TEST_F(Plan, DownPlansNothingWhereOneHasNoWayBack)
{
	files({"001_a", "003_c"});
	temp_.write("002_b.up.sql", "SELECT 1");
	cft_mig_dir_release(&dir_);
	ASSERT_EQ(cft_mig_dir_read(&dir_, temp_.path().c_str(), &err_), 0);
	applied("001");
	applied("002");
	applied("003");
	EXPECT_EQ(down(3), CFT_E_IRREVERSIBLE);
	EXPECT_STREQ(err_.reason, "MISSING_DOWN");
	EXPECT_EQ(plan_.steps.n, 0u);
}

TEST_F(Plan, DownRefusesTheBaselineAndMissingFiles)
{
	files({"001_a"});
	applied("001", CFT_MIG_BASELINE);
	EXPECT_EQ(down(1), CFT_E_IRREVERSIBLE);
	EXPECT_STREQ(err_.reason, "BASELINE");
	applied("002");
	EXPECT_EQ(down(1), CFT_E_IRREVERSIBLE);
	EXPECT_STREQ(err_.reason, "MISSING_FILE");
}

TEST_F(Plan, FileErrorsStopEverything)
{
	files({"001_a", "1_b"});
	EXPECT_EQ(up(), CFT_E_CONFIG);
	EXPECT_STREQ(err_.reason, "DUPLICATE_VERSION");
	EXPECT_EQ(down(1), CFT_E_CONFIG);
}

TEST_F(Plan, RowsMergeFilesAndHistory)
{
	files({"001_a", "002_b", "004_d"});
	applied("001").checksum = "other";
	applied("003");
	applied("004");
	cft_mig_rows rows;
	cft_mig_rows_make(&arena_, &dir_, &history_, &rows);
	ASSERT_EQ(rows.rows.n, 4u);
	EXPECT_EQ(rows.rows.v[0].status, CFT_MIG_STATUS_CHANGED);
	EXPECT_EQ(rows.rows.v[1].status, CFT_MIG_STATUS_PENDING);
	EXPECT_TRUE(rows.rows.v[1].out_of_order);
	EXPECT_EQ(rows.rows.v[2].status, CFT_MIG_STATUS_MISSING);
	EXPECT_EQ(rows.rows.v[3].status, CFT_MIG_STATUS_APPLIED);
	EXPECT_EQ(rows.applied, 3u);
	EXPECT_EQ(rows.pending, 1u);
}

} // namespace
