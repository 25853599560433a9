"""The processes that play tasks side by side, each at a bench of its own."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.crash.matrix import Bench, Tally, Task, play
from tests.crash.scenarios import SCENARIOS, shares_blocks

_benches: dict[bool, Bench] = {}
"""By whether files can share blocks there."""


def run_tasks(
    tasks: Sequence[Task],
    folder: Path,
    elsewhere: Path,
    postgres: Path | None,
    jobs: int,
    *,
    sharing: Path | None = None,
) -> Iterator[tuple[Task, Tally]]:
    """Play ``tasks``, ``jobs`` at a time; give each as it ends. In ``sharing`` files can share blocks."""
    if not tasks:
        return
    if jobs == 1 and (len(tasks) == 1 or not tasks[0].broken):  # this process will do
        _settle_in(folder, elsewhere, sharing, postgres)
        for task in tasks:
            yield task, _play(task)
        for bench in _benches.values():
            bench.close()
        return
    with ProcessPoolExecutor(
        min(jobs, len(tasks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_settle_in,
        initargs=(folder, elsewhere, sharing, postgres),
        # What is broken stays broken in its process, so each broken task gets a new one.
        max_tasks_per_child=1 if tasks[0].broken else None,
    ) as pool:
        running = {pool.submit(_play, task): task for task in tasks}
        for done in as_completed(running):
            yield running[done], done.result()


def _settle_in(folder: Path, elsewhere: Path, sharing: Path | None, postgres: Path | None) -> None:
    own = f"worker-{os.getpid()}"
    _benches[False] = Bench(folder / own, elsewhere / f"{own}-elsewhere", postgres)
    if sharing is not None:
        _benches[True] = Bench(sharing / own, elsewhere / f"{own}-far", postgres, database="crash_sharing")
    gc.freeze()  # forked processes then share what is loaded


def _play(task: Task) -> Tally:
    return play(_benches[shares_blocks(SCENARIOS[task.scenario])], task)
