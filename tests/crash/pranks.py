"""What others do to a library in the instant between Seiton's look and its call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from seiton.adapters.files import exclusive, moving
from tests.crash.breaks import put_in
from tests.crash.stages import SOMEBODYS, Stage

NEVER = 1_000_000


def act_with(stage: Stage, number: int, note: Path, prank: Callable[[Path, bytes], str]) -> None:
    """Act, but play ``prank`` just before the call that gives a file of the library its ``number``-th name.

    ``note`` gets two lines: how many such calls there were until then, and what the prank said.
    """
    roots = [os.fsencode(root) + b"/" for root in (stage.library, stage.films) if root is not None]
    count, said = 0, ""

    def look(target: bytes) -> None:
        nonlocal count, said
        is_own = b"/.seiton" in target or not target.startswith(tuple(roots))
        if is_own or os.path.lexists(target):
            return
        if count == number:
            said = prank(stage.library, target)
        count += 1
        note.write_text(f"{count}\n{said}")

    def before(call: Callable[..., int | None]) -> Callable[..., int | None]:
        def looking(source: bytes, target: bytes, *rest: int, **options: bool) -> int | None:
            look(target)
            return call(source, target, *rest, **options)

        return looking

    for module, name in ((moving, "rename_flagged"), (exclusive, "rename_flagged"), (os, "link")):
        put_in(module, name, before(getattr(module, name)))
    stage.act()


def take_name(library: Path, target: bytes) -> str:
    """Put a file of somebody else's at the new name; return the name relative to the library."""
    with open(target, "xb") as stream:
        stream.write(SOMEBODYS)
    return os.path.relpath(os.fsdecode(target), library)


def unplug(library: Path, _target: bytes) -> str:
    """Take the whole library away: what unmounting does, where mounting is not permitted."""
    library.rename(unplugged(library))
    return "unplugged"


def unplugged(library: Path) -> Path:
    """Return where a library is while it is unplugged."""
    return library.with_name("unplugged")


def no_prank(_library: Path, _target: bytes) -> str:
    """Only count."""
    return ""
