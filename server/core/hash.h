/* Hash: uthash as the core uses it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CORE_HASH_H
#define CFT_CORE_HASH_H

#include <stdlib.h>

#define uthash_fatal(message) abort() /* out of memory: as common/base/mem.h */
#include <uthash.h>
#include <utlist.h>

#endif
