"""Where records and disk differ: checks of a library, and what is mended of their findings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seiton.contract.messages import Message, Text

MAX_REPAIRS = 100
"""Most findings that are mended in one message: files are moved before it is answered."""


class DriftFound(Message):
    """A difference between record and disk. ``path`` and ``found`` are for people, relative to the library.

    ``at`` and ``found_at`` are the same paths for programs (percent-encoded bytes). ``kind`` and ``mending``
    are words of ``domain.drift``; ``viewer`` is the one that found it, empty for the built-in one.
    """

    kind: Text
    path: str
    at: str
    found: str | None = None
    found_at: str | None = None
    mending: Text = "nothing"
    unit_id: int | None = None
    download_id: int | None = None
    core_instance: str | None = None
    detail: str | None = None
    viewer: str = ""


class SilentViewer(Message):
    """A viewer that could not look, and why."""

    viewer: str
    reason: str


class LibraryCheck(Message):
    """``POST /library/check``: ask for the next part of a check; without ``cursor`` a new one begins."""

    cursor: Text | None = None


class LibraryCheckPart(Message):
    """A part of a check. ``counts`` are of this part, by kind; of many foreign files only some are listed.

    ``cursor`` asks for the next part; ``None``: it is over. ``viewer`` has looked at ``units`` and
    ``folders`` so far.
    """

    findings: tuple[DriftFound, ...] = ()
    counts: dict[str, int] = Field(default={})
    units: int = 0
    folders: int = 0
    cursor: str | None = None
    silent: tuple[SilentViewer, ...] = ()
    viewer: str = ""


class LibraryRepair(Message):
    """``POST /library/repair``: mend these findings of a check. Edited NFOs only with ``rewrite_nfo``."""

    items: Annotated[tuple[DriftFound, ...], Field(max_length=MAX_REPAIRS)]
    rewrite_nfo: bool = False


class Mended(Message):
    """What became of one finding."""

    kind: str
    path: str
    outcome: Literal["mended", "left", "changed"]
    reason: str | None = None
    viewer: str = ""


class LibraryRepaired(Message):
    """What became of findings, in the order in which they were mended."""

    items: tuple[Mended, ...]
