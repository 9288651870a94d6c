"""One measurement each: the load generator, pgbench, and how to run two of them interleaved.
SPDX-License-Identifier: MIT
"""
import json
import re
import statistics
import subprocess

from .machine import LOAD

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


def load(kind, server, **options):
    command = [str(LOAD), kind, "--server", server]
    for key, value in options.items():
        command += [f"--{key.replace('_', '-')}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    result = json.loads(done.stdout)
    if result["failed"]:
        raise RuntimeError(f"{' '.join(command)}: {result['failed']} failed: {result['first_error']}")
    return result


def psql(url, sql):
    return subprocess.run(["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", url], input=sql, text=True, check=True,
                          capture_output=True).stdout.strip()


def pgbench(url, directory, clients, seconds):
    script = directory / "reference.sql"
    script.write_text(PGBENCH_SCRIPT)
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)),
               "-T", str(seconds), "-f", str(script), url]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"rate": float(re.search(r"tps = ([\d.]+)", out)[1]),
            "mean_us": 1000 * float(re.search(r"latency average = ([\d.]+) ms", out)[1]),
            "command": " ".join(command[:-1])}


def fsync_us(directory):
    """The time of one fsync where the clusters live: what a durable commit cannot beat."""
    program = ("import os,sys,time\nf=os.open(sys.argv[1],os.O_CREAT|os.O_WRONLY,0o600)\nt=[]\n"
               "for _ in range(100):\n os.pwrite(f,b'x'*8192,0)\n s=time.perf_counter()\n os.fdatasync(f)\n"
               " t.append(time.perf_counter()-s)\nprint(sorted(t)[50]*1e6)")
    out = subprocess.run(["python3", "-c", program, str(directory / "fsync")], capture_output=True, text=True)
    return float(out.stdout)


def interleaved(rounds, **measurements):
    """Runs each measurement once a round, in turn; returns name -> list of results."""
    results = {name: [] for name in measurements}
    for _ in range(rounds):
        for name, run in measurements.items():
            results[name].append(run())
    return results


def median(results, key):
    return statistics.median(result[key] for result in results)


def spread(results, key):
    values = [result[key] for result in results]
    return (max(values) - min(values)) / statistics.median(values)
