"""The embedded client's memory on disk: one file for each torrent, written whole or not at all."""

from __future__ import annotations

import fcntl
import logging
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import libtorrent as lt

from seiton.adapters.torrents.port import ClientAway
from seiton.text import _

log = logging.getLogger(__name__)

_NAME = re.compile(r"[0-9a-f]{40}\.resume")


class Stage(StrEnum):
    """What a torrent may do to the disk."""

    NEW = "new"  #: nothing: it has not been seen whether files of others lie where it would write
    ADMITTED = "admitted"  #: write
    COMPLETE = "complete"  #: nothing any more: every byte is there, and may be linked into a library


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A torrent as it was last remembered. ``paused``: by request, not by the queue."""

    info_hash: str
    stage: Stage
    paused: bool
    params: lt.add_torrent_params


class Records:
    """Reads and writes ``<folder>/<info hash>.resume``; one process at a time.

    A file is a bencoded dictionary ``{paused, resume, stage}``. libtorrent's resume data is kept in it as
    a byte string: decoded and encoded again, a torrent that is not canonical would change its info hash.
    Calls are not thread-safe.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.makedirs(folder, exist_ok=True)
            self._lock = os.open(os.path.join(folder, ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ClientAway(_cannot_write(folder, error)) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ClientAway(_("Another process downloads into {folder} already.", folder=folder)) from error

    def read_all(self) -> list[Record]:
        """Return every readable record; one that is not readable is named in the log and left alone."""
        records = []
        for name in sorted(os.listdir(self._folder)):
            if not _NAME.fullmatch(name):
                continue
            path = os.path.join(self._folder, name)
            try:
                records.append(_read(path, name[:40]))
            except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
                log.error("cannot read %s, leaving it alone: %s", path, error)
        return records

    def write(self, record: Record) -> None:
        """Remember ``record``; on return it survives a power cut. Raises ``ClientAway``."""
        document: dict[bytes, Any] = {
            b"paused": int(record.paused),
            b"resume": lt.write_resume_data_buf(record.params),
            b"stage": record.stage.encode(),
        }
        self._write(record.info_hash, lt.bencode(document))

    def set_paused(self, info_hash: str, paused: bool) -> None:
        """Change nothing but whether the torrent is paused. Raises ``ClientAway``."""
        try:
            with open(self._path(info_hash), "rb") as stream:
                document = _decode(stream.read())
        except (OSError, RuntimeError, ValueError) as error:
            raise ClientAway(_cannot_write(self._path(info_hash), error)) from error
        document[b"paused"] = int(paused)
        self._write(info_hash, lt.bencode(document))

    def forget(self, info_hash: str) -> None:
        """Remove a record, if there is one. Raises ``ClientAway``."""
        try:
            os.unlink(self._path(info_hash))
            self._sync_folder()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ClientAway(_cannot_write(self._path(info_hash), error)) from error

    def close(self) -> None:
        """Let another process have the folder."""
        os.close(self._lock)

    def _path(self, info_hash: str) -> str:
        return os.path.join(self._folder, f"{info_hash}.resume")

    def _write(self, info_hash: str, content: bytes) -> None:
        path = self._path(info_hash)
        try:
            with open(f"{path}.tmp", "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(f"{path}.tmp", path)
            self._sync_folder()
        except OSError as error:
            raise ClientAway(_cannot_write(path, error)) from error

    def _sync_folder(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: str, info_hash: str) -> Record:
    with open(path, "rb") as stream:
        document = _decode(stream.read())
    return Record(
        info_hash=info_hash,
        stage=Stage(document[b"stage"].decode()),
        paused=bool(document[b"paused"]),
        params=lt.read_resume_data(document[b"resume"]),
    )


def _decode(content: bytes) -> dict[bytes, Any]:
    document = lt.bdecode(content)
    if not isinstance(document, dict):
        raise ValueError("not a dictionary")
    return cast("dict[bytes, Any]", document)


def _cannot_write(path: str, error: Exception) -> str:
    return _("The torrent client cannot write {path}: {reason}", path=path, reason=error)
