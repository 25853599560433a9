"""The proof proved: parts of Seiton broken in the process of the harness. Nothing of this is in the product."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters import files
from seiton.adapters.files import exclusive, moving
from seiton.domain.moves import MovePlan, Wish, plan
from seiton.domain.states import StepState
from seiton.viewer import converge, enter, journal
from seiton.viewer.journal import Step


def break_journal() -> None:
    """Write nothing that anybody could go by after a crash: every step counts as done before it is taken."""
    record = journal.record

    def forgetful(
        connection: sa.Connection, library_id: str, plan_id: str, steps: Sequence[Step], now: datetime
    ) -> list[Step]:
        recorded = record(connection, library_id, plan_id, steps, now)
        journal.close(connection, recorded, StepState.DONE, now)
        return recorded

    journal.record = forgetful


def break_noreplace() -> None:
    """Rename without the flag: whatever lies at the new name is gone."""

    def rename(source: bytes, target: bytes, _flag: int) -> int:
        try:
            os.rename(source, target)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    moving.rename_flagged = exclusive.rename_flagged = rename


def break_order() -> None:
    """Plan chains from the wrong end, and take a download away before its copy has its name."""

    def backwards(wishes: Sequence[Wish], *, owners: Mapping[str, int], foreign: set[str]) -> MovePlan:
        right = plan(wishes, owners=owners, foreign=foreign)
        turned = [replace(part, shifts=part.shifts[::-1]) for part in right.components]
        return replace(right, components=tuple(turned))

    def stage_and_remove(source: bytes, folder: bytes, **options: object) -> files.Staged:
        staged = files.stage_copy(source, folder, **options)  # type: ignore[arg-type]
        os.unlink(source)
        return staged

    converge.plan = backwards  # type: ignore[assignment]
    enter.files = _With(files, stage_copy=stage_and_remove)  # type: ignore[assignment]


class _With:
    """A module with some functions replaced."""

    def __init__(self, module: object, **replaced: Callable[..., object]) -> None:
        self._module, self._replaced = module, replaced

    def __getattr__(self, name: str) -> object:
        return self._replaced.get(name) or getattr(self._module, name)


BREAKS: dict[str, Callable[[], None]] = {
    "journal": break_journal,
    "noreplace": break_noreplace,
    "order": break_order,
}
