"""Checks of folders that speak: what was found, and what to do. Tried for real; nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from seiton.config import Settings
from seiton.faces.findings import Finding, bad, good, warning
from seiton.text import _

LITTLE_SPACE = 10 * 2**30
NO_SPACE = 2**30


def folder(name: str, path: Path) -> Iterator[Finding]:
    """Is it there, may we write, is there room?"""
    check = f"folder {name}"
    if not path.is_dir():
        if path.exists():
            yield bad(
                check, _("{path} is not a folder.", path=path), _("Choose another path, or move it away.")
            )
            return
        parent = next((p for p in path.absolute().parents if p.exists()), Path("/"))
        if name == "library" or not os.access(parent, os.W_OK | os.X_OK):
            do = _("Make it, or mount its disk, for the user that Seiton runs as.")
            yield bad(check, _("{path} is not there.", path=path), do)
        else:
            yield good(check, _("{path} is not there yet; the first start makes it.", path=path))
        return
    try:
        with _disposable(path):
            pass
    except OSError as error:
        do = _("Let the user that Seiton runs as (uid {uid}) write there.", uid=os.geteuid())
        yield bad(check, _("{path} cannot be written: {reason}.", path=path, reason=error.strerror), do)
        return
    free = shutil.disk_usage(path).free
    says = _("{path} can be written, {free} GiB are free.", path=path, free=f"{free / 2**30:.1f}")
    if free < LITTLE_SPACE:
        make = bad if free < NO_SPACE else warning
        yield make(check, says, _("Make room on its disk."))
    else:
        yield good(check, says)


@contextlib.contextmanager
def _disposable(path: Path) -> Iterator[Path]:
    """Make a new file below ``path`` for the time of the block."""
    made = path / f".seiton-tmp-doctor-{secrets.token_hex(8)}"
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)


def links(settings: Settings) -> Iterator[Finding]:
    """Does a hard link from the downloads into the library really work?"""
    downloads, library = Path(settings.downloads), Path(settings.library)
    if not (downloads.is_dir() and library.is_dir()):
        return
    target = library / f".seiton-tmp-doctor-{secrets.token_hex(8)}"
    try:
        with _disposable(downloads) as source:
            try:
                os.link(source, target)
            finally:
                target.unlink(missing_ok=True)
    except OSError as error:
        says = _(
            "No hard link from {downloads} into {library}: {reason}.",
            downloads=downloads,
            library=library,
            reason=error.strerror,
        )
        if settings.link_mode in {"copy", "move"} or settings.allow_copy:
            yield warning("hard links", says, _("Files are copied, which takes time and space."))
        else:
            do = _(
                "Put both folders on one file system and, in a container, below one mount;"
                " or set allow_copy, which costs the space of a copy."
            )
            yield bad("hard links", says, do)
        return
    yield good("hard links", _("A hard link from the downloads into the library works."))
