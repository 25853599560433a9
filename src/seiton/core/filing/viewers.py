"""One viewer out of many: each file belongs to the viewer that filed it, and stays with it.

New files go where a library rule says; without one to the viewer with the highest priority, of equals to the
built-in one. A viewer that knows only the contract is never sent a second message for a file before it
reported on the first, or was silent for so long that its report counts as lost (contract, defects 6 and 15).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from threading import Lock

import sqlalchemy as sa

from seiton.adapters.database import Database, Row, chunks
from seiton.adapters.http import WebClient
from seiton.adapters.modules.foreign_viewer import ForeignViewer
from seiton.adapters.modules.viewer import ViewerOverHttp
from seiton.contract import (
    MAX_BATCH,
    HeldFile,
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    Mended,
    PlanAnswer,
    PlannedHold,
    SilentViewer,
    ViewerBatch,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerPlanRequest,
    ViewerRemoval,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncRequest,
)
from seiton.core import tables
from seiton.core.filing.library_rules import default_viewer, ruled_viewers
from seiton.core.filing.receipts import viewer_away
from seiton.core.modules.registry import usable_modules
from seiton.core.service import Core, ViewerPort
from seiton.domain.states import DownloadStatus, HoldReason, ModuleType
from seiton.errors import InvalidInput, Problem, Unavailable
from seiton.text import _

OURS = "seiton"
"""Capability that a viewer of ours announces; its value is the version of what it understands."""
REPORT_LOST = timedelta(hours=1)
_ASKED = (DownloadStatus.SYNCING, DownloadStatus.RESYNCING)


class Viewers:
    """A ``ViewerPort``: the messages of one call go to the viewers that their files belong to."""

    def __init__(
        self, database: Database, web: WebClient, built_in: ViewerPort | None, *, public_url: str | None
    ) -> None:
        self._database, self._web, self._built_in = database, web, built_in
        self._public_url = public_url
        self._plans: dict[str, list[PlannedHold]] = {}
        self._lock = Lock()

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Ask to file finished downloads."""
        owners = self._owners([request.download_id for request in requests])
        receipts: list[ItemReceipt] = []
        for name in dict.fromkeys(owners.values()):
            mine = [request for request in requests if owners[request.download_id] == name]
            receipts += self._port(name).sync(mine)
        return receipts

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Ask to bring filed episodes to their new names."""
        owners = self._owners([item.download_id for item in batch.items])
        receipts: list[ItemReceipt] = []
        for name in dict.fromkeys(owners.values()):
            mine = tuple(item for item in batch.items if owners[item.download_id] == name)
            receipts += self._port(name).resync(batch.model_copy(update={"items": mine}))
        return receipts

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Ask each viewer about its own files and put the answers together with the last part."""
        owners = self._owners([item.download_id for item in request.items])
        names = dict.fromkeys(owners.values())
        previewing = [name for name in self._names() if not self._is_foreign(name)]
        holds: list[PlannedHold] = []
        answers: list[PlanAnswer] = []
        for name in dict.fromkeys((*previewing, *names)):
            mine = tuple(item for item in request.items if owners[item.download_id] == name)
            if not mine and name not in previewing:
                continue
            part = request.model_copy(update={"items": mine})
            try:
                answers.append(self._port(name).plan(part))
            except Unavailable:
                # Another viewer's files can be previewed all the same.
                if len(names) == 1 and name in names:
                    raise
                holds += [_cannot_say(item.download_id, item.old_target_path) for item in mine]
        holds += [hold for answer in answers for hold in answer.holds]
        with self._lock:
            kept = self._plans.setdefault(request.plan_id, [])
            kept += holds
            if not request.last:
                while len(self._plans) > 32:
                    del self._plans[next(iter(self._plans))]
                return PlanAnswer(plan_id=request.plan_id, complete=False)
            holds = self._plans.pop(request.plan_id)
        return PlanAnswer(
            plan_id=request.plan_id,
            complete=all(answer.complete for answer in answers),
            steps=tuple(step for answer in answers for step in answer.steps),
            holds=tuple(holds),
            unchanged=sum(answer.unchanged for answer in answers),
            nfos=sum(answer.nfos for answer in answers),
        )

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        """Ask to put files into the trash, or to delete them there."""
        owners = self._owners([request.download_id for request in requests])
        receipts: list[ItemReceipt] = []
        for name in dict.fromkeys(owners.values()):
            mine = [request for request in requests if owners[request.download_id] == name]
            receipts += self._port(name).remove(mine)
        return receipts

    def files(self, request: ViewerFilesRequest) -> ViewerFiles:
        """Ask each viewer what its library has."""
        owners = self._owners(request.download_ids)
        found: list[HeldFile] = []
        for name in dict.fromkeys(owners.values()):
            mine = tuple(item for item in request.download_ids if owners[item] == name)
            found += self._port(name).files(request.model_copy(update={"download_ids": mine})).files
        return ViewerFiles(files=tuple(found))

    def check(self, request: LibraryCheck) -> LibraryCheckPart:
        """Ask one viewer after the other; one that cannot look is named, and the next one is asked.

        The cursor is the name of the viewer and its own cursor. Raises ``InvalidInput`` for any other.
        """
        names = sorted(self._names())  # the order of preference may change from part to part
        name, _slash, cursor = (request.cursor or "").partition("/")
        if request.cursor is None:
            if not names:
                reason = _("No viewer has registered yet.")
                return LibraryCheckPart(silent=(SilentViewer(viewer="", reason=reason),))
            name = names[0]
        elif name not in names:
            message = _("This check was forgotten meanwhile. Begin again.")
            raise InvalidInput([Problem(field="cursor", message=message)])
        try:
            part = self._port(name).check(LibraryCheck(cursor=cursor or None))
        except Unavailable as error:
            part = LibraryCheckPart(silent=(SilentViewer(viewer=name, reason=str(error)),))
        later = names[names.index(name) + 1 :]
        following = f"{name}/{part.cursor}" if part.cursor else f"{later[0]}/" if later else None
        return part.model_copy(
            update={
                "findings": tuple(found.model_copy(update={"viewer": name}) for found in part.findings),
                "silent": tuple(one.model_copy(update={"viewer": name}) for one in part.silent),
                "cursor": following,
                "viewer": name,
            }
        )

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        """Ask each viewer to mend what it found. Raises ``InvalidInput`` for a viewer that there is not."""
        done: list[Mended] = []
        names = dict.fromkeys(item.viewer for item in request.items)
        unknown = [name for name in names if name not in self._names() and self._module(name) is None]
        if unknown:
            message = _("There is no viewer {name}.", name=unknown[0])
            raise InvalidInput([Problem(field="viewer", message=message)])
        for name in names:
            mine = tuple(item for item in request.items if item.viewer == name)
            answer = self._port(name).repair(request.model_copy(update={"items": mine}))
            done += [item.model_copy(update={"viewer": name}) for item in answer.items]
        return LibraryRepaired(items=tuple(done))

    def scan(self, request: ViewerScanRequest) -> ViewerScan:
        """Ask the viewer that new files go to what lies below a folder."""
        name = self.keeper()
        return self._port(name).scan(request).model_copy(update={"viewer": name or None})

    def keeper(self) -> str:
        """Return the viewer that keeps what no viewer has yet: ``""`` is the built-in one."""
        names = self._names()
        return next((name for name in names if not self._is_foreign(name)), names[0] if names else "")

    def _owners(self, download_ids: Collection[int]) -> dict[int, str]:
        with self._database.read() as connection:
            found = {row["download_id"]: row["viewer"] or "" for row in _rows(connection, download_ids)}
        unknown = self.keeper() if len(found) < len(set(download_ids)) else ""
        return {download_id: found.get(download_id, unknown) for download_id in download_ids}

    def _names(self) -> list[str]:
        with self._database.read() as connection:
            names = [str(row["name"]) for row in usable_modules(connection, ModuleType.VIEWER)]
        return ([""] if self._built_in is not None else []) + names

    def _module(self, name: str) -> Row | None:
        with self._database.read() as connection:
            return _modules(connection).get(name)

    def _is_foreign(self, name: str) -> bool:
        module = self._module(name)
        return module is not None and OURS not in module["capabilities"]

    def _port(self, name: str) -> ViewerPort:
        if not name and self._built_in is not None:
            return self._built_in
        module = self._module(name)
        if module is None:
            raise Unavailable(_("No viewer has registered yet."))
        if not (module["is_enabled"] and module["admitted"]):
            raise Unavailable(_("The viewer {name} is not enabled.", name=name))
        callback_url = f"{self._public_url or module['core_url']}/sync-callback"
        if OURS in module["capabilities"]:
            return ViewerOverHttp(self._web, module["base_url"], name, callback_url)
        return ForeignViewer(self._web, module["base_url"], callback_url)


def viewer_batches(core: Core, download_ids: Sequence[int]) -> Iterator[tuple[str, Sequence[int]]]:
    """Cut ``download_ids`` into messages for one viewer each; ``""`` is the built-in one.

    New files are given to a viewer here, on record before it is asked. What a foreign viewer still works
    on is left out.
    """
    with core.database.read() as connection:
        rows = _rows(connection, download_ids)
        modules = _modules(connection)
        new = [row for row in rows if _is_new(row)]
        others = default_viewer(core, connection)
        ruled = ruled_viewers(connection, [row["download_id"] for row in new])
    chosen = {row["download_id"]: ruled.get(row["download_id"], others) for row in new}
    for name in set(chosen.values()):
        mine = [row for row in new if chosen[row["download_id"]] == name]
        _assign(core, [row["download_id"] for row in mine if row["viewer"] != name], name)
    groups: dict[str, list[int]] = {}
    for row in rows:
        name = chosen.get(row["download_id"], row["viewer"])
        if row["download_id"] in chosen and name is None and ModuleType.VIEWER not in core.built_in:
            continue  # it stays completed until a viewer registers
        name = name or ""
        is_foreign = name in modules and OURS not in modules[name]["capabilities"]
        if not (is_foreign and _is_outstanding(core, row)):
            groups.setdefault(name, []).append(row["download_id"])
    for name, group in groups.items():
        for part in chunks(group, MAX_BATCH):
            yield name, part


def _assign(core: Core, download_ids: Sequence[int], name: str | None) -> None:
    table = tables.downloads
    if not download_ids:
        return
    with core.database.write() as connection:
        for part in chunks(download_ids):
            connection.execute(
                sa.update(table)
                .where(table.c.download_id.in_(part), table.c.status.not_in(_ASKED))
                .values(viewer=name)
            )


def _rows(connection: sa.Connection, download_ids: Collection[int]) -> list[Row]:
    table = tables.downloads.c
    columns = (table.download_id, table.viewer, table.status, table.library_path, table.sent_at)
    return [
        row
        for part in chunks(sorted(download_ids))
        for row in connection.execute(
            sa.select(*columns).where(table.download_id.in_(part)).order_by(table.download_id)
        ).mappings()
    ]


def _modules(connection: sa.Connection) -> dict[str, Row]:
    """Return the registered viewers by name."""
    table = tables.modules
    query = sa.select(table).where(table.c.module_type == ModuleType.VIEWER.value)
    return {row["name"]: row for row in connection.execute(query).mappings()}


def viewer_names(core: Core) -> list[str]:
    """Return the viewers that files may belong to; ``""``: the built-in one, or one that was."""
    with core.database.read() as connection:
        names = sorted(_modules(connection))
    return ["", *names] if len(names) > 1 or ModuleType.VIEWER in core.built_in else names


def foreign_viewers(connection: sa.Connection) -> list[str]:
    """Return the names of registered viewers that know only the contract."""
    return sorted(name for name, row in _modules(connection).items() if OURS not in row["capabilities"])


def count_foreign(connection: sa.Connection, resync_id: int) -> int:
    """Return how many files of a resync belong to viewers that know only the contract."""
    items, downloads = tables.resync_items.c, tables.downloads.c
    query = (
        sa.select(downloads.viewer, sa.func.count())
        .where(items.resync_id == resync_id, downloads.download_id == items.download_id)
        .group_by(downloads.viewer)
    )
    modules = _modules(connection)
    sizes = {row[0]: int(row[1]) for row in connection.execute(query) if row[0] in modules}
    return sum(number for name, number in sizes.items() if OURS not in modules[name]["capabilities"])


def note_unsent(core: Core, rows: Sequence[Row], receipts: Sequence[ItemReceipt]) -> None:
    """What was not even mentioned was not sent: it is due again soon, not after the wait for a report."""
    said = {receipt.download_id for receipt in receipts}
    unsent = [row["download_id"] for row in rows if row["download_id"] not in said]
    if unsent:
        viewer_away(core, unsent, _("The viewer did not answer for all files; the others follow."))


def _is_new(row: Row) -> bool:
    """Say whether a file may still be given to any viewer: it is in no library, and nobody works on it."""
    return row["library_path"] is None and row["status"] not in _ASKED


def _is_outstanding(core: Core, row: Row) -> bool:
    sent_at = row["sent_at"]
    return row["status"] in _ASKED and sent_at is not None and sent_at > core.now() - REPORT_LOST


def _cannot_say(download_id: int, path: str) -> PlannedHold:
    return PlannedHold(download_id=download_id, path=path or None, target=None, reason=HoldReason.NO_PREVIEW)
