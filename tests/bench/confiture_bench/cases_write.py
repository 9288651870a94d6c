"""Cases: registering intents, which is writing durably.
SPDX-License-Identifier: MIT
"""
import os

from . import measure, rows
from .bench import commands
from .machine import TESTS

PAUSE_US = 1500  # what other processes do of a register of one client
IN_FLIGHT = [1, 4, 16, 64, 256]


def register_rate(bench):
    fsync = measure.fsync_us(bench.machine.dir)
    cluster = bench.machine.clusters[bench.url]
    kinds = dict(ours=lambda: measure.with_cpu(lambda: bench.register(64), server=bench.process, postgres=cluster),
                 pgbench=lambda: measure.with_cpu(lambda: bench.pgbench(8), postgres=cluster))
    if bench.etcd():
        kinds.update(txn=lambda: bench.etcd_load("etcd-txn"), put=lambda: bench.etcd_load("etcd-put"))
    runs = measure.interleaved(bench.rounds, **kinds)
    ours = measure.median(runs["ours"], "rate")
    name = "register, 64 in flight"
    yield rows.at_least(name, "/s", ours, "pgbench -c 8", measure.median(runs["pgbench"], "rate"),
                        2.5 if fsync >= 2000 else 1.5, note=f"one fsync takes {fsync / 1000:.2f} ms",
                        spread=measure.spread(runs["ours"], "rate"), commands=commands(runs),
                        p50_us=measure.median(runs["ours"], "p50_us"), p99_us=measure.median(runs["ours"], "p99_us"),
                        p999_us=measure.median(runs["ours"], "p999_us"))
    yield register_cpu(runs, "64 in flight", "pgbench -c 8", at_most_a_second)
    if not bench.etcd():
        yield rows.absent(name, "etcd")
        return
    yield rows.at_least(name, "/s", ours, "etcd compare-and-put", measure.median(runs["txn"], "rate"), 1)
    yield rows.report(name, "/s", ours, "etcd put", measure.median(runs["put"], "rate"))


def register_cpu(runs, clients, reference, conclude):
    """Where an fsync is quick, the processors are the limit. `conclude` makes the sums a sentence."""
    (parts, ours), (their_parts, theirs) = (measure.cpu_of(runs[kind]) for kind in ("ours", "pgbench"))
    return rows.report(f"CPU of a register, {clients}, all processes", "us", ours, f"of a transaction of {reference}",
                       theirs, note=f"{measure.in_words(parts)}, against {measure.in_words(their_parts)} us: "
                       f"{conclude(ours, theirs)}")


def at_most_a_second(ours, theirs):
    rates = (f"{os.cpu_count() * 1e6 / us:,.0f}" for us in (ours, theirs))
    return "{} cores that do nothing else would give {} registers/s and {} transactions/s".format(os.cpu_count(), *rates)


def register_latency(bench):
    """Beside it, what no register can do without: an empty call, the analysis, and the append."""
    live = bench.filled(100)
    cluster = bench.machine.clusters[bench.url]
    kinds = dict(ours=lambda: measure.with_cpu(lambda: bench.register(1), server=bench.process, postgres=cluster),
                 pgbench=lambda: measure.with_cpu(lambda: bench.pgbench(1), postgres=cluster),
                 paused=lambda: measure.with_cpu(lambda: bench.pgbench(1, pause_us=PAUSE_US), postgres=cluster),
                 call=lambda: measure.load("health", bench.address, in_flight=1, seconds=bench.seconds),
                 check=lambda: measure.load("check-new", bench.address, in_flight=1, seconds=bench.seconds, **live),
                 append=lambda: measure.run_json([TESTS / "bench_store", bench.url, 1, bench.seconds]))
    runs = measure.interleaved(bench.rounds, **kinds)
    p50 = {kind: measure.median(results, "p50_us") for kind, results in runs.items()
           if kind not in ("pgbench", "paused")}
    theirs = measure.median(runs["pgbench"], "mean_us")
    yield rows.at_most("register, 1 client, p50", "us", p50["ours"], "pgbench -c 1, mean", theirs, 1.4,
                       spread=measure.spread(runs["ours"], "p50_us"), commands=commands(runs))
    paused = measure.median(runs["paused"], "statements_us")
    yield rows.report("pgbench -c 1, after pauses", "us", paused, "pgbench -c 1, mean", theirs,
                      note=f"a pause of {PAUSE_US} us before each transaction, not counted: processors that have slept or done "
                      f"other things meanwhile take {measure.median(runs['paused'], 'cpu', 'postgres'):,.0f} us in PostgreSQL for "
                      f"what takes {measure.median(runs['pgbench'], 'cpu', 'postgres'):,.0f} without")
    yield rows.report("the append of a register alone, p50", "us", p50["append"], "pgbench -c 1, mean", theirs,
                      note=f"of a register's {p50['ours']:,.0f} us an empty call is {p50['call']:,.0f}, and a check, which "
                      f"is a call and the analysis of a new text, {p50['check']:,.0f}; the append has no call and no analysis")
    yield register_cpu(runs, "1 client", "pgbench -c 1", lambda ours, theirs: "most of it one after the other, "
                       f"{100 * ours / measure.median(runs['ours'], 'mean_us'):.0f} % and "
                       f"{100 * theirs / measure.median(runs['pgbench'], 'mean_us'):.0f} % of their time")


def register_growth(bench):
    live = 1000 if bench.quick else 5000
    full = bench.filled(live)
    count = 300 if bench.quick else 2000

    def crowded():
        return measure.load("register", bench.address, in_flight=16, count=count, project=full["project"],
                            prefix=bench.key())

    def empty():
        return measure.load("register", bench.address, in_flight=16, count=count, **bench.project())

    runs = measure.interleaved(bench.rounds, empty=empty, crowded=crowded)
    yield rows.at_most(f"register with {live:,} live intents", "us", measure.median(runs["crowded"], "mean_us"),
                       "with none", measure.median(runs["empty"], "mean_us"), 1.2, commands=commands(runs),
                       spread=measure.spread(runs["crowded"], "mean_us"))


def group_commit(bench):
    url = bench.machine.postgres("pg-nofsync", fsync="off")
    address, process = bench.machine.server(url, "server-nofsync")
    many = IN_FLIGHT[-1]
    curve = [(n, bench.register(n)["rate"]) for n in IN_FLIGHT]
    runs = measure.interleaved(bench.rounds, one=lambda: bench.register(1), many=lambda: bench.register(many),
                               free=lambda: bench.register(many, address))
    one, rate, free = (measure.median(runs[kind], "rate") for kind in ("one", "many", "free"))
    row = rows.row(f"register, {many} in flight", "/s", rate, "1 in flight", one, ">= 20 x, or >= 80 % of no fsync",
                   rate >= 20 * one or rate >= 0.8 * free, curve=curve, commands=commands(runs),
                   note=f"without fsync {free:,.0f} /s: {100 * rate / free:.0f} % of it")
    bench.machine.stop(process)
    yield row


def checks_row(three, one):
    """More servers answer more where there are processors for them: one server and who asks it fill two."""
    cores = os.cpu_count()
    if cores < 4:
        return rows.report("3 servers, checks", "/s", three, "1 server", one,
                           note=f"{cores} cores do not allow the 1.3 x that is aimed at: one server and its load "
                                "generators keep both busy")
    return rows.at_least("3 servers, checks", "/s", three, "1 server", one, 1.3,
                         note="the load generators share the cores with the servers")


def three_servers(bench):
    more = [bench.machine.server(bench.url, f"server{i}") for i in (2, 3)]
    fleet = [bench.address] + [address for address, _ in more]
    single = [bench.address] * 3
    live = bench.filled(1000)

    def registers(servers, project=None):
        each = [dict(in_flight=22, seconds=bench.seconds, **bench.project()) for _ in servers]
        for options in each:
            options.update({"project": project} if project else {})
        return measure.loads("register", servers, each)

    def checks(servers):
        return measure.loads("check-seen", servers, [dict(in_flight=22, seconds=bench.seconds, **live)] * 3)

    runs = measure.interleaved(bench.rounds, r1=lambda: registers(single), r3=lambda: registers(fleet),
                               c1=lambda: checks(single), c3=lambda: checks(fleet),
                               same=lambda: registers(fleet, bench.project()["project"]))
    rate = {kind: measure.median(results, "rate") for kind, results in runs.items()}
    yield rows.at_least("3 servers, registers", "/s", rate["r3"], "1 server", rate["r1"], 0.9)
    yield rows.report("3 servers, registers of one project", "/s", rate["same"], "1 server, three projects", rate["r1"])
    yield checks_row(rate["c3"], rate["c1"])
    for _, process in more:
        bench.machine.stop(process)
