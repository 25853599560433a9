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


_KEEP = """
DO $$ DECLARE its record; BEGIN
  DROP SCHEMA IF EXISTS kept CASCADE;
  CREATE SCHEMA kept;
  CREATE TABLE kept."the sequences" (name text, last bigint, is_called boolean);
  FOR its IN SELECT relname AS name, relkind AS kind FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
  LOOP
    IF its.kind = 'S' THEN
      EXECUTE format('INSERT INTO kept."the sequences" SELECT %L, last_value, is_called FROM public.%I',
        its.name, its.name);
    ELSE
      EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', its.name, its.name);
    END IF;
  END LOOP;
END $$
"""
_PUT_BACK = """
DO $$ DECLARE its record; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR its IN SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  LOOP
    EXECUTE format('DELETE FROM public.%I', its.name);
    EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE TABLE kept.%I', its.name, its.name);
  END LOOP;
  PERFORM setval(format('public.%I', name)::regclass, last, is_called) FROM kept."the sequences";
END $$
"""


class PostgresDatabase:
    """A database of a running server, reached by the socket in ``host``; ``name`` is the worker's own.

    It is kept as a copy of its rows in a schema of their own: that is put back in a fraction of the time that
    the server takes to copy a whole database.
    """

    def __init__(self, host: Path, name: str) -> None:
        self._host, self._name, self._empty = host, name, f"{name}_empty"
        self._control = self._connect("postgres")
        self._rows: psycopg.Connection[Any] | None = None
        self._control.execute(f"CREATE DATABASE {self._empty}".encode())
        made = Database(self._url(self._empty))
        for service in SERVICES:
            upgrade(made, service)
        made.close()
        self.database = Database(self._url(name))

    def _connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self._host), dbname=name, user="seiton", autocommit=True)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://seiton@/{name}?host={str(self._host).replace('/', '%2F')}"

    def fresh(self) -> None:
        self._leave()
        self._drop(self._name)
        self._control.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._empty}".encode())
        self._rows = self._connect(self._name)

    def _drop(self, name: str) -> None:
        self._control.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())

    def _leave(self) -> None:
        self.database.close()
        if self._rows is not None:
            self._rows.close()

    def keep(self) -> None:
        self._do(_KEEP)

    def put_back(self) -> None:
        self._do(_PUT_BACK)

    def _do(self, statement: str) -> None:
        self.database.close()
        assert self._rows is not None
        self._rows.execute(statement.encode())

    def wait_until_left(self) -> None:
        # A server notices only after a moment that a client is dead, and may still be at its last statement.
        own = self._rows.info.backend_pid if self._rows is not None else 0
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
        while (row := self._control.execute(query, [self._name, own]).fetchone()) and row[0]:
            time.sleep(0.001)

    def close(self) -> None:
        self._leave()
        for name in (self._name, self._empty):
            self._drop(name)
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
