/* Libpq: loading.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/libpq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

struct cft_libpq libpq;

static char failure[256]; /* "" once all is there */

static const char *const names[] = {
#define CFT_X(name) #name,
	CFT_LIBPQ_MAP(CFT_X)
#undef CFT_X
};

/* Functions are not objects to C, but to dlsym they are: their address is copied as it is. */
static void load(void)
{
	void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
	char *to = (char *)&libpq;

	_Static_assert(sizeof(libpq) == sizeof(names), "a pointer for each name");
	for (size_t i = 0; library && i < sizeof(names) / sizeof(names[0]); i++) {
		void *function = dlsym(library, names[i]);
		if (!function)
			break;
		memcpy(to + i * sizeof(function), &function, sizeof(function));
	}
	const char *why = dlerror();
	strncpy(failure, why ? why : "", sizeof(failure) - 1);
}

int cft_libpq_load(struct cft_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	if (!failure[0])
		return 0;
	cft_fail_reason(err, CFT_E_CONFIG, "LIBPQ_MISSING", "cannot load libpq: %s", failure);
	cft_err_hint(err, "install PostgreSQL's client library, 14 or later (Debian: libpq5)");
	return CFT_E_CONFIG;
}
