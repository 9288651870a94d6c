/* Streams are exact: whatever a watcher filters, loses or delays, what it received is the filtered
 * log. And two servers that are raced with overlapping intents record the conflict, once.
 * SPDX-License-Identifier: MIT
 *
 * CFT_STREAM_WATCHERS (200; 1000 on demand), CFT_STREAM_EVENTS (600) and CFT_RACES (200; 2000 on
 * demand) set the sizes, CFT_CHAOS_SEED the sequence. CFT_OLD_SERVER is the program of another
 * version for one of the two servers.
 */
#include "tests/integration/server/fixture.h"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <thread>

namespace
{

enum { THREADS = 8, TABLES = 6, AGENTS = 5 };

int setting(const char *name, int fallback)
{
	const char *value = getenv(name);

	return value ? atoi(value) : fallback;
}

/* What a filter looks at. */
struct Change {
	std::string kind, subject;
	std::set<std::string> agents, tables;
};
using Event = std::pair<uint64_t, std::vector<Change>>;

Change copy(const Confiture__V1__Change *from)
{
	Change change;

	change.kind = from->kind;
	if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_INTENT) {
		change.subject = from->intent->id;
		change.agents = {from->intent->agent_id};
		for (size_t i = 0; i < from->intent->n_tables_affected; i++)
			change.tables.insert(from->intent->tables_affected[i]);
	} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_CONFLICT) {
		change.subject = from->conflict->id;
		change.agents = {from->conflict->agent_a, from->conflict->agent_b};
		/* "column public.t1.c2": the cells' tables have names of two letters */
		for (size_t i = 0; i < from->conflict->n_affected_objects; i++) {
			std::string name = from->conflict->affected_objects[i];
			size_t at = name.find("public.");
			name = name.substr(at == std::string::npos ? name.rfind(' ') + 1 : at + 7);
			change.tables.insert(name.substr(0, name.find('.')));
		}
	}
	return change;
}

Event copy(const Confiture__V1__Event *from)
{
	Event event{from->revision, {}};

	for (size_t i = 0; i < from->n_changes; i++)
		event.second.push_back(copy(from->changes[i]));
	return event;
}

/* The words of a filter, and what it lets through of a log: whole revisions, without what does not
 * match. */
struct Filter {
	std::vector<std::string> agents, tables, kinds;

	bool passes(const Change &change) const
	{
		bool agent = agents.empty(), table = tables.empty(), kind = kinds.empty();
		for (const std::string &name : agents)
			agent |= change.agents.count(name) > 0;
		for (const std::string &name : tables)
			table |= change.tables.count(name) > 0;
		for (const std::string &name : kinds)
			kind |= name.back() == '.' ? change.kind.rfind(name, 0) == 0
			                           : change.kind == name;
		return agent && table && kind;
	}
	std::vector<std::string> of(const std::vector<Event> &log) const
	{
		std::vector<std::string> result;
		for (const Event &event : log)
			for (const Change &change : event.second)
				if (passes(change))
					result.push_back(line(event.first, change));
		return result;
	}
	static std::string line(uint64_t revision, const Change &change)
	{
		return std::to_string(revision) + " " + change.kind + " " + change.subject;
	}
};

class Reader
{
      public:
	Reader(Caller *caller, unsigned seed) : random_(seed), caller_(*caller)
	{
		for (int i = random_() % 3; i > 0; i--)
			filter.agents.push_back("agent" + std::to_string(random_() % AGENTS));
		for (int i = random_() % 3; i > 0; i--)
			filter.tables.push_back("t" + std::to_string(random_() % TABLES));
		if (random_() % 3 == 0)
			filter.kinds.push_back(random_() % 2 ? "conflict." : "intent.registered");
	}
	~Reader()
	{
		cft_stream_close(stream_);
	}
	/* Takes what is there; sometimes sleeps through a turn, sometimes hangs up. */
	void turn(uint64_t head)
	{
		unsigned die = random_() % 100;
		if (head == 0 && die < 30)
			return; /* a slow reader */
		if (head == 0 && stream_ && die < 33) {
			cft_stream_close(stream_);
			stream_ = nullptr;
			disconnects++;
		}
		if (!stream_)
			open();
		for (int i = 0; i < 20 && read_one(); i++)
			;
	}
	bool reached(uint64_t head) const
	{
		return revision_ >= head;
	}

	Filter filter;
	std::vector<std::string> received;
	int disconnects = 0;

      private:
	static std::vector<char *> pointers(std::vector<std::string> &words)
	{
		std::vector<char *> result;
		for (std::string &word : words)
			result.push_back(word.data());
		return result;
	}
	void open()
	{
		std::vector<char *> agents = pointers(filter.agents),
				    tables = pointers(filter.tables),
				    kinds = pointers(filter.kinds);
		MSG(WatchEventsRequest, watch_events_request, r);
		r.project = const_cast<char *>("p");
		r.resume_token = text(token_);
		r.from_revision = 1;
		r.agents = agents.data();
		r.n_agents = agents.size();
		r.tables = tables.data();
		r.n_tables = tables.size();
		r.kinds = kinds.data();
		r.n_kinds = kinds.size();
		stream_ = caller_.stream("WatchEvents", &r);
	}
	bool read_one()
	{
		Confiture__V1__WatchEventsResponse *message = nullptr;
		struct cft_arena arena = CFT_ARENA_INIT;
		int rc = cft_stream_read(stream_, 0, &arena, &message, &caller_.err);
		if (rc == 1) {
			token_ = message->resume_token;
			revision_ = message->revision;
			if (message->item_case == CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)
				for (const Change &change : copy(message->event).second)
					received.push_back(
						Filter::line(message->event->revision, change));
		} else if (rc != CFT_E_TIMEOUT) {
			EXPECT_TRUE(rc == CFT_E_LIMIT || rc == CFT_E_UNAVAILABLE)
				<< caller_.err.message;
			cft_stream_close(stream_);
			stream_ = nullptr;
		}
		cft_arena_release(&arena);
		return rc == 1;
	}

	std::mt19937 random_;
	Caller &caller_;
	struct cft_stream *stream_ = nullptr;
	std::string token_;
	uint64_t revision_ = 0;
};

std::vector<Event> read_log(const std::string &address)
{
	Caller c(address);
	MSG(ListIntentHistoryRequest, list_intent_history_request, r);
	std::string token;
	std::vector<Event> log;

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
			log.push_back(copy(page->events[i]));
		token = page->next_page_token;
	} while (!token.empty());
	return log;
}

void write_events(const std::string &address, int thread, int n, unsigned seed)
{
	Caller c(address);
	std::mt19937 random(seed);

	for (int i = 0; i < n; i++) {
		std::string table = "t" + std::to_string(random() % TABLES);
		std::string column = "c" + std::to_string(random() % 40);
		auto *done =
			register_intent(c, "agent" + std::to_string(random() % AGENTS),
		                        "ALTER TABLE " + table + " ADD COLUMN " + column +
		                                (random() % 2 ? " int" : " text"),
		                        "w" + std::to_string(thread) + "-" + std::to_string(i));
		EXPECT_NE(done, nullptr) << c.err.message;
		if (done && random() % 2) {
			MSG(AbandonIntentRequest, abandon_intent_request, r);
			r.project = const_cast<char *>("p");
			r.agent_id = done->intent->agent_id;
			r.intent_id = done->intent->id;
			c.call<Confiture__V1__AbandonIntentResponse>("AbandonIntent", &r);
			EXPECT_EQ(c.rc, 0) << c.err.message;
		}
		cft_arena_release(&c.arena);
	}
}

TEST(Streams, EveryWatcherReceivesTheFilteredLog)
{
	int watchers = setting("CFT_STREAM_WATCHERS", 200);
	int events = setting("CFT_STREAM_EVENTS", 600);
	unsigned seed = (unsigned)setting("CFT_CHAOS_SEED", (int)std::random_device{}());
	std::string url = cft_test::PgCluster::shared().create_database();
	/* A small tail, so that the slow ones read the table. */
	std::vector<std::string> extra = {"--bookmark-interval", "300ms", "--stream-memory",
	                                  "64KiB"};
	ServerProcess servers[2] = {ServerProcess(url, extra),
	                            ServerProcess(url, extra, getenv("CFT_OLD_SERVER"))};
	std::atomic<uint64_t> head{0};
	std::vector<std::unique_ptr<Caller>> callers;
	std::vector<std::unique_ptr<Reader>> readers[THREADS];
	std::vector<std::thread> threads, writers;

	for (int t = 0; t < THREADS; t++) {
		callers.push_back(std::make_unique<Caller>(servers[t % 2].address));
		for (int i = t; i < watchers; i += THREADS)
			readers[t].push_back(
				std::make_unique<Reader>(callers[t].get(), seed + (unsigned)i));
	}
	for (int t = 0; t < THREADS; t++)
		threads.emplace_back([&, t] {
			for (bool all = false; !all;) {
				uint64_t until = head;
				all = until != 0;
				for (auto &reader : readers[t]) {
					reader->turn(until);
					all = all && reader->reached(until);
				}
				cft_test::sleep_ms(1);
			}
		});
	for (int t = 0; t < 2; t++)
		writers.emplace_back(write_events, servers[t].address, t, events / 2,
		                     seed + 10000 + (unsigned)t);
	for (std::thread &writer : writers)
		writer.join();
	std::vector<Event> log = read_log(servers[0].address);
	head = log.back().first;
	for (std::thread &thread : threads)
		thread.join();

	size_t lines = 0, wrong = 0;
	int disconnects = 0;
	for (auto &list : readers)
		for (auto &reader : list) {
			lines += reader->received.size();
			disconnects += reader->disconnects;
			wrong += reader->received != reader->filter.of(log);
		}
	EXPECT_EQ(wrong, 0u) << "watchers received something else than the filtered log";
	printf("CFT_CHAOS_SEED=%u: %d watchers, %zu events, %zu changes received, %d disconnects: "
	       "%zu wrong\n",
	       seed, watchers, log.size(), lines, disconnects, wrong);
	for (auto &list : readers)
		list.clear();
}

size_t resident_kb(pid_t pid)
{
	std::string status = cft_test::read_file("/proc/" + std::to_string(pid) + "/status");

	return std::stoul(status.substr(status.find("VmRSS:") + 6));
}

TEST(Streams, AnIdleOneCostsLittleMemory)
{
	int wanted = setting("CFT_STREAM_IDLE", 1000);
	ServerProcess server(cft_test::PgCluster::shared().create_database());
	Caller c(server.address);
	std::vector<std::unique_ptr<Watcher>> watchers;
	MSG(WatchEventsRequest, watch_events_request, r);

	ASSERT_NE(register_intent(c, "alice", "CREATE TABLE t (id int)"), nullptr);
	size_t before = resident_kb(server.process.pid());
	for (int i = 0; i < wanted; i++)
		watchers.push_back(std::make_unique<Watcher>(c, &r));
	for (auto &watcher : watchers)
		ASSERT_EQ(watcher->read(30000), 1) << c.err.message;
	double each = (double)(resident_kb(server.process.pid()) - before) / wanted;
	printf("%d idle streams: %.1f kB each\n", wanted, each);
#ifndef __SANITIZE_ADDRESS__
	EXPECT_LE(each, 20);
#endif
	watchers.clear();
}

TEST(Races, TwoOverlappingRegistersRecordTheirConflictExactlyOnce)
{
	int races = setting("CFT_RACES", 200);
	std::string url = cft_test::PgCluster::shared().create_database();
	ServerProcess servers[2] = {ServerProcess(url),
	                            ServerProcess(url, {}, getenv("CFT_OLD_SERVER"))};
	std::atomic<int> started{0};
	std::vector<std::thread> threads;
	std::map<std::string, int> answered; /* conflicts as the two were told */
	std::mutex mutex;

	for (int t = 0; t < 2; t++)
		threads.emplace_back([&, t] {
			Caller c(servers[t].address);
			for (int i = 0; i < races; i++) {
				started++;
				while (started < 2 * (i + 1))
					;
				auto *done = register_intent(c, t ? "bob" : "alice",
				                             "ALTER TABLE r" + std::to_string(i) +
				                                     " ADD COLUMN c " +
				                                     (t ? "text" : "int"));
				ASSERT_NE(done, nullptr) << c.err.message;
				std::lock_guard<std::mutex> lock(mutex);
				for (size_t k = 0; k < done->n_conflicts; k++)
					answered[done->conflicts[k]->id]++;
				cft_arena_release(&c.arena);
			}
		});
	for (std::thread &thread : threads)
		thread.join();
	std::map<std::string, int> detected;
	for (const Event &event : read_log(servers[0].address))
		for (const Change &change : event.second)
			if (change.kind == "conflict.detected")
				detected[change.subject]++;
	EXPECT_EQ(detected.size(), (size_t)races);
	for (const auto &one : detected) {
		EXPECT_EQ(one.second, 1) << one.first;
		EXPECT_GE(answered[one.first], 1) << "the second one was told";
	}
	printf("%d races, %zu conflicts\n", races, detected.size());
}

} // namespace
