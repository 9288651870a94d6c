/* Coordination: confiture.v1.CoordinationService on the sequencer, the store, the analyzer
 * and the prover.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only. The parts it works with are borrowed and outlive it; it takes the sequencer's
 * listener and reset callback.
 */
#ifndef CFT_SERVICES_COORDINATION_H
#define CFT_SERVICES_COORDINATION_H

#include "server/analyzer/analyzer.h"
#include "server/prover/prover.h"
#include "server/rpc/server.h"
#include "server/store/sequencer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_coordination;

struct cft_coordination_options {
	struct cft_loop *loop;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	struct cft_analyzer *analyzer;
	struct cft_prover_pool *prover; /* NULL: ProveConflict is refused */
	const char *database;           /* for GetServerInfo: no user, no password; copied */
	int64_t bookmark_ms;            /* a quiet stream's sign of life; 0 = 20,000 */
	int64_t stall_ms;        /* a stream whose client takes nothing so long; 0 = 30,000 */
	size_t tail_max_bytes;   /* events kept in memory per project; 0 = 16 MiB */
	size_t max_schema_bytes; /* of a base schema's text; 0 = 64 MiB */
};

struct cft_coordination *cft_coordination_new(const struct cft_coordination_options *options);
/* After the server has stopped. NULL is fine. */
void cft_coordination_free(struct cft_coordination *coordination);
const struct cft_rpc_service *cft_coordination_service(const struct cft_coordination *coordination);
/* Ends every stream with its resume token, every long poll with what it has: before the server
 * stops. New ones are refused. */
void cft_coordination_shutdown(struct cft_coordination *coordination);
/* Open event streams, for metrics. */
size_t cft_coordination_streams(const struct cft_coordination *coordination);

#ifdef __cplusplus
}
#endif

#endif
