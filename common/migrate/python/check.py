"""Looks at Python migrations for `confiture migrate validate`, without running anything of them.

Started as runner.py is. Each message from confiture holds a file ("source", "version"); the answers
are problems, SQL texts that the class executes as they stand, and at last "done".
SPDX-License-Identifier: MIT
"""

import ast
import builtins
import json
import os
import re
import sys

BASE = "Migration"


def top_level(nodes):
    """The classes that the module would have as its own, also those in `if` and `try`."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            yield node
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from top_level(ast.iter_child_nodes(node))


class Classes:
    """The classes of a module, and what they are from the point of view of Migration."""

    def __init__(self, module):
        self.classes = {node.name: node for node in top_level(module.body)}
        self.names = {BASE}  # what Migration is called here
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and node.module == "confiture.models.migration":
                self.names |= {a.asname for a in node.names if a.name == BASE and a.asname}

    def kind(self, node, seen=()):
        """"migration", "other", or "unknown": it inherits from what only running it would tell."""
        kinds = set()
        for base in node.bases:
            if isinstance(base, ast.Attribute) and base.attr == BASE:
                kinds.add("migration")
            elif not isinstance(base, ast.Name):
                kinds.add("unknown")
            elif base.id in self.classes and base.id not in seen:
                kinds.add(self.kind(self.classes[base.id], (*seen, node.name)))
            elif base.id in self.names:
                kinds.add("migration")
            else:
                kinds.add("other" if hasattr(builtins, base.id) else "unknown")
        return next((k for k in ("migration", "unknown") if k in kinds), "other")

    def of_kind(self, kind):
        return [node for node in self.classes.values() if self.kind(node) == kind]

    def line(self, node):
        """The class and those of this file that it inherits from."""
        bases = [b.id for b in node.bases if isinstance(b, ast.Name) and b.id in self.classes]
        return [node] + [n for b in bases if b != node.name for n in self.line(self.classes[b])]


def constant(node, name):
    """The value of `name = …` in the class, where it is written as such; else None."""
    for statement in node.body:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Constant) and any(getattr(t, "id", "") == name for t in targets):
            return value
    return None


def problem(reason, line, message, hint="", error=True):
    return {"event": "problem", "reason": reason, "line": line, "message": message, "hint": hint,
            "error": error}


def check_class(classes, node, version):
    methods = {s.name for n in classes.line(node) for s in n.body if isinstance(s, ast.FunctionDef)}
    said = constant(node, "version")
    if "up" not in methods:
        yield problem("MISSING_UP", node.lineno, f"class {node.name} does not define up()")
    if "down" not in methods:
        yield problem("MISSING_DOWN", node.lineno, f"class {node.name} does not define down() and "
                      "cannot be rolled back", "write def down(self)", error=False)
    if said and said.value and (not re.fullmatch(r"\d+", str(said.value)) or
                                int(said.value) != int(version)):
        yield problem("VERSION_MISMATCH", said.lineno, f'the class says version "{said.value}", '
                      f"the file's name says {version}", f'write version = "{version}" in the class')


def is_sql(call):
    return (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
            and call.func.attr in ("execute", "query") and isinstance(call.func.value, ast.Name)
            and call.func.value.id == "self" and call.args
            and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))


def statements(module):
    for call in filter(is_sql, ast.walk(module)):
        text, sql = call.args[0], call.args[0].value
        if len(call.args) > 1 or call.keywords:  # parameters: any value stands for them
            sql = re.sub(r"%(.)", lambda m: {"s": "NULL", "%": "%"}.get(m[1], m[0]), sql)
        yield {"event": "sql", "sql": sql, "line": text.lineno, "last": text.end_lineno}


def check(source, version):
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        line = getattr(error, "lineno", 0) or 0
        yield problem("PYTHON_SYNTAX_ERROR", line, f"Python syntax error: {text}")
        return
    classes = Classes(module)
    found, maybe = classes.of_kind("migration"), classes.of_kind("unknown")
    if len(found) > 1:
        names = ", ".join(node.name for node in found)
        yield problem("SEVERAL_MIGRATION_CLASSES", found[1].lineno,
                      "the file defines several Migration classes", f"keep one of: {names}")
    if not found and not maybe:
        yield problem("NO_MIGRATION_CLASS", 0, "No Migration class found",
                      "the file must define a class that inherits from Migration")
    if len(found) == 1 and not maybe:
        yield from check_class(classes, found[0], version)
    yield from statements(module)


def main():
    reader = os.fdopen(int(sys.argv[1]), "r", encoding="utf-8", newline="\n")
    writer = os.fdopen(int(sys.argv[2]), "w", encoding="utf-8", newline="\n")
    for line in reader:
        job = json.loads(line)
        for answer in [*check(job["source"], job["version"]), {"event": "done"}]:
            writer.write(json.dumps(answer) + "\n")
        writer.flush()


main()
