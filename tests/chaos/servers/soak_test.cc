/* Half the load that the clients can make, for a long time, while things break around the servers:
 * their memory, descriptors and lag stay where they are.
 * SPDX-License-Identifier: MIT
 *
 * CFT_SOAK_MINUTES sets how long (nothing runs without it); from 10 minutes on a trend is a
 * failure. The servers keep what has ended, and request ids, for seconds, so that what they hold is
 * bounded by the load and not by the time; the log is compacted every minute.
 */
#include "client.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace
{

enum {
	CLIENTS = 8,
	SAMPLE_MS = 8000,
	TREND_MINUTES = 10,
	OLD_CELLS = 4 * Shared::WINDOW,
	LAG_PROBES = 50
};

const std::vector<std::string> settings = {
	"--ended-retention", "20s",  "--request-retention", "30s",
	"--stream-memory",   "1MiB", "--analyzer-cache",    "1MiB"};

/* Of the three servers, with their processes that parse; lag: until every watcher has what was
 * acknowledged. */
struct Sample {
	double minutes, megabytes, descriptors, lag_ms;
};

double resident_mb(pid_t pid)
{
	std::string status = cft_test::read_file("/proc/" + std::to_string(pid) + "/status");
	size_t at = status.find("VmRSS:");

	return at == std::string::npos ? 0 : std::stod(status.substr(at + 6)) / 1024;
}

double tree_mb(pid_t pid)
{
	std::string dir = "/proc/" + std::to_string(pid) + "/task/";
	double sum = resident_mb(pid);

	for (const auto &task : std::filesystem::directory_iterator(dir)) {
		std::ifstream children(task.path() / "children");
		for (pid_t child; children >> child;)
			sum += resident_mb(child);
	}
	return sum;
}

double descriptors(pid_t pid)
{
	std::filesystem::directory_iterator dir("/proc/" + std::to_string(pid) + "/fd"), end;

	return (double)std::distance(dir, end);
}

double median(const std::vector<Sample> &samples, size_t from, size_t to, double Sample::*what)
{
	std::vector<double> values;

	for (size_t i = from; i < to; i++)
		values.push_back(samples[i].*what);
	std::sort(values.begin(), values.end());
	return values.empty() ? 0 : values[values.size() / 2];
}

class Soak : public ::testing::Test
{
      protected:
	/* Cells that nobody uses any more end, so that what is live stays as much. */
	void end_old_cells()
	{
		Caller c(world->addresses(0));
		for (; !shared.stop; cft_test::sleep_ms(200)) {
			std::vector<std::shared_ptr<Cell>> old;
			{
				std::lock_guard<std::mutex> lock(shared.mutex);
				while (ended + OLD_CELLS < shared.cells.size())
					old.push_back(shared.cells[ended++]);
			}
			for (auto &cell : old)
				end_cell(c, *cell);
		}
	}
	void end_cell(Caller &c, Cell &cell)
	{
		for (int slot = 0; slot < 2; slot++) {
			if (cell.ids[slot].empty())
				continue;
			MSG(AbandonIntentRequest, abandon_intent_request, r);
			r.project = const_cast<char *>("p");
			r.agent_id = const_cast<char *>(slot ? "bob" : "alice");
			r.intent_id = text(cell.ids[slot]);
			do
				c.call<Confiture__V1__AbandonIntentResponse>("AbandonIntent", &r,
				                                             1500);
			while (!shared.stop &&
			       (c.rc == CFT_E_UNAVAILABLE || c.rc == CFT_E_TIMEOUT));
			cft_arena_release(&c.arena);
		}
		cell.history.clear();
	}
	void watch(int i)
	{
		follow(
			*world, i, [&](uint64_t) { return shared.stop.load(); },
			[&, i](const Confiture__V1__Event *event) { seen[i] = event->revision; });
	}
	bool all_have(uint64_t revision) const
	{
		return std::all_of(seen, seen + SERVERS,
		                   [&](const auto &one) { return one >= revision; });
	}
	/* The worst of many. */
	double measure_lag()
	{
		int64_t worst_us = 0;
		for (int i = 0; i < LAG_PROBES; i++) {
			uint64_t revision = shared.newest().first;
			int64_t begin = now_us();
			while (!all_have(revision) && now_us() - begin < 30000000)
				cft_test::sleep_ms(1);
			worst_us = std::max(worst_us, now_us() - begin);
			cft_test::sleep_ms(20);
		}
		return (double)worst_us / 1000;
	}
	Sample sample(int64_t begin_us)
	{
		Sample s = {};
		s.lag_ms = measure_lag();
		for (int i = 0; i < SERVERS; i++) {
			s.megabytes += tree_mb(world->server_pid(i));
			s.descriptors += descriptors(world->server_pid(i));
		}
		s.minutes = (double)(now_us() - begin_us) / 60e6;
		return s;
	}
	void print(const char *what, const Sample &s)
	{
		printf("%s at %4.1f min: %.1f MB, %.0f descriptors, lag %.0f ms\n", what, s.minutes,
		       s.megabytes, s.descriptors, s.lag_ms);
		fflush(stdout);
	}
	/* The first quarter fills caches. Of the rest the last third is compared with the first. */
	void judge(double minutes)
	{
		size_t n = samples.size(), start = n / 4, third = (n - start) / 3;
		auto first = [&](double Sample::*what) {
			return median(samples, start, start + third, what);
		};
		auto last = [&](double Sample::*what) {
			return median(samples, n - third, n, what);
		};
		printf("%.0f min, %zu faults, %llu operations: memory %.1f -> %.1f MB, descriptors "
		       "%.0f -> %.0f, lag %.0f -> %.0f ms\n",
		       minutes, world->faults(), (unsigned long long)shared.operations,
		       first(&Sample::megabytes), last(&Sample::megabytes),
		       first(&Sample::descriptors), last(&Sample::descriptors),
		       first(&Sample::lag_ms), last(&Sample::lag_ms));
		if (minutes < TREND_MINUTES)
			return;
		EXPECT_LE(last(&Sample::megabytes), first(&Sample::megabytes) * 1.05 + 1);
		EXPECT_LE(last(&Sample::descriptors), first(&Sample::descriptors) * 1.05 + 3);
		EXPECT_LE(last(&Sample::lag_ms), first(&Sample::lag_ms) * 2 + 500);
	}

	std::unique_ptr<World> world;
	Shared shared;
	std::atomic<uint64_t> seen[SERVERS] = {};
	size_t ended = 0;
	std::vector<Sample> samples;
};

TEST_F(Soak, MemoryDescriptorsAndLagStayFlat)
{
	const char *text = getenv("CFT_SOAK_MINUTES");
	double minutes = text ? atof(text) : 0;
	unsigned seed = std::random_device{}();
	std::mt19937 random(seed);
	std::vector<std::thread> threads;

	if (minutes <= 0)
		GTEST_SKIP() << "CFT_SOAK_MINUTES says how long";
	world = std::make_unique<World>(settings);
	shared.half_load = true;
	for (int i = 0; i < CLIENTS; i++)
		threads.emplace_back(run_client, world.get(), &shared, i, seed + (unsigned)i);
	for (int i = 0; i < SERVERS; i++)
		threads.emplace_back([this, i] { watch(i); });
	threads.emplace_back([this] { end_old_cells(); });
	int64_t begin_us = now_us();
	for (int turn = 0; (double)(now_us() - begin_us) < minutes * 60e6; turn++) {
		int64_t turn_us = now_us();
		while (now_us() - turn_us < SAMPLE_MS * 1000)
			world->fault_around(random);
		world->calm();
		if (turn % 6 == 5)
			world->sql("SELECT confiture.compact(NULL, '1 minute', 1000)");
		cft_test::sleep_ms(1000);
		samples.push_back(sample(begin_us));
		if (turn % 6 == 0)
			print("soak", samples.back());
	}
	shared.stop = true;
	for (std::thread &thread : threads)
		thread.join();
	print("begin", samples.front());
	print("end", samples.back());
	judge(minutes);
	EXPECT_EQ(shared.gave_up, 0u) << "requests stayed without an answer for a minute\n"
				      << shared.stuck_state;
}

} // namespace
