/* Frame: what goes through the pipes between the server and a prover.
 * SPDX-License-Identifier: MIT
 *
 * Both ends are the same program on the same machine: plain structs in native order. A request is
 * its header and the three texts; an answer is its header and JSON: the proof, or with a code an
 * error's message.
 */
#ifndef CFT_PROVER_FRAME_H
#define CFT_PROVER_FRAME_H

#include <stdint.h>

enum { CFT_PROOF_TEXTS = 3 }; /* base, A, B */

struct cft_proof_request {
	uint32_t bytes[CFT_PROOF_TEXTS];
};

struct cft_proof_answer {
	int32_t code; /* enum cft_code; 0: a proof */
	uint32_t bytes;
};

/* An answer beyond this is a broken prover. */
enum { CFT_PROOF_ANSWER_MAX_BYTES = 4 << 20 };

#endif
