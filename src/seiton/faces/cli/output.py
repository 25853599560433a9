"""What commands print: one JSON document for programs, tables and sentences for people."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from seiton.errors import InvalidInput, SeitonError
from seiton.text import _

# Titles come from strangers: control and direction characters could rewrite the terminal.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDE = 200


class WrongUsage(InvalidInput):
    """The command was not understood."""

    code = "usage"


def clean(value: object) -> str:
    """Return text that can be shown in a terminal."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", str(value))


def shown(value: object) -> str:
    """Return a cell for ``value``: nothing for ``None``, times in the local zone."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return clean(value)


def moment(value: str | None) -> str:
    """Return an RFC 3339 time in the local zone."""
    if not value:
        return ""
    return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def print_json(document: object) -> None:
    """Print one document on one line."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(document, ensure_ascii=ascii_only))


def say(sentence: str) -> None:
    """Print a line for people."""
    print(clean(sentence))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "") -> None:
    """Print ``rows`` under ``headings``, as wide as the terminal; ``empty`` is said when there are none."""
    if not rows:
        say(empty or _("There is nothing to list."))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print one thing: a line for each fact that is known."""
    from rich.cells import cell_len

    known = {name: shown(value) for name, value in facts.items() if shown(value)}
    width = max((cell_len(name) for name in known), default=0)
    for name, value in known.items():
        print(f"{name}{' ' * (width - cell_len(name))}  {value}")


def print_error(error: SeitonError, *, as_json: bool) -> None:
    """Say what went wrong: for programs on stdout as one document, for people on stderr, field by field."""
    problems = getattr(error, "problems", [])
    if as_json:
        document: dict[str, Any] = getattr(error, "document", None) or {
            "error": error.code,
            "message": str(error),
            "errors": [{"field": p.field, "message": p.message, "code": p.code} for p in problems],
        }
        print_json(document)
        return
    if not problems:
        print(_("Error: {message}", message=clean(error)), file=sys.stderr)
        return
    print(_("Error:"), file=sys.stderr)
    for problem in problems:
        print(f"  {clean(problem.field)}: {clean(problem.message)}", file=sys.stderr)
