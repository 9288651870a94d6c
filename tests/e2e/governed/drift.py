"""Applies, has somebody change the target by hand, and sees it as one event.
SPDX-License-Identifier: MIT

usage: drift.py STUBS HOST:PORT apply|watch
"""
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import coordination_service_pb2 as cpb
from confiture.v1 import coordination_service_pb2_grpc as crpc
from confiture.v1 import migration_service_pb2 as mpb
from confiture.v1 import migration_service_pb2_grpc as mrpc

channel = grpc.insecure_channel(sys.argv[2])
coordination = crpc.CoordinationServiceStub(channel)
migration = mrpc.MigrationServiceStub(channel)

if sys.argv[3] == "apply":
    list(migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
        agent_id="alice", target="staging",
        files=[mpb.SourceFile(name="001_x.up.sql", content=b"CREATE TABLE x (id int);")]), timeout=60))
    sys.exit(0)
# Servers look by themselves: the event comes to whoever watches.
for message in coordination.WatchEvents(cpb.WatchEventsRequest(
        from_revision=1, kinds=["target.drifted"]), timeout=60):
    if message.WhichOneof("item") == "event":
        drift = message.event.changes[0].target_drift
        break
assert drift.target == "staging" and drift.expected_fingerprint != drift.found_fingerprint, drift
done = migration.ListOperations(mpb.ListOperationsRequest(operation_id=drift.operation_id), timeout=10)
assert done.operations[0].schema_fingerprint == drift.expected_fingerprint, (done, drift)
found = migration.DetectDrift(mpb.DetectDriftRequest(target="staging", files=[mpb.SourceFile(
    name="x.sql", content=b"CREATE TABLE x (id int);")]), timeout=60)
assert found.drifted and found.fingerprint == drift.found_fingerprint, found
print("drifted")
