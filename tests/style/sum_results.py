#!/usr/bin/env python3
"""Adds up the cases of all test programs of a ctest run: prints "N passed, N failed[, N skipped]".
A GoogleTest program counts by its cases, any other test as one; a program that died without a
result file is one failure. Exit status 1 when something failed or nothing ran.
SPDX-License-Identifier: MIT
"""
import json
import pathlib
import sys
import xml.etree.ElementTree


def gtest_counts(path):
    passed = failed = skipped = 0
    for suite in json.loads(path.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            if case.get("failures"):
                failed += 1
                print(f"FAILED {path.stem}: {suite['name']}.{case['name']}")
            elif case.get("result") == "SKIPPED":
                skipped += 1
                print(f"skipped {path.stem}: {suite['name']}.{case['name']}")
            else:
                passed += 1
    return passed, failed, skipped


def counts_of(test, directory):
    results = directory / (test.get("name") + ".json")
    ran_well = test.get("status") == "run"
    counts = gtest_counts(results) if results.exists() else (0, 0, 0)
    if not ran_well and counts[1] == 0:
        print(f"FAILED {test.get('name')}")
        return counts[0], 1, counts[2]
    return counts if results.exists() else (1, 0, 0)


def main():
    directory = pathlib.Path(sys.argv[1])
    tests = xml.etree.ElementTree.parse(directory / "ctest.xml").getroot().findall("testcase")
    totals = [sum(column) for column in zip(*(counts_of(test, directory) for test in tests))]
    passed, failed, skipped = totals or (0, 0, 0)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
