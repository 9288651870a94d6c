"""Two servers get applies of one intent at the same moment: one of them applies it, once.
SPDX-License-Identifier: MIT

usage: race.py STUBS HOST:PORT HOST:PORT
"""
import sys
import threading

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import coordination_service_pb2 as cpb
from confiture.v1 import coordination_service_pb2_grpc as crpc
from confiture.v1 import migration_service_pb2 as mpb
from confiture.v1 import migration_service_pb2_grpc as mrpc
from confiture.v1 import types_pb2 as t

channels = [grpc.insecure_channel(address) for address in sys.argv[2:]]
coordination = crpc.CoordinationServiceStub(channels[0])
statements = ["CREATE TABLE raced (id int)", "SELECT pg_sleep(1)"]
intent = coordination.RegisterIntent(cpb.RegisterIntentRequest(
    agent_id="alice", feature_name="race", schema_changes="; ".join(statements)), timeout=30).intent
coordination.CompleteIntent(cpb.CompleteIntentRequest(
    agent_id="alice", intent_id=intent.id), timeout=30)
files = [mpb.SourceFile(name="001_raced.up.sql", content=("; ".join(statements) + ";").encode())]
ended, begun = [], threading.Event()


def apply(channel):
    try:
        for message in mrpc.MigrationServiceStub(channel).ApplyMigrations(mpb.ApplyMigrationsRequest(
                agent_id="alice", target="production", intent_id=intent.id, files=files), timeout=120):
            if message.progress.kind == mpb.PROGRESS_KIND_STATEMENT:
                begun.set()
        ended.append("applied")
    except grpc.RpcError as error:
        ended.append(error.details())


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        assert b"APPLY_IN_PROGRESS" in dict(error.trailing_metadata())["grpc-status-details-bin"], error
        return
    raise SystemExit("went through beside the apply")


threads = [threading.Thread(target=apply, args=(channel,)) for channel in channels]
for thread in threads:
    thread.start()
assert begun.wait(60)
# Nobody ends the intent beside the operation.
other = crpc.CoordinationServiceStub(channels[1])
ids = dict(agent_id="alice", intent_id=intent.id)
refused(lambda: other.MarkIntentMerged(cpb.MarkIntentMergedRequest(**ids), timeout=30))
refused(lambda: other.AbandonIntent(cpb.AbandonIntentRequest(**ids), timeout=30))
for thread in threads:
    thread.join()
assert sorted(ended) == ["applied", f"cannot apply intent {intent.id}: it is MERGED"], ended
seen = coordination.GetIntent(cpb.GetIntentRequest(intent_id=intent.id), timeout=30).intent
assert seen.status == t.INTENT_STATUS_MERGED, seen
print("once")
