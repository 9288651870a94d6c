/* Watch: tells who blocks a statement that takes long.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/watch.h"

#include "common/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first look comes before a short lock_timeout ends the wait, later ones are rarer. */
enum { FIRST_LOOK_MS = 300, NEXT_LOOK_MS = 1000 };

struct cft_mig_watch {
	struct cft_mig_engine *engine;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t changed;
	bool stop, busy;
	bool emitting;      /* the observer is being told: the statement's end waits for it */
	unsigned statement; /* counts begins, so that an answer for an old one is not used */
	char blocker[256];
	struct cft_pg *pg; /* the thread's alone */
};

static const char blockers_sql[] =
	"SELECT pg_catalog.string_agg(pg_catalog.format('pid %s (%s, %s%s)', a.pid, "
	" coalesce(nullif(a.application_name, ''), a.usename, 'unknown'), "
	" coalesce(a.state, a.backend_type), "
	" coalesce(' since ' || to_char(a.xact_start AT TIME ZONE 'UTC', "
	"  'HH24:MI:SS \"UTC\"') || ': ' || pg_catalog.left(pg_catalog.regexp_replace(a.query, "
	"  '\\s+', ' ', 'g'), 80), '')), ', ') "
	"FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) AS b(pid) "
	"JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid";

static bool ask(struct cft_mig_watch *watch, struct cft_buf *out)
{
	const struct cft_pg_options options = {
		.url = watch->engine->options.url,
		.application_name = "confiture migrate (watching for locks)",
	};
	char pid[16];
	const char *values[] = {pid};

	if (!watch->pg && cft_pg_connect(&options, &watch->pg, NULL) != 0)
		return false;
	snprintf(pid, sizeof(pid), "%d", cft_pg_backend_pid(watch->engine->pg));
	return cft_pg_query_text(watch->pg, blockers_sql, 1, values, out, NULL) == 0 &&
	       out->len > 0;
}

static void look(struct cft_mig_watch *watch)
{
	struct cft_buf blocker = CFT_BUF_INIT;
	unsigned statement = watch->statement;

	pthread_mutex_unlock(&watch->mutex);
	bool found = ask(watch, &blocker);
	pthread_mutex_lock(&watch->mutex);
	bool news = found && watch->statement == statement &&
	            strcmp(watch->blocker, cft_buf_str(&blocker)) != 0;
	if (news)
		snprintf(watch->blocker, sizeof(watch->blocker), "%s", cft_buf_str(&blocker));
	if (news && watch->busy) {
		watch->emitting = true;
		pthread_mutex_unlock(&watch->mutex);
		cft_mig_emit(watch->engine, CFT_MIG_BLOCKED, cft_buf_str(&blocker));
		pthread_mutex_lock(&watch->mutex);
		watch->emitting = false;
		pthread_cond_broadcast(&watch->changed);
	}
	cft_buf_release(&blocker);
}

static void wait_ms(struct cft_mig_watch *watch, int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
}

static void *run(void *arg)
{
	struct cft_mig_watch *watch = arg;

	pthread_mutex_lock(&watch->mutex);
	while (!watch->stop) {
		unsigned statement = watch->statement;

		if (!watch->busy) {
			pthread_cond_wait(&watch->changed, &watch->mutex);
			continue;
		}
		wait_ms(watch, watch->blocker[0] ? NEXT_LOOK_MS : FIRST_LOOK_MS);
		if (!watch->stop && watch->busy && watch->statement == statement)
			look(watch);
	}
	pthread_mutex_unlock(&watch->mutex);
	cft_pg_close(watch->pg);
	return NULL;
}

struct cft_mig_watch *cft_mig_watch_new(struct cft_mig_engine *engine)
{
	struct cft_mig_watch *watch = cft_new(struct cft_mig_watch);
	pthread_condattr_t attr;

	watch->engine = engine;
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&watch->thread, NULL, run, watch) != 0)
		abort();
	return watch;
}

void cft_mig_watch_free(struct cft_mig_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->mutex);
	watch->stop = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->mutex);
	free(watch);
}

void cft_mig_watch_begin(struct cft_mig_watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->busy = true;
	watch->statement++;
	watch->blocker[0] = '\0';
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->mutex);
}

void cft_mig_watch_end(struct cft_mig_watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->busy = false;
	while (watch->emitting)
		pthread_cond_wait(&watch->changed, &watch->mutex);
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->mutex);
}

const char *cft_mig_watch_blocker(struct cft_mig_watch *watch, struct cft_arena *arena)
{
	pthread_mutex_lock(&watch->mutex);
	const char *copy = cft_arena_strdup(arena, watch->blocker);
	pthread_mutex_unlock(&watch->mutex);
	return copy;
}
