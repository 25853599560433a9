"""A viewer on a real folder and a real database: files made to order, requests, a look at the disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from seiton.adapters.database import Database
from seiton.adapters.files import LinkMode
from seiton.adapters.migrations import upgrade
from seiton.contract import (
    ItemReceipt,
    ViewerRemoval,
    ViewerResyncRequest,
    ViewerSyncCallback,
    ViewerSyncRequest,
)
from seiton.domain.naming import NamingProfile
from seiton.viewer.converge import Summary, converge
from seiton.viewer.receive import receive
from seiton.viewer.report import report
from seiton.viewer.service import Profile, Viewer, utc_now


@dataclass
class Reports:
    """A Core that takes every report (or none) and remembers them."""

    taken: list[ViewerSyncCallback] = field(default_factory=list)
    is_there: bool = True

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        if self.is_there:
            self.taken += [callback for _url, callback in callbacks]
        return [self.is_there] * len(callbacks)

    def last(self, download_id: int) -> ViewerSyncCallback:
        return [callback for callback in self.taken if callback.download_id == download_id][-1]

    def picture(self, _url: str, _core_instance: str, _name: str) -> bytes | None:
        return None


class ViewerWorld:
    """Downloads, library, database and viewer below one folder."""

    def __init__(
        self,
        folder: Path,
        database: str | Database,
        *,
        link_mode: LinkMode = LinkMode.AUTO,
        migrate: bool = True,
        chunk_steps: int = 500,
        downloads: Path | None = None,
        films: Path | None = None,
    ) -> None:
        self.library = folder / "library"
        self.films = films
        self.downloads = downloads or folder / "downloads"
        self.library.mkdir(exist_ok=True, parents=True)
        self.downloads.mkdir(exist_ok=True, parents=True)
        self.database = database if isinstance(database, Database) else Database(database)
        if migrate:
            upgrade(self.database, "viewer")
        self.core = Reports()
        self.revisions: dict[int, int] = {}
        self.link_mode, self.chunk_steps = link_mode, chunk_steps
        self.passed = timedelta()
        self.viewer = self.start()

    def start(self) -> Viewer:
        """Start the viewer, or start it again as after a crash: nothing is kept in memory."""
        self.viewer = Viewer(
            database=self.database,
            root=os.fsencode(self.library),
            download_roots=(os.fsencode(self.downloads),),
            profile=Profile(
                naming=NamingProfile(), link_mode=self.link_mode, allow_copy=True, reserve_bytes=0
            ),
            core=self.core,
            wake=lambda _job: None,
            now=lambda: utc_now() + self.passed,
            chunk_steps=self.chunk_steps,
            movies_root=None if self.films is None else os.fsencode(self.films),
        )
        return self.viewer

    def download(self, name: str, size: int = 2000) -> Path:
        """Make a finished download whose content is recognisable for ever."""
        path = self.downloads / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = hashlib.sha256(name.encode()).digest()
        path.write_bytes((seed * (size // 32 + 1))[:size])
        return path

    def sync_request(
        self, download_id: int, title: str, season: int, episode: int, subtitles: Sequence[str] = ()
    ) -> ViewerSyncRequest:
        self.revisions[download_id] = self.revisions.get(download_id, 0) + 1
        return ViewerSyncRequest(
            download_id=download_id,
            series_id=season + 1,
            anime_title=title,
            series_no=season,
            episode_no=episode,
            subtitle_group="Group",
            callback_url="http://core.test/sync-callback",
            core_instance="core",
            revision=self.revisions[download_id],
            file_path=str(self.downloads / f"{download_id}.mkv"),
            subtitle_paths=tuple(str(self.downloads / name) for name in subtitles),
        )

    def resync_request(
        self, download_id: int, title: str, season: int, episode: int, *, revision: int | None = None
    ) -> ViewerResyncRequest:
        if revision is None:
            self.revisions[download_id] = self.revisions.get(download_id, 0) + 1
            revision = self.revisions[download_id]
        return ViewerResyncRequest(
            download_id=download_id,
            series_id=season + 1,
            anime_title=title,
            series_no=season,
            episode_no=episode,
            subtitle_group="Group",
            callback_url="http://core.test/sync-callback",
            core_instance="core",
            revision=revision,
            old_target_path="",
        )

    def removal(self, download_id: int, trash: str = "r1", *, erase: bool = False) -> ViewerRemoval:
        self.revisions[download_id] = self.revisions.get(download_id, 0) + 1
        return ViewerRemoval(
            download_id=download_id,
            trash=trash,
            revision=self.revisions[download_id],
            callback_url="http://core.test/sync-callback",
            core_instance="core",
            erase=erase,
        )

    def file_away(self, download_id: int, title: str, season: int, episode: int) -> None:
        """Download and sync one episode."""
        self.download(f"{download_id}.mkv")
        receive(self.viewer, [self.sync_request(download_id, title, season, episode)])
        self.settle()

    def resync(self, *wishes: tuple[int, str, int, int]) -> list[ItemReceipt]:
        """Ask for new metadata of several downloads at once and let the viewer converge."""
        receipts = receive(self.viewer, [self.resync_request(*wish) for wish in wishes])
        self.settle()
        return receipts

    def wait(self) -> Summary:
        """Let so much time pass that everything held is looked at again."""
        self.passed += timedelta(hours=7)
        return self.settle()

    def settle(self) -> Summary:
        summary = converge(self.viewer)
        report(self.viewer)
        return summary

    def tree(self) -> list[str]:
        """Return every file below the library (without Seiton's own folder), relative, sorted."""
        found = []
        for base, folders, names in os.walk(self.library):
            folders[:] = [name for name in folders if name != ".seiton"]
            found += [os.path.relpath(os.path.join(base, name), self.library) for name in names]
        return sorted(found)

    def folders(self) -> list[str]:
        found = []
        for base, folders, _names in os.walk(self.library):
            folders[:] = [name for name in folders if name != ".seiton"]
            found += [os.path.relpath(os.path.join(base, name), self.library) for name in folders]
        return sorted(found)

    def videos(self) -> dict[str, str]:
        """Return library path → name of the download whose bytes lie there."""
        originals = {
            hashlib.sha256(path.read_bytes()).hexdigest(): path.name
            for path in self.downloads.rglob("*")
            if path.is_file()
        }
        result = {}
        for name in self.tree():
            if name.endswith((".mkv", ".mp4")):
                digest = hashlib.sha256((self.library / name).read_bytes()).hexdigest()
                result[name] = originals.get(digest, "?")
        return result
