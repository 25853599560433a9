"""Mend what a check found: looked at again first, through the journal, and nothing is ever overwritten.

A finding that is not so any more is left as it is, and said to have changed. A crash is recovered from like
that of any resync; asking again goes on with what is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Literal
from urllib.parse import unquote_to_bytes

from seiton.adapters import files
from seiton.adapters.files import FileOutcome, LibraryRoot
from seiton.contract import DriftFound, LibraryRepair, LibraryRepaired, Mended
from seiton.domain.drift import MENDING_ORDER, TEMP, Mending
from seiton.errors import InvalidInput, Problem
from seiton.text import _
from seiton.viewer.drift_folders import orphan_findings
from seiton.viewer.drift_records import Look, mark_of, open_work, rows_of
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.put_back import put_back, record_place, run_plan
from seiton.viewer.recover import recover
from seiton.viewer.repair_records import (
    forget_artifacts,
    forget_nfo_rendering,
    record_again,
    record_missing,
)
from seiton.viewer.service import Viewer

_OUTCOMES: Mapping[str, Literal["mended", "left", "changed"]] = {
    "mended": "mended",
    "left": "left",
    "changed": "changed",
}


def repair(viewer: Viewer, request: LibraryRepair) -> LibraryRepaired:
    """Mend findings, and tell Core of files that are missing, or were found again.

    Raises ``LibraryAway``, ``LibraryBusy``, ``InvalidInput`` for words or paths that no check tells, or a
    ``FileOutcome`` when the disk cannot be flushed: what was begun is recovered then.
    """
    library = viewer.library()
    items = sorted(request.items, key=lambda item: _rank(item.mending))
    for number, item in enumerate(items):
        _require_sane(number, item)
    results: list[Mended] = []
    with library.acting():
        recover(viewer, library)
        look = Look(viewer=viewer, library=library)
        assert library.ways  # found out now: there is no doubt about inodes from here on
        for mending, mend in _MENDERS.items():
            mine = [item for item in items if item.mending == mending.value]
            if mending is Mending.REWRITE_NFO and not request.rewrite_nfo:
                mine = []
            if mine:
                library.check()
                results += [_mended(item, said) for item, said in zip(mine, mend(look, mine), strict=True)]
        library.check()
    done = {(result.kind, result.path) for result in results}
    results += [_mended(item, "left") for item in items if (item.kind, item.path) not in done]
    viewer.wake("converge")
    viewer.wake("report")
    viewer.wake("servers")
    return LibraryRepaired(items=tuple(results))


def _rank(mending: str) -> int:
    order = [known.value for known in MENDING_ORDER]
    return order.index(mending) if mending in order else len(order)


def _require_sane(number: int, item: DriftFound) -> None:
    """Refuse paths that lead out of the library, or into Seiton's own folder."""
    for field, text in (("at", item.at), ("found_at", item.found_at)):
        parts = unquote_to_bytes(text or "").split(b"/")
        is_odd = any(part in (b"", b".", b"..") or b"\0" in part for part in parts) or parts[0] == b".seiton"
        if text and is_odd:
            message = _("This is no path in the library.")
            raise InvalidInput([Problem(field=f"items.{number}.{field}", message=message)])


def _mended(item: DriftFound, said: str) -> Mended:
    outcome = _OUTCOMES.get(said, "left")
    reason = None if said in _OUTCOMES else said
    return Mended(kind=item.kind, path=item.path, outcome=outcome, reason=reason)


def path_of(text: str | None) -> bytes:
    """Return the path that a message gives."""
    return unquote_to_bytes(text or "")


def _with_units(
    act: Callable[[Look, Mapping[int, tuple[bytes, bytes]]], Mapping[int, str]],
) -> Callable[[Look, Sequence[DriftFound]], list[str]]:
    """Return a mender of findings that are each about one unit: ``act`` gets its recorded and found place."""

    def mend(look: Look, items: Sequence[DriftFound]) -> list[str]:
        wanted = {item.unit_id: (path_of(item.at), path_of(item.found_at)) for item in items if item.unit_id}
        said = act(look, wanted)
        return [said.get(item.unit_id or 0, "changed") for item in items]

    return mend


def _join(look: Look, items: Sequence[DriftFound]) -> list[str]:
    """Rename sidecars to follow the one video that they belong to."""
    paths = [path_of(item.at) for item in items]
    now = {finding.path: finding for finding in orphan_findings(look, paths)}
    steps: dict[bytes, Step] = {}
    for number, (item, path) in enumerate(zip(items, paths, strict=True)):
        target = now[path].found
        identity = _identify(look.library, path)
        if target is None or target != path_of(item.found_at) or identity is None:
            continue
        steps[path] = Step(
            kind=StepKind.MOVE,
            source=path,
            target=target,
            identity=identity,
            component=number,
            bundle=number,
        )
    failed = run_plan(look, list(steps.values()))
    return [failed.get(path, "mended") if path in steps else "changed" for path in paths]


def _identify(library: LibraryRoot, path: bytes) -> files.Identity | None:
    try:
        return files.identify(library.at(path))
    except FileOutcome:
        return None


def _forget(look: Look, items: Sequence[DriftFound]) -> list[str]:
    gone = [path for item in items if not os.path.lexists(look.path(path := path_of(item.at)))]
    forget_artifacts(look, gone)
    return ["mended" if path_of(item.at) in gone else "changed" for item in items]


def _discard(look: Look, items: Sequence[DriftFound]) -> list[str]:
    """Remove disposable files. The library's lock is held: whoever made them is not at work."""
    _units, _paths, tokens = open_work(look)
    said = []
    for item in items:
        path = path_of(item.at)
        name = os.path.basename(path)
        is_plain = mark_of(_identify(look.library, path)) is not None
        if not (name.startswith(TEMP) and is_plain) or name[len(TEMP) :].decode("ascii", "replace") in tokens:
            said.append("changed")
            continue
        try:
            files.unlink_own(look.path(path))
            said.append("mended")
        except FileOutcome as error:
            said.append(str(error))
    return said


def _write_nfo(look: Look, wanted: Mapping[int, tuple[bytes, bytes]]) -> Mapping[int, str]:
    rows = rows_of(look, list(wanted))
    forget_nfo_rendering(look, list(rows))
    return dict.fromkeys(rows, "mended")


_MENDERS: dict[Mending, Callable[[Look, Sequence[DriftFound]], list[str]]] = {
    Mending.PUT_BACK: _with_units(put_back),
    Mending.RECORD_AGAIN: _with_units(record_again),
    Mending.RECORD_PLACE: _with_units(record_place),
    Mending.JOIN: _join,
    Mending.RECORD_MISSING: _with_units(record_missing),
    Mending.WRITE_NFO: _with_units(_write_nfo),
    Mending.REWRITE_NFO: _with_units(_write_nfo),
    Mending.FORGET: _forget,
    Mending.DISCARD: _discard,
}
