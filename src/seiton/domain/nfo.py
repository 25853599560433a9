"""From metadata to NFO bytes (nfo-naming §1).

UTF-8 without a mark, one declaration at byte 0, LF, flat elements, no CDATA. What is not known is left
out. Never written: ``lockdata`` (Jellyfin would never read the file again), ``watched``/``playcount``
(a bad value cuts off the rest), ``thumb``/``fanart`` (downloads), ``id``, ``displayorder``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from seiton.domain.metadata import EpisodeMeta

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_STRIPPED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
"""Jellyfin's own saver drops these (BaseNfoSaver.cs:152); one of them ends its reading."""
_LINE_BREAK = re.compile("\r\n?")
_BREAKS = re.compile(r"[\t\n]+")
_ID_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_CANONICAL = {
    "bangumi": "Bangumi", "bgm": "Bangumi", "bangumi.tv": "Bangumi",
    "tvdb": "tvdb", "imdb": "imdb", "tmdb": "tmdb", "anidb": "AniDB", "anilist": "AniList",
}  # fmt: skip
_NUMERIC_IDS = frozenset({"Bangumi", "tvdb", "tmdb", "AniDB", "AniList"})
_IMDB = re.compile(r"tt[0-9]{7,}")


def episode_nfo(meta: EpisodeMeta, *, added: datetime) -> bytes:
    """Return the NFO of one file, one block per episode in it.

    ``added`` is the first import (a naive value counts as UTC): constant over resyncs, or every
    rename would be "recently added". Facts describe the first episode. ``meta`` is one that
    ``naming.render`` found possible.
    """
    blocks = [_episode_block(meta, added)]
    if meta.episode_end is not None:
        blocks += [_further_block(meta, no, added) for no in range(meta.episode_no + 1, meta.episode_end + 1)]
    return (DECLARATION + "".join(blocks)).encode()


def video_nfo(meta: EpisodeMeta, *, added: datetime) -> bytes:
    """Return the NFO that lies beside a video: that of a film, or of an episode."""
    return movie_nfo(meta, added=added) if meta.is_movie else episode_nfo(meta, added=added)


def movie_nfo(meta: EpisodeMeta, *, added: datetime) -> bytes:
    """Return the NFO of a film. Servers read it as ``movie.nfo``, too; beside the video it moves with it."""
    show, facts = meta.show, meta.facts
    minutes = facts.runtime_minutes or 0
    body = "".join(
        (
            _element("title", _movie_title(meta)),
            _element("originaltitle", _line(show.original_title) or _line(facts.original_title)),
            _element("plot", _text(show.plot) or _text(facts.plot)),
            _element("premiered", _date(show.premiered or facts.aired)),
            _element("year", _year(meta)),
            _element("runtime", str(minutes) if minutes > 0 else ""),
            *(_element("genre", genre) for genre in _genres(show.genres)),
            *(_element("studio", studio) for studio in dict.fromkeys(map(_line, show.studios))),
            _element("rating", _rating(show.rating)),
            *_unique_ids(show.ids, None),
            _element("dateadded", _moment(added)),
        )
    )
    return f"{DECLARATION}<movie>\n{body}</movie>\n".encode()


def _movie_title(meta: EpisodeMeta) -> str:
    """Of several films that go by one name each but the first has its number, as in its file's name."""
    title = _line(meta.show.title) or _line(meta.anime_title)
    return title if meta.episode_no <= 1 else f"{title} {meta.episode_no}"


def _year(meta: EpisodeMeta) -> str:
    show = meta.show
    year = show.year or (show.premiered.year if show.premiered else None)
    return str(year) if year and 1850 < year <= 9999 else ""


def show_nfo(
    meta: EpisodeMeta, *, custom_id: str, seasons: Mapping[int, str] | None = None, added: datetime
) -> bytes:
    """Return ``tvshow.nfo``. ``custom_id`` is unique to the show folder and never changes: with it
    Jellyfin finds the watched state again after the folder is renamed. ``seasons`` are names by number.

    Raises ValueError for a blank ``custom_id``.
    """
    show = meta.show
    body = "".join(
        (
            _element("title", _line(show.title) or _line(meta.anime_title)),
            _element("originaltitle", _line(show.original_title)),
            _element("plot", _text(show.plot)),
            _element("premiered", _date(show.premiered)),
            _element("year", _year(meta)),
            *(_element("genre", genre) for genre in _genres(show.genres)),
            *(_element("studio", studio) for studio in dict.fromkeys(map(_line, show.studios))),
            _element("rating", _rating(show.rating)),
            *_unique_ids(show.ids, _custom(custom_id)),
            *(_named_season(number, name) for number, name in sorted((seasons or {}).items())),
            _element("dateadded", _moment(added)),
        )
    )
    return f"{DECLARATION}<tvshow>\n{body}</tvshow>\n".encode()


def season_nfo(meta: EpisodeMeta, *, name: str | None = None, added: datetime) -> bytes:
    """Return ``season.nfo`` of the season of ``meta``; ``name`` is the same as in ``show_nfo``."""
    body = (
        _element("title", _line(name))
        + _element("seasonnumber", str(meta.series_no))
        + _element("dateadded", _moment(added))
    )
    return f"{DECLARATION}<season>\n{body}</season>\n".encode()


def _episode_block(meta: EpisodeMeta, added: datetime) -> str:
    facts = meta.facts
    body = "".join(
        (
            _element("title", _line(facts.title) or f"第 {meta.episode_no} 話"),
            _element("originaltitle", _line(facts.original_title)),
            _element("showtitle", _line(meta.show.title) or _line(meta.anime_title)),
            _element("season", str(meta.series_no)),
            _element("episode", str(meta.episode_no)),
            _element("episodenumberend", _end(meta)),
            _element("displayseason", _display(meta, meta.display_season)),
            _element("displayepisode", _display(meta, meta.display_episode)),
            _element("plot", _text(facts.plot)),
            _element("aired", _date(facts.aired)),
            _element("runtime", str(facts.runtime_minutes) if (facts.runtime_minutes or 0) > 0 else ""),
            *_unique_ids(facts.ids, None),
            _element("dateadded", _moment(added)),
        )
    )
    return f"<episodedetails>\n{body}</episodedetails>\n"


def _further_block(meta: EpisodeMeta, episode_no: int, added: datetime) -> str:
    body = (
        _element("title", f"第 {episode_no} 話")
        + _element("showtitle", _line(meta.show.title) or _line(meta.anime_title))
        + _element("season", str(meta.series_no))
        + _element("episode", str(episode_no))
        + _element("dateadded", _moment(added))
    )
    return f"<episodedetails>\n{body}</episodedetails>\n"


def _end(meta: EpisodeMeta) -> str:
    return str(meta.episode_end) if (meta.episode_end or 0) > meta.episode_no else ""


def _display(meta: EpisodeMeta, number: int | None) -> str:
    """Only specials are displayed elsewhere than where they are."""
    return str(number) if number is not None and meta.series_no == 0 else ""


def _element(tag: str, text: str) -> str:
    return f"  <{tag}>{_escape(text)}</{tag}>\n" if text else ""


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _text(value: str | None) -> str:
    """Strip what XML or Jellyfin cannot read, keep line breaks."""
    return _LINE_BREAK.sub("\n", _STRIPPED.sub("", value)).strip() if value else ""


def _line(value: str | None) -> str:
    return _BREAKS.sub(" ", _text(value))


def _date(value: date | None) -> str:
    return value.isoformat()[:10] if value else ""


@lru_cache(maxsize=64)
def _moment(value: datetime) -> str:
    moment = value.astimezone(UTC) if value.tzinfo else value
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _rating(value: float | None) -> str:
    """Sources say 0 where there is no rating."""
    return f"{value:.1f}" if value is not None and 0 < value <= 10 else ""


def _genres(genres: Iterable[str]) -> dict[str, None]:
    """Jellyfin splits a genre at any slash, Kodi does not: there must be none."""
    return dict.fromkeys(part for genre in genres for part in map(str.strip, _line(genre).split("/")) if part)


def _named_season(number: int, name: str) -> str:
    text = _line(name)
    return f'  <namedseason number="{number}">{_escape(text)}</namedseason>\n' if text else ""


def _custom(custom_id: str) -> str:
    """Jellyfin appends season and episode digits to this value: it must not end in one."""
    text = _line(custom_id)
    if not text:
        raise ValueError("custom_id is blank")
    return text + ":" if text[-1].isdigit() else text


def _unique_ids(ids: tuple[tuple[str, str], ...], custom: str | None) -> Iterator[str]:
    known: dict[str, str] = {}
    for namespace, raw in ids:
        kind, value = _CANONICAL.get(namespace.strip().casefold(), namespace.strip()), _line(raw)
        if _is_id(kind, value):
            known.setdefault(kind, value)
    if custom:
        known["Custom"] = custom
    default = "Bangumi" if "Bangumi" in known else next(iter(known), None)
    for kind, value in known.items():
        mark = ' default="true"' if kind == default else ""
        yield f'  <uniqueid type="{kind}"{mark}>{_escape(value)}</uniqueid>\n'


def _is_id(kind: str, value: str) -> bool:
    """Other ids are left out: servers trust them, and use some as keys of the watched state."""
    if not value or not _ID_TYPE.fullmatch(kind) or kind.casefold() == "custom":
        return False
    if kind == "imdb":
        return _IMDB.fullmatch(value) is not None
    return kind not in _NUMERIC_IDS or (value.isascii() and value.isdigit())
