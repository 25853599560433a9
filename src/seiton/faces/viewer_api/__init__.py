"""The Viewer's HTTP interface: requests of a Core are recorded here, and answered at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from seiton import __version__
from seiton.contract import (
    BatchReceipt,
    BatchStatus,
    Described,
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    PlanAnswer,
    Receipt,
    Reporting,
    ViewerBatch,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerPlanRequest,
    ViewerRemoval,
    ViewerRemovals,
    ViewerResyncRequest,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncRequest,
)
from seiton.errors import InvalidInput, Problem
from seiton.faces.problems import documented, problem_response
from seiton.faces.service_door import is_service
from seiton.text import _
from seiton.viewer.batches import batch_status
from seiton.viewer.checks import Checks
from seiton.viewer.preview import Previews
from seiton.viewer.receive import receive
from seiton.viewer.removal import list_files, receive_removals
from seiton.viewer.repair import repair
from seiton.viewer.scan import scan
from seiton.viewer.service import Viewer

MOST_REVISION = 2**31 - 1


class Health(BaseModel):
    """The viewer answers."""

    status: Literal["healthy"] = "healthy"
    service: Literal["jellyfin-viewer"] = "jellyfin-viewer"
    version: str = __version__


def _check(requests: Sequence[Described | ViewerRemoval], at: str = "") -> None:
    """Refuse what the contract's types allow and no column holds. Raises ``InvalidInput``."""
    problems = []
    for number, request in enumerate(requests):
        where = f"{at}.{number}." if at else ""
        if (request.revision or 0) > MOST_REVISION:
            message = _("Give {bound} or less.", bound=MOST_REVISION)
            problems.append(Problem(field=f"{where}revision", message=message))
        for name in ("core_instance", "batch_id"):
            if len(getattr(request, name, None) or "") > 64:
                message = _("This is too long: at most {most}.", most=64)
                problems.append(Problem(field=f"{where}{name}", message=message))
    if problems:
        raise InvalidInput(problems)


def _refusal(request: Described, receipt: ItemReceipt) -> JSONResponse:
    """Turn a receipt that is none into the error that it is for a single request."""
    download_id, said = receipt.download_id, receipt.model_dump(mode="json")
    match receipt.receipt:
        case Receipt.UNKNOWN:
            detail = _("No file of download {download_id} is known here.", download_id=download_id)
            return problem_response(404, "unknown", detail, **said)
        case Receipt.STALE:
            detail = _("A later request for download {download_id} is known here.", download_id=download_id)
            return problem_response(409, "stale", detail, **said)
        case _:
            detail = _(
                "Download {download_id} is refused: {reason}.",
                download_id=download_id,
                reason=receipt.reason,
            )
            field = "file_path" if isinstance(request, ViewerSyncRequest) else "old_target_path"
            problem = Problem(field=field, message=detail, code=receipt.reason or "refused")
            return problem_response(422, "refused", detail, [problem], **said)


def create_viewer_api(
    viewer: Viewer,
    previews: Previews,
    checks: Checks,
    *,
    health_path: str = "/viewer/health",
    may_report: Callable[[Reporting, str | None, bool], bool] = lambda _message, _caller, _is_service: True,
) -> APIRouter:
    """Return the routes over ``viewer``. On a port of its own its health is at ``/health``.

    ``may_report`` says whether a message of somebody at an address, with the service token or without, names
    a place that reports may go to.
    """
    router = APIRouter()

    def check_callbacks(requests: Sequence[Reporting], http: Request, at: str = "") -> None:
        caller = http.client.host if http.client else None
        message = _("The host of this address is not configured here, so nothing is sent to it.")
        problems = [
            Problem(field=f"{at}.{number}.callback_url" if at else "callback_url", message=message)
            for number, request in enumerate(requests)
            if not may_report(request, caller, is_service(http))
        ]
        if problems:
            raise InvalidInput(problems)

    def take(request: Described, http: Request) -> ItemReceipt | JSONResponse:
        _check([request])
        check_callbacks([request], http)
        receipt = receive(viewer, [request])[0]
        taken = receipt.receipt in {Receipt.ACCEPTED, Receipt.REPEATED}
        return receipt if taken else _refusal(request, receipt)

    @router.get(health_path)
    def viewer_health() -> Health:
        """Say that the viewer answers."""
        return Health()

    @router.post("/sync", status_code=202, response_model=ItemReceipt, responses=documented(404, 409))
    def sync(body: ViewerSyncRequest, http: Request) -> ItemReceipt | JSONResponse:
        """File a finished download. It is recorded before this answers; a callback says what became of it."""
        return take(body, http)

    @router.post("/resync", status_code=202, response_model=ItemReceipt, responses=documented(404, 409))
    def resync(body: ViewerResyncRequest, http: Request) -> ItemReceipt | JSONResponse:
        """Bring a filed episode to where its new metadata belongs."""
        return take(body, http)

    @router.post("/resync/batch", status_code=202)
    def resync_batch(body: ViewerBatch, http: Request) -> BatchReceipt:
        """Take many resyncs in one transaction; the answer says for each what becomes of it."""
        _check(body.items, "items")
        check_callbacks(body.items, http, "items")
        items = [item.model_copy(update={"batch_id": body.batch_id}) for item in body.items]
        _check_batch_id(body.batch_id)
        return BatchReceipt(batch_id=body.batch_id, items=tuple(receive(viewer, items) if items else ()))

    @router.get("/resync/batches/{batch_id}", responses=documented(404))
    def show_batch(batch_id: Annotated[str, Path(max_length=64)]) -> BatchStatus:
        """Say how far a batch has got."""
        return batch_status(viewer, batch_id)

    @router.post("/remove", status_code=202)
    def remove(body: ViewerRemovals, http: Request) -> list[ItemReceipt]:
        """Put files into the library's trash, or delete them there; the answer says what becomes of each."""
        _check(body.items, "items")
        check_callbacks(body.items, http, "items")
        return receive_removals(viewer, body.items) if body.items else []

    _add_looks(router, viewer, previews, checks)
    return router


def _add_looks(router: APIRouter, viewer: Viewer, previews: Previews, checks: Checks) -> None:
    """Add what is asked about the library, and the repair of what a check found."""

    @router.post("/files")
    def files(body: ViewerFilesRequest) -> ViewerFiles:
        """List what the library has of downloads, with sizes."""
        return list_files(viewer, body)

    @router.post("/scan", responses=documented(404))
    def scan_folder(body: ViewerScanRequest) -> ViewerScan:
        """List a part of the videos below a folder, with what their NFOs say; nothing is written."""
        return scan(viewer, body)

    @router.post("/resync/plan")
    def resync_plan(body: ViewerPlanRequest) -> PlanAnswer:
        """Answer what resyncs would do; nothing is written. Parts share a ``plan_id``, the last says so."""
        _check(body.items, "items")
        return previews.ask(viewer, body)

    @router.post("/viewer/library/check", responses=documented(404))
    def library_check(body: LibraryCheck) -> LibraryCheckPart:
        """Look some seconds where records and disk differ. ``cursor`` asks for more; nothing is written."""
        return checks.next_part(viewer, body)

    @router.post("/viewer/library/repair")
    def library_repair(body: LibraryRepair) -> LibraryRepaired:
        """Mend findings of a check, by moves that cannot overwrite; the answer says what became of each."""
        return repair(viewer, body)


def _check_batch_id(batch_id: str) -> None:
    if not batch_id or len(batch_id) > 64:
        message = _("Give between 1 and {most} characters.", most=64)
        raise InvalidInput([Problem(field="batch_id", message=message)])
