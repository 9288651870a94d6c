/* Migration: confiture.v1.MigrationService: targets, operations on them, questions to workers.
 * SPDX-License-Identifier: MIT
 *
 * Loop thread only; nothing blocks: SQL is read and run by worker processes (server/worker). What
 * an operation is and where it stands is in the store, so that any server can go on with it.
 */
#ifndef CFT_SERVICES_MIGRATION_H
#define CFT_SERVICES_MIGRATION_H

#include "server/analyzer/analyzer.h"
#include "server/prover/prover.h"
#include "server/rpc/server.h"
#include "server/services/target.h"
#include "server/store/sequencer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_migration;

/* All borrowed; the store and the sequencer are freed before it. */
struct cft_migration_options {
	struct cft_loop *loop;
	struct cft_store *store;
	struct cft_sequencer *sequencer;
	struct cft_analyzer *analyzer;
	struct cft_prover_pool *prover;
	struct cft_targets targets;
	int64_t stale_ms; /* a server that is not heard of so long loses its operation; 0 = 10,000
	                   */
	int64_t drift_ms; /* how often targets are looked at; 0 = never */
};

struct cft_migration *cft_migration_new(const struct cft_migration_options *options);
const struct cft_rpc_service *cft_migration_service(const struct cft_migration *migration);
/* Ends streams and questions. Running operations are left to the next server: their workers end
 * with this one. */
void cft_migration_shutdown(struct cft_migration *migration);
void cft_migration_free(struct cft_migration *migration); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
