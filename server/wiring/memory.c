/* Memory: the machine's, and the control group's.
 * SPDX-License-Identifier: MIT
 */
#include "server/wiring/memory.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static bool first_line(const char *path, const char *prefix, char line[LINE_MAX_BYTES])
{
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(line, LINE_MAX_BYTES, file))
		found = strncmp(line, prefix, strlen(prefix)) == 0;
	if (file)
		fclose(file);
	line[found ? strcspn(line, "\n") : 0] = '\0';
	return found;
}

/* INT64_MAX without a limit. */
static int64_t group_limit(void)
{
	char line[LINE_MAX_BYTES], path[LINE_MAX_BYTES + 64];
	int64_t limit = 0;

	if (!first_line("/proc/self/cgroup", "0::", line))
		return INT64_MAX;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", line + strlen("0::"));
	if (first_line(path, "", line))
		limit = strtoll(line, NULL, 10);
	return limit > 0 ? limit : INT64_MAX;
}

int64_t cft_memory_limit(int64_t max_memory)
{
	int64_t machine = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int64_t group = group_limit();

	if (max_memory)
		return max_memory;
	return (machine < group ? machine : group) / 4 * 3;
}
