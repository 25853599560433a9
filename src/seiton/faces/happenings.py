"""What happened, in sentences."""

from __future__ import annotations

from seiton.core.notifications.happened import Happening
from seiton.domain.states import Happens
from seiton.faces.words import HOLDS, WORDS
from seiton.text import _


def sentence(one: Happening) -> str:
    """Return what happened, for people."""
    match one.kind:
        case Happens.FILED if one.count == 1:
            return _("An episode of {title} was filed", title=one.subject)
        case Happens.FILED:
            return _("{count} episodes of {title} were filed", count=one.count, title=one.subject)
        case Happens.HELD:
            reason = one.detail or ""
            why = _(HOLDS[reason]) if reason in HOLDS else reason
            if one.count == 1:
                return _("A file of {title} was left alone: {reason}", title=one.subject, reason=why)
            return _(
                "{count} files of {title} were left alone: {reason}",
                count=one.count,
                title=one.subject,
                reason=why,
            )
        case Happens.RESYNC_DONE:
            return _("Done: {cause}, {count} files", cause=_cause(one), count=one.count)
        case Happens.BRAKED:
            return _("Waits for you: {cause}", cause=_cause(one))
        case Happens.DOWNLOAD_FAILED:
            return _("Given up: {count} downloads of {title}", count=one.count, title=one.subject)
        case Happens.DRIFT:
            return _("A check of the library found {kind}: {count}", kind=one.subject, count=one.count)
        case Happens.NEIGHBOUR_AWAY:
            return _("{name} does not answer", name=one.subject)
        case Happens.NEIGHBOUR_BACK:
            return _("{name} answers again", name=one.subject)


def _cause(one: Happening) -> str:
    detail = one.detail or ""
    what = _(WORDS[detail]) if detail in WORDS else detail
    return f"{what}: {one.subject}" if one.subject else what
