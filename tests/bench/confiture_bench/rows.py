"""Rows of the table: a measurement, its reference in the same run, and what is aimed at.
SPDX-License-Identifier: MIT
"""


def row(name, unit, ours, reference, theirs, target, met, **more):
    """ours and theirs in `unit`; `more` may hold note, commands, curve: kept in the JSON."""
    return dict(name=name, unit=unit, value=ours, reference=reference, reference_value=theirs,
                ratio=ours / theirs if theirs else None, target=target, met=met, **more)


def at_least(name, unit, ours, reference, theirs, factor, **more):
    return row(name, unit, ours, reference, theirs, f">= {factor} x", ours >= factor * theirs, **more)


def at_most(name, unit, ours, reference, theirs, factor, **more):
    return row(name, unit, ours, reference, theirs, f"<= {factor} x", ours <= factor * theirs, **more)


def limit(name, unit, ours, most, **more):
    return row(name, unit, ours, "the limit", most, f"<= {most} {unit}", ours <= most, **more)


def report(name, unit, ours, reference, theirs, **more):
    """Nothing is aimed at: the figure and the distance are what is asked for."""
    return row(name, unit, ours, reference, theirs, "report", None, **more)


def absent(name, peer):
    """A reference that is not installed here."""
    return row(name, "", 0, peer, 0, "skipped", None, note=f"{peer} is not installed")
