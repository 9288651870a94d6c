/* Capture: libpg_query's parse tree without its detour over bytes.
 * SPDX-License-Identifier: MIT
 *
 * libpg_query builds the messages of its tree, packs them, and throws them away; unpacking gives
 * them back. Each node is a union of 260 kinds, and protobuf-c asks each of them, at every level:
 * four fifths of the time of an analysis. The linker leads the packing of whole trees here instead
 * (--wrap, deploy/cmake/dependencies.cmake), where the messages are copied into an arena.
 */
#ifndef CFT_SQL_CAPTURE_H
#define CFT_SQL_CAPTURE_H

#include "common/base/arena.h"

#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>

/* As pg_query_parse_protobuf, but the tree is in the arena, NULL on failure, and the bytes of the
 * result are none. Any thread. */
PgQueryProtobufParseResult cft_sql_capture(const char *text, struct cft_arena *arena,
                                           const PgQuery__ParseResult **ret);

#endif
