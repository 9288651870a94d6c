#!/usr/bin/env python3
"""Checks that a file includes its own module and lower floors only, and that each third-party
header stays inside the one module that wraps it. docs/architecture.md explains the floors.
SPDX-License-Identifier: MIT
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Lowest first. Modules on one line may not include each other.
FLOORS = [
    ["common/base"],
    ["common/config", "common/sql/syntax", "confiture"],
    ["common/sql/effect", "common/sql/schema"],
    ["common/sql/world", "common/sql/diff"],
    ["common/sql/conflict"],
    ["common/event"],
    ["common/pg", "common/rpc"],
    ["common/prove", "common/introspect"],
    ["common/migrate"],
    ["server/core", "agent/output"],
    ["server/codec", "agent/client"],
    ["server/store", "server/analyzer", "server/prover", "server/worker", "server/metrics", "server/auth"],
    ["server/rpc", "server/http"],
    ["server/services"],
    ["server/wiring", "agent/commands"],
    ["server", "agent"],
]

# Header prefix -> modules that may include it.
THIRD_PARTY = {
    "grpc/": ["common/rpc", "server/rpc"],
    "libpq-fe.h": ["common/pg"],
    "pg_query": ["common/sql"],
    "yaml.h": ["common/config"],
    "jansson.h": ["common/base"],
    "openssl/": ["common/base", "server/auth", "agent/commands"],
    "event2/": ["server/http"],
    "uv.h": ["common/event", "common/pg", "server/wiring"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def module_of(path):
    known = [name for floor in FLOORS for name in floor]
    fitting = [name for name in known if path.startswith(name + "/")]
    return max(fitting, key=len, default=None)


def floor_of(module):
    return next(number for number, floor in enumerate(FLOORS) if module in floor)


def problems_of(path, text):
    module = module_of(path)
    if module is None:
        yield f"{path}: in no module that tests/style/check_floors.py knows"
        return
    for _, header in INCLUDE.findall(text):
        target = module_of(header)
        if target and target != module and floor_of(target) >= floor_of(module):
            yield f"{path}: {module} may not include {header} (same floor or higher)"
        for prefix, owners in THIRD_PARTY.items():
            generated = header.endswith(".pb-c.h")
            owned = any(f"{module}/".startswith(f"{owner}/") for owner in owners)
            if header.startswith(prefix) and not generated and not owned:
                yield f"{path}: only {', '.join(owners)} may include <{header}>"


def main():
    files = [p for top in ("common", "server", "agent") for p in (ROOT / top).rglob("*.[ch]")]
    found = []
    for path in sorted(files):
        found += problems_of(str(path.relative_to(ROOT)), path.read_text())
    print("\n".join(found) if found else f"{len(files)} files keep to their floors")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
