"""Runs one Python migration for confiture; the SQL goes back through a pipe.

Started as `python3 -c <this text> <read fd> <write fd>`. Messages are JSON, one per line. The first
one from confiture holds the file, the module confiture.models.migration, and the direction.
Line numbers in answers are those of the migration's file. SPDX-License-Identifier: MIT
"""

import json
import os
import sys
import traceback
import types


class Pipe:
    def __init__(self, read_fd, write_fd):
        self.reader = os.fdopen(read_fd, "r", encoding="utf-8", newline="\n")
        self.writer = os.fdopen(write_fd, "w", encoding="utf-8", newline="\n")

    def send(self, **message):
        self.writer.write(json.dumps(message) + "\n")
        self.writer.flush()

    def receive(self):
        line = self.reader.readline()
        if not line:
            os._exit(3)  # confiture is gone: nobody is left to tell
        return json.loads(line)


def last_line_in(path, error):
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return frames[-1].lineno if frames else 0


def as_text(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(element(v) for v in value) + "}"
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value)


def element(value):
    if value is None:
        return "NULL"
    if isinstance(value, (list, tuple)):
        return as_text(value)
    return '"' + as_text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def numbered(sql, count):
    """`%s` to `$1`, `$2` …; `%%` to `%`."""
    out, index, at = [], 0, 0
    while at < len(sql):
        pair = sql[at : at + 2]
        if pair == "%s":
            index += 1
            out.append("$%d" % index)
            at += 2
        elif pair == "%%":
            out.append("%")
            at += 2
        else:
            out.append(sql[at])
            at += 1
    if index != count:
        raise ValueError("the SQL has %d %%s but %d parameters were given" % (index, count))
    return "".join(out)


class Engine:
    def __init__(self, pipe, models, path):
        self.pipe, self.models, self.path = pipe, models, path

    def calling_line(self):
        frame = sys._getframe()
        while frame and frame.f_code.co_filename != self.path:
            frame = frame.f_back
        return frame.f_lineno if frame else 0

    def run(self, sql, params, rows):
        if not isinstance(sql, str):
            raise TypeError("execute() takes the SQL as a string, not %s" % type(sql).__name__)
        values = None
        if params is not None:
            values = [as_text(v) for v in params]
            sql = numbered(sql, len(values))
        self.pipe.send(event="execute", sql=sql, params=values, rows=rows, line=self.calling_line())
        answer = self.pipe.receive()
        if answer.get("stop"):
            os._exit(0)
        if "error" in answer:
            raise self.models.SQLError(answer["error"], answer.get("sqlstate", ""))
        return answer


def install(source):
    """Our confiture.models.migration, whatever else is installed under that name."""
    for name in ("confiture", "confiture.models"):
        module = types.ModuleType(name)
        module.__path__ = []
        sys.modules[name] = module
    module = types.ModuleType("confiture.models.migration")
    sys.modules[module.__name__] = module
    exec(compile(source, "confiture/models/migration.py", "exec"), module.__dict__)
    sys.modules["confiture"].models = sys.modules["confiture.models"]
    sys.modules["confiture.models"].migration = module
    return module


def load(path, source):
    module = types.ModuleType("confiture_migration")
    module.__file__ = path
    sys.modules[module.__name__] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def migration_classes(module, base):
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value is not base
        and value.__module__ == module.__name__
    ]


def report(pipe, path, error, models):
    if isinstance(error, SyntaxError) and error.filename == path:
        pipe.send(event="error", kind="syntax", line=error.lineno or 0, message=str(error.msg))
    elif isinstance(error, models.IrreversibleError):
        pipe.send(event="error", kind="irreversible", line=0, message=str(error))
    elif isinstance(error, models.SQLError):
        pipe.send(event="error", kind="sql", line=last_line_in(path, error), message=str(error))
    else:
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        line = last_line_in(path, error)
        pipe.send(event="error", kind="exception", line=line, message=text, traceback=trace)


def main():
    pipe = Pipe(int(sys.argv[1]), int(sys.argv[2]))
    job = pipe.receive()
    path = job["path"]
    sys.argv = [path]
    models = install(job["models"])
    try:
        classes = migration_classes(load(path, job["source"]), models.Migration)
        if not classes:
            pipe.send(event="error", kind="no_class", line=0, message="No Migration class found")
            return
        if len(classes) > 1:
            names = ", ".join(c.__name__ for c in classes)
            pipe.send(event="error", kind="many_classes", line=0, message=names)
            return
        kind = classes[0]
        pipe.send(
            event="loaded",
            version=str(kind.version),
            name=str(kind.name),
            transactional=bool(kind.transactional),
            reversible=kind.down is not models.Migration.down,
        )
        if pipe.receive().get("stop"):
            return
        migration = kind(Engine(pipe, models, path))
        getattr(migration, job["direction"])()
        pipe.send(event="done")
    except BaseException as error:  # SystemExit too: whatever it was, confiture must hear of it
        report(pipe, path, error, models)


main()
