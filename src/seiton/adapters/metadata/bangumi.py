"""bangumi.tv, by its public interface (``/v0``): what it knows about anime.

Numbers of episodes may be fractions there (6.5), titles empty ("not known yet"), lists longer than a page.
An answer that is not what the interface promises is a ``FetchError``, named as such.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from seiton.adapters.http import Fetched, FetchError, FetchFault, WebClient
from seiton.domain.facts import Kind, Known, KnownEpisode, Language, Number, Titles
from seiton.text import _

NAMESPACE = "bgm"
ANIME = 2
PAGE = 100
MOST_PAGES = 30
MAX_BYTES = 4 * 1024 * 1024
_MOVIES = frozenset({"剧场版", "电影", "劇場版", "Movie"})
_SERIES = frozenset({"TV", "WEB", "Web", "网络动画"})
_NO_MOVIES = _SERIES | {"OVA"}
_PREQUEL = "前传"
_KINDS = {0: Kind.MAIN, 1: Kind.SPECIAL}
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})")
_MINUTES = re.compile(r"(\d{1,3}) ?(?:m|分)")
_LATIN = re.compile(r"[ -~]+")
_GENRES = frozenset(
    {"恋爱", "日常", "校园", "搞笑", "奇幻", "科幻", "战斗", "热血", "冒险", "悬疑", "推理", "治愈", "催泪"}
    | {"百合", "后宫", "机战", "运动", "音乐", "美食", "历史", "恐怖", "穿越", "异世界", "偶像", "职场"}
    | {"战争", "致郁", "励志", "耽美", "萌系", "惊悚", "犯罪", "武侠"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A work that a search found; a suggestion and no more."""

    value: str
    titles: Titles
    year: int | None
    picture_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Airing:
    """A work that is broadcast at present, on ``weekday`` (ISO: Monday is 1)."""

    value: str
    weekday: int
    titles: Titles
    premiered: date | None
    picture_url: str | None


class Bangumi:
    """Asks ``base_url``. Every call is one request, or as many as a list has pages; raises ``FetchError``.

    ``gap_s`` lies between two requests, whoever makes them.
    """

    def __init__(self, web: WebClient, base_url: str, *, gap_s: float = 0.5) -> None:
        self._web, self._base, self._gap_s = web, base_url, gap_s
        self._turn, self._free_at = threading.Lock(), 0.0
        web.policy.allow_url(base_url)

    @property
    def address(self) -> str:
        """Where it is."""
        return self._base

    def subject(self, value: str) -> dict[str, Any] | None:
        """Return a work as it is answered, ``None``: there is none."""
        answer = self._get(f"/v0/subjects/{quote(value, safe='')}")
        if answer is not None and not isinstance(answer, dict):
            raise self._lies(f"/v0/subjects/{value}")
        return answer

    def episodes(self, value: str) -> list[dict[str, Any]]:
        """Return all episodes of a work as they are answered."""
        found: list[dict[str, Any]] = []
        for page in range(MOST_PAGES):
            path = f"/v0/episodes?subject_id={quote(value, safe='')}&limit={PAGE}&offset={page * PAGE}"
            answer = self._get(path)
            data = answer.get("data") if isinstance(answer, dict) else None
            if not isinstance(answer, dict) or not isinstance(data, list):
                if answer is None:
                    return found
                raise self._lies(path)
            found += [one for one in data if isinstance(one, dict)]
            if not data or len(found) >= _count(answer.get("total")):
                return found
        return found

    def relations(self, value: str) -> list[dict[str, Any]]:
        """Return the works that are related to one, as they are answered."""
        path = f"/v0/subjects/{quote(value, safe='')}/subjects"
        answer = self._get(path)
        if answer is None:
            return []
        if not isinstance(answer, list):
            raise self._lies(path)
        return [one for one in answer if isinstance(one, dict)]

    def calendar(self) -> list[dict[str, Any]]:
        """Return the days of the week with what is broadcast on them at present, as they are answered
        (``GET /calendar``, bangumi/api docs-raw/Subject-API.md).
        """
        answer = self._get("/calendar")
        if not isinstance(answer, list) or not answer:
            raise self._lies("/calendar")
        return [one for one in answer if isinstance(one, dict)]

    def search(self, title: str) -> list[dict[str, Any]]:
        """Return the anime that a search finds, the likeliest first, as they are answered."""
        path = "/v0/search/subjects?limit=10"
        payload = {"keyword": title, "sort": "match", "filter": {"type": [ANIME], "nsfw": True}}
        self._wait()
        said = self._web.request_json("POST", self._base + path, payload, max_bytes=MAX_BYTES)
        if not said.is_success:
            raise FetchError(FetchFault.STATUS, self._base + path, http_status=said.status)
        answer = said.content
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            raise self._lies(path)
        return [one for one in data if isinstance(one, dict)]

    def _wait(self) -> None:
        """Wait for this request's turn; those that come at the same time go one after the other."""
        with self._turn:
            begins = max(self._free_at, time.monotonic())
            self._free_at = begins + self._gap_s
        time.sleep(max(begins - time.monotonic(), 0))

    def _get(self, path: str) -> Any:
        self._wait()
        try:
            answer = self._web.get(self._base + path, max_bytes=MAX_BYTES, accept="application/json")
        except FetchError as error:
            if error.http_status in (400, 404):
                return None
            raise
        if not isinstance(answer, Fetched):
            raise self._lies(path)
        return self._json(path, answer)

    def _json(self, path: str, answer: Fetched) -> Any:
        kind = (answer.content_type or "").partition(";")[0].strip().lower()
        if kind == "text/html":
            detail = _("a web page came instead of data")
            raise FetchError(FetchFault.NOT_HTTP, self._base + path, detail=detail)
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            detail = _("the answer is not JSON")
            raise FetchError(FetchFault.NOT_HTTP, self._base + path, detail=detail) from error

    def _lies(self, path: str) -> FetchError:
        detail = _("the answer has not the form that the interface promises")
        return FetchError(FetchFault.NOT_HTTP, self._base + path, detail=detail)


def read_found(subjects: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Return what can be used of a search's answer."""
    return [
        Found(
            value=str(subject["id"]),
            titles=titles_of(subject),
            year=premiered.year if (premiered := _date(subject.get("date"))) else None,
            picture_url=_picture(subject),
        )
        for subject in subjects
        if isinstance(subject.get("id"), int) and titles_of(subject)
    ]


def read_calendar(days: Sequence[Mapping[str, Any]]) -> list[Airing]:
    """Return what can be used of a calendar; a work that stands on two days is on the first of them."""
    found: dict[str, Airing] = {}
    for day in days:
        weekday, items = day.get("weekday"), day.get("items")
        number = weekday.get("id") if isinstance(weekday, dict) else None
        if not isinstance(number, int) or not 1 <= number <= 7 or not isinstance(items, list):
            continue
        for one in items:
            if isinstance(one, dict) and isinstance(one.get("id"), int) and titles_of(one):
                work = Airing(
                    value=str(one["id"]),
                    weekday=number,
                    titles=titles_of(one),
                    premiered=_date(one.get("air_date")),
                    picture_url=_picture(one),
                )
                found.setdefault(work.value, work)
    return list(found.values())


def read_known(
    subject: Mapping[str, Any], episodes: Sequence[Mapping[str, Any]], *, season: int | None
) -> Known:
    """Return what can be used of a work; what has another form than promised is left out."""
    rating = subject.get("rating")
    score = rating.get("score") if isinstance(rating, dict) else None
    listed = [read for one in episodes if (read := _episode(one)) is not None]
    return Known(
        titles=titles_of(subject),
        plot=_text(subject.get("summary")),
        premiered=_date(subject.get("date")),
        rating=float(score) if isinstance(score, int | float) and 0 < score <= 10 else None,
        genres=_genres(subject.get("meta_tags")),
        studios=tuple(_info(subject, "动画制作")),
        picture_url=_picture(subject),
        is_movie=_is_movie(subject.get("platform")),
        season=season,
        episodes=tuple(sorted(listed, key=lambda one: (one.kind != Kind.MAIN, one.sort))),
    )


def _is_movie(platform: object) -> bool | None:
    if platform in _MOVIES:
        return True
    return False if platform in _NO_MOVIES else None


def prequel_of(relations: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the anime that comes before one."""
    for related in relations:
        is_anime = related.get("type") == ANIME and isinstance(related.get("id"), int)
        if is_anime and related.get("relation") == _PREQUEL:
            return str(related["id"])
    return None


def is_series(subject: Mapping[str, Any]) -> bool:
    """Say whether a work is a season of a series, no film and no OVA."""
    return subject.get("platform") in _SERIES


def titles_of(subject: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles of a work or episode by language."""
    titles: dict[str, str] = {}
    if chinese := _line(subject.get("name_cn")):
        titles[Language.SIMPLIFIED] = chinese
    if name := _line(subject.get("name")):
        titles[Language.JAPANESE] = name
    for key, language in (("英文名", Language.ENGLISH), ("罗马字", Language.ROMAJI)):
        for value in _info(subject, key):
            titles.setdefault(language, value)
    for alias in _info(subject, "别名"):
        if _LATIN.fullmatch(alias) and len(alias) > 3:
            titles.setdefault(Language.ROMAJI, alias)
    return titles


def _episode(one: Mapping[str, Any]) -> KnownEpisode | None:
    kind, sort = _KINDS.get(one.get("type", 0)), _number(one.get("sort"))
    if kind is None or sort is None:
        return None
    ep = _number(one.get("ep"))
    return KnownEpisode(
        kind=kind,
        sort=sort,
        ep=ep if ep and ep > (0, 0) else None,
        titles=titles_of(one),
        plot=_text(one.get("desc")),
        aired=_date(one.get("airdate")),
        runtime_minutes=_minutes(one),
        value=str(one["id"]) if isinstance(one.get("id"), int) else None,
    )


def _number(value: object) -> Number | None:
    """Return ``6.5`` as ``(6, 5)``; finer fractions, negatives and nonsense are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 100_000:
        return None
    tenths = round(value * 10)
    return divmod(tenths, 10) if abs(tenths - value * 10) < 1e-6 else None


def _minutes(one: Mapping[str, Any]) -> int | None:
    seconds = one.get("duration_seconds")
    if isinstance(seconds, int) and seconds > 0:
        return max(round(seconds / 60), 1)
    text = _line(one.get("duration")) or ""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = int(clock[1] or 0), int(clock[2]), int(clock[3])
        return hours * 60 + round(minutes + rest / 60) or None
    named = _MINUTES.match(text)
    return int(named[1]) or None if named else None


def _genres(tags: object) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag in _GENRES) if isinstance(tags, list) else ()


def _info(subject: Mapping[str, Any], key: str) -> list[str]:
    """Return the values of one line of the infobox, which may be a text or a list of ``{k, v}``."""
    box = subject.get("infobox")
    for line in box if isinstance(box, list) else ():
        if isinstance(line, dict) and line.get("key") == key:
            value = line.get("value")
            parts = value if isinstance(value, list) else [value]
            texts = (part.get("v") if isinstance(part, dict) else part for part in parts)
            return [text for text in map(_line, texts) if text]
    return []


def _picture(subject: Mapping[str, Any]) -> str | None:
    images = subject.get("images")
    if not isinstance(images, dict):
        return None
    found = next((images[size] for size in ("medium", "large", "common") if images.get(size)), None)
    return found if isinstance(found, str) and found.startswith(("http://", "https://")) else None


def _date(value: object) -> date | None:
    match = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _line(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _text(value: object) -> str | None:
    return value.replace("\r\n", "\n").strip() or None if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
