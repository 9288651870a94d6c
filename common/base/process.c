/* Processes: a program's own path, and the confinement of its children.
 * SPDX-License-Identifier: MIT
 */
#include "common/base/process.h"

#include "common/base/mem.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

char *cft_process_program(const char *fallback)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

	return len > 0 ? cft_strndup(path, (size_t)len) : cft_strdup(fallback);
}

static void limit_memory(unsigned mib)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	struct rlimit wanted = {(rlim_t)mib << 20, (rlim_t)mib << 20};

	if (mib > 0)
		setrlimit(RLIMIT_AS, &wanted);
#else
	(void)mib; /* the sanitizers map terabytes for themselves */
#endif
}

void cft_process_confine(const struct cft_process_limits *limits)
{
	struct rlimit none = {0, 0};

	if (limits->dies_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	limit_memory(limits->memory_mib);
}
