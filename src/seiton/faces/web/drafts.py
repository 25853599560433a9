"""A parser as a form has it, and as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seiton.core.rules.parsers import DEFAULTS, WRITABLE
from seiton.domain.rules import FIELDS
from seiton.domain.states import ParserKind, SourceType
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form
from seiton.text import _

N_ = str  # marks a text for the catalogues; it is translated when it is shown

FIELD_NAMES = {
    "anime_title": N_("Title"),
    "episode_no": N_("Episode"),
    "series_no": N_("Season no."),
    "subtitle_group": N_("Group"),
    "resolution": N_("Resolution"),
    "season": N_("Broadcast season"),
    "year": N_("Year"),
    "episode_end": N_("Last episode"),
}
REQUIRED = ("anime_title", "episode_no")
NEW: Mapping[str, Any] = DEFAULTS | {
    "name": "",
    "condition_regex": "",
    "parse_regex": "",
    "anime_title_source": SourceType.REGEX.value,
    "anime_title_value": "$title",
    "episode_no_source": SourceType.REGEX.value,
    "episode_no_value": "$episode",
}
"""What an empty form holds."""

_TEXTS = ("name", "condition_regex", "parse_regex")
_NUMBERS = ("priority", "episode_offset")


def values_of(form: Form) -> dict[str, Any]:
    """Return what a form says of a parser, by column. Raises ``InvalidInput`` for numbers that are none."""
    values: dict[str, Any] = {name: form.get(name, "") for name in _TEXTS}
    values["description"] = form.get("description", "").strip() or None
    values["is_enabled"] = form.get("is_enabled") == "on"
    values["kind"] = form.get("kind", ParserKind.PATTERN.value)
    for field in FIELDS:
        source = form.get(f"{field}_source", "")
        values[f"{field}_source"] = source or None
        values[f"{field}_value"] = form.get(f"{field}_value", "") if source else None
    problems = []
    for name in _NUMBERS:
        text = form.get(name, "").strip() or "0"
        try:
            values[name] = int(text[:12])
        except ValueError:
            problems.append(Problem(field=name, message=_("Give a whole number.")))
    if problems:
        raise InvalidInput(problems)
    return values


def shown_values(form: Form) -> dict[str, Any]:
    """Return what a form says, to be shown again as it was typed."""
    values = dict(NEW) | {name: form.get(name) for name in WRITABLE if name in form}
    values["is_enabled"] = form.get("is_enabled") == "on"
    for field in FIELDS:
        values[f"{field}_source"] = form.get(f"{field}_source") or None
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A problem of a draft; with the pattern cut at its place, where it is about a place in it."""

    problem: Problem
    before: str = ""
    at: str = ""
    after: str = ""


def faults_of(problems: Sequence[Problem], values: Mapping[str, Any]) -> dict[str, Fault]:
    """Return the first fault of each field."""
    found: dict[str, Fault] = {}
    for problem in problems:
        text = values.get(problem.field)
        if problem.position is None or not isinstance(text, str):
            found.setdefault(problem.field, Fault(problem=problem))
            continue
        at = min(problem.position, len(text))
        fault = Fault(problem=problem, before=text[:at], at=text[at : at + 1], after=text[at + 1 :])
        found.setdefault(problem.field, fault)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field of a rule before and after an edit."""

    name: str
    before: str | None
    after: str | None


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """Return in what a rule differs before and after; None: it was not there."""
    names = [name for name in (before or after or {}) if name not in ("created_from_type", "created_from_id")]
    found = []
    for name in names:
        old, new = _text((before or {}).get(name)), _text((after or {}).get(name))
        if old != new:
            found.append(Change(name=name, before=old, after=new))
    return found


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return None if value is None else str(value)


LABELS = {
    "name": N_("Name"),
    "description": N_("Note"),
    "priority": N_("Priority"),
    "is_enabled": N_("Switched on"),
    "kind": N_("Reads by"),
    "condition_regex": N_("Condition"),
    "parse_regex": N_("Pattern"),
    "episode_offset": N_("Offset"),
    "template": N_("Template"),
}


def label(column: str) -> str:
    """Return what people call a column of a rule."""
    if column in LABELS:
        return _(LABELS[column])
    field, _rest, part = column.rpartition("_")
    if field in FIELD_NAMES:
        name = _(FIELD_NAMES[field])
        return _("{field}: from", field=name) if part == "source" else name
    return column
