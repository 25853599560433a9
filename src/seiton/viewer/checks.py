"""Compare records and disk in parts, each answered within seconds, and write nothing while doing so."""

from __future__ import annotations

import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import quote_from_bytes

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.files import LibraryAway
from seiton.contract import DriftFound, LibraryCheck, LibraryCheckPart
from seiton.domain.drift import DriftKind, Finding, LostFiles
from seiton.domain.naming import display
from seiton.errors import NotFound
from seiton.text import _
from seiton.viewer import tables
from seiton.viewer.drift_folders import folder_findings
from seiton.viewer.drift_records import Look, artifact_findings, lost_findings, unit_findings
from seiton.viewer.library import look_at_library
from seiton.viewer.service import Viewer

OPEN_CHECKS = 8
"""Checks that may be under way at one time; the oldest is forgotten beyond that."""
PART = 500
"""Most findings in one part."""
PART_S = 5.0
"""About how long one part looks."""
FOREIGN_LISTED = 1000
"""Of more foreign files only the number is told."""


def find_drift(look: Look) -> Iterator[Finding | None]:
    """Yield every finding, with ``None`` in between after each little piece of work.

    Raises ``LibraryAway`` when the library goes away meanwhile.
    """
    yield from unit_findings(look)
    yield from folder_findings(look)
    look.library.check()
    yield from lost_findings(look)
    yield from artifact_findings(look)


@dataclass(slots=True)
class _Check:
    look: Look
    findings: Iterator[Finding | None]
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0
    last: LibraryCheckPart | None = None
    foreign: int = 0


class Checks:
    """The checks that are under way. They live in memory: after a restart one begins anew."""

    def __init__(self, *, part: int = PART, foreign_listed: int = FOREIGN_LISTED) -> None:
        self._part, self._foreign_listed = part, foreign_listed
        self._open: OrderedDict[str, _Check] = OrderedDict()
        self._lock = threading.Lock()

    def next_part(self, viewer: Viewer, request: LibraryCheck) -> LibraryCheckPart:
        """Look on for some seconds and tell what was found. The last part can be asked for again.

        A library that is away is one finding, and the only one. Raises ``NotFound`` for a check that was
        forgotten.
        """
        check_id, _dot, number = (request.cursor or "").partition(".")
        try:
            check = self._find(check_id, number) if request.cursor else None
            if check is None:
                check_id, check = secrets.token_hex(8), _begin(viewer)
                self._keep(check_id, check)
            with check.lock, self._forgotten_if_it_fails(check_id):
                if check.last is None or number != str(check.number - 1):
                    check.number += 1
                    check.last = self._look_on(check, f"{check_id}.{check.number}")
                return check.last
        except LibraryAway as error:
            away = DriftFound(kind=DriftKind.LIBRARY_AWAY.value, path="", at="", detail=str(error))
            return LibraryCheckPart(findings=(away,), counts={away.kind: 1})

    def _find(self, check_id: str, number: str) -> _Check:
        with self._lock:
            check = self._open.get(check_id)
        if check is None or number not in (str(check.number), str(check.number - 1)):
            raise NotFound(_("This check was forgotten meanwhile. Begin again."))
        return check

    def _keep(self, check_id: str, check: _Check) -> None:
        with self._lock:
            self._open[check_id] = check
            while len(self._open) > OPEN_CHECKS:
                self._open.popitem(last=False)

    @contextmanager
    def _forgotten_if_it_fails(self, check_id: str) -> Iterator[None]:
        """A look that was broken off cannot go on: what it asked for next would seem to be the end."""
        try:
            yield
        except BaseException:
            with self._lock:
                self._open.pop(check_id, None)
            raise

    def _look_on(self, check: _Check, cursor: str) -> LibraryCheckPart:
        check.look.library.check()
        counts: Counter[str] = Counter()
        found: list[Finding] = []
        deadline, is_over = monotonic() + PART_S, False
        while len(found) < self._part and monotonic() < deadline:
            try:
                finding = next(check.findings)
            except StopIteration:
                is_over = True
                check.look.lost = LostFiles()  # a part may be asked for again; what it took is not needed
                break
            if finding is None:
                continue
            counts[finding.kind.value] += 1
            if finding.kind is DriftKind.FOREIGN:
                check.foreign += 1
            if finding.kind is not DriftKind.FOREIGN or check.foreign <= self._foreign_listed:
                found.append(finding)
        return LibraryCheckPart(
            findings=tuple(_messages(check.look, found)),
            counts=dict(counts),
            units=check.look.units,
            folders=check.look.folders,
            cursor=None if is_over else cursor,
        )


def _begin(viewer: Viewer) -> _Check:
    look = Look(viewer=viewer, library=look_at_library(viewer))
    return _Check(look, find_drift(look))


def _messages(look: Look, findings: list[Finding]) -> Iterator[DriftFound]:
    units = tables.units
    ids = [finding.unit_id for finding in findings if finding.unit_id is not None]
    known: dict[int, Row] = {}
    if ids:
        query = sa.select(units.c.unit_id, units.c.download_id, units.c.core_instance)
        with look.viewer.database.read() as connection:
            rows = connection.execute(query.where(units.c.unit_id.in_(ids))).mappings()
            known = {row["unit_id"]: row for row in rows}
    for finding in findings:
        unit = known.get(finding.unit_id or 0)
        yield DriftFound(
            kind=finding.kind.value,
            path=display(finding.path),
            at=quote_from_bytes(finding.path),
            found=None if finding.found is None else display(finding.found),
            found_at=None if finding.found is None else quote_from_bytes(finding.found),
            mending=finding.mending.value,
            unit_id=finding.unit_id,
            download_id=unit["download_id"] if unit else None,
            core_instance=unit["core_instance"] if unit else None,
            detail=finding.detail,
        )
