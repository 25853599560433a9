"""What aria2 leaves when a torrent is removed with its data: all of it, because it deletes nothing."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence

from seiton.adapters.files import FileOutcome, identify, list_names, remove_empty_folder, retire
from seiton.adapters.torrents.port import ClientAway
from seiton.domain.contents import TorrentFile
from seiton.text import _

_COPY = re.compile(rb"[0-9a-f]{40}\.torrent")
"""aria2 keeps torrents that it was given beside their files, by a name of which they do not know."""


def erase(folder: str, files: Sequence[tuple[TorrentFile, str]], info_hash: str) -> None:
    """Remove ``files`` (with their paths) of a torrent that lay in ``folder``, then folders that are empty.

    Names in the library, hard links, stay. Raises ``ClientAway`` for what cannot be removed.
    """
    tops = {file.path.split(b"/")[0] for file, _path in files}
    own = [os.fsencode(path) for _file, path in files]
    own += [os.path.join(os.fsencode(folder), top + b".aria2") for top in tops]
    is_made_for_it = os.path.basename(folder) == info_hash
    if is_made_for_it:
        names = list_names(os.fsencode(folder))
        own += [os.path.join(os.fsencode(folder), name) for name in names if _COPY.fullmatch(name)]
    for path in own:
        try:
            found = identify(path)
            if found is not None and not found.is_dir:
                retire(path, step=info_hash, ours=found, survivor=None)
        except FileOutcome as error:
            message = _("{path} could not be deleted.", path=os.fsdecode(path))
            raise ClientAway(message) from error
    root = os.fsencode(folder)
    inside = {parent for path in own for parent in _parents(path, root)}
    if is_made_for_it:
        inside.add(root)
    for empty in sorted(inside, key=len, reverse=True):
        with contextlib.suppress(FileOutcome):
            remove_empty_folder(empty)


def _parents(path: bytes, root: bytes) -> Iterator[bytes]:
    """Yield the folders between ``root`` and ``path``."""
    while (path := os.path.dirname(path)).startswith(root + b"/"):
        yield path
