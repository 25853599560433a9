"""What an edit would do, in figures and a sentence."""

from __future__ import annotations

from seiton.core.causes.rehearsal import Impact
from seiton.text import _, plural

SHOWN = 200
"""Moves of a plan that a page lists."""


def does_something(impact: Impact) -> bool:
    """Say whether anybody would notice that it happened."""
    figures = (impact.links_changed, impact.links_new, impact.unmatched, impact.starts, impact.cancels)
    return bool(any(figures) or impact.moves or impact.holds)


def verdict(impact: Impact) -> str:
    """Return what would happen, in one line."""
    said = []
    if impact.moves:
        said.append(plural("{number} file moves", "{number} files move", len(impact.moves)))
    if impact.starts:
        said.append(plural("{number} download starts", "{number} downloads start", impact.starts))
    if impact.cancels:
        said.append(plural("{number} download stops", "{number} downloads stop", impact.cancels))
    if impact.holds:
        said.append(_("{number} held back", number=len(impact.holds)))
    if said:
        return " · ".join(said)
    if impact.links_changed or impact.links_new:
        return _("No file moves")
    return _("Nothing changes")
