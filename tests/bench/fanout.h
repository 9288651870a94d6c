/* Fanout: what the peers have in common: opening one stream, and the event that all of them get.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BENCH_FANOUT_H
#define CFT_BENCH_FANOUT_H

#include "common/rpc/client.h"

struct fanout_kind {
	const char *name;
	/* Opens a stream and waits until the server has it. */
	struct cft_stream *(*open)(struct cft_client *client, const char *project);
	/* Waits for the next event of a stream. */
	void (*read)(struct cft_stream *stream, struct cft_arena *arena);
	/* Makes the event; returns when it is acknowledged. */
	void (*fire)(struct cft_client *client, const char *project, long number);
};

/* NULL for an unknown name. */
const struct fanout_kind *cft_fanout_kind(const char *name);

#endif
