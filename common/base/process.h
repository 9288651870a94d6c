/* Processes: what a program needs that starts itself again, for work that must not hurt it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_PROCESS_H
#define CFT_BASE_PROCESS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Path of the running program, malloc'ed; `fallback` where the system does not tell. Where an
 * upgrade has replaced the file it is a path that starts the old program still. */
char *cft_process_program(const char *fallback);

struct cft_process_limits {
	bool dies_with_parent; /* at once; else it sees the end of its input, and cleans up */
	unsigned memory_mib;   /* of address space; 0 = no limit. Not under sanitizers */
	bool only_computes;    /* it makes no sockets and starts no programs: the kernel refuses */
};

/* For a child at its start: ^C and SIGTERM are for the parent, which drains first; a write that
 * nobody reads fails instead of killing; no core dumps with people's SQL, no new privileges. */
void cft_process_confine(const struct cft_process_limits *limits);

#ifdef __cplusplus
}
#endif

#endif
