"""Several processes that do Core's background work on one PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.jobs import Jobs
from seiton.adapters.jobs_peers import Peers
from seiton.adapters.migrations import upgrade
from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core import tables
from seiton.core.modules.workers import check_help, take_turn
from seiton.errors import InvalidInput, Unavailable
from seiton.roles import Role
from tests.acceptance.peers import call, register
from tests.acceptance.roles import get, running, wait_for
from tests.integration.api_world import ApiWorld
from tests.integration.test_modules import Scripted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def settings(folder: Path, url: str) -> Settings:
    return Settings.model_validate({"data": folder, "port": 0, "database_url": url})


def test_a_look_is_for_one_of_several_processes(database_url: str) -> None:
    database = Database(database_url)
    upgrade(database, "core")
    assert take_turn(database, "core.fetch", 30, NOW)
    assert not take_turn(database, "core.fetch", 30, NOW)
    assert take_turn(database, "core.torrents", 30, NOW)
    assert not take_turn(database, "core.fetch", 30, NOW + timedelta(seconds=20))
    assert take_turn(database, "core.fetch", 30, NOW + timedelta(seconds=30))
    taken: list[bool] = []
    later = NOW + timedelta(minutes=5)
    threads = [
        threading.Thread(target=lambda: taken.append(take_turn(database, "core.new", 30, later)))
        for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken) == {True: 1, False: 7}
    database.close()


@pytest.mark.postgres
def test_processes_have_names_that_stay_and_are_free_again(postgres_url: str) -> None:
    with ExitStack() as stack:
        first, second, third = (Peers(postgres_url, "seiton") for _number in range(3))
        stack.callback(second.close)
        assert (first.join("worker-*"), second.join("worker-*")) == ("worker-1", "worker-2")
        assert second.is_there("worker-1") and not second.is_there("worker-3")
        first.close()
        while second.is_there(
            "worker-1"
        ):  # the server lets go of a connection's locks when it hears of its end
            time.sleep(0.01)
        stack.callback(third.close)
        assert third.join("worker-*") == "worker-1"


@pytest.mark.postgres
def test_one_job_never_runs_in_two_processes_at_once(postgres_url: str) -> None:
    one, two = Peers(postgres_url, "seiton"), Peers(postgres_url, "seiton")
    events: list[str] = []
    inside = threading.Event()

    def work() -> None:
        with two.alone("core.fetch", "7", lambda: False):
            events.append("second")

    thread = threading.Thread(target=work)
    with one.alone("core.fetch", "7", lambda: False):
        thread.start()
        with two.alone("core.fetch", "8", lambda: False):  # another feed is another job
            events.append("other")
        with pytest.raises(Unavailable), two.alone("core.fetch", "7", lambda: True):
            raise AssertionError("not both")
        events.append("first")
        inside.set()
    thread.join()
    assert events == ["other", "first", "second"]
    one.close()
    two.close()


DIE = """
import sys, threading
from seiton.adapters.jobs import Jobs
from seiton.adapters.database import Database
url, out = sys.argv[1:]
jobs = Jobs(url, executor_id="worker-*")
def look(key):
    open(out, "a").write(f"{jobs.executor_id} {key}\\n")
    threading.Event().wait()
jobs.define("core.look", look)
jobs.launch()
with Database(url).write() as connection:
    jobs.enqueue(connection, "core.look", "7")
threading.Event().wait()
"""


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_what_a_killed_worker_had_begun_is_taken_over_by_another(postgres_url: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dead = subprocess.Popen([sys.executable, "-c", DIE, postgres_url, str(out)])
    wait_for(out.exists, "the worker has begun")
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    ran = threading.Event()
    heir = Jobs(postgres_url, executor_id="heir")
    heir.define("core.look", lambda key: ran.set() if key == "7" else None)
    heir.launch()
    try:
        assert out.read_text() == "worker-1 7\n"
        assert ran.wait(120)
        assert heir.wait_idle(60)
    finally:
        heir.close()


# The role


def test_a_worker_needs_the_database_of_a_core(tmp_path: Path, empty_sqlite_url: str) -> None:
    with pytest.raises(InvalidInput, match="PostgreSQL"):
        Seiton(settings(tmp_path, empty_sqlite_url), roles=frozenset({Role.WORKER}))


@pytest.mark.postgres
def test_a_worker_waits_for_a_core_and_leaves_one_with_everything_alone(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    with pytest.raises(Unavailable, match="seiton core"):
        Seiton(settings(tmp_path, empty_postgres_url), roles=frozenset({Role.WORKER}))
    with ApiWorld(tmp_path, empty_postgres_url) as everything, pytest.raises(Unavailable, match="downloader"):
        check_help(everything.core)
    core = Seiton(settings(tmp_path, empty_postgres_url), roles=frozenset({Role.CORE}))
    check_help(core.core)
    core.close()


@contextmanager
def killable(role: str, folder: Path, url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a role and give its address and what kills it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEITON_")}
    environment |= {"SEITON_PRIVATE_HOSTS": "127.0.0.1", "LANG": "C.UTF-8"}
    flags = ["--data", str(folder / f"killed-{role}"), "--database-url", url, "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "seiton", role, *flags],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert "Seiton runs at" in said, said

    def kill() -> None:
        process.kill()
        process.wait()

    try:
        yield said.split()[3], kill
    finally:
        kill()
        process.stdout.close()


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_a_worker_goes_on_where_core_and_another_worker_were_killed(
    tmp_path: Path, postgres_url: str
) -> None:
    takes = (202, {"accepted": True})
    Seiton(settings(tmp_path, postgres_url), roles=frozenset({Role.CORE})).close()
    with (
        Scripted(
            **{"POST_can-handle-subscription": (200, {"can_handle": True}), "POST_fetch": takes}
        ) as other,
        # The one that is left is the first: what it looks at from time to time comes the sooner.
        running("worker", tmp_path, "--database-url", postgres_url) as left,
        killable("worker", tmp_path, postgres_url) as (killed, kill_worker),
        killable("core", tmp_path, postgres_url) as (core, kill_core),
    ):
        healths = [get(f"{address}/health") for address in (left, killed)]
        assert [health["name"] for health in healths] == ["worker-1", "worker-2"]
        assert call("GET", f"{left}/downloads")[0] == 404
        register(core, "fetcher", "other", other.port)
        status, row = call("POST", f"{core}/subscriptions", {"source_url": "http://127.0.0.1:1/rss"})
        assert status == 201, row
        wait_for(lambda: len(other.sent("POST", "/fetch")) == 1, "Core has it fetched")
        kill_core()
        kill_worker()
        due = sa.update(tables.subscriptions).values(awaiting_since=None, next_fetch_at=NOW)
        database = Database(postgres_url)
        with database.write() as connection:
            connection.execute(due)
        database.close()
        wait_for(lambda: len(other.sent("POST", "/fetch")) == 2, "the other worker has it fetched", 120)
        assert get(f"{left}/health")["status"] == "ok"
