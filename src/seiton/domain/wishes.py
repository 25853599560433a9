"""Stored form of what is wanted: ``EpisodeMeta`` as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any

from seiton.domain.metadata import NOTHING_OF_EPISODE, NOTHING_OF_SHOW, EpisodeFacts, EpisodeMeta, ShowFacts

_PARTS = ("show", "facts")
_OWN = tuple(field.name for field in fields(EpisodeMeta) if field.name not in _PARTS)
_OF_SHOW = tuple(field.name for field in fields(ShowFacts))
_OF_EPISODE = tuple(field.name for field in fields(EpisodeFacts))
_READ = {names: attrgetter(*names) for names in (_OWN, _OF_SHOW, _OF_EPISODE)}


def dump_wish(wish: EpisodeMeta) -> dict[str, Any]:
    """Return ``wish`` as JSON values, without what is absent, so that equal wishes are equal JSON."""
    stored = _present(wish, _OWN)
    if wish.show is not NOTHING_OF_SHOW and (show := _present(wish.show, _OF_SHOW)):
        stored["show"] = show
    if wish.facts is not NOTHING_OF_EPISODE and (facts := _present(wish.facts, _OF_EPISODE)):
        stored["facts"] = facts
    return stored


def _present(part: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is known in a part: ``asdict`` would copy each value of every resync deeply."""
    values = zip(names, _READ[names](part), strict=True)
    return {name: _plain(value) for name, value in values if value is not None and value != ()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def load_wish(stored: dict[str, Any]) -> EpisodeMeta:
    """Read back what ``dump_wish`` made."""
    rest = dict(stored)
    show, facts = load_show(rest.pop("show", None)), load_episode(rest.pop("facts", None))
    return EpisodeMeta(**rest, show=show, facts=facts)


def dump_facts(facts: ShowFacts | EpisodeFacts) -> dict[str, Any]:
    """Return ``facts`` as JSON values, without what is absent."""
    return _present(facts, _OF_SHOW if isinstance(facts, ShowFacts) else _OF_EPISODE)


def load_show(stored: Mapping[str, Any] | None) -> ShowFacts:
    """Read back what ``dump_facts`` made of facts about a work."""
    if not stored:
        return NOTHING_OF_SHOW
    values = _read(stored, "premiered")
    for name in ("genres", "studios"):
        if name in values:
            values[name] = tuple(values[name])
    return ShowFacts(**values)


def load_episode(stored: Mapping[str, Any] | None) -> EpisodeFacts:
    """Read back what ``dump_facts`` made of facts about an episode."""
    if not stored:
        return NOTHING_OF_EPISODE
    return EpisodeFacts(**_read(stored, "aired"))


def _read(stored: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    values = dict(stored or {})
    if day in values:
        values[day] = date.fromisoformat(values[day])
    if "ids" in values:
        values["ids"] = tuple((space, value) for space, value in values["ids"])
    return values
