"""Decides what the videos of one folder are, all together: neighbours are of one show, counted one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seiton.domain.adopting.evidence import Adopted, Folder, Left, Source, Verdict, Video, WhyLeft
from seiton.domain.adopting.folder_names import FolderName, read_folder_name, readable
from seiton.domain.contents import is_extra
from seiton.domain.episode_numbers import Reading, read_numbers
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.nfo_reading import About, Ids, Said
from seiton.domain.reading import Kind, Numbering, ReadTitle, normal_title, read_title
from seiton.domain.rules import ParsedTitle
from seiton.domain.sidecars import video_base

_SPECIALS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What the folders say together. ``has_shape``: they are those of a show, not just any folder."""

    title: str | None
    season: int | None
    year: int | None
    group: str | None
    resolution: str | None
    ids: Ids
    has_shape: bool


def judge(folder: Folder) -> list[Verdict]:
    """Return what each of the folder's videos is, in their order."""
    place = _place(folder)
    if place is None:
        return [Left(why=WhyLeft.UNREADABLE_NAME) for _video in folder.videos]
    names = [readable(video_base(video.name) or video.name) for video in folder.videos]
    extras = [is_extra(b"/".join((*folder.path, video.name))) for video in folder.videos]
    if all(extras):
        return [Left(why=WhyLeft.EXTRA) for _video in folder.videos]
    reads = [None if name is None else _read(name, place.title) for name in names]
    counted = [read for read, extra in zip(reads, extras, strict=True) if read and not extra]
    titles = _Titles(folder, place, counted)
    hint = titles.common or place.title
    serious = [name or "" for name, extra in zip(names, extras, strict=True) if not extra]
    numbers = iter(read_numbers([f"{name}.mkv" for name in serious], hint_title=hint))
    is_constant = _is_constant(counted)
    verdicts: list[Verdict] = []
    for video, read, extra in zip(folder.videos, reads, extras, strict=True):
        reading = None if extra else next(numbers)
        if extra:
            verdicts.append(Left(why=WhyLeft.EXTRA))
        elif read is None:
            verdicts.append(Left(why=WhyLeft.UNREADABLE_NAME))
        else:
            verdicts.append(_judge_one(folder, place, titles, video, read, reading, is_constant))
    return verdicts


def _place(folder: Folder) -> _Place | None:
    """Read the folders from the innermost out: seasons first, then the work. None: one is unreadable."""
    texts = [readable(name) for name in folder.path]
    known = [text for text in texts if text is not None]
    if len(known) < len(texts):
        return None
    found = [read_folder_name(text) for text in known]
    season = folder.season.season if folder.season is not None else None
    depth = len(found)
    has_shape = folder.show is not None
    while depth and found[depth - 1].is_season and depth != folder.show_depth:
        season = found[depth - 1].season if season is None else season
        has_shape, depth = True, depth - 1
    if folder.show is not None and folder.show_depth:
        depth = folder.show_depth
    work = found[depth - 1] if depth else FolderName()
    title = work.title
    if folder.show is not None and (title is None or work.group is not None):
        title = folder.show.title or title
    show_ids = dict(work.ids) | dict(folder.show.ids if folder.show is not None else ())
    return _Place(
        title=title,
        season=season if season is not None else work.season,
        year=(folder.show.year if folder.show is not None else None) or work.year,
        group=next((name.group for name in reversed(found) if name.group), None),
        resolution=next((name.resolution for name in reversed(found) if name.resolution), None),
        ids=tuple(sorted(show_ids.items())),
        has_shape=has_shape,
    )


_STAND_IN = "Title"


def _read(name: str, title: str | None) -> ReadTitle:
    """Read a file's name, in which the digits of the folder's ``title`` (``Area 88``) are no numbers."""
    if title is None or title not in name or not any(char.isdigit() for char in title):
        return read_title(name)
    read = read_title(name.replace(title, _STAND_IN, 1))
    names = (each._replace(text=each.text.replace(_STAND_IN, title)) for each in read.names)
    return read._replace(names=tuple(names))


class _Titles:
    """Whose title counts: the folder's where it is a show's, else what the files agree on."""

    def __init__(self, folder: Folder, place: _Place, reads: Sequence[ReadTitle]) -> None:
        written = [read.preferred for read in reads if _names_work(read)]
        votes = Counter(key for title in written if title and (key := normal_title(title)))
        best = votes.most_common(1)[0][0] if votes else None
        self.common = next((t for t in written if t and normal_title(t) == best), None)
        is_mixed = len(votes) > 1
        self._is_alone = not is_mixed or place.has_shape
        agrees = place.title is not None and normal_title(place.title) in votes
        speaks = place.has_shape or (folder.is_library and not is_mixed) or agrees or not votes
        self.folder = place.title if speaks and place.title else None
        self._common = None if is_mixed else self.common

    def of(self, video: Video, read: ReadTitle, show: Said | None) -> tuple[str, Source] | None:
        """Return the title of the work that ``video`` is of."""
        if video.parsed is not None:
            return video.parsed.anime_title, Source.PARSER
        if self.folder is not None and (self._is_alone or not _names_another(read, self.folder)):
            return self.folder, Source.FOLDER
        if _names_work(read) and read.preferred is not None:
            return self._common or read.preferred, Source.NAME
        said = video.nfo if isinstance(video.nfo, Said) else None
        for nfo in (show, said):
            if nfo is not None and nfo.title:
                return nfo.title, Source.NFO
        return (self._common, Source.SIBLINGS) if self._common else None


def _names_work(read: ReadTitle) -> bool:
    """Say whether a name's title can be told from its number: not if the number was not read."""
    return read.preferred is not None and read.episode is not None


def _names_another(read: ReadTitle, title: str) -> bool:
    return _names_work(read) and normal_title(read.preferred or "") != normal_title(title)


def _is_constant(reads: Sequence[ReadTitle]) -> bool:
    """Say whether the files of a folder seem to have one number: then it is part of the title (``86``)."""
    numbers = {(read.episode, read.tenths, read.season) for read in reads}
    return len(reads) > 1 and len(numbers) == 1 and reads[0].episode is not None


def _judge_one(
    folder: Folder,
    place: _Place,
    titles: _Titles,
    video: Video,
    read: ReadTitle,
    reading: Reading | None,
    is_constant: bool,
) -> Verdict:
    said = video.nfo if isinstance(video.nfo, Said) else None
    if (said is not None and said.about is About.MOVIE) or (
        Kind.MOVIE in read.kinds and (said is None or said.episode is None)
    ):
        return Left(why=WhyLeft.MOVIE)
    if Kind.EXTRA in read.kinds and said is None and video.parsed is None:
        return Left(why=WhyLeft.EXTRA)
    number = _number(said, video.parsed, read, reading, is_constant)
    if isinstance(number, Left):
        return number
    title = titles.of(video, read, folder.show)
    if title is None or not title[0].strip():
        return Left(why=WhyLeft.NO_TITLE)
    season = _season(said, video.parsed, read, place, number)
    if isinstance(season, Left):
        return season
    base = video.parsed or ParsedTitle(anime_title=title[0], episode_no=0)
    parsed = base._replace(
        anime_title=title[0],
        series_no=season[0],
        episode_no=number.episode,
        episode_tenths=number.tenths,
        episode_end=None,
        version=number.version if video.parsed is None else base.version,
        subtitle_group=base.subtitle_group or read.group or place.group,
        resolution=base.resolution or read.resolution or place.resolution,
        year=place.year or base.year or read.year,
    )
    return Adopted(
        parsed=parsed,
        sources={"title": title[1], "season": season[1], "episode": number.source},
        show_ids=place.ids,
        episode_ids=said.ids if said is not None and said.about is About.EPISODE else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    episode: int
    source: Source
    tenths: int = 0
    version: int = 1
    is_special: bool = False


def _number(
    said: Said | None, parsed: ParsedTitle | None, read: ReadTitle, reading: Reading | None, is_constant: bool
) -> _Number | Left:
    """Return which episode it is: the NFO, the user's parser, the name, the neighbours, in this order."""
    is_special = bool(read.kinds & {Kind.SPECIAL, Kind.OVA})
    version = read.version or 1
    if said is not None and said.episodes > 1:
        return Left(why=WhyLeft.SEVERAL_EPISODES)
    if said is not None and said.episode is not None:
        return _Number(episode=said.episode, source=Source.NFO, version=version)
    if parsed is not None:
        if parsed.episode_end is not None:
            return Left(why=WhyLeft.SEVERAL_EPISODES)
        return _Number(episode=parsed.episode_no, tenths=parsed.episode_tenths, source=Source.PARSER)
    is_title = is_constant and reading is not None and reading.whole != read.episode
    if read.episode is not None and not is_title:
        if read.episode_end is not None:
            return Left(why=WhyLeft.SEVERAL_EPISODES, detail=f"{read.episode}-{read.episode_end}")
        if read.episode > MAX_NUMBER:
            return Left(why=WhyLeft.NO_EPISODE, detail=str(read.episode))
        return _Number(
            episode=read.episode,
            tenths=read.tenths,
            source=Source.NAME,
            version=version,
            is_special=is_special,
        )
    if reading is None:
        return Left(why=WhyLeft.NO_EPISODE)
    if reading.first != reading.last:
        return Left(why=WhyLeft.SEVERAL_EPISODES, detail=f"{reading.first / 10:g}-{reading.last / 10:g}")
    return _Number(
        episode=reading.first // 10,
        tenths=reading.first % 10,
        source=Source.SIBLINGS,
        version=reading.version,
        is_special=is_special or reading.special,
    )


def _season(
    said: Said | None, parsed: ParsedTitle | None, read: ReadTitle, place: _Place, number: _Number
) -> tuple[int, Source] | Left:
    """Return the season: the NFO, the user's parser, then name and folder, which must not disagree."""
    if said is not None and said.season is not None:
        return said.season, Source.NFO
    if parsed is not None and parsed.series_no != 1:  # 1 is what a parser says that reads no season
        return parsed.series_no, Source.PARSER
    if read.season is not None and read.season_end is None:
        counted = read.numbering is Numbering.SEASONED
        named = read.season if counted or not number.is_special else _SPECIALS
        if place.season not in (None, named):
            return Left(why=WhyLeft.SEASON_UNCLEAR, detail=f"{named}, {place.season}")
        return named, Source.NAME
    if number.is_special:
        return _SPECIALS, Source.NAME
    if place.season is not None:
        return place.season, Source.FOLDER
    return 1, Source.ASSUMED if parsed is None else Source.PARSER
