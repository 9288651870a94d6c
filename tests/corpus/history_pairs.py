#!/usr/bin/env python3
# history_pairs.py: the steps of a migration history as pairs of dumped schemas for run_diff.py.
# SPDX-License-Identifier: MIT
#
# history_pairs.py --socket DIR [--setup SQL] [--out FILE.jsonl] HISTORY_DIR
import argparse
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run_diff import Postgres  # noqa: E402


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--socket", required=True)
    p.add_argument("--setup", default="")
    p.add_argument("--out", default="/dev/stdout")
    p.add_argument("dir")
    o = p.parse_args()
    pg, db = Postgres(o.socket), "history%d" % os.getpid()
    pg.fresh(db)
    if o.setup:
        pg.psql(db, o.setup)
    ups = [f for f in sorted(glob.glob(o.dir + "/*.sql")) if not f.endswith(".down.sql")]
    before, name = pg.dump(db), os.path.basename(o.dir.rstrip("/"))
    with open(o.out, "w") as out:
        for f in ups:
            error = pg.psql(db, open(f).read())
            if error:
                print("%s: %s" % (f, error[:200]), file=sys.stderr)
            after = pg.dump(db)
            if after != before:
                out.write(json.dumps({"corpus": name, "case": os.path.basename(f), "old": before, "new": after}) + "\n")
                out.flush()
            before = after


if __name__ == "__main__":
    main()
