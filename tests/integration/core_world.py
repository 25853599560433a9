"""A Core and a Viewer on one database and real folders, stepped by hand: no threads, no waiting.

The torrent client is one that has everything at once, the clock is a value, and between the two services
lies a wire that can be cut, delayed, doubled and re-ordered. All else is what ``seiton serve`` runs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database, Row
from seiton.adapters.feeds import FeedItem
from seiton.adapters.files import LinkMode
from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.adapters.pack_file import builtin_pack
from seiton.adapters.torrents.port import Added, ClientAway, TorrentSource, TorrentStatus, TransferState
from seiton.adapters.torrents.torrent_file import read_magnet, read_torrent
from seiton.contract import (
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    PlanAnswer,
    ViewerBatch,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerPlanRequest,
    ViewerRemoval,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncCallback,
    ViewerSyncRequest,
)
from seiton.core import tables
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.ingest import Ingested, ingest
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.filing.callbacks import take_callbacks
from seiton.core.filing.naming import follow_naming
from seiton.core.filing.resync import ask_again, reconcile
from seiton.core.filters.refilter import refilter
from seiton.core.identity.pictures import read_picture
from seiton.core.rules.builtin import prepare_state
from seiton.core.rules.parsers import ParserWrite, create_parser, update_parser
from seiton.core.rules.reparse import reparse
from seiton.core.rules.rulesets import BUILTIN, advance
from seiton.core.service import Core
from seiton.domain.consent import Brake
from seiton.domain.contents import TorrentFile
from seiton.domain.naming import NamingProfile
from seiton.domain.states import DownloadType
from seiton.errors import NotFound, Unavailable
from seiton.in_process import ViewerHere
from seiton.viewer.converge import converge
from seiton.viewer.preview import Previews
from seiton.viewer.report import report
from seiton.viewer.service import Profile, Viewer
from tests.integration.settling import until_idle

NO_BRAKE = Brake(files=10**9, some_files=10**9, downloads=10**9)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Shelf:
    """A torrent client that has every torrent complete, unless it is told otherwise.

    ``contents`` are the files of a torrent by info hash; one that is not named has a single video.
    """

    def __init__(self) -> None:
        self.contents: dict[str, Mapping[str, bytes]] = {}
        self.states: dict[str, TransferState] = {}
        self.added: list[str] = []
        self.removed: list[tuple[str, bool]] = []
        self.uploaded = 0
        self.seeded = timedelta()
        self.is_away = False
        self._there: dict[str, tuple[str, Mapping[str, bytes]]] = {}

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        self._answer()
        info = read_torrent(source.content) if source.content else read_magnet(source.magnet or "")
        info_hash = info.info_hash
        if info_hash in self._there:
            return Added(info_hash=info_hash, existed=True)
        files = self.contents.get(info_hash) or {f"{info_hash[:8]}.mkv": media(info_hash)}
        self._there[info_hash] = (save_path, files)
        self.added.append(info_hash)
        for name, content in files.items():
            path = Path(save_path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return Added(info_hash=info_hash, existed=False)

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        self._answer()
        found = {}
        for info_hash in hashes:
            if info_hash in self._there:
                folder, files = self._there[info_hash]
                state = self.states.get(info_hash, TransferState.COMPLETED)
                size = sum(map(len, files.values()))
                done = state is TransferState.COMPLETED
                found[info_hash] = TorrentStatus(
                    info_hash=info_hash,
                    state=state,
                    progress=1.0 if done else 0.5,
                    size=size,
                    downloaded=size if done else size // 2,
                    content_path=folder,
                    error="the disk says no" if state is TransferState.ERROR else None,
                    uploaded=self.uploaded,
                    seeding_seconds=self.seeded.total_seconds(),
                )
        return found

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        self._answer()
        if info_hash not in self._there:
            raise NotFound
        _folder, files = self._there[info_hash]
        return tuple(
            TorrentFile(index=index, path=os.fsencode(name), size=len(content))
            for index, (name, content) in enumerate(files.items())
        )

    def forget(self, info_hash: str) -> None:
        del self._there[info_hash]

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        self._answer()
        self.removed.append((info_hash, delete_data))
        folder, _files = self._there.pop(info_hash, (None, {}))
        if folder is not None and delete_data:
            shutil.rmtree(folder)

    def pause(self, info_hash: str) -> None:
        self.states[info_hash] = TransferState.PAUSED

    def resume(self, info_hash: str) -> None:
        self.states.pop(info_hash, None)

    def on_change(self, callback: Callable[[str], None]) -> None:
        pass

    def close(self) -> None:
        pass

    def _answer(self) -> None:
        if self.is_away:
            raise ClientAway("the torrent client is away")


class Wire:
    """What lies between Core and Viewer. As it is, everything arrives at once and in order."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.is_cut = False  # nothing arrives
        self.swallows_answers = False  # requests arrive, nobody hears what was said to them
        self.unanswered: set[int] = set()  # downloads that the answer does not mention
        self.holds_reports = False
        self.held: list[ViewerSyncCallback] = []
        self.messages: list[Any] = []
        self.while_sending: Callable[[], None] | None = None

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        return self._send(requests, lambda here: here.sync(requests))

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        return self._send(batch.items, lambda here: here.resync(batch))

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        return self._here().plan(request)

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        return self._send(requests, lambda here: here.remove(requests))

    def files(self, request: ViewerFilesRequest) -> ViewerFiles:
        return self._here().files(request)

    def check(self, request: LibraryCheck) -> LibraryCheckPart:
        return self._here().check(request)

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        return self._here().repair(request)

    def scan(self, request: ViewerScanRequest) -> ViewerScan:
        return self._here().scan(request)

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        reports = [callback for _url, callback in callbacks]
        if self.holds_reports:
            self.held += reports
        else:
            take_callbacks(self.world.core, reports)
        return [True] * len(callbacks)

    def picture(self, _url: str, _core_instance: str, name: str) -> bytes | None:
        return None if self.is_cut else read_picture(self.world.core, name)

    def release(self, reports: Sequence[ViewerSyncCallback] | None = None) -> dict[int, bool]:
        """Deliver what was held (or ``reports``, in their order)."""
        held, self.held, self.holds_reports = self.held, [], False
        return take_callbacks(self.world.core, held if reports is None else reports)

    def _here(self) -> ViewerHere:
        if self.is_cut:
            raise Unavailable("the viewer is away")
        return ViewerHere(self.world.viewer, self.world.previews)

    def _send(
        self, items: Sequence[Any], call: Callable[[ViewerHere], list[ItemReceipt]]
    ) -> list[ItemReceipt]:
        here = self._here()
        if self.while_sending is not None:
            action, self.while_sending = self.while_sending, None
            action()
        self.messages += items
        receipts = call(here)
        if self.swallows_answers:
            raise Unavailable("the connection broke")
        return [receipt for receipt in receipts if receipt.download_id not in self.unanswered]


class CoreWorld:
    """Everything below one folder. ``time`` is now; ``reparses`` says that edits are followed at once."""

    def __init__(
        self, folder: Path, database: str | Database, *, subscribes: bool = True, migrate: bool = True
    ) -> None:
        self.folder = folder
        self.library = folder / "library"
        self.downloads = folder / "downloads"
        self.films: Path | None = None
        self.library.mkdir(exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        self.database = database if isinstance(database, Database) else Database(database)
        if migrate:
            for service in SERVICES:
                upgrade(self.database, service)
        self.time = START
        self.reparses = True
        self.chunk = 500
        self.brake = Brake()
        self.free_bytes: int | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.woken: list[tuple[str, str]] = []
        self.torrents = Shelf()
        self.web = WebClient(user_agent="test", timeout_s=60, max_redirects=3, policy=HostPolicy())
        self.wire = Wire(self)
        self.start()
        self.subscription_id = self.subscribe("https://feed.test/rss") if subscribes else 1

    def start(self) -> None:
        """Start both services, or start them again as after a crash: nothing is kept in memory."""
        self.previews = Previews()
        self.viewer = Viewer(
            database=self.database,
            root=os.fsencode(self.library),
            download_roots=(os.fsencode(self.downloads),),
            profile=Profile(naming=NamingProfile(), link_mode=LinkMode.AUTO, reserve_bytes=0),
            core=self.wire,
            wake=lambda _job: None,
            now=lambda: self.time,
            movies_root=None if self.films is None else os.fsencode(self.films),
        )
        self.core = Core(
            database=self.database,
            instance_id=prepare_state(self.database, builtin_pack(), START),
            viewer=self.wire,
            torrents=self.torrents,
            web=self.web,
            downloads_folder=os.fspath(self.downloads),
            callback_url="http://core.test/sync-callback",
            max_feed_bytes=10_000_000,
            wake=self._wake,
            now=self._now,
            answer_wait_s=0.0,
            chunk=self.chunk,
            brake=self.brake,
            free_bytes=lambda: self.free_bytes,
        )
        ask_again(self.core)

    def _now(self) -> datetime:
        """Tell the time; Core asks between two transactions, which is when ``meanwhile`` happens."""
        if self.meanwhile is not None and not self.database.engine.pool.checkedout():  # type: ignore[attr-defined]
            action, self.meanwhile = self.meanwhile, None
            action()
        return self.time

    def _wake(self, job: str, key: str) -> None:
        self.woken.append((job, key))
        if job == "reparse" and self.reparses:
            reparse(self.core)
        if job == "filters" and self.reparses:
            refilter(self.core)
        if job == "naming" and self.reparses:
            follow_naming(self.core)

    def close(self) -> None:
        self.web.close()
        self.database.close()

    # What happens from outside

    def subscribe(self, url: str) -> int:
        subscription_id: int = add_subscription(self.core, {"source_url": url})["subscription_id"]
        return subscription_id

    def bring(self, *titles: str, subscription_id: int | None = None) -> Ingested:
        """Have a feed bring ``titles``, the first one being the oldest, as magnets."""
        items = [FeedItem(title=title, **_magnet(title)) for title in titles]
        return ingest(self.core, subscription_id or self.subscription_id, items[::-1])

    def pass_time(self, **how_long: float) -> None:
        self.time += timedelta(**how_long)

    def create(self, **values: Any) -> ParserWrite:
        """Save a parser: what it reads by name, over the builtin ones."""
        return create_parser(self.core, rule(**values))

    def edit(self, parser_id: int, **values: Any) -> ParserWrite:
        return update_parser(self.core, parser_id, values)

    def without_builtin(self) -> None:
        """Switch all built-in parsers off, at once."""
        parsers = tables.parsers
        with self.database.write() as connection:
            off = sa.update(parsers).where(parsers.c.origin == BUILTIN).values(is_enabled=False)
            connection.execute(off)
            advance(connection, None, self.time)
        reparse(self.core)

    # What runs in the background

    def fetch(self) -> None:
        """Download what is wanted."""
        start_downloads(self.core)
        check_transfers(self.core)

    def file(self) -> None:
        """Let Core send what differs, the Viewer act, and the reports come back, once."""
        reconcile(self.core)
        converge(self.viewer)
        report(self.viewer)

    def settle(self) -> None:
        """Run everything until nothing is left to do now: what changes nothing is not done again."""

        def turn() -> None:
            self.fetch()
            self.file()

        until_idle(self.database, turn, most=4)

    # What can be seen

    def rows(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> list[Row]:
        query = sa.select(table).where(*conditions).order_by(*table.primary_key.columns)
        with self.database.read() as connection:
            return list(connection.execute(query).mappings())

    def row(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> Row:
        (row,) = self.rows(table, *conditions)
        return row

    def download(self, download_id: int) -> Row:
        return self.row(tables.downloads, tables.downloads.c.download_id == download_id)

    def states(self) -> list[str]:
        return [row["status"] for row in self.rows(tables.downloads)]

    def resync(self, resync_id: int) -> Row:
        return self.row(tables.resyncs, tables.resyncs.c.resync_id == resync_id)

    def outcomes(self, resync_id: int) -> dict[str, int]:
        rows = self.rows(tables.resync_items, tables.resync_items.c.resync_id == resync_id)
        return dict(Counter(row["outcome"] for row in rows))

    def links(self) -> list[tuple[str, int, float, str, str]]:
        """Return the attached links: title of the work, season, number, group, title of the release."""
        links, series, animes, groups = tables.links, tables.series, tables.animes, tables.subtitle_groups
        query = (
            sa.select(
                animes.c.title,
                series.c.series_no,
                links.c.episode_no,
                links.c.episode_tenths,
                groups.c.group_name,
                links.c.title,
            )
            .select_from(
                links.join(series, series.c.series_id == links.c.series_id)
                .join(animes, animes.c.anime_id == series.c.anime_id)
                .join(groups, groups.c.group_id == links.c.group_id)
            )
            .where(links.c.detached_at.is_(None))
            .order_by(links.c.link_id)
        )
        with self.database.read() as connection:
            return [(r[0], r[1], r[2] + r[3] / 10, r[4], r[5]) for r in connection.execute(query)]

    def tree(self) -> list[str]:
        """Return every file below the library, without Seiton's own folder, relative, sorted."""
        found = []
        for base, folders, names in os.walk(self.library):
            folders[:] = [name for name in folders if name != ".seiton"]
            found += [os.path.relpath(os.path.join(base, name), self.library) for name in names]
        return sorted(found)

    def videos(self) -> dict[str, str]:
        """Return where which release lies: the stem's last part → its title, or the name in its torrent."""
        titles = {
            hashlib.sha256(media(_hash(row["title"]))).digest(): row["title"]
            for row in self.rows(tables.raw_items)
        }
        for files in self.torrents.contents.values():
            titles |= {hashlib.sha256(content).digest(): name for name, content in files.items()}
        found = {}
        for name in self.tree():
            if name.endswith(".mkv"):
                digest = hashlib.sha256((self.library / name).read_bytes()).digest()
                found[os.path.basename(name).removesuffix(".mkv")] = titles.get(digest, "?")
        return found


def media(name: str) -> bytes:
    """Return the content of a video: the same for ever, and like no other."""
    return hashlib.shake_128(name.encode()).digest(3000)


def torrent_of(title: str) -> str:
    """Return the info hash of the magnet that ``bring`` makes for ``title``."""
    return _hash(title)


def _hash(title: str) -> str:
    return hashlib.sha1(title.encode()).hexdigest()


def _magnet(title: str) -> dict[str, Any]:
    info_hash = _hash(title)
    url = f"magnet:?xt=urn:btih:{info_hash}"
    return {"download_url": url, "download_type": DownloadType.MAGNET, "info_hash": info_hash}


def rule(
    name: str = "rule",
    condition: str = r"^\[.+\] .+ - \d",
    parse: str = r"^\[(?<group>[^\]]+)\] (?<title>.+?) - (?<episode>[\d.v]+)",
    **values: Any,
) -> dict[str, Any]:
    """Return a parser that reads ``[Group] Title - 01``; ``anime_title="…"`` sets a fixed value."""
    fixed = {
        f"{field}_{part}": value
        for field in ("anime_title", "episode_no", "series_no", "subtitle_group", "episode_end")
        if field in values
        for part, value in (("source", "static"), ("value", str(values[field])))
    }
    rest = {key: value for key, value in values.items() if f"{key}_value" not in fixed}
    return (
        {
            "name": name,
            "condition_regex": condition,
            "parse_regex": parse,
            "anime_title_source": "regex",
            "anime_title_value": "title",
            "episode_no_source": "regex",
            "episode_no_value": "episode",
            "subtitle_group_source": "regex",
            "subtitle_group_value": "group",
        }
        | fixed
        | rest
    )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect every SQL statement that is run inside; one for many rows counts once."""
    seen: list[str] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
    ) -> None:
        seen.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


def everything(world: CoreWorld) -> dict[str, list[Row]]:
    """Return all that Core has stored."""
    return {table.name: world.rows(table) for table in tables.metadata.sorted_tables}


def writes(seen: Sequence[str]) -> list[str]:
    return [statement for statement in seen if statement.split()[0] in {"INSERT", "UPDATE", "DELETE"}]


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[CoreWorld]:
    """A fresh world; the test runs once on SQLite and once on PostgreSQL."""
    made = CoreWorld(tmp_path, database_url)
    yield made
    made.close()
