"""Migrations: up, down and up again, on both databases, and what they make is what the tables say."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from seiton.adapters.database import Database
from seiton.adapters.migrations import SERVICES, Service, downgrade, upgrade, version_table
from seiton.core import tables
from seiton.domain.states import DOWNLOAD_TRANSITIONS, DownloadStatus, may_follow
from seiton.errors import Unavailable


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    made = Database(empty_database_url)
    yield made
    made.close()


def _metadata(service: Service) -> sa.MetaData:
    metadata: sa.MetaData = import_module(f"seiton.{service}.tables").metadata
    return metadata


def _tables(database: Database) -> set[str]:
    with database.read() as connection:
        return set(sa.inspect(connection).get_table_names()) - {"sqlite_sequence"}


def _differences(database: Database, service: Service) -> list[Any]:
    metadata = _metadata(service)

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"include_name": ours, "compare_type": True, "compare_server_default": False}
    with database.write() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _checks(connection: sa.Connection, table: str) -> set[tuple[str | None, str]]:
    found = sa.inspect(connection).get_check_constraints(table)
    return {(check["name"], "".join(check["sqltext"].split())) for check in found}


@pytest.mark.parametrize("service", SERVICES)
def test_the_migrated_database_is_what_the_tables_say(database: Database, service: Service) -> None:
    upgrade(database, service)
    assert _tables(database) == set(_metadata(service).tables) | {version_table(service)}
    assert _differences(database, service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_check_of_the_tables_is_in_the_migration(
    database: Database, service: Service, postgres_or_sqlite_twin: Database
) -> None:
    """Autogenerate does not compare checks, so they are compared with a database made from the tables."""
    upgrade(database, service)
    twin = postgres_or_sqlite_twin
    with twin.write() as connection:
        _metadata(service).create_all(connection)
    for table in _metadata(service).tables:
        with database.read() as migrated, twin.read() as made:
            assert _checks(migrated, table) == _checks(made, table), table


@pytest.fixture
def postgres_or_sqlite_twin(database: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A second, empty database of the same kind."""
    if database.is_sqlite:
        twin = Database("sqlite://")
        yield twin
        twin.close()
        return
    with request.getfixturevalue("postgres_server").database() as url:
        twin = Database(url)
        yield twin
        twin.close()


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_go_up_down_and_up_again(database: Database, service: Service) -> None:
    upgrade(database, service)
    upgrade(database, service)
    downgrade(database, service, "base")
    assert _tables(database) == {version_table(service)}
    upgrade(database, service)
    assert _differences(database, service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_leaves_the_tables_of_others_alone(database: Database, service: Service) -> None:
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE workflow_status (id INTEGER PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO workflow_status VALUES (7)"))
    for each in SERVICES:
        upgrade(database, each)
    (other,) = set(SERVICES) - {service}
    downgrade(database, service, "base")
    kept = set(_metadata(other).tables) | {version_table(each) for each in SERVICES} | {"workflow_status"}
    assert _tables(database) == kept
    assert _differences(database, other) == []
    upgrade(database, service)
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT id FROM workflow_status")).scalar_one() == 7


def test_a_database_of_a_newer_seiton_is_refused_and_left_alone(database: Database) -> None:
    upgrade(database, "core")
    with database.write() as connection:
        connection.execute(sa.text("UPDATE core_schema_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="9999"):
        upgrade(database, "core")
    assert _differences(database, "core") == []


# What the database itself refuses


@pytest.fixture
def download(database: Database) -> Database:
    """A database with one download."""
    upgrade(database, "core")
    now = sa.func.current_timestamp()
    stamps = {"created_at": now, "updated_at": now}
    with database.write() as connection:
        connection.execute(sa.insert(tables.animes).values(anime_id=1, title="Show", **stamps))
        connection.execute(sa.insert(tables.series).values(series_id=1, anime_id=1, series_no=1, **stamps))
        connection.execute(
            sa.insert(tables.subtitle_groups).values(group_id=1, group_name="G", created_at=now)
        )
        connection.execute(
            sa.insert(tables.links).values(
                link_id=1,
                series_id=1,
                group_id=1,
                episode_no=1,
                url="magnet:",
                source_hash="0",
                filtered_flag=False,
                **stamps,
            )
        )
        connection.execute(
            sa.insert(tables.downloads).values(
                download_id=1,
                link_id=1,
                downloader_type="magnet",
                status="pending",
                library_path="/library/x.mkv",
                **stamps,
            )
        )
    return database


def _way_to(goal: DownloadStatus) -> list[DownloadStatus]:
    """Return a shortest legal way from ``pending``."""
    ways = [[DownloadStatus.PENDING]]
    while ways[0][-1] is not goal:
        way = ways.pop(0)
        ways += [[*way, after] for after in sorted(DOWNLOAD_TRANSITIONS[way[-1]]) if after not in way]
    return ways[0]


def _go(database: Database, status: str) -> None:
    with database.write() as connection:
        connection.execute(sa.update(tables.downloads).values(status=status))


@pytest.mark.parametrize("before", DownloadStatus)
def test_the_database_takes_legal_transitions_and_refuses_all_others(
    download: Database, before: DownloadStatus
) -> None:
    for step in _way_to(before):
        _go(download, step)
    for after in DownloadStatus:
        if not may_follow(before, after):
            with pytest.raises(sa.exc.IntegrityError, match="illegal download status"):
                _go(download, after)
    with download.read() as connection:
        assert connection.execute(sa.select(tables.downloads.c.status)).scalar_one() == before


def test_the_database_refuses_an_unknown_status(download: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        _go(download, "resyncingg")


def test_the_database_refuses_a_filed_download_that_lies_nowhere(download: Database) -> None:
    for step in _way_to(DownloadStatus.SYNCED):
        _go(download, step)
    with pytest.raises(sa.exc.IntegrityError, match="synced_has_path"), download.write() as connection:
        connection.execute(sa.update(tables.downloads).values(library_path=None))


def test_the_database_refuses_a_second_download_of_a_link(download: Database) -> None:
    with download.read() as connection:
        row = dict(connection.execute(sa.select(tables.downloads)).mappings().one())
    with pytest.raises(sa.exc.IntegrityError), download.write() as connection:
        connection.execute(sa.insert(tables.downloads).values(row | {"download_id": 2}))
    _go(download, "cancelled")
    with download.write() as connection:
        connection.execute(sa.insert(tables.downloads).values(row | {"download_id": 2}))


def test_ids_are_never_used_again(download: Database) -> None:
    """A callback about a removed download must not hit another one."""
    with download.write() as connection:
        row = dict(connection.execute(sa.select(tables.downloads)).mappings().one())
        del row["download_id"]
        connection.execute(sa.delete(tables.downloads))
        if not download.is_sqlite:
            connection.execute(sa.text("SELECT setval('core_downloads_download_id_seq', 1)"))
        connection.execute(sa.insert(tables.downloads).values(row))
        assert connection.execute(sa.select(tables.downloads.c.download_id)).scalar_one() == 2
