"""The proof proved: parts of Seiton broken in the process of the harness; nothing of it is in the product."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters import files
from seiton.adapters.files import exclusive, moving
from seiton.domain.moves import Component, MovePlan, Shift, Wish, plan
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

    put_in(journal, "record", forgetful)


def break_noreplace() -> None:
    """Rename without the flag: whatever lies at the new name is gone."""

    def rename(source: bytes, target: bytes, _flag: int) -> int:
        try:
            os.rename(source, target)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    for module in (moving, exclusive):
        put_in(module, "rename_flagged", rename)


def break_order() -> None:
    """Plan chains from the wrong end, and take a download away before its copy has its name."""

    def backwards(wishes: Sequence[Wish], *, owners: Mapping[str, int], foreign: set[str]) -> MovePlan:
        right = plan(wishes, owners=owners, foreign=foreign)
        turned = (
            _Turned(units=part.units, parks=part.parks, enters=part.enters) for part in right.components
        )
        return replace(right, components=tuple(turned))

    def stage_and_remove(source: bytes, folder: bytes, **options: object) -> files.Staged:
        staged = files.stage_copy(source, folder, **options)  # type: ignore[arg-type]
        os.unlink(source)
        return staged

    put_in(converge, "plan", backwards)
    put_in(enter, "files", _With(files, stage_copy=stage_and_remove))


class _Turned(Component):
    """A component whose moves come last first."""

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The moves, from the wrong end."""
        return super().shifts[::-1]


def break_flush() -> None:
    """Flush nothing that Seiton put on the disk, and still record it as done. Only a power cut shows it."""

    def nothing(*_paths: object, **_more: object) -> None:
        pass

    put_in(files, "flush", nothing)


def put_in(module: object, name: str, replacement: object) -> None:
    """Replace a function of a module in this process."""
    setattr(module, name, replacement)


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
