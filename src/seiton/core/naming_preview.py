"""What another naming template would do, by the code that would do it: nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seiton.contract import ViewerResyncRequest
from seiton.core.desired import meta_of_row
from seiton.core.naming import library_rows, problems_of, samples_of
from seiton.core.preview import Impact, plan_files
from seiton.core.resync import resync_request
from seiton.core.service import Core
from seiton.domain.metadata import fingerprint
from seiton.domain.states import IN_LIBRARY
from seiton.domain.template_check import Sample
from seiton.errors import Problem


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
    requests: list[ViewerResyncRequest] = []
    with core.database.read() as connection:
        for row in library_rows(core, connection, *IN_LIBRARY):
            meta = replace(meta_of_row(row), naming=template)
            if row["desired_fingerprint"] != fingerprint(meta):
                requests.append(resync_request(core, row, meta))
    plan_files(core, requests, impact)
    return NamingPreview(problems=problems, samples=samples, impact=impact)
