/* The server is killed with SIGKILL again and again under load: nothing acknowledged is lost,
 * nothing is there twice, and a resumed stream equals the log.
 * SPDX-License-Identifier: MIT
 *
 * CFT_KILL9_ROUNDS sets the number of kills (20 by default).
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

enum { WRITERS = 4, IN_FLIGHT = 8, WATCHERS = 3 };

struct Shared {
	std::string address;
	std::atomic<bool> stop{false};
	std::atomic<size_t> n_acknowledged{0};
	std::mutex mutex;
	std::map<std::string, std::string> acknowledged; /* request id -> intent id */
};

struct Writer;

/* One request at a time, sent again under its id until it is acknowledged. */
struct Slot {
	Writer *writer;
	std::string name;
	int next = 0;
	bool busy = false;
};

struct Writer {
	Writer(Shared *of, int number);
	void run();

	Shared *shared;
	std::string agent;
	Caller c;
	bool lost = false;
	Slot slots[IN_FLIGHT];

      private:
	void send(Slot *slot);
};

Writer::Writer(Shared *of, int number)
    : shared(of), agent("agent" + std::to_string(number)), c(of->address)
{
	for (int i = 0; i < IN_FLIGHT; i++) {
		slots[i].writer = this;
		slots[i].name = std::to_string(number) + "_" + std::to_string(i) + "_";
	}
}

void on_registered(void *arg, const void *response, const struct cft_err *err)
{
	Slot *slot = static_cast<Slot *>(arg);
	Shared *shared = slot->writer->shared;
	auto *done = static_cast<const Confiture__V1__RegisterIntentResponse *>(response);

	slot->busy = false;
	if (err->code != 0) {
		EXPECT_EQ(err->code, CFT_E_UNAVAILABLE) << err->message;
		slot->writer->lost = true;
		return;
	}
	std::lock_guard<std::mutex> lock(shared->mutex);
	shared->acknowledged["r" + slot->name + std::to_string(slot->next)] = done->intent->id;
	shared->n_acknowledged++;
	slot->next++;
}

void Writer::send(Slot *slot)
{
	MSG(RegisterIntentRequest, register_intent_request, r);
	std::string name = slot->name + std::to_string(slot->next);
	std::string sql = "CREATE TABLE t" + name + " (id int)", id = "r" + name;

	r.project = const_cast<char *>("p");
	r.agent_id = text(agent);
	r.feature_name = const_cast<char *>("feature");
	r.schema_changes = text(sql);
	r.request_id = text(id);
	slot->busy = true;
	cft_client_start(c.client, &confiture__v1__coordination_service__descriptor,
	                 "RegisterIntent", &r, 20000, on_registered, slot);
}

void Writer::run()
{
	while (!shared->stop) {
		if (lost)
			cft_client_wait(c.client, 100);
		lost = false;
		for (Slot &slot : slots) {
			if (!slot.busy)
				send(&slot);
		}
		cft_client_poll(c.client, 100);
	}
	while (cft_client_in_flight(c.client) > 0)
		cft_client_poll(c.client, 1000);
}

void write_intents(Shared *shared, int number)
{
	Writer(shared, number).run();
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
		int rc = 1;
		while ((*head == 0 || seen < *head) && (rc = w.read(2000)) == 1) {
			if (w.is(CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)) {
				take(w.message->event, log);
				seen = w.message->event->revision;
			}
			token = w.token;
			cft_arena_release(&c.arena);
		}
		if (rc != 1 && rc != CFT_E_UNAVAILABLE && rc != CFT_E_TIMEOUT) {
			ADD_FAILURE() << "after revision " << seen << ": " << c.err.message;
			return;
		}
		/* Not a pause: a connection is made only while somebody waits for it. */
		cft_client_wait(c.client, 100);
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

/* Kills while some dozen requests are in flight: as soon as this many were acknowledged. */
void kill_under_load(ServerProcess *server, Shared *shared, int round)
{
	size_t enough = shared->n_acknowledged + 5 + static_cast<size_t>(round) % 20;

	EXPECT_TRUE(cft_test::eventually([&] { return shared->n_acknowledged >= enough; }))
		<< "nothing is acknowledged in round " << round << server->log();
	server->process.stop(9);
	server->start();
}

void expect_all_there_once(const Shared &shared, const Log &log)
{
	std::set<std::string> ids;

	for (size_t i = 0; i < log.size(); i++) {
		EXPECT_EQ(log[i].first, i + 1) << "revisions are dense";
		EXPECT_TRUE(ids.insert(log[i].second).second) << log[i].second << " is there twice";
	}
	for (const auto &one : shared.acknowledged)
		EXPECT_EQ(ids.count(one.second), 1u)
			<< one.first << " was acknowledged and is lost";
	/* What was under way at the end may be there without an acknowledgement. */
	EXPECT_LE(ids.size(), shared.acknowledged.size() + WRITERS * IN_FLIGHT);
}

TEST(Kill9, AcknowledgedIntentsSurviveOnceAndStreamsEqualTheLog)
{
	const char *wanted = getenv("CFT_KILL9_ROUNDS");
	int rounds = wanted ? atoi(wanted) : 20;
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	Shared shared;
	Log watched[WATCHERS];
	std::atomic<uint64_t> head{0};
	std::vector<std::thread> writers, watchers;

	shared.address = server.address;
	for (int i = 0; i < WRITERS; i++)
		writers.emplace_back(write_intents, &shared, i);
	for (Log &log : watched)
		watchers.emplace_back(follow, &shared, &head, &log);
	for (int i = 0; i < rounds; i++)
		kill_under_load(&server, &shared, i);
	shared.stop = true;
	for (std::thread &writer : writers)
		writer.join();
	Log log = read_log(server.address);
	EXPECT_FALSE(log.empty());
	head = log.empty() ? 1 : log.back().first;
	for (std::thread &watcher : watchers)
		watcher.join();
	expect_all_there_once(shared, log);
	for (const Log &stream : watched)
		EXPECT_EQ(stream, log);
	printf("%d kills: %zu acknowledged, %zu in the log\n", rounds, shared.acknowledged.size(),
	       log.size());
}

} // namespace
