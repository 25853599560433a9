"""Fixtures for all tests: databases of both kinds, and the corpus of real titles and feeds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.adapters.database import Database
from seiton.adapters.migrations import SERVICES, upgrade
from tests.postgres import NoPostgres, Server, database_name, missing

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real PostgreSQL server of this test process, stopped at its end."""
    try:
        server = Server.start()
    except NoPostgres as reason:
        missing(reason)
    with server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with Seiton's tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "seiton.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> Iterator[str]:
    """The name of a PostgreSQL database with Seiton's tables and nothing in them."""
    with postgres_server.database() as url:
        _make_tables(url)
        yield database_name(url)


def _make_tables(url: str) -> None:
    database = Database(url)
    for service in SERVICES:
        upgrade(database, service)
    database.close()


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, in the test's own folder."""
    return f"sqlite:///{tmp_path / 'seiton.db'}"


BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database without tables; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database with Seiton's tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        shutil.copy(request.getfixturevalue("sqlite_template"), url.removeprefix("sqlite:///"))
        yield url
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real feeds and titles; it lies beside the repository, if at all."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds and titles is not beside this checkout")
    return CORPUS
