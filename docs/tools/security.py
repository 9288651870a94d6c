#!/usr/bin/env python3
"""Puts the table of server/auth/matrix.h into docs/security.md, between its two marks.
SPDX-License-Identifier: MIT
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "server/auth/matrix.h"
TARGET = ROOT / "docs/security.md"
ROLES = ["NONE", "VIEWER", "AGENT", "APPROVER", "OPERATOR"]
MARKS = ("<!-- matrix -->\n", "<!-- /matrix -->")


def table():
    rows = re.findall(r'X\("([\w.]+)",\s*"(\w+)",\s*(\w+),\s*(\w+)\)', SOURCE.read_text())
    yield "| RPC | nobody | viewer | agent | approver | operator | in whose name |"
    yield "|---|---|---|---|---|---|---|"
    for service, rpc, least, in_name in rows:
        marks = ["yes" if ROLES.index(role) >= ROLES.index(least) else "" for role in ROLES]
        whose = "its own agent's; operator: any" if in_name == "OWN" else ""
        yield f"| {service.rsplit('.', 1)[1]}.{rpc} | " + " | ".join(marks) + f" | {whose} |"


def page():
    text = TARGET.read_text()
    start, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    return text[:start] + "\n".join(table()) + "\n" + text[end:]


def main():
    text = page()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        print("docs/security.md is not what server/auth/matrix.h says: run docs/tools/security.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
