/* Help: the text of --help, and the pieces that the man pages share with it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_HELP_H
#define CFT_COMMANDS_HELP_H

#include "agent/commands/table.h"
#include "common/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the help of a command or group; `entry` NULL: of the program. Lines hold at most `width`
 * columns where words allow it. */
void cft_help_write(const struct cft_command_table *table, const struct cft_command_entry *entry,
                    size_t width, bool color, struct cft_buf *out);
/* "confiture coordinate check --agent-id ID [options]" */
void cft_help_usage(const struct cft_command_entry *entry, struct cft_buf *out);
/* "--limit N", "-h, --help", "--tables-affected TABLE..." */
void cft_help_option_name(const struct cft_opt *opt, struct cft_buf *out);
/* "At most so many (1 to 1000; default 100; $X)" */
void cft_help_option_text(const struct cft_opt *opt, struct cft_buf *out);

/* The exit codes of the program, one "N  meaning" per line. */
struct cft_exit_code {
	int code;
	const char *meaning;
};
/* Ends with meaning NULL. */
extern const struct cft_exit_code cft_exit_codes[];

#ifdef __cplusplus
}
#endif

#endif
