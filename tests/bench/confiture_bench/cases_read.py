"""Cases: checking intents, and the memory that live intents take.
SPDX-License-Identifier: MIT
"""
from . import measure, rows
from .bench import commands


def check_rate(bench):
    full = bench.filled(1000 if bench.quick else 10000)

    def check(kind):
        return measure.load(kind, bench.address, in_flight=64, seconds=bench.seconds, **full)

    kinds = dict(health=lambda: measure.load("health", bench.address, in_flight=64, seconds=bench.seconds),
                 seen=lambda: check("check-seen"), new=lambda: check("check-new"))
    if bench.etcd():
        key = bench.key()
        measure.load("etcd-put", bench.etcd(), in_flight=64, count=1000, prefix=key)
        kinds["get"] = lambda: bench.etcd_load("etcd-get", prefix=key, live=1000)
    runs = measure.interleaved(bench.rounds, **kinds)
    rate = {kind: measure.median(results, "rate") for kind, results in runs.items()}
    yield rows.at_least("check, text seen before, 64 in flight", "/s", rate["seen"], "health Check", rate["health"], 0.6,
                        spread=measure.spread(runs["seen"], "rate"), commands=commands(runs))
    yield rows.at_least("check, new text, 64 in flight", "/s", rate["new"], "health Check", rate["health"], 0.35,
                        spread=measure.spread(runs["new"], "rate"))
    if bench.etcd():
        yield rows.report("check, text seen before, 64 in flight", "/s", rate["seen"], "etcd get", rate["get"])


def check_growth(bench):
    """On a server of its own, whose memory holds nothing else."""
    few, many = 100, 2000 if bench.quick else 100000
    address, process = bench.machine.server(bench.url, "server-many")
    before = bench.settled_mb(process)
    large = bench.filled(many, address, per_table=2)
    rss = bench.settled_mb(process)
    small = bench.filled(few, address, per_table=2)
    count = 200 if bench.quick else 2000

    def check(options):
        return measure.load("check-conflict", address, in_flight=1, count=count, **options)

    runs = measure.interleaved(bench.rounds, small=lambda: check(small), large=lambda: check(large))
    yield rows.at_most(f"check with {many:,} live intents, 2 conflicts", "us", measure.median(runs["large"], "p50_us"),
                       f"with {few}", measure.median(runs["small"], "p50_us"), 1.3, commands=commands(runs),
                       spread=measure.spread(runs["large"], "p50_us"))
    yield rows.limit(f"memory of {many:,} live intents", "MB", rss - before, 150,
                     note=f"{(rss - before) * 1e6 / many:,.0f} bytes each; the server as a whole {rss:,.0f} MB")
    bench.machine.stop(process)
