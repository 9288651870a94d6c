/* Frame: what goes through the pipes between the server and a worker.
 * SPDX-License-Identifier: MIT
 *
 * Both ends are the same program on the same machine: plain structs in native order. The input is
 * one header, a JSON object (the job) and the packed request; then one byte for each cancel. Its
 * end means that the server is gone: the worker ends too. The output is any number of progress
 * frames, then one result or error.
 */
#ifndef CFT_WORKER_FRAME_H
#define CFT_WORKER_FRAME_H

#include <stdint.h>

struct cft_worker_input {
	uint32_t job_bytes, request_bytes;
};

enum cft_worker_frame_kind {
	CFT_WORKER_PROGRESS = 1, /* an OperationProgress */
	CFT_WORKER_RESULT,       /* the method's response */
	CFT_WORKER_ERROR,        /* a google.rpc.Status (common/rpc/status.h) */
};

struct cft_worker_output {
	uint32_t kind;
	int32_t code; /* of an error: enum cft_code */
	uint32_t bytes;
};

/* A frame beyond this is a broken worker. */
enum { CFT_WORKER_MAX_BYTES = 256 << 20 };

#endif
