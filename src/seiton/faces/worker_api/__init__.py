"""A worker's HTTP interface: that it is there, and nothing else."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel

from seiton import __version__
from seiton.adapters.jobs import Jobs
from seiton.core.service import Core


class Health(BaseModel):
    """The worker answers, and so does the database; ``name`` is what it is among the workers."""

    status: Literal["ok"] = "ok"
    service: Literal["worker"] = "worker"
    version: str = __version__
    name: str


def create_worker_api(core: Core, jobs: Jobs) -> APIRouter:
    """Return the one route."""
    router = APIRouter()

    @router.get("/health")
    def health() -> Health:
        """Say that the worker and the database answer."""
        with core.database.read() as connection:
            connection.execute(sa.select(1))
        return Health(name=jobs.executor_id)

    return router
