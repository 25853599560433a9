"""What happened, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seiton.core.notifications.happened import Happening
from seiton.domain.states import Happens
from seiton.faces.words import HOLDS, WORDS, drift
from seiton.text import _, plural


def sentence(one: Happening) -> str:
    """Return what happened, for people."""
    match one.kind:
        case Happens.FILED:
            return plural(
                "An episode of {title} was filed",
                "{number} episodes of {title} were filed",
                one.count,
                title=one.subject,
            )
        case Happens.HELD:
            reason = one.detail or ""
            return plural(
                "A file of {title} was left alone: {reason}",
                "{number} files of {title} were left alone: {reason}",
                one.count,
                title=one.subject,
                reason=_(HOLDS[reason]) if reason in HOLDS else reason,
            )
        case Happens.RESYNC_DONE:
            return plural(
                "Done: {cause}, {number} file", "Done: {cause}, {number} files", one.count, cause=_cause(one)
            )
        case Happens.BRAKED:
            return _("Waits for you: {cause}", cause=_cause(one))
        case Happens.DOWNLOAD_FAILED:
            return plural(
                "Given up: a download of {title}",
                "Given up: {number} downloads of {title}",
                one.count,
                title=one.subject,
            )
        case Happens.DRIFT:
            return _("A check of the library found {kind}: {count}", kind=drift(one.subject), count=one.count)
        case Happens.NEIGHBOUR_AWAY:
            return _("{name} does not answer", name=one.subject)
        case Happens.NEIGHBOUR_BACK:
            return _("{name} answers again", name=one.subject)


def say(row: Mapping[str, Any]) -> str:
    """Return what happened by a row of the outbox."""
    kind = Happens(row["kind"])
    return sentence(Happening(kind=kind, subject=row["subject"], detail=row["detail"], count=row["count"]))


def _cause(one: Happening) -> str:
    detail = one.detail or ""
    what = _(WORDS[detail]) if detail in WORDS else detail
    return f"{what}: {one.subject}" if one.subject else what
