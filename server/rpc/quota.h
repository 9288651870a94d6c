/* Quota: how much each caller has used: requests per second, open streams.
 * SPDX-License-Identifier: MIT
 *
 * A token bucket: so many a second, and twice that at once after a pause. One thread.
 */
#ifndef CFT_SERVER_RPC_QUOTA_H
#define CFT_SERVER_RPC_QUOTA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cft_quota {
	int64_t per_second; /* 0: no limit */
	double left;
	int64_t at_ms;   /* when `left` was true */
	int64_t streams; /* kept by the user */
};

struct cft_quotas;

struct cft_quota *cft_quota_new(int64_t per_second);
void cft_quota_free(struct cft_quota *quota); /* NULL is fine */
/* 0: taken; else milliseconds until one will be there. */
int64_t cft_quota_take(struct cft_quota *quota, int64_t now_ms);

/* Takes what is there, and what will come in so many milliseconds. Two seconds may be owed. */
void cft_quota_charge(struct cft_quota *quota, int64_t ms);

/* One quota per name, made when asked for. */
struct cft_quotas *cft_quotas_new(int64_t per_second);
void cft_quotas_free(struct cft_quotas *quotas); /* NULL is fine */
/* Lives as long as the set. */
struct cft_quota *cft_quotas_get(struct cft_quotas *quotas, const char *name);

#ifdef __cplusplus
}
#endif

#endif
