/* Generate: writing new migration files, as SQL or as a Python class.
 * SPDX-License-Identifier: MIT
 *
 * Blocks on the file system. Files are written whole or not at all; existing ones are never
 * touched.
 */
#ifndef CFT_MIGRATE_GENERATE_H
#define CFT_MIGRATE_GENERATE_H

#include "common/base/buf.h"
#include "common/migrate/files.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cft_mig_statement {
	const char *sql;  /* without its semicolon */
	const char *note; /* a comment above it, or NULL */
};

/* What to write. Without statements the file is a frame to fill in. */
struct cft_mig_draft {
	const char *version, *name; /* as cft_mig_version_next and cft_mig_name_slug make them */
	const char *header;         /* lines for a comment at the top, or NULL */
	const struct cft_mig_statement *up, *down;
	size_t up_count, down_count;
};

struct cft_mig_written {
	const char *up_path, *down_path; /* of Python: the same */
};

/* The texts alone, appended. */
void cft_mig_draft_sql(const struct cft_mig_draft *draft, bool down, struct cft_buf *out);
void cft_mig_draft_python(const struct cft_mig_draft *draft, struct cft_buf *out);
/* Writes into the directory, which is made where it is missing. CFT_E_EXISTS: the file is there.
 * Paths live in the arena. */
int cft_mig_draft_write(struct cft_arena *arena, const char *dir, const struct cft_mig_draft *draft,
                        bool python, struct cft_mig_written *ret, struct cft_err *err);

#ifdef __cplusplus
}
#endif

#endif
