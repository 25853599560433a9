"""Titles are shown cut where a parser takes its fields from, and no character is lost."""

from __future__ import annotations

import pytest

from seiton.domain.captures import Piece, pieces_of
from seiton.domain.rules import FieldSource, Matched, ParserRule
from seiton.domain.states import ParserKind, SourceType
from seiton.domain.titles import Ruleset
from seiton.faces.web.differences import halves

TITLE = "【紙鳶字幕組】[鯨背山の測量士][第03話][1080p]"


def rule(kind: ParserKind, pattern: str, **groups: str) -> ParserRule:
    sources = {name: FieldSource(source=SourceType.REGEX, value=value) for name, value in groups.items()}
    return ParserRule(
        parser_id=1,
        name="r",
        kind=kind,
        condition_regex=".",
        parse_regex=pattern,
        **sources,  # type: ignore[arg-type]
    )


PATTERN = rule(
    ParserKind.PATTERN,
    r"^【(.+?)】\[(.+?)\]\[第(\d+)話\]\[(\d+p)\]",
    subtitle_group="1",
    anime_title="2",
    episode_no="3",
    resolution="4",
)
STRUCTURAL = rule(
    ParserKind.STRUCTURAL,
    "",
    anime_title="$title",
    episode_no="$episode",
    subtitle_group="$group",
    resolution="$resolution",
)


@pytest.mark.parametrize("reader", [PATTERN, STRUCTURAL], ids=["pattern", "structural"])
def test_every_field_is_shown_where_it_stands(reader: ParserRule) -> None:
    outcome = Ruleset((reader,)).parse(TITLE)
    assert isinstance(outcome, Matched)
    pieces = pieces_of(reader, TITLE, outcome.parsed)
    assert "".join(piece.text for piece in pieces) == TITLE
    assert [piece for piece in pieces if piece.field] == [
        Piece(text="紙鳶字幕組", field="subtitle_group"),
        Piece(text="鯨背山の測量士", field="anime_title"),
        Piece(text="03", field="episode_no"),
        Piece(text="1080p", field="resolution"),
    ]


def test_what_differs_between_two_paths_is_marked_by_whole_numbers() -> None:
    old, new = halves("雨巷製琴帥/Season 01/E09.mkv", "雨巷製琴師/Season 01/E10.mkv")
    assert [part.text for part in old if part.is_changed] == ["帥", "09"]
    assert [part.text for part in new if part.is_changed] == ["師", "10"]
    assert "".join(part.text for part in new) == "雨巷製琴師/Season 01/E10.mkv"
