"""CheckIntent's latency, idle and while an apply runs. Prints p50 and p99 in microseconds.
SPDX-License-Identifier: MIT

usage: latency.py STUBS HOST:PORT SECONDS
"""
import sys
import threading
import time

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import coordination_service_pb2 as cpb
from confiture.v1 import coordination_service_pb2_grpc as crpc
from confiture.v1 import migration_service_pb2 as mpb
from confiture.v1 import migration_service_pb2_grpc as mrpc

channel = grpc.insecure_channel(sys.argv[2])
coordination = crpc.CoordinationServiceStub(channel)
migration = mrpc.MigrationServiceStub(channel)
seconds = float(sys.argv[3])
running = threading.Event()


def measure(label, until):
    times = []
    while not until(len(times)):
        start = time.perf_counter_ns()
        coordination.CheckIntent(cpb.CheckIntentRequest(
            agent_id="bob", schema_changes="ALTER TABLE users ADD COLUMN age int"), timeout=10)
        times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()
    p50, p99 = (times[int(len(times) * q)] for q in (0.5, 0.99))
    print(f"{label}: {len(times)} calls, p50 {p50:.0f} us, p99 {p99:.0f} us")
    return p99


def apply():
    text = f"SELECT pg_sleep({seconds / 20});\n" * 20
    list(migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
        agent_id="alice", target="staging",
        files=[mpb.SourceFile(name="001_slow.up.sql", content=text.encode())]), timeout=seconds + 60))


measure("warm-up", lambda n: n == 500)
end = time.monotonic() + min(seconds, 10)
idle = measure("idle", lambda n: time.monotonic() > end)
worker = threading.Thread(target=apply)
worker.start()
busy = measure("during the apply", lambda n: not worker.is_alive())
print(f"ratio of p99 {busy / idle:.2f}")
