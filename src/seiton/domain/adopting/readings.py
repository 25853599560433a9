"""An adopted file after edits of rules: what was found out of it stays, what a user's rule says is followed.

The stored name is parsed again like any other title. Parsers that adoption did not listen to (the built-in
ones: folders and NFOs know more) still say nothing. Of the parser that was heard, those fields follow that
it reads otherwise than it did then; another parser of the user's is heard in everything. So an edited parser
moves adopted files as well, and an edit elsewhere moves none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seiton.domain.rules import Failed, Matched, Outcome, ParsedTitle

NO_PARSER = 0
"""The parser of an adopted file that no parser matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What adoption found a file to be. ``rules``: what the user's own parser ``parser_id`` made of its name
    then; ``unheard``: the parsers that were not listened to.
    """

    found: ParsedTitle
    rules: ParsedTitle | None = None
    parser_id: int | None = None
    unheard: tuple[int, ...] = ()


def dump_evidence(evidence: Evidence) -> dict[str, Any]:
    """Return ``evidence`` as JSON values."""
    return {
        "found": evidence.found._asdict(),
        "rules": None if evidence.rules is None else evidence.rules._asdict(),
        "parser_id": evidence.parser_id,
        "unheard": list(evidence.unheard),
    }


def load_evidence(stored: Mapping[str, Any]) -> Evidence:
    """Read back what ``dump_evidence`` made."""
    rules = stored["rules"]
    return Evidence(
        found=ParsedTitle(**stored["found"]),
        rules=None if rules is None else ParsedTitle(**rules),
        parser_id=stored["parser_id"],
        unheard=tuple(stored["unheard"]),
    )


_FIELDS = (
    "anime_title",
    "episode_no",
    "episode_tenths",
    "version",
    "series_no",
    "subtitle_group",
    "resolution",
)


def as_adopted(evidence: Evidence, outcome: Outcome) -> Outcome:
    """Return what an adopted file is, the rules now saying ``outcome`` of its name.

    A name that no parser matches any more keeps the file what it is; a parser that fails on it says nothing.
    """
    if isinstance(outcome, Failed):
        return outcome
    if not isinstance(outcome, Matched):
        return Matched(parser_id=NO_PARSER, parsed=evidence.found)
    if outcome.parser_id in evidence.unheard:
        return Matched(parser_id=outcome.parser_id, parsed=evidence.found)
    before = evidence.rules if outcome.parser_id == evidence.parser_id else None
    changes = _news(outcome.parsed) if before is None else _changes(before, outcome.parsed)
    # One file stays one episode, whatever range a rule reads from its name.
    return Matched(outcome.parser_id, evidence.found._replace(**changes, episode_end=None))


def _changes(before: ParsedTitle, now: ParsedTitle) -> dict[str, Any]:
    return {name: getattr(now, name) for name in _FIELDS if getattr(now, name) != getattr(before, name)}


def _news(now: ParsedTitle) -> dict[str, Any]:
    """Return what a parser says; what it cannot have read (no group, season 1) is not held against others."""
    said = {name: getattr(now, name) for name in _FIELDS}
    if now.series_no == 1:
        del said["series_no"]
    return {name: value for name, value in said.items() if value is not None}
