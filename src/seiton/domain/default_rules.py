"""The parsers that a new installation starts with: those of the reference (contract §2.1), corrected.

The reference's catch-all is not among them: a title that nobody understands is better shown than filed
under its whole name as episode 1. The ids only number the rules here; the database gives them real ones.
"""

from __future__ import annotations

from seiton.domain.rules import FieldSource, ParserRule
from seiton.domain.states import SourceType

_SEASON = (
    r"第[一二三四五六七八九十\d]{1,3}[季期部]"
    r"|\d{1,2}(?:st|nd|rd|th) [Ss]eason|[Ss]eason \d{1,2}|[Ss]\d{1,2}"
)
# The title ends before its season and its translations (" / ", "|"); a slash in a word belongs to it.
_TITLE = (
    rf"(?<title>[^\[\]【】★|]+?)(?:\s*[\[(（]?\s*(?<season>{_SEASON})\s*[\])）]?)?"
    r"(?:\s+/\s.*?|\s*\|.*?)?"
)
_EPISODE = r"(?<episode>\d{1,4}(?:\.\d)?(?:[vV]\d)?)"
_RANGE = r"(?<episode>\d{1,4})\s*[-~～]\s*(?<last>\d{1,4}(?:[vV]\d)?)"
_FINAL = r"(?:\s*(?:END|End|Fin|FIN|完))?"
_RESOLUTION = r"(?:.*?(?<resolution>\d{3,4}[pPiI]|\d{3,4}[xX×]\d{3,4}|[248][kK]))?"
_NEWS = r"(?:[\[【★]?[^\[\]【】★]{0,12}新番[\]】★]?\s*)?"
"""``★04月新番★``, ``【4月新番】``: an announcement and no part of the title."""


def _taken(group: str) -> FieldSource:
    return FieldSource(source=SourceType.REGEX, value=f"${group}")


def _rule(
    number: int, name: str, priority: int, condition: str, parse: str, *, last: bool = False
) -> ParserRule:
    return ParserRule(
        parser_id=number,
        name=name,
        priority=priority,
        condition_regex=condition,
        parse_regex=parse,
        anime_title=_taken("title"),
        episode_no=_taken("episode"),
        series_no=_taken("season") if "<season>" in parse else None,
        subtitle_group=_taken("group") if "<group>" in parse else None,
        resolution=_taken("resolution") if "<resolution>" in parse else None,
        episode_end=_taken("last") if last else None,
    )


DEFAULT_RULES: tuple[ParserRule, ...] = (
    _rule(
        1,
        "[Group] Title - 01 [1080p]",
        100,
        r"^[\[【].+[\]】].+\s[-–]\s*\d",
        rf"^[\[【](?<group>[^\]】]+)[\]】]\s*{_NEWS}{_TITLE}\s+[-–]\s*{_EPISODE}{_FINAL}\s*(?:[\[(【（]{_RESOLUTION}|$)",
    ),
    _rule(
        2,
        "[Group] Title [01-12 Fin][1080p]",
        95,
        r"\d\s*[-~～]\s*\d",
        rf"^[\[【](?<group>[^\]】]+)[\]】]\s*{_NEWS}[\[【]?{_TITLE}[\]】]?\s*(?:-\s*)?"
        rf"[\[(【（★]?第?{_RANGE}\s*[话話集回]?\s*(?:合集|全集|TV全集|Fin|FIN|END|End|完)?\s*[\])】）★]{_RESOLUTION}",
        last=True,
    ),
    _rule(
        3,
        "[Group][Title][01][1080p]",
        90,
        r"^[\[【].+[\]】].*[\[【]第?\d{1,4}",
        rf"^[\[【](?<group>[^\]】]+)[\]】]\s*{_NEWS}[\[【]?{_TITLE}[\]】]?(?:[\[【][^\]】\d][^\]】]*[\]】])?\s*"
        rf"[\[【]第?{_EPISODE}[话話集回]?{_FINAL}[\]】]{_RESOLUTION}",
    ),
    _rule(
        4,
        "Group★Title★01★1920x1080",
        80,
        r"★.+★第?\d+",
        rf"^(?<group>[^★]+?)\s*★{_NEWS}\s*{_TITLE}★+\s*第?{_EPISODE}[话話集回]?{_FINAL}\s*★{_RESOLUTION}",
    ),
    _rule(
        5,
        "Title - 01",
        1,
        r".+\s-\s\d",
        rf"^{_TITLE}\s+-\s+{_EPISODE}{_FINAL}(?:\s*[\[(]{_RESOLUTION}|\s*$|\.[A-Za-z0-9]{{2,4}}$)",
    ),
)
