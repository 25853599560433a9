"""Release titles as a large installation has them. Works, groups and names are invented, word by word."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FIRST = datetime(2012, 1, 1, tzinfo=UTC)
_HAN_OF = "星燈|鯨背|雨後|月台|紙鳶|銀狐|深海|終電|迷霧|琥珀|黃昏|積木|風鈴|雪國|鐵道|薄荷|鏡中|北風"
_HAN_IN = "郵便局|測量士|調律師|旅館|圖書館|少女|騎士|茶會|工房|物語|學園|冒險者|歌姬|偵探|日記|廚房"
_KANA_OF = "ほしあかり|くじらの|あめあがりの|かみひこうき|ぎんいろ|しずかな|よあけの|まぼろし|こはく|かぜまち"
_KANA_IN = "ゆうびんきょく|ものがたり|がくえん|りょかん|マーチ|オルゴール|クロニクル|ノート|サーカス|ワルツ"
_LATIN_OF = "Hoshiakari|Kujira|Ameagari|Silver|Midnight|Paper|Kohaku|Last|Silent|Northern|Clockwork|Hidden"
_LATIN_IN = "Yuubinkyoku|Monogatari|Academy|Inn|Diary|Orchestra|Chronicle|Voyage|Kitchen|Detective|Waltz"
_TEAM_OF = "北埠|紙鳶|風見|琥珀|Moonlit|Harbor|Kite|Lantern|銀杏|Tidal|苔蘚|Cedar"
_TEAM_IN = "字幕組|字幕社|Subs|Raws|製作室|Fansub"
_SHAPES = (
    "[{group}] {names} - {no:02} [WebRip 1080p HEVC AAC][CHT]",
    "[{group}][{name}][{no:02}][1080P][簡繁內封]",
    "【{group}】★{month:02}月新番★{name}★第{no:02}話★1080p★MP4",
    "[{group}] {latin} S{season:02}E{no:02} 1080p WEB-DL x264",
    "[{group}] {latin} - {no:02} (1080p) [{crc:08X}].mkv",
    "[{group}] {name} [{no:02}{version}][BDRip 1920x1080 HEVC FLAC]",
)
_ODD = (
    "{name} 官方宣傳影片 第{no}彈",
    "{latin} Original Soundtrack FLAC",
    "{name} 設定資料集 {year}",
)
"""What a feed has beside episodes, and no parser reads as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRelease:
    """One entry: its title, when it came, its size in bytes."""

    title: str
    published: datetime
    size: int


def made_releases(count: int, seed: int = 1) -> Iterator[MadeRelease]:
    """Yield ``count`` releases, the oldest first: season after season, each by a few groups; one in twenty
    is nothing that could be filed. The same ``seed`` makes the same releases.
    """
    dice = random.Random(seed)  # noqa: S311 - nothing secret is made of it
    groups = [f"{a}{b}" for a in _TEAM_OF.split("|") for b in _TEAM_IN.split("|")]
    made, show = 0, 0
    while True:
        for title in _season(dice, groups, show):
            if made == count:
                return
            made += 1
            # A minute apart: a million of them are two years.
            yield MadeRelease(
                title=title,
                published=FIRST + timedelta(minutes=made),
                size=dice.randrange(200, 1500) << 20,
            )
        show += 1


def _season(dice: random.Random, groups: list[str], show: int) -> Iterator[str]:
    """Yield the titles of one season, episode by episode."""
    names = _names(show)
    teams = [(dice.choice(groups), dice.choice(_SHAPES)) for _ in range(dice.randint(2, 8))]
    season = 1 + (show % 7 == 0)
    for episode in range(1, dice.choice((12, 13, 24)) + 1):
        for group, shape in teams:
            yield _fill(dice, shape, names, group, season, episode, "v2" if dice.random() < 0.02 else "")
        if dice.random() < 0.25:
            yield _fill(dice, dice.choice(_ODD), names, "", season, episode, "")


def _names(show: int) -> tuple[str, str, str]:
    """Return what a work is called in three scripts; no two works share a name."""
    found = []
    for of, what, gap in ((_HAN_OF, _HAN_IN, ""), (_KANA_OF, _KANA_IN, ""), (_LATIN_OF, _LATIN_IN, " ")):
        heads, tails = of.split("|"), what.split("|")
        head, tail = heads[show % len(heads)], tails[show // len(heads) % len(tails)]
        number = show // (len(heads) * len(tails)) + 1
        found.append(f"{head}{gap}{tail}" + (f" {_ordinal(number)}" if number > 1 else ""))
    return found[0], found[1], found[2]


def _ordinal(number: int) -> str:
    """Return a mark that is not read as an episode: letters."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return f"Arc{text}"


def _fill(
    dice: random.Random,
    shape: str,
    names: tuple[str, str, str],
    group: str,
    season: int,
    episode: int,
    version: str,
) -> str:
    han, kana, latin = names
    return shape.format(
        group=group,
        name=han,
        names=f"{han} / {kana} / {latin}",
        latin=latin,
        no=episode,
        season=season,
        version=version,
        year=2012 + dice.randrange(14),
        month=dice.choice((1, 4, 7, 10)),
        crc=dice.getrandbits(32),
    )
