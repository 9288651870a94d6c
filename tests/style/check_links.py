#!/usr/bin/env python3
"""Checks the floors once more, in what was built: an archive may need symbols of lower floors only.
An include can keep to the floors while the function it declares lives higher up.
SPDX-License-Identifier: MIT

usage: check_links.py BUILD_DIRECTORY
"""
import pathlib
import subprocess
import sys

from check_floors import FLOORS, floor_of


def module_of(archive):
    """build/common/libcft_sql_diff.a -> common/sql/diff"""
    name = archive.stem.removeprefix("libcft_").removeprefix("server_").replace("sql_", "sql/")
    return f"{archive.parent.name}/{name}"


def symbols(archive):
    """The symbols that an archive defines, and those that it needs."""
    listing = subprocess.run(["nm", "--format=posix", archive], capture_output=True, text=True, check=True)
    rows = [line.split()[:2] for line in listing.stdout.splitlines() if len(line.split()) > 1]
    return {s for s, kind in rows if kind.isupper() and kind != "U"}, {s for s, kind in rows if kind == "U"}


def main():
    build = pathlib.Path(sys.argv[1])
    archives = [a for top in ("common", "server", "agent") for a in (build / top).glob("libcft_*.a")]
    known = {module for floor in FLOORS for module in floor}
    tables = {module_of(a): symbols(a) for a in archives if module_of(a) in known}
    home = {symbol: module for module, (defined, _) in tables.items() for symbol in defined}
    found = []
    for module, (defined, needed) in sorted(tables.items()):
        for symbol in sorted(needed - defined):
            target = home.get(symbol, module)
            if target != module and floor_of(target) >= floor_of(module):
                found.append(f"{module} may not use {symbol} of {target} (same floor or higher)")
    print("\n".join(found) if found else f"{len(tables)} archives keep to their floors")
    return 1 if found or not tables else 0


if __name__ == "__main__":
    sys.exit(main())
