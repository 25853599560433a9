"""The only place that picks adapters and wires the roles together."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from seiton import __version__
from seiton.adapters.database import Database
from seiton.adapters.files import LinkMode
from seiton.adapters.http import WebClient
from seiton.adapters.http_policy import HostPolicy
from seiton.adapters.jobs import Jobs
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.adapters.pack_file import builtin_pack
from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.config import Settings
from seiton.contract import (
    ItemReceipt,
    PlanAnswer,
    ViewerBatch,
    ViewerPlanRequest,
    ViewerSyncCallback,
    ViewerSyncRequest,
)
from seiton.core.builtin import prepare_state
from seiton.core.callbacks import take_callbacks
from seiton.core.dispatch import start_downloads
from seiton.core.reparse import reparse
from seiton.core.resync import reconcile
from seiton.core.service import Core, utc_now
from seiton.core.subscriptions import due_subscriptions, fetch_subscription
from seiton.core.transfers import check_transfers
from seiton.errors import InvalidInput, Problem, SeitonError, Unavailable
from seiton.text import _
from seiton.viewer.converge import converge
from seiton.viewer.preview import Previews
from seiton.viewer.receive import receive
from seiton.viewer.report import report
from seiton.viewer.service import Profile, Viewer

if TYPE_CHECKING:
    from fastapi import FastAPI

USER_AGENT = f"Seiton/{__version__} (self-hosted anime library keeper)"
log = logging.getLogger("seiton")


class ViewerHere:
    """Core's way to the viewer of this process: the same messages, handed over in memory."""

    def __init__(self, viewer: Viewer, previews: Previews) -> None:
        self._viewer, self._previews = viewer, previews

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Record first syncs."""
        return receive(self._viewer, requests)

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Record resyncs."""
        items = [item.model_copy(update={"batch_id": batch.batch_id}) for item in batch.items]
        return receive(self._viewer, items)

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Answer what would move."""
        return self._previews.ask(self._viewer, request)


class CoreHere:
    """The viewer's way to the Core of this process; reports of foreign cores' requests go over HTTP."""

    def __init__(self, web: WebClient) -> None:
        self._web = web
        self.core: Core | None = None

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        """Hand reports over; one about a download that is not known any more counts as taken."""
        core = self.core
        if core is None:
            return [False] * len(callbacks)
        own = [callback for _url, callback in callbacks if callback.core_instance == core.instance_id]
        if own:
            take_callbacks(core, own)
        return [
            callback.core_instance == core.instance_id or self._post(url, callback)
            for url, callback in callbacks
        ]

    def _post(self, url: str, callback: ViewerSyncCallback) -> bool:
        try:
            self._web.post_json(url, callback.model_dump(mode="json"))
        except SeitonError as error:
            log.warning("%s", error)
            return False
        return True


class Seiton:
    """All roles in one process, on one database. Use as a context manager."""

    def __init__(self, settings: Settings, *, loopback_only: bool = False) -> None:
        self.settings = settings
        for name in ("data", "downloads"):  # the library is made by the viewer, if it never had one
            _make_folder(name, os.fspath(getattr(settings, name)))
        self.database = Database(settings.database_url)
        for service in SERVICES:
            upgrade(self.database, service)
        self.instance_id = prepare_state(self.database, builtin_pack(), utc_now())
        self.policy = HostPolicy(frozenset(settings.private_hosts))
        self.web = WebClient(
            user_agent=USER_AGENT,
            timeout_s=settings.feed_limits.timeout,
            max_redirects=settings.feed_limits.max_redirects,
            policy=self.policy,
        )
        self.jobs = Jobs(settings.database_url, executor_id="seiton-1")
        self.previews = Previews()
        self._core_here = CoreHere(self.web)
        self.viewer = self._viewer()
        self.torrents = EmbeddedClient(
            os.path.join(os.fspath(settings.data), "torrents"),
            port=settings.torrent_port,
            loopback_only=loopback_only,
        )
        self.core = self._core()
        self._core_here.core = self.core
        self._define_jobs()

    def _viewer(self) -> Viewer:
        settings = self.settings
        return Viewer(
            database=self.database,
            root=os.path.abspath(os.fsencode(settings.library)),
            download_roots=(os.path.abspath(os.fsencode(settings.downloads)),),
            profile=Profile(link_mode=LinkMode(settings.link_mode), allow_copy=settings.allow_copy),
            core=self._core_here,
            wake=lambda job: self.jobs.wake(f"viewer.{job}"),
        )

    def _core(self) -> Core:
        settings = self.settings
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        return Core(
            database=self.database,
            instance_id=self.instance_id,
            viewer=ViewerHere(self.viewer, self.previews),
            torrents=self.torrents,
            web=self.web,
            downloads_folder=os.path.abspath(os.fspath(settings.downloads)),
            callback_url=f"{base}/sync-callback",
            max_feed_bytes=settings.feed_limits.max_bytes,
            wake=self._wake_core,
        )

    def _wake_core(self, job: str, key: str) -> None:
        self.jobs.wake(f"core.{job}", key)

    def _define_jobs(self) -> None:
        """Name the work. Each looks at the rows as they are, also at launch and from time to time."""
        core, viewer, define = self.core, self.viewer, self.jobs.define
        define("core.reparse", lambda _key: reparse(core), every=60)
        define("core.fetch", self._fetch, every=30)
        define("core.downloads", lambda _key: start_downloads(core), every=30)
        define("core.transfers", lambda _key: check_transfers(core), every=10)
        define("core.reconcile", lambda _key: reconcile(core), every=15)
        define("viewer.converge", lambda _key: self._converge(), every=30)
        define("viewer.report", lambda _key: report(viewer), every=10)
        self.torrents.on_change(lambda _hash: self.jobs.wake("core.transfers"))

    def _fetch(self, key: str) -> None:
        """Fetch one feed; without a key, have every due one fetched on its own, so none blocks another."""
        if key:
            fetch_subscription(self.core, int(key))
            return
        for subscription_id in due_subscriptions(self.core):
            self.jobs.wake("core.fetch", str(subscription_id))

    def _converge(self) -> None:
        try:
            converge(self.viewer)
        except Unavailable as error:
            log.warning("%s", error)  # the library is away or busy: the next look will see

    def start(self) -> None:
        """Start the background work."""
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
        """Return the one web application: Core at the contract's paths, the viewer beside it."""
        from seiton.faces.application import create_application
        from seiton.faces.core_api import create_core_api
        from seiton.faces.viewer_api import create_viewer_api

        routers = [
            create_core_api(self.core, jobs=self.jobs),
            create_viewer_api(self.viewer, self.previews, health_path="/viewer/health"),
        ]
        return create_application(routers, language=self.settings.language)


def _make_folder(name: str, path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        message = _("{path} cannot be made: {reason}", path=path, reason=error.strerror)
        raise InvalidInput([Problem(field=name, message=message)]) from error


def listen(host: str, port: int) -> socket.socket:
    """Bind the one port. Raises ``InvalidInput`` that says who may have it and what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        message = _(
            "{host}:{port} cannot be opened ({reason}). Is Seiton running? Or choose another --port.",
            host=host,
            port=port,
            reason=error.strerror or error,
        )
        raise InvalidInput([Problem(field="port", message=message)]) from error
    return listener


def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Run everything on one port until SIGINT or SIGTERM; ``on_ready`` is given the address."""
    import uvicorn

    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    settings = settings.model_copy(update={"port": port})
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    with Seiton(settings) as seiton:
        config = uvicorn.Config(
            seiton.application(), log_level="warning", timeout_graceful_shutdown=3, lifespan="off"
        )
        server = uvicorn.Server(config)
        # In a thread of its own uvicorn leaves signals alone: stopping is ours, and ends with code 0.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web")

        def stop(_number: int, _frame: FrameType | None) -> None:
            server.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.02)
        on_ready(f"http://{host}:{port}")
        while thread.is_alive():
            thread.join(0.5)
        for number, handler in before.items():
            signal.signal(number, handler)
