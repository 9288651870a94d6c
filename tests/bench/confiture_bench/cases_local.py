"""Cases: what the command line does by itself: diff, build, and its own start.
SPDX-License-Identifier: MIT
"""
import subprocess

from . import measure, rows
from .bench import commands
from .machine import BIN, TESTS

TABLE = """CREATE TABLE {name} (
    id bigserial PRIMARY KEY,
    owner_id bigint NOT NULL REFERENCES t0 (id),
    name text NOT NULL,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'open', 'done')),{more}
    price numeric(12, 2),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX {name}_owner ON {name} (owner_id);
CREATE UNIQUE INDEX {name}_name ON {name} (lower(name));
"""


def schema(tables, changes):
    """So many tables; in `changes` of them, spread evenly, one column more."""
    every = tables // changes if changes else 0
    first = "CREATE TABLE t0 (id bigserial PRIMARY KEY);\n"
    return first + "".join(
        TABLE.format(name=f"t{i}", more="\n    note text," if every and i % every == 0 else "")
        for i in range(1, tables + 1))


def schema_diff(bench):
    tables, changes = (100, 5) if bench.quick else (1000, 50)
    old, new = bench.machine.dir / "old.sql", bench.machine.dir / "new.sql"
    old.write_text(schema(tables, 0))
    new.write_text(schema(tables, changes))
    result = measure.run_json([TESTS / "bench_diff", old, new, 3 if bench.quick else 9])
    yield rows.at_most(f"schema diff, {tables:,} tables, {changes} changes", "ms", result["diff"]["p50_us"] / 1000,
                       "libpg_query parse of both", result["parse"]["p50_us"] / 1000, 2.5,
                       commands={"both": result["command"]}, note=f"{result['steps']} statements in the plan")


def build_files(bench):
    files = 100 if bench.quick else 1000
    tree = bench.machine.dir / "tree"
    tree.mkdir()
    subprocess.run([BIN / "confiture", "init"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    names = []
    for i in range(1, files + 1):
        names.append(f"db/schema/10_tables/{i:04}.sql")
        (tree / names[-1]).write_text(TABLE.format(name=f"t{i}", more=""))
    runs = measure.interleaved(5 * bench.rounds,
                               ours=lambda: measure.wall_ms([BIN / "confiture", "build", "-o", "out.sql"], cwd=tree),
                               cat=lambda: measure.wall_ms(["cat", *names], cwd=tree))
    yield rows.at_most(f"build of {files:,} files", "ms", measure.median(runs["ours"], "ms"), "cat",
                       measure.median(runs["cat"], "ms"), 5,
                       commands={"ours": runs["ours"][0]["command"], "cat": "cat db/schema/10_tables/*.sql"})


def cold_start(bench):
    check = [BIN / "confiture", "coordinate", "check", "--server", bench.address, "--agent-id", "x",
             "--tables-affected", "users"]
    runs = measure.interleaved(
        5 * bench.rounds, version=lambda: measure.wall_ms([BIN / "confiture", "--version"]),
        true=lambda: measure.wall_ms(["true"]), check=lambda: measure.wall_ms(check),
        psql=lambda: measure.wall_ms(["psql", "-X", bench.url, "-c", "select 1"]))
    ms = {name: measure.median(results, "ms") for name, results in runs.items()}
    yield rows.limit("confiture --version, cold", "ms", ms["version"], 10, note=f"`true` takes {ms['true']:.1f} ms")
    yield rows.at_most("coordinate check, cold", "ms", ms["check"], "psql -c 'select 1'", ms["psql"], 2,
                       commands=commands(runs))
