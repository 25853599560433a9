"""Pictures of every page, in light and dark, for docs/screenshots.

``python -m tests.acceptance.screenshots`` makes all of them, with NAMES behind it only those. With
Debian's pngquant they become a third as large.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from seiton.core import tables
from seiton.core.access.people import add_person
from seiton.core.causes.holds import list_holds
from seiton.core.causes.undo import undo
from seiton.core.feeds.search_places import places_of_work
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.figures import count_everything
from seiton.core.identity.editing import suggest
from seiton.core.identity.unknown import list_unknown
from seiton.core.notifications.happened import Happening, happened
from seiton.core.notifications.sending import send_due, try_out
from seiton.core.queries import list_parsers
from seiton.core.rules.parser_preview import preview_parser
from seiton.core.rules.parsers import update_parser
from seiton.core.rules.pinning import set_pin
from seiton.core.works.airing import follow_airing
from seiton.demo.sample import CORRECTED, EDITED
from seiton.domain.access import Role
from seiton.domain.pins import PinField
from seiton.domain.states import Happens
from seiton.faces.happenings import sentence
from tests.acceptance.browser import PATIENCE_S, Site, running_browser, running_site
from tests.acceptance.known_works import make_known, source_of_facts
from tests.integration.indexer import Indexer, indexer
from tests.integration.messy_folders import put
from tests.integration.test_notifications import Receiver, receiving

TARGET = Path(__file__).parents[2] / "docs" / "screenshots"
WIDE, PHONE = (1280, 860), (390, 844)
ODD = (
    "星港觀測社 // 霧笛の配達人 第三話『灯台』 完成版",
    "星港觀測社 // 霧笛の配達人 第二話『汽笛』 完成版",
    "星港觀測社 // 霧笛の配達人 第一話『出航』 完成版",
    "[NorthPier] Paper Lantern Almanac - NCOP [1080p]",
    "【紙鳶字幕組】[鯨背山の測量士][PV2][1080p]",
)
"""Titles that no parser reads."""


TOLD = ["filed", "held", "resync_done", "braked", "download_failed"]
"""What the phone is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page as it is shown; ``before`` does something on it first."""

    name: str
    path: str
    size: tuple[int, int] = WIDE
    locale: str = "en-GB"
    before: Callable[[Page], None] | None = None


def edit(page: Page) -> None:
    """Correct the parser, without saving it."""
    page.locator("#episode_no_value").fill("$4")
    page.locator("[name=anime_title_source]").select_option("static")
    page.locator("#anime_title_value").fill(EDITED)
    expect(page.locator("#impact .move")).to_have_count(12, timeout=60_000)


def look(page: Page, url: str) -> None:
    page.locator("#source_url").fill(url)
    page.get_by_role("button", name="Look at it").click()
    expect(page.locator("#preview mark").first).to_be_visible(timeout=60_000)


def mistake(page: Page) -> None:
    page.locator("#parse_regex").fill(r"^\[(NorthPier\] (.+) #(\d+)")
    expect(page.locator("#fault-parse_regex mark")).to_be_visible()


def name_otherwise(page: Page) -> None:
    page.locator("#template").fill(
        "{title}/Season {season:02}/{title} S{season:02}E{episode:02}<-E{episode_end:02}>"
    )
    expect(page.locator("#naming .move").first).to_be_visible(timeout=60_000)


def odd_series(site: Site) -> int:
    """Return a series that nobody knows, with suggestions for it."""
    core = site.seiton.core
    series_id = int(list_unknown(core, limit=1, offset=0)[0]["series_id"])
    suggest(core, series_id)
    return series_id


def look_through(page: Page, site: Site) -> None:
    """Plan to adopt a folder that lies in the library."""
    folder = Path(site.seiton.settings.library, "Kumo no Yuubin")
    page.locator("#path").fill(str(folder))
    page.locator("form[data-busy] button").click()
    expect(page.locator("#files .move").first).to_be_visible(timeout=60_000)


def look_into(page: Page) -> None:
    page.locator(".releases summary").first.click()
    expect(page.locator(".history").first).to_be_visible()


def leave_out(page: Page) -> None:
    page.locator("#regex_pattern").fill("720p")
    expect(page.locator("#preview .chip.bad").first).to_be_visible(timeout=60_000)


def look_for_work(page: Page) -> None:
    expect(page.locator("#found mark").first).to_be_visible(timeout=60_000)


def moved_link(site: Site, resync_id: int) -> int:
    """Return a release whose file the correction moved."""
    items, downloads = tables.resync_items, tables.downloads
    query = (
        sa.select(sa.func.min(downloads.c.link_id))
        .select_from(items.join(downloads, downloads.c.download_id == items.c.download_id))
        .where(items.c.resync_id == resync_id)
    )
    with site.seiton.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def hold_one(page: Page, site: Site) -> None:
    """Want an episode elsewhere, where somebody's file lies."""
    core = site.seiton.core
    if not list_holds(core, reasons=(), limit=1, offset=0)[1]:
        put(Path(site.seiton.settings.library), "星燈郵便局/Season 01/星燈郵便局 - S01E31.mkv")
        set_pin(core, link_id=1, field=PinField.EPISODE_NO, value=31)
        assert core.progress.wait(lambda: list_holds(core, reasons=(), limit=1, offset=0)[1] > 0, PATIENCE_S)
        page.reload()


def pictures(site: Site, parser_id: int, resync_id: int) -> list[Picture]:
    """Return what is taken of a site with a library."""
    edited = f"/parsers/{parser_id}"
    release = f"/library/releases/{moved_link(site, resync_id)}"
    _names, places = places_of_work(site.seiton.core, "206")
    work = f"/season/works/206?source={next(one.key for one in places if one.host == 'nyaa.si')}"
    return [
        Picture(name="overview", path="/"),
        Picture(name="library", path="/library"),
        Picture(name="anime", path="/library/2", before=look_into),
        Picture(name="release", path=release),
        Picture(name="release-phone", path=release, size=PHONE, locale="zh-TW"),
        Picture(name="library-phone", path="/library", size=PHONE, locale="zh-TW"),
        Picture(name="season", path="/season"),
        Picture(name="season-phone", path="/season", size=PHONE, locale="zh-TW"),
        Picture(name="season-work", path=work, before=look_for_work),
        Picture(name="season-work-phone", path=work, before=look_for_work, size=PHONE, locale="zh-TW"),
        Picture(name="wanted", path="/wanted"),
        Picture(name="identity", path="/identity"),
        Picture(name="identity-series", path=f"/identity/series/{odd_series(site)}"),
        Picture(name="inbox", path="/inbox"),
        Picture(name="adopt", path="/adopt", before=lambda page: look_through(page, site)),
        Picture(name="adopt-phone", path="/adopt/1", size=PHONE, locale="zh-TW"),
        Picture(name="leaving", path="/subscriptions/1/leave"),
        Picture(name="parsers", path="/parsers"),
        Picture(name="workshop", path=edited, before=edit, size=(1440, 900)),
        Picture(name="workshop-fault", path=edited, before=mistake),
        Picture(name="workshop-phone", path=edited, before=edit, size=PHONE, locale="zh-TW"),
        Picture(name="teach", path="/teach/25"),
        Picture(name="filter", path="/filters/new", before=leave_out),
        Picture(name="subscription", path="/subscriptions", before=lambda page: look(page, site.feed_url)),
        Picture(name="downloads", path="/downloads"),
        Picture(name="resyncs", path="/resyncs"),
        Picture(name="resync", path=f"/resyncs/{resync_id}"),
        Picture(name="resync-phone", path=f"/resyncs/{resync_id}", size=PHONE, locale="zh-TW"),
        Picture(name="undo", path=f"/resyncs/{resync_id}/undo"),
        Picture(name="settings", path="/settings", before=name_otherwise),
        Picture(name="modules", path="/modules"),
        Picture(name="notifications", path="/notifications"),
        Picture(name="notifications-phone", path="/notifications", size=PHONE, locale="zh-TW"),
        Picture(name="access", path="/access"),
        Picture(name="log", path="/log"),
        Picture(name="held", path="/holds", before=lambda page: hold_one(page, site)),
    ]


@contextmanager
def neighbours() -> Iterator[tuple[Indexer, Receiver, dict[str, object]]]:
    """Serve a site that can be searched and a receiver of notifications; give the settings that name them."""
    with indexer() as site, receiving() as receiver:
        site.titles = [f"[NorthPier] 候潮食堂 - {number:02} [1080p]" for number in range(1, 9)]
        targets = [
            {"name": "phone", "kind": "webhook", "url": "https://push.example/topic", "on": TOLD},
            {"name": "home", "kind": "webhook", "url": "https://home.example/hooks/3f9a", "on": ["held"]},
        ]
        mirrors = [f"nyaa.si={site.base}", f"push.example={receiver.base}", "home.example=http://127.0.0.1:1"]
        yield site, receiver, {"mirrors": mirrors, "notifications": targets}


@contextmanager
def odd_feed() -> Iterator[str]:
    """Serve a feed of titles that no parser reads."""
    entries = "".join(
        f"<item><title>{title}</title><enclosure type='application/x-bittorrent' length='1'"
        f" url='magnet:?xt=urn:btih:{number:040x}'/></item>"
        for number, title in enumerate(ODD, 1)
    )
    body = f"<rss version='2.0'><channel><title>Odd titles</title>{entries}</channel></rss>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/odd"
    finally:
        server.shutdown()
        server.server_close()


def live_through(site: Site, odd: str) -> tuple[int, int]:
    """Have a library, correct it, undo that; return the ids of the parser and of the correction."""
    core = site.seiton.core
    site.fill()
    make_known(site)
    for episode in range(1, 7):
        name = f"[Sub] Kumo no Yuubin - {episode:02} [1080p]"
        put(Path(site.seiton.settings.library), f"Kumo no Yuubin/{name}.mkv")
    put(Path(site.seiton.settings.library), "Kumo no Yuubin/[Sub] Kumo no Yuubin - NCOP.mkv")
    add_subscription(core, {"source_url": odd, "name": "Odd titles"})
    rows = list_parsers(core, created_from_type=None, created_from_id=None)
    parser_id = next(int(row["parser_id"]) for row in rows if row["name"] == EDITED)
    impact = preview_parser(core, CORRECTED, parser_id=parser_id, limit=1).impact
    assert impact is not None
    done = update_parser(core, parser_id, CORRECTED, plan_id=impact.plan_id)
    resync_id = int(done.resync["resync_id"])
    assert core.progress.wait(lambda: count_everything(core)["running_resyncs"] == 0, PATIENCE_S)
    add_subscription(core, {"source_url": "https://nyaa.si/?page=rss&c=1_2", "name": "Nyaa"})
    follow_airing(core)
    with core.database.write() as connection:
        held = Happening(kind=Happens.HELD, subject="雨巷製琴師", detail="target_foreign")
        happened(connection, [held], core.now())
    send_due(core, sentence)
    try_out(core, None)
    return parser_id, resync_id


def take(browser: Browser, address: str, picture: Picture, scheme: str) -> None:
    """Write one picture."""
    context = browser.new_context(
        viewport={"width": picture.size[0], "height": picture.size[1]},
        locale=picture.locale,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{address}{picture.path}")
    if picture.before is not None:
        picture.before(page)
    page.wait_for_timeout(700)
    target = TARGET / f"{picture.name}-{scheme}.png"
    page.screenshot(path=target)
    context.close()
    if shutil.which("pngquant"):
        subprocess.run(
            ["pngquant", "--force", "--ext", ".png", "--strip", "--speed", "1", "128", target], check=True
        )


def main(wanted: list[str]) -> None:
    """Make all pictures, or those that are named."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seiton-pictures-") as name, running_browser() as browser:
        folders = [Path(name) / part for part in ("first", "full", "closed")]
        for folder in folders:
            folder.mkdir()
        with running_site(folders[0]) as site:
            for picture in (Picture(name="welcome", path="/"), Picture(name="start", path="/start")):
                if not wanted or picture.name in wanted:
                    for scheme in ("light", "dark"):
                        take(browser, site.address, picture, scheme)
        with running_site(folders[2]) as site:
            add_person(site.seiton.core, "mika", secrets.token_urlsafe(), Role.ADMIN, is_first=True)
            for picture in (
                Picture(name="login", path="/login"),
                Picture(name="login-phone", path="/login", size=PHONE, locale="zh-TW"),
            ):
                if not wanted or picture.name in wanted:
                    for scheme in ("light", "dark"):
                        take(browser, site.address, picture, scheme)
        with (
            source_of_facts() as source,
            odd_feed() as odd,
            neighbours() as (_searched, _told, named),
            running_site(folders[1], bangumi_url=source.base, **named) as site,
        ):
            parser_id, resync_id = live_through(site, odd)
            # The workshop shows the correction, so the rule has to be as it was before it.
            listed = [p for p in pictures(site, parser_id, resync_id) if not wanted or p.name in wanted]
            for picture in listed:
                if not picture.name.startswith("workshop"):
                    for scheme in ("light", "dark"):
                        take(browser, site.address, picture, scheme)
            undo(site.seiton.core, resync_id)
            core = site.seiton.core
            assert core.progress.wait(lambda: count_everything(core)["running_resyncs"] == 0, PATIENCE_S)
            for picture in listed:
                if picture.name.startswith("workshop"):
                    for scheme in ("light", "dark"):
                        take(browser, site.address, picture, scheme)


if __name__ == "__main__":
    main(sys.argv[1:])
