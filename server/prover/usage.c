/* Usage: /proc, and a walk over files.
 * SPDX-License-Identifier: MIT
 */
#include "server/prover/usage.h"

#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 16 };

/* Processes with one thread, as all of a proof's are. */
static FILE *open_children(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return fopen(path, "re");
}

/* Memory that is shared is bounded by PostgreSQL's settings, and would count for each. */
static uint64_t private_bytes(pid_t pid)
{
	unsigned long size, resident = 0, shared = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu %lu", &size, &resident, &shared) != 3)
		resident = shared = 0;
	fclose(file);
	return resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static uint64_t memory_below(pid_t pid, int depth)
{
	FILE *children = depth < MAX_DEPTH ? open_children(pid) : NULL;
	uint64_t bytes = 0;
	int child;

	while (children && fscanf(children, "%d", &child) == 1)
		bytes += private_bytes(child) + memory_below(child, depth + 1);
	if (children)
		fclose(children);
	return bytes;
}

uint64_t cft_usage_memory(pid_t pid)
{
	return memory_below(pid, 0);
}

uint64_t cft_usage_disk(const char *directory)
{
	char *const roots[] = {(char *)(uintptr_t)directory, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	uint64_t bytes = 0;
	const FTSENT *entry;

	while (tree && (entry = fts_read(tree)))
		if (entry->fts_info == FTS_F || entry->fts_info == FTS_D)
			bytes += (uint64_t)entry->fts_statp->st_blocks * 512;
	if (tree)
		fts_close(tree);
	return bytes;
}

void cft_usage_signal_children(pid_t pid, int number)
{
	FILE *children = open_children(pid);
	int child;

	while (children && fscanf(children, "%d", &child) == 1)
		kill(child, number);
	if (children)
		fclose(children);
}
