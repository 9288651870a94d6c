#!/usr/bin/env python3
# run_diff.py: the laws of a schema diff over pairs of schemas, against a real PostgreSQL.
# SPDX-License-Identifier: MIT
#
# run_diff.py --tool schema_diff --socket DIR [--out DIR] [--filter TEXT] [--sample N] FILE.jsonl...
#
# Each pair: load old, apply the up script, compare pg_dump -s with new loaded fresh; apply the
# down script, compare with old. Also: diff(x, x) and diff(x, its own pg_dump) are empty.
# Prints per corpus how many pass, how many are refused with a reason, how many silently wrong.
import argparse
import collections
import hashlib
import json
import os
import random
import re
import subprocess
import sys

SKIP = re.compile(r"^\s*(SET |--|$|\\restrict|\\unrestrict|SELECT pg_catalog\.set_config)")


# Empties a database: quicker than making one anew for every load.
RESET = """
DO $reset$
DECLARE r record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'plpgsql' AND oid < 16384) THEN
    RAISE EXCEPTION 'not as new'; END IF;
  FOR r IN SELECT evtname FROM pg_event_trigger LOOP
    EXECUTE format('DROP EVENT TRIGGER %I', r.evtname); END LOOP;
  FOR r IN SELECT pubname FROM pg_publication LOOP
    EXECUTE format('DROP PUBLICATION %I', r.pubname); END LOOP;
  FOR r IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP
    EXECUTE format('DROP EXTENSION IF EXISTS %I CASCADE', r.extname); END LOOP;
  FOR r IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema') LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', r.nspname); END LOOP;
  FOR r IN SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 2200 LOOP
    DECLARE i record;
    BEGIN
      SELECT type, identity INTO i FROM pg_identify_object(r.classid, r.objid, 0);
      IF i.identity IS NOT NULL AND i.type NOT IN ('index', 'default acl', 'table constraint') THEN
        EXECUTE format('DROP %s %s CASCADE', replace(i.type, 'composite ', ''), i.identity);
      END IF;
    EXCEPTION WHEN undefined_object OR undefined_table OR undefined_function THEN NULL;
    END;
  END LOOP;
  FOR r IN SELECT fdwname FROM pg_foreign_data_wrapper LOOP
    EXECUTE format('DROP FOREIGN DATA WRAPPER %I CASCADE', r.fdwname); END LOOP;
  FOR r IN SELECT castsource::regtype s, casttarget::regtype t FROM pg_cast WHERE oid >= 16384 LOOP
    EXECUTE format('DROP CAST (%s AS %s)', r.s, r.t); END LOOP;
  DELETE FROM pg_default_acl;
  UPDATE pg_namespace SET nspacl = '{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}',
    nspowner = 'pg_database_owner'::regrole WHERE oid = 2200;
  COMMENT ON SCHEMA public IS 'standard public schema';
END $reset$;
"""


class Postgres:
    def __init__(self, socket):
        self.env = dict(os.environ, PGHOST=socket, PGUSER="postgres", PGOPTIONS="-c client_min_messages=error")
        self.known = set()

    def run(self, args, text=None):
        return subprocess.run(args, input=text, capture_output=True, text=True, env=self.env, errors="replace")

    def psql(self, db, text):
        r = self.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", db], text)
        return "" if r.returncode == 0 else (r.stderr.strip() or "psql failed")

    def load(self, db, text):
        """Loads a schema, creating the roles that it misses."""
        text = re.sub(r"(?m)^CREATE ROLE hard_.*$", "", text)
        for _ in range(12):
            self.fresh(db)
            error = self.psql(db, text)
            missing = re.search(r'role "([^"]+)" does not exist', error)
            if not missing:
                return error
            self.psql("postgres", f'CREATE ROLE "{missing.group(1)}"')
        return error

    def fresh(self, db):
        if db in self.known and not self.psql(db, RESET):
            return
        self.known.add(db)
        self.psql("postgres", f"DROP DATABASE IF EXISTS {db} WITH (FORCE)")
        self.psql("postgres", f"CREATE DATABASE {db} TEMPLATE template0")

    def dump(self, db):
        r = self.run(["pg_dump", "-s", "-d", db])
        return r.stdout


def clean(text):
    text = re.sub(r"(?m)^\s*CREATE\s+(OR REPLACE\s+)?(PROCEDURAL\s+)?LANGUAGE\s+plpgsql\s*;", "", text)
    return "".join(l for l in text.splitlines(True) if not l.startswith("\\"))


def normal(dump, ordered):
    """Statements of a dump; columns sorted unless their order counts."""
    out = []
    for block in re.split(r"\n\n+", dump):
        lines = [l for l in block.splitlines() if not SKIP.match(l)]
        if not lines:
            continue
        head = lines[0]
        if not ordered and re.match(r"CREATE (UNLOGGED |FOREIGN )?TABLE|CREATE TYPE .* AS \($", head):
            body = sorted(l.rstrip(",") for l in lines[1:])
            lines = [head] + body
        text = "\n".join(lines)
        if " WITH (" in text:
            text = re.sub(r"WITH \(([^)]*)\)", lambda m: "WITH (" + ", ".join(sorted(m.group(1).split(", "))) + ")", text)
        out.append(text)
    return out if ordered else sorted(out)


def read_cases(path):
    """Cases of a .jsonl file, or of a .sql file with "--- case NAME" and "--- new" lines."""
    text = open(path).read()
    if path.endswith(".jsonl"):
        return [json.loads(l) for l in text.splitlines()]
    cases = []
    for part in re.split(r"(?m)^--- case ", text)[1:]:
        name, body = part.split("\n", 1)
        old, new = re.split(r"(?m)^--- new\n", body)
        cases.append({"corpus": "hard", "case": name.strip(), "old": old, "new": new})
    return cases


class Runner:
    def __init__(self, options):
        self.o = options
        self.pg = Postgres(options.socket)
        self.db = "laws%d" % os.getpid()
        self.cache = os.path.join(options.out, "dumps")
        os.makedirs(self.cache, exist_ok=True)

    def expected(self, text):
        key = hashlib.sha1(text.encode()).hexdigest()
        path = os.path.join(self.cache, key)
        if os.path.exists(path):
            return open(path).read()
        error = self.pg.load(self.db + "_x", text)
        dump = "ERROR " + error if error else self.pg.dump(self.db + "_x")
        open(path, "w").write(dump)
        return dump

    def path(self, name, text=None):
        p = os.path.join(self.o.out, name)
        if text is not None:
            open(p, "w").write(text)
        return p

    def same(self, old, new):
        r = subprocess.run([self.o.tool, "--same", old, new], capture_output=True, text=True)
        return r.stdout.strip() if r.returncode == 0 else "exit %d %s" % (r.returncode, r.stderr)

    def case(self, c):
        setup = clean(c.get("setup", ""))
        old, new = setup + "\n" + clean(c["old"]), setup + "\n" + clean(c["new"])
        result = {"case": c["corpus"] + "/" + c["case"]}
        fo, fn = self.path("old.sql", old), self.path("new.sql", new)
        up, down = self.path("up.sql"), self.path("down.sql")
        want_old, want_new = self.expected(old), self.expected(new)
        if want_old.startswith("ERROR") or want_new.startswith("ERROR"):
            result["unusable"] = (want_old if want_old.startswith("ERROR") else want_new)[:300]
            return result
        tool = [self.o.tool, fo, fn, up, down]
        r = subprocess.run(tool, capture_output=True, text=True)
        result["refused"] = r.stdout.strip()
        if r.returncode != 0:
            result["refused"] = result["refused"] or r.stderr.strip() or "exit %d" % r.returncode
            result["crash"] = r.returncode < 0
            result["up"] = result["down"] = "not made"
            return result
        result["self"] = self.same(fn, fn)
        result["dump"] = self.same(self.path("dump.sql", want_new), fn)
        result["upsql"], result["downsql"] = open(up).read(), open(down).read()
        error = self.pg.load(self.db, old) or self.pg.psql(self.db, open(up).read())
        self.judge(result, "up", error, want_new)
        if result["up"]:
            error = self.pg.load(self.db, new)
        error = error and self.pg.load(self.db, new) or self.pg.psql(self.db, open(down).read())
        self.judge(result, "down", error, want_old)
        return result

    def judge(self, result, which, error, want):
        if error:
            result[which] = "ERROR " + error
            return
        got = self.pg.dump(self.db)
        a, b = normal(got, False), normal(want, False)
        result[which] = ""
        if a != b:
            got_only = [x for x in a if x not in b]
            want_only = [x for x in b if x not in a]
            result[which] = "DIFF got:\n%s\nwant:\n%s" % ("\n".join(got_only)[:1500], "\n".join(want_only)[:1500])
        elif normal(got, True) != normal(want, True):
            result[which + "_order"] = True


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tool", required=True)
    p.add_argument("--socket", required=True)
    p.add_argument("--out", default="/tmp/diff-laws")
    p.add_argument("--filter", default="")
    p.add_argument("--sample", type=int, default=0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--require", type=float, default=0, help="percent of up and of down that must pass, else exit 1")
    p.add_argument("--max-wrong", type=float, default=100, help="percent that may be silently wrong")
    p.add_argument("files", nargs="+")
    o = p.parse_args()
    os.makedirs(o.out, exist_ok=True)
    runner = Runner(o)
    good = True
    with open(os.path.join(o.out, "results.jsonl"), "w") as log:
        for f in o.files:
            cases = read_cases(f)
            cases = [c for c in cases if o.filter in c["corpus"] + "/" + c["case"]]
            if o.sample:
                cases = random.Random(o.seed).sample(cases, min(o.sample, len(cases)))
            n = collections.Counter()
            for c in cases:
                r = runner.case(c)
                log.write(json.dumps(r) + "\n")
                log.flush()
                if "unusable" in r:
                    n["unusable"] += 1
                    continue
                n["cases"] += 1
                for law in ("up", "down", "self", "dump"):
                    n[law] += not r.get(law, "x")
                bad = bool(r["up"] or r["down"])
                n["refused"] += bad and bool(r["refused"])
                n["failing"] += bad and not r["refused"] and (r["up"] + r["down"]).find("DIFF") < 0
                n["silently wrong"] += bad and not r["refused"] and (r["up"] + r["down"]).find("DIFF") >= 0
            total = max(1, n["cases"])
            print("%s: %d pairs, " % (os.path.basename(f), n["cases"]) +
                  ", ".join("%s %d (%.1f %%)" % (k, n[k], 100.0 * n[k] / total) for k in
                            ("up", "down", "self", "dump", "refused", "failing", "silently wrong", "unusable")))
            sys.stdout.flush()
            wrong = n["silently wrong"]
            good &= min(n["up"], n["down"]) * 100.0 / total >= o.require
            good &= wrong <= 1 or wrong * 100.0 / total <= o.max_wrong
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
