/* The server is killed with SIGKILL again and again under load: nothing acknowledged is lost,
 * nothing is there twice, and a resumed stream equals the log.
 * SPDX-License-Identifier: MIT
 *
 * CFT_KILL9_ROUNDS sets the number of kills (10 by default).
 */
#include "tests/integration/server/fixture.h"

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace
{

struct Shared {
	std::string address;
	std::atomic<bool> stop{false};
	std::mutex mutex;
	std::map<std::string, std::string> acknowledged; /* request id -> intent id */
};

/* Registers one intent after the other; each until it is acknowledged. */
void write_intents(Shared *shared, int number)
{
	Caller c(shared->address);

	for (int i = 0; !shared->stop; i++) {
		std::string name = std::to_string(number) + "_" + std::to_string(i);
		Confiture__V1__RegisterIntentResponse *done = nullptr;
		while (!done && !shared->stop) {
			done = register_intent(c, "agent" + std::to_string(number),
			                       "CREATE TABLE t" + name + " (id int)", "r" + name);
			if (done) {
				std::lock_guard<std::mutex> lock(shared->mutex);
				shared->acknowledged["r" + name] = done->intent->id;
			} else {
				EXPECT_EQ(c.err.code, CFT_E_UNAVAILABLE) << c.err.message;
				cft_test::sleep_ms(20);
			}
		}
		cft_arena_release(&c.arena);
	}
}

using Log = std::vector<std::pair<uint64_t, std::string>>; /* revision, intent id */

void take(const Confiture__V1__Event *event, Log *log)
{
	log->push_back({event->revision, event->changes[0]->intent->id});
}

/* Follows from the first revision, resuming after every loss, until `head` is reached. */
void follow(Shared *shared, std::atomic<uint64_t> *head, Log *log)
{
	Caller c(shared->address);
	std::string token;
	uint64_t seen = 0;

	while (*head == 0 || seen < *head) {
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(token);
		r.from_revision = 1;
		Watcher w(c, &r);
		while ((*head == 0 || seen < *head) && w.read(2000) == 1) {
			if (w.is(CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)) {
				take(w.message->event, log);
				seen = w.message->event->revision;
			}
			token = w.token;
			cft_arena_release(&c.arena);
		}
		if (c.err.code != CFT_E_TIMEOUT)
			cft_test::sleep_ms(20);
	}
}

Log read_log(const std::string &address)
{
	Caller c(address);
	MSG(ListIntentHistoryRequest, list_intent_history_request, r);
	std::string token;
	Log log;

	r.project = const_cast<char *>("p");
	r.page_size = 500;
	do {
		r.page_token = text(token);
		auto *page =
			c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory", &r);
		if (!page) {
			ADD_FAILURE() << c.err.message;
			return log;
		}
		for (size_t i = 0; i < page->n_events; i++)
			take(page->events[i], &log);
		token = page->next_page_token;
	} while (!token.empty());
	return log;
}

TEST(Kill9, AcknowledgedIntentsSurviveOnceAndStreamsEqualTheLog)
{
	const char *wanted = getenv("CFT_KILL9_ROUNDS");
	int rounds = wanted ? atoi(wanted) : 10;
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	Shared shared;
	Log watched;
	std::atomic<uint64_t> head{0};

	shared.address = server.address;
	std::thread first(write_intents, &shared, 1), second(write_intents, &shared, 2);
	std::thread watcher(follow, &shared, &head, &watched);
	for (int i = 0; i < rounds; i++) {
		cft_test::sleep_ms(150 + i * 37 % 200);
		server.process.stop(9);
		server.start();
	}
	cft_test::sleep_ms(1500); /* the clients come back, and something is acknowledged */
	shared.stop = true;
	first.join();
	second.join();
	Log log = read_log(server.address);
	ASSERT_FALSE(log.empty());
	head = log.back().first;
	watcher.join();

	std::set<std::string> ids;
	for (size_t i = 0; i < log.size(); i++) {
		EXPECT_EQ(log[i].first, i + 1) << "revisions are dense";
		EXPECT_TRUE(ids.insert(log[i].second).second) << log[i].second << " is there twice";
	}
	for (const auto &one : shared.acknowledged)
		EXPECT_EQ(ids.count(one.second), 1u)
			<< one.first << " was acknowledged and is lost";
	/* What was under way at the end may be there without an acknowledgement: one per writer. */
	EXPECT_LE(ids.size(), shared.acknowledged.size() + 2);
	EXPECT_EQ(watched, log);
	printf("%d kills: %zu acknowledged, %zu in the log, %zu watched\n", rounds,
	       shared.acknowledged.size(), log.size(), watched.size());
}

} // namespace
