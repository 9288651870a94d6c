/* Streams: where they start, what they hold, how they end and go on.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

namespace
{

#define ITEM(x) CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_##x

const char *const ADD_AGE = "ALTER TABLE users ADD COLUMN age int";
const char *const DROP_USERS = "DROP TABLE users";

struct Stream : ::testing::Test {
	std::string url = cft_test::PgCluster::shared().create_database();
	ServerProcess server{url, {"--bookmark-interval", "200ms", "--stall-timeout", "5s"}};
	Caller c{server.address};

	std::string intent(const std::string &agent, const std::string &sql)
	{
		Confiture__V1__RegisterIntentResponse *r = nullptr;
		/* After a restart the connection takes a moment to come back. */
		cft_test::eventually([&] {
			r = register_intent(c, agent, sql, agent + sql);
			return r || c.err.code != CFT_E_UNAVAILABLE;
		});
		EXPECT_NE(r, nullptr) << c.err.message;
		return r ? r->intent->id : "";
	}
};

TEST_F(Stream, FromNowDeliversWhatComesAfterInOrder)
{
	intent("alice", "CREATE TABLE before (id int)");
	MSG(WatchEventsRequest, watch_events_request, r);
	Watcher w(c, &r);
	ASSERT_EQ(w.read(), 1) << c.err.message;
	EXPECT_TRUE(w.is(ITEM(BOOKMARK))) << "the first message says where the stream stands";
	EXPECT_EQ(w.message->revision, 1u);
	std::string a = intent("alice", ADD_AGE), b = intent("bob", DROP_USERS);
	auto *first = w.event();
	ASSERT_NE(first, nullptr) << c.err.message;
	EXPECT_EQ(first->revision, 2u);
	EXPECT_STREQ(first->changes[0]->kind, "intent.registered");
	EXPECT_STREQ(first->changes[0]->intent->id, a.c_str());
	auto *second = w.event();
	ASSERT_NE(second, nullptr);
	EXPECT_EQ(second->revision, 3u);
	ASSERT_EQ(second->n_changes, 2u) << "whole revisions: the conflict comes with its cause";
	EXPECT_STREQ(second->changes[1]->kind, "conflict.detected");
	EXPECT_STREQ(second->changes[1]->conflict->intent_b, b.c_str());
}

TEST_F(Stream, FromARevisionReplaysTheLog)
{
	for (int i = 0; i < 5; i++)
		intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)");
	MSG(WatchEventsRequest, watch_events_request, r);
	r.from_revision = 2;
	Watcher w(c, &r);
	for (uint64_t revision = 2; revision <= 5; revision++) {
		auto *event = w.event();
		ASSERT_NE(event, nullptr) << c.err.message;
		EXPECT_EQ(event->revision, revision);
	}
}

/* Read from the table in pages, while new events go to the tail. */
TEST_F(Stream, AReplayOfSeveralPagesGoesOverIntoWhatIsNew)
{
	const uint64_t OLD = 450, ALL = OLD + 3;
	MSG(WatchEventsRequest, watch_events_request, r);
	r.from_revision = 1;

	for (uint64_t i = 0; i < OLD; i++)
		ASSERT_NE(intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)"), "");
	Watcher w(c, &r);
	for (uint64_t i = OLD; i < ALL; i++)
		ASSERT_NE(intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)"), "");
	for (uint64_t revision = 1; revision <= ALL; revision++) {
		auto *event = w.event();
		ASSERT_NE(event, nullptr) << c.err.message;
		EXPECT_EQ(event->revision, revision);
	}
}

TEST_F(Stream, ASnapshotAndWhatFollowsIsTheWhole)
{
	std::string a = intent("alice", ADD_AGE);
	intent("bob", DROP_USERS);
	MSG(WatchEventsRequest, watch_events_request, r);
	r.snapshot = true;
	Watcher w(c, &r);
	ASSERT_EQ(w.read(), 1) << c.err.message;
	ASSERT_TRUE(w.is(ITEM(SNAPSHOT)));
	EXPECT_EQ(w.message->revision, 2u);
	EXPECT_EQ(w.message->snapshot->n_intents, 2u);
	EXPECT_EQ(w.message->snapshot->n_conflicts, 1u);
	EXPECT_TRUE(w.message->snapshot->last);
	EXPECT_TRUE(w.message->snapshot->intents[1]->blocked);
	intent("carol", "CREATE TABLE x (id int)");
	auto *event = w.event();
	ASSERT_NE(event, nullptr) << c.err.message;
	EXPECT_EQ(event->revision, 3u);
}

TEST_F(Stream, ASnapshotOfHundredsOfIntentsComesInParts)
{
	for (int i = 0; i < 250; i++)
		intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)");
	MSG(WatchEventsRequest, watch_events_request, r);
	r.snapshot = true;
	Watcher w(c, &r);
	size_t intents = 0, parts = 0;
	do {
		ASSERT_EQ(w.read(), 1) << c.err.message;
		ASSERT_TRUE(w.is(ITEM(SNAPSHOT)));
		intents += w.message->snapshot->n_intents;
		parts++;
	} while (!w.message->snapshot->last);
	EXPECT_EQ(intents, 250u);
	EXPECT_EQ(parts, 2u);
}

TEST_F(Stream, AResumeTokenGoesOnAfterTheLastEventAlsoWithAnotherServer)
{
	std::string token;
	{
		MSG(WatchEventsRequest, watch_events_request, r);
		r.from_revision = 1;
		intent("alice", ADD_AGE);
		Watcher w(c, &r);
		ASSERT_NE(w.event(), nullptr) << c.err.message;
		token = w.token;
	}
	intent("bob", DROP_USERS);
	server.process.stop(9);
	server.start();
	intent("carol", "CREATE TABLE x (id int)");
	MSG(WatchEventsRequest, watch_events_request, r);
	r.resume_token = text(token);
	Watcher w(c, &r);
	for (uint64_t revision = 2; revision <= 3; revision++) {
		auto *event = w.event();
		ASSERT_NE(event, nullptr) << c.err.message;
		EXPECT_EQ(event->revision, revision);
	}
}

TEST_F(Stream, TokensThatDoNotFitTheLogAreRefused)
{
	intent("alice", ADD_AGE);
	std::string token;
	{
		MSG(WatchEventsRequest, watch_events_request, r);
		r.from_revision = 1;
		Watcher w(c, &r);
		ASSERT_NE(w.event(), nullptr) << c.err.message;
		token = w.token;
	}
	std::string wrong_hash = token, foreign = token, ahead = token;
	wrong_hash.back() = wrong_hash.back() == '0' ? '1' : '0';
	foreign[4] = foreign[4] == '0' ? '1' : '0';
	ahead.replace(ahead.rfind(".1."), 3, ".9.");
	const std::pair<std::string, const char *> cases[] = {
		{wrong_hash, "LOG_DIVERGED"},
		{foreign, "RESUME_TOKEN_FOREIGN"},
		{ahead, "REVISION_NOT_REACHED"},
		{"garbage", "INVALID_RESUME_TOKEN"},
		{std::string(5000, 'x'), "INVALID_RESUME_TOKEN"},
	};
	for (const auto &one : cases) {
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(one.first);
		Watcher w(c, &r);
		EXPECT_LT(w.read(), 0);
		EXPECT_STREQ(c.err.reason, one.second);
	}
}

struct Compacted : Stream {
	/* tokens[n]: everything up to revision n was received */
	std::vector<std::string> tokens{""};

	/* Six revisions, of which the last two stay. */
	void SetUp() override
	{
		MSG(WatchEventsRequest, watch_events_request, r);
		r.from_revision = 1;
		for (int i = 1; i <= 6; i++)
			intent("alice", "CREATE TABLE t" + std::to_string(i) + " (id int)");
		Watcher w(c, &r);
		while (tokens.size() < 7 && w.event())
			tokens.push_back(w.token);
		ASSERT_EQ(tokens.size(), 7u) << c.err.message;
		EXPECT_EQ(cft_test::PgCluster::shared().sql(
				  url, "SELECT * FROM confiture.compact('p', '0', 2)"),
		          "p|4|5|6");
		/* Another server has none of it in its memory. */
		server.process.stop(9);
		server.start();
		MSG(GetServerInfoRequest, get_server_info_request, info);
		EXPECT_TRUE(cft_test::eventually([&] {
			return c.call<Confiture__V1__GetServerInfoResponse>("GetServerInfo", &info);
		})) << c.err.message;
	}
};

TEST_F(Compacted, AStreamResumesAtTheEdgeAndIsToldTheOldestRevisionBeyondIt)
{
	for (uint64_t after = 4; after <= 6; after++) {
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(tokens[after]);
		Watcher w(c, &r);
		for (uint64_t revision = after + 1; revision <= 6; revision++) {
			auto *event = w.event();
			ASSERT_NE(event, nullptr) << c.err.message;
			EXPECT_EQ(event->revision, revision);
		}
	}
	for (uint64_t after = 1; after <= 3; after++) {
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(tokens[after]);
		Watcher w(c, &r);
		EXPECT_EQ(w.read(), CFT_E_OUT_OF_RANGE);
		EXPECT_STREQ(c.err.reason, "REVISION_COMPACTED");
		EXPECT_NE(std::string(c.err.message).find("oldest revision is 5"),
		          std::string::npos)
			<< c.err.message;
	}
}

TEST_F(Compacted, ATokenOfAnotherHistoryIsRefusedAtTheEdgeToo)
{
	for (uint64_t after = 4; after <= 5; after++) {
		std::string wrong = tokens[after];
		wrong.back() = wrong.back() == '0' ? '1' : '0';
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(wrong);
		Watcher w(c, &r);
		EXPECT_EQ(w.read(), CFT_E_OUT_OF_RANGE);
		EXPECT_STREQ(c.err.reason, "LOG_DIVERGED");
	}
}

TEST_F(Compacted, ASnapshotBringsBackWhoFellBehind)
{
	MSG(WatchEventsRequest, watch_events_request, r);
	r.snapshot = true;
	Watcher w(c, &r);
	ASSERT_EQ(w.read(), 1) << c.err.message;
	ASSERT_TRUE(w.is(ITEM(SNAPSHOT)));
	EXPECT_EQ(w.message->snapshot->n_intents, 6u);
	EXPECT_EQ(w.message->revision, 6u);
	intent("bob", "CREATE TABLE t7 (id int)");
	auto *event = w.event();
	ASSERT_NE(event, nullptr) << c.err.message;
	EXPECT_EQ(event->revision, 7u);
}

TEST_F(Compacted, AnInboxGoesOnWithWhatIsLeft)
{
	MSG(ReadInboxRequest, read_inbox_request, read);
	read.project = const_cast<char *>("p");
	read.agent_id = const_cast<char *>("alice");
	auto *none = c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read);
	ASSERT_NE(none, nullptr) << c.err.message;
	EXPECT_EQ(none->n_events, 0u);
	EXPECT_EQ(none->cursor, 6u);
	intent("bob", "CREATE TABLE t1 (id text)");
	auto *news = c.call<Confiture__V1__ReadInboxResponse>("ReadInbox", &read);
	ASSERT_NE(news, nullptr) << c.err.message;
	EXPECT_EQ(news->n_events, 1u);
}

TEST_F(Stream, FiltersLeaveOutChangesAndBookmarksGoOn)
{
	MSG(WatchEventsRequest, watch_events_request, r);
	char *kinds[] = {const_cast<char *>("conflict.")};
	char *agents[] = {const_cast<char *>("alice")};
	r.n_kinds = r.n_agents = 1;
	r.kinds = kinds;
	r.agents = agents;
	Watcher w(c, &r);
	ASSERT_EQ(w.read(), 1) << c.err.message;
	intent("carol", "CREATE TABLE x (id int)");
	intent("alice", ADD_AGE);
	intent("bob", DROP_USERS);
	auto *event = w.event();
	ASSERT_NE(event, nullptr) << c.err.message;
	EXPECT_EQ(event->revision, 3u);
	ASSERT_EQ(event->n_changes, 1u);
	EXPECT_STREQ(event->changes[0]->kind, "conflict.detected");
	intent("carol", "CREATE TABLE y (id int)");
	do {
		ASSERT_EQ(w.read(), 1) << c.err.message;
		ASSERT_TRUE(w.is(ITEM(BOOKMARK)));
	} while (w.message->revision < 4);
}

TEST_F(Stream, SigtermEndsStreamsWithATokenThatResumes)
{
	MSG(WatchEventsRequest, watch_events_request, r);
	Watcher w(c, &r);
	ASSERT_EQ(w.read(), 1) << c.err.message; /* it has started */
	intent("alice", ADD_AGE);
	ASSERT_NE(w.event(), nullptr) << c.err.message;
	server.process.signal(15);
	int rc;
	while ((rc = w.read()) == 1)
		;
	EXPECT_EQ(rc, CFT_E_UNAVAILABLE);
	EXPECT_STREQ(c.err.reason, "SERVER_STOPPING");
	EXPECT_NE(std::string(c.err.hint).find(w.token), std::string::npos) << c.err.hint;
	ASSERT_TRUE(server.process.wait());
	EXPECT_EQ(server.process.exit_code(), 0) << server.log();
	server.start();
	MSG(WatchEventsRequest, watch_events_request, again);
	again.resume_token = text(w.token);
	intent("bob", DROP_USERS);
	Watcher resumed(c, &again);
	auto *event = resumed.event();
	ASSERT_NE(event, nullptr) << c.err.message;
	EXPECT_EQ(event->revision, 2u);
}

TEST_F(Stream, AClientThatDoesNotReadIsEndedAndTheOthersGoOn)
{
	Caller sleeper(server.address);
	MSG(WatchEventsRequest, watch_events_request, r);
	Watcher slow(sleeper, &r), quick(c, &r);
	Caller writer(server.address);
	int rc;

	ASSERT_EQ(slow.read(), 1);
	ASSERT_EQ(quick.read(), 1);
	/* Some 15 MB: more than flow control lets through unread. */
	std::string metadata = "{\"x\":\"" + std::string(60000, 'x') + "\"}";
	for (int i = 0; i < 250; i++) {
		std::string sql = "CREATE TABLE t" + std::to_string(i) + " (id int)";
		MSG(RegisterIntentRequest, register_intent_request, request);
		request.project = const_cast<char *>("p");
		request.agent_id = request.feature_name = const_cast<char *>("agent");
		request.schema_changes = text(sql);
		request.metadata_json = text(metadata);
		writer.call<Confiture__V1__RegisterIntentResponse>("RegisterIntent", &request);
		ASSERT_EQ(writer.rc, 0) << writer.err.message;
		ASSERT_NE(quick.event(), nullptr) << c.err.message;
		cft_arena_release(&writer.arena);
		cft_arena_release(&c.arena);
	}
	cft_test::sleep_ms(8000); /* beyond the stall timeout */
	for (int i = 0; i < 1000 && (rc = slow.read()) == 1; i++)
		cft_arena_release(&sleeper.arena);
	EXPECT_EQ(rc, CFT_E_LIMIT) << sleeper.err.message;
	EXPECT_NE(intent("bob", "CREATE TABLE after (id int)"), "");
}

/* An agent that stalls past its lease: it is told, its late work bounces, it goes on anew. */
TEST(Lease, ALostOneIsToldAndItsHolderGoesOnWithANewFence)
{
	ServerProcess server(cft_test::PgCluster::shared().create_database(),
	                     {"--lease-min", "1s", "--database-poll", "50ms"});
	Caller c(server.address);
	MSG(WatchEventsRequest, watch_events_request, watch);
	char *agents[] = {const_cast<char *>("alice")};
	watch.agents = agents;
	watch.n_agents = 1;
	Watcher holder(c, &watch);
	ASSERT_EQ(holder.read(), 1) << c.err.message;
	std::string id = register_intent(c, "alice", ADD_AGE)->intent->id;
	MSG(StartIntentRequest, start_intent_request, start);
	start.project = const_cast<char *>("p");
	start.agent_id = agents[0];
	start.intent_id = text(id);
	start.ttl_ms = 1000;
	ASSERT_NE(c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start), nullptr);
	EXPECT_STREQ(holder.event()->changes[0]->kind, "intent.registered");
	EXPECT_STREQ(holder.event()->changes[0]->kind, "intent.started");
	EXPECT_STREQ(holder.event()->changes[0]->kind, "intent.expired");

	MSG(CompleteIntentRequest, complete_intent_request, complete);
	complete.project = const_cast<char *>("p");
	complete.agent_id = agents[0];
	complete.intent_id = text(id);
	complete.fence = 1;
	EXPECT_EQ(c.call<Confiture__V1__CompleteIntentResponse>("CompleteIntent", &complete),
	          nullptr);
	EXPECT_STREQ(c.err.reason, "LEASE_EXPIRED");
	start.ttl_ms = 60000;
	auto *again = c.call<Confiture__V1__StartIntentResponse>("StartIntent", &start);
	ASSERT_NE(again, nullptr) << c.err.message;
	EXPECT_EQ(again->intent->fence, 2u);
	EXPECT_EQ(c.call<Confiture__V1__CompleteIntentResponse>("CompleteIntent", &complete),
	          nullptr);
	EXPECT_STREQ(c.err.reason, "STALE_FENCE");
	complete.fence = 2;
	EXPECT_NE(c.call<Confiture__V1__CompleteIntentResponse>("CompleteIntent", &complete),
	          nullptr)
		<< c.err.message;
}

TEST_F(Stream, ParticipateCarriesHeartbeatsUpdatesAndNews)
{
	struct cft_stream *stream = c.stream("Participate", nullptr);
	Confiture__V1__ParticipateResponse *response;
	std::string id = intent("alice", ADD_AGE);

	MSG(WatchEventsRequest, watch_events_request, watch);
	watch.project = const_cast<char *>("p");
	MSG(ParticipateRequest, participate_request, up);
	up.message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_WATCH;
	up.watch = &watch;
	ASSERT_EQ(cft_stream_write(stream, &up, 5000, &c.err), 0) << c.err.message;
	ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1) << c.err.message;
	EXPECT_EQ(response->message_case, CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_WATCH);

	MSG(HeartbeatRequest, heartbeat_request, beat);
	beat.project = const_cast<char *>("p");
	beat.agent_id = const_cast<char *>("alice");
	up.message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_HEARTBEAT;
	up.heartbeat = &beat;
	ASSERT_EQ(cft_stream_write(stream, &up, 5000, &c.err), 0) << c.err.message;
	MSG(UpdateIntentRequest, update_intent_request, update);
	update.project = const_cast<char *>("p");
	update.agent_id = const_cast<char *>("alice");
	update.intent_id = text(id);
	update.set_schema_changes = true;
	update.schema_changes = const_cast<char *>(DROP_USERS);
	up.message_case = CONFITURE__V1__PARTICIPATE_REQUEST__MESSAGE_UPDATE;
	up.update = &update;
	ASSERT_EQ(cft_stream_write(stream, &up, 5000, &c.err), 0) << c.err.message;

	bool beaten = false, updated = false, told = false;
	while (!beaten || !updated || !told) {
		ASSERT_EQ(cft_stream_read(stream, 5000, &c.arena, &response, &c.err), 1)
			<< c.err.message << beaten << updated << told;
		beaten |= response->message_case ==
		          CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_HEARTBEAT;
		updated |= response->message_case ==
		           CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_UPDATE;
		told |= response->message_case ==
		                CONFITURE__V1__PARTICIPATE_RESPONSE__MESSAGE_WATCH &&
		        response->watch->item_case == ITEM(EVENT);
	}
	cft_stream_close(stream);
}

} // namespace
