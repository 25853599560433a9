"""Stored form of what is wanted: ``EpisodeMeta`` as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
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
    show, facts = load_show(rest.pop("show", None)), load_episode(rest.pop("facts", None))
    return EpisodeMeta(**rest, show=show, facts=facts)


def dump_facts(facts: ShowFacts | EpisodeFacts) -> dict[str, Any]:
    """Return ``facts`` as JSON values, without what is absent."""
    stored: dict[str, Any] = _lean(asdict(facts))
    return stored


def load_show(stored: Mapping[str, Any] | None) -> ShowFacts:
    """Read back what ``dump_facts`` made of facts about a work."""
    values = _read(stored, "premiered")
    for name in ("genres", "studios"):
        if name in values:
            values[name] = tuple(values[name])
    return ShowFacts(**values)


def load_episode(stored: Mapping[str, Any] | None) -> EpisodeFacts:
    """Read back what ``dump_facts`` made of facts about an episode."""
    return EpisodeFacts(**_read(stored, "aired"))


def _read(stored: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    values = dict(stored or {})
    if day in values:
        values[day] = date.fromisoformat(values[day])
    if "ids" in values:
        values["ids"] = tuple((space, value) for space, value in values["ids"])
    return values
