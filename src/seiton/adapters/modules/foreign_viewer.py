"""A viewer that knows only the contract: one message for each file, no revisions, no plans (§1.8)."""

from __future__ import annotations

from collections.abc import Sequence

from seiton.adapters.http import FetchError, WebClient
from seiton.contract import (
    Described,
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    Mended,
    PlanAnswer,
    PlannedHold,
    Receipt,
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
from seiton.domain.states import HoldReason
from seiton.errors import Unavailable
from seiton.text import _

ASK_S = 10.0
_FIELDS = frozenset(
    {
        "download_id",
        "series_id",
        "anime_title",
        "series_no",
        "episode_no",
        "subtitle_group",
        "file_path",
        "old_target_path",
    }
)


class ForeignViewer:
    """The viewer at ``base_url``; ``callback_url`` is where it reaches this Core.

    It has no notion of a revision, so that stands in the address that it reports to. A message that it may
    have got is never answered by an exception: it counts as taken, or it would be sent twice.
    """

    def __init__(self, web: WebClient, base_url: str, callback_url: str) -> None:
        self._web, self._base_url, self._callback_url = web, base_url, callback_url

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Ask to file finished downloads. Raises ``FetchError`` only if none has got through."""
        return self._send("/sync", requests)

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Ask to rename files. Raises ``FetchError`` only if none has got through."""
        return self._send("/resync", batch.items)

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Say that nothing can be said beforehand."""
        holds = tuple(
            PlannedHold(
                download_id=item.download_id,
                path=item.old_target_path or None,
                target=None,
                reason=HoldReason.NO_PREVIEW,
            )
            for item in request.items
        )
        return PlanAnswer(plan_id=request.plan_id, complete=request.last, holds=holds)

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        """Refuse: the contract has no message for it, so the files stay and the downloads are held."""
        return [
            ItemReceipt(
                download_id=item.download_id,
                receipt=Receipt.REFUSED,
                revision=item.revision,
                reason=HoldReason.NO_REMOVAL,
            )
            for item in requests
        ]

    def files(self, _request: ViewerFilesRequest) -> ViewerFiles:
        """Answer that it tells of no files."""
        return ViewerFiles(files=())

    def check(self, _request: LibraryCheck) -> LibraryCheckPart:
        """Answer that it cannot look: the contract has no message for it."""
        reason = _("It knows only the contract, which has no way to ask what lies in its library.")
        return LibraryCheckPart(silent=(SilentViewer(viewer="", reason=reason),))

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        """Leave everything as it is."""
        items = tuple(Mended(kind=item.kind, path=item.path, outcome="left") for item in request.items)
        return LibraryRepaired(items=items)

    def scan(self, _request: ViewerScanRequest) -> ViewerScan:
        """It cannot be asked what lies in a folder."""
        raise Unavailable(_("This viewer cannot say what lies in a folder."))

    def _send(self, path: str, requests: Sequence[Described]) -> list[ItemReceipt]:
        receipts: list[ItemReceipt] = []
        for request in requests:
            try:
                receipts.append(self._send_one(path, request))
            except FetchError as error:
                if error.sent:
                    receipts.append(_receipt(request, Receipt.ACCEPTED))
                elif not receipts:
                    raise
                # The others would wait for the same: the silence says "later" for each of them.
                break
        return receipts

    def _send_one(self, path: str, request: Described) -> ItemReceipt:
        message = request.model_dump(mode="json", include=set(_FIELDS))
        message["callback_url"] = f"{self._callback_url}?revision={request.revision or 1}"
        answer = self._web.request_json("POST", self._base_url + path, message, timeout_s=ASK_S)
        if answer.status >= 500 or answer.is_success:
            # After an error of its own nobody knows; its report, or the long wait for one, will tell.
            return _receipt(request, Receipt.ACCEPTED)
        return _receipt(request, Receipt.REFUSED, f"http_{answer.status}")


def _receipt(request: Described, receipt: Receipt, reason: str | None = None) -> ItemReceipt:
    return ItemReceipt(
        download_id=request.download_id, receipt=receipt, revision=request.revision or 1, reason=reason
    )
