"""The Downloader's HTTP interface (contract §1.7)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from seiton.downloader import Downloader
from seiton.errors import InvalidInput, NotFound, Problem, SeitonError
from seiton.faces.problems import documented
from seiton.text import _

MOST = 10_000
Text = Annotated[str, Field(max_length=8192)]
Hash = Annotated[str, Path(max_length=64)]


class Item(BaseModel):
    """One link and the folder that its files go to."""

    url: Text
    save_path: Text


class Items(BaseModel):
    """What to download."""

    items: Annotated[list[Item], Field(min_length=1, max_length=MOST)]


class Result(BaseModel):
    """What became of one item."""

    url: str
    hash: str | None
    status: Literal["accepted", "failed"]
    reason: str | None


class Results(BaseModel):
    """In the order of the request."""

    results: list[Result]


class Status(BaseModel):
    """Where one transfer stands; ``progress`` is 0..1, ``size`` bytes."""

    hash: str
    status: str
    progress: float
    size: int
    content_path: str | None


class Statuses(BaseModel):
    """In the order of the request."""

    statuses: list[Status]


class Hashes(BaseModel):
    """Transfers to take back."""

    hashes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST)]


class Cancelled(BaseModel):
    """``cancelled``, or ``failed: …``."""

    hash: str
    status: str


class CancelResults(BaseModel):
    """In the order of the request."""

    results: list[Cancelled]


def create_downloader_api(downloader: Downloader) -> APIRouter:
    """Return the routes over ``downloader``."""
    router = APIRouter()
    client = downloader.client

    @router.get("/health", response_class=Response)
    def health() -> Response:
        """Say that the downloader answers."""
        return Response()

    @router.post("/downloads")
    def add(body: Items) -> Results:
        """Begin to download; each item on its own."""
        taken = downloader.take([(item.url, item.save_path) for item in body.items])
        return Results(
            results=[
                Result(
                    url=one.url,
                    hash=one.hash,
                    status="failed" if one.reason is not None else "accepted",
                    reason=one.reason,
                )
                for one in taken
            ]
        )

    @router.get("/downloads")
    def statuses(hashes: Annotated[str, Query(description="Several with commas.")]) -> Statuses:
        """Say where transfers stand."""
        names = [name for name in hashes.split(",") if name.strip()]
        if not names or len(names) > MOST:
            message = _("Give between 1 and {most} hashes.", most=MOST)
            raise InvalidInput([Problem(field="hashes", message=message)])
        return Statuses(
            statuses=[
                Status(
                    hash=stand.hash,
                    status=stand.status,
                    progress=stand.progress,
                    size=stand.size,
                    content_path=stand.content_path,
                )
                for stand in downloader.stands(names)
            ]
        )

    @router.post("/downloads/cancel")
    def cancel(body: Hashes) -> CancelResults:
        """Forget transfers; their files stay."""
        results = []
        for name in body.hashes:
            try:
                client.remove(name.lower(), delete_data=False)
            except SeitonError as error:
                results.append(Cancelled(hash=name, status=f"failed: {error}"))
            else:
                results.append(Cancelled(hash=name, status="cancelled"))
        return CancelResults(results=results)

    @router.post("/downloads/{info_hash}/pause", response_class=Response, responses=documented(404))
    def pause(info_hash: Hash) -> Response:
        """Stop a transfer until it is resumed."""
        client.pause(info_hash.lower())
        return Response()

    @router.post("/downloads/{info_hash}/resume", response_class=Response, responses=documented(404))
    def resume(info_hash: Hash) -> Response:
        """Go on with a transfer."""
        client.resume(info_hash.lower())
        return Response()

    @router.delete("/downloads/{info_hash}", response_class=Response, responses=documented(404))
    def delete(info_hash: Hash, delete_files: bool = False) -> Response:
        """Forget a transfer, with its files only when asked to."""
        if not downloader.knows(info_hash.lower()):
            raise NotFound(_("There is no download {hash}.", hash=info_hash))
        client.remove(info_hash.lower(), delete_data=delete_files)
        return Response()

    return router
