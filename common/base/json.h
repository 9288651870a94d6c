/* JSON: jansson, included here alone, plus the few helpers that everybody needs.
 * SPDX-License-Identifier: MIT
 *
 * Use jansson's own functions (json_t, json_pack, json_object_set_new …); include this header and
 * not <jansson.h>. Objects keep the order in which their keys were set.
 */
#ifndef CFT_BASE_JSON_H
#define CFT_BASE_JSON_H

#include "common/base/err.h"

#include <jansson.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Parses a whole text; NULL with `err` at line and column. The caller owns the reference. */
json_t *cft_json_parse(const char *text, size_t len, struct cft_err *err);
/* One line without blanks, or indented; free() it. */
char *cft_json_compact(const json_t *json);
char *cft_json_pretty(const json_t *json);
/* {"error":{"code","reason","message","hint","file","line","column","sqlstate"}}, empty ones left
 * out: the one JSON form of an error, everywhere. */
json_t *cft_json_error(const struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
