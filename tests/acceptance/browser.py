"""A whole Seiton with its pages, and Debian's Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.figures import count_everything
from seiton.core.rules.parsers import create_parser
from seiton.demo.sample import PARSERS
from seiton.demo.world import DemoWorld

EPISODES = 30
PATIENCE_S = 120.0
PATIENCE_MS = 60_000
WIDE, PHONE = (1280, 900), (390, 844)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@dataclass(slots=True, kw_only=True)
class Site:
    """A Seiton that runs with all its background work, and the feed that it can follow."""

    address: str
    seiton: Seiton
    feed_url: str

    def fill(self) -> None:
        """Have the demo's library: its parsers, its feed, every episode filed."""
        for parser in PARSERS:
            create_parser(self.seiton.core, parser)
        add_subscription(self.seiton.core, {"source_url": self.feed_url, "name": "Demo"})
        self.wait_until_filed(EPISODES)

    def wait_until_filed(self, episodes: int) -> None:
        """Wait until so many episodes are in the library."""
        core = self.seiton.core

        def is_done() -> bool:
            return bool(count_everything(core)["downloads"].get("synced", 0) >= episodes)

        assert core.progress.wait(is_done, PATIENCE_S)


@contextmanager
def running_site(folder: Path, **given: object) -> Iterator[Site]:
    """Serve a fresh Seiton by settings on a port of this machine, with the demo's world beside it."""
    origin = folder / "world"
    origin.mkdir()
    values = {"data": folder / "data", "library": folder / "library", "port": 0}
    settings = Settings.model_validate(values | given)
    seiton = Seiton(settings, loopback_only=True)
    # Playwright has an event loop in this thread, which background work does not start beside.
    with DemoWorld(os.fspath(origin)) as world, ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(seiton.start).result()
        config = uvicorn.Config(
            seiton.application(), port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Site(address=f"http://127.0.0.1:{port}/ui", seiton=seiton, feed_url=world.feed_url)
        finally:
            seiton.core.progress.close()
            server.should_exit = True
            thread.join()
            elsewhere.submit(seiton.close).result()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start Chromium; skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(_ARGUMENTS))
        yield browser
        browser.close()


class Complaints:
    """What the browser found wrong with a page: script errors, refused contents, foreign addresses."""

    def __init__(self, page: Page, address: str) -> None:
        self.found: list[str] = []
        host = address.split("/")[2]
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", self._note)
        page.on(
            "request",
            lambda request: (
                self.found.append(f"outside: {request.url}") if request.url.split("/")[2] != host else None
            ),
        )

    def _note(self, message: ConsoleMessage) -> None:
        # A question that nobody waits for any more, because the page was left, is no complaint.
        is_left = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError"))
        if message.type in {"error", "warning"} and not is_left:
            self.found.append(message.text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for longer: it keeps an event loop in this thread, where other tests start their own."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's library, filed."""
    with running_site(tmp_path_factory.mktemp("site")) as site:
        site.fill()
        yield site


def visit(browser: Browser, site: Site, size: tuple[int, int] = WIDE, locale: str = "en-GB") -> Page:
    """Return a page of a new visitor, who sees no motion."""
    context = browser.new_context(
        locale=locale,
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{site.address}/")
    return page


def barriers_of(page: Page, site: Site, paths: Sequence[str]) -> list[str]:
    """Return what axe finds on pages, each fault with its places."""
    barriers: list[str] = []
    for path in paths:
        page.goto(f"{site.address}{path}")
        if page.locator("#impact").count():
            page.wait_for_load_state("networkidle")
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_RULES}})
        for fault in found.response["violations"]:
            places = "; ".join(node["html"][:120] for node in fault["nodes"][:3])
            barriers.append(f"{path}: {fault['id']}: {fault['help']}: {places}")
    return barriers
