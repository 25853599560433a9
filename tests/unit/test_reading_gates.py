"""The quick test before a pattern: it may say yes too often, never no."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.reading.gates import Gated, Hints
from seiton.domain.reading.names import _LABEL_END
from seiton.domain.reading.numbers import MARKED
from seiton.domain.reading.seasons import FINAL_SEASON, PART, SEASON
from seiton.domain.reading.vocabulary import NOTE, STRONG, TEAM

SOURCES = (*MARKED, SEASON, PART, FINAL_SEASON, STRONG.source, TEAM.source, NOTE.source, _LABEL_END.source)
HINTS = Hints(*SOURCES)
COMPILED = [re.compile(source, re.IGNORECASE) for source in SOURCES]
PIECES = (
    *("Show", " - ", "05", "s02", "E", "ep", "#", "第", "話", "季", "S2", "Season ", "2nd ", "Part 2", "II"),
    *(
        "1080p",
        "x264",
        "WEB-DL",
        "[",
        "]",
        "(",
        ")",
        "_",
        ".",
        "v2",
        "12.5",
        "01-12",
        " END",
        "字幕组",
        "招募",
    ),
    *("сезон", "серия", "제", "화", "기", "ตอนที่ ", "Bölüm", "OVA", " BD", "\x01", "\x02", "最终季", "完结季"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_what_a_pattern_finds_was_hinted_at(text: str) -> None:
    found = {number for number, pattern in enumerate(COMPILED) if pattern.search(text)}
    assert found <= set(HINTS(text))


def test_a_text_without_anything_of_it_is_not_searched() -> None:
    assert not Gated(SEASON).may_match("Watashi no Nikki")
    assert len(HINTS("Watashi no Nikki")) == 1


def test_a_look_around_is_left_out_with_all_that_is_in_it() -> None:
    gated = Gated(r"(?<![a-z(])ab(?= *(?:c|[)d]|(?!e)))f?")
    assert gated.may_match("xab")
    assert gated.search("xab") is None
    assert gated.search("ab c") is not None
    assert not gated.may_match("ba")


@pytest.mark.parametrize("source", [r"\w+", r"[^\d]", r"a\b"])
def test_what_re2_reads_otherwise_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="otherwise"):
        Hints(source)
