"""``seiton demo``: the main job, for real and offline, in under a minute."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.config.clients import TorrentClientSettings
from seiton.core import tables
from seiton.core.causes.rehearsal import Impact
from seiton.core.causes.undo import preview_undo, undo
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.rules.parser_preview import preview_parser
from seiton.core.rules.parsers import create_parser, update_parser
from seiton.demo import checks
from seiton.demo.programs import ClientKind, ClientProgram
from seiton.demo.sample import CORRECTED, EDITED, PARSERS
from seiton.demo.world import DemoWorld
from seiton.domain.states import DownloadStatus, ResyncState
from seiton.text import _

EPISODES = 30
RAW_ITEMS = 25
PATIENCE_S = 60.0
TITLE, SEASON = "雨巷製琴師", 12


def demo(*, keep: Path | None, client: ClientKind, as_json: bool) -> None:
    """Show what Seiton does: a feed becomes a library, an edited rule re-orders it."""
    console = Console(stderr=as_json)
    with _folder(keep) as folder:
        result = Demo(folder, console, client).run()
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    if not result["ok"]:
        raise typer.Exit(1)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="seiton-demo-") as name:
            yield Path(name)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise typer.BadParameter(_("{path} is not empty; name a new folder.", path=keep), param_hint="--keep")
    yield keep


class Demo:
    """One run: a world to subscribe to, a Seiton beside it, and what is seen on the disk."""

    def __init__(self, folder: Path, console: Console, client: ClientKind = ClientKind.EMBEDDED) -> None:
        self.folder, self.console = folder, console
        self.program: ClientProgram | None = None
        named = TorrentClientSettings()
        if client is not ClientKind.EMBEDDED:
            self.program = ClientProgram(kind=client.value, folder=os.fspath(folder / "client"))
            named = TorrentClientSettings.model_validate(
                {
                    "kind": client.value,
                    "url": self.program.url,
                    "user": self.program.user,
                    "password": self.program.password,
                }
            )
        self.settings = Settings(
            data=folder / "data", library=folder / "library", port=0, torrent_client=named
        )
        self.library = os.fspath(self.settings.library)
        self.problems: list[str] = []

    def run(self) -> dict[str, Any]:
        """Do everything; return the object that ``--json`` prints."""
        began = time.monotonic()
        origin = self.folder / "world"
        origin.mkdir()
        with (
            DemoWorld(os.fspath(origin)) as world,
            self._client_program(world),
            Seiton(self.settings, loopback_only=True) as seiton,
        ):
            originals = world.digests()
            self._fill(seiton, world)
            self.problems += checks.faults(self.library, originals)
            before, tree = checks.media_digests(self.library), checks.digests(self.library)
            self._show(_("The library, as the rules have it"))
            resync_id, resync = self._correct(seiton)
            self._show(_("The library after the edit"))
            corrected = checks.digests(self.library)
            undo_id = self._undo(seiton, resync_id, tree)
            self._undo(seiton, undo_id, corrected)
            self.console.print(_("The edit was undone, every file and NFO byte for byte, and done again."))
            after = checks.media_digests(self.library)
            self.problems += checks.faults(self.library, originals)
            self.problems += checks.misplaced(self.library, originals, TITLE, SEASON)
            counts = self._counts(seiton)
        unchanged = sorted(before.values()) == sorted(after.values())
        result = {
            "ok": not self.problems and unchanged and _complete(counts, resync),
            **counts,
            "resync": resync,
            "media_unchanged": unchanged,
            "seconds": round(time.monotonic() - began, 1),
        }
        self._conclude(result)
        return result

    @contextlib.contextmanager
    def _client_program(self, world: DemoWorld) -> Iterator[None]:
        """Have the torrent client run, where it is one in another process."""
        if self.program is None:
            yield
            return
        self.program.start()
        try:
            world.dial(self.program.peer_port)
            yield
        finally:
            self.program.stop()

    def _fill(self, seiton: Seiton, world: DemoWorld) -> None:
        self.console.print(_("A feed server, a seeder and Seiton are running, all on this machine."))
        for parser in PARSERS:
            create_parser(seiton.core, parser)
        add_subscription(seiton.core, {"source_url": world.feed_url, "name": "Demo"})
        with self.console.status(_("Reading the feed, downloading, filing …")):
            self._wait(
                lambda: self._counts(seiton)["synced"] >= EPISODES, _("not everything was filed in time")
            )

    def _correct(self, seiton: Seiton) -> tuple[int, dict[str, int]]:
        """Edit the parser that misunderstood a season: show the plan, then apply it.

        Returns the id of the resync and what it came to.
        """
        table = tables.parsers
        with seiton.database.read() as connection:
            query = sa.select(table.c.parser_id).where(table.c.name == EDITED)
            parser_id = connection.execute(query).scalar_one()
        preview = preview_parser(seiton.core, CORRECTED, parser_id=parser_id)
        if preview.impact is not None:
            self._show_plan(preview.impact)
        plan_id = preview.impact.plan_id if preview.impact else None
        write = update_parser(seiton.core, parser_id, CORRECTED, plan_id=plan_id)
        resync_id = write.resync["resync_id"]
        items = tables.resync_items
        self._wait_for_resync(seiton, resync_id)
        with seiton.database.read() as connection:
            query = (
                sa.select(items.c.outcome, sa.func.count())
                .where(items.c.resync_id == resync_id)
                .group_by(items.c.outcome)
            )
            outcomes = {row[0]: int(row[1]) for row in connection.execute(query)}
        planned = len(preview.impact.moves) if preview.impact else 0
        if planned != outcomes.get("moved", 0):
            self.problems.append(f"{planned} moves were planned, {outcomes.get('moved', 0)} were made")
        return resync_id, {name: outcomes.get(name, 0) for name in ("moved", "held", "unchanged")}

    def _undo(self, seiton: Seiton, resync_id: int, former: dict[str, str]) -> int:
        """Undo a resync, by its plan, and compare the library with what it was; return the new resync."""
        impact = preview_undo(seiton.core, resync_id)
        undo_id = int(undo(seiton.core, resync_id, plan_id=impact.plan_id)["resync_id"])
        self._wait_for_resync(seiton, undo_id)
        now = checks.digests(self.library)
        different = sorted(name for name in now.keys() | former.keys() if now.get(name) != former.get(name))
        self.problems += [f"not as before: {name}" for name in different]
        return undo_id

    def _wait_for_resync(self, seiton: Seiton, resync_id: int) -> None:
        resyncs = tables.resyncs.c
        query = sa.select(resyncs.state).where(resyncs.resync_id == resync_id)

        def is_done() -> bool:
            with seiton.database.read() as connection:
                return bool(connection.execute(query).scalar_one() == ResyncState.DONE)

        self._wait(is_done, _("the resync did not end in time"))

    def _wait(self, is_done: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not is_done():
            if time.monotonic() > end:
                self.problems.append(otherwise)
                return
            time.sleep(0.05)

    def _counts(self, seiton: Seiton) -> dict[str, int]:
        with seiton.database.read() as connection:

            def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
                query = sa.select(sa.func.count()).select_from(table).where(*conditions)
                return int(connection.execute(query).scalar_one())

            return {
                "raw_items": count(tables.raw_items),
                "links": count(tables.links),
                "synced": count(tables.downloads, tables.downloads.c.status == DownloadStatus.SYNCED),
            }

    def _show_plan(self, impact: Impact) -> None:
        table = Table(title=_("What the corrected rule would move"), title_justify="left")
        table.add_column(_("from"), overflow="fold")
        table.add_column(_("to"), overflow="fold")
        for move in impact.moves:
            table.add_row(move.from_path, move.to_path)
        self.console.print(table)

    def _show(self, title: str) -> None:
        tree = Tree(f"[bold]{title}")
        branches: dict[str, Tree] = {}
        for name in checks.files_below(self.library):
            folder, base = os.path.split(name)
            parent, path = tree, ""
            for part in folder.split(os.sep) if folder else ():
                path = os.path.join(path, part)
                if path not in branches:
                    branches[path] = parent.add(part)
                parent = branches[path]
            parent.add(base)
        self.console.print(tree)

    def _conclude(self, result: dict[str, Any]) -> None:
        for problem in self.problems:
            self.console.print(f"[red]✗[/red] {problem}", highlight=False)
        moved, seconds = result["resync"]["moved"], result["seconds"]
        if result["ok"]:
            text = _(
                "{synced} episodes filed, {moved} moved by one edit, not a byte lost, {seconds} s.",
                synced=result["synced"],
                moved=moved,
                seconds=seconds,
            )
            self.console.print(f"[green]✓[/green] {text}", highlight=False)


def _complete(counts: dict[str, int], resync: dict[str, int]) -> bool:
    return (
        counts == {"raw_items": RAW_ITEMS, "links": EPISODES, "synced": EPISODES}
        and resync["moved"] == SEASON
        and resync["held"] == 0
    )
