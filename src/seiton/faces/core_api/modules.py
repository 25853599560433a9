"""Modules: they register here; people see how they are, switch them off, and say which comes first."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, Field

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.modules.probing import probe_module
from seiton.core.modules.registry import (
    LEASE,
    Registration,
    change_module,
    heartbeat,
    is_healthy,
    list_modules,
    register,
)
from seiton.core.neighbours.states import list_neighbours
from seiton.core.notifications.sending import standings
from seiton.core.service import Core
from seiton.domain.states import ModuleType, NeighbourState
from seiton.errors import NotFound, Unavailable
from seiton.faces.fields import IdInPath, Small, plain_json
from seiton.faces.problems import documented
from seiton.faces.service_door import is_service
from seiton.text import _


class RegistrationInput(BaseModel):
    """What a module says about itself (contract §1.3); ``version`` and ``description`` are additions."""

    service_type: ModuleType
    service_name: Annotated[str, Field(min_length=1, max_length=255)]
    host: Annotated[str, Field(min_length=1, max_length=255)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    capabilities: Annotated[dict[str, Any], AfterValidator(plain_json)] = {}
    version: Annotated[str, Field(max_length=50)] = "1.0.0"
    description: Annotated[str, Field(max_length=1000)] | None = None


class Registered(BaseModel):
    """``service_id`` stays the same for ever; a heartbeat is expected within ``lease_seconds`` (addition)."""

    service_id: UUID
    registered_at: datetime
    lease_seconds: int = int(LEASE.total_seconds())


class Service(BaseModel):
    """A module; from ``module_id`` on additions."""

    service_id: UUID
    service_type: ModuleType
    service_name: str
    host: str
    port: int
    capabilities: dict[str, Any]
    is_healthy: bool
    last_heartbeat: datetime | None
    module_id: int
    base_url: str
    version: str
    description: str | None
    is_enabled: bool
    admitted: bool
    knows_token: bool
    priority: int
    last_error: str | None
    failing_since: datetime | None


class NeighbourView(BaseModel):
    """A program beside Seiton that it works with, and how it is: ``unknown`` until it was asked. While it is
    not ``well`` it is asked again at ``next_try``; with ``is_given_up`` only when Seiton is started again.
    """

    kind: str
    address: str
    state: NeighbourState
    since: datetime | None
    version: str | None
    last_error: str | None
    next_try: datetime | None
    is_given_up: bool


class ServiceList(BaseModel):
    """By type, then as they would be chosen."""

    services: list[Service]


class Surroundings(ServiceList):
    """The registered modules, and what Seiton works with besides (addition)."""

    neighbours: list[NeighbourView]


class ServiceChange(BaseModel):
    """What only a person decides; what is left out stays."""

    is_enabled: bool | None = None
    priority: Small | None = None


class ServiceHealth(BaseModel):
    """The module was asked just now, and answered."""

    status: Literal["ok"] = "ok"


class FetcherModule(BaseModel):
    """A registered fetcher."""

    module_id: int
    name: str
    version: str
    description: str | None
    is_enabled: bool
    config_schema: str | None
    priority: int
    created_at: datetime
    updated_at: datetime


class FetcherModules(BaseModel):
    """The registered fetchers, highest priority first."""

    fetcher_modules: list[FetcherModule]


class FetcherUrls(BaseModel):
    """The feeds that a fetcher looks after."""

    fetcher_id: int
    urls: list[str]


def service_of(core: Core, row: Row) -> Service:
    """Return the answer for one module."""
    parts = urlsplit(row["base_url"])
    return Service.model_validate(
        dict(row)
        | {
            "service_type": row["module_type"],
            "service_name": row["name"],
            "host": parts.hostname or "",
            "port": parts.port or 80,
            "is_healthy": is_healthy(core, row),
            "last_heartbeat": row["last_seen_at"],
        }
    )


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/services`` and ``/fetcher-modules``."""

    @router.post("/services/register", status_code=201)
    def register_service(body: RegistrationInput, request: Request) -> Registered:
        """Register a module, or renew it: type and name say which it is."""
        row = register(
            core,
            Registration(
                module_type=body.service_type,
                name=body.service_name,
                host=body.host,
                port=body.port,
                capabilities=body.capabilities,
                version=body.version,
                description=body.description,
                caller=request.client.host if request.client else None,
                core_url=str(request.base_url).rstrip("/"),
                knows_token=is_service(request),
            ),
        )
        return Registered(service_id=row["service_id"], registered_at=row["updated_at"])

    @router.get("/services")
    def show_services() -> Surroundings:
        """List the registered modules, and programs such as the torrent client with how they are."""
        return Surroundings(
            services=[service_of(core, row) for row in list_modules(core)],
            neighbours=[
                NeighbourView.model_validate(asdict(one))
                for one in (*core.neighbours(), *list_neighbours(core), *standings(core))
            ],
        )

    @router.get("/services/{service_type}", responses=documented(404))
    def show_services_of_type(service_type: str) -> ServiceList:
        """List the registered modules of one type."""
        if service_type not in set(ModuleType):
            kinds = ", ".join(ModuleType)
            message = _("{found} is none of them: choose from {kinds}.", found=service_type, kinds=kinds)
            raise NotFound(message)
        rows = list_modules(core, ModuleType(service_type))
        return ServiceList(services=[service_of(core, row) for row in rows])

    @router.get("/services/{service_id}/health", responses=documented(404, 409))
    def service_health(service_id: UUID) -> ServiceHealth:
        """Ask a module how it is, now; 503 says what is wrong."""
        row = probe_module(core, str(service_id))
        if row["last_error"]:
            raise Unavailable(row["last_error"])
        return ServiceHealth()

    @router.post("/services/{service_id}/heartbeat", responses=documented(404))
    def service_heartbeat(service_id: UUID) -> Service:
        """Say that a module is still there. 404: register again."""
        return service_of(core, heartbeat(core, str(service_id)))

    @router.patch("/services/{service_id}", responses=documented(404))
    def change_service(service_id: UUID, body: ServiceChange) -> Service:
        """Enable, disable or rank a module; registering again does not undo it."""
        row = change_module(core, str(service_id), is_enabled=body.is_enabled, priority=body.priority)
        return service_of(core, row)

    @router.get("/fetcher-modules")
    def show_fetcher_modules() -> FetcherModules:
        """List the registered fetchers."""
        rows = list_modules(core, ModuleType.FETCHER)
        return FetcherModules(fetcher_modules=[FetcherModule.model_validate(dict(row)) for row in rows])

    @router.get("/fetcher-modules/{module_id}/subscriptions", responses=documented(404))
    def show_fetcher_subscriptions(module_id: IdInPath) -> FetcherUrls:
        """List the feeds of one fetcher."""
        if all(row["module_id"] != module_id for row in list_modules(core, ModuleType.FETCHER)):
            raise NotFound(_("There is no fetcher {module_id}.", module_id=module_id))
        table = tables.subscriptions
        query = (
            sa.select(table.c.source_url)
            .where(table.c.fetcher_id == module_id, table.c.is_active)
            .order_by(table.c.subscription_id)
        )
        with core.database.read() as connection:
            urls = list(connection.execute(query).scalars())
        return FetcherUrls(fetcher_id=module_id, urls=urls)
