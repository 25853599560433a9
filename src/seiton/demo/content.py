"""The demo's files, the same on every machine, and the torrents of them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

import libtorrent as lt

from seiton.demo.sample import Media, Release

_PIECE = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A release with its torrent. ``size`` is the bytes of its files."""

    release: Release
    info_hash: str
    torrent: bytes
    size: int


def media_bytes(media: Media) -> bytes:
    """Return the content of a file: a small subtitle that can be read, else bytes as from a video."""
    if media.name.endswith(".mkv"):
        return hashlib.shake_128(media.name.encode()).digest(media.size)
    if media.name.endswith(".ass"):
        text = f"[Script Info]\nTitle: {media.name}\nScriptType: v4.00+\n\n[Events]\n"
        line = "Dialogue: 0,0:00:01.00,0:00:04.00,Default,,0,0,0,,…\n"
    else:
        text = f"1\n00:00:01,000 --> 00:00:04,000\n{media.name}\n\n"
        line = "2\n00:00:05,000 --> 00:00:08,000\n…\n\n"
    content = text.encode()
    while len(content) < media.size:
        content += line.encode()
    return content


def publish(release: Release, folder: str, *, tracker: str) -> Published:
    """Write the files of ``release`` below ``folder`` and make a torrent of them."""
    entries = []
    for media in release.files:
        name = f"{release.folder}/{media.name}" if release.folder else media.name
        path = os.path.join(folder, name)
        content = media_bytes(media)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(content)
        entries.append(lt.create_file_entry(name, len(content)))
    made = lt.create_torrent(entries, _PIECE, lt.create_torrent.v1_only)
    lt.set_piece_hashes(made, folder)
    made.add_tracker(tracker)
    torrent = lt.bencode(made.generate())
    return Published(
        release=release,
        info_hash=str(lt.load_torrent_buffer(torrent).info_hashes.v1),
        torrent=torrent,
        size=sum(entry.size for entry in entries),
    )
