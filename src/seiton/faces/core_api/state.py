"""How it is going: health, figures, background jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel

from seiton import __version__
from seiton.adapters.jobs import Jobs, JobState
from seiton.core.figures import MOST_COUNTED, count_everything
from seiton.core.modules.activities import list_activities
from seiton.core.modules.registry import is_healthy, list_modules
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus, ModuleType
from seiton.faces.fields import MOST, cap
from seiton.text import _


class Health(BaseModel):
    """Core answers, and so does its database."""

    status: Literal["ok"] = "ok"
    service: Literal["core-service"] = "core-service"
    version: str = __version__
    instance_id: str


class ServiceState(BaseModel):
    """A registered module, and whether it answers."""

    name: str
    module_type: ModuleType
    is_healthy: bool


class StuckWork(BaseModel):
    """Work that fails each time it is tried, and what waits behind it."""

    job: str
    error: str
    since: datetime
    sentence: str


class Figures(BaseModel):
    """The dashboard's figures; from ``downloads`` (by status) on additions.

    Each is counted to ``counted_to`` (none: to the end); ``more`` names those of which there are more, such
    as ``raw_items.parsed``, and sums that have one of them in them are too low as well.
    """

    total_anime: int
    total_series: int
    active_subscriptions: int
    total_downloads: int
    downloading: int
    completed: int
    failed: int
    pending_raw_items: int
    pending_conflicts: int
    services: list[ServiceState] = []
    downloads: dict[str, int]
    raw_items: dict[str, int]
    held: int
    drifting: int
    running_resyncs: int
    waiting_resyncs: int
    filtered_links: int
    counted_to: int | None
    more: list[str]
    stuck: list[StuckWork] = []


class JobEntry(BaseModel):
    """One piece of background work: ``name`` looks at ``key``."""

    id: str
    name: str
    key: str
    state: JobState
    created_at: datetime
    error: str | None


class Activity(BaseModel):
    """Something that takes a while: how much of it is done; ``unit`` is titles, files, series or bytes."""

    kind: Literal["reparse", "resync", "seek", "transfer", "fetch"]
    id: str
    name: str | None
    done: int
    total: int | None
    unit: Literal["titles", "files", "series", "bytes", "fetches"]
    error: str | None = None


class JobList(BaseModel):
    """Jobs: what is not finished first, then the newest first; and the work that they are busy with."""

    jobs: list[JobEntry]
    activities: list[Activity]


_DONE = (
    DownloadStatus.COMPLETED,
    DownloadStatus.SYNCING,
    DownloadStatus.SYNCED,
    DownloadStatus.RESYNCING,
)


def add_routes(router: APIRouter, core: Core, jobs: Jobs) -> None:
    """Add ``/health``, ``/dashboard/stats`` and ``/jobs``."""

    @router.get("/health")
    def health() -> Health:
        """Say that Core and its database answer."""
        with core.database.read() as connection:
            connection.execute(sa.select(1))
        return Health(instance_id=core.instance_id)

    @router.get("/dashboard/stats")
    def dashboard_stats(
        exact: Annotated[bool, Query(description="Count to the end, however long that takes.")] = False,
    ) -> Figures:
        """Count everything, each thing as far as somebody wants to know it; ``exact``: to the end."""
        found = count_everything(core, most=None if exact else MOST_COUNTED)
        by_status = found["downloads"]
        failed = (DownloadStatus.FAILED, DownloadStatus.NO_DOWNLOADER)
        return Figures(
            **found,
            total_downloads=sum(by_status.values()),
            downloading=by_status.get(DownloadStatus.DOWNLOADING, 0),
            completed=sum(by_status.get(status, 0) for status in _DONE),
            failed=sum(by_status.get(status, 0) for status in failed),
            stuck=_stuck(jobs),
            services=[
                ServiceState(
                    name=row["name"],
                    module_type=ModuleType(row["module_type"]),
                    is_healthy=is_healthy(core, row),
                )
                for row in list_modules(core)
            ],
        )

    @router.get("/jobs")
    def list_jobs(limit: Annotated[int, Query(ge=0, le=MOST), cap(1000)] = 100) -> JobList:
        """List background work: what runs, waits, failed, was done lately, and how far it has got."""
        entries = [
            JobEntry(
                id=job.id,
                name=job.name,
                key=job.key,
                state=job.state,
                created_at=job.created_at,
                error=job.error,
            )
            for job in jobs.list(limit=limit)
        ]
        found = list_activities(core, limit=limit)
        errors = {work.job.removeprefix("core."): work.error for work in _stuck(jobs)}
        for row in found:
            row["error"] = row["error"] or errors.get(row["kind"])
        return JobList(jobs=entries, activities=[Activity.model_validate(row) for row in found])


def _stuck(jobs: Jobs) -> list[StuckWork]:
    """Return what nothing gets past: while titles cannot be parsed again, no file is moved at all."""
    sentences = {
        "core.reparse": _("Titles cannot be parsed again. Until that works no file is moved."),
        "core.filters": _(
            "Releases cannot be filtered again. Until that works an edited filter does nothing."
        ),
        "core.reconcile": _("The viewer cannot be told what changed. Until that works no file is moved."),
    }
    return [
        StuckWork(job=job.name, error=job.error, since=job.created_at, sentence=sentences[job.name])
        for job in jobs.failing()
        if job.name in sentences and job.error
    ]
