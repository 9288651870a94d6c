/* The statements of a schema or seed file, with the data of COPY. Inside common/migrate only.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_MIGRATE_BUILD_SCRIPT_H
#define CFT_MIGRATE_BUILD_SCRIPT_H

#include "common/base/err.h"
#include "common/sql/syntax/split.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_build_reader {
	const char *shown; /* the file's name in errors */
	const char *text;
	size_t len;
	struct cft_sql_splitter splitter;
	size_t counted; /* the offset that line and column stand for */
	int line, column;
};

struct cft_build_statement {
	size_t offset, len;
	int line, column;
	const char *copy_data; /* NULL: none follows */
	size_t copy_len;
};

void cft_build_reader_init(struct cft_build_reader *reader, const char *shown, const char *text,
                           size_t len);
/* 1 with the next statement, 0 at the end, CFT_E_INVALID for a command that only psql knows.
 * pg_dump's \restrict and \unrestrict are passed over. */
int cft_build_reader_next(struct cft_build_reader *reader, struct cft_build_statement *ret,
                          struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
