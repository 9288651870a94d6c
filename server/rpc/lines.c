/* Lines: a table by name under a lock, and a ring of those where something waits.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/lines.h"

#include "common/base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct cft_line {
	size_t calls; /* under the lock */
	UT_hash_handle hh;
	struct cft_mail *first, *last; /* the loop's */
	struct cft_line *prev, *next;  /* among `waiting`, while `first` is something */
	char peer[];
};

struct cft_lines {
	pthread_mutex_t lock;
	struct cft_line *all;
	struct cft_line *waiting; /* utlist; the loop's. The head's turn is next */
	size_t n_waiting;
};

struct cft_lines *cft_lines_new(void)
{
	struct cft_lines *lines = cft_new(struct cft_lines);

	pthread_mutex_init(&lines->lock, NULL);
	return lines;
}

void cft_lines_free(struct cft_lines *lines)
{
	if (!lines)
		return;
	assert(!lines->all && !lines->waiting);
	pthread_mutex_destroy(&lines->lock);
	free(lines);
}

/* -- which there are -- */

static struct cft_line *find(struct cft_lines *lines, const char *peer)
{
	struct cft_line *line;

	HASH_FIND_STR(lines->all, peer, line);
	return line;
}

static struct cft_line *add(struct cft_lines *lines, const char *peer)
{
	size_t len = strlen(peer);
	struct cft_line *line = cft_calloc(1, sizeof(*line) + len + 1);

	memcpy(line->peer, peer, len + 1);
	HASH_ADD_STR(lines->all, peer, line);
	return line;
}

struct cft_line *cft_lines_join(struct cft_lines *lines, const char *peer)
{
	struct cft_line *line;

	pthread_mutex_lock(&lines->lock);
	line = find(lines, peer);
	if (!line)
		line = add(lines, peer);
	line->calls++;
	pthread_mutex_unlock(&lines->lock);
	return line;
}

void cft_lines_leave(struct cft_lines *lines, struct cft_line *line)
{
	pthread_mutex_lock(&lines->lock);
	if (--line->calls == 0) {
		HASH_DEL(lines->all, line);
		free(line);
	}
	pthread_mutex_unlock(&lines->lock);
}

size_t cft_lines_calls(struct cft_lines *lines, const char *peer)
{
	struct cft_line *line;
	size_t calls;

	pthread_mutex_lock(&lines->lock);
	line = find(lines, peer);
	calls = line ? line->calls : 0;
	pthread_mutex_unlock(&lines->lock);
	return calls;
}

/* -- what waits -- */

void cft_lines_put(struct cft_lines *lines, struct cft_line *line, struct cft_mail *mail)
{
	mail->next = NULL;
	if (line->first)
		line->last->next = mail;
	else
		line->first = mail;
	if (line->first == mail)
		DL_APPEND(lines->waiting, line);
	line->last = mail;
	lines->n_waiting++;
}

struct cft_mail *cft_lines_take(struct cft_lines *lines)
{
	struct cft_line *line = lines->waiting;
	struct cft_mail *mail;

	if (!line)
		return NULL;
	mail = line->first;
	line->first = mail->next;
	DL_DELETE(lines->waiting, line);
	if (line->first)
		DL_APPEND(lines->waiting, line);
	lines->n_waiting--;
	return mail;
}

size_t cft_lines_waiting(const struct cft_lines *lines)
{
	return lines->n_waiting;
}
