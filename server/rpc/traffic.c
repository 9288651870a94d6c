/* Traffic: a leaky bucket of calls that came to nothing.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/traffic.h"

static int64_t at_least_zero(int64_t n)
{
	return n > 0 ? n : 0;
}

static int64_t at_most(int64_t n, int64_t most)
{
	return n < most ? n : most;
}

/* The oldest get their messages first. */
static void count_unfinished(struct cft_traffic_account *account, const struct cft_traffic *now,
                             bool ripe)
{
	int64_t started = now->started - account->seen.started;
	int64_t messages = now->messages - account->seen.messages;
	int64_t open = at_least_zero(now->started - now->ended - now->handled);

	account->waiting = at_most(account->waiting + at_least_zero(started - messages), open);
	account->aged = at_most(at_least_zero(account->aged - messages), account->waiting);
	account->unfinished = at_most(account->unfinished, account->aged);
	if (!ripe)
		return;
	account->unfinished = account->aged;
	account->aged = account->waiting;
}

bool cft_traffic_abuses(struct cft_traffic_account *account, const struct cft_traffic *now,
                        int64_t max_calls, int64_t now_ms, bool ripe)
{
	int64_t forgiven = (now_ms - account->at_ms) * CFT_TRAFFIC_FORGIVEN / 1000;
	int64_t started = now->started - account->seen.started;
	int64_t messages = now->messages - account->seen.messages;

	account->empty = at_least_zero(account->empty - forgiven);
	account->empty = at_least_zero(account->empty + started - messages);
	count_unfinished(account, now, ripe);
	account->seen = *now;
	account->at_ms = now_ms;
	return account->empty > max_calls || now->started - now->ended > max_calls + max_calls / 4;
}
