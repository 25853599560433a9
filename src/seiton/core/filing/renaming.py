"""Give the library another naming template in one transaction: to see what would follow, or to undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.filing.naming import change_naming, follow_within, get_naming, problems_of, samples_of
from seiton.core.service import Core
from seiton.domain.template_check import Sample
from seiton.errors import Conflict, Problem
from seiton.text import _


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
    impact = Impact()
    if template != get_naming(core).template:
        impact = rehearse(core, lambda connection: rename_within(core, connection, template))
    return NamingPreview(problems=problems, samples=samples, impact=impact)


def rename_within(
    core: Core, connection: sa.Connection, template: str, *, plan_id: str | None = None
) -> Done:
    """Change the template, and all that downloads should be by it, in the caller's transaction.

    ``template`` is usable. Raises ``Conflict`` when it is the library's already.
    """
    resync_id = change_naming(core, connection, template, plan_id=plan_id)
    if resync_id is None:
        raise Conflict(_("The library has this template already."))
    follow_within(core, connection)
    return Done(resync_id=resync_id)
