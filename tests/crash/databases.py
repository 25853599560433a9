"""Databases of both kinds that can be put back quickly."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.files import Identity
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.viewer import tables


class Keeper(Protocol):
    """One database of a worker: fresh for each scenario, put back for each kill."""

    database: Database

    def fresh(self) -> None:
        """Make it empty, with tables."""

    def keep(self) -> None:
        """Remember it as it is."""

    def put_back(self) -> None:
        """Make it what it was when it was kept."""

    def wait_until_left(self) -> None:
        """Wait until whoever was killed has let go of it."""

    def close(self) -> None:
        """Leave nothing behind."""


class SqliteFile:
    """A file in ``folder``, which the worker keeps and puts back with everything else in there."""

    def __init__(self, folder: Path, spare: Path) -> None:
        self._path, self._empty = folder / "seiton.db", spare / "empty.db"
        spare.mkdir(parents=True, exist_ok=True)
        made = Database(f"sqlite:///{self._empty}")
        for service in SERVICES:
            upgrade(made, service)
        made.close()
        self.database = Database(f"sqlite:///{self._path}")

    def fresh(self) -> None:
        self.database.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._empty, self._path)

    def keep(self) -> None:
        self.database.close()

    def put_back(self) -> None:
        self.database.close()

    def wait_until_left(self) -> None:
        pass

    def close(self) -> None:
        self.database.close()


class PostgresDatabase:
    """A database of a running server, reached by the socket in ``host``; ``name`` is the worker's own."""

    def __init__(self, host: Path, name: str) -> None:
        self._host, self._name = host, name
        self._empty, self._kept = f"{name}_empty", f"{name}_kept"
        self._control = psycopg.connect(host=str(host), dbname="postgres", user="seiton", autocommit=True)
        self._run(f"CREATE DATABASE {self._empty}")
        made = Database(self._url(self._empty))
        for service in SERVICES:
            upgrade(made, service)
        made.close()
        self.database = Database(self._url(name))

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://seiton@/{name}?host={str(self._host).replace('/', '%2F')}"

    def _run(self, statement: str) -> None:
        self._control.execute(statement.encode())

    def _copy(self, source: str, target: str) -> None:
        self.database.close()
        self._run(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        self._run(f"CREATE DATABASE {target} TEMPLATE {source}")

    def fresh(self) -> None:
        self._copy(self._empty, self._name)

    def keep(self) -> None:
        self._copy(self._name, self._kept)

    def put_back(self) -> None:
        self._copy(self._kept, self._name)

    def wait_until_left(self) -> None:
        # A server notices only after a moment that a client is dead, and may still be at its last statement.
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        while (row := self._control.execute(query, [self._name]).fetchone()) and row[0]:
            time.sleep(0.001)

    def close(self) -> None:
        self.database.close()
        for name in (self._name, self._kept, self._empty):
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._control.close()


def renumber(database: Database, numbers: Mapping[int, Identity]) -> None:
    """Record the copies of files as if they were the originals: another inode and time of birth."""
    with database.write() as connection:
        for table, key in ((tables.units, "unit_id"), (tables.journal, "step_id")):
            rows = connection.execute(
                sa.select(table.c[key], table.c.inode).where(table.c.inode.is_not(None))
            )
            changes = [
                {"its_id": row[0], "new_inode": numbers[row[1]].inode, "born": numbers[row[1]].birth_ns}
                for row in rows.all()
                if row[1] in numbers
            ]
            if changes:
                update = sa.update(table).where(table.c[key] == sa.bindparam("its_id"))
                values: dict[str, Any] = {
                    "inode": sa.bindparam("new_inode"),
                    "birth_ns": sa.bindparam("born"),
                }
                connection.execute(update.values(values), changes)
