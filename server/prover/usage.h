/* Usage: what a tree of processes, and a tree of files, take.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_PROVER_USAGE_H
#define CFT_PROVER_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that the descendants of a process have for themselves alone; 0 where the kernel lists no
 * children (CONFIG_PROC_CHILDREN). */
uint64_t cft_usage_memory(pid_t pid);
/* Bytes on the disk, as far as we may look. */
uint64_t cft_usage_disk(const char *directory);
/* Sends a signal to each child of a process. */
void cft_usage_signal_children(pid_t pid, int number);

#ifdef __cplusplus
}
#endif

#endif
