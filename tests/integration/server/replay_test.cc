// Tokens used where they were not given: a page or a place of a stream is a position, no right.
// SPDX-License-Identifier: MIT
#include "common/base/json.h"
#include "tests/integration/server/fixture.h"

#include <set>

namespace
{

class Replay : public WithCredentials<Replay>
{
      protected:
	static std::string credential(const std::string &role, const std::string &agent,
	                              const std::string &project)
	{
		cft_test::RunOptions options;
		options.env = {{"CONFITURE_TOKEN", ""}, {"CONFITURE_SERVER", ""}};
		auto made = cft_test::run({cft_test::program("confiture"), "token", "create",
		                           "--db-url", url(), "--format", "json", "--role", role,
		                           "--agent-id", agent, "--project", project},
		                          options);
		EXPECT_EQ(made.exit_code, 0) << made.err;
		json_t *json = cft_json_parse(made.out.data(), made.out.size(), nullptr);
		std::string token = json_string_value(json_object_get(json, "token"));
		json_decref(json);
		return token;
	}
	void SetUp() override
	{
		server();
		static const std::string alice_token = credential("agent", "alice", "p");
		static const std::string bob_token = credential("agent", "bob", "p");
		static const std::string mallory_token = credential("agent", "mallory", "q");
		alice = new Caller(server().address, alice_token);
		bob = new Caller(server().address, bob_token);
		mallory = new Caller(server().address, mallory_token);
		static bool filled = false;
		for (int i = 0; !filled && i < 6; i++) {
			std::string n = std::to_string(i);
			EXPECT_NE(
				register_intent(*alice, "alice", "CREATE TABLE a" + n + " (i int)"),
				nullptr);
			EXPECT_NE(register_intent(*bob, "bob", "DROP TABLE a" + n), nullptr);
			EXPECT_NE(register_intent(*mallory, "mallory",
			                          "CREATE TABLE m" + n + " (i int)", "", "q"),
			          nullptr);
		}
		filled = true;
	}
	void TearDown() override
	{
		delete alice;
		delete bob;
		delete mallory;
	}
	static Confiture__V1__ListIntentsResponse *list(Caller &c, const std::string &project,
	                                                const std::string &agent,
	                                                const std::string &token)
	{
		MSG(ListIntentsRequest, list_intents_request, r);
		r.project = text(project);
		r.agent_id = text(agent);
		r.page_token = text(token);
		r.page_size = 2;
		return c.call<Confiture__V1__ListIntentsResponse>("ListIntents", &r);
	}
	// The token of a stream of the project after its last event.
	static std::string place(Caller &c, const std::string &project, uint64_t revision)
	{
		MSG(WatchEventsRequest, watch_events_request, r);
		r.project = text(project);
		r.from_revision = revision;
		struct cft_stream *stream = c.stream("WatchEvents", &r);
		Confiture__V1__WatchEventsResponse *message = nullptr;
		EXPECT_EQ(cft_stream_read(stream, 10000, &c.arena, &message, &c.err), 1);
		std::string token = message ? message->resume_token : "";
		cft_stream_close(stream);
		return token;
	}
	// What resuming gives: the reason of the refusal, or the actors of the next `n` events.
	static std::string resume(Caller &c, const std::string &project, const std::string &token,
	                          std::set<std::string> *actors = nullptr, int n = 3)
	{
		MSG(WatchEventsRequest, watch_events_request, r);
		r.project = text(project);
		r.resume_token = text(token);
		c.err = CFT_ERR_INIT;
		struct cft_stream *stream = c.stream("WatchEvents", &r);
		Confiture__V1__WatchEventsResponse *message = nullptr;
		while (n > 0 && cft_stream_read(stream, 10000, &c.arena, &message, &c.err) == 1) {
			if (message->item_case != CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)
				continue;
			n--;
			if (actors)
				actors->insert(message->event->actor);
		}
		cft_stream_close(stream);
		return c.err.reason;
	}
	Caller *alice = nullptr, *bob = nullptr, *mallory = nullptr;
};

} // namespace

TEST_F(Replay, APageTokenIsNoRightToAnotherProjectOrFilter)
{
	auto *page = list(*alice, "p", "", "");
	ASSERT_NE(page, nullptr) << alice->err.message;
	std::string token = page->next_page_token;
	ASSERT_NE(token, "");

	EXPECT_EQ(list(*mallory, "p", "", token), nullptr);
	EXPECT_STREQ(mallory->err.reason, "WRONG_PROJECT");
	page = list(*mallory, "q", "", token);
	ASSERT_NE(page, nullptr) << mallory->err.message;
	for (size_t i = 0; i < page->n_intents; i++)
		EXPECT_STREQ(page->intents[i]->agent_id, "mallory");
	page = list(*bob, "p", "bob", token);
	ASSERT_NE(page, nullptr) << bob->err.message;
	EXPECT_EQ(page->n_intents, 2u);
	for (size_t i = 0; i < page->n_intents; i++)
		EXPECT_STREQ(page->intents[i]->agent_id, "bob");
}

TEST_F(Replay, APageTokenOfOneListIsHarmlessInAnother)
{
	std::string token = list(*alice, "p", "", "")->next_page_token;
	MSG(ListConflictsRequest, list_conflicts_request, conflicts);
	conflicts.project = const_cast<char *>("p");
	conflicts.page_token = text(token);
	EXPECT_NE(alice->call<Confiture__V1__ListConflictsResponse>("ListConflicts", &conflicts),
	          nullptr)
		<< alice->err.message;
	MSG(ListIntentHistoryRequest, list_intent_history_request, history);
	history.project = const_cast<char *>("p");
	history.page_token = text(token);
	EXPECT_NE(alice->call<Confiture__V1__ListIntentHistoryResponse>("ListIntentHistory",
	                                                                &history),
	          nullptr)
		<< alice->err.message;
}

TEST_F(Replay, PageTokensThatNobodyGaveAreRefused)
{
	for (std::string token :
	     {"-1.x", " 1.x", "+1.x", ".x", "1", "x.1", "1x.y", "\xE2\x80\xAE"}) {
		EXPECT_EQ(list(*alice, "p", "", token), nullptr) << token;
		EXPECT_STREQ(alice->err.reason, "INVALID_PAGE_TOKEN") << token;
	}
	for (const std::string &token :
	     {std::string("99999999999999999999999999.x"), std::string("18446744073709551615."),
	      "0." + std::string(200000, 'x')})
		EXPECT_NE(list(*alice, "p", "", token), nullptr) << alice->err.message;
}

TEST_F(Replay, AResumeTokenIsOfItsProject)
{
	std::string token = place(*alice, "p", 2), other = place(*mallory, "q", 2);

	EXPECT_EQ(resume(*mallory, "p", token), "WRONG_PROJECT");
	EXPECT_EQ(resume(*mallory, "q", token), "LOG_DIVERGED");
	EXPECT_EQ(resume(*alice, "p", other), "LOG_DIVERGED");
	EXPECT_EQ(resume(*mallory, "p", other), "WRONG_PROJECT");
	/* Another agent of the project may read the same events, and goes on there. */
	std::set<std::string> actors;
	EXPECT_EQ(resume(*bob, "p", token, &actors), "");
	EXPECT_EQ(actors, (std::set<std::string>{"alice", "bob"}));
}

TEST_F(Replay, AResumeTokenThatWasChangedIsRefused)
{
	std::string token = place(*alice, "p", 2);
	size_t hash = token.rfind('.'), number = token.rfind('.', hash - 1);
	std::string forged = token;

	forged[hash + 1] = forged[hash + 1] == '0' ? '1' : '0';
	EXPECT_EQ(resume(*alice, "p", forged), "LOG_DIVERGED");
	EXPECT_EQ(resume(*alice, "p", token.substr(0, number) + ".3" + token.substr(hash)),
	          "LOG_DIVERGED");
	EXPECT_EQ(resume(*alice, "p", token.substr(0, number) + ".0" + token.substr(hash)),
	          "LOG_DIVERGED");
	for (const char *revision : {".", ".-2", ". 2", ".2x"})
		EXPECT_EQ(resume(*alice, "p",
		                 token.substr(0, number) + revision + token.substr(hash)),
		          "INVALID_RESUME_TOKEN")
			<< revision;
	EXPECT_EQ(resume(*alice, "p",
	                 token.substr(0, number) + ".18446744073709551615" + token.substr(hash)),
	          "REVISION_NOT_REACHED");
}
