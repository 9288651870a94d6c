/* Quota: token buckets by name.
 * SPDX-License-Identifier: MIT
 */
#include "server/rpc/quota.h"

#include "common/base/mem.h"

#include <stdlib.h>
#include <uthash.h>

enum { BURST_SECONDS = 2 };

struct named {
	struct cft_quota quota;
	char *name;
	UT_hash_handle hh;
};

struct cft_quotas {
	int64_t per_second;
	struct named *all;
};

static void fill(struct cft_quota *quota, int64_t per_second)
{
	quota->per_second = per_second;
	quota->left = (double)(per_second * BURST_SECONDS);
}

struct cft_quota *cft_quota_new(int64_t per_second)
{
	struct cft_quota *quota = cft_new(struct cft_quota);

	fill(quota, per_second);
	return quota;
}

void cft_quota_free(struct cft_quota *quota)
{
	free(quota);
}

int64_t cft_quota_take(struct cft_quota *quota, int64_t now_ms)
{
	double rate = (double)quota->per_second, most = rate * BURST_SECONDS;

	if (quota->per_second == 0)
		return 0;
	quota->left += (double)(now_ms - quota->at_ms) * rate / 1000;
	quota->at_ms = now_ms;
	if (quota->left > most)
		quota->left = most;
	if (quota->left < 1)
		return (int64_t)((1 - quota->left) * 1000 / rate) + 1;
	quota->left -= 1;
	return 0;
}

void cft_quota_charge(struct cft_quota *quota, int64_t ms)
{
	double rate = (double)quota->per_second, least = -rate * BURST_SECONDS;

	if (quota->left > 0)
		quota->left = 0;
	quota->left -= (double)ms * rate / 1000;
	if (quota->left < least)
		quota->left = least;
}

struct cft_quotas *cft_quotas_new(int64_t per_second)
{
	struct cft_quotas *quotas = cft_new(struct cft_quotas);

	quotas->per_second = per_second;
	return quotas;
}

void cft_quotas_free(struct cft_quotas *quotas)
{
	struct named *one, *next;

	if (!quotas)
		return;
	HASH_ITER (hh, quotas->all, one, next) {
		HASH_DEL(quotas->all, one);
		free(one->name);
		free(one);
	}
	free(quotas);
}

struct cft_quota *cft_quotas_get(struct cft_quotas *quotas, const char *name)
{
	struct named *one;

	HASH_FIND_STR(quotas->all, name, one);
	if (!one) {
		one = cft_new(struct named);
		one->name = cft_strdup(name);
		fill(&one->quota, quotas->per_second);
		HASH_ADD_KEYPTR(hh, quotas->all, one->name, strlen(one->name), one);
	}
	return &one->quota;
}
