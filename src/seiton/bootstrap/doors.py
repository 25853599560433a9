"""The doors of a process: one web application with the routes of its roles, and the pages of Core."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI

from seiton.bootstrap.process import sent_token
from seiton.contract import Reporting
from seiton.downloader import Downloader
from seiton.faces.application import create_application
from seiton.faces.core_api import create_core_api
from seiton.faces.downloader_api import create_downloader_api
from seiton.faces.entrance import Entrance
from seiton.faces.fetcher_api import create_fetcher_api
from seiton.faces.service_door import ServiceDoor
from seiton.faces.viewer_api import create_viewer_api
from seiton.faces.web import create_web
from seiton.faces.worker_api import create_worker_api
from seiton.roles import Role

if TYPE_CHECKING:
    from seiton.bootstrap.process import Seiton


def create_doors(process: Seiton) -> FastAPI:
    """Return the one web application: Core at the contract's paths, the viewer beside it.

    Fetcher and downloader have addresses of their own only where they are alone: the contract gives
    ``/downloads`` two meanings.
    """
    is_core = Role.CORE in process.roles
    routers = []
    if Role.WORKER in process.roles:
        routers.append(create_worker_api(process.core, process.jobs))
    if is_core:
        routers.append(create_core_api(process.core, jobs=process.jobs))
    if Role.VIEWER in process.roles:
        health_path = "/viewer/health" if is_core else "/health"
        viewer_api = create_viewer_api(
            process.viewer,
            process.previews,
            process.checks,
            health_path=health_path,
            may_report=partial(_may_report, process),
        )
        routers.append(viewer_api)
    if not is_core and Role.FETCHER in process.roles:
        routers.append(create_fetcher_api(process.fetcher))
    if not is_core and process.client is not None:
        downloader = Downloader(
            client=process.client,
            web=process.web,
            folder=os.path.abspath(os.fspath(process.settings.downloads)),
            core_url=process.settings.core_url,
        )
        routers.append(create_downloader_api(downloader))
    if not is_core:
        door = ServiceDoor(settings=process.settings)
        return create_application(routers, language=process.settings.language, entrance=door)
    process.entrance = Entrance(core=process.core, settings=process.settings)
    pages = create_web(process.core, jobs=process.jobs, settings=process.settings, entrance=process.entrance)
    return create_application(
        routers, language=process.settings.language, pages=pages, entrance=process.entrance
    )


def _may_report(process: Seiton, request: Reporting, caller: str | None, is_service: bool) -> bool:
    """Say whether reports may go where a request wants them: to the Core in here, a configured host, or
    back to where the request came from. A Core that came with the service token is answered with it.
    """
    if process.instance_id and request.core_instance == process.instance_id:
        return True
    may = process.policy.admit(request.callback_url, caller)
    if may and is_service:
        process.web.carry(request.callback_url, sent_token(process.settings))
    return may
