/* Build: the script as text, the same for the same files.
 * SPDX-License-Identifier: MIT
 */
#include "common/migrate/build.h"

#include <string.h>

static void add_rule(struct cft_buf *out, const char *title)
{
	cft_buf_addf(out, "\n-- ---- %s ", title);
	for (size_t column = strlen(title) + 9; column < 80; column++)
		cft_buf_addc(out, '-');
	cft_buf_adds(out, "\n\n");
}

void cft_build_render(const struct cft_build *build, struct cft_buf *out)
{
	cft_buf_adds(out, "-- Built by confiture; change the files named below, not this one.\n");
	cft_buf_addf(out, "-- environment: %s\n", build->env);
	cft_buf_addf(out, "-- files: %zu (%zu with seed data), statements: %zu\n", build->files.n,
	             build->seed_files, build->statements);
	cft_buf_addf(out, "-- hash: sha256:%s\n", build->hash);
	CFT_VEC_EACH (const struct cft_build_file, file, &build->files) {
		add_rule(out, file->shown);
		cft_buf_add(out, file->text, file->len);
		if (file->len && file->text[file->len - 1] != '\n')
			cft_buf_addc(out, '\n');
	}
}
