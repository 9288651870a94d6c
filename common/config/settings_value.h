/* One setting's value: from text to the typed member. Inside common/config only.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_CONFIG_SETTINGS_VALUE_H
#define CFT_CONFIG_SETTINGS_VALUE_H

#include "common/config/settings.h"

/* Big enough for every type. */
union cft_setting_value {
	const char *text;
	bool boolean;
	int64_t number;
	int choice;
	struct cft_setting_list list;
	const struct cft_yaml_node *section;
};

/* Reads and checks `text`. Errors are CFT_E_CONFIG without a place and begin with what is wrong:
 * "'abc' is not a number". */
int cft_setting_parse(struct cft_arena *arena, const struct cft_setting *row, const char *text,
                      union cft_setting_value *ret_value, struct cft_err *err);
void cft_setting_store(const struct cft_setting *row, void *values,
                       const union cft_setting_value *value);
/* The value as text for people; secrets as "(set)" or "". */
void cft_setting_format(const struct cft_setting *row, const void *values, struct cft_buf *out);
/* A number in the row's largest whole unit: "15m", "64MiB"; and the row's bounds: "1 to 64". */
void cft_setting_quantity(const struct cft_setting *row, int64_t n, struct cft_buf *out);
void cft_setting_range(const struct cft_setting *row, struct cft_buf *out);
/* "ADDRESS", or the choices "text|json". */
const char *cft_setting_unit(const struct cft_setting *row, struct cft_arena *arena);

#endif
