"""Applies a migration of 20 statements and leaves in the middle: the operation goes on without us.
SPDX-License-Identifier: MIT

usage: outlive.py STUBS HOST:PORT STATEMENT [gated]

Leaves when that statement (from 0) has begun; 20 stays to the end. Asked again it finds the same
operation and intent. Gated statements wait in the target until the gate is open for them.
"""
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import coordination_service_pb2 as cpb
from confiture.v1 import coordination_service_pb2_grpc as crpc
from confiture.v1 import migration_service_pb2 as mpb
from confiture.v1 import migration_service_pb2_grpc as mrpc
from confiture.v1 import types_pb2 as t

channel = grpc.insecure_channel(sys.argv[2])
coordination = crpc.CoordinationServiceStub(channel)
migration = mrpc.MigrationServiceStub(channel)
leave_at = int(sys.argv[3])
ready = dict(timeout=120, wait_for_ready=True)

waits = (lambda i: f"gate({i})") if "gated" in sys.argv[4:] else (lambda i: "pg_sleep(0.3)")
statements = [f"CREATE TABLE t{i} AS SELECT {waits(i)}::text AS x" for i in range(20)]
intent = coordination.RegisterIntent(cpb.RegisterIntentRequest(
    agent_id="alice", request_id="register", feature_name="twenty",
    schema_changes="; ".join(statements)), **ready).intent
coordination.CompleteIntent(cpb.CompleteIntentRequest(
    agent_id="alice", request_id="complete", intent_id=intent.id), **ready)
text = "-- confiture: no-transaction\n" + "".join(s + ";\n" for s in statements)
begun, seen = -1, []
for message in migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
        agent_id="alice", request_id="apply", target="production", intent_id=intent.id,
        files=[mpb.SourceFile(name="001_twenty.up.sql", content=text.encode())]), **ready):
    progress = message.progress
    if progress.sequence:
        seen.append(progress.sequence)
    if progress.kind == mpb.PROGRESS_KIND_STATEMENT:
        begun = max(begun, progress.done)
    if begun >= leave_at:
        print("left", begun)
        sys.exit(0)
assert seen == list(range(1, len(seen) + 1)), seen
operation = progress.operation
assert operation.status == mpb.OPERATION_STATUS_SUCCEEDED and operation.versions == ["001"], operation
intent = coordination.GetIntent(cpb.GetIntentRequest(intent_id=intent.id), **ready).intent
assert intent.status == t.INTENT_STATUS_MERGED and not intent.applying_operation, intent
print("done", operation.attempt)
