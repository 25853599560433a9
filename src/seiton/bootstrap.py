"""The only place that picks adapters and wires the roles together."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
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
from seiton.adapters.modules.announcing import Announcer
from seiton.adapters.neighbours import Standing
from seiton.adapters.notifications import notifiers
from seiton.adapters.pack_file import builtin_pack
from seiton.adapters.servers import media_servers
from seiton.adapters.torrents.choice import remote_client
from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import TorrentClient
from seiton.config import Settings, reread
from seiton.contract import (
    Reporting,
)
from seiton.core.adoption.recording import record_adoptions
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.downloaders import Downloaders
from seiton.core.downloads.ending import SeedingGoals, end_torrents
from seiton.core.downloads.retry import retry_failed
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.searching import index_titles
from seiton.core.feeds.seeks import carry_on as carry_on_seeking
from seiton.core.feeds.subscriptions import due_subscriptions, fetch_if_due, fetch_subscription, stagger
from seiton.core.filing.everything import reconcile_everything
from seiton.core.filing.naming import follow_naming, problem_of
from seiton.core.filing.resync import ask_again, reconcile_apart
from seiton.core.filing.viewers import Viewers
from seiton.core.filters.refilter import refilter
from seiton.core.identity.identifying import identify
from seiton.core.modules.probing import probe_modules
from seiton.core.modules.registry import trust_modules
from seiton.core.modules.workers import check_help, join_core, note_built_in, take_turn
from seiton.core.neighbours.answers import forget_answers
from seiton.core.notifications.happened import JOB as NOTIFY
from seiton.core.notifications.targets import use_targets
from seiton.core.removal.trash import expire_trash
from seiton.core.rules.builtin import prepare_state
from seiton.core.rules.reparse import reparse
from seiton.core.service import Core, utc_now
from seiton.core.works.airing import follow_airing
from seiton.core.works.same_works import name_works
from seiton.domain.consent import Brake
from seiton.domain.naming import NamingProfile
from seiton.domain.states import ModuleType
from seiton.domain.template_check import check_template
from seiton.downloader import Downloader
from seiton.errors import InvalidInput, Problem, SeitonError, Unavailable
from seiton.fetcher import Fetcher
from seiton.in_process import CoreHere, ViewerHere
from seiton.notifying import Notifying
from seiton.roles import ALL, Role, registration
from seiton.text import _
from seiton.viewer.checks import Checks
from seiton.viewer.converge import converge
from seiton.viewer.everything import look_at_everything
from seiton.viewer.pictures import fetch_pictures
from seiton.viewer.preview import Previews
from seiton.viewer.report import report
from seiton.viewer.servers.standing import enroll, list_standing
from seiton.viewer.servers.telling import attend
from seiton.viewer.service import Profile, Viewer

if TYPE_CHECKING:
    from fastapi import FastAPI

    from seiton.faces.entrance import Entrance

USER_AGENT = f"seiton/Seiton/{__version__} (self-hosted anime library keeper)"
"""Developer, program, version: the form that bangumi.tv asks of everybody (bangumi/api, user agent.md)."""
ANNOUNCE_S = 15
log = logging.getLogger("seiton")
_IF_DUE = "due:"


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
        self._runs_core = bool(roles & {Role.CORE, Role.WORKER})
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
        self._servers_due = math.inf
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
            service_token=_sent_token(settings),
        )
        for address in (settings.core_url, settings.mikan_url):
            if address:
                self.policy.allow_url(address)
        if settings.core_url:
            self.web.carry(settings.core_url, _sent_token(settings))
        self._define_jobs()

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
        application = "seiton" if self._runs_core else f"seiton-{min(self.roles)}"
        is_shared = self._runs_core and not self.database.is_sqlite
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
            service_token=_sent_token(settings),
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

    def _define_jobs(self) -> None:
        """Name the work. Each looks at the rows as they are, also at launch and from time to time."""
        if self._runs_core:
            self._define_core_jobs()
        if Role.VIEWER in self.roles:
            self._define_viewer_jobs()
        if not self._runs_core:
            self._define_module_jobs()

    def _define_module_jobs(self) -> None:
        self.jobs.define("fetcher.fetch", self.fetcher.run)
        core_url = self.settings.core_url
        if core_url is None:
            return
        for role in sorted(self.roles):
            announcer = Announcer(self.web, core_url, registration(role, self.settings))
            self.jobs.define(f"{role}.announce", partial(_announce, announcer), every=ANNOUNCE_S)

    def _define_core_jobs(self) -> None:
        core = self.core

        def define(name: str, run: Callable[[str], object], *, every: float | None = None) -> None:
            self.jobs.define(
                name, partial(self._help, run) if Role.WORKER in self.roles else run, every=every
            )

        goals = SeedingGoals(
            ratio=self.settings.seed_ratio,
            hours=self.settings.seed_hours,
            remove_data=self.settings.remove_data_after_seeding,
        )
        define("core.reparse", lambda _key: reparse(core), every=60)
        define("core.filters", lambda _key: refilter(core), every=60)
        define("core.naming", lambda _key: follow_naming(core), every=60)
        define("core.fetch", self._fetch, every=30)
        define("core.downloads", lambda _key: (retry_failed(core), start_downloads(core)), every=30)
        define("core.torrents", lambda _key: end_torrents(core, goals), every=60)
        define("core.adoptions", lambda _key: record_adoptions(core), every=60)
        define("core.titles", lambda _key: (index_titles(core), name_works(core)), every=300)
        define("core.trash", lambda _key: (expire_trash(core), forget_answers(core)), every=3600)
        define("core.transfers", lambda _key: check_transfers(core), every=10)
        define("core.reconcile", partial(reconcile_apart, core), every=15)
        self.jobs.define("core.everything", lambda _key: reconcile_everything(core))
        define("core.identity", lambda _key: identify(core), every=60)
        define("core.seek", lambda _key: carry_on_seeking(core), every=60)
        define("core.airing", lambda _key: follow_airing(core))
        define("core.modules", lambda _key: probe_modules(core), every=30)
        self.notifying.define()
        self.torrents.on_change(lambda _hash: self.jobs.wake("core.transfers"))

    def _help(self, run: Callable[[str], object], key: str) -> None:
        """Do a job of Core's in a worker: modules that registered at Core may be asked from here too."""
        check_help(self.core)
        trust_modules(self.core)
        run(key)

    def _define_viewer_jobs(self) -> None:
        viewer, define = self.viewer, self.jobs.define
        define("viewer.converge", lambda _key: self._converge(), every=30)
        define("viewer.pictures", lambda _key: fetch_pictures(viewer), every=60)
        define("viewer.report", lambda _key: report(viewer), every=10)
        define("viewer.everything", lambda _key: look_at_everything(viewer))
        define("viewer.servers", lambda _key: self._attend_servers(), every=600)

    def _fetch(self, key: str) -> None:
        """Fetch one feed; without a key, have every due one fetched on its own, so none blocks another."""
        if key.startswith(_IF_DUE):
            fetch_if_due(self.core, int(key.removeprefix(_IF_DUE)))
            return
        if key:
            fetch_subscription(self.core, int(key))
            return
        for subscription_id, delay_s in stagger(self.core, due_subscriptions(self.core)):
            self.jobs.wake_later("core.fetch", f"{_IF_DUE}{subscription_id}", delay_s)

    def _converge(self) -> None:
        try:
            converge(self.viewer)
        except Unavailable as error:
            log.warning("%s", error)  # the library is away or busy: the next look will see

    def _attend_servers(self) -> None:
        """Attend to the media servers, and again when the next of them is due: one alarm at a time."""
        if time.monotonic() >= self._servers_due:
            self._servers_due = math.inf
        try:
            delay_s = attend(self.viewer)
        except Unavailable:
            return  # the library is away or busy: its own look says so
        if delay_s is not None and time.monotonic() + delay_s < self._servers_due:
            self._servers_due = time.monotonic() + delay_s
            self.jobs.wake_later("viewer.servers", "", delay_s)

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
        """Return the one web application: Core at the contract's paths, the viewer beside it.

        Fetcher and downloader have addresses of their own only where they are alone: the contract gives
        ``/downloads`` two meanings.
        """
        from seiton.faces.application import create_application
        from seiton.faces.core_api import create_core_api
        from seiton.faces.downloader_api import create_downloader_api
        from seiton.faces.entrance import Entrance
        from seiton.faces.fetcher_api import create_fetcher_api
        from seiton.faces.service_door import ServiceDoor
        from seiton.faces.viewer_api import create_viewer_api
        from seiton.faces.web import create_web
        from seiton.faces.worker_api import create_worker_api

        is_core = Role.CORE in self.roles
        routers = []
        if Role.WORKER in self.roles:
            routers.append(create_worker_api(self.core, self.jobs))
        if is_core:
            routers.append(create_core_api(self.core, jobs=self.jobs))
        if Role.VIEWER in self.roles:
            health_path = "/viewer/health" if is_core else "/health"
            viewer_api = create_viewer_api(
                self.viewer, self.previews, self.checks, health_path=health_path, may_report=self._may_report
            )
            routers.append(viewer_api)
        if not is_core and Role.FETCHER in self.roles:
            routers.append(create_fetcher_api(self.fetcher))
        if not is_core and self.client is not None:
            downloader = Downloader(
                client=self.client,
                web=self.web,
                folder=os.path.abspath(os.fspath(self.settings.downloads)),
                core_url=self.settings.core_url,
            )
            routers.append(create_downloader_api(downloader))
        if not is_core:
            door = ServiceDoor(settings=self.settings)
            return create_application(routers, language=self.settings.language, entrance=door)
        self.entrance = Entrance(core=self.core, settings=self.settings)
        pages = create_web(self.core, jobs=self.jobs, settings=self.settings, entrance=self.entrance)
        return create_application(
            routers, language=self.settings.language, pages=pages, entrance=self.entrance
        )

    def _may_report(self, request: Reporting, caller: str | None, is_service: bool) -> bool:
        """Say whether reports may go where a request wants them: to the Core in here, a configured host, or
        back to where the request came from. A Core that came with the service token is answered with it.
        """
        if self.instance_id and request.core_instance == self.instance_id:
            return True
        may = self.policy.admit(request.callback_url, caller)
        if may and is_service:
            self.web.carry(request.callback_url, _sent_token(self.settings))
        return may


def _sent_token(settings: Settings) -> str | None:
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


def _announce(announcer: Announcer, _key: str) -> None:
    announcer.announce()


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
