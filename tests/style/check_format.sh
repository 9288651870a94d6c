#!/usr/bin/env bash
# Checks every C and C++ file against .clang-format, and that each names its licence.
# SPDX-License-Identifier: MIT
set -uo pipefail
cd "$(dirname "$0")/../.."
# Outside a git checkout (a tarball) every file counts.
files() { git ls-files '*.c' '*.h' '*.cc' 2>/dev/null || find common server agent tests -name '*.[ch]' -o -name '*.cc'; }
status=0
unformatted=$(files | xargs clang-format-14 --dry-run --Werror 2>&1 | grep -E '^[^ ].*error')
[ -z "$unformatted" ] || { head -20 <<<"$unformatted"; status=1; }
unlicensed=$(files | xargs grep -L 'SPDX-License-Identifier: MIT')
[ -z "$unlicensed" ] || { echo "without SPDX line: $unlicensed"; status=1; }
[ "$status" = 0 ] && echo "format and licences are right"
exit $status
