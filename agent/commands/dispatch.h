/* Dispatch: the command line from argv to the exit code.
 * SPDX-License-Identifier: MIT
 */
#ifndef CFT_COMMANDS_DISPATCH_H
#define CFT_COMMANDS_DISPATCH_H

#ifdef __cplusplus
extern "C" {
#endif

/* Parses, runs the command, prints its error if it fails, and returns the exit code. */
int cft_dispatch(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
