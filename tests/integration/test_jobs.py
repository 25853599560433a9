"""Jobs on real databases, with real processes killed by SIGKILL."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.jobs import Jobs, JobState
from seiton.adapters.jobs_ledger import Ledger
from seiton.adapters.jobs_pool import Pool
from seiton.adapters.jobs_timers import Timers

PATIENCE_S = 60.0
"""When a test gives up; no test passes or fails by how fast something is."""


class Recorder:
    """A job that counts its runs per key and can be held inside one."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.started = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()

    def __call__(self, key: str) -> None:
        with self.lock:
            self.runs[key] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.started.release()
        assert self.gate.wait(PATIENCE_S)
        with self.lock:
            self.at_once -= 1

    def wait_started(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.started.acquire(timeout=PATIENCE_S)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.read():
        pass  # as in the product the file is in WAL before DBOS opens it: the switch tolerates no company
    yield database
    database.close()


@pytest.fixture
def make_jobs(database: Database) -> Iterator[Callable[..., Jobs]]:
    """Makes Jobs on the test's database; all are closed at the end."""
    made: list[Jobs] = []

    def make(executor_id: str = "test-0") -> Jobs:
        made.append(Jobs(database.url, executor_id=executor_id))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


@pytest.fixture
def look() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.gate.set()


@pytest.fixture
def jobs(make_jobs: Callable[..., Jobs], look: Recorder) -> Jobs:
    jobs = make_jobs()
    jobs.define("look", look)
    jobs.launch()
    return jobs


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def state_of(jobs: Jobs, key: str) -> JobState | None:
    return next((job.state for job in jobs.list() if (job.name, job.key) == ("look", key)), None)


def records(database: Database) -> Counter[str]:
    """States of all durable records, as the database has them."""
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.read() as connection:
        return Counter(connection.scalars(sa.text(f"SELECT status FROM {table}")))


def test_any_number_of_wakes_while_it_runs_causes_exactly_one_more_run(jobs: Jobs, look: Recorder) -> None:
    look.gate.clear()
    jobs.wake("look", "a")
    look.wait_started()
    for _ in range(100):
        jobs.wake("look", "a")
    look.gate.set()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"a": 2}
    assert look.most_at_once == 1


def test_wakes_before_the_run_starts_are_one_run(make_jobs: Callable[..., Jobs], look: Recorder) -> None:
    jobs = make_jobs()
    jobs.define("look", look)
    for _ in range(10):
        jobs.wake("look", "early")
    jobs.launch()
    jobs.launch()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"early": 1}


def test_different_keys_run_side_by_side_within_the_bound(jobs: Jobs, look: Recorder) -> None:
    look.gate.clear()
    for number in range(20):
        jobs.wake("look", str(number))
    look.wait_started(8)
    look.gate.set()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {str(number): 1 for number in range(20)}
    assert look.most_at_once == 8


def test_a_plain_wake_writes_nothing_to_the_database(jobs: Jobs, look: Recorder, database: Database) -> None:
    assert jobs.wait_idle(PATIENCE_S)
    for number in range(50):
        jobs.wake("look", str(number))
    assert jobs.wait_idle(PATIENCE_S)
    assert sum(look.runs.values()) == 50
    assert records(database) == {}


def test_a_record_followed_by_a_wake_runs_once_and_is_gone(
    jobs: Jobs, look: Recorder, database: Database
) -> None:
    with database.write() as connection:
        jobs.enqueue(connection, "look", "a")
    jobs.wake("look", "a")
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"a": 1}
    assert records(database) == {}


def test_a_record_that_falls_due_during_the_run_that_answers_it_does_not_run_again(
    jobs: Jobs, look: Recorder, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    look.gate.clear()
    with database.write() as connection:
        jobs.enqueue(connection, "look", "a")
    jobs.wake("look", "a")
    look.wait_started()
    until(lambda: records(database)["PENDING"] == 1)
    look.gate.set()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"a": 1}
    jobs.close()
    # DBOS itself may warn, rarely: a record that is deleted in the instant in which it is dequeued.
    ours = [r for r in caplog.records if r.name.startswith("seiton") and r.levelno >= logging.WARNING]
    assert [r.getMessage() for r in ours] == []


def test_an_attendant_who_comes_after_the_run_that_answered_its_record_causes_no_other(
    request: pytest.FixtureRequest,
) -> None:
    runs: list[str] = []
    settled: list[frozenset[str]] = []
    timers = Timers()
    request.addfinalizer(timers.close)
    pool = Pool(
        run=lambda _name, key: runs.append(key),
        outstanding=lambda _name, _key: frozenset({"ticket"}),
        settle=settled.append,
        timers=timers,
    )
    pool.start()
    request.addfinalizer(lambda: pool.close(PATIENCE_S))
    pool.ask("look", "a")
    until(lambda: settled == [{"ticket"}])
    assert pool.attend("ticket", "look", "a", lambda _delay_s: None) is None
    assert pool.wait_idle(PATIENCE_S)
    assert runs == ["a"]


def test_a_record_without_a_wake_is_picked_up(jobs: Jobs, look: Recorder, database: Database) -> None:
    with database.write() as connection:
        jobs.enqueue(connection, "look", "キー/%_'\n" + "x" * 5000)
    look.wait_started()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"キー/%_'\n" + "x" * 5000: 1}


def test_a_rollback_leaves_no_job(jobs: Jobs, look: Recorder, database: Database) -> None:
    def refused() -> None:
        with database.write() as connection:
            jobs.enqueue(connection, "look", "undone")
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        refused()
    with database.write() as connection:
        jobs.enqueue(connection, "look", "kept")
    look.wait_started()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"kept": 1}


def test_many_records_in_one_transaction_are_one_row(jobs: Jobs, look: Recorder, database: Database) -> None:
    with database.write() as connection:
        for _ in range(5):
            jobs.enqueue(connection, "look", "a")
    assert records(database).total() == 1
    assert jobs.wait_idle(PATIENCE_S)


def test_a_record_lost_with_its_savepoint_is_written_again(
    jobs: Jobs, look: Recorder, database: Database
) -> None:
    with database.write() as connection:
        with connection.begin_nested() as savepoint:
            jobs.enqueue(connection, "look", "a")
            savepoint.rollback()
        jobs.enqueue(connection, "look", "a")
    assert records(database).total() == 1
    look.wait_started()
    assert jobs.wait_idle(PATIENCE_S)


def test_an_open_write_transaction_disturbs_nothing(
    jobs: Jobs, look: Recorder, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with database.write() as connection:
        jobs.enqueue(connection, "look", "slow")
        jobs.wake("look", "other")
        look.wait_started()
        time.sleep(2.5)  # some polls of the queue meet the lock
        assert look.runs == {"other": 1}
    jobs.wake("look", "slow")
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"other": 1, "slow": 1}
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_an_error_is_logged_recorded_and_tried_again(
    make_jobs: Callable[..., Jobs], caplog: pytest.LogCaptureFixture
) -> None:
    jobs = make_jobs()
    runs: list[str] = []
    failed = threading.Event()

    def flaky(key: str) -> None:
        runs.append(key)
        if len(runs) == 1:
            failed.set()
            raise OSError("the disk is away")

    jobs.define("look", flaky)
    jobs.launch()
    jobs.wake("look", "a")
    assert failed.wait(PATIENCE_S)
    until(lambda: state_of(jobs, "a") is JobState.RETRYING)
    job = next(job for job in jobs.list() if job.name == "look")
    assert job.error == "OSError: the disk is away"
    assert not jobs.wait_idle(0)
    assert jobs.wait_idle(PATIENCE_S)
    assert runs == ["a", "a"]
    assert state_of(jobs, "a") is JobState.DONE
    assert any("look" in r.getMessage() and "'a'" in r.getMessage() for r in caplog.records)


def test_a_recorded_job_that_fails_is_tried_again_until_it_succeeds(
    make_jobs: Callable[..., Jobs], database: Database
) -> None:
    jobs = make_jobs()
    runs: list[str] = []

    def flaky(key: str) -> None:
        runs.append(key)
        if len(runs) < 3:
            raise OSError("not yet")

    jobs.define("look", flaky)
    jobs.launch()
    with database.write() as connection:
        jobs.enqueue(connection, "look", "a")
    until(lambda: len(runs) == 3)
    assert jobs.wait_idle(PATIENCE_S)
    assert runs == ["a"] * 3
    assert set(records(database)) <= {"SUCCESS"}


def test_a_job_that_wakes_itself_and_fails_still_waits_before_its_retry(
    make_jobs: Callable[..., Jobs],
) -> None:
    jobs = make_jobs()
    runs: list[str] = []

    def spinning(key: str) -> None:
        runs.append(key)
        jobs.wake("look", key)
        raise OSError("not yet")

    jobs.define("look", spinning)
    jobs.launch()
    jobs.wake("look", "a")
    until(lambda: state_of(jobs, "a") is JobState.RETRYING)
    assert runs == ["a"]


def test_a_job_that_waits_for_its_retry_holds_no_thread(make_jobs: Callable[..., Jobs]) -> None:
    jobs = make_jobs()
    tried = threading.Semaphore(0)
    fine = threading.Event()

    def broken(_key: str) -> None:
        tried.release()
        raise OSError("never")

    jobs.define("broken", broken)
    jobs.define("fine", lambda _key: fine.set())
    jobs.launch()
    for number in range(30):
        jobs.wake("broken", str(number))
    for _ in range(30):
        assert tried.acquire(timeout=PATIENCE_S)
    jobs.wake("fine")
    assert fine.wait(PATIENCE_S)


def test_a_periodic_job_runs_at_launch_and_again(make_jobs: Callable[..., Jobs], look: Recorder) -> None:
    jobs = make_jobs()
    jobs.define("look", look, every=0.05)
    jobs.launch()
    look.wait_started(4)
    assert set(look.runs) == {""}


def test_a_later_wake_comes(jobs: Jobs, look: Recorder) -> None:
    jobs.wake_later("look", "later", 0.05)
    look.wait_started()
    assert look.runs == {"later": 1}


def test_the_list_shows_what_runs_before_what_is_done(jobs: Jobs, look: Recorder) -> None:
    jobs.wake("look", "done")
    look.wait_started()
    until(lambda: state_of(jobs, "done") is JobState.DONE)
    look.gate.clear()
    jobs.wake("look", "running")
    look.wait_started()
    listed = [job for job in jobs.list() if job.name == "look"]
    assert [(job.key, job.state) for job in listed] == [
        ("running", JobState.RUNNING),
        ("done", JobState.DONE),
    ]
    assert [job.id for job in jobs.list(limit=1)] == ["look:running"]


def test_an_unknown_job_is_refused(jobs: Jobs, database: Database) -> None:
    with pytest.raises(ValueError, match="nothing"):
        jobs.wake("nothing")
    with database.write() as connection, pytest.raises(ValueError, match="nothing"):
        jobs.enqueue(connection, "nothing", "")
    with pytest.raises(RuntimeError):
        jobs.define("late", print)


def test_a_recorded_job_that_this_version_does_not_know_is_shown_as_failed(
    jobs: Jobs, database: Database
) -> None:
    ledger = Ledger(database.url, executor_id="other", application="seiton")
    with database.write() as connection:
        ledger.enqueue(connection, "gone", "a")
    ledger.close()
    until(lambda: any((job.name, job.state) == ("gone", JobState.FAILED) for job in jobs.list()))
    assert jobs.wait_idle(PATIENCE_S)


def test_a_second_launch_in_one_process_is_refused(jobs: Jobs, make_jobs: Callable[..., Jobs]) -> None:
    with pytest.raises(RuntimeError, match="singleton"):
        make_jobs("test-1").launch()


def test_close_lets_running_jobs_finish_and_takes_no_more(jobs: Jobs, look: Recorder) -> None:
    look.gate.clear()
    jobs.wake("look", "a")
    look.wait_started()
    jobs.wake("look", "a")
    threading.Timer(0.2, look.gate.set).start()
    jobs.close(timeout_s=PATIENCE_S)
    jobs.close()
    jobs.wake("look", "b")
    assert look.runs == {"a": 1}
    assert look.at_once == 0


def test_a_recorded_job_cut_short_by_close_runs_in_the_next_process(
    jobs: Jobs, look: Recorder, database: Database, make_jobs: Callable[..., Jobs]
) -> None:
    look.gate.clear()
    with database.write() as connection:
        jobs.enqueue(connection, "look", "a")
    look.wait_started()
    jobs.close(timeout_s=0)
    second = Recorder()
    later = make_jobs("test-1")
    later.define("look", second)
    later.launch()
    second.wait_started()
    assert later.wait_idle(PATIENCE_S)
    assert second.runs == {"a": 1}


def test_finished_records_are_pruned(jobs: Jobs, look: Recorder, database: Database) -> None:
    for number in range(3):
        with database.write() as connection:
            jobs.enqueue(connection, "look", str(number))
    look.wait_started(3)
    assert jobs.wait_idle(PATIENCE_S)
    assert records(database) == {"SUCCESS": 3}
    ledger = Ledger(database.url, executor_id="other", application="seiton")
    assert ledger.prune(datetime.now(UTC) - timedelta(days=1)) == 0
    assert ledger.prune(datetime.now(UTC) + timedelta(days=1)) == 3
    ledger.close()
    assert records(database) == {}


# Processes: each runs this program; ``act`` is what the test adds.
PROGRAM = """
import os, signal, sys, time
from seiton.adapters.database import Database
from seiton.adapters.jobs import Jobs

url, executor_id, out = sys.argv[1:]
database = Database(url)
jobs = Jobs(url, executor_id=executor_id)

def say(text):
    with open(out, "a") as file:
        file.write(text + "\\n")

def look(key):
    say(executor_id + " " + key)
    hold()

def hold():
    pass

def enqueue(*keys):
    with database.write() as connection:
        for key in keys:
            jobs.enqueue(connection, "look", key)

{act}
"""


def start(act: str, database: Database, executor_id: str, out: Path) -> subprocess.Popen[bytes]:
    out.touch()
    command = [sys.executable, "-c", PROGRAM.replace("{act}", act), database.url, executor_id, str(out)]
    return subprocess.Popen(command)


LAUNCH = 'jobs.define("look", look); jobs.launch()\n'


@pytest.mark.parametrize("executor_id", ["worker-0", "worker-1"])
def test_a_job_committed_just_before_sigkill_runs_after_the_restart(
    make_jobs: Callable[..., Jobs], look: Recorder, database: Database, tmp_path: Path, executor_id: str
) -> None:
    out = tmp_path / "out"
    act = LAUNCH + 'enqueue("a")\nos.kill(os.getpid(), signal.SIGKILL)'
    assert start(act, database, "worker-0", out).wait(PATIENCE_S) == -signal.SIGKILL
    assert out.read_text() == ""
    jobs = make_jobs(executor_id)
    jobs.define("look", look)
    jobs.launch()
    look.wait_started()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"a": 1}


def test_a_transaction_killed_before_its_commit_leaves_no_job(
    make_jobs: Callable[..., Jobs], look: Recorder, database: Database, tmp_path: Path
) -> None:
    act = LAUNCH + (
        "with database.write() as connection:\n"
        '    jobs.enqueue(connection, "look", "a")\n'
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert start(act, database, "worker-0", tmp_path / "out").wait(PATIENCE_S) == -signal.SIGKILL
    jobs = make_jobs("worker-0")
    jobs.define("look", look)
    jobs.launch()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {}


def test_a_recorded_job_killed_in_the_middle_runs_again_in_the_same_worker(
    make_jobs: Callable[..., Jobs], look: Recorder, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    act = "hold = lambda: time.sleep(600)\n" + LAUNCH + 'enqueue("a")\ntime.sleep(600)'
    child = start(act, database, "worker-0", out)
    try:
        until(lambda: out.read_text() == "worker-0 a\n")
    finally:
        child.kill()
        child.wait()
    assert records(database) == {"PENDING": 1}
    jobs = make_jobs("worker-0")
    jobs.define("look", look)
    jobs.launch()
    look.wait_started()
    assert jobs.wait_idle(PATIENCE_S)
    assert look.runs == {"a": 1}


def test_a_job_killed_in_its_back_off_is_tried_again_after_the_restart(
    make_jobs: Callable[..., Jobs], look: Recorder, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    act = (
        "def hold(): raise OSError('away')\n"
        + LAUNCH
        + 'enqueue("a")\njobs.wake("look", "a")\ntime.sleep(600)'
    )
    child = start(act, database, "worker-0", out)
    try:
        until(lambda: out.read_text().count("worker-0 a\n") >= 3)
    finally:
        child.kill()
        child.wait()
    jobs = make_jobs("worker-1")
    jobs.define("look", look)
    jobs.launch()
    look.wait_started()


def test_two_processes_share_the_records_of_one_database(
    jobs: Jobs, look: Recorder, database: Database, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    keys = [str(number) for number in range(40)]
    act = LAUNCH + f"enqueue(*{keys!r})\nassert jobs.wait_idle(60)\njobs.close()"
    child = start(act, database, "worker-1", out)
    assert child.wait(PATIENCE_S) == 0
    assert jobs.wait_idle(PATIENCE_S)
    ran = look.runs + Counter(line.split()[1] for line in out.read_text().splitlines())
    assert ran == dict.fromkeys(keys, 1)
