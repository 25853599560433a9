"""Reads a release title by its structure: brackets, words and numbers; needs no rule for its shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from seiton.domain.reading import numbers
from seiton.domain.reading.names import Names, names_in, tidied
from seiton.domain.reading.numbers import ASIDE, EPISODE, STOP, Episode
from seiton.domain.reading.segments import Content, Holds, Segment, content_of, split
from seiton.domain.reading.values import Kind, ReadTitle
from seiton.domain.reading.vocabulary import FREE_NEWS, NO_WORDS, STRONG, Words, plain, words_of

MAX_TITLE = 2000
"""Characters of a title that are looked at."""

_EXTENSION = re.compile(
    r"\.(mkv|mp4|avi|ts|m2ts|wmv|ogm|mov|rmvb|flv|webm|iso|mka|m4v|ass|srt|ssa|sup|torrent)$", re.IGNORECASE
)
_LETTER = re.compile(r"[^\W\d_]")
_ALNUM = re.compile(r"[^\W_]")
_NO_TITLE = re.compile(r"[\W\d_]*")
_TAIL_GROUP = re.compile(
    r"-((?=[0-9]*[A-Za-z])[A-Za-z0-9._@&]+)(?: [A-Za-z]+)? *(?=$|[\x01-\x03(\[])"
    r"|- ((?=[0-9]*[A-Za-z])[A-Za-z0-9._@&]+) *$"
)
_BEHIND = re.compile(r"[\x01-\x03] ?-((?=[0-9]*[A-Za-z])[^\x01-\x03]+)$")
_UNPADDED = re.compile(r"[^\w]*(?:[1-9][0-9]+|[0-9]+[-/][0-9]+)[^\w]*")
_INSIDE = re.compile(r"[\[(]([^\[\]()\x01-\x03]*[^\W\d_][^\[\]()\x01-\x03]*)[\])]")
_YEAR_END = re.compile(r" \(?((?:19|20)[0-9]{2})\)? *$")
_BARE_LINES = (480, 576, 720, 1080, 2160)
_TECHNICAL_HINT = re.compile(r"[0-9]{3}|[248]k|rip|web|blu|dvd|hevc|flac|aac|dual|bit|vost|sub|h\.?26|tv|av1", re.IGNORECASE)
_CRC = re.compile(r"[\[(]([0-9A-Fa-f]{8})[\])]")
_GROUPS = re.compile(r" ?[&+、,|] ?| x ")
_TITLE_STARTS = re.compile(r" *(?!(?:ova|oad|sp|special|movie|ep)(?![a-z]))(?:[^\W\d_]|- )", re.IGNORECASE)
_TITLE_VERSION = re.compile(r" v([0-9])(?: |$|[\x01-\x03.])", re.IGNORECASE)
_ALIAS_STARTS = re.compile(r"[ \x03]*(?:/|第[0-9一二三四五六七八九十]+[季期])")
_KIND_HINT = re.compile(r"vol|op|ed|pv|cm|menu|trailer|preview|movie|gekijouban|[剧劇映]|ova|oad|sp|特|番外", re.IGNORECASE)
_KINDS = (
    (Kind.MOVIE, re.compile(r"(?<![a-z])(?:movie|gekijouban)s?(?![a-z])|[剧劇][场場]|映画", re.IGNORECASE)),
    (Kind.BATCH, re.compile(r"(?<![a-z])vol(?:ume)?[ .]*[0-9]", re.IGNORECASE)),
    (
        Kind.EXTRA,
        re.compile(
            r" (?:nc(?:op|ed)[0-9]{0,2}|(?:op|ed)[0-9]{1,2})[a-z]? *$|- *(?:pv|cm|menu|trailer|preview)s?[0-9]{0,2} *$",
            re.IGNORECASE,
        ),
    ),
    (Kind.OVA, re.compile(r"(?<![a-z])(?:ova|oad)s?(?![a-z])", re.IGNORECASE)),
    (Kind.SPECIAL, re.compile(r"(?<![a-z])sp(?:ecials?)?(?![a-z])|特[別别][篇編编]|番外", re.IGNORECASE)),
)


@dataclass(slots=True)
class _Line:
    """The text of a title after its group, twice: ``looks`` (plain) and ``shown`` (as written), of one
    length, with a mark for each bracket that is no part of the work's title.
    """

    looks: str
    shown: str
    episodes: list[tuple[int, Episode]] = field(default_factory=list)
    texts: list[tuple[int, Segment]] = field(default_factory=list)
    """Brackets that hold text, with their places in the line."""


def read_title(title: str) -> ReadTitle:
    """Return what ``title`` says. Never fails; time grows linearly up to ``MAX_TITLE`` characters."""
    title = title[:MAX_TITLE].strip()
    text = plain(title)
    extension = _EXTENSION.search(text)
    if extension:
        text = text[: extension.start()]
    segments = split(text)
    contents = [content_of(text[s.start : s.stop]) if s.bracket else None for s in segments]
    front = _front_group(segments, contents, text)
    line = _line(segments, contents, text, title, 0 if front is None else front + 1)
    if front is not None and contents[front].holds is not Holds.TEAM and not _has_title(line):
        front = None
        line = _line(segments, contents, text, title, 0)
    return _compose(title, segments, contents, front, line, extension[1].lower() if extension else None)


def _front_group(segments: list[Segment], contents: list[Content | None], text: str) -> int | None:
    """Return the index of the bracket at the front that names the group."""
    for index, (segment, content) in enumerate(zip(segments, contents, strict=True)):
        if content is None:
            if _NO_TITLE.fullmatch(text[segment.start : segment.stop]):
                continue
            return None
        if content.holds in (Holds.TEXT, Holds.TEAM):
            return index
        if content.holds in (Holds.NOTE, Holds.NOTHING):
            continue
        words = content.words
        if content.holds is Holds.WORDS and not (
            words.resolution or words.source or words.video_codec or words.subtitles or words.container
        ):
            return index
        following = segments[index + 1] if index + 1 < len(segments) else None
        is_named = (
            following is not None
            and not following.bracket
            and _LETTER.match(text[following.start : following.stop].lstrip(" _")) is not None
        )
        return index if is_named and content.holds is Holds.EPISODE and index == 0 else None
    return None


def _line(
    segments: list[Segment], contents: list[Content | None], text: str, title: str, first: int
) -> _Line:
    line = _Line("", "")
    looks: list[str] = []
    shown: list[str] = []
    length = 0
    is_open, has_letters = True, False
    free = "".join(text[s.start : s.stop] for s in segments[first:] if not s.bracket).strip(" _")
    are_dots_blanks = " " not in free.replace("_", " ").strip() and free.count(".") > 1
    is_plus_blank = free.count("+") > 1 and " " not in free and "_" not in free
    for index in range(first, len(segments)):
        segment, content = segments[index], contents[index]
        piece = text[segment.start : segment.stop]
        if content is None:
            given = title[segment.start : segment.stop]
            if "_" in piece:
                piece, given = piece.replace("_", " "), given.replace("_", " ")
            if are_dots_blanks:
                piece, given = _DOT.sub(" ", piece), _DOT.sub(" ", given)
            elif is_plus_blank:
                piece, given = piece.replace("+", " "), given.replace("+", " ")
            if "月" in piece:
                news = FREE_NEWS.match(piece.lstrip())
                if news and not has_letters:
                    cut = len(piece) - len(piece.lstrip()) + news.end()
                    piece, given = piece[cut:], given[cut:]
            has_letters = has_letters or _LETTER.search(piece) is not None
        else:
            piece = given = _mark(content, segment)
            if piece == EPISODE and content.episode is not None:
                line.episodes.append((length, content.episode))
                is_open = is_open and not has_letters
            elif piece == STOP:
                is_open = is_open and not has_letters
            elif content.holds is Holds.TEXT:
                following = segments[index + 1] if index + 1 < len(segments) else None
                after = text[following.start : following.stop] if following and not following.bracket else ""
                if is_open and _belongs(segment, after, has_letters):
                    piece = text[segment.start - 1 : segment.stop + 1]
                    given = title[segment.start - 1 : segment.stop + 1]
                    has_letters = True
                else:
                    line.texts.append((length, segment))
        looks.append(piece)
        shown.append(given)
        length += len(piece)
    line.looks, line.shown = "".join(looks), "".join(shown)
    return line


_DOT = re.compile(r"(?<![0-9])\.|\.(?![0-9])|\.(?=[0-9]{3,4}p)", re.IGNORECASE)


def _mark(content: Content, segment: Segment) -> str:
    holds = content.holds
    if holds is Holds.EPISODE:
        episode = content.episode
        is_copy = (
            segment.bracket == "(" and episode is not None and not episode.is_padded and episode.end is None
        )
        return ASIDE if is_copy and episode is not None and episode.season is None else EPISODE
    if holds is Holds.CHECKSUM:
        return STOP
    if holds is Holds.WORDS:
        words = content.words
        is_kind = words.kinds and not (words.resolution or words.video_codec or words.source or words.container)
        return ASIDE if is_kind else STOP
    return ASIDE


def _belongs(segment: Segment, after: str, has_letters: bool) -> bool:
    """Return whether a bracket with text is part of the title around it."""
    if not has_letters:
        return segment.bracket == "[" and _ALIAS_STARTS.match(after) is not None
    if segment.bracket == "(":
        return True
    return segment.bracket == "[" and _TITLE_STARTS.match(after) is not None


def _has_title(line: _Line) -> bool:
    end = line.episodes[0][0] if line.episodes else len(line.looks)
    if any(at <= end for at, _ in line.texts):
        return True
    sure = numbers.certain(line.looks)
    looks = line.looks[: min(end, sure.start)] if sure else line.looks[:end]
    season = numbers.season_in(looks)
    if season is not None:
        looks = looks[: season.start] + looks[season.stop :]
    return _LETTER.search(looks) is not None or (
        _UNPADDED.fullmatch(looks.partition(STOP)[0].partition(ASIDE)[0]) is not None
    )


def _compose(
    title: str,
    segments: list[Segment],
    contents: list[Content | None],
    front: int | None,
    line: _Line,
    extension: str | None,
) -> ReadTitle:
    crc = _checksum(title, contents)
    episode, looks = _episode(line, is_file=extension is not None or crc is not None)
    region = _region(line, looks, episode)
    used: list[Segment] = []
    if _LETTER.search(region) or (region.strip(" -_\x01\x02\x03") and not line.texts):
        texts: tuple[str, ...] = (region,)
    else:
        used = _titles(line, episode)
        texts = tuple(title[s.start : s.stop] for s in used)
    year: int | None = None
    if episode is not None and episode.season is not None and (found := _YEAR_END.search(texts[0] if texts else "")):
        year, texts = int(found[1]), (texts[0][: found.start()], *texts[1:])
    names = names_in(texts)
    if episode is not None and episode.digits > episode.start and region:
        labelled = tidied(line.shown[: episode.digits].rpartition(STOP)[2].replace(ASIDE, " "), is_label_kept=True)
        names = names._replace(written=(*names.written, labelled))
    words = _words(contents, line.looks, episode)
    group = None
    if front is not None:
        group = title[segments[front].start : segments[front].stop]
    else:
        group = _late_group(title, line, used, looks, episode)
    return _value(title, names, words, episode, contents, group, region, looks, extension, year, crc)


def _episode(line: _Line, *, is_file: bool) -> tuple[Episode | None, str]:
    """Return the episode and the line, in which technical words may now be marks."""
    looks = line.looks
    sure = numbers.certain(looks)
    if sure is not None and sure.season is not None:
        return sure, looks
    for at, episode in line.episodes:
        if episode.season is not None:
            return _placed(episode, sure.start if sure else at, sure.stop if sure else at + 1), looks
    if line.episodes:
        at, episode = line.episodes[0]
        if sure is None or at < sure.start or (not sure.is_padded and sure.end is None and episode.is_padded):
            return _placed(episode, at, at + 1), looks
    if sure is not None:
        return sure, looks
    if _TECHNICAL_HINT.search(looks):
        looks = STRONG.sub(lambda match: STOP * len(match[0]), looks)
    return numbers.likely(looks, is_file=is_file), looks


def _placed(episode: Episode, start: int, stop: int) -> Episode:
    return episode._replace(start=start, digits=start, stop=stop)


def _region(line: _Line, looks: str, episode: Episode | None) -> str:
    """Return the part of the line that holds the title, as written."""
    end = len(looks) if episode is None else episode.start
    start = 0
    if episode is not None and not _ALNUM.search(looks, 0, end):
        if not any(at < end for at, _ in line.texts):
            start, end = episode.stop, len(looks)
    for mark in (STOP, EPISODE):
        at = looks.find(mark, start, end)
        while at >= 0 and not _ALNUM.search(looks, start, at):
            start = at + 1
            at = looks.find(mark, start, end)
        if at >= 0:
            end = at
    text = looks[start:end]
    if _TECHNICAL_HINT.search(text) and (technical := STRONG.search(text)) and _LETTER.search(text, 0, technical.start()):
        end = start + technical.start()
    return line.shown[start:end].replace(ASIDE, " ")


def _titles(line: _Line, episode: Episode | None) -> list[Segment]:
    """Return the brackets that hold titles: those before the episode, else the first."""
    end = len(line.looks) if episode is None else episode.start
    before = [segment for at, segment in line.texts if at < end and segment.bracket != "("]
    if episode is None:
        first_stop = line.looks.find(STOP)
        before = [s for at, s in line.texts if at < first_stop or first_stop < 0] or before[:1]
    return before or [segment for _, segment in line.texts[:1]]


def _words(contents: list[Content | None], looks: str, episode: Episode | None) -> tuple[Words, ...]:
    words = [content.words for content in contents if content is not None and content.words is not NO_WORDS]
    tail = looks[episode.stop :] if episode is not None else looks
    if not any(word.resolution for word in words) and _LETTER.search(tail):
        match = STRONG.search(tail)
        if match:
            words.append(words_of(tail[match.start() :]))
    return tuple(words)


def _late_group(
    title: str, line: _Line, used: list[Segment], looks: str, episode: Episode | None
) -> str | None:
    if behind := _BEHIND.search(line.looks):
        return behind[1]
    if "-" in line.looks:
        looks = STRONG.sub(lambda match: STOP * len(match[0]), line.looks)
        for tail in _TAIL_GROUP.finditer(looks):
            if STOP in looks[: tail.start() + 1]:
                return tail[1] or tail[2]
    for _, segment in line.texts:
        if segment not in used:
            return title[segment.start : segment.stop].replace("_", " ")
    if episode is not None and (inside := _INSIDE.search(line.shown, episode.stop)):
        return inside[1].replace("_", " ")
    return None


def _value(
    title: str,
    names: Names,
    words: tuple[Words, ...],
    episode: Episode | None,
    contents: list[Content | None],
    group: str | None,
    region: str,
    looks: str,
    extension: str | None,
    year: int | None,
    crc: str | None,
) -> ReadTitle:
    facts = _merged(words)
    kinds = set(facts.kinds)
    if _KIND_HINT.search(region):
        kinds.update(kind for kind, pattern in _KINDS if pattern.search(region))
    season, season_end, season_text = names.season, names.season_end, names.season_text
    if season is None:
        for content in contents:
            if content is not None and content.season is not None:
                season, season_end = content.season.number, content.season.end
                break
    version = facts.version
    if version is None and " v" in looks.lower() and (written := _TITLE_VERSION.search(looks)):
        version = int(written[1])
    if episode is not None:
        if episode.season is not None:
            season, season_end = episode.season, episode.season_end
        if episode.kind is not None:
            kinds.add(episode.kind)
        version = episode.version if episode.version is not None else version
        if episode.end is not None or episode.is_batch:
            kinds.add(Kind.BATCH)
    elif season_end is not None or (season is not None and names.season_text != str(season) and not kinds):
        kinds.add(Kind.BATCH)
    group = group.strip(" _") if group else None
    return ReadTitle(
        names=names.names,
        written=names.written,
        group=group or None,
        groups=_members(group) if group else (),
        season=season,
        season_end=season_end,
        season_text=season_text,
        part=names.part,
        episode=episode.number if episode else None,
        tenths=episode.tenths if episode else 0,
        episode_end=episode.end if episode else None,
        numbering=episode.numbering if episode else None,
        version=version,
        kinds=frozenset(kinds),
        is_final=facts.is_final or (episode is not None and episode.is_final),
        resolution=facts.resolution or _bare_lines(contents, episode),
        source=facts.source,
        video_codec=facts.video_codec,
        audio_codec=facts.audio_codec,
        subtitles=facts.subtitles,
        container=extension or facts.container,
        year=year or _year(contents),
        crc=crc,
    )


@lru_cache(maxsize=4096)
def _merged(words: tuple[Words, ...]) -> Words:
    """Return what several brackets say together; the first word for a thing counts."""
    return Words(
        resolution=next((word.resolution for word in words if word.resolution), None),
        source=next((word.source for word in words if word.source), None),
        video_codec=next((word.video_codec for word in words if word.video_codec), None),
        audio_codec=next((word.audio_codec for word in words if word.audio_codec), None),
        subtitles=tuple(sorted({code for word in words for code in word.subtitles})),
        container=next((word.container for word in words if word.container), None),
        version=next((word.version for word in words if word.version is not None), None),
        kinds=frozenset(kind for word in words for kind in word.kinds),
        is_final=any(word.is_final for word in words),
    )


def _checksum(title: str, contents: list[Content | None]) -> str | None:
    for content in contents:
        if content is not None and content.holds is Holds.CHECKSUM:
            match = _CRC.search(title)
            return match[1].upper() if match else None
    return None


def _bare_lines(contents: list[Content | None], used: Episode | None) -> str | None:
    """Return the resolution that a bracket with a bare number stands for, beside an episode: ``[720]``."""
    if used is None:
        return None
    for content in contents:
        if content is not None and content.episode is not None:
            number = content.episode.number
            if number in _BARE_LINES and number != used.number:
                return f"{number}p"
    return None


def _year(contents: list[Content | None]) -> int | None:
    for content in contents:
        if content is not None and content.year is not None:
            return content.year
    return None


@lru_cache(maxsize=1024)
def _members(group: str) -> tuple[str, ...]:
    return tuple(part for part in _GROUPS.split(group) if part)
