#!/usr/bin/env python3
"""Checks which shared libraries the programs load at their start: each costs every command its time.
SPDX-License-Identifier: MIT

usage: check_needed.py BUILD_DIRECTORY
"""
import pathlib
import re
import subprocess
import sys

# libpq is loaded when a connection is first wanted (common/pg/libpq.h).
GLIBC = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
ALLOWED = {"agent": GLIBC, "confiture-server": GLIBC | {"libuv.so.1"}}


def needed(program):
    dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))


def main():
    build = pathlib.Path(sys.argv[1])
    more = [f"{name} loads {library} at its start" for name, allowed in ALLOWED.items()
            for library in sorted(needed(build / "bin" / name) - allowed)]
    print("\n".join(more) if more else "the programs load no more than they may")
    return 1 if more else 0


if __name__ == "__main__":
    sys.exit(main())
