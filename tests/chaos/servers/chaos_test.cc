/* Clients against three servers while everything under them breaks: every history has an order that
 * the specification allows, the log is dense and holds what was acknowledged, once, and streams
 * equal it.
 * SPDX-License-Identifier: MIT
 *
 * CFT_CHAOS_FAULTS sets the number of faults (40 by default, a minute or so), CFT_CHAOS_SEED the
 * sequence.
 */
#include "client.h"

#include <cstdlib>
#include <set>
#include <sstream>
#include <thread>

namespace
{

enum { CLIENTS = 8 };

int setting(const char *name, int fallback)
{
	const char *value = getenv(name);

	return value ? atoi(value) : fallback;
}

struct Change {
	std::string kind, intent, conflict, intent_a, intent_b;
	uint64_t fence = 0;
};

struct Entry {
	uint64_t revision;
	std::string request_id;
	std::vector<Change> changes;
	bool operator==(const Entry &o) const
	{
		return revision == o.revision && request_id == o.request_id &&
		       changes.size() == o.changes.size();
	}
};
using Log = std::vector<Entry>;

Entry copy(const Confiture__V1__Event *event)
{
	Entry entry{event->revision, event->request_id, {}};

	for (size_t i = 0; i < event->n_changes; i++) {
		const Confiture__V1__Change *from = event->changes[i];
		Change change;
		change.kind = from->kind;
		if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_INTENT) {
			change.intent = from->intent->id;
			change.fence = from->intent->fence;
		} else if (from->subject_case == CONFITURE__V1__CHANGE__SUBJECT_CONFLICT) {
			change.conflict = from->conflict->id;
			change.intent_a = from->conflict->intent_a;
			change.intent_b = from->conflict->intent_b;
		}
		entry.changes.push_back(change);
	}
	return entry;
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
		Confiture__V1__ListIntentHistoryResponse *page = nullptr;
		/* Connections that were cut may still be on their way back. */
		cft_test::eventually([&] {
			page = c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory",
			                                                        &r);
			return page || c.err.code != CFT_E_UNAVAILABLE;
		});
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

class Chaos : public ::testing::Test
{
      protected:
	int violations = 0;

	void violation(const std::string &what)
	{
		violations++;
		ADD_FAILURE() << what;
	}
	void check_log(const Log &log)
	{
		std::map<std::string, uint64_t> requests;
		for (size_t i = 0; i < log.size(); i++) {
			if (log[i].revision != i + 1)
				violation("revision " + std::to_string(log[i].revision) +
				          " at place " + std::to_string(i + 1));
			const std::string &id = log[i].request_id;
			if (!id.empty() && !requests.emplace(id, log[i].revision).second)
				violation("request " + id + " is there twice");
		}
		for (const auto &one : shared.acknowledgements) {
			auto found = requests.find(one.first);
			if (found == requests.end())
				violation(one.first + " was acknowledged and is lost");
			else if (found->second != one.second)
				violation(one.first + " was acknowledged at another revision");
		}
	}
	/* Where both sides of a cell were live at once, the conflict stands in the event of the
	 * second one, and it is detected once. */
	void check_conflicts(const Log &log)
	{
		std::map<std::string, int> detected;
		for (const Entry &entry : log)
			for (const Change &change : entry.changes) {
				if (change.kind != "conflict.detected")
					continue;
				conflicts++;
				if (++detected[change.conflict] > 1)
					violation(change.conflict + " is detected twice");
				if (entry.changes[0].kind != "intent.registered" ||
				    entry.changes[0].intent != change.intent_b)
					violation(change.conflict + " came late");
			}
	}
	/* No lease ends before the last deadline that its holder was told. */
	void check_leases(World &world, const Log &log)
	{
		std::map<uint64_t, int64_t> commits;
		std::istringstream rows(
			world.sql("SELECT e.revision || ' ' || "
		                  "confiture.microseconds(pg_xact_commit_timestamp(e.xmin)) "
		                  "FROM confiture.event e"));
		uint64_t revision;
		int64_t at_us;
		while (rows >> revision >> at_us)
			commits[revision] = at_us;
		std::map<std::pair<std::string, uint64_t>, int64_t> deadlines;
		for (const Grant &grant : shared.grants) {
			int64_t &last = deadlines[{grant.intent_id, grant.fence}];
			last = std::max(last, grant.expires_us);
		}
		for (const Entry &entry : log)
			for (const Change &change : entry.changes) {
				if (change.kind != "intent.expired")
					continue;
				expiries++;
				auto found = deadlines.find({change.intent, change.fence});
				if (found != deadlines.end() &&
				    commits[entry.revision] < found->second)
					violation("the lease of " + change.intent + " ended " +
					          std::to_string(found->second -
					                         commits[entry.revision]) +
					          " us early");
			}
	}
	/* Expiries are nobody's request: the log says that they happened, not when in the history.
	 */
	void add_expiries(const Log &log)
	{
		std::map<std::string, std::pair<Cell *, int>> owners;
		for (auto &cell : shared.cells)
			for (int slot = 0; slot < 2; slot++)
				owners[cell->ids[slot]] = {cell.get(), slot};
		for (const Entry &entry : log)
			for (const Change &change : entry.changes) {
				auto owner = owners.find(change.intent);
				if (change.kind != "intent.expired" || owner == owners.end())
					continue;
				Operation op;
				op.op = Op::Expire;
				op.slot = owner->second.second;
				owner->second.first->history.push_back(op);
			}
	}
	void check_histories()
	{
		for (auto &cell : shared.cells) {
			cft_test::Linearizer<CellModel, Operation> search(cell->history);
			operations += cell->history.size();
			bool ok = search.check();
			states += search.tried();
			if (!ok)
				violation(story(*cell, search.best()));
		}
	}
	static std::string story(const Cell &cell, const std::vector<size_t> &best)
	{
		std::string text =
			"no order of cell t" + std::to_string(cell.number) + "; the longest one:\n";
		std::set<size_t> used(best.begin(), best.end());
		for (size_t i : best)
			text += "  " + cell.history[i].describe() + "\n";
		text += " left:\n";
		for (size_t i = 0; i < cell.history.size(); i++)
			if (!used.count(i))
				text += "  " + cell.history[i].describe() + "\n";
		return text;
	}

	Shared shared;
	size_t operations = 0, states = 0, conflicts = 0, expiries = 0;
};

TEST_F(Chaos, HistoriesAreLinearizableAndNothingAcknowledgedIsLost)
{
	int wanted = setting("CFT_CHAOS_FAULTS", 40);
	unsigned seed = (unsigned)setting("CFT_CHAOS_SEED", (int)std::random_device{}());
	std::mt19937 random(seed);
	World world;
	std::atomic<uint64_t> head{0};
	std::vector<std::thread> clients, watchers;
	Log watched[SERVERS];

	printf("CFT_CHAOS_SEED=%u\n", seed);
	for (int i = 0; i < CLIENTS; i++)
		clients.emplace_back(run_client, &world, &shared, i, seed + (unsigned)i);
	for (int i = 0; i < SERVERS; i++)
		watchers.emplace_back([&, i] {
			follow(
				world, i, [&](uint64_t seen) { return head != 0 && seen >= head; },
				[&](const Confiture__V1__Event *event) {
					watched[i].push_back(copy(event));
				});
		});
	cft_test::sleep_ms(1000);
	while ((int)world.faults() < wanted)
		world.fault(random);
	world.calm();
	cft_test::sleep_ms(3000); /* everybody comes back, and something is acknowledged */
	shared.stop = true;
	for (std::thread &client : clients)
		client.join();
	Log log = read_log(world.direct(0));
	/* Without it nothing can be judged: the watchers end, and the failure above is the news. */
	head = log.empty() ? 1 : log.back().revision;
	for (std::thread &watcher : watchers)
		watcher.join();

	ASSERT_FALSE(log.empty()) << world.logs();
	check_log(log);
	check_conflicts(log);
	check_leases(world, log);
	for (int i = 0; i < SERVERS; i++)
		if (!(watched[i].size() >= log.size() &&
		      std::equal(log.begin(), log.end(), watched[i].begin())))
			violation("what watcher " + std::to_string(i) + " saw is not the log");
	add_expiries(log);
	check_histories();
	EXPECT_EQ(shared.gave_up, 0u) << "requests stayed without an answer for a minute\n"
				      << shared.stuck_state;
	world.print_faults();
	printf("%zu faults, %zu operations in %zu cells (%zu states tried), %zu events, "
	       "%zu acknowledged, %zu conflicts, %zu expiries, %llu retries: %d violations\n",
	       world.faults(), operations, shared.cells.size(), states, log.size(),
	       shared.acknowledgements.size(), conflicts, expiries,
	       (unsigned long long)shared.retries, violations);
	if (HasFailure())
		fprintf(stderr, "%s", world.timeline().c_str());
	if (HasFailure() && getenv("CFT_CHAOS_LOGS"))
		fprintf(stderr, "%s", world.logs().c_str());
}

} // namespace
