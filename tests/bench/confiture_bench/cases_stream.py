"""Cases: events to many streams, through another server, and what an idle stream costs.
SPDX-License-Identifier: MIT
"""
import subprocess

from . import measure, rows
from .bench import commands
from .machine import TESTS


def fan_out(bench):
    streams = 200 if bench.quick else 1000
    rounds = 5 if bench.quick else 20

    def fan(kind, address):
        return measure.fanout(kind, address, streams=streams, rounds=rounds, project=bench.project()["project"])

    def run(kind, address, **processes):
        return measure.with_cpu(lambda: fan(kind, address), count=streams * rounds, **processes)

    bare_server = bench.bare()
    kinds = dict(ours=lambda: run("confiture", bench.address, server=bench.process),
                 bare=lambda: run("bare", bare_server, server=bench.bare_process))
    if bench.etcd():
        kinds["etcd"] = lambda: run("etcd", bench.etcd())
    runs = measure.interleaved(bench.rounds, **kinds)
    last = {kind: measure.median(results, "last", "p50_us") for kind, results in runs.items()}
    name = f"one event to {streams:,} streams, last receive p50"
    if bench.etcd():
        yield rows.at_most(name, "us", last["ours"], "etcd watch", last["etcd"], 0.5, commands=commands(runs),
                           spread=measure.spread(runs["ours"], "last", "p50_us"))
        yield rows.report(f"bare send loop, {name}", "us", last["bare"], "etcd watch", last["etcd"],
                          note="a server on gRPC's C core that does nothing else")
        yield client_cpu(runs, streams)
    else:
        yield rows.absent(name, "etcd")
    # What the commit takes is not the fan-out's: it is measured with one stream and taken off.
    alone = [measure.fanout(kind, server, rounds=rounds, project=bench.project()["project"])
             for kind, server in (("confiture", bench.address), ("bare", bare_server))]
    ours, bare = (total - one["last"]["p50_us"] for total, one in zip((last["ours"], last["bare"]), alone))
    yield rows.at_most("fan-out, per message", "us", ours / streams, "bare C-core send loop", bare / streams, 1.5,
                       note="without the time of one stream alone, which holds the commit")
    (parts, cpu), (bare_parts, bare_cpu) = (measure.cpu_of(runs[kind]) for kind in ("ours", "bare"))
    yield rows.report("CPU of a message to one stream, opening it included", "us", cpu, "bare C-core send loop", bare_cpu,
                      note=f"{measure.in_words(parts)}, against {measure.in_words(bare_parts)} us")


def client_cpu(runs, streams):
    """One client reads what all three servers send, and on one core: the last message waits for the others."""
    ours, theirs = (measure.median(runs[kind], "cpu", "client") for kind in ("ours", "etcd"))
    return rows.report("CPU of a message in the client, opening its stream included", "us", ours, "from etcd", theirs,
                       note=f"{streams:,} of them, one after the other, are {ours * streams / 1000:,.0f} ms and "
                       f"{theirs * streams / 1000:,.0f} ms, whatever the server does")


def other_server(bench):
    address, process = bench.machine.server(bench.url, "server-other")
    rounds = 50 if bench.quick else 200

    def ours():
        return measure.fanout("confiture", address, fire_server=bench.address, rounds=rounds,
                              project=bench.project()["project"])

    def hop():
        return measure.fanout("bare", bench.bare(), rounds=rounds)

    def notify():
        return measure.run_json([TESTS / "bench_notify", bench.url, rounds])

    def health():
        return measure.load("health", bench.address, in_flight=1, count=rounds * 5)

    runs = measure.interleaved(bench.rounds, ours=ours, hop=hop, notify=notify, health=health)
    # From the commit: the register's answer is on its way for half an empty call.
    value = measure.median(runs["ours"], "after_reply", "p50_us") + measure.median(runs["health"], "p50_us") / 2
    reference = (measure.median(runs["notify"], "notify", "p50_us") + measure.median(runs["notify"], "select", "p50_us")
                 + measure.median(runs["hop"], "last", "p50_us"))
    yield rows.at_most("commit to a watcher of another server, p50", "us", value, "NOTIFY + SELECT + empty stream hop",
                       reference, 2, commands=commands(runs))
    bench.machine.stop(process)


def idle_streams(bench):
    per_client, clients = (500, 2) if bench.quick else (1000, 10)  # max_concurrent_calls is 1,000
    before = measure.rss_mb(bench.process.pid)
    command = [str(TESTS / "bench_fanout"), "confiture", "--server", bench.address, "--streams", str(per_client),
               "--project", bench.project()["project"], "--hold"]
    held = []
    for _ in range(clients):
        held.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        if not held[-1].stdout.readline():  # "open"
            raise RuntimeError(f"{measure.shown(command)}: {held[-1].wait()}")
    after = measure.rss_mb(bench.process.pid)
    for process in held:
        process.communicate("")
    streams = per_client * clients
    yield rows.limit(f"{streams:,} idle streams, each", "kB", (after - before) * 1000 / streams, 20,
                     commands={"ours": measure.shown(command)})
