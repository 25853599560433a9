"""How work grows from a thousand items to a million: one run, CPU seconds, a table and a plot.

``python benchmarks/growth.py [--most N] [--database-url URL] [--svg FILE] [--json]``. Every kind of work is
done with 10³, 10⁴, … items up to ``--most`` (a resync, which writes three files for each, and an edit in a
whole installation up to 10⁵). With ``--database-url`` lists and search are asked of that one as well.
CPU seconds, because a wall says more of a machine's other work than of this; for the disk see ``resync``.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).parent))

import edits
import lists
import parsing
import planning
from resync import Library

from seiton.domain.moves import plan
from seiton.domain.titles import Ruleset

Points = dict[int, float]
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#ff7f0e", "#17becf")
LEFT, TOP, WIDTH, HEIGHT = 70, 30, 470, 330


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that ``work`` takes."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def parse(count: int) -> float:
    """Parse ``count`` titles with 50 parsers."""
    titles, ruleset = parsing.titles(count), Ruleset(parsing.rules(50))
    return cpu(lambda: parsing.drain(ruleset.parse_many(titles)))


def stdlib(count: int) -> float:
    """The same by a loop of the standard library."""
    titles, loop = parsing.titles(count), parsing.stdlib_loop(parsing.rules(50))
    return cpu(lambda: parsing.drain(map(loop, titles)))


def order(count: int) -> float:
    """Plan ``count`` moves of a random permutation."""
    wishes, owners = planning.wishes_for(planning.kinds(count)["permutation"])
    return cpu(lambda: plan(wishes, owners=owners))


def edit(count: int) -> float:
    """Save a parser that changes nothing of ``count`` entries."""
    return edits.measure(count, 1)["cpu_s"]


def move(count: int) -> float:
    """Move ``count`` units by a whole resync."""
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        library = Library(Path(name), count)
        seconds = cpu(lambda: library.shift(1))
        library.database.close()
    return seconds


WORK: dict[str, tuple[Callable[[int], float], int]] = {
    "full parse, 50 parsers": (parse, 10**6),
    "the same by re": (stdlib, 10**6),
    "plan of moves": (order, 10**6),
    "edit that changes nothing": (edit, 10**5),
    "whole resync": (move, 10**5),
}
ASKED = {"raw items": "list of 100", "search: two CJK characters": "search, CJK", "dashboard": "dashboard"}


def measure(most: int, url: str | None) -> dict[str, Points]:
    """Return CPU seconds by work and number of items."""
    sizes = [10**power for power in range(3, 10) if 10**power <= most]
    found: dict[str, Points] = {name: {} for name in (*WORK, *ASKED.values())}
    for size in sizes:
        for name, (work, limit) in WORK.items():
            if size <= limit:
                found[name][size] = round(work(size), 4)
        if size <= 10**4:
            _ask(found, size, None)
    if url is not None:
        _ask(found, 0, url)
    return found


def _ask(found: dict[str, Points], size: int, url: str | None) -> None:
    answer = lists.measure(size, url, 5)
    for request, name in ASKED.items():
        found[name][answer["items"]] = answer["requests"][request]["cpu_ms"] / 1e3


def plot(found: dict[str, Points]) -> str:
    """Return the curves as SVG, both axes by powers of ten."""
    values = [second for points in found.values() for second in points.values() if second > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    right = math.ceil(math.log10(max(size for points in found.values() for size in points)))

    def x(size: float) -> float:
        return LEFT + WIDTH * (math.log10(size) - 3) / max(right - 3, 1)

    def y(seconds: float) -> float:
        return TOP + HEIGHT * (high - math.log10(seconds)) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 220} {TOP + HEIGHT + 50}"'
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}h{WIDTH}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for power in range(3, right + 1):
        at = x(10.0**power)
        parts.append(f'<path d="M{at:.1f} {TOP}v{HEIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{10**power:,}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 38}" text-anchor="middle">items</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 10}">CPU seconds</text>')
    for number, (name, points) in enumerate(found.items()):
        colour, line = COLOURS[number % len(COLOURS)], TOP + 14 + number * 20
        where = [(x(size), y(second)) for size, second in sorted(points.items()) if second > 0]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in where)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in where]
        parts.append(f'<rect x="{LEFT + WIDTH + 16}" y="{line - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + WIDTH + 32}" y="{line}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Measure, print the table, write the plot."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--most", type=int, default=10**5)
    options.add_argument("--database-url", help="a large installation, as seiton dev generate makes it")
    options.add_argument("--svg", type=Path, help="where the plot goes")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = measure(given.most, given.database_url)
    if given.svg is not None:
        given.svg.write_text(plot(found), encoding="utf-8")
    if given.json:
        print(json.dumps(found))
        return
    sizes = sorted({size for points in found.values() for size in points})
    print("CPU seconds".ljust(28) + "".join(f"{size:>12,}" for size in sizes))
    for name, points in found.items():
        cells = (f"{points[size]:>12.4f}" if size in points else " " * 12 for size in sizes)
        print(name.ljust(28) + "".join(cells))


if __name__ == "__main__":
    main()
