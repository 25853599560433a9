"""``python -m tests.crash.tracing SCENARIO FILE``: an undisturbed resync, written down call by call."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.crash.matrix import Bench, Play, Task
from tests.crash.victims import run_killed


def main() -> int:
    """Write what strace sees, with the paths of descriptors; return how the process ended."""
    scenario, file = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="seiton-trace-") as folder:
        bench = Bench(Path(folder, "bench"), Path(folder, "elsewhere"), None)
        play = Play(bench, Task(scenario=scenario, database="sqlite"))
        play.put_back()
        status = run_killed(play.stage.act, Path(file), "-y", "-s", "1000")
        bench.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
