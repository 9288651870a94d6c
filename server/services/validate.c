/* Validate: checks of single fields.
 * SPDX-License-Identifier: MIT
 */
#include "server/services/validate.h"

#include "common/base/json.h"
#include "common/base/utf8.h"

#include <string.h>

static int bad(const char *field, const char *reason, struct cft_err *err, const char *what)
{
	cft_fail_reason(err, CFT_E_INVALID, reason, "%s %s", field, what);
	return cft_err_at(err, field, 0, 0);
}

static int too_long(const char *field, size_t max, struct cft_err *err)
{
	cft_fail_reason(err, CFT_E_INVALID, "FIELD_TOO_LONG", "%s has more than %zu bytes", field,
	                max);
	return cft_err_at(err, field, 0, 0);
}

int cft_check_name(const char *field, const char *value, bool required, struct cft_err *err)
{
	if (required && !value[0])
		return bad(field, "FIELD_REQUIRED", err, "is empty");
	if (strlen(value) > CFT_NAME_MAX_BYTES)
		return too_long(field, CFT_NAME_MAX_BYTES, err);
	if (cft_utf8_has_control(value)) /* the engine has seen that it is UTF-8 */
		return bad(field, "INVALID_CHARACTER", err, "holds a control character");
	return 0;
}

int cft_check_text(const char *field, const char *value, size_t max_bytes, struct cft_err *err)
{
	return strlen(value) > max_bytes ? too_long(field, max_bytes, err) : 0;
}

int cft_check_names(const char *field, char *const *values, size_t n, struct cft_err *err)
{
	int rc = 0;

	if (n > CFT_LIST_MAX)
		return bad(field, "TOO_MANY_VALUES", err, "has more than 1000 values");
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = cft_check_name(field, values[i], true, err);
	return rc;
}

int cft_check_metadata(const char *value, struct cft_err *err)
{
	struct cft_err why;
	json_t *json;
	bool object;

	if (!value[0])
		return 0;
	if (strlen(value) > CFT_METADATA_MAX_BYTES)
		return too_long("metadata_json", CFT_METADATA_MAX_BYTES, err);
	json = cft_json_parse(value, strlen(value), &why);
	object = json_is_object(json);
	json_decref(json);
	if (!object)
		return bad("metadata_json", "METADATA_NOT_JSON", err, "is not a JSON object");
	return 0;
}

int cft_check_enum(const char *field, int value, int max, struct cft_err *err)
{
	if (value < 0 || value > max)
		return bad(field, "INVALID_VALUE", err, "is not one of the known values");
	return 0;
}

int cft_check_range(const char *field, int64_t value, int64_t max, struct cft_err *err)
{
	if (value < 0 || value > max)
		return bad(field, "INVALID_VALUE", err, "is out of range");
	return 0;
}

int cft_check_page(int32_t page_size, size_t *ret, struct cft_err *err)
{
	if (page_size < 0)
		return bad("page_size", "INVALID_VALUE", err, "is negative");
	*ret = page_size == 0             ? CFT_PAGE_DEFAULT
	       : page_size > CFT_PAGE_MAX ? CFT_PAGE_MAX
	                                  : (size_t)page_size;
	return 0;
}

const char *cft_check_project(const char *value, struct cft_err *err)
{
	if (cft_check_name("project", value, false, err) < 0)
		return NULL;
	return value[0] ? value : "default";
}
