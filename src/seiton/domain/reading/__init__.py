"""The structural reader of release titles: the fallback for what no parser matches."""

from __future__ import annotations

from seiton.domain.reading.names import without_season
from seiton.domain.reading.normal import normal_title
from seiton.domain.reading.parsed import Unread, parse, parsed, says_movie
from seiton.domain.reading.reader import MAX_TITLE, read_title
from seiton.domain.reading.values import Kind, Name, Numbering, ReadTitle, Script
from seiton.domain.reading.vocabulary import resolution_of
from seiton.domain.rules import ParsedTitle

__all__ = [
    "MAX_TITLE",
    "Kind",
    "Name",
    "Numbering",
    "ParsedTitle",
    "ReadTitle",
    "Script",
    "Unread",
    "normal_title",
    "parse",
    "parsed",
    "read_title",
    "resolution_of",
    "says_movie",
    "without_season",
]
