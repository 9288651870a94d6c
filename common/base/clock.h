/* Time: clocks and RFC 3339 text. Units are in the names.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_BASE_CLOCK_H
#define CFT_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int64_t cft_clock_wall_us(void); /* microseconds since 1970, UTC */
int64_t cft_clock_mono_us(void); /* monotonic, for durations only */
int64_t cft_clock_cpu_us(void);  /* what the process has used, all threads */

enum { CFT_TIME_TEXT = 32 };
/* "2026-11-22T18:00:00.123456Z"; returns out. */
const char *cft_time_format(int64_t wall_us, char out[CFT_TIME_TEXT]);
/* Accepts what cft_time_format writes, with or without a fraction. 0, or CFT_E_INVALID. */
int cft_time_parse(const char *text, int64_t *ret_wall_us);
/* "850 ms", "1.2 s", "3 min 05 s", "2 h 10 min"; returns out. */
const char *cft_duration_format(int64_t us, char out[CFT_TIME_TEXT]);
/* "500ms", "30s", "15m", "2h", "7d", or a bare number of seconds. 0, or CFT_E_INVALID. */
int cft_duration_parse(const char *text, int64_t *ret_us);

#ifdef __cplusplus
}
#endif

#endif
