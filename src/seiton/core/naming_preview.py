"""What another naming template would do, by the code that would do it: nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from seiton.core.naming import change_naming, follow_within, problems_of, samples_of
from seiton.core.rehearsal import Done, Impact, rehearse
from seiton.core.service import Core
from seiton.domain.template_check import Sample
from seiton.errors import Problem


class _AsItIs(Exception):
    """The library has this template already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingPreview:
    """The answer to "what would this template do?"; without ``impact`` if it cannot be used at all."""

    problems: Sequence[Problem]
    samples: Sequence[Sample]
    impact: Impact | None


def preview_naming(core: Core, template: str) -> NamingPreview:
    """Say what saving ``template`` would do: names of samples, and the viewer's plan for every file."""
    problems, samples = problems_of(core, template), samples_of(template)
    if problems:
        return NamingPreview(problems=problems, samples=samples, impact=None)
    return NamingPreview(problems=problems, samples=samples, impact=_rehearse(core, template))


def _rehearse(core: Core, template: str) -> Impact:
    def save(connection: sa.Connection) -> Done:
        resync_id = change_naming(core, connection, template)
        if resync_id is None:
            raise _AsItIs
        follow_within(core, connection)
        return Done(resync_id=resync_id)

    try:
        return rehearse(core, save)
    except _AsItIs:
        return Impact()
