#!/usr/bin/env python3
"""Writes docs/performance.md and its plots from what deploy/bench measured.

The words are in docs/tools/performance.md.in; figures, tables and plots come from the JSON. The plots
are SVG written here: two simple pictures are no reason to depend on a plotting library of 100 MB.
SPDX-License-Identifier: MIT

usage: docs/tools/performance.py BENCH.json
"""
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent
FONT = 'font-family="sans-serif" font-size="13"'
MET, MISSED, PLAIN = "#2e7d32", "#c62828", "#546e7a"


def figure(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def verdict(row):
    return {True: "met", False: "**missed**", None: ""}[row["met"]]


def table(rows):
    yield "| what | measured | reference in the same run | ratio | target | |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
        yield (f"| {row['name']} | {figure(row['value'])} {row['unit']} | {row['reference']}: "
               f"{figure(row['reference_value'])} | {ratio} | {row['target'].replace('<=', '≤').replace('>=', '≥')} | "
               f"{verdict(row)} |")


def notes(rows):
    for row in rows:
        if row.get("note"):
            yield f"- {row['name']}: {row['note']}."


def commands(rows):
    yield "| case | which | command |"
    yield "|---|---|---|"
    for row in rows:
        for name, command in row.get("commands", {}).items():
            yield f"| {row['name']} | {name} | `{command}` |"


def conditions(found, quick):
    waited = found["waited_for_cpu_s"]
    yield (f"Measured on {found['date']}: {found['cores']} cores, one fsync {found['fsync_us'] / 1000:.2f} ms, "
           f"{found['postgresql']}, {found['etcd']}; load {found['load_before']:.1f} before the run, which took "
           f"{found['seconds']:.0f} s, {'?' if waited is None else f'{waited:.0f}'} s of it with somebody waiting for "
           f"a CPU." + (" This is the quick form: one short round, orders of magnitude only." if quick else ""))


def svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" {FONT}>\n<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def label(x, y, text, anchor="start", fill="#222"):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{fill}">{escaped(text)}</text>'


def ratios(rows):
    """One bar a row: how the measurement relates to its reference, on a logarithmic scale."""
    rows = [row for row in rows if row["ratio"]]
    left, width, step = 430, 900, 24
    low = min(-1.0, *(math.log10(row["ratio"]) for row in rows))
    high = max(1.0, *(math.log10(row["ratio"]) for row in rows))

    def x_of(ratio):
        return left + (math.log10(ratio) - low) / (high - low) * (width - left - 60)

    parts = [label(left, 20, "ratio to the reference (logarithmic)")]
    for power in range(math.ceil(low), math.floor(high) + 1):
        x = x_of(10 ** power)
        parts.append(f'<line x1="{x:.0f}" y1="28" x2="{x:.0f}" y2="{40 + step * len(rows)}" stroke="#ccc"/>')
        parts.append(label(x, 40, f"{10.0 ** power:g}", "middle", "#777"))
    for i, row in enumerate(rows):
        y = 52 + i * step
        start, end = sorted((x_of(1), x_of(row["ratio"])))
        colour = {True: MET, False: MISSED, None: PLAIN}[row["met"]]
        parts.append(label(left - 10, y + 12, f"{row['name'][:40]} / {row['reference'][:22]}", "end"))
        parts.append(f'<rect x="{start:.0f}" y="{y}" width="{max(end - start, 2):.0f}" height="16" fill="{colour}"/>')
        parts.append(label(end + 4, y + 12, f"{row['ratio']:.2f}"))
    return svg(width, 60 + step * len(rows), parts)


def growth(curve):
    """Registers a second over requests in flight, both logarithmic."""
    left, top, width, height = 80, 30, 560, 300
    logs = [(math.log2(n), math.log10(rate)) for n, rate in curve]
    low, high = math.floor(logs[0][1]), math.ceil(max(y for _, y in logs))

    def place(x, y):
        return (left + (x - logs[0][0]) / (logs[-1][0] - logs[0][0]) * (width - left - 60),
                top + (high - y) / (high - low) * (height - top - 50))

    parts = [label(left, 20, "registers a second over requests in flight")]
    for power in range(low, high + 1):
        _, y = place(0, power)
        parts.append(f'<line x1="{left}" y1="{y:.0f}" x2="{width - 60}" y2="{y:.0f}" stroke="#ccc"/>')
        parts.append(label(left - 8, y + 4, f"{10 ** power:,}", "end", "#777"))
    points = [place(x, y) for x, y in logs]
    parts.append(f'<polyline fill="none" stroke="{MET}" stroke-width="2" points="'
                 + " ".join(f"{x:.0f},{y:.0f}" for x, y in points) + '"/>')
    for (n, rate), (x, y) in zip(curve, points):
        parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{MET}"/>')
        parts.append(label(x, y - 8, f"{rate:,.0f}", "middle"))
        parts.append(label(x, height - 25, str(n), "middle", "#777"))
    return svg(width, height, parts)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: docs/tools/performance.py BENCH.json")
    measured = json.loads(pathlib.Path(sys.argv[1]).read_text())
    rows = measured["rows"]
    (DOCS / "performance-ratios.svg").write_text(ratios(rows))
    for row in rows:
        if row.get("curve"):
            (DOCS / "performance-growth.svg").write_text(growth(row["curve"]))
    page = (HERE / "performance.md.in").read_text()
    for name, lines in (("CONDITIONS", conditions(measured["conditions"], measured["quick"])), ("TABLE", table(rows)),
                        ("NOTES", notes(rows)), ("COMMANDS", commands(rows))):
        page = page.replace(f"@{name}@", "\n".join(lines))
    (DOCS / "performance.md").write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
