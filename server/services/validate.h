/* Validate: the form of request fields, before anything is done with them.
 * SPDX-License-Identifier: MIT
 *
 * Pure. The engine has checked UTF-8 and NULs. Every error is CFT_E_INVALID with a stable reason
 * and the field's name in err->file: FIELD_REQUIRED, FIELD_TOO_LONG, INVALID_CHARACTER,
 * TOO_MANY_VALUES, METADATA_NOT_JSON, INVALID_VALUE.
 */
#ifndef CFT_SERVICES_VALIDATE_H
#define CFT_SERVICES_VALIDATE_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	CFT_NAME_MAX_BYTES = 200,          /* agent ids, feature names, projects, tables */
	CFT_TEXT_MAX_BYTES = 16 << 10,     /* notes, reasons */
	CFT_METADATA_MAX_BYTES = 64 << 10, /* metadata_json */
	CFT_SQL_FIELD_MAX_BYTES = 2 << 20, /* schema_changes */
	CFT_LIST_MAX = 1000,               /* tables, filters, leases */
	CFT_PAGE_DEFAULT = 100,
	CFT_PAGE_MAX = 1000,
};

/* One line of text: no control characters. */
int cft_check_name(const char *field, const char *value, bool required, struct cft_err *err);
/* Free text, lines allowed. */
int cft_check_text(const char *field, const char *value, size_t max_bytes, struct cft_err *err);
int cft_check_names(const char *field, char *const *values, size_t n, struct cft_err *err);
/* "" or a JSON object. */
int cft_check_metadata(const char *value, struct cft_err *err);
/* 0 (unspecified) to `max`. */
int cft_check_enum(const char *field, int value, int max, struct cft_err *err);
int cft_check_range(const char *field, int64_t value, int64_t max, struct cft_err *err);
/* 0 gives CFT_PAGE_DEFAULT; more than CFT_PAGE_MAX gives that. */
int cft_check_page(int32_t page_size, size_t *ret, struct cft_err *err);
/* The project of a request: "" is "default". NULL on failure. */
const char *cft_check_project(const char *value, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
