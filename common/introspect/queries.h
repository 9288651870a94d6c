/* Queries: the texts of sql/, each one SELECT of statements that is put behind `common`.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_INTROSPECT_QUERIES_H
#define CFT_INTROSPECT_QUERIES_H

extern const char cft_introspect_sql_common[];
extern const char cft_introspect_sql_schema[];
extern const char cft_introspect_sql_type[];
extern const char cft_introspect_sql_table[];
extern const char cft_introspect_sql_constraint[];
extern const char cft_introspect_sql_code[];
extern const char cft_introspect_sql_operator[];
extern const char cft_introspect_sql_foreign[];
extern const char cft_introspect_sql_publication[];
extern const char cft_introspect_sql_publication_14[];
extern const char cft_introspect_sql_subscription[];
extern const char cft_introspect_sql_privilege[];
extern const char cft_introspect_sql_comment[];

#endif
