"""A Python participant on stubs that were generated from proto/: registers, watches, gets the conflict.
SPDX-License-Identifier: MIT

usage: participate.py STUBS HOST:PORT
"""
import sys
import threading

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import coordination_service_pb2 as pb
from confiture.v1 import coordination_service_pb2_grpc as rpc

channel = grpc.insecure_channel(sys.argv[2])
# Python's own package `grpc` hides a generated grpc.health: two fields by hand instead.
check = channel.unary_unary("/grpc.health.v1.Health/Check", lambda raw: raw, lambda raw: raw)
name = b"confiture.v1.CoordinationService"
assert check(b"\x0a" + bytes([len(name)]) + name, timeout=10) == b"\x08\x01", "not SERVING"

service = rpc.CoordinationServiceStub(channel)
started, conflict = threading.Event(), []


def watch():
    for message in service.WatchEvents(pb.WatchEventsRequest(project="python")):
        started.set()
        for change in message.event.changes:
            if change.kind == "conflict.detected":
                conflict.append(change.conflict)
                return


watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
assert started.wait(10), "the stream did not start"
register = lambda agent, sql: service.RegisterIntent(pb.RegisterIntentRequest(
    project="python", agent_id=agent, feature_name="feature", schema_changes=sql), timeout=10)
alice = register("alice", "ALTER TABLE users ADD COLUMN age int")
bob = register("bob", "DROP TABLE users")
watcher.join(10)
assert conflict and conflict[0].intent_a == alice.intent.id, conflict
assert conflict[0].intent_b == bob.intent.id, conflict
assert bob.conflicts[0].id == conflict[0].id

try:
    register("bob", "DROP TABEL users")
    raise SystemExit("bad SQL was accepted")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    assert "grpc-status-details-bin" in dict(error.trailing_metadata()), error
print("conflict", conflict[0].id)
