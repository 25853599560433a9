"""What of a torrent is what: which file is which wanted episode, and which subtitles go with it.

Nothing is guessed: an episode whose file cannot be told is missing, with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seiton.domain.episode_numbers import Reading, read_numbers, season_of
from seiton.domain.sidecars import SUBTITLE_SUFFIXES, owner, video_base

_TINY = 20
"""A video below a twentieth of the usual size is a sample or a menu."""
_DOMINANT = 5
"""The largest video is taken without a number if every other is below a fifth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentFile:
    """A file of a torrent: ``path`` relative with ``/`` as the torrent has it, ``size`` in bytes."""

    index: int
    path: bytes
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An episode that somebody waits for, with the number that the release's title gave it (12.5:
    ``episode_no=12, episode_tenths=5``); ``slot`` is the caller's name for it.
    """

    slot: int
    episode_no: int
    episode_tenths: int = 0
    series_no: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The video of an episode and the subtitles that belong to it."""

    video: TorrentFile
    subtitles: tuple[TorrentFile, ...] = ()


class WhyMissing(StrEnum):
    """Why an episode has no file."""

    NO_VIDEO = "no_video"  #: the torrent has no video
    NOT_THERE = "not_there"  #: no video has its number
    AMBIGUOUS = "ambiguous"  #: several videos have its number


class WhyRefused(StrEnum):
    """Why a path is never used."""

    EMPTY = "empty"  #: no path, or an empty component
    ABSOLUTE = "absolute"  #: begins with a slash
    PARENT = "parent"  #: has a component ``.`` or ``..``
    BACKSLASH = "backslash"  #: another system reads it as a separator
    NUL = "nul"  #: no file can be called so


@dataclass(frozen=True, slots=True, kw_only=True)
class HostilePath:
    """A file whose path is never used."""

    file: TorrentFile
    reason: WhyRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What was found: a file per slot, the slots without one and why, episodes nobody waits for.

    A file that holds several episodes may be chosen for several slots. ``unmatched_videos`` has no
    extras (openings, menus, samples).
    """

    chosen: Mapping[int, Chosen]
    unmatched_videos: tuple[TorrentFile, ...]
    missing_slots: Mapping[int, WhyMissing]
    refused: tuple[HostilePath, ...] = ()


def assign(
    files: Iterable[TorrentFile], wanted: Sequence[Wanted], *, hint_title: str | None = None
) -> Assignment:
    """Tell which of ``files`` holds each of ``wanted``. ``hint_title`` is the anime's title, whose own
    digits are no episode numbers.
    """
    files = list(files)
    refused = tuple(HostilePath(file=file, reason=why) for file in files if (why := hostile(file.path)))
    bad = {refusal.file.index for refusal in refused}
    safe = [file for file in files if file.index not in bad]
    videos = _candidates([file for file in safe if video_base(file.path) is not None])
    readings = _read(videos, hint_title)
    found, missing = _match(videos, readings, wanted)
    subtitles = _subtitles(safe, videos, readings, hint_title)
    taken = {file.index for file in found.values()}
    return Assignment(
        chosen={
            slot: Chosen(video=file, subtitles=tuple(subtitles.get(file.index, ())))
            for slot, file in found.items()
        },
        unmatched_videos=tuple(file for file in videos if file.index not in taken),
        missing_slots=missing,
        refused=refused,
    )


def hostile(path: bytes) -> WhyRefused | None:
    """Say why ``path`` (from a torrent) must not be used; None if it stays below its folder."""
    if b"\0" in path:
        return WhyRefused.NUL
    if b"\\" in path:
        return WhyRefused.BACKSLASH
    if path.startswith(b"/"):
        return WhyRefused.ABSOLUTE
    components = path.split(b"/")
    if b"" in components:
        return WhyRefused.EMPTY
    return WhyRefused.PARENT if b"." in components or b".." in components else None


_EXTRA_FOLDER = re.compile(
    r"(?:samples?|extras?|menus?|nc(?:op|ed)?s?|(?:nc)?op ?[&+_ ] ?(?:nc)?ed|pvs?|cms?|pv ?[&+_ ] ?cm"
    r"|trailers?|teasers?|previews?|creditless|bonus|scans?|bk|cds?|ost|music|featurettes?|interviews?|映像特典|特典映像|特典|花絮)",
    re.IGNORECASE,
)
_EXTRA_NAME = re.compile(
    r"(?<![a-z0-9])(?:nc[ ._-]?(?:op|ed)|op|ed|pv|cm|menu|sample|trailer|teaser|preview|creditless|textless"
    r"|clean[ ._-]?(?:op|ed|opening|ending)|(?:creditless|textless|clean)[ ._-]?(?:opening|ending))"
    r"[ ._-]?[0-9]{0,2}[a-c]?(?:v[0-9])?(?![a-z0-9])|特典|予告|預告|预告",
    re.IGNORECASE,
)
_Readings = Mapping[int, Reading | None]


def _text(path: bytes) -> str:
    return unicodedata.normalize("NFKC", path.decode("utf-8", "replace"))


def is_extra(path: bytes) -> bool:
    """Say whether a file (its path, with ``/``) is an opening, a menu, a trailer: no episode of the story."""
    *folders, name = _text(path).split("/")
    return any(_EXTRA_FOLDER.fullmatch(folder.strip("[] ")) for folder in folders) or bool(
        _EXTRA_NAME.search(name)
    )


def _candidates(videos: list[TorrentFile]) -> list[TorrentFile]:
    """Leave out extras and tiny files; where that leaves nothing, nothing was an extra."""
    serious = [file for file in videos if not is_extra(file.path)] or videos
    usual = sorted(file.size for file in serious)[len(serious) // 2] if serious else 0
    return [file for file in serious if file.size * _TINY >= usual]


def _folder(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _read(files: Sequence[TorrentFile], hint_title: str | None) -> dict[int, Reading | None]:
    """Read the numbers of ``files`` folder by folder; where a name has no season its folders may."""
    folders: dict[bytes, list[TorrentFile]] = defaultdict(list)
    for file in files:
        folders[_folder(file.path)].append(file)
    readings: dict[int, Reading | None] = {}
    for folder, inside in folders.items():
        names = [_text(file.path).rpartition("/")[2] for file in inside]
        seasons = [season_of(component) for component in reversed(_text(folder).split("/"))]
        season = next((found for found in seasons if found is not None), None)
        for file, reading in zip(inside, read_numbers(names, hint_title=hint_title), strict=True):
            readings[file.index] = _in_season(reading, season)
    return readings


def _in_season(reading: Reading | None, season: int | None) -> Reading | None:
    if reading is None or season is None:
        return reading
    return Reading(
        first=reading.first,
        last=reading.last,
        version=reading.version,
        season=reading.season if reading.season is not None else season or None,
        special=reading.special or season == 0,
    )


def _match(
    videos: list[TorrentFile], readings: _Readings, wanted: Sequence[Wanted]
) -> tuple[dict[int, TorrentFile], dict[int, WhyMissing]]:
    if not videos:
        return {}, {item.slot: WhyMissing.NO_VIDEO for item in wanted}
    if len(wanted) == 1 and len(videos) == 1:
        return {wanted[0].slot: videos[0]}, {}
    found: dict[int, TorrentFile] = {}
    missing: dict[int, WhyMissing] = {}
    seasons: dict[int, list[Wanted]] = defaultdict(list)
    for item in wanted:
        seasons[item.series_no].append(item)
    for series_no, items in seasons.items():
        pool = _pool(videos, readings, series_no)
        by_order = _in_order(pool, readings, items)
        for item in items:
            answer = by_order[item.slot] if by_order else _numbered(pool, readings, item)
            if isinstance(answer, TorrentFile):
                found[item.slot] = answer
            else:
                missing[item.slot] = answer
    if len(wanted) == 1 and missing and (largest := _dominant(videos)):
        return {wanted[0].slot: largest}, {}
    return found, missing


def _pool(videos: list[TorrentFile], readings: _Readings, series_no: int) -> list[TorrentFile]:
    """Return the videos that may be of this season. Seasons in names count only if the torrent has
    several: a rule may call "S2" season 1. Specials and episodes are told apart if it has both.
    """
    known = [(file, reading) for file in videos if (reading := readings[file.index]) is not None]
    if any(reading.special for _, reading in known) and not all(reading.special for _, reading in known):
        kept = [(f, r) for f, r in known if r.special == (series_no == 0) or r.first % 10]
        known = kept
    seasons = {reading.season for _, reading in known} - {None}
    if len(seasons) > 1 and series_no in seasons:
        known = [(f, r) for f, r in known if r.season == series_no]
    elif len(seasons) > 1 and series_no:
        known = [(f, r) for f, r in known if r.season is None]
    return [file for file, _ in known]


def _in_order(
    pool: list[TorrentFile], readings: _Readings, items: list[Wanted]
) -> dict[int, TorrentFile] | None:
    """Match by order if files count otherwise than the wanted (13–24 for 1–12), both without a gap."""
    numbers: dict[int, TorrentFile] = {}
    for file in pool:
        reading = readings[file.index]
        if reading is None or reading.whole is None or reading.whole in numbers:
            return None
        numbers[reading.whole] = file
    slots = {item.episode_no: item.slot for item in items if not item.episode_tenths}
    if not (len(numbers) == len(slots) == len(items) > 1) or set(numbers) == set(slots):
        return None
    if not (_is_run(numbers) and _is_run(slots)):
        return None
    return {slots[no]: numbers[file_no] for no, file_no in zip(sorted(slots), sorted(numbers), strict=True)}


def _is_run(numbers: Mapping[int, object]) -> bool:
    return max(numbers) - min(numbers) == len(numbers) - 1


def _numbered(pool: list[TorrentFile], readings: _Readings, item: Wanted) -> TorrentFile | WhyMissing:
    number = item.episode_no * 10 + item.episode_tenths
    exact: list[tuple[int, TorrentFile]] = []
    spanning: list[tuple[int, TorrentFile]] = []
    for file in pool:
        reading = readings[file.index]
        if reading is not None and reading.first <= number <= reading.last:
            (exact if reading.first == reading.last else spanning).append((reading.version, file))
    best = exact or spanning
    newest = max((version for version, _ in best), default=0)
    files = [file for version, file in best if version == newest]
    if len(files) == 1:
        return files[0]
    return WhyMissing.AMBIGUOUS if files else WhyMissing.NOT_THERE


def _dominant(videos: list[TorrentFile]) -> TorrentFile | None:
    *others, largest = sorted(videos, key=lambda file: file.size)
    return largest if all(file.size * _DOMINANT < largest.size for file in others) else None


def _subtitles(
    safe: list[TorrentFile], videos: list[TorrentFile], readings: _Readings, hint_title: str | None
) -> dict[int, list[TorrentFile]]:
    """Return the subtitles of each video: those with its base; else those with its number, if that is
    the number of one video only; with one video in the torrent, all.
    """
    files = [
        file
        for file in safe
        if file.path[file.path.rfind(b".") :].lower() in SUBTITLE_SUFFIXES and not is_extra(file.path)
    ]
    bases: dict[bytes, list[TorrentFile]] = defaultdict(list)
    numbers: dict[tuple[bool, int, int], list[TorrentFile]] = defaultdict(list)
    for video in videos:
        bases[(video_base(video.path) or video.path).rpartition(b"/")[2]].append(video)
        if (reading := readings[video.index]) is not None:
            numbers[reading.special, reading.first, reading.last].append(video)
    own = _read(files, hint_title)
    belonging: dict[int, list[TorrentFile]] = defaultdict(list)
    for file in files:
        reading = own[file.index]
        base = owner(file.path.rpartition(b"/")[2], bases)
        if base is not None:
            near = [video for video in bases[base] if _folder(video.path) == _folder(file.path)] or bases[
                base
            ]
        elif len(videos) == 1:
            near = videos
        else:
            near = numbers.get((reading.special, reading.first, reading.last), []) if reading else []
        if len(near) == 1:
            belonging[near[0].index].append(file)
    return belonging
