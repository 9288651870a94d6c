#!/usr/bin/env python3
"""Writes the analyzer fuzzer's seeds: the SQL of the repository and of the corpora, one file each.

SPDX-License-Identifier: MIT

usage: seeds.py DIRECTORY [CORPUS]

A pair becomes base, A and B with a form feed between, which is how analyze_fuzz.c reads its input;
other files are one text. The first byte of an input chooses options and is part of the SQL: a blank
or a newline is put before each.
"""
import hashlib
import json
import pathlib
import sys

MAX_BYTES = 8192  # analyze_fuzz.c's inputs are no longer (deploy/fuzz)


def write(directory, text):
    for option in " \t":
        data = (option + text).encode()[:MAX_BYTES]
        name = hashlib.sha1(data).hexdigest()
        (directory / name).write_bytes(data)


def pairs(path):
    for line in path.read_text().splitlines():
        pair = json.loads(line)
        yield "\f".join((pair.get("base", ""), pair["a"], pair["b"]))


def texts(root, corpus):
    for path in sorted(root.rglob("*.jsonl")) + sorted(corpus.rglob("*.jsonl")):
        try:
            yield from pairs(path)
        except (KeyError, json.JSONDecodeError, TypeError):
            continue  # some other kind of lines
    for path in sorted(root.rglob("*.sql")) + sorted(corpus.rglob("*.sql")):
        text = path.read_text(errors="replace")
        for start in range(0, min(len(text), 8 * MAX_BYTES), MAX_BYTES - 1):
            yield text[start : start + MAX_BYTES - 1]


def main():
    directory = pathlib.Path(sys.argv[1])
    corpus = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else pathlib.Path("/nonexistent")
    directory.mkdir(parents=True, exist_ok=True)
    for text in texts(pathlib.Path(__file__).parents[1], corpus):
        write(directory, text)


if __name__ == "__main__":
    main()
