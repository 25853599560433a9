"""Takes the titles of a work out of the part of a release title that holds them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.reading import numbers
from seiton.domain.reading.values import Name, Script
from seiton.domain.reading.vocabulary import NOTE, plain

_KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿𠀀-𪛟々]")
_HANGUL = re.compile(r"[가-힣]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_EAST = r"々぀-ヿ㐀-䶿一-鿿가-힣"
_WIDE = rf"[{_EAST}！？。、…」』》）～☆△♪]"
_SLASH = re.compile(
    rf" +[/|] *| *[/|] +|(?<=[{_EAST}！？。!?\-~△☆」』])[/|\\](?=\S)|(?<=\S)[/|\\](?=[{_EAST}「『])| -  +"
)
_UNDERSCORE = re.compile(rf"(?<=[{_EAST}！？。!?△☆])_(?=[A-Za-z0-9À-ɏ])|(?<=[A-Za-z0-9!?.'△☆])_(?=[{_EAST}])")
_WESTERN_FIRST = re.compile(rf"([^{_EAST}]*[A-Za-z]{{2}}[^{_EAST}]*) - ([{_EAST}「].*)")
_EAST_THEN_WEST = re.compile(rf"(.*[{_EAST}]\S*)\s+([^{_EAST}]*[A-Za-z]{{3}}[^{_EAST}]*)")
_WEST_THEN_EAST = re.compile(rf"([^{_EAST}]*[A-Za-z]{{3}}[^{_EAST}]*?)\s+([{_EAST}「『].*)")
_EDGE = " \t\u3000-_.,:;+&~|/\\★"
_BLANKS = re.compile(r"[ \u3000\t]{2,}")
_ASIDE = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_TRAILING = re.compile(r" (?:tv|ova|oad|ona|sp|specials?|movie|batch|complete|raws?|bd|dvd|web)$", re.IGNORECASE)
_NEWS_HEAD = re.compile(r"^[^\w(\[「『《【]*(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})月新?番[ ★\]]*|^v[0-9] ", re.IGNORECASE)


class Names(NamedTuple):
    """The titles in a text, and what was taken out of them."""

    names: tuple[Name, ...] = ()
    written: tuple[str, ...] = ()
    season: int | None = None
    season_end: int | None = None
    season_text: str | None = None
    part: int | None = None


def script_of(text: str) -> Script:
    """Return the script of a title; Chinese characters and kana outweigh Latin letters beside them."""
    if text.isascii():
        return Script.LATIN if _LATIN.search(text) else Script.OTHER
    for script, pattern in (
        (Script.KANA, _KANA),
        (Script.HAN, _HAN),
        (Script.HANGUL, _HANGUL),
        (Script.CYRILLIC, _CYRILLIC),
        (Script.LATIN, _LATIN),
    ):
        if pattern.search(text):
            return script
    return Script.OTHER


@lru_cache(maxsize=4096)
def names_in(texts: tuple[str, ...], is_last: bool) -> Names:
    """Take the titles out of ``texts``, as written, one per bracket.

    ``is_last``: no episode follows, so that a single digit at the end counts seasons (``White Album 2``).
    """
    names: list[Name] = []
    written: list[str] = []
    season = season_end = part = None
    season_text: str | None = None
    pieces = [piece for text in texts for piece in _pieces(text)]
    if not pieces:
        return Names()
    for text in texts:
        whole = _tidy(text)
        if whole and whole not in written:
            written.append(whole)
    for piece in pieces:
        if piece not in written:
            written.append(piece)
        rest, found, text, found_part = _without_season(piece, season, is_last)
        if found is not None and season is None:
            season, season_end, season_text = found.number, found.end, text
        part = part or found_part
        season_text = season_text or numbers.final_season_in(rest)
        for name in _languages(rest) if len(pieces) == 1 else (rest,):
            entry = Name(text=name, script=script_of(name))
            if name and entry not in names:
                names.append(entry)
    return Names(tuple(names), tuple(written), season, season_end, season_text, part)


def _pieces(text: str) -> list[str]:
    text = _UNDERSCORE.sub(" / ", text)
    looks = plain(text)
    pieces, start = [], 0
    for match in _SLASH.finditer(looks):
        pieces.append(text[start : match.start()])
        start = match.end()
    pieces.append(text[start:])
    if len(pieces) == 1 and (two := _WESTERN_FIRST.fullmatch(looks.strip())):
        text = text.strip()
        pieces = [text[: two.end(1)], text[two.start(2) :]]
    return [tidy for piece in pieces if (tidy := _tidy(piece)) and re.search(r"\w", tidy)]


def _tidy(text: str) -> str:
    text = _NEWS_HEAD.sub("", text.replace("_", " "))
    if "(" in plain(text):
        text = _without_notes(text)
    text = _BLANKS.sub(" ", text).strip()
    while text and text[-1] in " -_/|:+,&★" and not _balanced_dash(text):
        text = text[:-1]
    while text and text[0] in " _/|:+,;&★" or text[:2] == "- ":
        text = text[1:]
    return text


def _balanced_dash(text: str) -> bool:
    """Return whether the dash that ends ``text`` closes one before: ``86 -a subtitle-``."""
    return text[-1] == "-" and re.search(r"(?:^|[\W\u3040-\u9fff])-\S[^-]*-$", text) is not None


def _without_notes(text: str) -> str:
    looks = plain(text)
    kept, start = [], 0
    for match in _ASIDE.finditer(looks):
        if NOTE.search(match[1]):
            kept.append(text[start : match.start()])
            start = match.end()
    return "".join((*kept, text[start:]))


def _without_season(
    piece: str, known: int | None, is_last: bool
) -> tuple[str, numbers.Season | None, str | None, int | None]:
    looks = plain(piece)
    part = numbers.part_in(looks)
    if part is not None and looks[: part.start].strip():
        piece = _tidy(piece[: part.start] + piece[part.stop :])
        looks = plain(piece)
    season = numbers.season_in(looks)
    if season is None:
        season = numbers.roman_end(looks)
    if season is None and (known or is_last) and (digit := re.search(r"(?<=[^\W0-9][ !?.])([2-9])$|(?<=[^\W0-9] )([2-9])$", looks)):
        number = int(digit[0])
        if (known == number or (known is None and is_last)) and "movie" not in looks.lower():
            season = numbers.Season(digit.start(), digit.end(), number)
    found_part = part.number if part else None
    if season is None:
        return piece, None, None, found_part
    text = piece[season.start : season.stop].strip()
    before, after = piece[: season.start].rstrip(" ([（"), piece[season.stop :].lstrip(" )]）")
    rest = _tidy(f"{before} {after}" if before and after else before or after)
    return (rest or piece), season, text, found_part


def _languages(piece: str) -> tuple[str, ...]:
    """Divide a single title that is written in two languages one after the other."""
    if piece.isascii():
        return (piece,)
    if two := _EAST_THEN_WEST.fullmatch(piece):
        east, west = _tidy(two[1]), _tidy(two[2])
        if east and west and not _LATIN.search(east):
            return (east, west)
    if two := _WEST_THEN_EAST.fullmatch(piece):
        return (piece, _tidy(two[1]), _tidy(two[2]))
    return (piece,)
