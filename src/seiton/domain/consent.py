"""What may happen unasked: follow modes, the brake, and the id by which a confirmed plan is known again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from seiton.domain.metadata import EpisodeMeta
from seiton.domain.naming import Impossible, NamingProfile, render


class CauseKind(StrEnum):
    """Where a change comes from."""

    RULE = "rule"  #: the user's own edit: parsers, filters, the policy, pins
    METADATA = "metadata"  #: a metadata source says something new
    IDENTITY = "identity"  #: two works turned out to be one, or one to be two
    BUILTIN_RULES = "builtin_rules"  #: an update of Seiton brings other rules
    TEMPLATES = "templates"  #: an update of Seiton names files otherwise by default


class FollowMode(StrEnum):
    """Whether files follow a cause by themselves."""

    AUTOMATIC = "automatic"  #: they do
    ASK = "ask"  #: NFOs and images do; a file that would move waits for a person


DEFAULT_MODES: Mapping[CauseKind, FollowMode] = {
    kind: FollowMode.AUTOMATIC if kind is CauseKind.RULE else FollowMode.ASK for kind in CauseKind
}
"""Upgrading never moves a file unconfirmed; the user's own edits are followed at once."""

_KINDS: Mapping[str, CauseKind] = {
    "metadata": CauseKind.METADATA,
    "identity": CauseKind.IDENTITY,
    "builtin_rules": CauseKind.BUILTIN_RULES,
    "templates": CauseKind.TEMPLATES,
}


def kind_of(cause: str) -> CauseKind:
    """Return the kind of a cause as ``resyncs.cause`` has it: ``metadata_…`` and the like, else a rule."""
    return next((kind for word, kind in _KINDS.items() if cause.startswith(word)), CauseKind.RULE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """The follow modes that were set: for a kind of cause, and for one in a series."""

    by_kind: Mapping[CauseKind, FollowMode] = field(default_factory=dict)
    by_series: Mapping[tuple[int, CauseKind], FollowMode] = field(default_factory=dict)

    def of(self, kind: CauseKind, series_id: int) -> FollowMode:
        """Return the mode for a cause of ``kind`` in a series."""
        own = self.by_series.get((series_id, kind))
        return own or self.by_kind.get(kind) or DEFAULT_MODES[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """How much one cause may do without a person's confirmation."""

    files: int = 200
    some_files: int = 20
    percent: int = 20
    downloads: int = 30

    def stops_files(self, files: int, library_size: int) -> bool:
        """Say whether a change of ``files`` in a library of ``library_size`` waits."""
        if files > self.files:
            return True
        return files > self.some_files and files * 100 > library_size * self.percent

    def stops_downloads(self, starts: int, cancels: int, *, size: int = 0, free: int | None = None) -> bool:
        """Say whether so many downloads begun and taken back wait, or ``size`` bytes with ``free`` left."""
        return starts + cancels > self.downloads or (free is not None and size > free)


def path_changes(before: EpisodeMeta, after: EpisodeMeta) -> bool:
    """Say whether a file moves when what it is changes; one that cannot be named stays.

    A show's folder is frozen: unless the title changes, it keeps the year that it was named with. A film that
    was none moves.
    """
    if before.anime_title == after.anime_title:
        after = replace(after, show=replace(before.show, is_movie=after.show.is_movie))
    # The naming template is part of what a file should be.
    old, new = render(before, NamingProfile()), render(after, NamingProfile())
    return not isinstance(new, Impossible) and (isinstance(old, Impossible) or old.stem != new.stem)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file that follows a cause: what it is to be (``fingerprint``), and where it lies now."""

    download_id: int
    fingerprint: str
    path: str | None


ReleaseKey = tuple[int, int]
"""A link before and after it is saved: raw item, place in its batch."""


def plan_id(files: Iterable[PlannedFile], starts: Iterable[ReleaseKey], cancels: Iterable[ReleaseKey]) -> str:
    """Return what a plan is known by: equal effects, equal id. ``files`` ascend by download.

    Nothing is stored for it: a preview gives the id, a save names it, and what really follows has it or not.
    """
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(repr((file.download_id, file.fingerprint, file.path)).encode())
    for word, keys in (("starts", starts), ("cancels", cancels)):
        digest.update(repr((word, sorted(keys))).encode())
    return digest.hexdigest()
