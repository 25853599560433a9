"""Folders as they are found: made by the tests, with everything that people have in them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

EPISODE = """<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<!-- created by another program -->
<episodedetails>
  <plot>{title} is told.</plot>
  <lockdata>false</lockdata>
  <title>{title}</title>
  <uniqueid type="tvdb">{number}</uniqueid>
  <season>{season}</season>
  <episode>{episode}</episode>
</episodedetails>"""
SHOW = """<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<tvshow><title>{title}</title><year>{year}</year>
<uniqueid type="tvdb" default="true">{number}</uniqueid></tvshow>
"""


def put(root: Path, name: str | bytes, content: bytes | str | None = None) -> bytes:
    """Make a file below ``root``; without a content one that is like no other. Return its path."""
    path = os.path.join(os.fsencode(root), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if content is None:
        content = hashlib.shake_128(os.fsencode(name)).digest(3000)
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return path


def make_jellyfin_show(root: Path) -> None:
    """Make a show as Jellyfin keeps it, with NFOs and images."""
    base = "Frieren/Season 01"
    put(root, "Frieren/tvshow.nfo", SHOW.format(title="Frieren", year=2023, number=424536))
    put(root, "Frieren/poster.jpg", b"a poster")
    put(root, "Frieren/theme.mp3", b"music")
    for episode, title in ((1, "The Journey's End"), (2, "It Didn't Have to Be Magic")):
        stem = f"{base}/Frieren - S01E{episode:02d}"
        put(root, stem + ".mkv")
        nfo = EPISODE.format(title=title, number=9000 + episode, season=1, episode=episode)
        put(root, stem + ".nfo", nfo)
        put(root, stem + "-thumb.jpg", b"thumb %d" % episode)
        put(root, stem + ".zh-hant.ass", b"subtitle %d" % episode)


def make_messy_library(root: Path) -> None:
    """Make a library that grew over years."""
    make_jellyfin_show(root)
    # named otherwise, with an NFO that knows better than the name
    put(root, "Frieren/Season 01/[Sub] Frieren - 99 [720p].mkv")
    put(
        root,
        "Frieren/Season 01/[Sub] Frieren - 99 [720p].nfo",
        EPISODE.format(title="Killing Magic", number=9003, season=1, episode=3),
    )
    # GBK, from an old archive
    folder = "进击的巨人/第二季".encode("gbk")
    for episode in (1, 2):
        stem = folder + f"/第{episode:02d}话".encode("gbk")
        put(root, stem + b".mkv")
        put(root, stem + b".ass", b"gbk subtitle %d" % episode)
    # two files of one episode, one better
    put(root, "Tea/[A] Tea - 01 [1080p].mkv")
    put(root, "Tea/[A] Tea - 01v2 [1080p].mkv")
    put(root, "Tea/[A] Tea - 02 [1080p].mkv")
    # two of which nobody can tell which is better
    put(root, "Tea/[B] Tea - 05 [1080p].mkv")
    put(root, "Tea/[C] Tea - 05 [1080p].mkv")
    # packs in packs
    put(root, "packs/[G] Deep S2 [01-02][1080p]/[G] Deep S2 [01][1080p].mkv")
    put(root, "packs/[G] Deep S2 [01-02][1080p]/[G] Deep S2 [02][1080p].mkv")
    put(root, "packs/[G] Deep S2 [01-02][1080p]/[G] Deep S2 [NCOP][1080p].mkv")
    put(root, "packs/[G] Deep S2 [01-02][1080p]/Scans/cover.png", b"scan")
    # what nobody can tell
    put(root, "Odds/holiday.mkv")
    put(root, "Odds/Pair - S01E01-E02.mkv")
    put(root, "Odds/notes.txt", b"mine")
    put(root, "Odds/Season 02/Odds - S01E04.mkv")
    put(root, "loose.txt", b"mine, too")
    os.symlink("/etc", root / "link to etc")


def tree(root: Path) -> dict[bytes, tuple[int, int, str]]:
    """Return size, mtime and digest of every file and folder below ``root``, links as they are."""
    found: dict[bytes, tuple[int, int, str]] = {}
    for base, folders, names in os.walk(os.fsencode(root)):
        folders[:] = [name for name in folders if name != b".seiton"]
        for name in [*folders, *names]:
            path = os.path.join(base, name)
            status = os.lstat(path)
            digest = ""
            if os.path.islink(path):
                digest = os.readlink(path).decode()
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, os.fsencode(root))] = (status.st_size, status.st_mtime_ns, digest)
    return found
