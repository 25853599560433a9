"""What the demo's world holds. All works, groups and names are invented."""

from __future__ import annotations

from dataclasses import dataclass

PIER = "NorthPier"
KITE = "紙鳶字幕組"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One file of a release: its name (folders with ``/``) and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One item of the feed. ``folder`` is None for a torrent that is a single file."""

    title: str
    published: str
    folder: str | None
    files: tuple[Media, ...]


def releases() -> tuple[Release, ...]:
    """Return all releases, oldest first."""
    return (*_post_office(), *_surveyors(), *_luthier(), _railway())


def _video(seed: int) -> int:
    """Sizes that differ, in bytes: 64 to 300 KiB."""
    return 64 * 1024 + seed * 7919 % (236 * 1024)


def _post_office() -> tuple[Release, ...]:
    """Single files; the title comes in three languages, of which the rule takes the first."""
    names = "星燈郵便局 / 星あかり郵便局 / Hoshiakari Yuubinkyoku"
    found = []
    for episode in range(1, 7):
        rest = f"- {episode:02} [WebRip 1080p HEVC AAC][CHT]"
        file = Media(name=f"[{PIER}] Hoshiakari Yuubinkyoku {rest}.mkv", size=_video(100 + episode))
        found.append(
            Release(
                title=f"[{PIER}] {names} {rest}",
                published=f"2026-01-{6 + episode:02}T22:30:00",
                folder=None,
                files=(file,),
            )
        )
    return tuple(found)


def _surveyors() -> tuple[Release, ...]:
    """Folders with a video and two subtitles each."""
    found = []
    for episode in range(1, 7):
        name = f"[{KITE}][鯨背山の測量士][{episode:02}][1080p]"
        found.append(
            Release(
                title=f"【{KITE}】★冬季新番★[鯨背山の測量士][第{episode:02}話][1080p][繁體／簡體外掛]",
                published=f"2026-01-{7 + episode:02}T01:05:20.125",
                folder=name,
                files=(
                    Media(name=f"{name}.mkv", size=_video(200 + episode)),
                    Media(name=f"{name}.TC.ass", size=1800 + episode),
                    Media(name=f"{name}.SC.{'ass' if episode % 2 else 'srt'}", size=1700 + episode),
                ),
            )
        )
    return tuple(found)


def _luthier() -> tuple[Release, ...]:
    """The season that the demo corrects.

    The group counts the pilot as #01, so that every episode carries two numbers, ``#02(01)``; and it wrote
    the last character of the title wrong (帥 for 師) until somebody told it after four episodes.
    """
    found = []
    for episode in range(1, 13):
        work = "雨巷製琴帥" if episode <= 4 else "雨巷製琴師"
        name = f"[{PIER}] {work} #{episode + 1:02}({episode:02}) [720p][CHT]"
        found.append(
            Release(
                title=name,
                published=f"2026-01-{8 + episode:02}T12:00:00.5",
                folder=None,
                files=(Media(name=f"{name}.mkv", size=_video(300 + episode)),),
            )
        )
    return tuple(found)


def _railway() -> Release:
    """A batch: six episodes with their subtitles in one torrent."""
    files = []
    for episode in range(1, 7):
        name = f"[{KITE}][Salt Lake Line Diary][{episode:02}][1080p]"
        files.append(Media(name=f"{name}.mkv", size=_video(400 + episode)))
        files.append(Media(name=f"{name}.TC.ass", size=1500 + episode))
        files.append(Media(name=f"{name}.SC.ass", size=1600 + episode))
    return Release(
        title=f"[{KITE}][Salt Lake Line Diary][01-06 合集][1080p][繁體／簡體外掛]",
        published="2026-01-24T09:15:00.75",
        folder=f"[{KITE}][Salt Lake Line Diary][01-06][1080p]",
        files=tuple(files),
    )


Parser = dict[str, str | int]
"""A parser in the words of ``POST /parsers``."""

PARSERS: tuple[Parser, ...] = (
    {
        "name": "NorthPier",
        "priority": 20,
        "condition_regex": r"^\[NorthPier\] .+ - \d+ \[",
        "parse_regex": r"^\[(NorthPier)\] ([^/\[]+?)(?: / [^\[]+?)? - (\d+) \[WebRip (\d+p)",
        "subtitle_group_source": "regex",
        "subtitle_group_value": "$1",
        "anime_title_source": "regex",
        "anime_title_value": "$2",
        "episode_no_source": "regex",
        "episode_no_value": "$3",
        "series_no_source": "static",
        "series_no_value": "1",
        "resolution_source": "regex",
        "resolution_value": "$4",
    },
    {
        "name": "紙鳶字幕組",
        "priority": 20,
        "condition_regex": r"^【紙鳶字幕組】",
        "parse_regex": (
            r"^【(?P<group>[^】]+)】[^\[]*\[(?P<title>[^\]]+)\]\[第(?P<episode>\d+)話\]\[(?P<height>\d+p)\]"
        ),
        "subtitle_group_source": "regex",
        "subtitle_group_value": "group",
        "anime_title_source": "regex",
        "anime_title_value": "title",
        "episode_no_source": "regex",
        "episode_no_value": "episode",
        "series_no_source": "static",
        "series_no_value": "1",
        "resolution_source": "regex",
        "resolution_value": "height",
    },
    {
        "name": "紙鳶字幕組 合集",
        "priority": 20,
        "condition_regex": r"^\[紙鳶字幕組\].*合集",
        "parse_regex": r"^\[([^\]]+)\]\[([^\]]+)\]\[(\d+)-(\d+) 合集\]\[(\d+p)\]",
        "subtitle_group_source": "regex",
        "subtitle_group_value": "$1",
        "anime_title_source": "regex",
        "anime_title_value": "$2",
        "episode_no_source": "regex",
        "episode_no_value": "$3",
        "episode_end_source": "regex",
        "episode_end_value": "$4",
        "series_no_source": "static",
        "series_no_value": "1",
        "resolution_source": "regex",
        "resolution_value": "$5",
    },
    {
        "name": "雨巷製琴師",
        "priority": 30,
        "condition_regex": r"^\[NorthPier\] 雨巷製琴",
        "parse_regex": r"^\[([^\]]+)\] (雨巷製琴.) #(\d+)\((\d+)\) \[(\d+p)\]",
        "subtitle_group_source": "regex",
        "subtitle_group_value": "$1",
        "anime_title_source": "regex",
        "anime_title_value": "$2",
        "episode_no_source": "regex",
        "episode_no_value": "$3",
        "series_no_source": "static",
        "series_no_value": "1",
        "resolution_source": "regex",
        "resolution_value": "$5",
    },
)
"""The rules that read every release; the last one misunderstands its season."""

EDITED = "雨巷製琴師"
"""Name of the parser that the demo edits."""

CORRECTED: Parser = {
    **PARSERS[-1],
    "anime_title_source": "static",
    "anime_title_value": "雨巷製琴師",
    "episode_no_value": "$4",
}
"""That parser as it should be: the title spelt right, and the number that the story has.

Twelve files move: S01E02–E05 of 雨巷製琴帥 into the folder of 雨巷製琴師, and there S01E06–E13 each to the
name that its neighbour has.
"""
