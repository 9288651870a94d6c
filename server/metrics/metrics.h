/* Metrics: what the server counts, as one table, and its text form for Prometheus.
 * SPDX-License-Identifier: MIT
 *
 * Any thread may add and read; a metric is one atomic number.
 */
#ifndef CFT_METRICS_METRICS_H
#define CFT_METRICS_METRICS_H

#include "common/base/buf.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(id, name, type, help): the name without "confiture_". */
#define CFT_METRIC_MAP(X)                                                                          \
	X(CALLS, "calls_total", "counter", "Calls that reached the gate")                          \
	X(REFUSED_CREDENTIAL, "refused_credential_total", "counter",                               \
	  "Calls refused for their credential: none, unknown, expired or revoked")                 \
	X(REFUSED_PERMISSION, "refused_permission_total", "counter",                               \
	  "Calls refused by role, project or agent")                                               \
	X(REFUSED_RATE, "refused_rate_total", "counter",                                           \
	  "Calls and messages beyond max_requests_per_second")                                     \
	X(REFUSED_STREAMS, "refused_streams_total", "counter",                                     \
	  "Streams beyond max_streams_per_identity")                                               \
	X(REFUSED_MEMORY, "refused_memory_total", "counter", "Calls refused beyond max_memory")    \
	X(REFUSED_LIMIT, "refused_limit_total", "counter",                                         \
	  "Calls answered RESOURCE_EXHAUSTED, for any limit: rate, size, statements, intents, "    \
	  "queues")                                                                                \
	X(REFUSED_SIZE, "refused_size_total", "counter",                                           \
	  "Messages larger than their method takes")                                               \
	X(CONNECTIONS, "connections", "gauge", "Open connections, also those that wait")           \
	X(CONNECTIONS_WAITING, "connections_waiting", "gauge",                                     \
	  "Connections that are silent or wait for max_connects_per_second")                       \
	X(CONNECTIONS_REFUSED, "connections_refused_total", "counter",                             \
	  "Connections beyond max_connections or max_connections_per_address")                     \
	X(CONNECTIONS_DROPPED, "connections_dropped_total", "counter",                             \
	  "Connections that were silent, of another protocol, shed, or left before their turn")    \
	X(CONNECTIONS_ABUSIVE, "connections_abusive_total", "counter",                             \
	  "Connections ended because they only made work")                                         \
	X(STREAMS, "streams", "gauge", "Open streams and long polls")                              \
	X(LIVE_CALLS, "live_calls", "gauge", "Calls that are not ended")                           \
	X(UNFINISHED_CALLS, "unfinished_calls", "gauge",                                           \
	  "Calls whose message had not come when the server last worked")                          \
	X(CREDENTIALS, "credentials", "gauge", "Credentials known")                                \
	X(RESIDENT_BYTES, "resident_memory_bytes", "gauge", "Memory of the server's process")      \
	X(LIMIT_MEMORY, "limit_memory_bytes", "gauge", "max_memory, as it is in force")            \
	X(LIMIT_RATE, "limit_requests_per_second", "gauge",                                        \
	  "max_requests_per_second of one credential; 0: no limit")                                \
	X(LIMIT_STREAMS, "limit_streams_per_identity", "gauge",                                    \
	  "max_streams_per_identity; 0: no limit")                                                 \
	X(LIMIT_CONNECTIONS, "limit_connections", "gauge",                                         \
	  "max_connections, as descriptors allow")                                                 \
	X(LIMIT_CONNECTIONS_ADDRESS, "limit_connections_per_address", "gauge",                     \
	  "max_connections_per_address; 0: no limit")                                              \
	X(LIMIT_CONNECTS, "limit_connects_per_second", "gauge",                                    \
	  "max_connects_per_second of one address; 0: no limit")                                   \
	X(LIMIT_CALLS, "limit_concurrent_calls", "gauge",                                          \
	  "max_concurrent_calls of one connection")                                                \
	X(LIMIT_UNFINISHED, "limit_unfinished_calls", "gauge",                                     \
	  "max_unfinished_calls of all connections; 0: no limit")                                  \
	X(LIMIT_INTENTS, "limit_intents_per_agent", "gauge", "max_intents_per_agent; 0: no limit") \
	X(PROJECTS, "projects", "gauge", "Projects in memory")                                     \
	X(LIVE_INTENTS, "live_intents", "gauge", "Intents that are not terminal")                  \
	X(LEASES, "leases", "gauge", "Leases held")                                                \
	X(WAITING_COMMANDS, "waiting_commands", "gauge", "Mutations that wait for a commit group") \
	X(WAITING_READS, "waiting_reads", "gauge", "Reads that wait for a revision")               \
	X(COMMIT_GROUPS, "commit_groups_total", "counter", "Groups of mutations sent to commit")   \
	X(ANALYZED, "analyzed_total", "counter", "Texts that the analyzer parsed")                 \
	X(ANALYZER_HITS, "analyzer_cache_hits_total", "counter", "Texts found in its cache")       \
	X(ANALYZER_DIED, "analyzer_died_total", "counter", "Analyzer processes that died")         \
	X(ANALYZER_WAITING, "analyzer_waiting", "gauge", "Texts that wait for an analyzer")        \
	X(LOOP_TURN, "loop_turn_milliseconds", "gauge", "Monotonic time of the loop's last tick")  \
	X(DRAINING, "draining", "gauge", "1 after SIGTERM")                                        \
	X(DATABASE_UP, "database_up", "gauge", "1 while the database answers")                     \
	X(STARTED, "start_time_seconds", "gauge", "When the server started, since 1970")

enum cft_metric {
#define CFT_METRIC_ENUM(id, name, type, help) CFT_METRIC_##id,
	CFT_METRIC_MAP(CFT_METRIC_ENUM)
#undef CFT_METRIC_ENUM
		CFT_METRIC_COUNT,
};

struct cft_metrics;

struct cft_metrics *cft_metrics_new(void);
void cft_metrics_free(struct cft_metrics *metrics); /* NULL is fine */
/* `metrics` may be NULL: nothing happens. */
void cft_metrics_add(struct cft_metrics *metrics, enum cft_metric which, int64_t n);
void cft_metrics_set(struct cft_metrics *metrics, enum cft_metric which, int64_t value);
int64_t cft_metrics_get(const struct cft_metrics *metrics, enum cft_metric which);
/* Appends all of them, in the text format 0.0.4. */
void cft_metrics_write(const struct cft_metrics *metrics, struct cft_buf *out);

#ifdef __cplusplus
}
#endif

#endif
