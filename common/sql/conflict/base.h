/* Base: the inside of struct cft_base.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_SQL_BASE_H
#define CFT_SQL_BASE_H

#include "common/sql/conflict/conflict.h"
#include "common/sql/world/world.h"

struct cft_base {
	struct cft_arena arena;
	struct world world;
	size_t n_alive;
};

#endif
