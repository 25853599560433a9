"""Whether a naming template can be used: tried on samples before it is saved.

Two samples at one path, or a name that media servers misread, refuse it. A template that passes can still
meet values that nobody thought of: ``naming.render`` looks at each name again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

from seiton.domain.metadata import EpisodeMeta, ShowFacts, place_number
from seiton.domain.name_reading import Numbers, is_extra, read_numbers, read_season
from seiton.domain.naming import (
    Impossible,
    Layout,
    Name,
    NamingProfile,
    WhyImpossible,
    draft_name,
    numbers_of,
    path_key,
)
from seiton.domain.templates import TemplateFault

_TITLE = "葬送的芙莉蓮"
_LONG = "轉生成自動販賣機的我今天也在迷宮徘徊與夥伴們一起尋找那傳說中的飲料補充站" * 3
_END_EXAMPLE = "<-E{episode_end:02}>"
_NUMBER_EXAMPLE = "S{season:02}E{episode:02}" + _END_EXAMPLE
_GROUP_EXAMPLE = "< [{group}]>"
_SEASON_EXAMPLE = "Season {season:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An episode, and where it would lie."""

    meta: EpisodeMeta
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out: no fault, or several of one kind; samples as far as names could be made."""

    faults: tuple[TemplateFault, ...] = ()
    samples: tuple[Sample, ...] = ()


def _meta(series_no: int, episode_no: int, title: str = _TITLE, year: int | None = 2023) -> EpisodeMeta:
    return EpisodeMeta(
        anime_title=title,
        series_no=series_no,
        episode_no=episode_no,
        subtitle_group="LoliHouse",
        resolution="1080p",
        show=ShowFacts(year=year),
    )


def _fraction() -> EpisodeMeta:
    placed = place_number(1, 12, tenths=5)
    return _meta(placed.series_no, placed.episode_no)


SAMPLES = (
    _meta(1, 1),
    _meta(1, 2),
    _meta(1, 12),
    _fraction(),
    _meta(0, 1),
    _meta(2, 1),
    replace(_meta(1, 3), episode_end=4),
    replace(_meta(1, 5), subtitle_group=None, resolution=None),
    replace(_meta(1, 6), version=2),
    _meta(1, 1071),
    _meta(1, 1, "86", None),
    _meta(1, 1, "Re:ゼロ?", None),
    _meta(1, 1, _LONG + "一"),
    _meta(1, 1, _LONG + "二"),
)
"""One of each kind, all of them different episodes; also shown to people."""

_HOSTILE = (
    *(
        replace(_meta(1, 7), subtitle_group=group)
        for group in ("x264", "E99", "1080", "b", "Other", "trailer", "A]S02E03[B/..", "長" * 100)
    ),
    *(replace(_meta(1, 7), resolution=resolution) for resolution in ("4K", "720", "..")),
    *(_meta(1, 7, title) for title in ("Foo S02E03", "Part 2", "a/../../b", ".hack//SIGN", "Other", "2")),
    # Whatever is there and whatever is not: every condition is tried both ways.
    *(
        replace(
            _meta(series_no, 7, year=year),
            subtitle_group=group,
            resolution=resolution,
            version=version,
            episode_end=end,
        )
        for series_no, year, group, resolution, version, end in product(
            (0, 1), (None, 2023), (None, "ANi"), (None, "1080p"), (1, 2), (None, 9)
        )
    ),
)
"""Values by which names are misread where a template leaves them unguarded."""


def check_template(text: str) -> Checked:
    """Try ``text`` on the samples."""
    layout = Layout.of(text)
    if isinstance(layout, TemplateFault):
        return Checked(faults=(layout,))
    profile = NamingProfile(template=text)
    samples = []
    for meta in SAMPLES:
        name = draft_name(meta, profile)
        if isinstance(name, Name):
            samples.append(Sample(meta=meta, path=name.stem.decode() + ".mkv"))
    faults = [_impossible(meta) for meta in SAMPLES if isinstance(draft_name(meta, profile), Impossible)]
    faults = faults or _meeting(samples) or _misread(profile, (*SAMPLES, *_HOSTILE))
    return Checked(faults=tuple(faults[:1]), samples=tuple(samples))


def describe(meta: EpisodeMeta) -> str:
    """Return what an episode is, for people."""
    numbers = f"S{meta.series_no:02}E{meta.episode_no:02}"
    if meta.episode_end is not None and meta.episode_end > meta.episode_no:
        numbers += f"-E{meta.episode_end:02}"
    version = f" v{meta.version}" if meta.version > 1 else ""
    more = ", ".join(filter(None, (meta.subtitle_group, meta.resolution)))
    title = (
        meta.anime_title
        if len(meta.anime_title) <= 40
        else f"{meta.anime_title[:20]}…{meta.anime_title[-3:]}"
    )
    return f"{title} {numbers}{version}" + (f" [{more}]" if more else "")


def meeting(one: EpisodeMeta, other: EpisodeMeta, path: str) -> TemplateFault:
    """Return the fault of a template by which two episodes lie at one path."""
    return TemplateFault(
        code="same_path", values={"one": describe(one), "other": describe(other), "path": path}
    )


def _impossible(meta: EpisodeMeta) -> TemplateFault:
    return TemplateFault(code="impossible", values={"found": describe(meta)})


def _meeting(samples: Iterable[Sample]) -> list[TemplateFault]:
    seen: dict[str, Sample] = {}
    faults = []
    for sample in samples:
        first = seen.setdefault(path_key(sample.path.encode()), sample)
        if first is not sample:
            faults.append(meeting(first.meta, sample.meta, sample.path))
    return faults


def _misread(profile: NamingProfile, metas: Iterable[EpisodeMeta]) -> list[TemplateFault]:
    faults = []
    for meta in metas:
        name = draft_name(meta, profile)
        if isinstance(name, Impossible):
            if name.code is WhyImpossible.TEMPLATE:
                faults.append(_impossible(meta))
            continue
        if read_season(name.season) != meta.series_no:
            values: dict[str, object] = {"found": name.season, "number": meta.series_no}
            faults.append(TemplateFault(code="season_folder", values=values | {"example": _SEASON_EXAMPLE}))
        read, wanted = read_numbers(name.base), numbers_of(meta)
        if read is None:
            values = {"found": name.base, "example": _NUMBER_EXAMPLE}
            faults.append(TemplateFault(code="no_number", values=values))
        elif read != wanted:
            values = {"found": name.base, "read": _say(read), "wanted": _say(wanted)}
            is_short = read == replace(wanted, last=wanted.first)
            values |= (
                {"example": _END_EXAMPLE, "episode": "{episode}"} if is_short else {"example": _GROUP_EXAMPLE}
            )
            faults.append(TemplateFault(code="no_end" if is_short else "misread", values=values))
        elif is_extra(name.base):
            faults.append(TemplateFault(code="extra", values={"found": name.base}))
    return faults


def _say(numbers: Numbers) -> str:
    end = f"-E{numbers.last:02}" if numbers.last != numbers.first else ""
    return f"S{numbers.season:02}E{numbers.first:02}{end}"
