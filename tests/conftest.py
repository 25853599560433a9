"""Fixtures for all tests: databases of both kinds, and the corpus of real titles and feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import NoPostgres, Server, missing

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


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, in the test's own folder."""
    return f"sqlite:///{tmp_path / 'seiton.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database; the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real feeds and titles; it lies beside the repository, if at all."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of real feeds and titles is not beside this checkout")
    return CORPUS
