"""Reads a release title by its structure: brackets, words and numbers; needs no rule for its shape."""

from __future__ import annotations

import re

from seiton.domain.reading import facts, numbers, seasons
from seiton.domain.reading.lines import KIND, LETTER, SEASON, TECHNICAL, Line, front_group, has_title, lay_out
from seiton.domain.reading.names import Names, names_in, tidied
from seiton.domain.reading.numbers import ASIDE, EPISODE, STOP, Episode
from seiton.domain.reading.segments import Content, Holds, Segment, content_of, split
from seiton.domain.reading.values import Kind, ReadTitle
from seiton.domain.reading.vocabulary import NO_WORDS, STRONG, Words, plain, words_of

MAX_TITLE = 2000
"""Characters of a title that are looked at."""

_EXTENSION = re.compile(
    r"\.(mkv|mp4|avi|ts|m2ts|wmv|ogm|mov|rmvb|flv|webm|iso|mka|m4v|ass|srt|ssa|sup|torrent)$", re.IGNORECASE
)
_SITE = re.compile(r"www\.[^ ]+\.[a-z]{2,4} +- +", re.IGNORECASE)
_ALNUM = re.compile(r"[^\W_]")
_TAIL_GROUP = re.compile(
    r"-((?=[0-9]*[A-Za-z])[A-Za-z0-9._@&]+(?:-[A-Za-z0-9._@&]+){0,2})(?: [A-Za-z]+)? *(?=$|[\x01-\x03(\[])"
    r"|- ((?=[0-9]*[A-Za-z])[A-Za-z0-9._@&]+) *$"
)
_BEHIND = re.compile(
    r"[\x01-\x03] ?-((?=[0-9]*[A-Za-z])[^\x01-\x03]+)$"
    r"|[\x01-\x03] ?- ((?=[0-9]*[A-Za-z])[^\x01-\x03 ]+)(?: v[0-9])?$"
)
_SPOKEN_END = re.compile(
    r"(?: (?:multi|dual|japanese|english|french|truefrench|subfrench|german|italian|spanish|castellano|latino"
    r"|portuguese|korean|chinese|jpn|eng|ita|gb|big5|ch[st]|nf|cr|amzn|dsnp|adn|uncensored|remastered|repack"
    r"|proper|batch))+ *$",
    re.IGNORECASE,
)
"""Words on language and origin before the technical ones; elsewhere they may be part of a title."""
_LABEL = re.compile(r"[剧劇][场場]版|映画|特[別别][篇编編]|番外[篇编編]|ova|oad|tv|movie", re.IGNORECASE)
"""What is no title where a bracket holds one."""
_INSIDE = re.compile(r"[\[(]([^\[\]()\x01-\x03]*[A-Za-z][^\[\]()\x01-\x03]*)[\])]")
_YEAR_END = re.compile(r" \(?((?:19|20)[0-9]{2})\)? *$")


def read_title(title: str) -> ReadTitle:
    """Return what ``title`` says. Never fails; time grows linearly up to ``MAX_TITLE`` characters."""
    title = title[:MAX_TITLE].strip()
    if title[:4].lower() == "www." and (site := _SITE.match(title)):
        title = title[site.end() :]
    text = plain(title)
    extension = _EXTENSION.search(text)
    if extension:
        text = text[: extension.start()]
    segments = split(text)
    contents = [content_of(text[s.start : s.stop]) if s.bracket else None for s in segments]
    front = front_group(segments, contents, text)
    line = lay_out(segments, contents, text, title, 0 if front is None else front + 1)
    if front is not None and not _is_team(contents[front]) and not has_title(line):
        front = None
        line = lay_out(segments, contents, text, title, 0)
    group = None if front is None else title[segments[front].start : segments[front].stop]
    return _compose(title, contents, line, group, extension[1].lower() if extension else None)


def _is_team(content: Content | None) -> bool:
    return content is not None and content.holds is Holds.TEAM


def _compose(
    title: str, contents: list[Content | None], line: Line, group: str | None, extension: str | None
) -> ReadTitle:
    held = [content for content in contents if content is not None]
    crc = facts.checksum_in(title, held)
    episode, looks = _episode(line, is_file=extension is not None or crc is not None)
    region = _region(line, looks, episode)
    used = _title_brackets(line, episode, region)
    texts = tuple(title[s.start : s.stop] for s in used) if used else (region,)
    year = next((content.year for content in held if content.year is not None), None)
    if episode is not None and episode.season is not None and (found := _YEAR_END.search(texts[0])):
        year, texts = int(found[1]), (texts[0][: found.start()], *texts[1:])
    names = _with_label(names_in(texts), line, episode, region)
    words = facts.merged(_words(held, line.looks, episode))
    season, season_end = _season(names, held, episode, looks if SEASON in line.hints else "")
    kinds = words.kinds | _counted_kinds(episode)
    if KIND in line.hints:
        kinds |= facts.kinds_in(region)
    is_whole = season_end is not None or (not kinds and (season is not None or words.is_final))
    if episode is None and is_whole:
        kinds |= {Kind.BATCH}
    version = episode.version if episode is not None else None
    if version is None:
        version = words.version if words.version is not None else facts.version_in(looks)
    if group is None:
        group = _late_group(title, line, used, looks, episode)
    group = (group or "").strip(" _")
    return ReadTitle(
        names=names.names,
        written=names.written,
        group=group or None,
        groups=facts.members_of(group) if group else (),
        season=season,
        season_end=season_end,
        season_text=names.season_text,
        part=names.part,
        episode=episode.number if episode else None,
        tenths=episode.tenths if episode else 0,
        episode_end=episode.end if episode else None,
        numbering=episode.numbering if episode else None,
        version=version,
        kinds=kinds,
        is_final=words.is_final or (episode is not None and episode.is_final),
        resolution=words.resolution or facts.bare_lines(held, episode, looks),
        source=words.source,
        video_codec=words.video_codec,
        audio_codec=words.audio_codec,
        subtitles=words.subtitles,
        container=extension or words.container,
        year=year,
        crc=crc,
    )


def _with_label(names: Names, line: Line, episode: Episode | None, region: str) -> Names:
    """Add the title with the word between it and the number: ``Title - EX`` of ``Title - EX01``."""
    if episode is None or episode.digits <= episode.start or not region:
        return names
    text = line.shown[: episode.digits].rpartition(STOP)[2].replace(ASIDE, " ")
    return names._replace(written=(*names.written, tidied(text, is_label_kept=True)))


def _season(
    names: Names, held: list[Content], episode: Episode | None, looks: str
) -> tuple[int | None, int | None]:
    """Return the season and the last of several: from the episode, the titles, a bracket, or what stands
    between the title and its episode.
    """
    if episode is not None and episode.season is not None:
        return episode.season, episode.season_end
    if names.season is not None:
        return names.season, names.season_end
    for content in held:
        if content.season is not None:
            return content.season.number, content.season.end
    between = seasons.season_in(looks if episode is None else looks[: episode.start]) if looks else None
    return (between.number, between.end) if between else (None, None)


def _counted_kinds(episode: Episode | None) -> frozenset[Kind]:
    if episode is None:
        return frozenset()
    kinds = {episode.kind} if episode.kind is not None else set()
    if episode.end is not None or episode.is_batch:
        kinds.add(Kind.BATCH)
    return frozenset(kinds)


def _episode(line: Line, *, is_file: bool) -> tuple[Episode | None, str]:
    """Return the episode and the line, in which technical words may now be marks."""
    looks = line.looks
    sure = numbers.certain(looks, line.hints)
    if sure is not None and sure.season is not None:
        return sure, looks
    for at, episode in line.episodes:
        if episode.season is not None:
            return _placed(episode, sure.start if sure else at, sure.stop if sure else at + 1), looks
    if line.episodes:
        at, episode = line.episodes[0]
        if sure is None and episode.number in facts.BARE_LINES and episode.end is None:
            better = numbers.likely(looks, is_file=is_file)
            if better is not None and better.start < at:
                return better, looks
        is_plain = looks[at] == EPISODE and sure is not None
        if sure is None or (
            is_plain and (at < sure.start or (not sure.is_padded and sure.end is None and episode.is_padded))
        ):
            return _placed(episode, at, at + 1), looks
    if sure is not None:
        return sure, looks
    if TECHNICAL in line.hints:
        looks = _marked(looks)
    bare = numbers.likely(looks, is_file=is_file)
    if bare is None and line.copies and (is_file or line.copies[0][1].number not in numbers.SEASONS):
        at, only = line.copies[0]
        return _placed(only, at, at + 1), looks
    return bare, looks


def _marked(looks: str) -> str:
    """Return a line with marks instead of its technical words and of the words on language before them."""
    looks = STRONG.sub(lambda match: STOP * len(match[0]), looks)
    first = looks.find(STOP)
    spoken = _SPOKEN_END.search(looks, 0, first) if first >= 0 else None
    if spoken is None or not LETTER.search(looks, 0, spoken.start()):
        return looks
    return looks[: spoken.start()] + STOP * (first - spoken.start()) + looks[first:]


def _placed(episode: Episode, start: int, stop: int) -> Episode:
    return Episode(start, start, stop, *episode[3:])


def _region(line: Line, looks: str, episode: Episode | None) -> str:
    """Return the part of the line that holds the title, as written."""
    end = len(looks) if episode is None else episode.start
    start = 0
    is_first = episode is not None and not _ALNUM.search(looks, 0, end)
    if episode is not None and is_first and not any(at < end for at, _ in line.texts):
        start, end = episode.stop, len(looks)
    for mark in (STOP, EPISODE):
        at = looks.find(mark, start, end)
        while at >= 0 and not _ALNUM.search(looks, start, at):
            start = at + 1
            at = looks.find(mark, start, end)
        if at >= 0:
            end = at
    text = looks[start:end]
    if (
        TECHNICAL in line.hints
        and (technical := STRONG.search(text))
        and LETTER.search(text, 0, technical.start())
    ):
        end = start + technical.start()
        if (spoken := _SPOKEN_END.search(looks, start, end)) and LETTER.search(looks, start, spoken.start()):
            end = spoken.start()
    return line.shown[start:end].replace(ASIDE, " ")


def _title_brackets(line: Line, episode: Episode | None, region: str) -> list[Segment]:
    """Return the brackets that hold titles, if the text outside of brackets (``region``) does not: those
    before the episode, else the first.
    """
    is_label = bool(line.texts) and _LABEL.fullmatch(region.strip(" -_★")) is not None
    if (LETTER.search(region) and not is_label) or (region.strip(" -_\x01\x02\x03") and not line.texts):
        return []
    end = len(line.looks) if episode is None else episode.start
    before = [segment for at, segment in line.texts if at < end and segment.bracket != "("]
    if episode is None:
        first_stop = line.looks.find(STOP)
        before = [s for at, s in line.texts if at < first_stop or first_stop < 0] or before[:1]
    return before or [segment for _, segment in line.texts[:1]]


def _words(held: list[Content], looks: str, episode: Episode | None) -> tuple[Words, ...]:
    words = [content.words for content in held if content.words is not NO_WORDS]
    for word in words:
        if word.resolution:
            return tuple(words)
    tails = (looks[episode.stop :], looks[: episode.start]) if episode is not None else (looks,)
    for tail in tails:
        if LETTER.search(tail) and (match := STRONG.search(tail)):
            words.append(words_of(tail[match.start() :]))
            break
    return tuple(words)


def _late_group(
    title: str, line: Line, used: list[Segment], looks: str, episode: Episode | None
) -> str | None:
    """Return the group that stands behind: ``-GROUP``, or the first bracket that is nothing else."""
    if behind := _BEHIND.search(line.looks):
        return (behind[1] or behind[2]).strip()
    if "-" in line.looks:
        looks = STRONG.sub(lambda match: STOP * len(match[0]), line.looks)
        first = looks.find(STOP)
        tails = [tail for tail in _TAIL_GROUP.finditer(looks) if 0 <= first <= tail.start()]
        if tails:
            return tails[-1][1] or tails[-1][2]
    for segment in line.teams:
        return title[segment.start : segment.stop].replace("_", " ")
    titles = set(used)
    late = [(at, segment) for at, segment in line.texts if segment not in titles]
    # One in the middle may be a word of the title: You Are [Not] Alone.
    at_end = [segment for at, segment in late if not LETTER.search(looks, at + 1)]
    for segment in (*at_end, *(segment for _, segment in late)):
        return title[segment.start : segment.stop].replace("_", " ")
    if episode is not None and (inside := _INSIDE.search(line.shown, episode.stop)):
        return inside[1].replace("_", " ")
    for segment in line.credits:
        for part in title[segment.start : segment.stop].split(","):
            if words_of(plain(part)).found == 0 and LETTER.search(part):
                return part.strip(" _")
    return None
