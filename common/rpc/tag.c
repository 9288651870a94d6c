/* Tag: pumping a completion queue, and small conversions that every batch needs.
 * SPDX-License-Identifier: MIT
 */
#include "common/rpc/tag.h"

#include "common/base/log.h"
#include "common/base/mem.h"

#include <grpc/slice.h>
#include <grpc/support/log.h>
#include <string.h>

static void log_line(gpr_log_func_args *args)
{
	cft_log(CFT_LOG_DEBUG, "grpc", "message", args->message, NULL);
}

/* absl::SetMutexDeadlockDetectionMode, which C cannot name. Debian builds abseil with its debugging
 * graph of lock orders on: every lock that gRPC takes is entered there, some 5 % of a server's
 * time. Weak: another abseil may not have it under this name, and goes on as it is. */
enum { IGNORE_LOCK_CYCLES = 0 };
extern void set_lock_cycle_detection(int mode) __asm__(
	"_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE")
	__attribute__((weak));

void cft_rpc_init(void)
{
	if (set_lock_cycle_detection)
		set_lock_cycle_detection(IGNORE_LOCK_CYCLES);
	gpr_set_log_function(log_line);
	grpc_init();
}

static void run(struct cft_tag *tag, bool ok)
{
	(void)__atomic_load_n(&tag->handed_over, __ATOMIC_ACQUIRE);
	tag->done(tag, ok);
}

enum cft_pump cft_rpc_pump(grpc_completion_queue *queue, gpr_timespec deadline)
{
	grpc_event event = grpc_completion_queue_next(queue, deadline, NULL);

	if (event.type == GRPC_QUEUE_SHUTDOWN)
		return CFT_PUMP_SHUTDOWN;
	if (event.type == GRPC_QUEUE_TIMEOUT)
		return CFT_PUMP_TIMEOUT;
	run(event.tag, event.success != 0);
	return CFT_PUMP_RAN;
}

/* What a kept event starts keeps none: whoever floods us must not make the stack deep. */
static _Thread_local bool runs_kept_event;

void cft_rpc_keep_event(grpc_completion_queue *queue)
{
	if (!runs_kept_event)
		grpc_completion_queue_thread_local_cache_init(queue);
}

void cft_rpc_run_kept_event(grpc_completion_queue *queue)
{
	void *tag;
	int ok;

	if (runs_kept_event || !grpc_completion_queue_thread_local_cache_flush(queue, &tag, &ok))
		return;
	runs_kept_event = true;
	run(tag, ok != 0);
	runs_kept_event = false;
}

gpr_timespec cft_rpc_deadline(int timeout_ms)
{
	return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
	                    gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));
}

char *cft_rpc_slice_strdup(grpc_slice slice)
{
	return cft_strndup((const char *)GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice));
}

bool cft_rpc_metadata_find(const grpc_metadata_array *metadata, const char *key,
                           grpc_slice *ret_value)
{
	for (size_t i = 0; i < metadata->count; i++) {
		if (grpc_slice_str_cmp(metadata->metadata[i].key, key) == 0) {
			*ret_value = metadata->metadata[i].value;
			return true;
		}
	}
	return false;
}
