/* Environment: PG* variables, which libpq reads behind our back, set aside.
 * SPDX-License-Identifier: MIT
 */
#include "common/pg/internal.h"

#include "common/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void unset_entry(const char *entry)
{
	char *name = cft_strndup(entry, strcspn(entry, "="));

	unsetenv(name);
	free(name);
}

void cft_pg_environment_hide(struct cft_pg_environment *saved)
{
	memset(saved, 0, sizeof(*saved));
	for (char **entry = environ; entry && *entry; entry++)
		if (cft_has_prefix(*entry, "PG"))
			cft_vec_push(&saved->entries, cft_strdup(*entry));
	CFT_VEC_EACH (char *, entry, &saved->entries)
		unset_entry(*entry);
}

void cft_pg_environment_restore(struct cft_pg_environment *saved)
{
	CFT_VEC_EACH (char *, entry, &saved->entries) {
		char *name = cft_strndup(*entry, strcspn(*entry, "="));
		setenv(name, *entry + strlen(name) + 1, 1);
		free(name);
		free(*entry);
	}
	cft_vec_release(&saved->entries);
}

void cft_pg_forget_environment(void)
{
	struct cft_pg_environment saved;

	cft_pg_environment_hide(&saved);
	CFT_VEC_EACH (char *, entry, &saved.entries)
		free(*entry);
	cft_vec_release(&saved.entries);
}
