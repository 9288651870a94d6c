/* Settings: the table of the server's settings, and the checks across them.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/settings.h"

#include "common/base/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

static const struct cft_setting rows[] = {
	{.name = "listen",
         .type = CFT_SETTING_ADDRESS,
         .offset = offsetof(struct cft_server_settings, listen),
         .fallback = "127.0.0.1:7430",
         .group = "Network",
         .help = "Address and port for gRPC; port 0 takes a free one."},
	{.name = "insecure",
         .type = CFT_SETTING_BOOL,
         .offset = offsetof(struct cft_server_settings, insecure),
         .help = "Listen without TLS on an address that other machines can reach."},
	{.name = "tls.cert",
         .type = CFT_SETTING_PATH,
         .offset = offsetof(struct cft_server_settings, tls_cert),
         .help = "Certificate of the server, PEM. With tls.key: serve TLS."},
	{.name = "tls.key",
         .type = CFT_SETTING_PATH,
         .offset = offsetof(struct cft_server_settings, tls_key),
         .help = "Private key of the certificate, PEM."},
	{.name = "tls.client_ca",
         .type = CFT_SETTING_PATH,
         .offset = offsetof(struct cft_server_settings, tls_client_ca),
         .help = "Certificate authority, PEM: clients must show a certificate of it."},
	{.name = "require_auth",
         .type = CFT_SETTING_BOOL,
         .offset = offsetof(struct cft_server_settings, require_auth),
         .help = "Every caller must show a credential. The default where the address is not "
                 "loopback."},
	{.name = "no_auth",
         .type = CFT_SETTING_BOOL,
         .offset = offsetof(struct cft_server_settings, no_auth),
         .help = "Take callers without a credential as operators also where other machines "
                 "reach the address."},
	{.name = "metrics_listen",
         .type = CFT_SETTING_ADDRESS,
         .offset = offsetof(struct cft_server_settings, metrics_listen),
         .help = "Address and port for /metrics, /healthz and /readyz; HTTP without "
                 "credentials, numbers only. None without it."},
	{.name = "keepalive_interval",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, keepalive_interval),
         .fallback = "20s",
         .min = 1000,
         .max = 3600000,
         .help = "A connection that says nothing for so long is pinged."},
	{.name = "keepalive_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, keepalive_timeout),
         .fallback = "10s",
         .min = 1000,
         .max = 600000,
         .help = "A connection that does not answer a ping for so long is closed."},
	{.name = "max_connections",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_connections),
         .fallback = "10000",
         .min = 1,
         .max = 1000000,
         .help = "Connections at a time; less where the process may not have so many "
                 "descriptors."},
	{.name = "max_connections_per_address",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_connections_per_address),
         .fallback = "1000",
         .min = 0,
         .max = 1000000,
         .help = "Connections of one address (of an IPv6 network /64) at a time; 0 is no "
                 "limit."},
	{.name = "max_connects_per_second",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_connects_per_second),
         .fallback = "200",
         .min = 0,
         .max = 1000000,
         .help = "New connections of one address, twice that at once; more of them wait; 0 is "
                 "no limit."},
	{.name = "max_concurrent_calls",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_concurrent_calls),
         .fallback = "1000",
         .min = 1,
         .max = 1000000,
         .help = "Calls and streams of one connection at a time."},
	{.name = "max_unfinished_calls",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_unfinished_calls),
         .fallback = "20000",
         .min = 0,
         .max = 1000000,
         .help = "Calls whose message has not come, of all connections at a time: beyond it those "
                 "with the most are ended; 0 is no limit."},
	{.name = "database_url",
         .type = CFT_SETTING_STRING,
         .offset = offsetof(struct cft_server_settings, database_url),
         .group = "Database",
         .flags = CFT_SETTING_SECRET,
         .help = "PostgreSQL that holds the log; a libpq connection string. Without one: "
                 "the embedded PostgreSQL."},
	{.name = "embedded",
         .type = CFT_SETTING_BOOL,
         .offset = offsetof(struct cft_server_settings, embedded),
         .help = "Run a private PostgreSQL in the data directory. The default without a "
                 "database URL."},
	{.name = "data_dir",
         .type = CFT_SETTING_PATH,
         .offset = offsetof(struct cft_server_settings, data_dir),
         .help = "Directory of the embedded PostgreSQL. Default: "
                 "$XDG_DATA_HOME/confiture, ~/.local/share/confiture, or "
                 "/var/lib/confiture for root."},
	{.name = "database_connections",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, database_connections),
         .fallback = "4",
         .min = 1,
         .max = 64,
         .help = "Connections to the database."},
	{.name = "database_poll",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, database_poll),
         .fallback = "1s",
         .min = 50,
         .max = 60000,
         .help = "How often to ask whether other servers wrote; notifications make it "
                 "quicker."},
	{.name = "database_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, database_timeout),
         .fallback = "30s",
         .min = 1000,
         .max = 600000,
         .help = "How long an answer of the database may take before the connection "
                 "counts as lost."},
	{.name = "lease.min",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, lease_min),
         .fallback = "1m",
         .min = 1000,
         .max = 86400000,
         .group = "Coordination",
         .help = "Shortest lease that a participant can ask for."},
	{.name = "lease.default",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, lease_default),
         .fallback = "15m",
         .min = 1000,
         .max = 604800000,
         .help = "Lease of an intent that says nothing about its duration."},
	{.name = "lease.max",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, lease_max),
         .fallback = "24h",
         .min = 1000,
         .max = 2592000000,
         .help = "Longest lease."},
	{.name = "stale_after",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, stale_after),
         .fallback = "7d",
         .min = 1000,
         .max = 31536000000,
         .help = "A registered intent that nobody touches for so long blocks nobody any "
                 "more."},
	{.name = "ended_retention",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, ended_retention),
         .fallback = "30d",
         .min = 1000,
         .max = 315360000000,
         .help = "Merged and abandoned intents leave the server's memory after so long; the "
                 "database keeps them."},
	{.name = "request_retention",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, request_retention),
         .fallback = "1d",
         .min = 10000,
         .max = 2592000000,
         .help = "So long a repeated request_id gives the first answer; the same on all servers "
                 "of a database."},
	{.name = "max_intents_per_agent",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_intents_per_agent),
         .fallback = "10000",
         .min = 0,
         .max = 10000000,
         .help = "Unfinished intents of one agent; 0 is no limit."},
	{.name = "max_requests_per_second",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_requests_per_second),
         .fallback = "1000",
         .min = 0,
         .max = 1000000,
         .help = "Requests of one credential, twice that at once; 0 is no limit."},
	{.name = "max_streams_per_identity",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, max_streams_per_identity),
         .fallback = "1000",
         .min = 0,
         .max = 1000000,
         .help = "Open streams and long polls of one credential; 0 is no limit."},
	{.name = "max_memory",
         .type = CFT_SETTING_BYTES,
         .offset = offsetof(struct cft_server_settings, max_memory),
         .fallback = "0",
         .min = 0,
         .max = 1099511627776,
         .help = "Memory of the server's process beyond which new calls are refused and the "
                 "busiest connections ended; 0 is three quarters of the machine's or the "
                 "control group's."},
	{.name = "bookmark_interval",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, bookmark_interval),
         .fallback = "20s",
         .min = 100,
         .max = 3600000,
         .group = "Streams",
         .help = "A quiet stream sends a bookmark so often."},
	{.name = "stall_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, stall_timeout),
         .fallback = "30s",
         .min = 100,
         .max = 3600000,
         .help = "A stream whose client takes nothing for so long is ended; it can "
                 "resume."},
	{.name = "stream_memory",
         .type = CFT_SETTING_BYTES,
         .offset = offsetof(struct cft_server_settings, stream_memory),
         .fallback = "16MiB",
         .min = 65536,
         .max = 1099511627776,
         .help = "Newest events kept in memory for streams, per project."},
	{.name = "analyzer.processes",
         .type = CFT_SETTING_INT,
         .offset = offsetof(struct cft_server_settings, analyzer_processes),
         .fallback = "2",
         .min = 1,
         .max = 64,
         .group = "Analyzer",
         .help = "Processes that parse SQL."},
	{.name = "analyzer.timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, analyzer_timeout),
         .fallback = "10s",
         .min = 100,
         .max = 600000,
         .help = "Longest time for one text."},
	{.name = "analyzer.cache",
         .type = CFT_SETTING_BYTES,
         .offset = offsetof(struct cft_server_settings, analyzer_cache),
         .fallback = "8MiB",
         .min = 0,
         .max = 1099511627776,
         .help = "Results kept in memory."},
	{.name = "prover.timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, prover_timeout),
         .fallback = "2m",
         .min = 1000,
         .max = 3600000,
         .help = "Longest time for running both orders of a conflict in a private "
                 "PostgreSQL; what takes longer is not provable."},
	{.name = "prover.memory",
         .type = CFT_SETTING_BYTES,
         .offset = offsetof(struct cft_server_settings, prover_memory),
         .fallback = "2GiB",
         .min = 268435456,
         .max = 1099511627776,
         .help = "Memory of a proof, of all its processes; what takes more is not provable."},
	{.name = "prover.disk",
         .type = CFT_SETTING_BYTES,
         .offset = offsetof(struct cft_server_settings, prover_disk),
         .fallback = "2GiB",
         .min = 268435456,
         .max = 1099511627776,
         .help = "Disk space of a proof, in $TMPDIR; what takes more is not provable."},
	{.name = "targets",
         .type = CFT_SETTING_SECTION,
         .offset = offsetof(struct cft_server_settings, targets),
         .flags = CFT_SETTING_FILE_ONLY,
         .group = "Migrations",
         .help = "Databases that agents may migrate through this server: a section per "
                 "target, by its name, with url or url_file, project, policy (free, "
                 "intent-required, "
                 "approval-required), agents, roles, approvers, table, lock_timeout, "
                 "statement_timeout."},
	{.name = "operation_stale",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, operation_stale),
         .fallback = "10s",
         .min = 3000,
         .max = 3600000,
         .help = "A server that is not heard of for so long loses the migrations that it runs "
                 "to another one."},
	{.name = "drift_interval",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, drift_interval),
         .fallback = "10m",
         .min = 0,
         .max = 86400000,
         .help = "How often targets are looked at for changes that were made beside the server; "
                 "0 for never."},
	{.name = "drain_timeout",
         .type = CFT_SETTING_DURATION,
         .offset = offsetof(struct cft_server_settings, drain_timeout),
         .fallback = "5s",
         .min = 0,
         .max = 600000,
         .group = "Operation",
         .help = "How long calls may take to end after SIGTERM."},
	{.name = "log_format",
         .type = CFT_SETTING_ENUM,
         .offset = offsetof(struct cft_server_settings, log_format),
         .fallback = "text",
         .choices = log_formats,
         .help = "Form of the log on standard error."},
	{.name = "log_level",
         .type = CFT_SETTING_ENUM,
         .offset = offsetof(struct cft_server_settings, log_level),
         .fallback = "info",
         .choices = log_levels,
         .help = "Least important messages to log."},
	{.name = "config",
         .type = CFT_SETTING_PATH,
         .offset = offsetof(struct cft_server_settings, config),
         .flags = CFT_SETTING_CLI_ONLY,
         .help = "Configuration file, YAML."},
};

const struct cft_settings_table cft_server_settings_table = {
	.rows = rows,
	.n = sizeof(rows) / sizeof(rows[0]),
	.env_prefix = "CONFITURE_",
};

static bool is_loopback(const char *address)
{
	return cft_has_prefix(address, "127.") || cft_has_prefix(address, "localhost:") ||
	       cft_has_prefix(address, "[::1]:");
}

bool cft_server_auth_required(const struct cft_server_settings *settings)
{
	return settings->require_auth || (!settings->no_auth && !is_loopback(settings->listen));
}

static int check_tls_file(const char *key, const char *path, struct cft_err *err)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	return cft_fail(err, CFT_E_CONFIG, "%s: cannot read %s: %s", key, path, strerror(errno));
}

/* Before anything is started: a typing error should not cost the wait for a database. */
static int check_tls(const struct cft_server_settings *settings, struct cft_err *err)
{
	int rc;

	if (!settings->tls_cert != !settings->tls_key)
		return cft_fail(err, CFT_E_CONFIG, "tls.cert and tls.key come together");
	if (settings->tls_client_ca && !settings->tls_cert)
		return cft_fail(err, CFT_E_CONFIG, "tls.client_ca needs tls.cert and tls.key");
	if ((rc = check_tls_file("tls.cert", settings->tls_cert, err)) < 0 ||
	    (rc = check_tls_file("tls.key", settings->tls_key, err)) < 0)
		return rc;
	return check_tls_file("tls.client_ca", settings->tls_client_ca, err);
}

int cft_server_settings_check(const struct cft_server_settings *settings, struct cft_err *err)
{
	if (settings->embedded && settings->database_url)
		return cft_fail(err, CFT_E_CONFIG, "embedded and database_url exclude each other");
	if (!settings->tls_cert && !settings->insecure && !is_loopback(settings->listen)) {
		cft_fail_reason(err, CFT_E_CONFIG, "TLS_REQUIRED",
		                "listening on %s without TLS lets the whole network in",
		                settings->listen);
		return cft_err_hint(err, "give tls.cert and tls.key, or --insecure");
	}
	if (settings->require_auth && settings->no_auth)
		return cft_fail(err, CFT_E_CONFIG, "require_auth and no_auth exclude each other");
	if (settings->lease_min > settings->lease_default ||
	    settings->lease_default > settings->lease_max)
		return cft_fail(err, CFT_E_CONFIG,
		                "lease.min, lease.default and lease.max must ascend");
	return check_tls(settings, err);
}

static bool open_to_others(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && (st.st_mode & S_IXOTH);
}

/* The same rule as the command line's for the server that it starts. A home that others cannot
 * enter is no place for a PostgreSQL that drops root's privileges. */
const char *cft_server_data_dir(struct cft_arena *arena, const struct cft_server_settings *settings)
{
	const char *base = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (settings->data_dir)
		return settings->data_dir;
	if (base && base[0])
		return cft_arena_printf(arena, "%s/confiture", base);
	if (!home || !home[0] || (geteuid() == 0 && !open_to_others(home)))
		return "/var/lib/confiture";
	return cft_arena_printf(arena, "%s/.local/share/confiture", home);
}
