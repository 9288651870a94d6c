/* Fuzz: the names and the bodies of migration files.
 * SPDX-License-Identifier: MIT
 *
 * The first line is a file name, the rest its content.
 */
#include "common/migrate/files_check.h"
#include "common/migrate/script.h"
#include "common/migrate/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct cft_arena *arena, const char *name)
{
	struct cft_mig_dir dir = {.path = "fuzz"};
	struct cft_err err;
	const char *slug;

	cft_mig_check_name(&dir, "fuzz", name);
	cft_mig_dir_release(&dir);
	if (cft_mig_name_slug(arena, name, &slug, &err) == 0 && !cft_mig_name_valid(slug))
		abort();
	if (cft_mig_version_valid(name) &&
	    !cft_mig_version_valid(cft_mig_version_next(arena, name)) &&
	    strlen(name) < CFT_MIG_VERSION_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cft_arena arena = CFT_ARENA_INIT;
	char *text = cft_arena_strndup(&arena, (const char *)data, size);
	size_t name_len = strcspn(text, "\n");
	struct cft_mig_script script = {0};
	struct cft_mig_text body = {.path = "001_fuzz.up.sql"};
	struct cft_err err = CFT_ERR_INIT;

	check_name(&arena, cft_arena_strndup(&arena, text, name_len));
	body.data = text[name_len] ? text + name_len + 1 : text + name_len;
	body.len = strlen(body.data);
	if (cft_mig_script_read(&arena, &body, &script, &err) == 0) {
		for (size_t i = 0; i < script.units.n; i++)
			if (script.units.v[i].first + script.units.v[i].count > script.stmts.n)
				abort();
	}
	cft_arena_release(&arena);
	return 0;
}
