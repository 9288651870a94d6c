#!/usr/bin/env python3
"""Counts the instructions of the hot paths and compares them with tests/bench/instructions.json.

Counts do not depend on how busy the machine is. More than 5 % above the record fails; a change that is
meant is recorded with --update, in the commit that makes it.
SPDX-License-Identifier: MIT
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
PATHS = {"effects": "effects of an ALTER TABLE, parsed and analysed",
         "step": "one register decided and applied, 1,000 live intents, 10 on its table",
         "check": "one check, the same",
         "encode": "one event packed for the log"}
TIMES = 50
GROWTH = 0.05


def count(program, name):
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}/out",
                               "--collect-atstart=no", f"--toggle-collect=path_{name}", program, name, str(TIMES)],
                              capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"instructions: {done.stderr}")
    return int(found[1]) // TIMES


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="record what is counted")
    parser.add_argument("build", nargs="?", type=pathlib.Path, default=HERE.parents[1] / "build",
                        help="where the programs were built (default: build)")
    options = parser.parse_args()
    program = options.build / "tests" / "bench_paths"
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    counted, failed = {}, False
    for name, what in PATHS.items():
        counted[name] = count(str(program), name)
        before = recorded.get(name)
        grown = before and counted[name] > before * (1 + GROWTH)
        failed = failed or grown
        change = f"{100 * (counted[name] / before - 1):+.1f} %" if before else "new"
        print(f"{name:<8} {counted[name]:>10,} instructions  {change:>8}  {'TOO MANY' if grown else '':<8}  {what}")
    if options.update:
        RECORD.write_text(json.dumps(counted, indent=1) + "\n")
        return 0
    if failed:
        print("a hot path grew by more than 5 %: make it cheaper, or record it with --update")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
