"""An adopted file after edits of rules: what was found out of it stays, what rules say anew is followed.

The stored name is parsed again like any other title. The rules as they were at adoption are the common
ground: a field follows where the rules now say otherwise than they did then, and stays where they do not.
So an edited parser moves adopted files as well, and an edit elsewhere moves none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from seiton.domain.rules import Failed, Matched, Outcome, ParsedTitle

NO_PARSER = 0
"""The parser of an adopted file that no parser matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What adoption found a file to be, and what the rules of that time made of its name alone."""

    found: ParsedTitle
    rules: ParsedTitle | None


def dump_evidence(evidence: Evidence) -> dict[str, Any]:
    """Return ``evidence`` as JSON values."""
    return {
        "found": asdict(evidence.found),
        "rules": None if evidence.rules is None else asdict(evidence.rules),
    }


def load_evidence(stored: Mapping[str, Any]) -> Evidence:
    """Read back what ``dump_evidence`` made."""
    rules = stored["rules"]
    return Evidence(
        found=ParsedTitle(**stored["found"]), rules=None if rules is None else ParsedTitle(**rules)
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
    before, now = evidence.rules, outcome.parsed
    changes: dict[str, Any] = {
        name: getattr(now, name)
        for name in _FIELDS
        if before is None or getattr(now, name) != getattr(before, name)
    }
    # One file stays one episode, whatever range a rule reads from its name.
    return Matched(parser_id=outcome.parser_id, parsed=replace(evidence.found, **changes, episode_end=None))
