/* Tag: what goes through a completion queue: the batch's own struct, first member.
 * SPDX-License-Identifier: MIT
 *
 * Each grpc_call_start_batch gets the address of a cft_tag that is the first member of the struct
 * which holds the batch's ops, buffers and owner; the pump calls `done` and knows nothing more.
 * Only for modules that may include gRPC.
 */
#ifndef CFT_RPC_TAG_H
#define CFT_RPC_TAG_H

#include <grpc/grpc.h>
#include <grpc/support/time.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_tag {
	/* `ok` is grpc_event.success. Runs on the thread that pumps the queue. */
	void (*done)(struct cft_tag *tag, bool ok);
	unsigned handed_over; /* atomic: see cft_tag_hand_over */
};

/* Every start of a batch passes its tag through this: what the starting thread wrote before is
 * visible to the thread that pumps. gRPC's own locks see to that as well, but no sanitizer sees
 * into gRPC: this says it in our own code, and costs one uncontended atomic add. */
static inline void *cft_tag_hand_over(struct cft_tag *tag)
{
	__atomic_fetch_add(&tag->handed_over, 1, __ATOMIC_RELEASE);
	return tag;
}

/* grpc_init, and gRPC's own messages into our log at level DEBUG: what matters comes back as an
 * error. Each needs a grpc_shutdown. */
void cft_rpc_init(void);

/* Waits until `deadline` for one event and runs it. */
enum cft_pump { CFT_PUMP_RAN, CFT_PUMP_TIMEOUT, CFT_PUMP_SHUTDOWN };
enum cft_pump cft_rpc_pump(grpc_completion_queue *queue, gpr_timespec deadline);

/* Around the start of a batch, on one thread: where an event of the queue is due before the second
 * of them, it runs the first such itself, and no thread that pumps is woken for it. */
void cft_rpc_keep_event(grpc_completion_queue *queue);
void cft_rpc_run_kept_event(grpc_completion_queue *queue);

/* Now plus so much; at most a year. */
gpr_timespec cft_rpc_deadline(int timeout_ms);
/* A NUL-terminated copy; free() it. */
char *cft_rpc_slice_strdup(grpc_slice slice);
/* Finds a key in received metadata; false if it is not there. `ret_value` is borrowed. */
bool cft_rpc_metadata_find(const grpc_metadata_array *metadata, const char *key,
                           grpc_slice *ret_value);

#ifdef __cplusplus
}
#endif

#endif
