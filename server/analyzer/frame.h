/* Frame: what goes through the pipes between the server and its analyzers.
 * SPDX-License-Identifier: MIT
 *
 * Both ends are the same program on the same machine: plain structs in native order. A request is
 * its header, the tables as NUL-terminated strings, and the SQL; an answer is its header and a
 * serialized EffectSet, or a serialized google.rpc.Status (common/rpc/status.h).
 */
#ifndef CFT_ANALYZER_FRAME_H
#define CFT_ANALYZER_FRAME_H

#include <stdint.h>

struct cft_request_header {
	uint32_t tables_bytes, n_tables;
	uint32_t sql_bytes;
	uint32_t dump;
};

struct cft_answer_header {
	uint32_t bytes;
	int32_t code; /* enum cft_code; 0: an EffectSet */
};

/* An answer beyond this is a broken analyzer. */
enum { CFT_ANSWER_MAX_BYTES = 256 << 20 };

#endif
