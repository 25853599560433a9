"""Planning of moves compared with the renames themselves, in one folder tree and one run.

``python benchmarks/planning.py [--moves N] [--rounds N] [--json]``. Three kinds of edits: every episode one
place on (chains), pairs that swap, and a random permutation of all names (long cycles). The comparison is
``os.rename`` of as many files, 24 in a folder, one place on and back, and nothing else. A plan says which
units move in which order; the moves of a component are listed when its turn comes, which is timed beside it.
Both are CPU seconds
of this process, the kernel's among them: the renames wait for no disk, and on a busy machine a wall would
count the others' work on one side only.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from seiton.domain.moves import MovePlan, Wish, plan
from seiton.domain.naming import path_key

EPISODES = 24


def stem(number: int, shift: int = 0) -> bytes:
    """Return where episode ``number`` lies, ``shift`` places on."""
    show, episode = divmod(number, EPISODES)
    return b"Show %d/Season 01/Show %d - S01E%02d" % (show, show, episode + 1 + shift)


def wishes_for(targets: Sequence[bytes]) -> tuple[list[Wish], dict[str, int]]:
    """Return the wishes of units that lie in order and want to go to ``targets``, and who lies where."""
    wishes = [
        Wish(
            unit_id=number,
            current=stem(number),
            current_key=path_key(stem(number)),
            target=target,
            target_key=path_key(target),
        )
        for number, target in enumerate(targets)
    ]
    owners = {wish.current_key: wish.unit_id for wish in wishes if wish.current_key is not None}
    wanted = {wish.target_key for wish in wishes}
    return wishes, {key: unit for key, unit in owners.items() if key in wanted}


def kinds(count: int) -> dict[str, list[bytes]]:
    """Return the targets of each kind of edit."""
    shuffled = [stem(number) for number in range(count)]
    random.Random(1).shuffle(shuffled)
    return {
        "chains": [stem(number, 1) for number in range(count)],
        "swaps": [stem(number ^ 1) for number in range(count)],
        "permutation": shuffled,
    }


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return how long ``work`` takes by ``clock``."""
    gc.collect()
    began = clock()
    work()
    return clock() - began


def rename_all(root: bytes, count: int, by: int) -> None:
    """Rename every file one place on (``by`` 1) or back (-1), from the free end."""
    at = 0 if by == 1 else 1
    for first in range(0, count, EPISODES):
        season = range(first, min(first + EPISODES, count))
        for number in reversed(season) if by == 1 else season:
            old, new = stem(number, at), stem(number, at + by)
            os.rename(b"%s/%s.mkv" % (root, old), b"%s/%s.mkv" % (root, new))


def list_moves(decided: MovePlan) -> None:
    """Make the moves of each component in turn, as whoever carries them out does."""
    for component in decided.components:
        assert component.shifts


def measure(count: int, rounds: int) -> dict[str, float]:
    """Return medians in seconds and the ratios."""
    count -= count % 2
    prepared = {kind: wishes_for(targets) for kind, targets in kinds(count).items()}
    times: dict[str, list[float]] = {kind: [] for kind in (*prepared, "renames", "listed")}
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        root = os.fsencode(name)
        for first in range(0, count, EPISODES):
            Path(os.fsdecode(os.path.join(root, os.path.dirname(stem(first))))).mkdir(parents=True)
            for number in range(first, min(first + EPISODES, count)):
                Path(os.fsdecode(b"%s/%s.mkv" % (root, stem(number)))).touch()
        for _round in range(rounds):
            for by in (1, -1):
                times["renames"].append(seconds(lambda by=by: rename_all(root, count, by), time.process_time))
            for kind, (wishes, owners) in prepared.items():
                found: list[MovePlan] = []
                work = lambda w=wishes, o=owners, f=found: f.append(plan(w, owners=o))  # noqa: E731
                times[kind].append(seconds(work, time.process_time))
                assert not found[0].holds, found[0].holds[:3]
                if kind == "permutation":
                    times["listed"].append(seconds(lambda f=found: list_moves(f[0]), time.process_time))
    median = {kind: statistics.median(values) for kind, values in times.items()}
    result: dict[str, float] = {"moves": count, "renames_s": round(median["renames"], 4)}
    for kind in (*prepared, "listed"):
        result[f"{kind}_s"] = round(median[kind], 4)
        result[f"{kind}_ratio"] = round(median[kind] / median["renames"], 3)
    return result


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--moves", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.moves, given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    print(f"{result['moves']} renames: {result['renames_s']:.2f} s")
    for kind in kinds(2):
        print(f"  planned as {kind:12} {result[f'{kind}_s']:.2f} s, ratio {result[f'{kind}_ratio']:.3f}")
    print(f"  moves of a plan listed  {result['listed_s']:.2f} s, ratio {result['listed_ratio']:.3f}")


if __name__ == "__main__":
    main()
