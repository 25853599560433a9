"""What somebody says a parser should be: ``--set field=value`` and ``--file parser.json``."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seiton.errors import Problem
from seiton.faces.cli.output import WrongUsage
from seiton.text import _

_NUMBERS = ("priority", "version", "episode_offset", "created_from_id")
_SOURCES = (
    "anime_title",
    "episode_no",
    "series_no",
    "subtitle_group",
    "resolution",
    "season",
    "year",
    "episode_end",
)
FIELDS = (
    "name",
    "kind",
    "description",
    "is_enabled",
    "condition_regex",
    "parse_regex",
    *(f"{field}_{part}" for field in _SOURCES for part in ("source", "value")),
    "created_from_type",
    *_NUMBERS,
)
_SHOWN_ONLY = ("parser_id", "created_at", "updated_at", "origin", "reparse", "reparsed", "resync_id", "state")


def read_draft(sets: Sequence[str] | None, file: Path | None) -> dict[str, Any]:
    """Return the fields given, those of ``--set`` above those of the file. Raises ``WrongUsage``."""
    draft = _read_file(file) if file is not None else {}
    for pair in sets or ():
        field, equals, value = pair.partition("=")
        field = field.strip()
        if not equals:
            raise _wrong("--set", _("{found} is not FIELD=VALUE.", found=pair))
        draft[field] = _value(field, value)
    unknown = [field for field in draft if field not in FIELDS]
    if unknown:
        near = difflib.get_close_matches(unknown[0], FIELDS, n=1)
        hint = (
            _("Did you mean {name}?", name=near[0])
            if near
            else _("Known are: {names}", names=", ".join(FIELDS))
        )
        raise _wrong(unknown[0], _("A parser has no such field. {hint}", hint=hint))
    return draft


def require_draft(sets: Sequence[str] | None, file: Path | None) -> dict[str, Any]:
    """Return the fields given, at least one. Raises ``WrongUsage``."""
    draft = read_draft(sets, file)
    if not draft:
        raise _wrong("--set", _("Say what to change: --set FIELD=VALUE, or --file FILE."))
    return draft


def _value(field: str, text: str) -> object:
    if field == "is_enabled":
        words = {"true": True, "yes": True, "on": True, "1": True}
        words |= {"false": False, "no": False, "off": False, "0": False}
        if text.strip().lower() not in words:
            raise _wrong(field, _("Give true or false."))
        return words[text.strip().lower()]
    if field in _NUMBERS and text.strip():
        try:
            return int(text)
        except ValueError as error:
            raise _wrong(field, _("Give a whole number.")) from error
    return text if text else None


def _read_file(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        content = json.loads(text)
    except OSError as error:
        raise _wrong(str(file), _("cannot be read: {reason}", reason=error.strerror or error)) from error
    except (ValueError, RecursionError) as error:
        raise _wrong(str(file), _("is not valid JSON: {reason}", reason=error)) from error
    if not isinstance(content, dict):
        raise _wrong(str(file), _("must hold one JSON object: the fields of a parser"))
    # What `parsers show --json` prints can be edited and given back.
    return {name: value for name, value in content.items() if name not in _SHOWN_ONLY}


def _wrong(field: str, message: str) -> WrongUsage:
    return WrongUsage([Problem(field=field, message=message, code="usage")])
