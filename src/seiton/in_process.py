"""Core and viewer of one process: each is the other's neighbour, without a wire between them."""

from __future__ import annotations

from collections.abc import Sequence

from seiton.adapters.http import WebClient
from seiton.adapters.modules.reporting import ReportsOverHttp
from seiton.contract import (
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    PlanAnswer,
    ViewerBatch,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerPlanRequest,
    ViewerRemoval,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncCallback,
    ViewerSyncRequest,
)
from seiton.core.filing.callbacks import take_callbacks
from seiton.core.identity.pictures import read_picture
from seiton.core.service import Core
from seiton.errors import NotFound
from seiton.viewer.checks import Checks
from seiton.viewer.preview import Previews
from seiton.viewer.receive import receive
from seiton.viewer.removal import list_files, receive_removals
from seiton.viewer.repair import repair
from seiton.viewer.scan import scan
from seiton.viewer.service import Viewer


class ViewerHere:
    """Core's way to the viewer of this process: the same messages, handed over in memory."""

    def __init__(self, viewer: Viewer, previews: Previews, checks: Checks | None = None) -> None:
        self._viewer, self._previews, self._checks = viewer, previews, checks or Checks()

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Record first syncs."""
        return receive(self._viewer, requests)

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Record resyncs."""
        items = [item.model_copy(update={"batch_id": batch.batch_id}) for item in batch.items]
        return receive(self._viewer, items)

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Answer what would move."""
        return self._previews.ask(self._viewer, request)

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        """Record removals."""
        return receive_removals(self._viewer, requests)

    def files(self, request: ViewerFilesRequest) -> ViewerFiles:
        """Answer what there is."""
        return list_files(self._viewer, request)

    def check(self, request: LibraryCheck) -> LibraryCheckPart:
        """Look on for some seconds."""
        return self._checks.next_part(self._viewer, request)

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        """Mend findings."""
        return repair(self._viewer, request)

    def scan(self, request: ViewerScanRequest) -> ViewerScan:
        """Answer what lies below a folder."""
        return scan(self._viewer, request)


class CoreHere:
    """The viewer's way to the Core of this process; reports of foreign cores' requests go over HTTP."""

    def __init__(self, web: WebClient) -> None:
        self._reports = ReportsOverHttp(web)
        self.core: Core | None = None

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        """Hand reports over; one about a download that is not known any more counts as taken."""
        core = self.core
        if core is None:
            return self._reports.report(callbacks)
        own = [callback for _url, callback in callbacks if callback.core_instance == core.instance_id]
        if own:
            take_callbacks(core, own)
        away: set[str] = set()
        return [
            callback.core_instance == core.instance_id or self._reports.post(url, callback, away)
            for url, callback in callbacks
        ]

    def picture(self, url: str, core_instance: str, name: str) -> bytes | None:
        """Return a poster of the Core in here without a wire; another core's over HTTP."""
        core = self.core
        if core is None or core_instance != core.instance_id:
            return self._reports.picture(url)
        try:
            return read_picture(core, name)
        except NotFound:
            return None
