// Sequencer: one order per project, durable, over lost connections and other servers.
// SPDX-License-Identifier: MIT
#include "server/store/sequencer.h"
#include "tests/integration/store/store_fixture.h"

#include <map>
#include <memory>
#include <set>
#include <thread>

using cft_test::PgCluster;

namespace
{

const struct cft_limits limits = {1000, 1000000, 3600000000, 7LL * 86400 * 1000000, 0};

// A server's half of interest: a store and its sequencer, and what its watchers saw.
struct Server {
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	std::vector<std::pair<uint64_t, std::string>> seen; // revision, chain hash
	int resets = 0;

	~Server()
	{
		cft_sequencer_free(sequencer);
	}
};

// A command with the memory it borrows, and its answer.
struct Call {
	struct cft_command command = {};
	struct cft_effects effects = {};
	std::string agent, request, intent, feature;
	const char *tables[1] = {"users"};
	bool done = false, ok = false, replayed = false;
	uint64_t revision = 0, state_revision = 0;
	std::string subject, reason, message;

	static void on_answer(void *arg, const struct cft_state *state,
	                      const struct cft_decision *decision, const struct cft_err *err)
	{
		auto *self = static_cast<Call *>(arg);
		EXPECT_FALSE(self->done) << "answered twice";
		self->done = true;
		self->ok = decision != nullptr;
		if (decision) {
			self->revision = decision->revision;
			self->replayed = decision->replayed;
			self->subject = decision->subject_id;
			self->state_revision = cft_state_revision(state);
			EXPECT_NE(nullptr, cft_state_intent(state, decision->subject_id));
		} else {
			self->reason = err->reason;
			self->message = err->message;
		}
	}
};

class Sequencer : public StoreTest
{
      protected:
	~Sequencer() override
	{
		servers.clear();
	}

	Server *open_server(const std::string &where = "", int64_t poll_ms = 30)
	{
		auto server = std::make_unique<Server>();
		server->store = open_store(where.empty() ? url : where, poll_ms);
		server->sequencer = cft_sequencer_new(loop, server->store, &limits);
		cft_sequencer_set_listener(
			server->sequencer,
			[](void *arg, const char *, const struct cft_event *event,
		           const unsigned char hash[32]) {
				static_cast<Server *>(arg)->seen.emplace_back(event->revision,
			                                                      hex(hash));
			},
			server.get());
		cft_sequencer_set_reset(
			server->sequencer,
			[](void *arg, const char *) { static_cast<Server *>(arg)->resets++; },
			server.get());
		servers.push_back(std::move(server));
		return servers.back().get();
	}

	std::unique_ptr<Call> make(enum cft_command_kind kind, const std::string &intent,
	                           const std::string &request = "",
	                           const std::string &agent = "alice")
	{
		auto call = std::make_unique<Call>();
		call->agent = agent;
		call->request = request;
		call->intent = intent;
		call->feature = "feature " + intent;
		struct cft_command *c = &call->command;
		c->kind = kind;
		c->actor = call->agent.c_str();
		c->request_id = call->request.c_str();
		c->intent_id = call->intent.c_str();
		c->feature_name = call->feature.c_str();
		c->metadata_json = "{\"ticket\": 7}";
		c->reason = c->outcome = c->notes = "";
		c->conflict_id = "";
		c->plan.tables_declared = {call->tables, 1};
		c->plan.effects = &call->effects;
		call->effects.version = CFT_EFFECTS_VERSION;
		c->risk = CFT_RISK_LOW;
		c->estimated_us = 1000000;
		memset(c->body_digest, 7, sizeof(c->body_digest));
		return call;
	}

	void submit(Server *server, Call *call, const char *project = "p")
	{
		cft_sequencer_submit(server->sequencer, project, &call->command, Call::on_answer,
		                     call);
	}

	std::unique_ptr<Call> run(Server *server, std::unique_ptr<Call> call,
	                          const char *project = "p")
	{
		submit(server, call.get(), project);
		run_until([&] { return call->done; });
		return call;
	}

	struct Read {
		bool done = false;
		uint64_t revision = 0;
		size_t live = 0;
		int64_t now_us = 0;
		std::string reason;
		std::map<std::string, std::string> status;
	};

	static void on_read(void *arg, const struct cft_state *state, int64_t now_us,
	                    const struct cft_err *err)
	{
		auto *read = static_cast<Read *>(arg);
		read->done = true;
		read->now_us = now_us;
		if (err) {
			read->reason = err->reason;
			return;
		}
		struct cft_arena arena = CFT_ARENA_INIT;
		struct cft_intent_filter all = {};
		struct cft_intent_list list = {};
		cft_state_list_intents(state, &all, &arena, &list);
		for (size_t i = 0; i < list.n; i++)
			read->status[list.v[i]->id] = cft_intent_status_name(list.v[i]->status);
		read->revision = cft_state_revision(state);
		read->live = cft_state_live_intents(state);
		cft_state_check_invariants(state);
		cft_arena_release(&arena);
	}

	Read read_state(Server *server, uint64_t min_revision = 0)
	{
		Read read;
		cft_sequencer_read(server->sequencer, "p", min_revision, on_read, &read);
		run_until([&] { return read.done; });
		return read;
	}

	std::vector<std::unique_ptr<Server>> servers;
};

} // namespace

TEST_F(Sequencer, AnswersAfterTheCommit)
{
	Server *server = open_server();
	auto call = run(server, make(CFT_CMD_REGISTER, "int_a"));

	EXPECT_TRUE(call->ok) << call->message;
	EXPECT_EQ(1u, call->revision);
	EXPECT_EQ("int_a", call->subject);
	EXPECT_EQ("1|REGISTERED|alice|7",
	          sql("SELECT created_revision, status, agent_id, metadata->>'ticket' "
	              "FROM confiture.intent"));
	ASSERT_EQ(1u, server->seen.size());
	EXPECT_EQ(server->seen[0].second,
	          sql("SELECT encode(chain_hash, 'hex') FROM confiture.project"));
}

TEST_F(Sequencer, GroupsWhatWaitsIntoOneCommit)
{
	Server *server = open_server();
	std::vector<std::unique_ptr<Call>> calls;

	for (int i = 0; i < 50; i++)
		calls.push_back(make(CFT_CMD_REGISTER, "int_" + std::to_string(i)));
	for (auto &call : calls)
		submit(server, call.get());
	run_until([&] { return calls.back()->done; });
	for (size_t i = 0; i < calls.size(); i++) {
		EXPECT_TRUE(calls[i]->ok) << calls[i]->message;
		EXPECT_EQ(i + 1, calls[i]->revision);
	}
	EXPECT_EQ("1|50", sql("SELECT count(DISTINCT xmin::text), count(*) FROM confiture.event"));
	EXPECT_EQ(50u, read_state(server).revision);
}

TEST_F(Sequencer, ReadsSeeOnlyWhatIsCommitted)
{
	Server *server = open_server();
	auto call = make(CFT_CMD_REGISTER, "int_a");
	Read before, during;

	EXPECT_EQ(0u, read_state(server).revision);
	submit(server, call.get());
	cft_sequencer_read(server->sequencer, "p", 0, on_read, &before);
	run_until([&] { return before.done; });
	cft_sequencer_read(server->sequencer, "p", 0, on_read, &during);
	run_until([&] { return during.done; });
	EXPECT_EQ(0u, before.revision);
	EXPECT_EQ(1u, during.revision);
	EXPECT_TRUE(call->done);
	EXPECT_GT(during.now_us, 1700000000000000);
}

TEST_F(Sequencer, RefusalsLeaveWithoutTouchingTheLog)
{
	Server *server = open_server();
	auto call = run(server, make(CFT_CMD_START, "int_none"));

	EXPECT_FALSE(call->ok);
	EXPECT_EQ("INTENT_NOT_FOUND", call->reason);
	EXPECT_EQ("0", sql("SELECT count(*) FROM confiture.event"));
}

TEST_F(Sequencer, ARefusalNeverRestsOnWhatAnotherServerHasChanged)
{
	Server *a = open_server(), *b = open_server("", 60000);

	read_state(b);
	/* Without its listener, and asking once a minute, b hears of nothing by itself. */
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE application_name LIKE '%listener%'");
	EXPECT_TRUE(run(a, make(CFT_CMD_REGISTER, "int_a"))->ok);
	auto call = run(b, make(CFT_CMD_START, "int_a"));
	EXPECT_TRUE(call->ok) << call->message;
	EXPECT_EQ("WRONG_STATE", run(a, make(CFT_CMD_START, "int_a"))->reason);
}

TEST_F(Sequencer, TheSameRequestIsDoneOnceAlsoAfterARestartAndOnAnotherServer)
{
	Server *server = open_server(), *other = open_server();
	auto first = run(server, make(CFT_CMD_REGISTER, "int_a", "r1"));
	auto again = run(server, make(CFT_CMD_REGISTER, "int_b", "r1"));
	auto there = run(other, make(CFT_CMD_REGISTER, "int_c", "r1"));
	auto changed = make(CFT_CMD_REGISTER, "int_d", "r1");
	changed->command.body_digest[0] = 1;
	changed = run(open_server(), std::move(changed));

	EXPECT_TRUE(again->ok && again->replayed);
	EXPECT_EQ("int_a", again->subject);
	EXPECT_TRUE(there->ok && there->replayed);
	EXPECT_EQ("int_a", there->subject);
	EXPECT_EQ("REQUEST_ID_REUSED", changed->reason);
	EXPECT_EQ("1", sql("SELECT count(*) FROM confiture.event"));
}

TEST_F(Sequencer, TwoServersInterleaveAndSeeTheSameLog)
{
	Server *a = open_server(), *b = open_server();
	std::vector<std::unique_ptr<Call>> calls;

	// Both follow from the first event: what a server loads later it does not see as events.
	read_state(a);
	read_state(b);
	for (int round = 0; round < 20; round++) {
		size_t first = calls.size();
		for (int i = 0; i < 6; i++) {
			calls.push_back(make(CFT_CMD_REGISTER, "int_" + std::to_string(round) +
			                                               "_" + std::to_string(i)));
			submit(i % 2 ? a : b, calls.back().get());
		}
		run_until([&] {
			for (size_t i = first; i < calls.size(); i++)
				if (!calls[i]->done)
					return false;
			return true;
		});
	}
	std::set<uint64_t> revisions;
	for (auto &call : calls) {
		EXPECT_TRUE(call->ok) << call->message;
		revisions.insert(call->revision);
	}
	EXPECT_EQ(120u, revisions.size());
	EXPECT_EQ(120u, *revisions.rbegin());
	EXPECT_EQ(120u, read_state(a, 120).live);
	EXPECT_EQ(120u, read_state(b, 120).live);
	EXPECT_EQ(a->seen, b->seen);
	for (size_t i = 0; i < a->seen.size(); i++)
		EXPECT_EQ(i + 1, a->seen[i].first);
}

TEST_F(Sequencer, AFollowerHearsOfWhatAnotherServerWrote)
{
	Server *a = open_server(), *b = open_server();

	EXPECT_EQ(0u, read_state(b).revision);
	run(a, make(CFT_CMD_REGISTER, "int_a"));
	run_until([&] { return b->seen.size() == 1; });
	EXPECT_EQ(1u, read_state(b, 1).revision);
	EXPECT_EQ("REVISION_NOT_REACHED", read_state(b, 99).reason);
}

TEST_F(Sequencer, LoadsWhatAnEarlierServerLeft)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	run(server, make(CFT_CMD_REGISTER, "int_b"));
	run(server, make(CFT_CMD_START, "int_a"));
	int64_t deadline = cft_sequencer_lease_deadline_us(server->sequencer, "p", "int_a");
	servers.clear();
	server = open_server();
	Read read = read_state(server);

	EXPECT_EQ(3u, read.revision);
	EXPECT_EQ("IN_PROGRESS", read.status["int_a"]);
	EXPECT_EQ("REGISTERED", read.status["int_b"]);
	EXPECT_GT(deadline, 0);
	EXPECT_EQ(deadline, cft_sequencer_lease_deadline_us(server->sequencer, "p", "int_a"));
	EXPECT_TRUE(server->seen.empty());
}

TEST_F(Sequencer, ALeaseThatIsNotRenewedExpiresOnceByTheDatabaseClock)
{
	Server *a = open_server(), *b = open_server();
	auto start = make(CFT_CMD_START, "int_a");

	start->command.ttl_us = 300000;
	run(a, make(CFT_CMD_REGISTER, "int_a"));
	read_state(b);
	start = run(a, std::move(start));
	ASSERT_TRUE(start->ok) << start->message;
	run_until([&] { return a->seen.size() == 3 && b->seen.size() == 2; }); // b began at 1
	EXPECT_EQ("EXPIRED", read_state(a).status["int_a"]);
	EXPECT_EQ("EXPIRED", read_state(b, 3).status["int_a"]);
	EXPECT_EQ("0|1", sql("SELECT (SELECT count(*) FROM confiture.lease), (SELECT count(*) FROM "
	                     "confiture.event WHERE kinds[1] = 'intent.expired')"));
	EXPECT_EQ("t", sql("SELECT e.time - s.time >= interval '0.3 s' FROM confiture.event e, "
	                   "confiture.event "
	                   "s WHERE e.revision = 3 AND s.revision = 2"));
}

TEST_F(Sequencer, RenewedLeasesLiveAndDeadOnesStayDead)
{
	Server *server = open_server();
	struct Renewed {
		std::vector<struct cft_lease_result> results;
		bool done = false;
	};
	auto renew = [&](uint64_t fence) {
		Renewed renewed;
		struct cft_lease_ref refs[] = {{"int_a", fence}, {"int_none", 1}};
		cft_sequencer_renew(
			server->sequencer, "p", "alice", refs, 2,
			[](void *arg, const struct cft_lease_result *results, size_t n,
		           const struct cft_err *err) {
				auto *r = static_cast<Renewed *>(arg);
				EXPECT_EQ(nullptr, err);
				r->results.assign(results, results + n);
				r->done = true;
			},
			&renewed);
		run_until([&] { return renewed.done; });
		return renewed.results;
	};
	auto start = make(CFT_CMD_START, "int_a");
	start->command.ttl_us = 60000000;
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	run(server, std::move(start));
	int64_t first = cft_sequencer_lease_deadline_us(server->sequencer, "p", "int_a");
	auto results = renew(1);

	EXPECT_EQ(0, results[0].code);
	EXPECT_GT(results[0].expires_us, first);
	EXPECT_EQ(results[0].expires_us,
	          cft_sequencer_lease_deadline_us(server->sequencer, "p", "int_a"));
	EXPECT_EQ(CFT_E_NOT_FOUND, results[1].code);
	EXPECT_STREQ("LEASE_EXPIRED", results[1].reason);
	EXPECT_STREQ("STALE_FENCE", renew(7)[0].reason);
	EXPECT_EQ("2", sql("SELECT count(*) FROM confiture.event"));
}

TEST_F(Sequencer, AnUnknownOutcomeIsToldAndTheRetryIsAnsweredOnce)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	std::thread killer([&] {
		sql("BEGIN; SELECT 1 FROM confiture.project FOR UPDATE; SELECT pg_sleep(2); "
		    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
		    "WHERE state = 'active' AND query LIKE '%confiture.append%' AND pid <> "
		    "pg_backend_pid(); ROLLBACK");
	});
	ASSERT_TRUE(cft_test::eventually([&] {
		return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
		           "datname = current_database()") == "1";
	}));
	auto lost = run(server, make(CFT_CMD_REGISTER, "int_b", "r1"));
	killer.join();
	EXPECT_EQ("OUTCOME_UNKNOWN", lost->reason);
	run_until([&] { return cft_store_up(server->store); });
	auto again = run(server, make(CFT_CMD_REGISTER, "int_b", "r1"));
	EXPECT_TRUE(again->ok) << again->message;
	EXPECT_EQ(2u, read_state(server).revision);
	EXPECT_EQ("2", sql("SELECT count(*) FROM confiture.intent"));
}

TEST_F(Sequencer, KeepsItsPromisesWhileBackendsAreKilled)
{
	Server *a = open_server(), *b = open_server();
	std::map<std::string, int> acknowledged;
	int next = 0, unknown = 0;
	std::atomic<bool> stop{false};
	// Both follow from the first event: what a server loads later it does not see as events.
	read_state(a);
	read_state(b);
	std::thread killer([&] {
		while (!stop) {
			cft_test::sleep_ms(60);
			sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
			    "datname = "
			    "current_database() AND pid <> pg_backend_pid()");
		}
	});

	for (int round = 0; round < 60; round++) {
		std::vector<std::unique_ptr<Call>> calls;
		for (int i = 0; i < 8; i++) {
			std::string id = "int_" + std::to_string(next++);
			calls.push_back(make(CFT_CMD_REGISTER, id, "req_" + id));
			submit(i % 2 ? a : b, calls.back().get());
		}
		run_until([&] {
			for (auto &call : calls)
				if (!call->done)
					return false;
			return true;
		});
		for (auto &call : calls) {
			if (call->ok)
				acknowledged[call->subject]++;
			else
				EXPECT_TRUE(call->reason == "OUTCOME_UNKNOWN" ||
				            call->reason == "UNAVAILABLE")
					<< call->reason;
			unknown += call->reason == "OUTCOME_UNKNOWN";
		}
	}
	stop = true;
	killer.join();
	run_until([&] { return cft_store_up(a->store) && cft_store_up(b->store); });
	uint64_t last = std::stoull(sql("SELECT revision FROM confiture.project"));
	Read at_a = read_state(a, last), at_b = read_state(b, last);
	EXPECT_EQ(last, at_a.revision);
	EXPECT_EQ(at_a.status, at_b.status);
	EXPECT_GT(acknowledged.size(), 0u);
	for (auto &[id, times] : acknowledged) {
		EXPECT_EQ(1, times);
		EXPECT_EQ(1u, at_a.status.count(id)) << id << " was acknowledged and is gone";
	}
	EXPECT_EQ(a->seen, b->seen);
	EXPECT_EQ(last, a->seen.size());
	for (size_t i = 0; i < a->seen.size(); i++)
		EXPECT_EQ(i + 1, a->seen[i].first);
	RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
	RecordProperty("unknown", unknown);
}

TEST_F(Sequencer, FailsWhileTheDatabaseIsAwayAndGoesOn)
{
	PgCluster cluster;
	struct cft_err err = CFT_ERR_INIT;
	std::string there = cluster.create_database();
	ASSERT_EQ(0, cft_schema_upgrade(there.c_str(), nullptr, &err)) << err.message;
	Server *server = open_server(there);
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	cluster.stop_immediate();
	run_until([&] { return !cft_store_up(server->store); });
	EXPECT_EQ("UNAVAILABLE", run(server, make(CFT_CMD_REGISTER, "int_b"))->reason);
	EXPECT_EQ("UNAVAILABLE", read_state(server).reason);
	cluster.start();
	run_until([&] { return cft_store_up(server->store); });
	EXPECT_TRUE(run(server, make(CFT_CMD_REGISTER, "int_b"))->ok);
	EXPECT_EQ(2u, read_state(server).revision);
}

TEST_F(Sequencer, ALeaseOutlivesADatabaseThatWasAway)
{
	PgCluster cluster;
	struct cft_err err = CFT_ERR_INIT;
	std::string there = cluster.create_database();
	ASSERT_EQ(0, cft_schema_upgrade(there.c_str(), nullptr, &err)) << err.message;
	Server *server = open_server(there);
	auto start = make(CFT_CMD_START, "int_a");
	start->command.ttl_us = 30000000;
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	ASSERT_TRUE(run(server, std::move(start))->ok);
	cluster.stop_immediate();
	run_until([&] { return !cft_store_up(server->store); });
	cluster.start();
	// As if the database had been away for longer than what was left of the lease.
	cluster.sql(there,
	            "UPDATE confiture.lease SET expires_at = clock_timestamp() + interval '1 ms'");
	run_until([&] {
		return cluster.sql(there, "SELECT count(*) FROM confiture.lease WHERE expires_at > "
		                          "clock_timestamp() + interval '20 s'") == "1";
	});
	EXPECT_EQ("IN_PROGRESS", read_state(server).status["int_a"]);
}

TEST_F(Sequencer, NoticesThatTheLogWasReplacedByAnOlderOne)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	run(server, make(CFT_CMD_REGISTER, "int_b"));
	// What a restore from a backup does.
	sql("DELETE FROM confiture.event WHERE revision = 2; DELETE FROM confiture.intent WHERE id "
	    "= 'int_b'; "
	    "UPDATE confiture.project SET revision = 1, chain_hash = (SELECT chain_hash FROM "
	    "confiture.event)");
	run_until([&] { return server->resets == 1; });
	EXPECT_EQ(1u, read_state(server).live);
	EXPECT_TRUE(run(server, make(CFT_CMD_REGISTER, "int_c"))->ok);
}

TEST_F(Sequencer, NoticesThatTheLogWasReplacedByALongerOne)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	run(server, make(CFT_CMD_REGISTER, "int_b"), "q");
	run(server, make(CFT_CMD_REGISTER, "int_c"), "q");
	sql("UPDATE confiture.project SET name = name || '_'; "
	    "UPDATE confiture.project SET name = CASE name WHEN 'p_' THEN 'q' ELSE 'p' END");
	run_until([&] { return server->resets >= 2; });
	Read read = read_state(server);
	EXPECT_EQ(2u, read.revision);
	EXPECT_EQ(0u, read.status.count("int_a"));
	EXPECT_TRUE(run(server, make(CFT_CMD_REGISTER, "int_d"))->ok);
}

TEST_F(Sequencer, CompactionKeepsTheStateAndTheChain)
{
	Server *server = open_server();
	for (const char *id : {"int_a", "int_b", "int_c", "int_d"})
		run(server, make(CFT_CMD_REGISTER, id));
	EXPECT_EQ("p|2|3|4", sql("SELECT * FROM confiture.compact('p', '0', 2)"));
	EXPECT_EQ("p|0|3|4", sql("SELECT * FROM confiture.compact(NULL, '0', 2)"));
	EXPECT_EQ("p|0|3|4", sql("SELECT * FROM confiture.compact(NULL, '1 day', 1)"));
	EXPECT_EQ("p|1|4|4", sql("SELECT * FROM confiture.compact(NULL, '0', 0)"))
		<< "the last event stays";
	EXPECT_EQ(5u, run(server, make(CFT_CMD_REGISTER, "int_e"))->revision);
	EXPECT_EQ(0, server->resets);
	EXPECT_EQ(5u, read_state(open_server()).live) << "the projections are the state";
}

TEST_F(Sequencer, ANewEpochHasEveryServerReadAnew)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	/* The epoch so far has to be heard of first. */
	uint64_t before = server->seen.size();
	run_until([&] { return server->seen.size() >= before; });
	sql("SELECT pg_sleep(0.2)");
	run_until([n = 0]() mutable { return ++n > 200; });
	EXPECT_EQ("2", sql("SELECT confiture.new_epoch()"));
	run_until([&] { return server->resets == 1; });
	EXPECT_EQ(1u, read_state(server).live);
	EXPECT_TRUE(run(server, make(CFT_CMD_REGISTER, "int_b"))->ok);
}

TEST_F(Sequencer, WhatEndedLongAgoIsNotLoadedButItsBranchStaysTaken)
{
	Server *server = open_server();
	run(server, make(CFT_CMD_REGISTER, "int_a"));
	EXPECT_TRUE(run(server, make(CFT_CMD_ABANDON, "int_a"))->ok);
	std::string branch = sql("SELECT branch_name FROM confiture.intent");
	sql("UPDATE confiture.intent SET updated_at = updated_at - interval '31 days'");
	Server *later = open_server();
	EXPECT_EQ(0u, read_state(later).status.count("int_a"));
	auto call = make(CFT_CMD_REGISTER, "int_b");
	call->feature = "feature int_a";
	call->command.feature_name = call->feature.c_str();
	EXPECT_TRUE(run(later, std::move(call))->ok);
	EXPECT_EQ("2", sql("SELECT count(DISTINCT branch_name) FROM confiture.intent"));
	EXPECT_NE("", branch);
}

TEST_F(Sequencer, AReplayIsAcknowledgedOnceItIsDurable)
{
	Server *a = open_server(), *b = open_server();
	run(a, make(CFT_CMD_REGISTER, "int_a", "r1"));
	EXPECT_EQ(1u, read_state(b, 1).revision);
	std::string before = sql("SELECT passed FROM confiture.barrier");
	EXPECT_TRUE(run(b, make(CFT_CMD_REGISTER, "int_b", "r1"))->replayed);
	EXPECT_NE(before, sql("SELECT passed FROM confiture.barrier"))
		<< "a commit of its own stands behind the answer";
}

// Where commits wait for a standby, one whose backend is ended meanwhile is visible in the
// database, and a failover could still take it back.
TEST_F(Sequencer, NothingIsShownThatAFailoverCouldTakeBack)
{
	Server *a = open_server(), *b = open_server();
	const std::string waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
				    "datname = current_database()";
	auto standby = [&](const char *names) {
		sql(std::string("ALTER SYSTEM SET synchronous_standby_names = '") + names + "'");
		sql("SELECT pg_reload_conf()");
	};
	EXPECT_EQ(0u, read_state(b).revision);
	run(a, make(CFT_CMD_REGISTER, "int_a"));
	EXPECT_EQ(1u, read_state(b, 1).revision);
	standby("nobody");
	auto lost = make(CFT_CMD_REGISTER, "int_b", "r1");
	submit(a, lost.get());
	run_until([&] { return sql("SELECT count(*) " + waiting) == "1"; });
	sql("SELECT pg_terminate_backend(pid) " + waiting);
	run_until([&] { return lost->done; });
	EXPECT_EQ("OUTCOME_UNKNOWN", lost->reason);
	EXPECT_EQ("2", sql("SELECT revision FROM confiture.project")) << "visible";
	run_until([&] { return sql("SELECT count(*) " + waiting) == "2"; });
	EXPECT_EQ(1u, a->seen.size());
	EXPECT_EQ(1u, b->seen.size());
	standby("");
	run_until([&] { return a->seen.size() == 2 && b->seen.size() == 2; });
	EXPECT_TRUE(run(b, make(CFT_CMD_REGISTER, "int_b", "r1"))->replayed);
}

// PostgreSQL's timer of a statement ends before the commit (finish_xact_command).
TEST_F(Sequencer, ACommitThatWaitsForAStandbyIsNotCutByAStatementTimeout)
{
	auto standby = [&](const char *names) {
		sql(std::string("ALTER SYSTEM SET synchronous_standby_names = '") + names + "'");
		sql("SELECT pg_reload_conf()");
	};
	sql("ALTER DATABASE " + sql("SELECT current_database()") + " SET statement_timeout = 500");
	Server *server = open_server();
	EXPECT_TRUE(run(server, make(CFT_CMD_REGISTER, "int_a"))->ok);
	standby("nobody");
	auto waits = make(CFT_CMD_REGISTER, "int_b");
	submit(server, waits.get());
	run_until([&] {
		return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
		           "now() - query_start > '1 s' AND datname = current_database()") == "1";
	});
	EXPECT_FALSE(waits->done);
	standby("");
	run_until([&] { return waits->done; });
	EXPECT_TRUE(waits->ok) << waits->message;
}

TEST_F(Sequencer, OneCommandThatTheDatabaseRefusesFailsAlone)
{
	Server *server = open_server();
	sql("ALTER TABLE confiture.intent ADD CHECK (feature_name <> 'feature int_bad')");
	std::vector<std::unique_ptr<Call>> calls;
	for (const char *id : {"int_a", "int_bad", "int_b"})
		calls.push_back(make(CFT_CMD_REGISTER, id));
	for (auto &call : calls)
		submit(server, call.get());
	run_until([&] { return calls[0]->done && calls[1]->done && calls[2]->done; });
	EXPECT_TRUE(calls[0]->ok);
	EXPECT_EQ("WRITE_REFUSED", calls[1]->reason);
	EXPECT_TRUE(calls[2]->ok);
	EXPECT_EQ(2u, read_state(server).revision);
}

TEST_F(Sequencer, AnswersEverythingWhenItIsFreed)
{
	Server *server = open_server();
	auto a = make(CFT_CMD_REGISTER, "int_a"), b = make(CFT_CMD_REGISTER, "int_b");
	Read read;

	read_state(server);
	submit(server, a.get());
	struct cft_timer *timer = cft_timer_new(
		loop, [](void *ctx) { cft_loop_stop(static_cast<struct cft_loop *>(ctx)); }, loop);
	cft_timer_start(timer, 0, 0);
	cft_loop_run(loop); // one turn: the group is on its way
	cft_timer_free(timer);
	submit(server, b.get());
	cft_sequencer_read(server->sequencer, "p", 0, on_read, &read);
	servers.clear();
	EXPECT_TRUE(a->done && b->done && read.done);
	EXPECT_EQ("UNAVAILABLE", b->reason);
	EXPECT_EQ("UNAVAILABLE", read.reason);
}
