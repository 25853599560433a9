"""Torrent files and magnet links: what they hold, and which of them are not taken.

libtorrent makes file names safe without a word (``../a`` becomes ``_/a``). Nobody honest publishes such
names, so the raw names are looked at here and the torrent is refused, naming the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import libtorrent as lt

from seiton.adapters.torrents.port import Refusal, TorrentRefused, TorrentSource
from seiton.domain.contents import TorrentFile, hostile
from seiton.text import _

MAX_TORRENT_BYTES = 10 * 1024 * 1024
MAX_FILES = 20_000

_DRIVE = re.compile(rb"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentInfo:
    """What a .torrent file says. ``files`` have the paths at which they will lie, ``size`` is bytes."""

    info_hash: str
    name: str
    files: tuple[TorrentFile, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnetInfo:
    """What a magnet link says. ``name`` is empty where it names none."""

    info_hash: str
    name: str
    trackers: tuple[str, ...]


def read_torrent(content: bytes) -> TorrentInfo:
    """Read the bytes of a .torrent file. Raises ``TorrentRefused``."""
    params = torrent_params(content)
    info = cast("lt.torrent_info", params.ti)
    files = content_files(info, params.renamed_files)
    return TorrentInfo(
        info_hash=key_of(params.info_hashes),
        name=info.name(),
        files=files,
        size=sum(file.size for file in files),
    )


def read_magnet(uri: str) -> MagnetInfo:
    """Read a magnet link (``btih`` in hex or base32, ``btmh``). Raises ``TorrentRefused``."""
    params = magnet_params(uri)
    return MagnetInfo(info_hash=key_of(params.info_hashes), name=params.name, trackers=tuple(params.trackers))


def torrent_params(content: bytes) -> lt.add_torrent_params:
    """Turn a .torrent file into libtorrent's parameters, after all checks. Raises ``TorrentRefused``."""
    if len(content) > MAX_TORRENT_BYTES:
        raise TorrentRefused(
            Refusal.TOO_LARGE,
            _("The torrent file is larger than {limit} MiB.", limit=MAX_TORRENT_BYTES >> 20),
        )
    try:
        params = lt.load_torrent_buffer(content, cast("Any", {"max_buffer_size": MAX_TORRENT_BYTES}))
    except (RuntimeError, ValueError, UnicodeError) as error:
        raise TorrentRefused(
            Refusal.BAD_FILE, _("This is not a torrent file: {reason}", reason=error)
        ) from error
    content_files(cast("lt.torrent_info", params.ti), params.renamed_files)
    return params


def magnet_params(uri: str) -> lt.add_torrent_params:
    """Turn a magnet link into libtorrent's parameters. Raises ``TorrentRefused``."""
    try:
        return lt.parse_magnet_uri(uri)
    except (RuntimeError, ValueError, UnicodeError) as error:
        raise TorrentRefused(
            Refusal.BAD_MAGNET, _("This is not a magnet link: {reason}", reason=error)
        ) from error


def params_of(source: TorrentSource) -> lt.add_torrent_params:
    """Turn a source into libtorrent's parameters, after all checks. Raises ``TorrentRefused``."""
    if source.content is not None:
        params = torrent_params(source.content)
    elif source.magnet is not None:
        params = magnet_params(source.magnet)
    else:
        raise TorrentRefused(Refusal.BAD_FILE, _("There is neither a torrent file nor a magnet link."))
    expected = (source.info_hash or "").lower()
    if expected and expected not in names_of(params.info_hashes):
        raise TorrentRefused(
            Refusal.WRONG_HASH,
            _(
                "The torrent is {found}, but {expected} was announced.",
                found=key_of(params.info_hashes),
                expected=expected,
            ),
        )
    return params


def key_of(hashes: lt.info_hash_t) -> str:
    """Return the info hash that names a torrent everywhere in Seiton (see ``port``)."""
    return str(hashes.v1) if hashes.has_v1() else str(hashes.v2)[:40]


def names_of(hashes: lt.info_hash_t) -> tuple[str, ...]:
    """Return every hash by which a torrent may be asked for: a hybrid has two."""
    names = []
    if hashes.has_v1():
        names.append(str(hashes.v1))
    if hashes.has_v2():
        names.append(str(hashes.v2)[:40])
    return tuple(names)


def content_files(info: lt.torrent_info, renamed: dict[int, str]) -> tuple[TorrentFile, ...]:
    """Return the files of a torrent as they lie on the disk, without the padding between them.

    ``renamed`` are the names that libtorrent gave to files that would have met in one name.
    Raises ``TorrentRefused`` for names that nobody honest publishes, and for too many files.
    """
    _check_names(cast("dict[Any, Any]", lt.bdecode(info.info_section())))
    layout = info.layout()
    files = []
    for index in range(layout.num_files()):
        if layout.file_flags(index) & lt.file_flags_t.flag_pad_file:
            continue
        # libtorrent writes names as UTF-8 whatever the locale is.
        path = (renamed.get(index) or layout.file_path(index)).encode()
        files.append(TorrentFile(index=index, path=path, size=layout.file_size(index)))
    if len(files) > MAX_FILES:
        raise TorrentRefused(
            Refusal.TOO_LARGE, _("The torrent has more than {limit} files.", limit=MAX_FILES)
        )
    return tuple(files)


def _check_names(info: dict[Any, Any]) -> None:
    for path, is_link in _raw_paths(info):
        # A link may point anywhere, and the path of the next file may lead through it.
        if is_link or _is_hostile(path):
            shown = b"/".join(path).decode("utf-8", "backslashreplace")
            raise TorrentRefused(
                Refusal.HOSTILE_PATH,
                _("The torrent has a file that would not stay in its folder: {path!r}", path=shown),
            )


def _raw_paths(info: dict[Any, Any]) -> Iterator[tuple[tuple[bytes, ...], bool]]:
    """Yield the paths of an info dictionary in all the ways it may write them, and which are links."""
    roots = [info[key] for key in (b"name", b"name.utf-8") if isinstance(info.get(key), bytes)]
    for root in roots or [b""]:
        yield (root,), _is_link(info)
    listed = info.get(b"files")
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict):
            continue
        for key in (b"path", b"path.utf-8"):
            if isinstance(entry.get(key), list):
                parts = (part if isinstance(part, bytes) else b"" for part in entry[key])
                yield tuple(parts), _is_link(entry)
    tree = info.get(b"file tree")
    if isinstance(tree, dict):
        yield from _tree_paths(tree, ())


def _tree_paths(tree: dict[Any, Any], above: tuple[bytes, ...]) -> Iterator[tuple[tuple[bytes, ...], bool]]:
    # The decoder has bounded the depth.
    for name, below in tree.items():
        if name == b"" and isinstance(below, dict):
            yield above, _is_link(below)
        elif isinstance(below, dict):
            yield from _tree_paths(below, (*above, name))


def _is_link(entry: dict[Any, Any]) -> bool:
    flags = entry.get(b"attr", b"")
    return isinstance(flags, bytes) and b"l" in flags


def _is_hostile(path: tuple[bytes, ...]) -> bool:
    return (
        any(b"/" in part for part in path)
        or hostile(b"/".join(path)) is not None
        or _DRIVE.fullmatch(path[0]) is not None
    )
