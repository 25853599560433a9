"""First part of a plan to adopt a folder: what its videos are, one by one, as the viewer lists them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.contract import ScannedFolder, ScannedNfo, ScannedVideo, ViewerScan, ViewerScanRequest
from seiton.core import tables
from seiton.core.rules.rulesets import ruleset
from seiton.core.service import Core
from seiton.domain.adopting import (
    Evidence,
    Folder,
    Left,
    Verdict,
    Video,
    WhyLeft,
    dump_evidence,
    judge,
    readable,
)
from seiton.domain.naming import display
from seiton.domain.nfo_merge import Unreadable, WhyUnreadable
from seiton.domain.nfo_reading import About, Said
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.rules import Matched
from seiton.domain.sidecars import video_base
from seiton.domain.titles import Ruleset

_INFO_HASH = re.compile(r"[0-9a-f]{40}")


def parts_of(core: Core, path: str) -> Iterator[ViewerScan]:
    """Ask the viewer for what lies below ``path``, part by part."""
    after: str | None = None
    while True:
        part = core.viewer.scan(ViewerScanRequest(path=path, after=after))
        yield part
        if part.after is None:
            return
        after = part.after


class Scanning:
    """Stores what is found for one adoption, a part of the folder in one transaction.

    ``others`` counts the files that are no videos and belong to none; ``has_links``: some video has a second
    name somewhere.
    """

    def __init__(self, core: Core, adoption_id: int) -> None:
        self._core, self._adoption_id = core, adoption_id
        self._number = 0
        self.others = 0
        self.has_links = False

    def take(self, part: ViewerScan) -> None:
        """Judge the folders of ``part`` and store their videos."""
        with self._core.database.write() as connection:
            rules, unheard = _rules(connection)
            fetched = torrents_of(connection, part)
            rows = [
                row for folder in part.folders for row in self._rows(part, folder, rules, unheard, fetched)
            ]
            for few in chunks(rows):
                connection.execute(sa.insert(tables.adoption_files), few)

    def _rows(
        self,
        part: ViewerScan,
        folder: ScannedFolder,
        rules: Ruleset,
        unheard: tuple[int, ...],
        fetched: Mapping[str, str],
    ) -> Iterator[dict[str, Any]]:
        said = [_heard(rules, unheard, video) for video in folder.videos]
        videos = [
            Video(
                name=path_of_text(video.name),
                nfo=_nfo(video.nfo),
                parsed=match.parsed if match is not None else None,
            )
            for video, match in zip(folder.videos, said, strict=True)
        ]
        show, season = _nfo(folder.show), _nfo(folder.season)
        verdicts = judge(
            Folder(
                path=_parts(folder.path),
                videos=tuple(videos),
                is_library=part.is_library,
                show=show if isinstance(show, Said) else None,
                show_depth=folder.show_depth if isinstance(show, Said) else 0,
                season=season if isinstance(season, Said) else None,
            )
        )
        self.others += folder.others
        for video, match, verdict in zip(folder.videos, said, verdicts, strict=True):
            self._number += 1
            self.has_links |= video.links > 1
            if video.is_link:
                verdict = Left(why=WhyLeft.SOURCE_IS_LINK)
            elif video.kept or (not part.is_library and _first(folder.path) in fetched):
                verdict = Left(why=WhyLeft.ALREADY_KEPT)
            yield {
                "adoption_id": self._adoption_id,
                "number": self._number,
                **_file(folder, video),
                **_decided(verdict, match, unheard),
            }


def torrents_of(connection: sa.Connection, part: ViewerScan) -> dict[str, str]:
    """Return those first folders in ``part`` that Core had a torrent saved in, with its info hash."""
    names = {_first(folder.path) for folder in part.folders}
    hashes = sorted(name for name in names if _INFO_HASH.fullmatch(name))
    if not hashes:
        return {}
    column = tables.downloads.c.torrent_hash
    found = connection.execute(sa.select(column).where(column.in_(hashes)).distinct()).scalars()
    return {str(info_hash): str(info_hash) for info_hash in found}


def _first(path: str) -> str:
    return path.partition("/")[0]


def _parts(path: str) -> tuple[bytes, ...]:
    given = path_of_text(path)
    return tuple(given.split(b"/")) if given else ()


def _rules(connection: sa.Connection) -> tuple[Ruleset, tuple[int, ...]]:
    """Return all rules as they are, and the ids of those that are not the user's."""
    version = connection.execute(sa.select(tables.state.c.rules_version)).scalar_one()
    parsers = tables.parsers.c
    others = sa.select(parsers.parser_id).where(parsers.origin != "user").order_by(parsers.parser_id)
    return ruleset(connection, version), tuple(connection.execute(others).scalars())


def _heard(rules: Ruleset, unheard: tuple[int, ...], video: ScannedVideo) -> Matched | None:
    """Return what the user's own parser reads from the name, if it is one that wins."""
    outcome = rules.parse(title_of(video.name))
    return outcome if isinstance(outcome, Matched) and outcome.parser_id not in unheard else None


def title_of(name: str) -> str:
    """Return the title that stands for a file: its name without suffix, readable."""
    given = path_of_text(name)
    stem = os.path.basename(video_base(given) or given)
    return readable(stem) or display(stem)


def _nfo(nfo: ScannedNfo | None) -> Said | Unreadable | None:
    if nfo is None:
        return None
    if not nfo.about:
        return Unreadable(reason=WhyUnreadable.MALFORMED)
    return Said(
        about=About(nfo.about),
        title=nfo.title,
        season=nfo.season,
        episode=nfo.episode,
        episodes=nfo.episodes,
        year=nfo.year,
        ids=nfo.ids,
    )


def _file(folder: ScannedFolder, video: ScannedVideo) -> dict[str, Any]:
    return {
        "path": _joined(folder.path, video.name),
        "size": video.size,
        "inode": video.inode,
        "device": video.device,
        "mtime_ns": video.mtime_ns,
        "subtitle_paths": [_joined(folder.path, name) for name in video.subtitles],
    }


def _joined(folder: str, name: str) -> str:
    return text_of_path(os.path.join(path_of_text(folder), path_of_text(name)))


_COLUMNS = ("title", "series_no", "episode_no", "episode_tenths", "year")


def _decided(verdict: Verdict, heard: Matched | None, unheard: tuple[int, ...]) -> dict[str, Any]:
    if isinstance(verdict, Left):
        nothing = dict.fromkeys((*_COLUMNS, "evidence", "sources", "show_ids", "episode_ids"))
        return nothing | {"reason": verdict.why.value, "detail": verdict.detail}
    found = verdict.parsed
    evidence = Evidence(
        found=found,
        rules=heard.parsed if heard is not None else None,
        parser_id=heard.parser_id if heard is not None else None,
        unheard=unheard,
    )
    return {
        "title": found.anime_title,
        "series_no": found.series_no,
        "episode_no": found.episode_no,
        "episode_tenths": found.episode_tenths,
        "year": found.year,
        "evidence": dump_evidence(evidence),
        "sources": {field: source.value for field, source in verdict.sources.items()},
        "show_ids": [list(pair) for pair in verdict.show_ids],
        "episode_ids": [list(pair) for pair in verdict.episode_ids],
        "reason": None,
        "detail": None,
    }


def retitled(evidence: Evidence, title: str) -> dict[str, Any]:
    """Return stored evidence of a file under another title."""
    return dump_evidence(replace(evidence, found=evidence.found._replace(anime_title=title)))


def pair_with_downloads(core: Core, adoption_id: int, folders: Sequence[str]) -> None:
    """Note for files that have a second name in a download folder which one that is, and its torrent."""
    table = tables.adoption_files
    update = (
        sa.update(table)
        .where(
            table.c.adoption_id == adoption_id,
            table.c.inode == sa.bindparam("its_inode"),
            table.c.size == sa.bindparam("its_size"),
            table.c.device == sa.bindparam("its_device"),
        )
        .values(source_path=sa.bindparam("its_source"), info_hash=sa.bindparam("its_hash"))
    )
    for folder in folders:
        for part in parts_of(core, folder):
            with core.database.write() as connection:
                fetched = torrents_of(connection, part)
                rows = [
                    {
                        "its_inode": video.inode,
                        "its_size": video.size,
                        "its_device": video.device,
                        "its_source": _joined(part.root, _joined(found.path, video.name)),
                        "its_hash": fetched.get(_first(found.path)),
                    }
                    for found in part.folders
                    for video in found.videos
                    if video.links > 1
                ]
                if rows:
                    connection.execute(update, rows)
