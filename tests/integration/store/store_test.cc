// Store: the log under races, lost connections and leases, on a real PostgreSQL.
// SPDX-License-Identifier: MIT
#include "tests/integration/store/store_fixture.h"

#include <set>
#include <thread>

using cft_test::PgCluster;

TEST_F(StoreTest, AppendsDenselyAndReadsBack)
{
	struct cft_store *store = open_store(url);
	unsigned char first[32], last[32];
	Group group;

	group.event(1, "one", first, "r1");
	memcpy(last, first, 32);
	group.event(2, std::string("t\0o", 3), last);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(store, 0, zero, group).outcome);
	std::vector<Event> events = read(store, 0);
	ASSERT_EQ(2u, events.size());
	EXPECT_EQ("one", events[0].payload);
	EXPECT_EQ("r1|1|int_1", sql("SELECT request_id, revision, subject_id FROM "
	                            "confiture.request"));
	EXPECT_EQ(std::string("t\0o", 3), events[1].payload);
	EXPECT_EQ(hex(last), events[1].hash);
	EXPECT_EQ(2u, read(store, 1)[0].revision);
	EXPECT_EQ(1u, read(store, 0, 1).size());
	EXPECT_EQ("2|" + hex(last),
	          sql("SELECT revision, encode(chain_hash, 'hex') FROM confiture.project"));
	EXPECT_EQ("1|alice|intent.registered|int_1",
	          sql("SELECT revision, actor, kind, subject FROM confiture.history LIMIT 1"));
}

// A group of new intents alone is written by the statement (append.sql); a group with more, by the
// function. {} is more, and adds nothing.
TEST_F(StoreTest, TheStatementWritesWhatTheFunctionWrites)
{
	struct cft_store *store = open_store(url);
	std::string rows[2];

	for (bool by_function : {false, true}) {
		const char *project = by_function ? "function" : "statement";
		unsigned char hash[32] = {}, before[32];
		Group group;
		group.event(1, "the project begins", hash);
		ASSERT_EQ(CFT_APPEND_COMMITTED, append(store, 0, zero, group, project).outcome);
		group.clear();
		memcpy(before, hash, 32);
		group.event(2, "two", hash, "r2");
		group.event(3, "three", hash);
		group.event(4, "four", hash, "r4");
		for (uint64_t i = 2; i <= 4; i++)
			group.intent(i, ("int_" + std::to_string(i)).c_str());
		if (by_function)
			group.append.more = json_object();
		ASSERT_EQ(CFT_APPEND_COMMITTED, append(store, 1, before, group, project).outcome);
		rows[by_function] = rows_of(project);
	}
	EXPECT_EQ(rows[true], rows[false]);
	EXPECT_NE(std::string::npos, rows[false].find("int_4")) << rows[false];
}

TEST_F(StoreTest, TellsALoserWhatOthersWrote)
{
	struct cft_store *a = open_store(url), *b = open_store(url);
	unsigned char hash_a[32], hash_b[32];
	Group group;

	group.event(1, "from a", hash_a);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(a, 0, zero, group).outcome);
	group.clear();
	group.event(1, "from b", hash_b);
	Reply reply = append(b, 0, zero, group);
	EXPECT_EQ(CFT_APPEND_STALE, reply.outcome);
	ASSERT_EQ(1u, reply.events.size());
	EXPECT_EQ("from a", reply.events[0].payload);
	EXPECT_GT(reply.now_us, 1700000000000000);
	group.clear();
	group.event(2, "from b", hash_b);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(b, 1, hash_a, group).outcome);
}

TEST_F(StoreTest, RefusesToWriteOnAnotherHistory)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32], other[32] = {1};
	Group group;

	group.event(1, "one", hash);
	append(store, 0, zero, group);
	group.clear();
	group.event(2, "two", hash);
	EXPECT_EQ(CFT_APPEND_DIVERGED, append(store, 1, other, group).outcome);
	group.clear();
	group.event(9, "nine", hash);
	EXPECT_EQ(CFT_APPEND_DIVERGED, append(store, 8, hash, group).outcome);
	EXPECT_EQ("1", sql("SELECT count(*) FROM confiture.event"));
}

TEST_F(StoreTest, TwoStoresRaceAndTheLogStaysDense)
{
	constexpr int each = 60;
	struct Writer {
		StoreTest *test;
		struct cft_store *store;
		std::string name;
		uint64_t revision;
		unsigned char hash[32], next[32];
		int written, stale;

		void go()
		{
			Group group;
			memcpy(next, hash, 32);
			group.event(revision + 1, name + std::to_string(written), next);
			cft_store_append(store, "p", revision, hash, &group.append, on_reply, this);
		}
		static void on_reply(void *ctx, const struct cft_append_reply *reply)
		{
			auto *self = static_cast<Writer *>(ctx);
			if (reply->outcome == CFT_APPEND_COMMITTED) {
				self->revision++;
				memcpy(self->hash, self->next, 32);
				self->written++;
			} else {
				ASSERT_EQ(CFT_APPEND_STALE, reply->outcome);
				const struct cft_store_event *last =
					&reply->events[reply->n_events - 1];
				self->revision = last->revision;
				memcpy(self->hash, last->chain_hash, 32);
				self->stale++;
			}
			if (self->written < each)
				self->go();
		}
	};
	Writer a = {this, open_store(url), "a", 0, {}, {}, 0, 0};
	Writer b = {this, open_store(url), "b", 0, {}, {}, 0, 0};

	a.go();
	b.go();
	run_until([&] { return a.written == each && b.written == each; });
	EXPECT_GT(a.stale + b.stale, 0);
	std::vector<Event> events = read(a.store, 0, 1000);
	ASSERT_EQ(2u * each, events.size());
	std::set<std::string> payloads;
	for (size_t i = 0; i < events.size(); i++) {
		EXPECT_EQ(i + 1, events[i].revision);
		payloads.insert(events[i].payload);
	}
	EXPECT_EQ(2u * each, payloads.size());
}

TEST_F(StoreTest, AnAppendOnALostConnectionIsUnknownAndWhollyThereOrAbsent)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32];
	Group group;
	Pending pending;

	append(store, 0, zero, (group.event(1, "one", hash), group));
	// Holds the project's row until the append waits for it, and kills its backend then.
	std::thread holder([&] {
		sql("BEGIN; SELECT 1 FROM confiture.project FOR UPDATE; "
		    "SELECT pg_advisory_lock(1); "
		    "DO $$ DECLARE victim int; BEGIN WHILE victim IS NULL LOOP "
		    "PERFORM pg_sleep(0.01), pg_stat_clear_snapshot(); "
		    "SELECT pid INTO victim FROM pg_stat_activity WHERE datname = "
		    "current_database() "
		    "AND wait_event_type = 'Lock' AND query LIKE '%confiture.append%'; "
		    "END LOOP; PERFORM pg_terminate_backend(victim); END $$; ROLLBACK");
	});
	EXPECT_TRUE(cft_test::eventually([&] {
		return sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database "
		           "= (SELECT oid FROM pg_database WHERE datname = current_database())") ==
		       "1";
	}));
	unsigned char next[32];
	memcpy(next, hash, 32);
	group.clear();
	group.event(2, "two", next);
	cft_store_append(store, "p", 1, hash, &group.append, on_append, &pending);
	run_until([&] { return pending.done; });
	holder.join();
	EXPECT_EQ(CFT_APPEND_UNKNOWN, pending.reply.outcome);
	run_until([&] { return cft_store_up(store); });
	EXPECT_EQ(1u, read(store, 0).size());
}

TEST_F(StoreTest, FailsWhileTheServerIsAwayAndGoesOnAfterwards)
{
	PgCluster cluster;
	struct cft_err err = CFT_ERR_INIT;
	std::string there = cluster.create_database();
	ASSERT_EQ(0, cft_schema_upgrade(there.c_str(), nullptr, &err)) << err.message;
	struct cft_store *store = open_store(there);
	unsigned char hash[32];
	int ups = 0, downs = 0;
	struct Counts {
		int *ups, *downs;
	} counts = {&ups, &downs};
	cft_store_set_callbacks(
		store,
		[](void *ctx, bool up, const struct cft_err *) {
			auto *c = static_cast<Counts *>(ctx);
			++*(up ? c->ups : c->downs);
		},
		nullptr, nullptr, &counts);
	Group group;
	append(store, 0, zero, (group.event(1, "one", hash), group));
	cluster.stop_immediate();
	run_until([&] { return !cft_store_up(store); });
	EXPECT_GE(downs, 1);
	unsigned char next[32];
	memcpy(next, hash, 32);
	group.clear();
	group.event(2, "two", next);
	EXPECT_EQ(CFT_APPEND_FAILED, append(store, 1, hash, group).outcome);
	cluster.start();
	run_until([&] { return cft_store_up(store); });
	EXPECT_EQ(1, ups);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(store, 1, hash, group).outcome);
}

TEST_F(StoreTest, NotifiesOtherStoresOncePerGroup)
{
	struct cft_store *a = open_store(url), *b = open_store(url);
	std::vector<std::string> hints;
	unsigned char hash[32];

	cft_store_set_callbacks(
		b, nullptr,
		[](void *ctx, const char *project, uint64_t revision) {
			static_cast<std::vector<std::string> *>(ctx)->push_back(
				std::string(project) + "@" + std::to_string(revision));
		},
		nullptr, &hints);
	// The listener may still be connecting.
	run_until([&] {
		return sql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND "
		           "datname = current_database() AND query LIKE 'LISTEN%'") == "2";
	});
	Group group;
	group.event(1, "one", hash);
	group.event(2, "two", hash);
	append(a, 0, zero, group, "my project");
	run_until([&] { return !hints.empty(); });
	EXPECT_EQ(std::vector<std::string>{"my project@2"}, hints);
}

TEST_F(StoreTest, RenewsLivingLeasesOnly)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32];
	Group group;
	auto renew = [&](const char *agent, const char *intent, int fence) {
		json_t *refs = json_pack("[{s:s, s:i}]", "intent_id", intent, "fence", fence);
		Rows r = rows([&](auto cb,
		                  auto ctx) { cft_store_renew(store, "p", agent, refs, cb, ctx); },
		              4);
		json_decref(refs);
		return r.at(0).at(2);
	};

	group.event(1, "one", hash);
	group.lease("grant", "long", 3, 3600000000);
	group.lease("grant", "short", 1, 1);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(store, 0, zero, group).outcome);
	EXPECT_EQ("", renew("alice", "long", 3));
	EXPECT_EQ("", renew("alice", "long", 0));
	EXPECT_EQ("FENCE_STALE", renew("alice", "long", 2));
	EXPECT_EQ("NOT_LEASE_HOLDER", renew("bob", "long", 3));
	EXPECT_EQ("LEASE_EXPIRED", renew("alice", "short", 1));
	EXPECT_EQ("LEASE_EXPIRED", renew("alice", "none", 1));
	Rows lapsed = rows([&](auto cb, auto ctx) { cft_store_lapsed(store, cb, ctx); }, 3);
	EXPECT_EQ((Rows{{"p", "short", "1"}}), lapsed);
}

TEST_F(StoreTest, ALeaseLapsesByTheDatabaseClockAlone)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32], next[32];
	Group group;

	group.event(1, "one", hash);
	group.lease("grant", "long", 1, 3600000000);
	group.lease("grant", "short", 1, 1);
	append(store, 0, zero, group);
	memcpy(next, hash, 32);
	group.clear();
	group.event(2, "two", next);
	group.lease("lapse", "short", 1, 0);
	group.lease("lapse", "long", 1, 0);
	Reply reply = append(store, 1, hash, group);
	EXPECT_EQ(CFT_APPEND_LEASE_ALIVE, reply.outcome);
	EXPECT_EQ(std::vector<std::string>{"long"}, reply.alive);
	EXPECT_EQ("1|2",
	          sql("SELECT (SELECT revision FROM confiture.project), (SELECT count(*) FROM "
	              "confiture.lease)"));
	memcpy(next, hash, 32);
	group.clear();
	group.event(2, "two", next);
	group.lease("lapse", "short", 1, 0);
	EXPECT_EQ(CFT_APPEND_COMMITTED, append(store, 1, hash, group).outcome);
	EXPECT_EQ("long", sql("SELECT string_agg(intent_id, ',') FROM confiture.lease"));
}

TEST_F(StoreTest, KeepsProjectionsAndLoadsThemInOneSnapshot)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32];
	Group group;
	struct Ctx {
		std::vector<std::string> kinds;
		std::string payload;
		bool done;
	} ctx = {{}, "", false};

	group.event(1, "one", hash);
	group.lease("grant", "int_1", 5, 3600000000);
	group.intent(1, "int_1");
	ASSERT_EQ(CFT_APPEND_COMMITTED, append(store, 0, zero, group).outcome);
	EXPECT_EQ("REGISTERED|2|c\"d\\|1", sql("SELECT status, cardinality(tables_affected), "
	                                       "tables_affected[2], metadata->>'k' "
	                                       "FROM confiture.intent"));
	cft_store_load(
		store, "p", 3600,
		[](void *c, const struct cft_store_records *records) {
			auto *x = static_cast<Ctx *>(c);
			EXPECT_GT(records->now_us, 1700000000000000);
			for (size_t i = 0; i < records->n; i++) {
				x->kinds.push_back(std::to_string(records->v[i].kind) + ":" +
			                           std::to_string(records->v[i].revision));
				if (records->v[i].kind == CFT_RECORD_INTENT)
					x->payload.assign(
						static_cast<const char *>(records->v[i].payload),
						records->v[i].len);
			}
			x->done = true;
		},
		&ctx);
	run_until([&] { return ctx.done; });
	EXPECT_EQ((std::vector<std::string>{"0:1", "2:0", "5:5"}), ctx.kinds);
	EXPECT_EQ("\xc0\xff\xee", ctx.payload);
}

TEST_F(StoreTest, InboxCursorsNeverMoveBackNorPastTheLog)
{
	struct cft_store *store = open_store(url);
	unsigned char hash[32];
	Group group;
	auto ack = [&](uint64_t cursor) {
		return rows(
			       [&](auto cb, auto ctx) {
				       cft_store_inbox_ack(store, "p", "bob", cursor, cb, ctx);
			       },
			       1)
		        .at(0)
		        .at(0);
	};

	group.event(1, "one", hash);
	group.event(2, "two", hash);
	append(store, 0, zero, group);
	EXPECT_EQ("0", rows([&](auto cb, auto ctx) { cft_store_inbox(store, "p", "bob", cb, ctx); },
	                    1)[0][0]);
	EXPECT_EQ("1", ack(1));
	EXPECT_EQ("2", ack(99));
	EXPECT_EQ("2", ack(1));
	EXPECT_EQ("2", rows([&](auto cb, auto ctx) { cft_store_inbox(store, "p", "bob", cb, ctx); },
	                    1)[0][0]);
}

TEST_F(StoreTest, NamesItsLogAndItsProjects)
{
	struct cft_store *store = open_store(url);
	Rows log = rows([&](auto cb, auto ctx) { cft_store_log(store, cb, ctx); }, 4);

	EXPECT_EQ(36u, log[0][0].size());
	EXPECT_EQ("1", log[0][1]);
	EXPECT_EQ(std::to_string(cft_schema_version()), log[0][2]);
	EXPECT_TRUE(
		rows([&](auto cb, auto ctx) { cft_store_projects(store, cb, ctx); }, 2).empty());
}
