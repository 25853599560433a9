"""One process of Seiton: the roles that it has, the adapters that its settings ask for, start and stop."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from seiton import __version__
from seiton.adapters.database import Database
from seiton.adapters.database_use import copies_in
from seiton.adapters.feeds import FeedLimits
from seiton.adapters.files import LinkMode, room_in
from seiton.adapters.http import WebClient
from seiton.adapters.http_policy import HostPolicy
from seiton.adapters.http_routes import Routes, read_routes
from seiton.adapters.jobs import Jobs
from seiton.adapters.metadata.bangumi import Bangumi
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.adapters.neighbours import Standing
from seiton.adapters.notifications import notifiers
from seiton.adapters.pack_file import builtin_pack
from seiton.adapters.servers import media_servers
from seiton.adapters.torrents.choice import remote_client
from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import TorrentClient
from seiton.bootstrap.work import Work
from seiton.config import Settings, reread
from seiton.core.downloads.downloaders import Downloaders
from seiton.core.filing.naming import problem_of
from seiton.core.filing.resync import ask_again
from seiton.core.filing.viewers import Viewers
from seiton.core.modules.registry import trust_modules
from seiton.core.modules.workers import join_core, note_built_in, take_turn
from seiton.core.notifications.happened import JOB as NOTIFY
from seiton.core.notifications.targets import use_targets
from seiton.core.rules.builtin import prepare_state
from seiton.core.service import Core, utc_now
from seiton.domain.consent import Brake
from seiton.domain.naming import NamingProfile
from seiton.domain.states import ModuleType
from seiton.domain.template_check import check_template
from seiton.errors import InvalidInput, Problem, SeitonError
from seiton.fetcher import Fetcher
from seiton.in_process import CoreHere, ViewerHere
from seiton.notifying import Notifying
from seiton.roles import ALL, Role
from seiton.text import _
from seiton.viewer.checks import Checks
from seiton.viewer.preview import Previews
from seiton.viewer.servers.standing import enroll, list_standing
from seiton.viewer.service import Profile, Viewer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from seiton.faces.entrance import Entrance

USER_AGENT = f"seiton/Seiton/{__version__} (self-hosted anime library keeper)"
"""Developer, program, version: the form that bangumi.tv asks of everybody (bangumi/api, user agent.md)."""


class Seiton:
    """The ``roles`` of one process, on one database. Use as a context manager.

    What is not a role of this process is there and idle: no tables, no jobs, no routes of it.
    """

    def __init__(
        self, settings: Settings, *, loopback_only: bool = False, roles: frozenset[Role] = ALL
    ) -> None:
        self.settings = settings
        self.roles = roles
        self.entrance: Entrance | None = None
        self.runs_core = bool(roles & {Role.CORE, Role.WORKER})
        for name in ("data", "downloads"):  # the library is made by the viewer, if it never had one
            _make_folder(name, os.fspath(getattr(settings, name)))
        self.database = _used(Database(settings.database_url))
        for service in SERVICES:
            if Role(service) in roles:
                upgrade(self.database, service)
        self.instance_id = self._instance_id()
        self.policy = HostPolicy(frozenset(settings.private_hosts))
        self.web = WebClient(
            user_agent=USER_AGENT,
            timeout_s=settings.feed_limits.timeout,
            max_redirects=settings.feed_limits.max_redirects,
            policy=self.policy,
            routes=Routes(mirrors=read_routes(settings.mirrors), proxies=read_routes(settings.proxies)),
        )
        self.jobs = self._jobs()
        self.previews = Previews()
        self.checks = Checks()
        self._core_here = CoreHere(self.web)
        self.viewer = self._viewer()
        if Role.VIEWER in roles:
            enroll(self.viewer)
        self._remote = remote_client(settings.torrent_client) if Role.DOWNLOADER in roles else None
        self.client = self._torrent_client(loopback_only) if Role.DOWNLOADER in roles else None
        downloads = os.path.abspath(os.fspath(settings.downloads))
        self.torrents = Downloaders(self.database, self.web, self.client, downloads)
        self.core = self._core()
        self.notifying = Notifying(self.core, self.jobs, self._neighbours)
        if Role.CORE in roles:
            self._core_here.core = self.core
            trust_modules(self.core)
            note_built_in(self.core)
            use_targets(self.core, self.core.notifiers)
        self.fetcher = Fetcher(
            web=self.web,
            limits=FeedLimits(max_bytes=settings.feed_limits.max_bytes),
            wake=lambda key: self.jobs.wake("fetcher.fetch", key),
            service_token=sent_token(settings),
        )
        for address in (settings.core_url, settings.mikan_url):
            if address:
                self.policy.allow_url(address)
        if settings.core_url:
            self.web.carry(settings.core_url, sent_token(settings))
        Work(self).define()

    def _instance_id(self) -> str:
        if Role.WORKER in self.roles:
            try:
                return join_core(self.database)
            except SeitonError:
                self.database.close()
                raise
        return prepare_state(self.database, builtin_pack(), utc_now()) if Role.CORE in self.roles else ""

    def _jobs(self) -> Jobs:
        """Core and its workers are one application on one database; every other role is one of its own."""
        application = "seiton" if self.runs_core else f"seiton-{min(self.roles)}"
        is_shared = self.runs_core and not self.database.is_sqlite
        return Jobs(
            self.settings.database_url,
            executor_id="worker-*" if Role.WORKER in self.roles else "seiton-1",
            application=application,
            turn=self._turn if is_shared else None,
        )

    def _turn(self, name: str, every_s: float) -> bool:
        return take_turn(self.database, name, every_s, utc_now())

    def _torrent_client(self, loopback_only: bool) -> TorrentClient:
        settings = self.settings
        if self._remote is not None:
            return self._remote
        return EmbeddedClient(
            os.path.join(os.fspath(settings.data), "torrents"),
            port=settings.torrent_port,
            loopback_only=loopback_only,
        )

    def _viewer(self) -> Viewer:
        settings = self.settings
        return Viewer(
            database=self.database,
            root=os.path.abspath(os.fsencode(settings.library)),
            download_roots=(os.path.abspath(os.fsencode(settings.downloads)),),
            profile=Profile(
                naming=_own_naming(settings.naming_template),
                link_mode=LinkMode(settings.link_mode),
                allow_copy=settings.allow_copy,
            ),
            core=self._core_here,
            wake=lambda job: self.jobs.wake(f"viewer.{job}"),
            servers=media_servers(settings.media_servers, self.web),
            movies_root=os.path.abspath(os.fsencode(movies)) if (movies := settings.movies_root) else None,
        )

    def _core(self) -> Core:
        settings = self.settings
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        return Core(
            database=self.database,
            instance_id=self.instance_id,
            viewer=Viewers(
                self.database,
                self.web,
                ViewerHere(self.viewer, self.previews, self.checks) if Role.VIEWER in self.roles else None,
                public_url=settings.public_url,
            ),
            torrents=self.torrents,
            web=self.web,
            downloads_folder=os.path.abspath(os.fspath(settings.downloads)),
            callback_url=f"{base}/sync-callback",
            max_feed_bytes=settings.feed_limits.max_bytes,
            wake=self._wake_core,
            built_in=frozenset(kind for kind in ModuleType if Role(kind.value) in self.roles),
            public_url=settings.public_url,
            service_token=sent_token(settings),
            neighbours=self._neighbours,
            bangumi=Bangumi(self.web, settings.bangumi_url) if settings.bangumi_url else None,
            mikan_url=settings.mikan_url,
            notifiers=notifiers(settings.notifications, self.web),
            reread_notifiers=lambda: notifiers(reread(settings).notifications, self.web),
            free_bytes=partial(room_in, os.fsencode(settings.downloads)),
            brake=Brake(
                files=settings.brake_files,
                some_files=settings.brake_some_files,
                percent=settings.brake_percent,
                downloads=settings.brake_downloads,
            ),
        )

    def _neighbours(self) -> list[Standing]:
        client = [] if self._remote is None else [self._remote.standing()]
        return client + (list_standing(self.viewer) if Role.VIEWER in self.roles else [])

    def _wake_core(self, job: str, key: str) -> None:
        if job == NOTIFY:
            self.notifying.soon()
        else:
            self.jobs.wake(f"core.{job}", key)

    def start(self) -> None:
        """Start the background work."""
        if Role.CORE in self.roles:
            ask_again(self.core)
        with self.database.read() as connection:
            copied = copies_in(connection)
        for service in copied:
            if Role(service) in self.roles:
                self.jobs.wake(f"{service}.everything")
        self.jobs.launch()

    def close(self) -> None:
        """Stop; whatever is cut short goes on at the next start."""
        self.jobs.close()
        self.torrents.close()
        self.web.close()
        self.database.close()

    def __enter__(self) -> Seiton:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def application(self) -> FastAPI:
        """Return the one web application of these roles."""
        from seiton.bootstrap.doors import create_doors

        return create_doors(self)


def sent_token(settings: Settings) -> str | None:
    """Return the service token that this process shows; others are only accepted, while they are changed."""
    return next((token.get_secret_value() for token in settings.service_tokens), None)


def _used(database: Database) -> Database:
    """Take part in the use of a database. Raises ``Unavailable`` while it is being copied."""
    try:
        database.use()
    except SeitonError:
        database.close()
        raise
    return database


def _own_naming(template: str | None) -> NamingProfile:
    """Return how names are made where a core does not say it. Raises ``InvalidInput``."""
    if template is None:
        return NamingProfile()
    problems = [problem_of(fault) for fault in check_template(template).faults]
    if problems:
        raise InvalidInput([replace(problem, field="naming_template") for problem in problems])
    return NamingProfile(template=template)


def _make_folder(name: str, path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        message = _("{path} cannot be made: {reason}", path=path, reason=error.strerror)
        raise InvalidInput([Problem(field=name, message=message)]) from error
