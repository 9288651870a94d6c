"""Two agents, one target: from register to MERGED on stubs that were generated from proto/.
SPDX-License-Identifier: MIT

usage: story.py STUBS HOST:PORT
"""
import hashlib
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


def file(name, text, sha=None):
    content = text.encode()
    return mpb.SourceFile(name=name, content=content,
                          sha256=sha or hashlib.sha256(content).hexdigest())


def register(agent, feature, sql):
    return coordination.RegisterIntent(cpb.RegisterIntentRequest(
        agent_id=agent, feature_name=feature, schema_changes=sql), timeout=10).intent


def complete(intent):
    return coordination.CompleteIntent(cpb.CompleteIntentRequest(
        agent_id=intent.agent_id, intent_id=intent.id, outcome="success"), timeout=10).intent


def get(intent):
    return coordination.GetIntent(cpb.GetIntentRequest(intent_id=intent.id), timeout=10).intent


def apply(intent, files, target="production", agent=None, **more):
    return list(migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
        agent_id=agent or intent.agent_id, target=target, intent_id=intent.id if intent else "",
        files=files, **more), timeout=60))


def refused(reason, call):
    try:
        call()
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        assert reason.encode() in details, (reason, details, error)
        return
    raise SystemExit(f"not refused: {reason}")


# Who shows the text alone has the place; once.
try:
    register("alice", "typo", "CREATE TABLE a (id int);\nCREATE TABEL b ()")
except grpc.RpcError as error:
    assert error.details() == 'line 2:8: syntax error at or near "TABEL"', error

targets = migration.ListTargets(mpb.ListTargetsRequest(), timeout=10).targets
assert [x.name for x in targets] == ["production", "guarded", "staging"], targets
assert [(x.apply_role, x.rollback_role, list(x.approvers)) for x in targets][1:] == \
    [("agent", "agent", ["lead"]), ("agent", "agent", [])], targets
assert "postgres@" not in str(targets) and "secret" not in str(targets), targets

reserve = lambda agent: migration.ReserveVersion(mpb.ReserveVersionRequest(
    agent_id=agent, request_id=agent, after="000"), timeout=10).version
assert (reserve("alice"), reserve("bob"), reserve("alice")) == ("001", "002", "001")

# Alice declares, is applied, and her intent is MERGED.
users = "CREATE TABLE users (id int PRIMARY KEY, email text)"
alice = register("alice", "users", users)
files = [file("001_users.up.sql", users + ";\n"), file("001_users.down.sql", "DROP TABLE users;\n")]
refused("WRONG_STATE", lambda: apply(alice, files))
complete(alice)
refused("INTENT_REQUIRED", lambda: apply(None, files, agent="alice"))
refused("TARGET_NOT_ALLOWED", lambda: apply(None, files, agent="mallory"))
refused("NOT_OWNER", lambda: apply(alice, files, agent="bob"))
refused("CHECKSUM_MISMATCH", lambda: apply(alice, [file("001_users.up.sql", users, "00" * 32)]))
refused("DDL_DIFFERS", lambda: apply(alice, [file("001_users.up.sql", users + "; DROP SCHEMA x")]))
assert get(alice).status == t.INTENT_STATUS_COMPLETED
plan = migration.PlanMigrations(mpb.PlanMigrationsRequest(target="production", files=files), timeout=30)
assert [s.version for s in plan.statements] == ["001"], plan
progress = [p.progress for p in apply(alice, files, request_id="once")]
kinds = [mpb.ProgressKind.Name(p.kind)[14:] for p in progress]
assert kinds == ["QUEUED", "STARTED", "PLANNED", "BEGIN_MIGRATION", "STATEMENT", "END_MIGRATION",
                 "MERGED", "DONE"], kinds
done = progress[-1].operation
assert done.status == mpb.OPERATION_STATUS_SUCCEEDED and list(done.versions) == ["001"], done
assert len(done.schema_fingerprint) == 64, done
assert get(alice).status == t.INTENT_STATUS_MERGED
# The same request again is the same operation, watched again.
again = [p.progress.sequence for p in apply(alice, files, request_id="once")]
assert again == [p.sequence for p in progress], again
status = migration.GetMigrationStatus(mpb.GetMigrationStatusRequest(target="production"), timeout=30)
assert status.current_version == "001" and done.id in status.entries[0].details_json, status

# Bob's and Alice's next intents conflict: the apply waits for the resolution.
bob = register("bob", "age", "ALTER TABLE users ADD COLUMN age int")
other = register("alice", "age", "ALTER TABLE users ADD COLUMN age text")
coordination.StartIntent(cpb.StartIntentRequest(
    agent_id="alice", intent_id=other.id, accept_risk=True, reason="test"), timeout=10)
coordination.CompleteIntent(cpb.CompleteIntentRequest(
    agent_id="bob", intent_id=bob.id, force=True, reason="test"), timeout=10)
bobs = files + [file("002_age.up.sql", "ALTER TABLE users ADD COLUMN age int;")]
refused("BLOCKED_BY_CONFLICT", lambda: apply(bob, bobs))
# The plan says so before, per migration, and tries it: after Bob's column Alice's has no place.
plan = migration.PlanMigrations(mpb.PlanMigrationsRequest(
    target="production", files=bobs, intent_id=bob.id, with_open_intents=True), timeout=120)
assert [(c.version, c.conflict.intent_a, c.conflict.severity) for c in plan.conflicts] == \
    [("002", other.id, t.SEVERITY_ERROR)], plan.conflicts
assert [(x.intent_id, x.works) for x in plan.open_intents] == [(other.id, False)], plan.open_intents
assert "already exists" in plan.open_intents[0].error, plan.open_intents
assert '"verdict":"neither"' in plan.open_intents[0].proof_json, plan.open_intents
coordination.AbandonIntent(cpb.AbandonIntentRequest(agent_id="alice", intent_id=other.id), timeout=10)
plan = migration.PlanMigrations(mpb.PlanMigrationsRequest(
    target="production", files=bobs, intent_id=bob.id), timeout=30)
assert plan.versions == ["002"] and not plan.conflicts and plan.revision > 0, plan
apply(bob, bobs)
assert get(bob).status == t.INTENT_STATUS_MERGED

# An approval is somebody else's, is for one DDL, and goes with an edit.
carol = register("carol", "city", "ALTER TABLE users ADD COLUMN city text")
judge = lambda agent, digest: coordination.ApproveIntent(cpb.ApproveIntentRequest(
    agent_id=agent, intent_id=carol.id, ddl_digest=digest), timeout=10).intent
refused("OWN_INTENT", lambda: judge("carol", carol.ddl_digest))
refused("DDL_CHANGED", lambda: judge("lead", "00" * 32))
assert judge("lead", carol.ddl_digest).approval == t.APPROVAL_STATE_APPROVED
edited = coordination.UpdateIntent(cpb.UpdateIntentRequest(
    agent_id="carol", intent_id=carol.id, set_schema_changes=True,
    schema_changes="ALTER TABLE users ADD COLUMN town text"),
    timeout=10).intent
assert edited.approval == t.APPROVAL_STATE_UNSPECIFIED and edited.ddl_digest != carol.ddl_digest
complete(carol)
carols = bobs + [file("003_town.up.sql", "ALTER TABLE users ADD COLUMN town text;")]
refused("APPROVAL_REQUIRED", lambda: apply(carol, carols, target="guarded"))
judge("deputy", edited.ddl_digest)
refused("APPROVER_NOT_ACCEPTED", lambda: apply(carol, carols, target="guarded"))
judge("lead", edited.ddl_digest)
apply(carol, carols, target="guarded")
assert get(carol).status == t.INTENT_STATUS_MERGED

# A failure leaves the intent as it was, says so, and rolls back.
dave = register("dave", "broken", "CREATE TABLE later (id int); ALTER TABLE users ADD COLUMN a int; "
                "ALTER TABLE nowhere ADD COLUMN b int")
erin = register("erin", "needs dave", "ALTER TABLE later ADD COLUMN x int")
complete(dave)
daves = carols + [file("004_broken.up.sql",
                       "CREATE TABLE later (id int);\nALTER TABLE users ADD COLUMN a int;\nALTER TABLE nowhere ADD COLUMN b int;")]
refused("SQL_ERROR", lambda: apply(dave, daves))
assert get(dave).status == t.INTENT_STATUS_COMPLETED and not get(dave).applying_operation
events = coordination.ListIntentHistory(cpb.ListIntentHistoryRequest(intent_id=dave.id), timeout=10).events
assert [c.kind for e in events for c in e.changes if c.kind.startswith("intent.app")] == \
    ["intent.applying", "intent.apply_failed"], events
# Erin's intent needs Dave's first: she is told, and why.
news = coordination.ReadInbox(cpb.ReadInboxRequest(agent_id="erin"), timeout=10).events
told = [(c.intent.id, e.reason) for e in news for c in e.changes if c.kind == "intent.prerequisite_failed"]
assert len(told) == 1 and told[0][0] == erin.id and "nowhere" in told[0][1], (told, news)
coordination.AbandonIntent(cpb.AbandonIntentRequest(agent_id="erin", intent_id=erin.id), timeout=10)

# The rest of the service.
build = migration.BuildSchema(mpb.BuildSchemaRequest(files=[file("a.sql", users + ";")]), timeout=30)
assert build.script.startswith(b"-- a.sql\n") and len(build.fingerprint) == 64
diff = mpb.DiffSchemaRequest(old_files=[file("a.sql", users + ";")],
                             new_files=[file("a.sql", users.replace("text", "text, age int") + ";")])
assert "ADD COLUMN" in migration.DiffSchema(diff, timeout=30).up[0].sql
made = migration.GenerateMigration(mpb.GenerateMigrationRequest(
    version="009", name="Add age", diff=diff), timeout=30).files
assert [f.name for f in made] == ["009_add_age.up.sql", "009_add_age.down.sql"], made
found = migration.LintMigration(mpb.LintMigrationRequest(
    files=[file("001_x.up.sql", "DROP TABLE users;")]), timeout=30).findings
assert [f.rule for f in found] == ["data-loss"], found
shot = migration.GetSchemaSnapshot(mpb.GetSchemaSnapshotRequest(target="production"), timeout=30)
assert b"CREATE TABLE public.users" in shot.ddl, shot.ddl
drift = migration.DetectDrift(mpb.DetectDriftRequest(
    target="production", files=[file("a.sql", users + ";")]), timeout=30)
assert drift.drifted and any("users" in c.object for c in drift.changes), drift
same = migration.DetectDrift(mpb.DetectDriftRequest(
    target="production", files=[file("a.sql", shot.ddl.decode())]), timeout=30)
assert not same.drifted, same
free = list(migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
    agent_id="alice", target="staging", files=files), timeout=60))
back = list(migration.RollbackMigrations(mpb.RollbackMigrationsRequest(
    agent_id="alice", target="staging", files=files, steps=1), timeout=60))
assert list(back[-1].progress.operation.versions) == ["001"], back[-1]
refused("ROLLBACK_NOT_ALLOWED", lambda: list(migration.RollbackMigrations(
    mpb.RollbackMigrationsRequest(agent_id="alice", target="production", files=files, steps=1),
    timeout=60)))
refused("PYTHON_MIGRATION", lambda: list(migration.ApplyMigrations(mpb.ApplyMigrationsRequest(
    agent_id="alice", target="staging", files=[file("001_x.py", "import os")]), timeout=60)))
listed = migration.ListOperations(mpb.ListOperationsRequest(operation_id=done.id), timeout=10).operations
assert listed[0].versions == ["001"] and listed[0].fence == done.fence, listed
refused("NOT_YOUR_OPERATION", lambda: migration.CancelOperation(mpb.CancelOperationRequest(
    agent_id="mallory", operation_id=done.id), timeout=10))
refused("OPERATION_NOT_FOUND", lambda: migration.CancelOperation(mpb.CancelOperationRequest(
    agent_id="alice", operation_id="op_none"), timeout=10))

# Every answer says on which base it was judged, and how old that is.
check = lambda: coordination.CheckIntent(cpb.CheckIntentRequest(
    agent_id="erin", schema_changes="ALTER TABLE users ADD COLUMN z int"), timeout=10).base_schema
assert not check().fingerprint, check()
base = coordination.SetBaseSchema(iter([cpb.SetBaseSchemaRequest(
    agent_id="alice", source="database", chunk=shot.ddl)]), timeout=30).base_schema
assert check().fingerprint == base.fingerprint and 0 <= check().age_ms < 60000, (check(), base)
assert coordination.GetIntent(cpb.GetIntentRequest(intent_id=alice.id), timeout=10).base_schema.age_ms \
    >= check().age_ms - 60000
# The answers of everything else say it too.
mine = register("frank", "base", "CREATE TABLE frank (id int)")
theirs = register("bob", "base", "CREATE TABLE frank (id text)")
found = coordination.ListConflicts(cpb.ListConflictsRequest(intent_id=mine.id), timeout=10).conflicts[0]
inbox = coordination.ReadInbox(cpb.ReadInboxRequest(agent_id="frank"), timeout=10)
one = dict(agent_id="frank", conflict_id=found.id)
answers = [
    inbox,
    coordination.ReadInbox(cpb.ReadInboxRequest(agent_id="nobody", wait_ms=100), timeout=10),
    coordination.AcknowledgeInbox(cpb.AcknowledgeInboxRequest(
        agent_id="frank", cursor=inbox.cursor), timeout=10),
    coordination.ResolveConflict(cpb.ResolveConflictRequest(
        strategy=t.RESOLUTION_STRATEGY_SEQUENCE, **one), timeout=10),
    coordination.ReopenConflict(cpb.ReopenConflictRequest(reason="test", **one), timeout=10),
    coordination.ProveConflict(cpb.ProveConflictRequest(**one), timeout=60),
    coordination.Heartbeat(cpb.HeartbeatRequest(agent_id="frank"), timeout=10),
    coordination.ListIntentHistory(cpb.ListIntentHistoryRequest(intent_id=mine.id), timeout=10),
    coordination.GetServerInfo(cpb.GetServerInfoRequest(), timeout=10),
    migration.PlanMigrations(mpb.PlanMigrationsRequest(target="production", files=files), timeout=30),
    migration.ListTargets(mpb.ListTargetsRequest(), timeout=10),
    migration.ReserveVersion(mpb.ReserveVersionRequest(agent_id="frank"), timeout=10),
    migration.GetMigrationStatus(mpb.GetMigrationStatusRequest(target="production"), timeout=30),
    migration.ListOperations(mpb.ListOperationsRequest(), timeout=10),
    migration.CancelOperation(mpb.CancelOperationRequest(
        agent_id="alice", operation_id=done.id), timeout=10),
    migration.BuildSchema(mpb.BuildSchemaRequest(files=[file("a.sql", users + ";")]), timeout=30),
    migration.DiffSchema(diff, timeout=30),
    migration.GenerateMigration(mpb.GenerateMigrationRequest(
        version="009", name="Add age", diff=diff), timeout=30),
    migration.LintMigration(mpb.LintMigrationRequest(
        files=[file("001_x.up.sql", "DROP TABLE users;")]), timeout=30),
    migration.DetectDrift(mpb.DetectDriftRequest(
        target="production", files=[file("a.sql", users + ";")]), timeout=30),
    migration.GetSchemaSnapshot(mpb.GetSchemaSnapshotRequest(target="production"), timeout=30),
    *migration.WatchOperation(mpb.WatchOperationRequest(operation_id=done.id), timeout=30),
    next(coordination.WatchEvents(cpb.WatchEventsRequest(snapshot=True), timeout=10)).snapshot,
]
for answer in answers:
    shown = answer.base_schema
    assert shown.fingerprint == base.fingerprint and 0 <= shown.age_ms < 120000, answer
    assert isinstance(answer, cpb.Snapshot) or answer.revision > 0, answer
# What an apply makes of the base is there with its last word.
coordination.AbandonIntent(cpb.AbandonIntentRequest(agent_id="frank", intent_id=mine.id), timeout=10)
complete(theirs)
bobs = carols + [file("005_frank.up.sql", "CREATE TABLE frank (id text);")]
last = apply(theirs, bobs)[-1]
now = coordination.GetBaseSchema(cpb.GetBaseSchemaRequest(), timeout=10).base_schema
assert last.base_schema.fingerprint == now.fingerprint != base.fingerprint, (last, now)
print("merged", alice.id)
