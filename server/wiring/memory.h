/* Memory: how much of it the server may use.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_WIRING_MEMORY_H
#define CFT_WIRING_MEMORY_H

#include <stdint.h>

/* max_memory in bytes; where it is 0, three quarters of what the machine has, or of what this
 * process's control group allows. */
int64_t cft_memory_limit(int64_t max_memory);

#endif
