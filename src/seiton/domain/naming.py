"""From metadata to a library path; and paths as keys, for display, and cut into stem and extension.

Sources of the rules: contract §5.3 (the layout), nfo-naming §2 (what Jellyfin and Kodi read wrongly).
``docs/naming.md`` explains them to users.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from seiton.domain.metadata import MAX_NUMBER, UNKNOWN_GROUP, EpisodeMeta
from seiton.domain.name_reading import Numbers, is_extra, read_numbers, read_season
from seiton.domain.name_text import clean, clip, compose
from seiton.domain.sidecars import VIDEO_SUFFIXES
from seiton.domain.templates import (
    EXAMPLE,
    Field,
    NameTemplate,
    Node,
    TemplateFault,
    Values,
    fields_of,
    fill,
    longest,
    parse_template,
    texts_of,
)

TITLE_BYTES = 128
"""Most bytes of a title in a name: with any two numbers behind it a base stays within 150."""
LEAST_TITLE_BYTES = 60
"""A template that leaves less room for the title is refused."""
BASE_BYTES = 190
"""Most bytes of a base with its group: the longest tail of a sidecar still fits into 255."""
VALUE_BYTES = 24
"""Most bytes of a resolution, and the fewest that a group is cut to."""
DEFAULT_TEMPLATE = EXAMPLE
"""The reference's layout."""
MOVIES = b".movies"
"""What paths on record begin with in the folder for films. No name that is made begins with a dot."""
MAX_SPAN = 200
"""Most episodes that one file is believed to hold beyond its first (HEAD of the reference: 201)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingProfile:
    """How a library is laid out where the wish does not say it."""

    template: str = DEFAULT_TEMPLATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Where a unit belongs: path components in NFC, none with an extension. A film has no ``season``."""

    show: str
    season: str
    base: str
    is_movie: bool = False

    @property
    def stem(self) -> bytes:
        """``show/season/base`` in UTF-8, relative to the library root; of a film ``.movies/show/base``."""
        return self.season_folder + b"/" + self.base.encode()

    @property
    def show_folder(self) -> bytes:
        """The show's folder in UTF-8, relative to the library root."""
        return MOVIES + b"/" + self.show.encode() if self.is_movie else self.show.encode()

    @property
    def season_folder(self) -> bytes:
        """``show/season`` in UTF-8, relative to the library root; of a film the same as ``show_folder``."""
        return self.show_folder if self.is_movie else f"{self.show}/{self.season}".encode()


class WhyImpossible(StrEnum):
    """Why no name can be made."""

    EMPTY_TITLE = "empty_title"  #: there is no title
    NOTHING_PRINTABLE = "nothing_printable"  #: of the title nothing is left that a file may be called
    NUMBER_OUT_OF_RANGE = "number_out_of_range"  #: negative, absurdly large, or a range that ends early
    TEMPLATE = "template"  #: the naming template cannot be read here
    MISREAD = "misread"  #: media servers would read another number from the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """No name can be made from this metadata; ``detail`` is the value at fault."""

    code: WhyImpossible
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A template that was read, and how many bytes it leaves for a title."""

    template: NameTemplate
    folder_fields: tuple[Field, ...]
    title_bytes: int
    season_words: tuple[str, ...]
    shows_group: bool

    @classmethod
    def of(cls, text: str) -> Layout | TemplateFault:
        """Read ``text``; a template by which names may become too long is a fault, too."""
        return _layout(text)


def render(meta: EpisodeMeta, profile: NamingProfile) -> Name | Impossible:
    """Return where ``meta`` belongs: by the template of its library, else by that of ``profile``."""
    name = draft_name(meta, profile)
    if isinstance(name, Impossible) or name.is_movie or _reads_right(name, meta):
        return name
    return Impossible(code=WhyImpossible.MISREAD, detail=name.base)


def draft_name(meta: EpisodeMeta, profile: NamingProfile) -> Name | Impossible:
    """Do the same without asking what media servers would read from the name."""
    if fault := _number_fault(meta):
        return Impossible(code=WhyImpossible.NUMBER_OUT_OF_RANGE, detail=fault)
    if not meta.anime_title.strip():
        return Impossible(code=WhyImpossible.EMPTY_TITLE, detail="")
    if meta.is_movie:
        return _movie_name(meta)
    text = meta.naming if meta.naming is not None else profile.template
    layout = Layout.of(text)
    if isinstance(layout, TemplateFault):
        return Impossible(code=WhyImpossible.TEMPLATE, detail=text)
    if not _title_part(meta.anime_title, TITLE_BYTES):
        return Impossible(code=WhyImpossible.NOTHING_PRINTABLE, detail=meta.anime_title)
    values = _values(meta, layout.title_bytes)
    show, season = _folders(text, _year(meta), tuple(values[field] for field in layout.folder_fields))
    name = Name(show=show, season=season, base=_base(layout, values))
    if not (name.show and name.season and name.base):
        return Impossible(code=WhyImpossible.TEMPLATE, detail=text)
    return name


def _movie_name(meta: EpisodeMeta) -> Name | Impossible:
    """Return ``Title (Year)/Title (Year)``, as media servers want films: the same name for both.

    Of several films that go by one name each but the first has its number behind the title.
    """
    number = f" {meta.episode_no}" if meta.episode_no > 1 else ""
    title = _title_part(meta.anime_title, TITLE_BYTES)
    if not title:
        return Impossible(code=WhyImpossible.NOTHING_PRINTABLE, detail=meta.anime_title)
    year = _year(meta)
    name = title + number
    if year and not name.endswith(f"({year})"):
        name = f"{name} ({year})"
    elif _UNSEEN.fullmatch(name.casefold()) or is_extra(name):
        name += _MARK
    return Name(show=name, season="", base=name, is_movie=True)


def numbers_of(meta: EpisodeMeta) -> Numbers:
    """Return what media servers have to read from the name of ``meta``."""
    last = meta.episode_end if meta.episode_end is not None else meta.episode_no
    return Numbers(season=meta.series_no, first=meta.episode_no, last=last)


def _reads_right(name: Name, meta: EpisodeMeta) -> bool:
    found = read_numbers(name.base), read_season(name.season)
    return found == (numbers_of(meta), meta.series_no) and not is_extra(name.base)


def path_key(path: bytes) -> str:
    """Return the key under which two names count as one: NFC, case-folded.

    A byte that is not UTF-8 becomes ``//`` and two hex digits: such names stay distinct, the key can
    be stored as text anywhere, and no path without empty components has this key otherwise.
    """
    text = path.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return _ESCAPED_BYTE.sub(lambda match: f"//{ord(match[0]) - 0xDC00:02x}", folded)


def display(path: bytes) -> str:
    r"""Return ``path`` for people: bytes that are not UTF-8, and characters that could play tricks on
    a terminal (control, direction, line separators), as escapes (``\xNN``, ``\n``, ``\uNNNN``).
    """
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        char if unicodedata.category(char) not in _NOT_SHOWN else char.encode("unicode_escape").decode()
        for char in text
    )


def in_movies(path: bytes) -> bool:
    """Say whether a path on record leads into the folder for films."""
    return path.startswith(MOVIES + b"/")


def split_stem(path: bytes) -> tuple[bytes, bytes]:
    """Cut ``path`` into stem and extension (with its dot, or empty).

    An extension has a letter and up to ten letters and digits, so ``Mr. X`` and ``S01E12.5`` have
    none. That of a video is returned in lower case, any other as it is.
    """
    match = _EXTENSION.search(path)
    if match is None:
        return path, b""
    extension = match[1]
    lowered = extension.lower()
    return path[: match.start(1)], lowered if lowered in VIDEO_SUFFIXES else extension


_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_EXTENSION = re.compile(rb"[^/](\.(?=[0-9]{0,9}[A-Za-z])[0-9A-Za-z]{1,10})\Z")

_SEASON_LIKE = re.compile(
    r".|[0-9]+|s[0-9]+|(?:season|specials?|sp|シーズン) ?[0-9]*|[0-9]+(?:st|nd|rd|th) season"
)
_UNSEEN = re.compile(
    r"metadata|subs|minta|extrafanart|extrathumbs|lost\+found|#recycle|@recycle|@?eadir|\$recycle\.bin|temprec"
    r"|tempsbe|ps3_update|ps3_vprm|bdmv|video_ts|system volume information|.*\.(?:trickplay|bts|sync)"
    r"|trailers?|extras?|other|scenes|shorts|clips|interviews|featurettes|samples|backdrops|theme-music"
    r"|behind the scenes|deleted scenes"
    r"|(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?"
)
"""Folder names that Jellyfin ignores (two lines) or takes for extras (two), or Windows reserves (one)."""
_MARK = "＿"
"""Follows an ignored name where no year is known."""


def _number_fault(meta: EpisodeMeta) -> str | None:
    for number in (meta.series_no, meta.episode_no, meta.episode_end or 0):
        if not 0 <= number <= MAX_NUMBER:
            return str(number)
    end = meta.episode_end
    if end is not None and not 0 <= end - meta.episode_no <= MAX_SPAN:
        return f"{meta.episode_no}-{end}"
    return None


def _year(meta: EpisodeMeta) -> int | None:
    year = meta.show.year or (meta.show.premiered.year if meta.show.premiered else None)
    return year if year and 1850 < year <= 9999 else None


@lru_cache(maxsize=4096)
def _folders(text: str, year: int | None, given: tuple[str | int | None, ...]) -> tuple[str, str]:
    """Return the folders of show and season by the template ``text``: the same for all of a season.

    ``given`` are the values of the ``folder_fields`` of the template, which can be read.
    """
    layout = _layout(text)
    assert isinstance(layout, Layout)
    values = dict(zip(layout.folder_fields, given, strict=True))
    return _show_folder(year, layout, values), compose(fill(layout.template.season, values))


def _show_folder(year: int | None, layout: Layout, values: Values) -> str:
    show = compose(fill(layout.template.show, values))
    folded = show.casefold()
    ignored = _UNSEEN.fullmatch(folded) is not None
    if not ignored and not _misleads_seasons(folded, layout.season_words):
        return show
    if year and not show.endswith(f"({year})"):
        return f"{show} ({year})"
    return show + _MARK if ignored else show


def _misleads_seasons(folded: str, season_words: tuple[str, ...]) -> bool:
    """Jellyfin deletes the show's name from the season folder's before it reads that
    (SeasonPathParser): a show ``A`` leaves ``Seson 01``, a show ``1`` season 0.
    """
    return any(folded in word for word in season_words) or _SEASON_LIKE.fullmatch(folded) is not None


def _base(layout: Layout, values: Values) -> str:
    nodes, group = layout.template.base, values[Field.GROUP]
    if isinstance(group, str) and layout.shows_group:
        bare = fill(nodes, {**values, Field.GROUP: ""})
        if used := len(fill(nodes, {**values, Field.GROUP: "x"})) - len(bare):
            room = BASE_BYTES - len(bare.encode())
            values = {**values, Field.GROUP: clip(group, room // used)}
    return compose(fill(nodes, values))


def _values(meta: EpisodeMeta, title_bytes: int) -> Values:
    """Return what placeholders stand for, each a clean part of a component."""
    end, year = meta.episode_end, _year(meta)
    title = _title_part(meta.anime_title, title_bytes)
    group = meta.subtitle_group if meta.subtitle_group != UNKNOWN_GROUP else None
    resolution = _bracketed(meta.resolution)
    return {
        Field.TITLE: title,
        # Where the title ends with it, it is not written twice.
        Field.YEAR: year if not title.endswith(f"({year})") else None,
        Field.SEASON: meta.series_no,
        Field.EPISODE: meta.episode_no,
        Field.EPISODE_END: end if end is not None and end > meta.episode_no else None,
        Field.GROUP: _bracketed(group),
        Field.RESOLUTION: resolution and clip(resolution, VALUE_BYTES),
        Field.VERSION: meta.version if meta.version > 1 else None,
        Field.SPECIAL: 0 if meta.series_no == 0 else None,
    }


@lru_cache(maxsize=4096)
def _bracketed(text: str | None) -> str | None:
    """Return ``text`` clean, also where a template puts brackets around it; ``None`` if nothing is left."""
    return clean(text or "").replace("[", "［").replace("]", "］") or None


@lru_cache(maxsize=4096)
def _title_part(title: str, most: int) -> str:
    """Return what stands for ``title`` in names, in at most ``most`` bytes; empty if nothing can."""
    return clip(clean(title), most)


_SIZES = {
    Field.TITLE: 0,
    Field.YEAR: 4,
    Field.SEASON: 5,
    Field.EPISODE: 5,
    Field.EPISODE_END: 5,
    Field.GROUP: VALUE_BYTES,
    Field.RESOLUTION: VALUE_BYTES,
    Field.VERSION: 5,
}
_SHOW_SUFFIX_BYTES = len(" (2026)")


@lru_cache(maxsize=64)
def _layout(text: str) -> Layout | TemplateFault:
    template = parse_template(text)
    if isinstance(template, TemplateFault):
        return template
    show = _room_for_title(template.show, BASE_BYTES - _SHOW_SUFFIX_BYTES)
    base = _room_for_title(template.base, BASE_BYTES)
    season = _room_for_title(template.season, BASE_BYTES)
    if isinstance(show, TemplateFault):
        return show
    if isinstance(base, TemplateFault):
        return base
    if isinstance(season, TemplateFault):
        return season
    return Layout(
        template=template,
        folder_fields=tuple(dict.fromkeys(fields_of((*template.show, *template.season)))),
        title_bytes=min(show, season, base),
        season_words=tuple(" ".join(texts_of(template.season)).casefold().split()),
        shows_group=Field.GROUP in fields_of(template.base),
    )


def _room_for_title(nodes: tuple[Node, ...], most: int) -> int | TemplateFault:
    """Return how many bytes of each title in ``nodes`` fit whatever the other values are."""
    for room in range(TITLE_BYTES, LEAST_TITLE_BYTES - 1, -1):
        if longest(nodes, {**_SIZES, Field.TITLE: room}) <= most:
            return room
    length = longest(nodes, {**_SIZES, Field.TITLE: LEAST_TITLE_BYTES})
    return TemplateFault(code="too_wide", values={"length": length, "most": most})
