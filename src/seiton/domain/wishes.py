"""Stored form of what is wanted: ``EpisodeMeta`` as JSON and back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from seiton.domain.metadata import EpisodeFacts, EpisodeMeta, ShowFacts


def dump_wish(wish: EpisodeMeta) -> dict[str, Any]:
    """Return ``wish`` as JSON values, without what is absent, so that equal wishes are equal JSON."""
    stored: dict[str, Any] = _lean(asdict(wish))
    return stored


def _lean(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = ((key, _lean(item)) for key, item in value.items())
        return {key: item for key, item in pairs if item not in (None, [], {})}
    if isinstance(value, tuple | list):
        return [_lean(item) for item in value]
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
