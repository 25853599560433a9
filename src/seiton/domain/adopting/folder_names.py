"""What the names of folders say: a season, a work, a release, or nothing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from seiton.domain.episode_numbers import season_of
from seiton.domain.nfo_reading import Ids
from seiton.domain.reading import read_title, without_season
from seiton.domain.reading.seasons import season_in


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderName:
    """What one folder's name says. ``title`` is absent for a season's folder and for a mere container."""

    title: str | None = None
    season: int | None = None
    year: int | None = None
    group: str | None = None
    resolution: str | None = None
    is_season: bool = False
    ids: Ids = ()


_SKIPPED = re.compile(
    rb"\..*|@eadir|#recycle|@recycle|\$recycle\.bin|lost\+found|system volume information"
    rb"|samples?|extras?|trailers?|featurettes|interviews|scenes|shorts|clips|backdrops|theme-music"
    rb"|behind the scenes|deleted scenes|subs|subtitles?|fonts?|scans?|bk|cds?|ost|music|metadata"
    rb"|extrafanart|extrathumbs|.*\.trickplay|bdmv|video_ts"
)
_ALNUM = re.compile(r"[^\W_]")
_YEAR = re.compile(r"[ ._]*[(\[（]((?:18|19|20|21)[0-9]{2})[)\]）]\s*$")
_ID_MARK = re.compile(
    r"\s*[\[{](tvdb|tmdb|imdb|anidb|anilist|bangumi)(?:id)?[-=]([0-9A-Za-z]{1,20})[\]}]", re.IGNORECASE
)
_CONTAINER = re.compile(
    r"(?:anime|animes|video|videos|tv|tv ?shows?|shows|series|media|library|movies?|downloads?|completed?"
    r"|finished|done|incoming|torrents?|bt|pt|temp|tmp|new|misc|unsorted|seeding|bangumi|番剧|番劇|新番|动画|動畫"
    r"|动漫|動漫|完结|完結|连载|連載|下载|下載|アニメ)"
    r"|(?:19|20)[0-9]{2}(?:[ ._年-]*(?:[0-9]{1,2}月?|q[1-4]|spring|summer|autumn|fall|winter|[春夏秋冬]))?"
    r"(?:新番)?"
    r"|[0-9]{1,2}月(?:新番)?|[a-z0-9#]",
    re.IGNORECASE,
)
"""Names of folders that hold many works: kinds of things, states, times of broadcast, letters."""


def is_skipped(name: bytes) -> bool:
    """Say whether a folder of this name holds no episodes: hidden, a system's, extras, subtitles."""
    return _SKIPPED.fullmatch(name.lower()) is not None


@lru_cache(maxsize=4096)
def read_folder_name(name: str) -> FolderName:
    """Return what the folder's ``name`` says."""
    ids = tuple(sorted((match[1].lower(), match[2]) for match in _ID_MARK.finditer(name)))
    text = unicodedata.normalize("NFC", _ID_MARK.sub("", name)).strip()
    if (season := _whole_season(text)) is not None:
        return FolderName(season=season, is_season=True, ids=ids)
    if _CONTAINER.fullmatch(text):
        return FolderName(ids=ids)
    read = read_title(text)
    if read.group is not None or read.resolution is not None or read.source is not None:
        return FolderName(
            title=read.preferred,
            season=read.season,
            year=read.year,
            group=read.group,
            resolution=read.resolution,
            ids=ids,
        )
    year = _YEAR.search(text)
    title = text[: year.start()] if year else text
    named = season_in(unicodedata.normalize("NFKC", title))
    return FolderName(
        title=(without_season(title) if named else title) or None,
        season=named.number if named and named.end is None else None,
        year=int(year[1]) if year else None,
        ids=ids,
    )


def _whole_season(text: str) -> int | None:
    """Return the season that a name consists of, 0 for specials."""
    plain = unicodedata.normalize("NFKC", text)
    if season_of(plain) == 0 and season_in(plain) is None:
        return 0
    found = season_in(plain)
    if found is None or found.end is not None:
        return None
    return None if _ALNUM.search(plain[: found.start] + plain[found.stop :]) else found.number


_LEGACY = (("gb18030", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("cp932", 0x82, 0x97))
"""Encodings of old archives, and the first bytes of the characters that are common in each."""
_EXPECTED = re.compile(r"[\x20-\x7e\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e·—…“”‘’★☆♪]+")


@lru_cache(maxsize=4096)
def readable(name: bytes) -> str | None:
    """Return a name as text: UTF-8, else the legacy encoding in which it makes most sense, else ``None``."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        pass
    best, best_share = None, 0.0
    for encoding, first, last in _LEGACY:
        try:
            text = name.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _EXPECTED.fullmatch(text):
            continue
        wide = [char.encode(encoding)[0] for char in text if not char.isascii()]
        share = sum(first <= lead <= last for lead in wide) / len(wide) if wide else 0.0
        if share > best_share:
            best, best_share = text, share
    return best
