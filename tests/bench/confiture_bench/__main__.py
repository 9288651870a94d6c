"""Runs the cases, prints a table, writes JSON. See deploy/bench.
SPDX-License-Identifier: MIT
"""
import argparse
import json
import os
import sys

from .cases import CASES, Bench
from .machine import Machine


def text(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}"


def show(row):
    print(f"{row['name']:<46} {text(row['value']):>9} {row['unit']:<3} {row['reference']:<38} "
          f"{text(row['reference_value']):>9}   {row['ratio']:>6.2f}  {row['target']:<9} "
          f"{'met' if row['met'] else 'MISSED'}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="deploy/bench")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--only", choices=CASES, action="append", help="only this case; may repeat")
    parser.add_argument("--json", metavar="FILE", help="write the rows here")
    return parser.parse_args()


def main():
    options = arguments()
    rows = []
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with Machine() as machine:
        bench = Bench(machine, options.quick)
        for name in options.only or CASES:
            for row in getattr(bench, name)():
                rows.append(row)
                show(row)
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"quick": options.quick, "rows": rows}, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
