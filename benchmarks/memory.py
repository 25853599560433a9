"""How much memory the process takes with a thousand entries and with a million: it should be the same.

``python benchmarks/memory.py [--most N] [--database-url URL] [--json]``. Installations of 10³, 10⁴, … entries
up to ``--most`` are made, and each is looked at by a process of its own: every list and search of ``lists``,
then a parser that has to look at every title and matches none, then its deletion. MiB of resident memory at
most, after the start and after each of them. With ``--database-url`` that installation is the last; it gets
the parser, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).parent))

from edits import PARSER
from fastapi.testclient import TestClient
from lists import REQUESTS, installation

from seiton.core.rules.parsers import create_parser, delete_parser
from seiton.core.rules.reparse import reparse

EVERY_TITLE = PARSER | {"condition_regex": r"^\d{40}$"}
"""Nothing in it that an index of titles could be asked for."""


def peak() -> float:
    """Return the most resident memory that this program had so far, in MiB (``VmHWM``, proc(5), in KiB).

    getrusage(2) would count what the process that started this one had.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) / 1024, 1)


def look(url: str) -> dict[str, float]:
    """Do everything in the installation at ``url`` and return the peaks on the way."""
    with (
        installation(0, url) as seiton,
        TestClient(seiton.application(), base_url="http://127.0.0.1") as client,
    ):
        client.get("/health")
        found = {"started": peak()}
        for path in REQUESTS.values():
            assert client.get(path.format(n=100, middle=500)).status_code < 500, path
        found["asked"] = peak()
        made = create_parser(seiton.core, EVERY_TITLE).parser
        assert made is not None
        reparse(seiton.core)
        delete_parser(seiton.core, made["parser_id"])
        reparse(seiton.core)
        found["edited"] = peak()
    return found


def measure(most: int, url: str | None) -> dict[str, dict[str, float]]:
    """Return the peaks by number of entries."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        for size in (10**power for power in range(3, 10) if 10**power <= most):
            made = f"sqlite:///{name}/{size}.db"
            with installation(size, made):
                pass
            found[f"{size:,}"] = _by_itself(made)
    if url is not None:
        found["of the database given"] = _by_itself(url)
    return found


def _by_itself(url: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, "--look", url], stdout=subprocess.PIPE, check=True)
    peaks: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return peaks


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--most", type=int, default=10**5)
    options.add_argument("--database-url", help="a large installation, as seiton dev generate makes it")
    options.add_argument("--look", metavar="URL", help="only look at this one, and print its peaks")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = look(given.look) if given.look else measure(given.most, given.database_url)
    if given.json or given.look:
        print(json.dumps(found))
        return
    print("entries".ljust(24) + "".join(f"{step:>12}" for step in ("started", "asked", "edited")) + "  MiB")
    for size, peaks in found.items():
        print(size.ljust(24) + "".join(f"{value:>12}" for value in peaks.values()))


if __name__ == "__main__":
    main()
