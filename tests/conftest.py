"""Fixtures for all tests: databases of both kinds, and the corpus of real titles and feeds."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.adapters.database import Database
from seiton.adapters.jobs_ledger import Ledger
from seiton.adapters.migrations import SERVICES, upgrade
from tests.postgres import NoPostgres, Server, missing, quick_place

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


def _make_tables(url: str) -> None:
    """Make the tables of an empty database, once for all tests: migrating takes longer than many a test."""
    database = Database(url)
    for service in SERVICES:
        upgrade(database, service)
    database.close()
    ledger = Ledger(url, executor_id="seiton-1", application="seiton")
    ledger.launch(lambda _ticket, _name, _key: None)
    ledger.close()


@pytest.fixture(scope="session")
def _postgres_with_tables(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database() as url:
        _make_tables(url)
        yield url.partition("@/")[2].partition("?")[0]


@pytest.fixture(scope="session")
def _sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tables") / "seiton.db"
    _make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture
def postgres_url(postgres_server: Server, _postgres_with_tables: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own, with all tables and nothing in them."""
    with postgres_server.database(_postgres_with_tables) as url:
        yield url


@pytest.fixture
def sqlite_url(_sqlite_with_tables: Path) -> Iterator[str]:
    """A SQLite file of the test's own, with all tables and nothing in them; in memory where there is room."""
    with tempfile.TemporaryDirectory(
        prefix="seiton-db-", dir=quick_place(), ignore_cleanup_errors=True
    ) as folder:
        file = Path(folder) / "seiton.db"
        shutil.copy(_sqlite_with_tables, file)
        yield f"sqlite:///{file}"


@pytest.fixture
def empty_postgres_url(postgres_server: Server) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, in the test's own folder."""
    return f"sqlite:///{tmp_path / 'seiton.db'}"


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with tables and nothing in them; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database without tables; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real feeds and titles; it lies beside the repository, if at all."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds and titles is not beside this checkout")
    return CORPUS


WAITING = frozenset(
    {
        "test_clients_seeding",
        "test_crash_matrix",
        "test_torrents_aria2",
        "test_torrents_qbittorrent",
        "test_torrents_transmission",
    }
)
"""Modules whose tests wait for other programs, most of all for Transmission's ten seconds between looks."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread each module whose tests wait evenly among those that work: they take less time side by side."""
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path.stem if item.path.stem in WAITING else "", []).append(item)
    places = {
        item: (number + 0.5) / len(module)
        for module in modules.values()
        for number, item in enumerate(module)
    }
    items.sort(key=places.__getitem__)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among what was imported: that took a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
