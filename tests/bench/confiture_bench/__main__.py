"""Runs the cases, prints a table, writes JSON. See deploy/bench.
SPDX-License-Identifier: MIT
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import time

from . import cases_local, cases_read, cases_stream, cases_write, measure
from .bench import Bench
from .machine import Machine, pg_bin

# In the order of the table.
CASES = {case.__name__: case for case in (
    cases_local.cold_start, cases_local.schema_diff, cases_local.build_files, cases_write.register_rate,
    cases_write.register_latency, cases_write.register_growth, cases_write.group_commit, cases_read.check_rate,
    cases_stream.fan_out, cases_stream.other_server, cases_write.three_servers, cases_stream.idle_streams,
    cases_read.check_growth)}


def text(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}"


def show(row):
    verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]
    ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
    print(f"{row['name']:<47} {text(row['value']):>9} {row['unit']:<3} {row['reference']:<35} "
          f"{text(row['reference_value']):>9} {ratio:>7}  {row['target']:<9} {verdict}", flush=True)
    if row.get("note"):
        print(f"    {row['note']}")


def show_commands(rows):
    print("\nCommands, ours and the references':")
    for row in rows:
        for name, command in row.get("commands", {}).items():
            print(f"    {name:<8} {command}")


def pressure():
    """Time that processes waited for a CPU, in seconds, as the kernel counts it; None where it does not."""
    try:
        with open("/proc/pressure/cpu") as lines:
            return int(lines.readline().rsplit("=", 1)[1]) / 1e6
    except OSError:
        return None


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "not installed"


def conditions(machine):
    return {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(), "kernel": platform.release(),
            "load_before": os.getloadavg()[0], "fsync_us": measure.fsync_us(machine.dir),
            "postgresql": first_line([pg_bin("postgres"), "--version"]), "etcd": first_line(["etcd", "--version"])}


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/bench")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--only", choices=CASES, action="append", help="only this case; may repeat")
    parser.add_argument("--json", metavar="FILE", help="write the rows here")
    return parser.parse_args()


def run_cases(machine, options):
    """The rows, and the names of the cases that could not be measured: one is no reason to lose the others."""
    bench = Bench(machine, options.quick)
    rows, failed = [], []
    for name in options.only or CASES:
        try:
            for row in CASES[name](bench):
                row["case"] = name
                rows.append(row)
                show(row)
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as why:
            failed.append(name)
            print(f"{name} FAILED: {why}", flush=True)
    return rows, failed


def main():
    options = arguments()
    waited, start = pressure(), time.monotonic()
    with Machine() as machine:
        found = conditions(machine)
        print(f"{found['cores']} cores, load {found['load_before']:.2f} before, fsync {found['fsync_us'] / 1000:.2f} ms")
        rows, failed = run_cases(machine, options)
    found["seconds"] = time.monotonic() - start
    found["waited_for_cpu_s"] = None if waited is None else pressure() - waited
    show_commands(rows)
    print(f"\n{found['seconds']:.0f} s, of which somebody waited for a CPU: {found['waited_for_cpu_s']} s")
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"quick": options.quick, "conditions": found, "rows": rows, "failed": failed}, out, indent=1)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
