/* Tables: the names of the tables that a plan touches.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CORE_TABLES_H
#define CFT_CORE_TABLES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Without "public.": "public.users" and "users" are one table to everybody who filters by name. */
const char *cft_table_plain(const char *table);

#ifdef __cplusplus
}
#endif

#endif
