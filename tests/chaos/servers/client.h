/* Clients that work on shared cells through the servers, and record what they see.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_TESTS_CHAOS_CLIENT_H
#define CFT_TESTS_CHAOS_CLIENT_H

#include "model.h"
#include "world.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>

/* Two intents on one table; any client may act on it. */
struct Cell {
	int number = 0;
	std::mutex mutex;
	std::array<std::string, 2> ids;   /* "" before the first answer */
	std::array<bool, 2> asked{};      /* somebody registers, or has registered, it */
	std::array<uint64_t, 2> fences{}; /* the newest known */
	std::string conflict_id;
	std::vector<Operation> history;
	int operations = 0;
};

/* A lease as a client was told of it. */
struct Grant {
	std::string intent_id;
	uint64_t fence;
	int64_t expires_us;
};

class Shared
{
      public:
	enum { WINDOW = 6, CELL_OPERATIONS = 36 };

	std::shared_ptr<Cell> pick(std::mt19937 &random);
	void acknowledged(uint64_t revision, const std::string &request_id, const Operation &op);
	/* A client got no answer for a minute: what the world looked like at the first such time.
	 */
	void stuck(const std::string &state);
	/* The highest revision that anybody was answered with, and when that was asked for. */
	std::pair<uint64_t, int64_t> newest();

	std::atomic<bool> stop{false};
	/* Clients rest as long as each operation took: half the load that they can make. */
	std::atomic<bool> half_load{false};
	std::mutex mutex;
	std::vector<std::shared_ptr<Cell>> cells;
	std::map<std::string, uint64_t> acknowledgements; /* request id -> revision */
	std::vector<Grant> grants;
	std::pair<uint64_t, int64_t> newest_{0, 0};
	std::atomic<uint64_t> retries{0}, gave_up{0}, operations{0};
	std::string stuck_state;
};

inline int64_t now_us()
{
	using namespace std::chrono;
	return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

/* Works until `shared.stop`; every mutation is asked again until its answer is known. */
void run_client(const World *world, Shared *shared, int number, unsigned seed);

/* Watches from the first revision until `done` says so of the last one seen, beginning with server
 * `first`, through proxies and whatever happens to them; `take` gets each event once. */
void follow(const World &world, int first, const std::function<bool(uint64_t)> &done,
            const std::function<void(const Confiture__V1__Event *)> &take);

#endif
