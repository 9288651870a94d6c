/* Queries: embeds the texts of sql/.
 * SPDX-License-Identifier: MIT
 *
 * Assembled in with .incbin (paths are relative to the include directories); CMake rebuilds this
 * file when they change.
 */
#include "common/introspect/queries.h"

#define EMBED(name)                                                                      \
	__asm__(".pushsection .rodata\n"                                                 \
	        ".globl cft_introspect_sql_" #name "\n.type cft_introspect_sql_" #name   \
	        ", @object\ncft_introspect_sql_" #name ":\n"                             \
	        ".incbin \"common/introspect/sql/" #name ".sql\"\n.byte 0\n"             \
	        ".size cft_introspect_sql_" #name ", . - cft_introspect_sql_" #name "\n" \
	        ".popsection\n")

EMBED(common);
EMBED(schema);
EMBED(type);
EMBED(table);
EMBED(constraint);
EMBED(code);
EMBED(operator);
EMBED(foreign);
EMBED(publication);
EMBED(publication_14);
EMBED(subscription);
EMBED(privilege);
EMBED(comment);
