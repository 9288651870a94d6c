#!/usr/bin/env python3
# run_diff.py: the seven laws of a schema diff over pairs of schemas, against a real PostgreSQL.
# SPDX-License-Identifier: MIT
#
# run_diff.py --tool schema_diff --socket DIR [--out DIR] [--filter TEXT] [--sample N] [--jobs N] FILE...
#
# Prints per corpus how many pairs pass each law:
#   up     old, a row in each table, our up script: pg_dump -s equals that of new loaded fresh
#   down   new, our down script: the dump equals old's
#   same   diff(new, new) is empty, and so is diff(what the up script left, new)
#   order  a dump whose statements were shuffled still means the same schema
#   rows   the rows are there after the up script, in every table that both sides have
#   keep   no table that both sides have was dropped and made again, or rewritten without need
#   told   it came out right, or what is not covered was refused with a reason
# and how many are refused with a reason, fail aloud, or are silently wrong.
import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import threading

LAWS = ("up", "down", "same", "order", "rows", "keep", "told")
SKIP = re.compile(r"^\s*(SET |--|$|\\restrict|\\unrestrict|SELECT pg_catalog\.set_config)")

# What makes PostgreSQL write a table anew, and no way around it.
REWRITES = re.compile(r"(ALTER|SET DATA) (COLUMN \S+ )?(SET DATA )?TYPE|\bTYPE\b.*\bUSING\b|SET (UN)?LOGGED|SET TABLESPACE"
                      r"|SET ACCESS METHOD|ADD (COLUMN )?.*(GENERATED|DEFAULT|serial)|RENAME TO", re.I | re.S)

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

# One row in each ordinary table that takes one without thought.
ROWS = """
SET session_replication_role = replica;
DO $rows$
DECLARE t record; cols text; vals text;
BEGIN
  FOR t IN SELECT c.oid, c.oid::regclass AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    SELECT string_agg(quote_ident(attname), ', '), string_agg(CASE
      WHEN y.typcategory = 'N' THEN '1' WHEN y.typcategory = 'B' THEN 'true' WHEN y.typcategory = 'A' THEN quote_literal('{}')
      WHEN y.typcategory = 'D' THEN 'now()' WHEN y.typname = 'uuid' THEN 'gen_random_uuid()'
      WHEN y.typname IN ('json', 'jsonb') THEN quote_literal('{}') WHEN y.typcategory = 'I' THEN quote_literal('127.0.0.1')
      WHEN y.typtype = 'e' THEN (SELECT quote_literal(min(enumlabel)) FROM pg_enum WHERE enumtypid = y.oid)
      ELSE quote_literal('1') END, ', ')
      INTO cols, vals FROM pg_attribute a JOIN pg_type y ON y.oid = atttypid
      WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = '';
    BEGIN
      EXECUTE CASE WHEN cols IS NULL THEN format('INSERT INTO %s DEFAULT VALUES', t.name)
        ELSE format('INSERT INTO %s (%s) VALUES (%s)', t.name, cols, vals) END;
    EXCEPTION WHEN others THEN NULL;
    END;
  END LOOP;
END $rows$;
SET session_replication_role = origin;
"""

TABLES = """
SELECT c.oid::regclass, c.oid, relfilenode, (xpath('/row/n/text()', query_to_xml(
  format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1]
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1
"""


class Postgres:
    def __init__(self, socket):
        self.env = dict(os.environ, PGHOST=socket, PGUSER="postgres", PGOPTIONS="-c client_min_messages=error")
        self.known = set()

    def run(self, args, text=None):
        return subprocess.run(args, input=text, capture_output=True, text=True, env=self.env, errors="replace")

    def query(self, db, text):
        return self.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", db], text)

    def psql(self, db, text):
        """Runs a script; its error, or nothing."""
        r = self.query(db, text)
        return "" if r.returncode == 0 else (r.stderr.strip() or "psql failed")

    def load(self, db, text):
        """Loads a schema, creating the roles that it misses."""
        text = re.sub(r"(?m)^CREATE ROLE hard_.*$", "", text)
        # Some dumps do not load by themselves: an index calls a function whose body names no schema.
        text = text.replace("set_config('search_path', '', false)", "set_config('search_path', 'public', false)")
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
        return self.run(["pg_dump", "-s", "-d", db]).stdout

    def tables(self, db):
        """name -> (oid, file, rows) of the ordinary tables."""
        lines = [l.split("\t") for l in self.query(db, TABLES).stdout.splitlines()]
        return {l[0]: (l[1], l[2], int(l[3])) for l in lines if len(l) == 4}


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


def shuffled(dump, seed):
    """The statements of a dump in another order; its comments tell where each begins."""
    head, *parts = re.split(r"(?m)^(?=--\n-- Name: )", dump)
    random.Random(seed).shuffle(parts)
    return head + "".join(re.sub(r"(?m)^-- PostgreSQL database dump complete", "--", p) for p in parts)


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
    """One pair at a time, in two databases and a directory of its own."""

    def __init__(self, options, number):
        self.o = options
        self.pg = Postgres(options.socket)
        self.db = "laws%d_%d_" % (os.getpid(), number)
        self.dir = os.path.join(options.out, str(number))
        os.makedirs(self.dir, exist_ok=True)

    def path(self, name, text=None):
        p = os.path.join(self.dir, name)
        if text is not None:
            open(p, "w").write(text)
        return p

    def same(self, old, new):
        r = subprocess.run([self.o.tool, "--same", old, new], capture_output=True, text=True)
        return r.stdout.strip() if r.returncode == 0 else "exit %d %s" % (r.returncode, r.stderr)

    def case(self, c):
        setup = clean(c.get("setup", ""))
        old, new = setup + "\n" + clean(c["old"]), setup + "\n" + clean(c["new"])
        result = {"case": c["corpus"] + "/" + c["case"], "seed": len(old)}
        error = self.pg.load(self.db + "u", old) or self.pg.load(self.db + "d", new)
        if error:
            result["unusable"] = error[:300]
            return result
        want_old, want_new = self.pg.dump(self.db + "u"), self.pg.dump(self.db + "d")
        self.scripts(result, old, new)
        if "crash" not in result:
            self.up(result, old, want_new)
            self.down(result, want_old)
            self.offline(result, want_new)
        if result["up"] or result["down"]:
            result["told"] = "" if result["refused"] else "not refused"
        return result

    def scripts(self, result, old, new):
        up, down = self.path("up.sql"), self.path("down.sql")
        tool = [self.o.tool, self.path("old.sql", old), self.path("new.sql", new), up, down]
        r = subprocess.run(tool, capture_output=True, text=True)
        result["refused"] = r.stdout.strip()
        if r.returncode != 0:
            result["refused"] = result["refused"] or r.stderr.strip() or "exit %d" % r.returncode
            result["crash"] = r.returncode
            result["up"] = result["down"] = "not made"
            return
        result["upsql"], result["downsql"] = open(up).read(), open(down).read()

    def up(self, result, old, want):
        db = self.db + "u"
        self.pg.psql(db, ROWS)
        before = self.pg.tables(db)
        error = self.pg.psql(db, result["upsql"])
        if error:  # a row in the way is no fault of the script
            self.pg.load(db, old)
            again = self.pg.psql(db, result["upsql"])
            result["rows_refuse"] = not again
            before, error = {}, again
        self.judge(result, "up", db, error, want)
        self.rows(result, before, self.pg.tables(db) if before else {})

    def down(self, result, want):
        db = self.db + "d"
        self.judge(result, "down", db, self.pg.psql(db, result["downsql"]), want)

    def rows(self, result, before, after):
        both = [(n, before[n], after[n]) for n in before if n in after]
        lost = [n for n, b, a in both if a[2] != b[2]]
        result["rows"] = "lost in " + ", ".join(lost) if lost else ""
        rewrites = REWRITES.search(result["upsql"])
        again = [n for n, b, a in both if a[0] != b[0] or (a[1] != b[1] and not rewrites)]
        result["keep"] = "made anew: " + ", ".join(again) if again and not result["refused"] else ""

    def offline(self, result, want_new):
        new, dump = self.path("new.sql"), self.path("dump.sql", want_new)
        result["same"] = self.same(new, new) or self.same(dump, new)
        result["order"] = self.same(self.path("shuffled.sql", shuffled(want_new, result["seed"])), dump)

    def judge(self, result, which, db, error, want):
        if error:
            result[which] = "ERROR " + error
            return
        got = self.pg.dump(db)
        a, b = normal(got, False), normal(want, False)
        result[which] = ""
        if a != b:
            got_only = [x for x in a if x not in b]
            want_only = [x for x in b if x not in a]
            result[which] = "DIFF got:\n%s\nwant:\n%s" % ("\n".join(got_only)[:1500], "\n".join(want_only)[:1500])
        elif normal(got, True) != normal(want, True):
            result[which + "_order"] = True


class Score:
    def __init__(self, name):
        self.name = name
        self.n = collections.Counter()

    def add(self, r):
        n = self.n
        if "unusable" in r:
            n["unusable"] += 1
            return
        n["pairs"] += 1
        for law in LAWS:
            n[law] += not r.get(law, "" if law in ("told", "rows", "keep") else "x")
        failed = r["up"] + r["down"]
        n["refused"] += bool(failed and r["refused"])
        n["failing"] += bool(failed and not r["refused"] and "DIFF" not in failed)
        n["silently wrong"] += bool(not r["refused"] and "DIFF" in failed)

    def __str__(self):
        total = max(1, self.n["pairs"])
        words = ["%s %d (%.1f %%)" % (k, self.n[k], 100.0 * self.n[k] / total) for k in LAWS]
        words += ["%s %d" % (k, self.n[k]) for k in ("refused", "failing", "silently wrong", "unusable")]
        return "%s: %d pairs, %s" % (self.name, self.n["pairs"], ", ".join(words))

    def good(self, options):
        total, wrong = max(1, self.n["pairs"]), self.n["silently wrong"]
        return (min(self.n["up"], self.n["down"]) * 100.0 / total >= options.require and
                (wrong <= 1 or wrong * 100.0 / total <= options.max_wrong))


def run_file(path, options, runners, log):
    cases = [c for c in read_cases(path) if options.filter in c["corpus"] + "/" + c["case"]]
    if options.sample:
        cases = random.Random(options.seed).sample(cases, min(options.sample, len(cases)))
    score, mine = Score(os.path.basename(path)), threading.local()

    def work(case):
        if not hasattr(mine, "runner"):
            mine.runner = runners.pop()
        return mine.runner.case(case)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for r in pool.map(work, cases):
            log.write(json.dumps(r) + "\n")
            log.flush()
            score.add(r)
    return score


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tool", required=True)
    p.add_argument("--socket", required=True)
    p.add_argument("--out", default="/tmp/diff-laws")
    p.add_argument("--filter", default="")
    p.add_argument("--sample", type=int, default=0)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--require", type=float, default=0, help="percent of up and of down that must pass, else exit 1")
    p.add_argument("--max-wrong", type=float, default=100, help="percent that may be silently wrong")
    p.add_argument("files", nargs="+")
    o = p.parse_args()
    os.makedirs(o.out, exist_ok=True)
    good, number = True, 0
    with open(os.path.join(o.out, "results.jsonl"), "w") as log:
        for f in o.files:
            runners = [Runner(o, number + i) for i in range(o.jobs)]
            number += o.jobs
            score = run_file(f, o, runners, log)
            print(score, flush=True)
            good &= score.good(o)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
