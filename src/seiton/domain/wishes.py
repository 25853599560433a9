"""Stored form of what is wanted: ``EpisodeMeta`` as JSON and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from seiton.domain.metadata import EpisodeFacts, EpisodeMeta, ShowFacts

_PARTS = ("show", "facts")
_OWN = tuple(field.name for field in fields(EpisodeMeta) if field.name not in _PARTS)
_OF_SHOW = tuple(field.name for field in fields(ShowFacts))
_OF_EPISODE = tuple(field.name for field in fields(EpisodeFacts))


def dump_wish(wish: EpisodeMeta) -> dict[str, Any]:
    """Return ``wish`` as JSON values, without what is absent, so that equal wishes are equal JSON."""
    stored = _present(wish, _OWN)
    if show := _present(wish.show, _OF_SHOW):
        stored["show"] = show
    if facts := _present(wish.facts, _OF_EPISODE):
        stored["facts"] = facts
    return stored


def _present(part: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is known in a part: ``asdict`` would copy each value of every resync deeply."""
    values = ((name, getattr(part, name)) for name in names)
    return {name: _plain(value) for name, value in values if value is not None and value != ()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def load_wish(stored: dict[str, Any]) -> EpisodeMeta:
    """Read back what ``dump_wish`` made."""
    rest = dict(stored)
    show = dict(rest.pop("show", {}))
    facts = dict(rest.pop("facts", {}))
    for part, name in ((show, "premiered"), (facts, "aired")):
        if name in part:
            part[name] = date.fromisoformat(part[name])
    for name in ("genres", "studios"):
        if name in show:
            show[name] = tuple(show[name])
    for part in (show, facts):
        if "ids" in part:
            part["ids"] = tuple((space, value) for space, value in part["ids"])
    return EpisodeMeta(**rest, show=ShowFacts(**show), facts=EpisodeFacts(**facts))
