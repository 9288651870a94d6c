#!/usr/bin/env python3
"""Writes docs/api.md from the comments of proto/confiture/v1/*.proto; `--check` compares instead.
SPDX-License-Identifier: MIT
"""
import pathlib
import re
import sys

import security

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ROOT / "proto" / "confiture" / "v1"
TARGET = ROOT / "docs" / "api.md"

HEAD = """# The gRPC API

Package `confiture.v1`. Generate a client from `proto/` with the usual tools of your language, or ask
a running server: it serves reflection (v1 and v1alpha) and `grpc.health.v1`.

```bash
python3 -m grpc_tools.protoc -Iproto --python_out=. --grpc_python_out=. proto/confiture/v1/*.proto
```

- Every mutation takes a `request_id`: the same id with the same body gives the same answer and
  changes nothing a second time; with another body it fails with `ALREADY_EXISTS`.
- Every answer carries the project's `revision`; reads accept `min_revision` and wait for it.
- Errors are a gRPC status with `google.rpc.ErrorInfo` (domain `confiture`, a stable `reason`), and
  where it helps `BadRequest`, `ResourceInfo` or `RetryInfo`, in `grpc-status-details-bin`.
- Lists are paged: pass `next_page_token` back until it is empty.

This page is made from the comments in `proto/` by `docs/tools/api.py`.
"""


def blocks(text):
    """Yields (kind, name, comment, body lines) of each top-level service, message and enum."""
    comment, current = [], None
    for line in text.splitlines():
        if current:
            if line == "}":
                yield current
                current = None
            else:
                current[3].append(line)
            continue
        opened = re.match(r"(service|message|enum) (\w+) \{(\})?", line)
        if opened:
            current = (opened[1], opened[2], " ".join(comment), [])
            if opened[3]:
                yield current
                current = None
        comment = comment + [line[3:]] if line.startswith("// ") else []


def described(lines):
    """Yields (statement, comment) of a body; a comment stands before its line or at its end."""
    before = []
    for line in map(str.strip, lines):
        if line.startswith("//"):
            before.append(line[2:].strip())
            continue
        statement, _, after = line.partition("//")
        if statement.strip(" }"):
            yield statement.strip(), " ".join(before + [after.strip()]).strip()
        before = []


def service(name, comment, body):
    yield f"\n## {name}\n\n{comment}\n\n| RPC | request → response | |\n|---|---|---|"
    for statement, text in described(body):
        rpc = re.match(r"rpc (\w+)\((.*?)\) returns \((.*?)\)", statement)
        if rpc:
            yield f"| `{rpc[1]}` | `{rpc[2]}` → `{rpc[3]}` | {text} |"


def message(name, comment, body):
    rows = []
    for statement, text in described(body):
        field = re.match(r"((?:repeated )?[\w.]+) (\w+) = (\d+);", statement)
        if field and field[1] != "oneof":
            rows.append(f"| {field[3]} | `{field[2]}` | `{field[1]}` | {text} |")
    yield f"\n### {name}\n" + (f"\n{comment}\n" if comment else "")
    if rows:
        yield "| # | field | type | |\n|---|---|---|---|"
        yield from rows


def enum(name, comment, body):
    yield f"\n### {name}\n" + (f"\n{comment}\n" if comment else "") + "\n| value | # | |\n|---|---|---|"
    for statement, text in described(body):
        value = re.match(r"(\w+) = (\d+);", statement)
        if value:
            yield f"| `{value[1]}` | {value[2]} | {text} |"


def page():
    writers = {"service": service, "message": message, "enum": enum}
    found = [block for path in sorted(SOURCES.glob("*.proto")) for block in blocks(path.read_text())]
    lines = [HEAD]
    for kind in ("service", "message", "enum"):
        for block_kind, name, comment, body in found:
            if block_kind == kind:
                lines += writers[kind](name, comment, body)
        if kind == "service":
            lines.append("\n## Messages and enumerations")
    return "\n".join(lines) + "\n"


def main():
    text = page()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        security.main()
    elif not TARGET.exists() or TARGET.read_text() != text:
        print("docs/api.md is not what proto/ says: run docs/tools/api.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
