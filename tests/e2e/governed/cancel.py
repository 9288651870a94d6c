"""Cancels an apply in the middle; what was done stays on record, and the next apply goes on.
SPDX-License-Identifier: MIT

usage: cancel.py STUBS HOST:PORT
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

statements = ["CREATE TABLE c0 (id int)", "CREATE TABLE c1 AS SELECT pg_sleep(60)::text AS x",
              "CREATE TABLE c2 (id int)"]


def declare(feature, sql):
    intent = coordination.RegisterIntent(cpb.RegisterIntentRequest(
        agent_id="alice", feature_name=feature, schema_changes=sql), timeout=10).intent
    coordination.CompleteIntent(cpb.CompleteIntentRequest(
        agent_id="alice", intent_id=intent.id), timeout=10)
    return intent


def apply(intent, name, text):
    return migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
        agent_id="alice", target="production", intent_id=intent.id,
        files=[mpb.SourceFile(name=name, content=text.encode())]), timeout=60)


def cancel(operation):
    return migration.CancelOperation(mpb.CancelOperationRequest(
        agent_id="alice", operation_id=operation), timeout=10).operation


def ended(stream):
    try:
        for message in stream:
            pass
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.CANCELLED, error
        return
    raise SystemExit("an apply that was cancelled ended well")


def status(operation):
    return migration.ListOperations(mpb.ListOperationsRequest(
        operation_id=operation), timeout=10).operations[0].status


# In one transaction: the running statement is cancelled, and nothing of it stays.
intent = declare("cancelled", "; ".join(statements))
text = "".join(s + ";\n" for s in statements)
stream = apply(intent, "001_cancelled.up.sql", text)
for message in stream:
    operation = message.progress.operation_id
    if message.progress.kind == mpb.PROGRESS_KIND_STATEMENT and message.progress.done == 1:
        # A second one waits for its turn, and is cancelled before it comes.
        waiting = apply(intent, "001_cancelled.up.sql", text)
        second = next(waiting).progress.operation_id
        cancel(second)
        assert cancel(operation).cancel_requested
        break
ended(stream)
ended(waiting)
assert status(operation) == status(second) == mpb.OPERATION_STATUS_CANCELLED
intent = coordination.GetIntent(cpb.GetIntentRequest(intent_id=intent.id), timeout=10).intent
assert intent.status == t.INTENT_STATUS_COMPLETED and not intent.applying_operation, intent
left = migration.GetMigrationStatus(mpb.GetMigrationStatusRequest(target="production"), timeout=30)
assert not left.entries, left
# One that is over stays as it ended.
assert cancel(operation).status == mpb.OPERATION_STATUS_CANCELLED
print("cancelled")
