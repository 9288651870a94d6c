"""One measurement each: the load generator, pgbench, streams, and how to run several interleaved.
SPDX-License-Identifier: MIT
"""
import json
import os
import re
import resource
import statistics
import subprocess
import time

from .machine import TESTS

# The minimal equivalent of registering an intent: a 1 kB row with three indexes, one of them GIN,
# and a row of the log, durable.
PGBENCH_SCHEMA = """
DROP TABLE IF EXISTS ref_intent, ref_event;
CREATE TABLE ref_intent(id bigint PRIMARY KEY, agent text, keys text[], body text);
CREATE INDEX ON ref_intent(agent);
CREATE INDEX ON ref_intent USING gin(keys);
CREATE TABLE ref_event(revision bigserial PRIMARY KEY, body text);
CREATE SEQUENCE IF NOT EXISTS ref_id;
"""
PGBENCH_SCRIPT = """
\\set n random(1, 1000000000)
BEGIN;
INSERT INTO ref_intent VALUES (nextval('ref_id'), 'agent' || :n % 100, ARRAY['t' || :n, 't' || :n || '.c'], repeat('x', 1000));
INSERT INTO ref_event(body) VALUES (repeat('e', 300));
COMMIT;
"""


def options_of(options):
    for key, value in options.items():
        yield from (f"--{key.replace('_', '-')}", str(value))


def shown(command):
    """The command as a person would type it: programs by their name."""
    text = " ".join([str(command[0]).rsplit("/", 1)[-1]] + [str(part) for part in command[1:]])
    return re.sub(r"/\S*/confiture-bench-\w+/", "DIR/", text)


def run_json(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"{shown(command)}: {done.stderr}")
    result = json.loads(done.stdout)
    if result.get("failed"):
        raise RuntimeError(f"{shown(command)}: {result['failed']} failed: {result['first_error']}")
    result["command"] = shown(command)
    return result


def load(kind, server, **options):
    return run_json([TESTS / "bench_load", kind, "--server", server, *options_of(options)])


def loads(kind, servers, options_each):
    """One load generator for each server at the same time; the sum of their rates."""
    running = [subprocess.Popen([str(TESTS / "bench_load"), kind, "--server", server, *options_of(options)],
                                stdout=subprocess.PIPE, text=True)
               for server, options in zip(servers, options_each)]
    results = [json.loads(process.communicate()[0]) for process in running]
    if any(result["failed"] for result in results):
        raise RuntimeError(f"{kind} failed: {[result.get('first_error') for result in results]}")
    return {"rate": sum(result["rate"] for result in results)}


def fanout(kind, server, **options):
    return run_json([TESTS / "bench_fanout", kind, "--server", server, *options_of(options)])


def psql(url, sql):
    return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", url], input=sql, text=True, check=True,
                          capture_output=True).stdout.strip()


def statements_us(report):
    """What pgbench -r says of the script's statements, without its own commands: their sum."""
    lines = re.findall(r"^ +([\d.]+) +\d+ +(\S)", report, re.MULTILINE)
    return 1000 * sum(float(ms) for ms, first in lines if first != "\\")


def pgbench(url, directory, clients, seconds, pause_us=0):
    """The reference; with a pause before each transaction, which is not in `statements_us`."""
    script = directory / ("paused.sql" if pause_us else "reference.sql")
    script.write_text((f"\\sleep {pause_us} us" if pause_us else "") + PGBENCH_SCRIPT)
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T", str(seconds),
               *(["-r"] if pause_us else []), "-f", str(script), url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"rate": float(re.search(r"tps = ([\d.]+)", out)[1]),
            "count": int(re.search(r"actually processed: (\d+)", out)[1]),
            "mean_us": 1000 * float(re.search(r"latency average = ([\d.]+) ms", out)[1]),
            "statements_us": statements_us(out) if pause_us else None,
            "command": shown(command[:-1])}


def fsync_us(directory):
    """The time of one fsync where the clusters live: what a durable commit cannot beat."""
    program = ("import os,sys,time\nf=os.open(sys.argv[1],os.O_CREAT|os.O_WRONLY,0o600)\nt=[]\n"
               "for _ in range(100):\n os.pwrite(f,b'x'*8192,0)\n s=time.perf_counter()\n os.fdatasync(f)\n"
               " t.append(time.perf_counter()-s)\nprint(sorted(t)[50]*1e6)")
    out = subprocess.run(["python3", "-c", program, str(directory / "fsync")], capture_output=True, text=True)
    return float(out.stdout)


def wall_ms(command, **options):
    """How long a program runs, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=False, **options)
    return {"ms": (time.perf_counter() - start) * 1000, "command": shown(command)}


def cpu_us(process):
    """The CPU time of a process and all below it, also of those that have ended, in microseconds."""
    pids, ticks = [process.pid], 0
    while pids:
        pid = pids.pop()
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            pids += [int(child) for task in os.listdir(f"/proc/{pid}/task")
                     for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
        except OSError:
            continue  # it ended meanwhile, and its parent has its time
        ticks += sum(int(field) for field in fields[11:15])
    return ticks * 1e6 / os.sysconf("SC_CLK_TCK")


def clients_cpu_us():
    """The CPU time of what this program ran and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e6


def with_cpu(run, count=None, **processes):
    """Runs it; its result, and what each process and the client took of CPU for one of `count` (default: the result's)."""
    before = {name: cpu_us(process) for name, process in processes.items()}
    client = clients_cpu_us()
    result = run()
    taken = {name: cpu_us(process) - before[name] for name, process in processes.items()}
    taken["client"] = clients_cpu_us() - client
    return {**result, "cpu": {name: us / (count or result["count"]) for name, us in taken.items()}}


def cpu_of(results):
    """Medians: each part, and the sum."""
    parts = {name: median(results, "cpu", name) for name in results[0]["cpu"]}
    return parts, sum(parts.values())


def in_words(parts):
    return ", ".join(f"{name} {us:,.0f}" for name, us in parts.items())


def rss_mb(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6


def interleaved(rounds, **measurements):
    """Runs each measurement once a round, in turn; returns name -> list of results."""
    results = {name: [] for name in measurements}
    for _ in range(rounds):
        for name, run in measurements.items():
            results[name].append(run())
    return results


def median(results, *keys):
    return statistics.median(value_of(result, keys) for result in results)


def spread(results, *keys):
    """Largest minus smallest, as a part of the median."""
    values = [value_of(result, keys) for result in results]
    return (max(values) - min(values)) / statistics.median(values) if statistics.median(values) else 0


def value_of(result, keys):
    for key in keys:
        result = result[key]
    return result
