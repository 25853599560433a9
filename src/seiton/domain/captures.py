"""Where in a title the fields stand that a parser takes from it: for people to see, not for filing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seiton.domain.dialect import compile_pattern
from seiton.domain.learning import GROUPS, NotLearnt, find_marks
from seiton.domain.rules import ParsedTitle, ParserRule, group_of
from seiton.domain.states import ParserKind, SourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a title: ``field`` is what the parser takes it for, None for the rest."""

    text: str
    field: str | None = None


def pieces_of(rule: ParserRule, title: str, parsed: ParsedTitle) -> list[Piece]:
    """Return ``title`` cut where ``rule``, which is valid and read ``parsed`` from it, takes its fields.

    Where two fields overlap, the one that begins first is shown, of these the longer one.
    """
    if rule.kind is ParserKind.STRUCTURAL:
        places = dict(_places_of_values(title, parsed))
    else:
        places = dict(_places_of_groups(rule, title))
    ordered = sorted(places.items(), key=lambda place: (place[1][0], -place[1][1]))
    pieces: list[Piece] = []
    at = 0
    for field, (start, stop) in ordered:
        if start < at or start == stop:
            continue
        if start > at:
            pieces.append(Piece(text=title[at:start]))
        pieces.append(Piece(text=title[start:stop], field=field))
        at = stop
    if at < len(title):
        pieces.append(Piece(text=title[at:]))
    return pieces


def _places_of_groups(rule: ParserRule, title: str) -> Iterator[tuple[str, tuple[int, int]]]:
    pattern = compile_pattern(rule.parse_regex)
    match = pattern.search(title)
    for field, source in rule.sources():
        if match is None or source is None or source.source is SourceType.STATIC:
            continue
        group = group_of(source.value, pattern)
        span = match.span(group) if group is not None else None
        if span is not None:
            yield field, span


def _places_of_values(title: str, parsed: ParsedTitle) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give where the values stand in the title; the structural reader itself does not say."""
    values = {
        "anime_title": parsed.anime_title,
        "subtitle_group": parsed.subtitle_group,
        "resolution": parsed.resolution,
        "episode_no": f"{parsed.episode_no:02}",
        "year": None if parsed.year is None else str(parsed.year),
    }
    found: dict[str, str] = {}
    for field in GROUPS:
        text = values.get(field)
        if field == "episode_no" and text is not None and text not in title:
            text = str(parsed.episode_no)
        if text and not isinstance(find_marks(title, found | {field: text}), NotLearnt):
            found[field] = text
    marks = find_marks(title, found)
    if not isinstance(marks, NotLearnt):
        for field, mark in marks.items():
            yield field, (mark.start, mark.stop)
