/* Python source: the runner and the module of Python migrations, embedded as text.
 * SPDX-License-Identifier: MIT
 *
 * Assembled in with .incbin (paths are relative to the include directories); CMake rebuilds this
 * file when the Python files change.
 */
#include "common/migrate/python_source.h"

#define EMBED(symbol, path)                                                      \
	__asm__(".pushsection .rodata\n"                                         \
	        ".globl " #symbol "\n.type " #symbol ", @object\n" #symbol ":\n" \
	        ".incbin \"" path "\"\n.byte 0\n"                                \
	        ".size " #symbol ", . - " #symbol "\n"                           \
	        ".popsection\n")

EMBED(cft_mig_python_runner, "common/migrate/python/runner.py");
EMBED(cft_mig_python_check, "common/migrate/python/check.py");
EMBED(cft_mig_python_models, "common/migrate/python/confiture/models/migration.py");
