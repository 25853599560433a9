"""The parts of the documents that are made from data, and the program that writes them.

``python -m tests.documents`` brings docs/api.md and docs/defects.md up to date with docs/contract.toml and
docs/defects.toml; a test says when that was forgotten.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
ROLES = {
    "core": "Core",
    "fetcher": "Fetcher",
    "downloader": "Downloader",
    "viewer": "Viewer",
    "worker": "Worker",
}
SEVERITIES = {"C": "critical", "H": "high", "M": "medium", "L": "low"}


def load(name: str) -> dict[str, Any]:
    """Return the data file ``name`` of docs/."""
    return tomllib.loads((DOCS / name).read_text(encoding="utf-8"))


def ours(route: dict[str, Any]) -> str:
    """Return our route for one of the contract; empty where there is none."""
    text: str = route.get("ours", route["contract"])
    return text


def routes_table() -> str:
    """Return, for docs/api.md, every route of the contract beside ours, then ours that it has not."""
    contract = load("contract.toml")
    lines: list[str] = []
    for role, name in ROLES.items():
        lines += [f"### {name}", ""]
        routes = [route for route in contract["route"] if route["role"] == role]
        if routes:
            lines += ["| the contract | ours | what is different, and why |", "|---|---|---|"]
        for route in routes:
            mine = f"`{ours(route)}`" if ours(route) not in ("", route["contract"]) else "the same"
            what = route.get("why") or route.get("differs", "Nothing; more fields at most.")
            lines.append(f"| `{route['contract']}` | {mine if ours(route) else '–'} | {what} |")
        added = [entry for entry in contract["addition"] if entry["role"] == role]
        if added:
            lines += ["", f"Only ours ({name}):", ""]
            lines += [f"- `{entry['route']}`: {entry['why']}" for entry in added]
        lines.append("")
    return "\n".join(lines)


def defects_table() -> str:
    """Return, for docs/defects.md, every defect of the contract with the tests that prove it away."""
    lines = ["| | defect of the reference | weight | here | proved by |", "|---|---|---|---|---|"]
    for entry in load("defects.toml")["defect"]:
        proofs = ", ".join(f"`{_short(test)}`" for test in entry.get("tests", [])) or "–"
        weight = SEVERITIES[entry["severity"]]
        lines.append(f"| {entry['number']} | {entry['defect']} | {weight} | {entry['here']} | {proofs} |")
    return "\n".join(lines) + "\n"


def _short(test: str) -> str:
    return test.rpartition("/")[2]


PARTS = {"api.md": ("routes", routes_table), "defects.md": ("defects", defects_table)}


def rendered(name: str) -> str:
    """Return the document ``name`` with its made part as the data says."""
    marker, make = PARTS[name]
    before, start, rest = (DOCS / name).read_text(encoding="utf-8").partition(f"<!-- {marker} -->\n")
    _old, end, after = rest.partition(f"<!-- /{marker} -->")
    assert start, f"{name} has no place for its {marker}"
    assert end, f"{name} has no end of its {marker}"
    return f"{before}{start}\n{make()}\n{end}{after}"


def names_in(wanted: str, objects: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Give the paths of JSON names that ``wanted`` of docs/contract.toml stands for."""
    for word in wanted.split():
        name, _slash, kind = word.partition("/")
        if word.startswith("="):
            yield from names_in(objects[word[1:]], objects)
            continue
        yield (name,)
        if kind:
            yield from ((name, *path) for path in names_in(objects[kind], objects))


if __name__ == "__main__":
    for document in PARTS:
        (DOCS / document).write_text(rendered(document), encoding="utf-8")
