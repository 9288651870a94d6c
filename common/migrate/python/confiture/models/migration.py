"""The base class of Python migrations.

    from confiture.models.migration import Migration

    class AddBio(Migration):
        version = "002"
        name = "add_bio"

        def up(self) -> None:
            self.execute("ALTER TABLE users ADD COLUMN bio TEXT")

        def down(self) -> None:
            self.execute("ALTER TABLE users DROP COLUMN bio")

`confiture migrate up` runs this in a python3 process of its own. The SQL goes through the
connection of confiture itself: in the same transaction as the migration's row in the tracking
table. SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Protocol, Sequence


class SQLError(Exception):
    """PostgreSQL refused a statement."""

    def __init__(self, message: str, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class IrreversibleError(Exception):
    """The migration has no way back."""


class Engine(Protocol):
    """What runs the SQL: confiture, at the other end of a pipe."""

    def run(self, sql: str, params: Sequence[Any] | None, rows: bool) -> dict[str, Any]: ...


class Migration:
    """One migration: a subclass sets `version` and `name` and defines `up` (and `down`)."""

    version: str = ""
    name: str = ""
    # False: each statement on its own, outside a transaction (and resumable after a failure).
    transactional: bool = True

    def __init__(self, connection: Engine) -> None:
        self.connection = connection

    def up(self) -> None:
        """Apply the migration."""
        raise NotImplementedError(f"{type(self).__name__} does not define up()")

    def down(self) -> None:
        """Undo the migration."""
        raise IrreversibleError(f"{type(self).__name__} does not define down()")

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> int:
        """Run SQL; `%s` in it are replaced by `params`. The number of rows it touched."""
        return int(self.connection.run(sql, params, rows=False)["count"])

    def query(self, sql: str, params: Sequence[Any] | None = None) -> list[tuple[str | None, ...]]:
        """Run one query; its rows, each value as PostgreSQL's text (NULL is None)."""
        return [tuple(row) for row in self.connection.run(sql, params, rows=True)["rows"]]
