"""What is measured, against which reference, and what is aimed at. Each case returns a row.
SPDX-License-Identifier: MIT
"""
import subprocess
import time

from . import measure
from .machine import BIN


class Row(dict):
    """name, value, reference, ratio, target, met: what the table and docs/performance.md show."""

    def __init__(self, name, value, unit, reference, reference_value, ratio, target, met, **more):
        super().__init__(name=name, value=value, unit=unit, reference=reference,
                         reference_value=reference_value, ratio=ratio, target=target, met=met, **more)


def at_least(name, unit, ours, reference, theirs, factor, **more):
    ratio = ours / theirs
    return Row(name, ours, unit, reference, theirs, ratio, f">= {factor} x", ratio >= factor, **more)


def at_most(name, unit, ours, reference, theirs, factor, **more):
    ratio = ours / theirs
    return Row(name, ours, unit, reference, theirs, ratio, f"<= {factor} x", ratio <= factor, **more)


class Bench:
    def __init__(self, machine, quick):
        self.machine = machine
        self.quick = quick
        self.rounds = 1 if quick else 3
        self.seconds = 2 if quick else 6
        self.projects = 0
        self.url = machine.postgres()
        self.address, self.process = machine.server(self.url)
        measure.psql(self.url, measure.PGBENCH_SCHEMA)

    def project(self):
        """A fresh project: no intents, and a table prefix that no text seen before has."""
        self.projects += 1
        return {"project": f"bench{self.projects}", "prefix": f"t{self.projects}x"}

    def register(self, in_flight, **options):
        return measure.load("register", self.address, in_flight=in_flight, seconds=self.seconds,
                            **self.project(), **options)

    def filled(self, live):
        options = self.project()
        if live:
            measure.load("register", self.address, in_flight=256, count=live, **options)
        return options

    def register_rate(self):
        fsync = measure.fsync_us(self.machine.dir)
        runs = measure.interleaved(self.rounds, ours=lambda: self.register(64),
                                   pgbench=lambda: measure.pgbench(self.url, self.machine.dir, 8, self.seconds))
        yield at_least("register, 64 in flight", "/s", measure.median(runs["ours"], "rate"),
                       "pgbench -c 8, equivalent transaction", measure.median(runs["pgbench"], "rate"),
                       2.5 if fsync >= 2000 else 1.5, fsync_us=fsync, spread=measure.spread(runs["ours"], "rate"),
                       p99_us=measure.median(runs["ours"], "p99_us"), command=runs["pgbench"][0]["command"])

    def register_latency(self):
        runs = measure.interleaved(self.rounds, ours=lambda: self.register(1),
                                   pgbench=lambda: measure.pgbench(self.url, self.machine.dir, 1, self.seconds))
        yield at_most("register, 1 client, p50", "us", measure.median(runs["ours"], "p50_us"),
                      "pgbench -c 1, mean", measure.median(runs["pgbench"], "mean_us"), 1.4)

    def register_growth(self):
        live = 1000 if self.quick else 5000
        full = self.filled(live)

        def crowded():
            return measure.load("register", self.address, in_flight=16, count=1000,
                                project=full["project"], prefix=f"more{self.project()['prefix']}")

        runs = measure.interleaved(self.rounds, empty=lambda: measure.load(
            "register", self.address, in_flight=16, count=1000, **self.project()), crowded=crowded)
        yield at_most(f"register with {live} live intents", "us", measure.median(runs["crowded"], "mean_us"),
                      "with none", measure.median(runs["empty"], "mean_us"), 1.2)

    def group_commit(self):
        one = self.register(1)
        many = self.register(256)
        yield at_least("register, 256 in flight", "/s", many["rate"], "1 in flight", one["rate"], 20)

    def check_rate(self):
        full = self.filled(1000 if self.quick else 10000)

        def check(kind):
            return measure.load(kind, self.address, in_flight=64, seconds=self.seconds, **full)

        runs = measure.interleaved(
            self.rounds, health=lambda: measure.load("health", self.address, in_flight=64, seconds=self.seconds),
            seen=lambda: check("check-seen"), new=lambda: check("check-new"))
        empty = measure.median(runs["health"], "rate")
        yield at_least("check, text seen before, 64 in flight", "/s", measure.median(runs["seen"], "rate"),
                       "health Check", empty, 0.6)
        yield at_least("check, new text, 64 in flight", "/s", measure.median(runs["new"], "rate"),
                       "health Check", empty, 0.35)

    def check_growth(self):
        few, many = 100, 2000 if self.quick else 100000
        small, large = self.filled(few), self.filled(many)

        def check(options):
            return measure.load("check-new", self.address, in_flight=1, count=500, **options)

        runs = measure.interleaved(self.rounds, small=lambda: check(small), large=lambda: check(large))
        yield at_most(f"check with {many} live intents", "us", measure.median(runs["large"], "p50_us"),
                      f"with {few}", measure.median(runs["small"], "p50_us"), 1.3)
        rss = int(open(f"/proc/{self.process.pid}/statm").read().split()[1]) * 4096 / 1e6
        yield Row(f"memory of the server, {many + few} live intents", rss, "MB", "-", 150, rss / 150,
                  "<= 150 MB", rss <= 150)

    def cold_start(self):
        def timed(*command):
            best = []
            for _ in range(15):
                start = time.perf_counter()
                subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                best.append(time.perf_counter() - start)
            return sorted(best)[len(best) // 2] * 1000

        version = timed(str(BIN / "confiture"), "--version")
        yield Row("confiture --version", version, "ms", "true", timed("true"), version / 10, "<= 10 ms", version <= 10)
        check = timed(str(BIN / "confiture"), "coordinate", "check", "--server", self.address, "--agent-id", "x",
                      "--tables-affected", "users")
        yield at_most("coordinate check, cold", "ms", check, "psql -c 'select 1'",
                      timed("psql", "-X", self.url, "-c", "select 1"), 2)


CASES = ["register_rate", "register_latency", "register_growth", "group_commit", "check_rate", "check_growth",
         "cold_start"]
