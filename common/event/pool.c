/* Pool: a queue under a mutex, threads that wait on it, a mailbox for the answers.
 * SPDX-License-Identifier: MIT
 */
#include "common/event/pool.h"

#include "common/base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct cft_pool {
	struct cft_mailbox *answers;
	size_t pending; /* loop thread only */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct cft_mail *first, **last; /* under lock, as `stopping` */
	bool stopping;
	int threads;
	pthread_t thread[];
};

static struct cft_job *job_of(struct cft_mail *mail)
{
	return cft_mail_of(mail, struct cft_job, mail);
}

static struct cft_job *take(struct cft_pool *pool)
{
	struct cft_mail *mail;

	pthread_mutex_lock(&pool->lock);
	while (!pool->first && !pool->stopping)
		pthread_cond_wait(&pool->more, &pool->lock);
	mail = pool->first;
	if (mail) {
		pool->first = mail->next;
		if (!pool->first)
			pool->last = &pool->first;
	}
	pthread_mutex_unlock(&pool->lock);
	return mail ? job_of(mail) : NULL;
}

static void *work(void *ctx)
{
	struct cft_pool *pool = ctx;
	struct cft_job *job;

	while ((job = take(pool))) {
		job->run(job);
		cft_mailbox_post(pool->answers, &job->mail);
	}
	return NULL;
}

static void on_answer(void *ctx, struct cft_mail *mail)
{
	struct cft_pool *pool = ctx;
	struct cft_job *job = job_of(mail);

	pool->pending--;
	job->done(job);
}

struct cft_pool *cft_pool_new(struct cft_loop *loop, int threads, size_t stack_bytes)
{
	struct cft_pool *pool =
		cft_calloc(1, sizeof(*pool) + (size_t)threads * sizeof(pool->thread[0]));
	pthread_attr_t attr;
	sigset_t all, old;

	pool->answers = cft_mailbox_new(loop, on_answer, pool);
	pool->last = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->more, NULL);
	pthread_attr_init(&attr);
	if (stack_bytes)
		pthread_attr_setstacksize(&attr, stack_bytes);
	/* Signals are the loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (; pool->threads < threads; pool->threads++)
		if (pthread_create(&pool->thread[pool->threads], &attr, work, pool) != 0)
			abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return pool;
}

void cft_pool_submit(struct cft_pool *pool, struct cft_job *job)
{
	assert(job->run && job->done);
	pool->pending++;
	job->mail.next = NULL;
	pthread_mutex_lock(&pool->lock);
	*pool->last = &job->mail;
	pool->last = &job->mail.next;
	pthread_cond_signal(&pool->more);
	pthread_mutex_unlock(&pool->lock);
}

size_t cft_pool_pending(const struct cft_pool *pool)
{
	return pool->pending;
}

void cft_pool_free(struct cft_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->threads; i++)
		pthread_join(pool->thread[i], NULL);
	cft_mailbox_free(pool->answers);
	assert(pool->pending == 0);
	pthread_cond_destroy(&pool->more);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
