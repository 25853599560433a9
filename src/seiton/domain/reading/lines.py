"""Lays a release title out as one line: the text of its title, with marks for the brackets beside it."""

from __future__ import annotations

import re
from typing import NamedTuple

from seiton.domain.reading import facts, numbers, seasons
from seiton.domain.reading.gates import Hints
from seiton.domain.reading.numbers import ASIDE, STOP, Episode
from seiton.domain.reading.segments import Content, Holds, Segment
from seiton.domain.reading.vocabulary import FREE_NEWS

_TECHNICAL = r"[0-9]{3}|[248]k|rip|web|blu|dvd|hevc|flac|aac|dual|bit|vost|sub|h\.?26|tv|av1"
SEASON, TECHNICAL, KIND = range(len(numbers.MARKED), len(numbers.MARKED) + 3)
"""The hints of a line behind those of ``numbers.Marked``."""
_hints = Hints(*numbers.MARKED, seasons.SEASON, _TECHNICAL, facts.KIND)
LETTER = re.compile(r"[^\W\d_]")
_NO_TITLE = re.compile(r"[\W\d_]*")
_UNPADDED = re.compile(r"[^\w]*(?:[1-9][0-9]+|[0-9]+[-/][0-9]+)[^\w]*")
_NAME_TAG = re.compile(r"[A-Za-z0-9]{1,12}\.")
_TITLE_STARTS = re.compile(
    r"[ _]*(?!(?:ova|oad|sp|special|movie|ep|episodes?)(?![a-z]))(?:[^\W\d_]|- )", re.IGNORECASE
)
_ALIAS_STARTS = re.compile(r"[ \x03]*(?:/|第[0-9一二三四五六七八九十]+[季期])")
_DOT = re.compile(r"(?<![0-9])\.|\.(?![0-9])|\.(?=[0-9]{3,4}p)", re.IGNORECASE)


class Line(NamedTuple):
    """The text of a title after its group, twice: ``looks`` (plain) and ``shown`` (as written), of one
    length, with a mark for each bracket that is no part of the work's title.

    ``episodes`` and ``texts``: the brackets that hold an episode or text, with their places in the line;
    ``copies``: numbers in parentheses that rather repeat an episode; ``teams``: those that name a group;
    ``credits``: those that name more than technical words; ``hints``: what ``looks`` may hold.
    """

    looks: str
    shown: str
    episodes: list[tuple[int, Episode]]
    copies: list[tuple[int, Episode]]
    texts: list[tuple[int, Segment]]
    teams: list[Segment]
    credits: list[Segment]
    hints: list[int]


def front_group(segments: list[Segment], contents: list[Content | None], text: str) -> int | None:
    """Return the index of the bracket at the front that names the group; None if there is none."""
    for index, (segment, content) in enumerate(zip(segments, contents, strict=True)):
        if content is None:
            free = text[segment.start : segment.stop]
            is_tag = index == 0 and _NAME_TAG.fullmatch(free) is not None
            if _NO_TITLE.fullmatch(free) or (is_tag and _is_named(segments, contents, text)):
                continue
            return None
        if content.holds in (Holds.TEXT, Holds.TEAM):
            return index
        if content.holds in (Holds.NOTE, Holds.NOTHING):
            continue
        if content.holds is Holds.WORDS and segment.bracket == "[" and _may_be_group(content, index):
            return index
        is_named = index == 0 and content.holds is Holds.EPISODE and _title_follows(segments, 1, text)
        return index if is_named else None
    return None


def _may_be_group(content: Content, index: int) -> bool:
    """Return whether technical words may be a group's name: ``[ABC]``, ``[BD-Raws]``."""
    words = content.words
    is_weak = not (
        words.resolution or words.source or words.video_codec or words.subtitles or words.container
    )
    return is_weak or (words.rest > 0 and index == 0 and not words.resolution)


def _is_named(segments: list[Segment], contents: list[Content | None], text: str) -> bool:
    """Return whether the first bracket is the group in spite of a word before: ``Bot.[Group]_Title_-_01``."""
    content = contents[1] if len(contents) > 1 else None
    is_name = content is not None and content.holds in (Holds.TEXT, Holds.TEAM)
    return is_name and _title_follows(segments, 2, text)


def _title_follows(segments: list[Segment], index: int, text: str) -> bool:
    if index >= len(segments) or segments[index].bracket:
        return False
    return LETTER.match(text[segments[index].start : segments[index].stop].lstrip(" _")) is not None


def lay_out(
    segments: list[Segment], contents: list[Content | None], text: str, title: str, first: int
) -> Line:
    """Return the line of the segments from ``first`` on; ``text`` is the plain form of ``title``."""
    looks: list[str] = []
    shown: list[str] = []
    episodes: list[tuple[int, Episode]] = []
    copies: list[tuple[int, Episode]] = []
    texts: list[tuple[int, Segment]] = []
    teams: list[Segment] = []
    credits: list[Segment] = []
    length = 0
    is_open, has_letters = True, False
    free = "".join([text[start:stop] for start, stop, bracket in segments[first:] if not bracket])
    blanks = _blanks(free.strip(" _"))
    for index in range(first, len(segments)):
        content = contents[index]
        start, stop, bracket = segment = segments[index]
        if content is None:
            piece, given = text[start:stop], title[start:stop]
            for sign in blanks:
                piece, given = sign.sub(" ", piece), sign.sub(" ", given)
            if not has_letters:
                if "月" in piece:
                    cut = _news_end(piece)
                    piece, given = piece[cut:], given[cut:]
                has_letters = LETTER.search(piece) is not None
        else:
            holds, episode = content.holds, content.episode
            piece = given = content.mark
            if bracket == "(" and episode is not None and (_is_copy(episode) or _may_be_name(episode)):
                piece = given = ASIDE
            if piece is not ASIDE:
                is_open = is_open and not has_letters
            if episode is not None:
                (copies if piece is ASIDE and _is_copy(episode) else episodes).append((length, episode))
            elif holds is Holds.TEAM:
                teams.append(segment)
            elif holds is Holds.WORDS and content.words.rest > 1 and "," in text[start:stop]:
                credits.append(segment)
            elif holds is Holds.TEXT:
                if is_open and _belongs(segment, _text_after(segments, index, text), has_letters):
                    piece = text[start - 1 : stop + 1]
                    given = title[start - 1 : stop + 1]
                    has_letters = True
                else:
                    texts.append((length, segment))
        looks.append(piece)
        shown.append(given)
        length += len(piece)
    plain_line = "".join(looks)
    return Line(plain_line, "".join(shown), episodes, copies, texts, teams, credits, _hints(plain_line))


_UNDERSCORE, _DASH, _PLUS = re.compile("_"), re.compile("-"), re.compile(r"\+")


def _blanks(free: str) -> tuple[re.Pattern[str], ...]:
    """Return what stands for blanks in the text outside of brackets."""
    spaces, underscores, dots = free.count(" "), free.count("_"), free.count(".")
    signs = [_UNDERSCORE] if underscores else []
    if dots > 1 and dots > 4 * (spaces + underscores):
        signs.append(_DOT)
    elif not spaces and not underscores and not dots:
        if free.count("-") > 2:
            signs.append(_DASH)
        elif free.count("+") > 1:
            signs.append(_PLUS)
    return tuple(signs)


def _news_end(piece: str) -> int:
    """Return where an announcement at the start of ``piece`` ends, 0 without one."""
    stripped = piece.lstrip()
    news = FREE_NEWS.match(stripped)
    return len(piece) - len(stripped) + news.end() if news else 0


def _text_after(segments: list[Segment], index: int, text: str) -> str:
    """Return the text that follows a bracket, with a mark for a remark in parentheses before it."""
    after = ""
    for segment in segments[index + 1 : index + 4]:
        if segment.bracket == "(" and not after.strip(" "):
            after += ASIDE
        elif segment.bracket:
            break
        else:
            after += text[segment.start : segment.stop]
    return after


def _is_copy(episode: Episode) -> bool:
    """Return whether a number in parentheses may be only another count of the same episode."""
    return not episode.is_padded and episode.end is None and episode.season is None


def _may_be_name(episode: Episode) -> bool:
    """Return whether a number in parentheses may belong to the title, if there is another: ``Seven (77)``."""
    is_bare = episode.end is None and episode.season is None and episode.kind is None
    return is_bare and not (episode.is_final or episode.is_batch) and episode.number > 9


def _belongs(segment: Segment, after: str, has_letters: bool) -> bool:
    """Return whether a bracket with text is part of the title around it."""
    if segment.bracket == "(":
        return has_letters
    start = _TITLE_STARTS if has_letters else _ALIAS_STARTS
    return segment.bracket == "[" and start.match(after) is not None


def has_title(line: Line) -> bool:
    """Return whether the line holds the title of a work: if not, the bracket before it does."""
    end = line.episodes[0][0] if line.episodes else len(line.looks)
    if any(at <= end for at, _ in line.texts):
        return True
    sure = numbers.certain(line.looks, line.hints)
    looks = line.looks[: min(end, sure.start)] if sure else line.looks[:end]
    season = seasons.season_in(looks) if SEASON in line.hints else None
    if season is not None:
        looks = looks[: season.start] + looks[season.stop :]
    is_number = _UNPADDED.fullmatch(looks.partition(STOP)[0].partition(ASIDE)[0]) is not None
    return is_number or LETTER.search(looks) is not None
