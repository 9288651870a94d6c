"""50 agents ask three servers for a migration number at the same time.
SPDX-License-Identifier: MIT

usage: numbers.py STUBS HOST:PORT…
"""
import concurrent.futures
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from confiture.v1 import migration_service_pb2 as pb
from confiture.v1 import migration_service_pb2_grpc as rpc

stubs = [rpc.MigrationServiceStub(grpc.insecure_channel(address)) for address in sys.argv[2:]]


def reserve(i):
    return stubs[i % len(stubs)].ReserveVersion(pb.ReserveVersionRequest(
        agent_id=f"agent-{i}", after="041"), timeout=30).version


with concurrent.futures.ThreadPoolExecutor(50) as pool:
    versions = sorted(pool.map(reserve, range(50)))
assert versions == [f"{n:03}" for n in range(42, 92)], versions
print("50 numbers")
