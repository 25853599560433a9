"""Teach by example: what is learnt, what is refused and why, and the shapes of titles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from seiton.domain.example_pattern import Mark
from seiton.domain.learning import NotLearnt, find_marks, learn
from seiton.domain.proposals import propose
from seiton.domain.rules import Matched, ParsedTitle, ParserRule, check_rule
from seiton.domain.shapes import shape_of
from seiton.domain.titles import Ruleset


def taught(title: str, fixed: Mapping[str, str] = MappingProxyType({}), **texts: str) -> ParserRule:
    marks = find_marks(title, texts)
    assert not isinstance(marks, NotLearnt), marks
    rule = learn(title, marks, fixed)
    assert not isinstance(rule, NotLearnt), rule
    assert check_rule(rule) == []
    return rule


def read(rule: ParserRule, title: str) -> ParsedTitle | None:
    outcome = Ruleset((rule,)).parse(title)
    return outcome.parsed if isinstance(outcome, Matched) else None


@pytest.mark.parametrize(
    ("example", "marks", "others"),
    [
        (
            "[Group] Some Show - 05 [1080p]",
            {
                "anime_title": "Some Show",
                "episode_no": "05",
                "subtitle_group": "Group",
                "resolution": "1080p",
            },
            {
                "[Group] Another - With a Dash - 11v2 [720p][HEVC]": ("Another - With a Dash", 1, 11, None),
                "[Group] Another S2 - 12 END [WebRip 1080p]": ("Another", 2, 12, None),
                "[Group] Another 第三季 - 07.5 [4K]": ("Another", 3, 7, None),
            },
        ),
        (
            "【某字幕组】★04月新番★[某部动画/Some Show][03][1080p][简日双语]",
            {"anime_title": "某部动画", "episode_no": "03", "subtitle_group": "某字幕组"},
            {
                "【某字幕组】★10月新番★[别的作品/Other Show][12 END][720p][繁日雙語]": (
                    "别的作品",
                    1,
                    12,
                    None,
                )
            },
        ),
        (
            "[Group] 某部动画 / Some Show [01-12 Fin][1080p]",
            {
                "anime_title": "某部动画",
                "episode_no": "01",
                "episode_end": "12",
                "subtitle_group": "Group",
            },
            {"[Group] 别的作品 第二季 / Other Show S2 [13-24 END][720p]": ("别的作品", 2, 13, 24)},
        ),
        (
            "[Group] Some Show S02E05 (1080p)",
            {"anime_title": "Some Show", "series_no": "02", "episode_no": "05", "subtitle_group": "Group"},
            {"[Group] Other S01E11 (720p)": ("Other", 1, 11, None)},
        ),
        (
            "[Group] 某部动画 Some Show [05][1080p]",
            {"anime_title": "某部动画", "episode_no": "05", "subtitle_group": "Group"},
            {"[Group] 别的 作品 Other Words Here [11][1080p]": ("别的 作品", 1, 11, None)},
        ),
        (
            "Some Show - 07.mkv",
            {"anime_title": "Some Show", "episode_no": "07"},
            {"Other Show - 12v2.mkv": ("Other Show", 1, 12, None)},
        ),
    ],
)
def test_an_example_teaches_a_parser_for_titles_like_it(
    example: str,
    marks: dict[str, str],
    others: dict[str, tuple[str, int, int, int | None]],
) -> None:
    rule = taught(example, {}, **marks)
    own = read(rule, example)
    assert own is not None
    assert own.anime_title == marks["anime_title"]
    for title, expected in others.items():
        parsed = read(rule, title)
        assert parsed is not None, title
        found = (parsed.anime_title, parsed.series_no, parsed.episode_no, parsed.episode_end)
        assert found == expected


def test_a_parser_learnt_from_a_group_leaves_other_groups_alone() -> None:
    rule = taught("[Group] Show - 05 [1080p]", anime_title="Show", episode_no="05", subtitle_group="Group")
    assert read(rule, "[Other] Show - 05 [1080p]") is None


def test_the_same_example_always_teaches_the_same_parser() -> None:
    title = "[Group][某部动画][Some Show][05][1080p]"
    marks = {"anime_title": "某部动画", "episode_no": "05", "subtitle_group": "Group"}
    assert taught(title, {}, **marks) == taught(title, {}, **dict(reversed(marks.items())))


def test_a_number_in_the_title_of_the_work_is_not_taken_for_the_episode() -> None:
    rule = taught("[G] 86 - 86 [1080p]", anime_title="86", episode_no="86", subtitle_group="G")
    parsed = read(rule, "[G] 100 Things - 07 [1080p]")
    assert parsed is not None
    assert (parsed.anime_title, parsed.episode_no) == ("100 Things", 7)


def test_what_a_title_does_not_say_can_be_fixed() -> None:
    rule = taught(
        "[G] The Film [BD 1080p]",
        {"episode_no": "1", "series_no": "0"},
        anime_title="The Film",
        subtitle_group="G",
    )
    parsed = read(rule, "[G] Another Film [BD 720p]")
    assert parsed is not None
    assert (parsed.anime_title, parsed.series_no, parsed.episode_no) == ("Another Film", 0, 1)


@pytest.mark.parametrize(
    ("marks", "code", "field"),
    [
        ({"anime_title": Mark(start=4, stop=8)}, "required", "marks"),
        (
            {"anime_title": Mark(start=4, stop=8), "episode_no": Mark(start=11, stop=99)},
            "outside",
            "episode_no",
        ),
        (
            {"anime_title": Mark(start=4, stop=8), "episode_no": Mark(start=6, stop=9)},
            "unreadable",
            "episode_no",
        ),
        (
            {"anime_title": Mark(start=4, stop=13), "episode_no": Mark(start=11, stop=13)},
            "overlap",
            "episode_no",
        ),
    ],
)
def test_what_teaches_nothing_is_refused_with_the_mark(marks: dict[str, Mark], code: str, field: str) -> None:
    fault = learn("[G] Show - 05", marks)
    assert isinstance(fault, NotLearnt)
    assert (fault.code, fault.field) == (code, field)


def test_a_mark_that_the_title_does_not_have_is_named() -> None:
    fault = find_marks("[G] Show - 05", {"anime_title": "Show", "episode_no": "06"})
    assert fault == NotLearnt(code="not_found", field="episode_no", found="06")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[G] Show - 05 [1080p]", "[G] Other Words - 11v2 [720p][HEVC][AAC]"),
        ("[G] Show S2 - 05 [1080p]", "[G] Other - 11 [1080p]"),
        ("[G] 作品 / Show [05][1080p]", "[G] 別的 第二季 / Other Show S2 [12 END][720p][简]"),
        ("[G][作品][Show][05][1080p]", "[G][別的][Other][11][720p]"),
    ],
)
def test_titles_that_are_built_alike_have_one_shape(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[G] Show - 05 [1080p]", "[H] Show - 05 [1080p]"),
        ("[G] Show - 05 [1080p]", "[G] Show [05][1080p]"),
        ("[G] Show [05][1080p]", "[G] Show [01-12][1080p]"),
        ("[G] 作品 / Show - 05", "[G] Show / 作品 - 05"),
        ("[G] Show - 05", "[G] Show S01E05"),
    ],
)
def test_titles_that_are_built_otherwise_have_shapes_of_their_own(one: str, other: str) -> None:
    assert shape_of(one) != shape_of(other)


def test_a_parser_is_proposed_from_what_the_reader_finds() -> None:
    proposal = propose("[G] 作品 第二季 / Show S2 [05][1080p]")
    assert proposal is not None
    assert proposal.assumed == ()
    parsed = read(proposal.rule, "[G] 別的 / Other [11][720p]")
    assert parsed is not None
    assert (parsed.anime_title, parsed.episode_no, parsed.subtitle_group) == ("別的", 11, "G")


def test_what_a_proposal_assumes_is_said() -> None:
    proposal = propose("[G] Show Movie [BD 1080p]")
    assert proposal is not None
    assert proposal.assumed == ("episode_no", "series_no")


def test_nothing_is_proposed_for_what_has_no_title() -> None:
    assert propose("[1080p][MP4]") is None
