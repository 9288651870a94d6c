/* Every RPC of CoordinationService against a real server on a real PostgreSQL.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <atomic>
#include <set>
#include <thread>

namespace
{

struct Rpc : ::testing::Test {
	static ServerProcess &server()
	{
		static ServerProcess s(cft_test::PgCluster::shared().create_database());
		return s;
	}
	/* A project of its own for each test. */
	Rpc()
	{
		project = std::string("test/") +
		          ::testing::UnitTest::GetInstance()->current_test_info()->name();
	}
	Confiture__V1__Intent *intent(const std::string &agent, const std::string &sql)
	{
		auto *r = register_intent(c, agent, sql, "", project);
		EXPECT_NE(r, nullptr) << c.err.message;
		return r ? r->intent : nullptr;
	}
	template <typename Request> void fill(Request &r, const char *id, const char *agent)
	{
		r.project = text(project);
		r.intent_id = const_cast<char *>(id);
		r.agent_id = const_cast<char *>(agent);
	}

	Caller c{server().address};
	std::string project;
};

const char *const ADD_AGE = "ALTER TABLE users ADD COLUMN age int";
const char *const DROP_USERS = "DROP TABLE users";

TEST_F(Rpc, RegisterGivesTheIntentAndItsConflicts)
{
	auto *a = register_intent(c, "alice", ADD_AGE, "", project);
	ASSERT_NE(a, nullptr) << c.err.message;
	EXPECT_STREQ(a->intent->branch_name, "feature/feature_001");
	EXPECT_EQ(strncmp(a->intent->id, "int_", 4), 0);
	EXPECT_EQ(strlen(a->intent->id), 16u);
	EXPECT_EQ(a->intent->status, CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_REGISTERED);
	EXPECT_EQ(a->n_conflicts, 0u);
	auto *b = register_intent(c, "bob", DROP_USERS, "", project);
	ASSERT_NE(b, nullptr) << c.err.message;
	ASSERT_EQ(b->n_conflicts, 1u);
	EXPECT_STREQ(b->conflicts[0]->intent_a, a->intent->id);
	EXPECT_TRUE(b->intent->blocked);
	EXPECT_STREQ(b->intent->conflicts_with[0], a->intent->id);
	EXPECT_EQ(b->revision, a->revision + 1);
}

TEST_F(Rpc, TheSameRequestIdGivesTheSameAnswerAndAnotherBodyIsRefused)
{
	auto *a = register_intent(c, "alice", ADD_AGE, "request-1", project);
	auto *again = register_intent(c, "alice", ADD_AGE, "request-1", project);
	ASSERT_NE(again, nullptr) << c.err.message;
	EXPECT_STREQ(a->intent->id, again->intent->id);
	EXPECT_EQ(a->revision, again->revision);
	EXPECT_EQ(register_intent(c, "alice", DROP_USERS, "request-1", project), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_EXISTS);
}

TEST_F(Rpc, CheckReportsWhatRegisterWould)
{
	intent("alice", ADD_AGE);
	MSG(CheckIntentRequest, check_intent_request, r);
	r.project = text(project);
	r.agent_id = const_cast<char *>("bob");
	r.schema_changes = const_cast<char *>(DROP_USERS);
	auto *checked = c.call<Confiture__V1__CheckIntentResponse>("CheckIntent", &r);
	ASSERT_NE(checked, nullptr) << c.err.message;
	EXPECT_EQ(checked->n_conflicts, 1u);
	EXPECT_EQ(checked->live_intents, 1u);
	ASSERT_EQ(checked->n_tables_affected, 1u);
	EXPECT_STREQ(checked->tables_affected[0], "users");
	auto *registered = register_intent(c, "bob", DROP_USERS, "", project);
	ASSERT_NE(registered, nullptr);
	EXPECT_EQ(registered->n_conflicts, checked->n_conflicts);
}

TEST_F(Rpc, ProveKeepsWhatBothOrdersDidWithTheConflict)
{
	std::string a = intent("alice", "CREATE TABLE t (a int)")->id;
	auto *b = register_intent(c, "bob", "ALTER TABLE t ADD b int", "", project);
	ASSERT_NE(b, nullptr) << c.err.message;
	ASSERT_EQ(b->n_conflicts, 1u);
	MSG(ProveConflictRequest, prove_conflict_request, r);
	r.project = text(project);
	r.agent_id = const_cast<char *>("carol");
	r.conflict_id = b->conflicts[0]->id;
	auto *proven = c.call<Confiture__V1__ProveConflictResponse>("ProveConflict", &r, 120000);
	ASSERT_NE(proven, nullptr) << c.err.message;
	EXPECT_STREQ(proven->conflict->proven_verdict, "only_ab");
	EXPECT_NE(nullptr,
	          strstr(proven->conflict->proof_json, "relation \\\"t\\\" does not exist"))
		<< proven->conflict->proof_json;
	EXPECT_EQ(proven->revision, b->revision + 1);

	MSG(GetConflictRequest, get_conflict_request, get);
	get.project = text(project);
	get.conflict_id = r.conflict_id;
	auto *got = c.call<Confiture__V1__GetConflictResponse>("GetConflict", &get);
	ASSERT_NE(got, nullptr) << c.err.message;
	EXPECT_STREQ(got->conflict->proof_json, proven->conflict->proof_json);

	MSG(ListIntentHistoryRequest, list_intent_history_request, history);
	history.project = text(project);
	auto *events =
		c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory", &history);
	ASSERT_NE(events, nullptr) << c.err.message;
	const Confiture__V1__Event *last = events->events[events->n_events - 1];
	EXPECT_STREQ(last->changes[0]->kind, "conflict.proven");
	EXPECT_STREQ(last->actor, "carol");

	r.conflict_id = const_cast<char *>("cfl_nothinghere0");
	EXPECT_EQ(c.call<Confiture__V1__ProveConflictResponse>("ProveConflict", &r), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_NOT_FOUND);
}

TEST_F(Rpc, NobodyTakesAllPlacesOfTheProver)
{
	intent("alice", "CREATE TABLE t (a int)");
	auto *b = register_intent(c, "bob", "ALTER TABLE t ADD b int", "", project);
	ASSERT_NE(b, nullptr) << c.err.message;
	ASSERT_EQ(b->n_conflicts, 1u);
	std::string conflict = b->conflicts[0]->id;
	std::atomic<int> proven{0}, busy{0};
	auto prove = [&](const char *agent) {
		Caller own(server().address);
		MSG(ProveConflictRequest, prove_conflict_request, r);
		r.project = text(project);
		r.agent_id = const_cast<char *>(agent);
		r.conflict_id = text(conflict);
		bool answered = own.call<Confiture__V1__ProveConflictResponse>("ProveConflict", &r,
		                                                               120000) != nullptr;
		proven += answered;
		busy += !answered && std::string(own.err.reason) == "PROVER_BUSY";
		return answered;
	};
	std::vector<std::thread> all;
	for (int i = 0; i < 6; i++)
		all.emplace_back([&] { prove("mallory"); });
	/* One runs, two wait. */
	EXPECT_TRUE(cft_test::eventually([&] { return busy == 3; }));
	EXPECT_TRUE(prove("dave"));
	for (std::thread &one : all)
		one.join();
	EXPECT_EQ(busy, 3);
	EXPECT_EQ(proven, 4);
}

TEST_F(Rpc, GetAndListFindTheIntent)
{
	std::string id = intent("alice", ADD_AGE)->id;
	MSG(GetIntentRequest, get_intent_request, get);
	get.project = text(project);
	get.intent_id = text(id);
	auto *got = c.call<Confiture__V1__GetIntentResponse>("GetIntent", &get);
	ASSERT_NE(got, nullptr) << c.err.message;
	EXPECT_STREQ(got->intent->schema_changes[0], ADD_AGE);
	get.intent_id = const_cast<char *>("int_nothinghere0");
	EXPECT_EQ(c.call<Confiture__V1__GetIntentResponse>("GetIntent", &get), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_NOT_FOUND);
}

TEST_F(Rpc, ListPagesToTheEndWithoutRepeating)
{
	std::set<std::string> ids, seen;
	for (int i = 0; i < 7; i++)
		ids.insert(intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)")->id);
	MSG(ListIntentsRequest, list_intents_request, list);
	list.project = text(project);
	list.page_size = 3;
	for (;;) {
		auto *page = c.call<Confiture__V1__ListIntentsResponse>("ListIntents", &list);
		ASSERT_NE(page, nullptr) << c.err.message;
		EXPECT_EQ(page->total, 7u);
		for (size_t i = 0; i < page->n_intents; i++)
			EXPECT_TRUE(seen.insert(page->intents[i]->id).second);
		list.page_token = page->next_page_token;
		if (!list.page_token[0])
			break;
	}
	EXPECT_EQ(seen, ids);
	list.page_token = const_cast<char *>("nonsense");
	EXPECT_EQ(c.call<Confiture__V1__ListIntentsResponse>("ListIntents", &list), nullptr);
	EXPECT_STREQ(c.err.reason, "INVALID_PAGE_TOKEN");
}

TEST_F(Rpc, TheLifecycleStartsCompletesAndMerges)
{
	std::string id = intent("alice", ADD_AGE)->id;
	MSG(StartIntentRequest, start_intent_request, start);
	fill(start, id.c_str(), "alice");
	start.ttl_ms = 600000;
	auto *started = c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start);
	ASSERT_NE(started, nullptr) << c.err.message;
	EXPECT_EQ(started->intent->fence, 1u);
	ASSERT_NE(started->intent->lease, nullptr);
	EXPECT_EQ(started->intent->lease->ttl_ms, 600000);
	EXPECT_GT(started->intent->lease->expire_time->seconds, 0);

	MSG(HeartbeatRequest, heartbeat_request, beat);
	beat.project = text(project);
	beat.agent_id = const_cast<char *>("alice");
	auto *beaten = c.call<Confiture__V1__HeartbeatResponse>("Heartbeat", &beat);
	ASSERT_NE(beaten, nullptr) << c.err.message;
	ASSERT_EQ(beaten->n_results, 1u);
	EXPECT_STREQ(beaten->results[0]->reason, "");

	MSG(CompleteIntentRequest, complete_intent_request, complete);
	fill(complete, id.c_str(), "alice");
	complete.outcome = const_cast<char *>("success");
	auto *completed =
		c.call<Confiture__V1__CompleteIntentResponse>("CompleteIntent", &complete);
	ASSERT_NE(completed, nullptr) << c.err.message;
	EXPECT_STREQ(completed->intent->outcome, "success");

	MSG(MarkIntentMergedRequest, mark_intent_merged_request, merge);
	fill(merge, id.c_str(), "alice");
	auto *merged = c.call<Confiture__V1__MarkIntentMergedResponse>("MarkIntentMerged", &merge);
	ASSERT_NE(merged, nullptr) << c.err.message;
	EXPECT_EQ(merged->intent->status, CONFITURE__V1__INTENT_STATUS__INTENT_STATUS_MERGED);
	/* Terminal: nothing moves it any more. */
	EXPECT_EQ(c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start), nullptr);
	EXPECT_EQ(c.err.code, CFT_E_STATE);
	EXPECT_STREQ(c.err.reason, "WRONG_STATE");
}

TEST_F(Rpc, HeartbeatOfADeadLeaseTellsWhy)
{
	std::string id = intent("alice", ADD_AGE)->id;
	MSG(LeaseRef, lease_ref, ref);
	Confiture__V1__LeaseRef *refs[] = {&ref};
	MSG(HeartbeatRequest, heartbeat_request, beat);
	ref.intent_id = text(id);
	ref.fence = 1;
	beat.project = text(project);
	beat.agent_id = const_cast<char *>("alice");
	beat.n_leases = 1;
	beat.leases = refs;
	auto *beaten = c.call<Confiture__V1__HeartbeatResponse>("Heartbeat", &beat);
	ASSERT_NE(beaten, nullptr) << c.err.message;
	ASSERT_EQ(beaten->n_results, 1u);
	EXPECT_STRNE(beaten->results[0]->reason, "");
}

TEST_F(Rpc, UpdateKeepsWhatItDoesNotSet)
{
	MSG(RegisterIntentRequest, register_intent_request, r);
	char *tables[] = {const_cast<char *>("orders")};
	r.project = text(project);
	r.agent_id = const_cast<char *>("alice");
	r.feature_name = const_cast<char *>("f");
	r.schema_changes = const_cast<char *>(ADD_AGE);
	r.n_tables_affected = 1;
	r.tables_affected = tables;
	auto *a = c.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &r);
	ASSERT_NE(a, nullptr) << c.err.message;
	MSG(UpdateIntentRequest, update_intent_request, update);
	fill(update, a->intent->id, "alice");
	update.set_schema_changes = true;
	update.schema_changes = const_cast<char *>("CREATE INDEX i ON users (age)");
	auto *b = c.call<Confiture__V1__UpdateIntentResponse>("UpdateIntent", &update);
	ASSERT_NE(b, nullptr) << c.err.message;
	EXPECT_EQ(b->intent->generation, 2u);
	ASSERT_EQ(b->intent->n_tables_declared, 1u);
	EXPECT_STREQ(b->intent->tables_declared[0], "orders");
	EXPECT_STREQ(b->intent->schema_changes[0], "CREATE INDEX i ON users (age)");
	update.etag = a->intent->etag;
	EXPECT_EQ(c.call<Confiture__V1__UpdateIntentResponse>("UpdateIntent", &update), nullptr);
	EXPECT_STREQ(c.err.reason, "ETAG_MISMATCH");
}

TEST_F(Rpc, AbandonEndsAnIntentAndOnlyItsOwnerMay)
{
	std::string id = intent("alice", ADD_AGE)->id;
	MSG(AbandonIntentRequest, abandon_intent_request, abandon);
	fill(abandon, id.c_str(), "mallory");
	EXPECT_EQ(c.call<Confiture__V1__AbandonIntentResponse>("AbandonIntent", &abandon), nullptr);
	EXPECT_EQ(cft_code_exit(c.err.code), 7) << c.err.reason;
	fill(abandon, id.c_str(), "alice");
	abandon.reason = const_cast<char *>("no longer wanted");
	auto *r = c.call<Confiture__V1__AbandonIntentResponse>("AbandonIntent", &abandon);
	ASSERT_NE(r, nullptr) << c.err.message;
	EXPECT_STREQ(r->intent->reason, "no longer wanted");
}

TEST_F(Rpc, ConflictsAreListedResolvedAndReopened)
{
	intent("alice", ADD_AGE);
	std::string bob = intent("bob", DROP_USERS)->id;
	MSG(ListConflictsRequest, list_conflicts_request, list);
	list.project = text(project);
	auto *listed = c.call<Confiture__V1__ListConflictsResponse>("ListConflicts", &list);
	ASSERT_NE(listed, nullptr) << c.err.message;
	ASSERT_EQ(listed->total, 1u);
	std::string id = listed->conflicts[0]->id;

	MSG(StartIntentRequest, start_intent_request, start);
	fill(start, bob.c_str(), "bob");
	EXPECT_EQ(c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start), nullptr);
	EXPECT_EQ(cft_code_exit(c.err.code), 5);

	MSG(ResolveConflictRequest, resolve_conflict_request, resolve);
	resolve.project = text(project);
	resolve.agent_id = const_cast<char *>("bob");
	resolve.conflict_id = text(id);
	EXPECT_EQ(c.call<Confiture__V1__ResolveConflictResponse>("ResolveConflict", &resolve),
	          nullptr);
	EXPECT_EQ(c.err.code, CFT_E_INVALID);
	resolve.strategy = CONFITURE__V1__RESOLUTION_STRATEGY__RESOLUTION_STRATEGY_SEQUENCE;
	resolve.notes = const_cast<char *>("alice first");
	auto *resolved =
		c.call<Confiture__V1__ResolveConflictResponse>("ResolveConflict", &resolve);
	ASSERT_NE(resolved, nullptr) << c.err.message;
	EXPECT_STREQ(resolved->conflict->resolution_notes, "alice first");

	MSG(GetConflictRequest, get_conflict_request, get);
	get.project = text(project);
	get.conflict_id = text(id);
	auto *got = c.call<Confiture__V1__GetConflictResponse>("GetConflict", &get);
	ASSERT_NE(got, nullptr) << c.err.message;
	EXPECT_EQ(got->conflict->status, CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_RESOLVED);
	EXPECT_STREQ(got->intent_b->id, bob.c_str());

	MSG(ReopenConflictRequest, reopen_conflict_request, reopen);
	reopen.project = text(project);
	reopen.agent_id = const_cast<char *>("alice");
	reopen.conflict_id = text(id);
	reopen.reason = const_cast<char *>("not so");
	auto *reopened = c.call<Confiture__V1__ReopenConflictResponse>("ReopenConflict", &reopen);
	ASSERT_NE(reopened, nullptr) << c.err.message;
	EXPECT_EQ(reopened->conflict->status, CONFITURE__V1__CONFLICT_STATUS__CONFLICT_STATUS_OPEN);
}

TEST_F(Rpc, ClaimsPlansAndHistoryTellWhoDoesWhat)
{
	std::string id = intent("alice", ADD_AGE)->id;
	intent("bob", "CREATE TABLE other (id int)");
	MSG(ListObjectClaimsRequest, list_object_claims_request, claims);
	claims.project = text(project);
	claims.object = const_cast<char *>("public.users.age");
	auto *claimed =
		c.call<Confiture__V1__ListObjectClaimsResponse>("ListObjectClaims", &claims);
	ASSERT_NE(claimed, nullptr) << c.err.message;
	ASSERT_EQ(claimed->n_claims, 1u);
	EXPECT_STREQ(claimed->claims[0]->agent_id, "alice");

	MSG(PlanIntentsRequest, plan_intents_request, plan);
	plan.project = text(project);
	auto *planned = c.call<Confiture__V1__PlanIntentsResponse>("PlanIntents", &plan);
	ASSERT_NE(planned, nullptr) << c.err.message;
	EXPECT_EQ(planned->n_steps, 2u);

	MSG(ListIntentHistoryRequest, list_intent_history_request, history);
	history.project = text(project);
	auto *all = c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory", &history);
	ASSERT_NE(all, nullptr) << c.err.message;
	EXPECT_EQ(all->n_events, 2u);
	history.intent_id = text(id);
	auto *one = c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory", &history);
	ASSERT_NE(one, nullptr) << c.err.message;
	ASSERT_EQ(one->n_events, 1u);
	EXPECT_STREQ(one->events[0]->changes[0]->intent->id, id.c_str());
	history.intent_id = const_cast<char *>("int_nothinghere0");
	EXPECT_EQ(c.call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory", &history),
	          nullptr);
	EXPECT_EQ(c.err.code, CFT_E_NOT_FOUND);
}

TEST_F(Rpc, ABaseSchemaIsUploadedInChunks)
{
	MSG(GetBaseSchemaRequest, get_base_schema_request, get);
	get.project = text(project);
	auto *none = c.call<Confiture__V1__GetBaseSchemaResponse>("GetBaseSchema", &get);
	ASSERT_NE(none, nullptr) << c.err.message;
	EXPECT_EQ(none->base_schema, nullptr);

	struct cft_stream *stream = c.stream("SetBaseSchema", nullptr);
	MSG(SetBaseSchemaRequest, set_base_schema_request, chunk);
	std::string parts[] = {"CREATE TABLE users (id int", " primary key, email text);"};
	chunk.project = text(project);
	chunk.agent_id = const_cast<char *>("alice");
	for (std::string &part : parts) {
		chunk.chunk.data = reinterpret_cast<uint8_t *>(&part[0]);
		chunk.chunk.len = part.size();
		ASSERT_EQ(cft_stream_write(stream, &chunk, 5000, &c.err), 0) << c.err.message;
	}
	Confiture__V1__SetBaseSchemaResponse *set;
	cft_stream_finish(stream);
	ASSERT_EQ(cft_stream_read(stream, 10000, &c.arena, &set, &c.err), 1) << c.err.message;
	EXPECT_EQ(strlen(set->base_schema->fingerprint), 64u);
	cft_stream_close(stream);
	auto *there = c.call<Confiture__V1__GetBaseSchemaResponse>("GetBaseSchema", &get);
	ASSERT_NE(there, nullptr) << c.err.message;
	EXPECT_STREQ(there->base_schema->fingerprint, set->base_schema->fingerprint);
}

TEST_F(Rpc, TheInboxHoldsNewsUntilAcknowledged)
{
	MSG(ReadInboxRequest, read_inbox_request, read);
	read.project = text(project);
	read.agent_id = const_cast<char *>("alice");
	intent("alice", ADD_AGE);
	auto *none = c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read);
	ASSERT_NE(none, nullptr) << c.err.message;
	EXPECT_EQ(none->n_events, 0u) << "one's own doing is no news";
	intent("bob", DROP_USERS);
	for (int i = 0; i < 2; i++) {
		auto *news = c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read);
		ASSERT_NE(news, nullptr) << c.err.message;
		ASSERT_EQ(news->n_events, 1u) << "reading does not acknowledge";
		EXPECT_STREQ(news->events[0]->changes[0]->kind, "conflict.detected");
		MSG(AcknowledgeInboxRequest, acknowledge_inbox_request, ack);
		ack.project = text(project);
		ack.agent_id = const_cast<char *>("alice");
		ack.cursor = news->cursor;
		if (i == 1) {
			auto *acked = c.call<Confiture__V1__AcknowledgeInboxResponse>(
				"AcknowledgeInbox", &ack);
			ASSERT_NE(acked, nullptr) << c.err.message;
		}
	}
	auto *after = c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read);
	ASSERT_NE(after, nullptr) << c.err.message;
	EXPECT_EQ(after->n_events, 0u);
}

TEST_F(Rpc, ALongPollAnswersAtTheFirstNews)
{
	intent("alice", ADD_AGE);
	MSG(ReadInboxRequest, read_inbox_request, read);
	read.project = text(project);
	read.agent_id = const_cast<char *>("alice");
	read.wait_ms = 20000;
	struct Seen {
		size_t events = 0;
		bool done = false;
	} seen;
	cft_client_start(
		c.client, &confiture__v1__coordination_service__descriptor, "ReadInbox", &read,
		30000,
		[](void *arg, const void *response, const struct cft_err *) {
			auto *r = static_cast<const Confiture__V1__ReadInboxResponse *>(response);
			static_cast<Seen *>(arg)->events = r ? r->n_events : 0;
			static_cast<Seen *>(arg)->done = true;
		},
		&seen);
	intent("bob", DROP_USERS);
	for (int i = 0; i < 100 && !seen.done; i++)
		cft_client_poll(c.client, 100);
	EXPECT_EQ(seen.events, 1u);
}

TEST_F(Rpc, ServerInfoNamesTheLogAndTheProjectsRevision)
{
	intent("alice", ADD_AGE);
	MSG(GetServerInfoRequest, get_server_info_request, r);
	r.project = text(project);
	auto *info = c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &r);
	ASSERT_NE(info, nullptr) << c.err.message;
	EXPECT_EQ(info->revision, 1u);
	EXPECT_EQ(info->live_intents, 1u);
	EXPECT_EQ(info->pid, server().process.pid());
	EXPECT_STRNE(info->log_id, "");
	EXPECT_EQ(std::string(info->database).find('@'), std::string::npos);
}

} // namespace
