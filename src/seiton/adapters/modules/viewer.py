"""A viewer of ours in another process: receipts, batches, plans and revisions over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from seiton.adapters.http import WebClient
from seiton.adapters.modules.refusing import refused
from seiton.contract import (
    BatchReceipt,
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
    ViewerRemovals,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncRequest,
)
from seiton.errors import Unavailable
from seiton.text import _

ASK_S = 30.0
PLAN_S = 120.0
MAX_ANSWER = 64 * 1024 * 1024

M = TypeVar("M", bound=BaseModel)


class RemovalReceipts(RootModel[tuple[ItemReceipt, ...]]):
    """The answer of ``POST /remove``."""


class ViewerOverHttp:
    """The viewer ``name`` at ``base_url``. ``callback_url`` is where it reaches this Core.

    Every call raises ``Unavailable`` when it does not answer as a viewer: then nobody knows.
    """

    def __init__(self, web: WebClient, base_url: str, name: str, callback_url: str) -> None:
        self._web, self._base_url, self._name = web, base_url, name
        self._callback_url = callback_url

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Ask to file finished downloads; repeats are free. Stops at the first silence."""
        receipts: list[ItemReceipt] = []
        for request in requests:
            message = request.model_copy(update={"callback_url": self._callback_url})
            answer = self._web.request_json(
                "POST", f"{self._base_url}/sync", message.model_dump(mode="json"), timeout_s=ASK_S
            )
            if answer.status >= 500:
                raise self._away(answer.status)
            # What is refused carries its receipt in the error document.
            receipts.append(self._read(ItemReceipt, answer.content, answer.status))
        return receipts

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Ask to bring filed episodes to their new names."""
        message = batch.model_copy(
            update={
                "items": tuple(
                    item.model_copy(update={"callback_url": self._callback_url}) for item in batch.items
                )
            }
        )
        return list(self._post(BatchReceipt, "/resync/batch", message, ASK_S).items)

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Ask what a resync would do."""
        return self._post(PlanAnswer, "/resync/plan", request, PLAN_S)

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        """Ask to put files into the trash, or to delete them there."""
        items = tuple(item.model_copy(update={"callback_url": self._callback_url}) for item in requests)
        return list(self._post(RemovalReceipts, "/remove", ViewerRemovals(items=items), ASK_S).root)

    def files(self, request: ViewerFilesRequest) -> ViewerFiles:
        """Ask what the library has of downloads."""
        return self._post(ViewerFiles, "/files", request, PLAN_S)

    def check(self, request: LibraryCheck) -> LibraryCheckPart:
        """Ask for the next part of a check."""
        return self._post(LibraryCheckPart, "/viewer/library/check", request, PLAN_S)

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        """Ask to mend findings."""
        return self._post(LibraryRepaired, "/viewer/library/repair", request, PLAN_S)

    def scan(self, request: ViewerScanRequest) -> ViewerScan:
        """Ask what lies below a folder."""
        return self._post(ViewerScan, "/scan", request, PLAN_S)

    def _post(self, kind: type[M], path: str, message: BaseModel, timeout_s: float) -> M:
        answer = self._web.request_json(
            "POST",
            self._base_url + path,
            message.model_dump(mode="json"),
            timeout_s=timeout_s,
            max_bytes=MAX_ANSWER,
        )
        if not answer.is_success:
            raise self._away(answer.status)
        return self._read(kind, answer.content, answer.status)

    def _read(self, kind: type[M], content: Any, status: int) -> M:
        try:
            return kind.model_validate(content)
        except ValidationError as error:
            raise self._away(status) from error

    def _away(self, status: int) -> Unavailable:
        if status == 403:
            return Unavailable(refused(self._name))
        return Unavailable(
            _("{name} answered HTTP {status}, not as a viewer.", name=self._name, status=status)
        )
