/* Settings: everything that confiture-server can be told, as one table.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_SETTINGS_H
#define CFT_WIRING_SETTINGS_H

#include "common/config/settings.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Durations are in milliseconds, sizes in bytes. */
struct cft_server_settings {
	const char *config;
	const char *listen;
	const char *database_url; /* NULL: embedded */
	bool embedded;
	const char *data_dir; /* NULL: cft_server_data_dir */
	int log_format;       /* 0 text, 1 json */
	int log_level;        /* enum cft_log_level */
	const char *tls_cert, *tls_key, *tls_client_ca;
	bool insecure, require_auth, no_auth;
	const char *metrics_listen; /* NULL: none */
	int64_t max_requests_per_second, max_streams_per_identity, max_memory;
	int64_t max_connections, max_connections_per_address, max_connects_per_second;
	int64_t drain_timeout, bookmark_interval, stall_timeout, stream_memory;
	int64_t keepalive_interval, keepalive_timeout, max_concurrent_calls, max_unfinished_calls;
	int64_t analyzer_processes, analyzer_timeout, analyzer_cache;
	int64_t prover_timeout, prover_memory, prover_disk;
	int64_t lease_min, lease_default, lease_max, stale_after;
	int64_t max_intents_per_agent, ended_retention, request_retention;
	const struct cft_yaml_node *targets; /* NULL: none */
	int64_t operation_stale;
	int64_t drift_interval;
	int64_t database_connections, database_poll, database_timeout;
};

extern const struct cft_settings_table cft_server_settings_table;

/* What the table cannot say: a database and --embedded together, an address that others reach
 * without TLS or --insecure. CFT_E_CONFIG. */
int cft_server_settings_check(const struct cft_server_settings *settings, struct cft_err *err);
/* Callers must show a credential: everywhere but on loopback, unless the settings say otherwise. */
bool cft_server_auth_required(const struct cft_server_settings *settings);
/* CONFITURE_DATA_DIR, else where data of this user belongs; in the arena. */
const char *cft_server_data_dir(struct cft_arena *arena,
                                const struct cft_server_settings *settings);

#ifdef __cplusplus
}
#endif

#endif
