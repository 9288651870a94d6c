/* A client: one operation after the other, each retried under one request_id until it is answered.
 * SPDX-License-Identifier: MIT
 */
#include "client.h"

std::shared_ptr<Cell> Shared::pick(std::mt19937 &random)
{
	std::lock_guard<std::mutex> lock(mutex);
	size_t window = std::min(cells.size(), (size_t)WINDOW);

	for (size_t i = 0; i < window; i++) {
		std::shared_ptr<Cell> cell = cells[cells.size() - 1 - random() % window];
		std::lock_guard<std::mutex> inner(cell->mutex);
		if (cells.size() >= WINDOW && cell->operations++ < CELL_OPERATIONS)
			return cell;
	}
	cells.push_back(std::make_shared<Cell>());
	cells.back()->number = (int)cells.size();
	cells.back()->operations = 1;
	return cells.back();
}

void Shared::acknowledged(uint64_t revision, const std::string &request_id, const Operation &op)
{
	std::lock_guard<std::mutex> lock(mutex);

	if (revision > newest_.first)
		newest_ = {revision, op.invoked};
	if (!request_id.empty())
		acknowledgements[request_id] = revision;
}

void Shared::stuck(const std::string &state)
{
	std::lock_guard<std::mutex> lock(mutex);

	gave_up++;
	if (stuck_state.empty())
		stuck_state = state;
}

std::pair<uint64_t, int64_t> Shared::newest()
{
	std::lock_guard<std::mutex> lock(mutex);

	return newest_;
}

namespace
{

enum { ATTEMPT_MS = 1500, PATIENCE_US = 60 * 1000000 };

class Client
{
      public:
	Client(const World *world, Shared *shared, int number, unsigned seed)
	    : world_(*world), shared_(*shared), number_(number), random_(seed),
	      caller_(world->addresses(number % SERVERS))
	{
	}
	void run()
	{
		while (!shared_.stop) {
			std::shared_ptr<Cell> cell = shared_.pick(random_);
			int64_t begin = now_us();
			act(*cell);
			cft_arena_release(&caller_.arena);
			shared_.operations++;
			if (shared_.half_load)
				cft_test::sleep_ms((int)((now_us() - begin) / 1000) + 1);
		}
	}

      private:
	std::string agent(int slot) const
	{
		return slot ? "bob" : "alice";
	}
	std::string next_request()
	{
		return "r" + std::to_string(number_) + "-" + std::to_string(++requests_);
	}
	/* Asks until there is an answer; false where there was none in all that time. A refusal
	 * after an unknown outcome leaves open whether an earlier attempt still takes effect: then
	 * it stands in the history twice, once as a refusal and once as something that may come. */
	template <typename Response>
	bool ask(Cell &cell, const char *method, const void *request, Operation &op, Response **ret,
	         bool mutation = true)
	{
		int64_t begin = now_us();
		int attempts = 0;
		for (;; attempts++) {
			op.invoked = now_us();
			*ret = caller_.call<Response>(method, request, ATTEMPT_MS);
			op.returned = now_us();
			if (caller_.rc == 0 ||
			    (caller_.rc != CFT_E_UNAVAILABLE && caller_.rc != CFT_E_TIMEOUT &&
			     caller_.rc != CFT_E_CANCELLED))
				break;
			shared_.retries++;
			if (!mutation || now_us() - begin > PATIENCE_US) {
				if (!mutation)
					return false;
				shared_.stuck(std::string(method) + ": " + caller_.err.message +
				              "\n" + world_.state());
				remember(cell, op, begin, true);
				return false;
			}
			cft_test::sleep_ms(10 + (int)(random_() % 50));
		}
		op.refusal = caller_.rc == 0 ? "" : caller_.err.reason;
		if (caller_.rc == 0)
			op.invoked = begin;
		else if (mutation && attempts > 0)
			remember(cell, op, begin, true);
		return true;
	}
	void remember(Cell &cell, Operation op, int64_t invoked = 0, bool perhaps = false)
	{
		std::lock_guard<std::mutex> lock(cell.mutex);
		if (perhaps) {
			op.invoked = invoked;
			op.returned = cft_test::NEVER;
			op.optional = true;
			op.refusal = "";
			op.given = 0;
		}
		cell.history.push_back(op);
	}
	template <typename Response>
	void note_intent(Cell &cell, Operation &op, const Response *response)
	{
		const Confiture__V1__Intent *intent = response->intent;
		std::lock_guard<std::mutex> lock(cell.mutex);
		cell.ids[op.slot] = intent->id;
		if (cell.fences[op.slot] < intent->fence)
			cell.fences[op.slot] = intent->fence;
		if (response->n_conflicts)
			cell.conflict_id = response->conflicts[0]->id;
	}

	void register_one(Cell &cell, int slot)
	{
		std::string table = "t" + std::to_string(cell.number), id = next_request();
		std::string sql =
			"ALTER TABLE " + table + " ADD COLUMN c " + (slot ? "text" : "int");
		std::string who = agent(slot);
		Operation op;
		Confiture__V1__RegisterIntentResponse *response;
		MSG(RegisterIntentRequest, register_intent_request, r);

		op.op = Op::Register;
		op.slot = slot;
		r.project = const_cast<char *>("p");
		r.agent_id = text(who);
		r.feature_name = text(table);
		r.schema_changes = text(sql);
		r.request_id = text(id);
		if (!ask(cell, "RegisterIntent", &r, op, &response))
			return;
		if (response) {
			shared_.acknowledged(response->revision, id, op);
			note_intent(cell, op, response);
		}
		remember(cell, op);
	}
	template <typename Request, typename Response>
	bool move(Cell &cell, const char *method, Request &r, Operation &op, Response **ret)
	{
		std::string id = next_request(), who = agent(op.slot), intent;
		{
			std::lock_guard<std::mutex> lock(cell.mutex);
			intent = cell.ids[op.slot];
		}
		r.project = const_cast<char *>("p");
		r.agent_id = text(who);
		r.request_id = text(id);
		r.intent_id = text(intent);
		if (!ask(cell, method, &r, op, ret))
			return false;
		if (*ret) {
			shared_.acknowledged((*ret)->revision, id, op);
			note_intent(cell, op, *ret);
		}
		return true;
	}
	void start(Cell &cell, Operation op)
	{
		Confiture__V1__StartIntentResponse *response;
		MSG(StartIntentRequest, start_intent_request, r);

		r.ttl_ms = random_() % 3 ? 60000 : 1000;
		if (!move(cell, "StartIntent", r, op, &response))
			return;
		if (response && response->intent->update_revision == response->revision) {
			op.given = response->intent->fence;
			note_grant(response->intent->id, op.given, response->intent->lease);
		}
		remember(cell, op);
	}
	void note_grant(const std::string &id, uint64_t fence, const Confiture__V1__Lease *lease)
	{
		if (lease && lease->expire_time && lease->fence == fence)
			note_deadline(id, fence, lease->expire_time);
	}
	void note_deadline(const std::string &id, uint64_t fence,
	                   const Google__Protobuf__Timestamp *time)
	{
		std::lock_guard<std::mutex> lock(shared_.mutex);
		shared_.grants.push_back({id, fence, time->seconds * 1000000 + time->nanos / 1000});
	}
	void complete(Cell &cell, Operation op)
	{
		Confiture__V1__CompleteIntentResponse *response;
		MSG(CompleteIntentRequest, complete_intent_request, r);

		r.fence = op.fence;
		if (move(cell, "CompleteIntent", r, op, &response))
			remember(cell, op);
	}
	void abandon(Cell &cell, Operation op)
	{
		Confiture__V1__AbandonIntentResponse *response;
		MSG(AbandonIntentRequest, abandon_intent_request, r);

		r.reason = const_cast<char *>("enough");
		if (move(cell, "AbandonIntent", r, op, &response))
			remember(cell, op);
	}
	void resolve(Cell &cell, Operation op, const std::string &conflict)
	{
		Confiture__V1__ResolveConflictResponse *response;
		std::string id = next_request();
		MSG(ResolveConflictRequest, resolve_conflict_request, r);

		r.project = const_cast<char *>("p");
		r.request_id = text(id);
		r.agent_id = const_cast<char *>("carol");
		r.conflict_id = text(conflict);
		r.strategy = CONFITURE__V1__RESOLUTION_STRATEGY__RESOLUTION_STRATEGY_RENAME;
		if (!ask(cell, "ResolveConflict", &r, op, &response))
			return;
		if (response)
			shared_.acknowledged(response->revision, id, op);
		remember(cell, op);
	}
	void heartbeat(Cell &cell, Operation op, const std::string &intent)
	{
		Confiture__V1__HeartbeatResponse *response;
		std::string who = agent(op.slot);
		MSG(HeartbeatRequest, heartbeat_request, r);
		MSG(LeaseRef, lease_ref, ref);
		Confiture__V1__LeaseRef *refs[] = {&ref};

		r.project = const_cast<char *>("p");
		r.agent_id = text(who);
		ref.intent_id = text(intent);
		ref.fence = op.fence;
		r.leases = refs;
		r.n_leases = 1;
		if (!ask(cell, "Heartbeat", &r, op, &response, false))
			return; /* a renewal changes nothing that the model knows */
		if (!response || response->n_results != 1) {
			op.refusal = "NO_RESULT";
		} else {
			op.refusal = response->results[0]->reason;
			if (op.refusal.empty())
				note_deadline(intent, op.fence, response->results[0]->expire_time);
		}
		remember(cell, op);
	}
	void list(Cell &cell, Operation op)
	{
		Confiture__V1__ListIntentsResponse *response;
		std::string table = "t" + std::to_string(cell.number);
		MSG(ListIntentsRequest, list_intents_request, r);

		r.project = const_cast<char *>("p");
		r.table = text(table);
		/* A read is at least as new as the revision that it names: it stands anywhere after
		 * that, also before the call. */
		std::pair<uint64_t, int64_t> newest = shared_.newest();
		r.min_revision = newest.first;
		if (!ask(cell, "ListIntents", &r, op, &response, false) || !response)
			return;
		op.invoked = std::min(op.invoked, newest.second);
		for (size_t i = 0; i < response->n_intents; i++) {
			const Confiture__V1__Intent *intent = response->intents[i];
			Slot &slot = op.seen[intent->agent_id == agent(1)];
			slot.status = (int)intent->status;
			slot.fence = intent->fence;
			op.conflict = op.conflict || intent->n_conflicts_with > 0;
		}
		shared_.acknowledged(response->revision, "", op);
		remember(cell, op);
	}
	void act(Cell &cell)
	{
		Operation op;
		std::string intent, conflict;
		bool register_it;
		{
			std::lock_guard<std::mutex> lock(cell.mutex);
			op.slot = (int)(random_() % 2);
			intent = cell.ids[op.slot];
			conflict = cell.conflict_id;
			op.fence = cell.fences[op.slot];
			register_it = !cell.asked[op.slot];
			cell.asked[op.slot] = true;
		}
		if (register_it) {
			register_one(cell, op.slot);
			return;
		}
		unsigned die = random_() % 100;
		if (intent.empty() || die < 25) {
			op.op = Op::List;
			op.slot = 0;
			op.fence = 0;
			list(cell, op);
		} else if (die < 50) {
			op.op = Op::Start;
			op.fence = 0;
			start(cell, op);
		} else if (die < 70 && op.fence) {
			op.op = Op::Heartbeat;
			heartbeat(cell, op, intent);
		} else if (die < 82 && !conflict.empty()) {
			op.op = Op::Resolve;
			resolve(cell, op, conflict);
		} else if (die < 93) {
			op.op = Op::Complete;
			op.fence = random_() % 2 ? op.fence : 0;
			complete(cell, op);
		} else {
			op.op = Op::Abandon;
			op.fence = 0;
			abandon(cell, op);
		}
	}

	const World &world_;
	Shared &shared_;
	int number_;
	std::mt19937 random_;
	Caller caller_;
	uint64_t requests_ = 0;
};

} // namespace

void run_client(const World *world, Shared *shared, int number, unsigned seed)
{
	Client(world, shared, number, seed).run();
}

void follow(const World &world, int first, const std::function<bool(uint64_t)> &done,
            const std::function<void(const Confiture__V1__Event *)> &take)
{
	std::string token;
	uint64_t seen = 0;

	for (int turn = first; !done(seen); turn++) {
		Caller c(world.addresses(turn % SERVERS));
		MSG(WatchEventsRequest, watch_events_request, r);
		r.resume_token = text(token);
		r.from_revision = 1;
		Watcher w(c, &r);
		/* A stream says something every half second: silence is a dead connection. */
		while (!done(seen) && w.read(2500) == 1) {
			if (w.is(CONFITURE__V1__WATCH_EVENTS_RESPONSE__ITEM_EVENT)) {
				take(w.message->event);
				seen = w.message->event->revision;
			}
			token = w.token;
			cft_arena_release(&c.arena);
		}
		if (c.err.code == CFT_E_OUT_OF_RANGE) {
			ADD_FAILURE() << "after revision " << seen << ": " << c.err.message;
			return;
		}
		/* Not a pause: a connection is made only while somebody waits for it. */
		cft_client_wait(c.client, 100);
	}
}
