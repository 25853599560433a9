"""The work of a process by itself: which jobs each role has, and how often each looks again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from seiton.adapters.modules.announcing import Announcer
from seiton.core.adoption.recording import record_adoptions
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.ending import SeedingGoals, end_torrents
from seiton.core.downloads.retry import retry_failed
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.searching import index_titles
from seiton.core.feeds.seeks import carry_on as carry_on_seeking
from seiton.core.feeds.subscriptions import due_subscriptions, fetch_if_due, fetch_subscription, stagger
from seiton.core.filing.everything import reconcile_everything
from seiton.core.filing.naming import follow_naming
from seiton.core.filing.resync import reconcile_apart
from seiton.core.filters.refilter import refilter
from seiton.core.identity.identifying import identify
from seiton.core.modules.probing import probe_modules
from seiton.core.modules.registry import trust_modules
from seiton.core.modules.workers import check_help
from seiton.core.neighbours.answers import forget_answers
from seiton.core.removal.trash import expire_trash
from seiton.core.rules.reparse import reparse
from seiton.core.works.airing import follow_airing
from seiton.core.works.same_works import name_works
from seiton.errors import Unavailable
from seiton.roles import Role, registration
from seiton.viewer.converge import converge
from seiton.viewer.everything import look_at_everything
from seiton.viewer.pictures import fetch_pictures
from seiton.viewer.report import report
from seiton.viewer.servers.telling import attend

if TYPE_CHECKING:
    from seiton.bootstrap.process import Seiton

ANNOUNCE_S = 15
log = logging.getLogger("seiton")
_IF_DUE = "due:"


class Work:
    """The jobs of the roles of ``process``."""

    def __init__(self, process: Seiton) -> None:
        self._process = process
        self._roles, self._settings, self._jobs = process.roles, process.settings, process.jobs
        self._core, self._viewer = process.core, process.viewer
        self._servers_due = math.inf

    def define(self) -> None:
        """Name the work. Each looks at the rows as they are, also at launch and from time to time."""
        if self._process.runs_core:
            self._define_core_jobs()
        if Role.VIEWER in self._roles:
            self._define_viewer_jobs()
        if not self._process.runs_core:
            self._define_module_jobs()

    def _define_module_jobs(self) -> None:
        self._jobs.define("fetcher.fetch", self._process.fetcher.run)
        core_url = self._settings.core_url
        if core_url is None:
            return
        for role in sorted(self._roles):
            announcer = Announcer(self._process.web, core_url, registration(role, self._settings))
            self._jobs.define(f"{role}.announce", partial(_announce, announcer), every=ANNOUNCE_S)

    def _define_core_jobs(self) -> None:
        core = self._core

        def define(name: str, run: Callable[[str], object], *, every: float | None = None) -> None:
            self._jobs.define(
                name, partial(self._help, run) if Role.WORKER in self._roles else run, every=every
            )

        goals = SeedingGoals(
            ratio=self._settings.seed_ratio,
            hours=self._settings.seed_hours,
            remove_data=self._settings.remove_data_after_seeding,
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
        self._jobs.define("core.everything", lambda _key: reconcile_everything(core))
        define("core.identity", lambda _key: identify(core), every=60)
        define("core.seek", lambda _key: carry_on_seeking(core), every=60)
        define("core.airing", lambda _key: follow_airing(core))
        define("core.modules", lambda _key: probe_modules(core), every=30)
        self._process.notifying.define()
        self._process.torrents.on_change(lambda _hash: self._jobs.wake("core.transfers"))

    def _help(self, run: Callable[[str], object], key: str) -> None:
        """Do a job of Core's in a worker: modules that registered at Core may be asked from here too."""
        check_help(self._core)
        trust_modules(self._core)
        run(key)

    def _define_viewer_jobs(self) -> None:
        viewer, define = self._viewer, self._jobs.define
        define("viewer.converge", lambda _key: self._converge(), every=30)
        define("viewer.pictures", lambda _key: fetch_pictures(viewer), every=60)
        define("viewer.report", lambda _key: report(viewer), every=10)
        define("viewer.everything", lambda _key: look_at_everything(viewer))
        define("viewer.servers", lambda _key: self._attend_servers(), every=600)

    def _fetch(self, key: str) -> None:
        """Fetch one feed; without a key, have every due one fetched on its own, so none blocks another."""
        if key.startswith(_IF_DUE):
            fetch_if_due(self._core, int(key.removeprefix(_IF_DUE)))
            return
        if key:
            fetch_subscription(self._core, int(key))
            return
        for subscription_id, delay_s in stagger(self._core, due_subscriptions(self._core)):
            self._jobs.wake_later("core.fetch", f"{_IF_DUE}{subscription_id}", delay_s)

    def _converge(self) -> None:
        try:
            converge(self._viewer)
        except Unavailable as error:
            log.warning("%s", error)  # the library is away or busy: the next look will see

    def _attend_servers(self) -> None:
        """Attend to the media servers, and again when the next of them is due: one alarm at a time."""
        if time.monotonic() >= self._servers_due:
            self._servers_due = math.inf
        try:
            delay_s = attend(self._viewer)
        except Unavailable:
            return  # the library is away or busy: its own look says so
        if delay_s is not None and time.monotonic() + delay_s < self._servers_due:
            self._servers_due = time.monotonic() + delay_s
            self._jobs.wake_later("viewer.servers", "", delay_s)


def _announce(announcer: Announcer, _key: str) -> None:
    announcer.announce()
