"""Takes the titles of a work out of the part of a release title that holds them."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.reading import seasons
from seiton.domain.reading.gates import Gated, Hints
from seiton.domain.reading.values import Name, Script
from seiton.domain.reading.vocabulary import NOTE, plain

_SEASON, _PART, _FINAL = range(3)
_hints = Hints(seasons.SEASON, seasons.PART, seasons.FINAL_SEASON)
_KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿𠀀-𪛟々]")
_HANGUL = re.compile(r"[가-힣]")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_EAST = r"々぀-ヿ㐀-䶿一-鿿가-힣"
_SPACED = re.compile(r" +[/|] +| -  +")
_TIGHT = re.compile(r" *[/|\\] *")
_UNDERSCORE = re.compile(rf"(?<=[{_EAST}！？。!?△☆])_(?=[A-Za-z0-9À-ɏ])|(?<=[A-Za-z0-9!?.'△☆])_(?=[{_EAST}])")
_FIRST_EAST = re.compile(f"[{_EAST}「『]")
_LAST_EAST = re.compile(f".*[{_EAST}]", re.DOTALL)
_BLANK = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z]{3}")
_BLANKS = re.compile(r"[ \u3000\t]{2,}")
_ASIDE = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_LABEL_NUMBER = re.compile(r"( (?:nc)?(?:op|ed))[0-9]{1,2}[a-z]?$", re.IGNORECASE)
_CONTAINS_EAST = re.compile(f"[{_EAST}]")
_LABEL = re.compile(
    r"[+& -]*(?:ova|oad|sp|specials?|movie|tv|complete|batch|bd|dvd|web)|特[別别][篇编編]|番外[篇编編]",
    re.IGNORECASE,
)
_LABEL_END = Gated(
    r" -+ *(?:ova|oad|sp|specials?|movie|特[別别][篇编編]|番外[篇编編]|bd|dvd|web|blu-?ray"
    r"|[0-9]{2,4}[a-d])$"
    r"| (?:nc)?(?:op|ed)[0-9]{1,2}[a-z]?$| nc(?:op|ed)$| - (?:pv|cm|menu|trailer|preview)s?[0-9]{0,2}$"
    r"| (?:complete|batch|bd)$| v[0-9]$|[ _]vol(?:ume)?\.? ?[0-9].*$"
    r"|(?: bd)? -?(?:complet[ao]|int[ée]grale)-?$"
    r"|(?: ?[+&] ?(?:extras?|sps?|specials?|ov?as?|oads?|onas?|movies?))+$"
)
_ALIAS = re.compile(r"[(（]([^()（）]*[^\W\d_]{3}[^()（）]*)[)）]$")
_BRACKETS = re.compile(r"[\[\]【】]")
_NEWS_HEAD = re.compile(
    r"^[^\w(\[「『《【]*(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})月新?番[ ★\]]*|^v[0-9] |^(?:tv ?)?アニメ ",
    re.IGNORECASE,
)


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
def names_in(texts: tuple[str, ...]) -> Names:
    """Take the titles out of ``texts``, as written, one per bracket."""
    pieces = [piece for text in texts for piece in _pieces(text)]
    if not pieces:
        return Names()
    wholes = [whole for text in texts for whole in (tidied(text), tidied(text, is_label_kept=True)) if whole]
    written = list(dict.fromkeys((*wholes, *pieces)))
    looks = [plain(piece) for piece in pieces]
    hints = _hints("\x01".join(looks))
    marks = [(piece, mark) for piece in looks if (mark := _mark(piece, hints))]
    if not marks:
        marks = [(piece, mark) for piece in looks if (mark := seasons.digit_end(piece, None))]
    season = marks[0][1] if marks else None
    known = season.number if season else None
    parts = [part.number for piece in looks if (part := seasons.part_in(piece))] if _PART in hints else []
    names: list[str] = []
    for piece in pieces:
        rest = without_season(piece, known) if marks or _PART in hints else piece
        names.extend((rest,) if len(pieces) > 1 else (without_season(n, known) for n in _languages(rest)))
        alias = _ALIAS.search(piece) if marks and piece[-1] in ")）" else None
        if alias and not rest.endswith(alias[0]):
            names.append(without_season(alias[1], known))
    text = marks[0][0][marks[0][1].start : marks[0][1].stop].strip() if marks else None
    return Names(
        tuple(Name(text=name, script=script_of(name)) for name in dict.fromkeys(names) if name),
        tuple(written),
        known,
        season.end if season else None,
        text or (_final_season(looks) if _FINAL in hints else None),
        parts[0] if parts else None,
    )


def _mark(looks: str, hints: Collection[int]) -> seasons.Season | None:
    named = seasons.season_in(looks) if _SEASON in hints else None
    return named or seasons.roman_end(looks)


def _final_season(looks: list[str]) -> str | None:
    return next((words for piece in looks if (words := seasons.final_season_in(piece))), None)


def _pieces(text: str) -> list[str]:
    """Divide a text at what separates titles; a slash without blanks only between two scripts."""
    if "_" in text:
        text = _UNDERSCORE.sub(" / ", text)
    looks = plain(text).rstrip(" /|")
    cuts = [match.span() for match in _SPACED.finditer(looks)]
    if not cuts:
        start, east_at = 0, -1
        for match in _TIGHT.finditer(looks):
            if east_at < start:  # (each stretch is searched once, however many slashes there are)
                next_east = _CONTAINS_EAST.search(looks, start)
                east_at = next_east.start() if next_east else len(looks)
            after = looks[match.end() : match.end() + 1]
            is_spaced = len(match[0]) > 1
            if is_spaced or east_at < match.start() or _CONTAINS_EAST.match(after):
                cuts.append(match.span())
                start = match.end()
    east = None if cuts else _FIRST_EAST.search(looks)
    if east and looks.endswith(" - ", 0, east.start()) and _LATIN.search(looks, 0, east.start()):
        cuts = [(east.start() - 3, east.start())]
    starts, stops = [0, *(stop for _, stop in cuts)], [*(start for start, _ in cuts), len(text)]
    pieces = [tidied(text[start:stop]) for start, stop in zip(starts, stops, strict=True)]
    return [piece for piece in pieces if any(char.isalnum() for char in piece)]


@lru_cache(maxsize=256)
def _bare(text: str) -> str:
    """Return a title without announcements and remarks."""
    text = text.replace("_", " ")
    if "月" in text or "アニメ" in text or text[:1] in ("v", "V"):
        text = _NEWS_HEAD.sub("", text)
    if "(" in text or "（" in text:
        text = _without_notes(text)
    if "  " in text or "\u3000" in text or "\t" in text:
        text = _BLANKS.sub(" ", text)
    return text.strip()


def tidied(text: str, *, is_label_kept: bool = False) -> str:
    """Return a title without announcements, remarks and separators at its ends.

    ``is_label_kept``: words for a kind of release (`` - Movie``, `` OP1``) stay.
    """
    text = _bare(text)
    if not is_label_kept:
        text = _LABEL_END.sub("", text)
    elif text[-1:].isdecimal() or text[-2:-1].isdecimal():
        text = _LABEL_NUMBER.sub(r"\1", text)
    while text and (text[-1] in "-_/|:+,&★" or text[-1].isspace()) and not _closes_dash(text):
        text = text[:-1]
    if text and text[0] in "[【" and text[-1] in "]】" and len(_BRACKETS.findall(text)) == 2:
        text = text[1:-1]
    while text and (text[0] in "_/|:+,;&★" or text[0].isspace() or text[:2] == "- "):
        text = text[1:]
    return text.rstrip()


def _closes_dash(text: str) -> bool:
    """Return whether the dash that ends ``text`` closes one before: ``86 -a subtitle-``."""
    if text[-1] != "-":
        return False
    start = text.rfind("-", 0, len(text) - 1)
    return start > 0 and text[start + 1] not in " -" and text[-2] != " "


def _without_notes(text: str) -> str:
    looks = plain(text)
    kept, start = [], 0
    for match in _ASIDE.finditer(looks):
        if NOTE.search(match[1]):
            kept.append(text[start : match.start()])
            start = match.end()
    return "".join((*kept, text[start:]))


def without_season(piece: str, known: int | None = None) -> str:
    """Return a title without its season and part; unchanged if nothing would be left.

    ``known`` is the season that the other titles name: a single digit at the end is taken for it.
    """
    looks = plain(piece)
    part = seasons.part_in(looks)
    if part is not None:
        piece = _cut(piece, part)
        looks = plain(piece)
    season = (
        seasons.season_in(looks)
        or seasons.roman_end(looks)
        or (seasons.digit_end(looks, known) if known else None)
    )
    return piece if season is None else _cut(piece, season)


def _cut(piece: str, mark: seasons.Season) -> str:
    before, after = piece[: mark.start].rstrip(" ([（"), piece[mark.stop :].lstrip(" )]）")
    if before and (_LABEL.fullmatch(after) or (after[:1] in ("(", "（") and after[-1] in ")）")):
        after = ""
    return tidied(f"{before} {after}" if before and after else before or after) or piece


def _languages(piece: str) -> tuple[str, ...]:
    """Divide a single title that is written in two languages one after the other.

    A few western words behind may belong to the title as well: then the whole comes first.
    """
    if piece.isascii():
        return (piece,)
    first, last = _FIRST_EAST.search(piece), _LAST_EAST.match(piece)
    if first is None or last is None:
        return (piece,)
    gap = _BLANK.search(piece, last.end())
    if gap and not _LATIN.search(piece, 0, gap.start()) and _WORD.search(piece, gap.end()):
        east, west = tidied(piece[: gap.start()]), tidied(piece[gap.end() :])
        return (east, west) if west.count(" ") > 1 else (piece, east, west)
    if piece[: first.start()].endswith(" ") and _WORD.search(piece, 0, first.start()):
        return (piece, tidied(piece[: first.start()]), tidied(piece[first.start() :]))
    return (piece,)
