"""Parser rules: their check, what they read, which one wins, and the rules of a new installation."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seiton.domain.prefilters import Prefilter, Screen
from seiton.domain.states import SourceType
from seiton.domain.title_engine import FEW, Engine
from seiton.domain.titles import (
    Failed,
    FieldSource,
    Matched,
    NoMatch,
    Outcome,
    ParsedTitle,
    ParserRule,
    Ruleset,
    check_rule,
)


def taken(value: str | int) -> FieldSource:
    return FieldSource(source=SourceType.REGEX, value=str(value))


def fixed(value: str | int) -> FieldSource:
    return FieldSource(source=SourceType.STATIC, value=str(value))


def rule(parser_id: int = 1, **changes: object) -> ParserRule:
    """A rule for titles such as ``Show - 01``."""
    made = ParserRule(
        parser_id=parser_id,
        name=f"rule {parser_id}",
        condition_regex=r"-",
        parse_regex=r"^(?<title>.*?)\s*-\s*(?<no>.*)$",
        anime_title=taken("title"),
        episode_no=taken("no"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def parse(title: str, *rules: ParserRule) -> Outcome:
    return Ruleset(rules).parse(title)


def read(title: str, made: ParserRule) -> ParsedTitle:
    outcome = parse(title, made)
    assert isinstance(outcome, Matched), outcome
    return outcome.parsed


def failure(title: str, made: ParserRule) -> tuple[str, str]:
    outcome = parse(title, made)
    assert isinstance(outcome, Failed), outcome
    assert outcome.template.format(**outcome.values)
    return outcome.field, outcome.code


# The check


def test_a_sound_rule_has_no_faults() -> None:
    for value in ("2", "$2", "${2}", "no", "$no", "${no}", "0"):
        assert check_rule(rule(episode_no=taken(value))) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"condition_regex": "(?=a)"}, "condition_regex", "look_around"),
        ({"condition_regex": ""}, "condition_regex", "required"),
        ({"parse_regex": "(a"}, "parse_regex", "unclosed_group"),
        ({"parse_regex": "a" * 1001}, "parse_regex", "too_long"),
        ({"name": " "}, "name", "required"),
        ({"name": "n" * 101}, "name", "too_long"),
        ({"priority": 2**31}, "priority", "priority"),
        ({"episode_no": taken(3)}, "episode_no_value", "group_number"),
        ({"episode_no": taken("$other")}, "episode_no_value", "group_name"),
        ({"episode_no": taken("$1 and")}, "episode_no_value", "group_syntax"),
        ({"episode_no": taken("-1")}, "episode_no_value", "group_syntax"),
        ({"episode_no": taken("")}, "episode_no_value", "required"),
        ({"anime_title": fixed(" ")}, "anime_title_value", "required"),
        ({"anime_title": fixed("x" * 256)}, "anime_title_value", "too_long"),
        ({"anime_title": fixed("\ud800")}, "anime_title_value", "required"),
        ({"episode_no": fixed("-1")}, "episode_no_value", "not_a_number"),
        ({"episode_no": fixed("100000")}, "episode_no_value", "number_range"),
        ({"series_no": fixed("two")}, "series_no_value", "not_a_number"),
        ({"year": fixed("20x5")}, "year_value", "year"),
        ({"episode_end": fixed("x")}, "episode_end_value", "not_a_number"),
        ({"episode_no": fixed("5"), "episode_end": fixed("4")}, "episode_end_value", "range_backwards"),
    ],
)
def test_a_faulty_rule_is_told_field_and_reason(changes: dict[str, object], field: str, code: str) -> None:
    faults = check_rule(replace(rule(), **changes))  # type: ignore[arg-type]
    assert [(fault.field, fault.code) for fault in faults] == [(field, code)]
    assert faults[0].template.format(**faults[0].values)


def test_all_faults_of_a_rule_are_told_at_once_with_positions() -> None:
    faults = check_rule(rule(condition_regex="a++", parse_regex="b(", episode_no=fixed("x")))
    assert [(f.field, f.position) for f in faults] == [
        ("condition_regex", 2),
        ("parse_regex", 1),
        ("episode_no_value", None),
    ]


# Values


@pytest.mark.parametrize(
    ("text", "number", "tenths", "version"),
    [
        ("01", 1, 0, 1),
        ("0", 0, 0, 1),
        ("１２", 12, 0, 1),
        ("12.5", 12, 5, 1),
        ("12.0", 12, 0, 1),
        ("01v2", 1, 0, 2),
        ("12.5V3", 12, 5, 3),
        ("十二", 12, 0, 1),
        ("第二十一話", 21, 0, 1),
        ("九十九", 99, 0, 1),
        ("第03话", 3, 0, 1),
        (" 7 ", 7, 0, 1),
        ("99999", 99999, 0, 1),
    ],
)
def test_episodes_are_understood(text: str, number: int, tenths: int, version: int) -> None:
    parsed = read(f"Show - {text}", rule())
    assert (parsed.episode_no, parsed.episode_tenths, parsed.version) == (number, tenths, version)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1_2", "not_a_number"),
        ("-1", "not_a_number"),
        ("SP", "not_a_number"),
        ("", "empty"),
        ("100000", "number_range"),
        ("01-12", "episode_range"),
        ("01 ~ 12", "episode_range"),
        ("12.55", "not_a_number"),
        ("9" * 1900, "not_a_number"),
        ("1" + " " * 1900 + "x", "not_a_number"),
    ],
)
def test_what_is_no_single_episode_is_a_failure_and_never_one(text: str, code: str) -> None:
    assert failure(f"Show - {text}", rule(parse_regex=r"(?<title>Show) - (?<no>.*)")) == ("episode_no", code)


RANGE = rule(parse_regex=r"^(?<title>.+?) - (?<no>[\d.]+)(?:-(?<last>\S+))?$", episode_end=taken("last"))


def test_a_range_has_a_last_episode() -> None:
    assert read("Show - 01-12", RANGE).episode_end == 12
    assert read("Show - 01-12v2", RANGE).version == 2
    assert read("Show - 05", RANGE).episode_end is None
    assert read("Show - 05-05", RANGE).episode_end is None
    assert read("Show - 1-201", RANGE).episode_end == 201


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12-1", "range_backwards"),
        ("1-202", "range_wide"),
        ("1-x", "not_a_number"),
        ("1.5-3", "range_fraction"),
    ],
)
def test_an_impossible_range_is_a_failure(text: str, code: str) -> None:
    assert failure(f"Show - {text}", RANGE) == ("episode_end", code)


SERIES = rule(parse_regex=r"^(?<title>\w+)(?: (?<series>.*))? - (?<no>\d+)$", series_no=taken("series"))


@pytest.mark.parametrize(
    ("text", "series_no"),
    [("第二季", 2), ("S03", 3), ("2nd Season", 2), ("Season 4", 4), ("第十一期", 11), ("２", 2), ("0", 0)],
)
def test_seasons_are_understood(text: str, series_no: int) -> None:
    assert read(f"Show {text} - 01", SERIES).series_no == series_no


def test_a_season_that_is_no_number_fails_and_a_missing_one_is_the_first() -> None:
    assert read("Show - 01", SERIES).series_no == 1
    assert failure("Show Final - 01", SERIES) == ("series_no", "not_a_number")
    assert failure("Show  - 01", SERIES) == ("series_no", "empty")


def test_texts_are_trimmed_composed_and_without_control_characters() -> None:
    assert read("\u3000カ\u3099ル\x00ス\u3000 - 1", rule()).anime_title == "ガルス"


def test_an_empty_title_is_a_failure() -> None:
    assert failure(" - 01", rule()) == ("anime_title", "empty")
    absent = rule(parse_regex=r"(?<title>x)?- (?<no>\d+)")
    assert failure("- 01", absent) == ("anime_title", "group_absent")


def test_optional_fields_are_absent_when_their_group_is() -> None:
    made = rule(
        parse_regex=r"^(?:\[(?<group>.*?)\])?(?<title>\w+) - (?<no>\d+)"
        r"(?: \((?<year>.*?)\))?(?: (?<res>\d+p))?",
        subtitle_group=taken("group"),
        year=taken("year"),
        resolution=taken("res"),
        season=fixed("夏"),
    )
    assert read("Show - 01", made) == ParsedTitle(anime_title="Show", episode_no=1, season="夏")
    full = ParsedTitle(
        anime_title="Show", episode_no=1, season="夏", subtitle_group="ANi", year=2024, resolution="720p"
    )
    assert read("[ANi]Show - 01 (２０２４) 720p", made) == full
    assert read("[ ]Show - 01 (soon)", made).subtitle_group is None
    assert read("[ ]Show - 01 (soon)", made).year is None


def test_group_zero_is_the_whole_match() -> None:
    assert read("Show - 01", rule(anime_title=taken(0))).anime_title == "Show - 01"


def test_groups_that_no_field_takes_may_stand_before_those_that_are_taken() -> None:
    made = rule(parse_regex=r"(a)(b)(?:c)(d) - (\d)(\d)", anime_title=taken(3), episode_no=taken(5))
    assert read("abcd - 12", made) == ParsedTitle(anime_title="d", episode_no=2)


# Order and errors


def test_the_highest_priority_wins_and_then_the_lowest_id() -> None:
    rules = [rule(3, priority=5), rule(2, priority=5), rule(1, priority=4)]
    outcome = parse("Show - 01", *rules)
    assert isinstance(outcome, Matched)
    assert outcome.parser_id == 2


def test_a_failing_rule_never_stops_the_next() -> None:
    failing = rule(1, priority=9, episode_no=taken("title"))
    outcome = parse("Show - 01", failing, rule(2))
    assert isinstance(outcome, Matched)
    assert outcome.parser_id == 2
    both = parse("Show - 01", failing, replace(failing, parser_id=2, priority=10))
    assert isinstance(both, Failed)
    assert both.parser_id == 2


def test_broken_and_disabled_rules_are_left_out() -> None:
    ruleset = Ruleset([rule(1, parse_regex="("), rule(2, is_enabled=False), rule(3)])
    assert [made.parser_id for made in ruleset.rules] == [3]
    assert [fault.field for fault in ruleset.broken[1]] == ["parse_regex"]
    assert list(ruleset.broken) == [1]
    assert isinstance(Ruleset([]).parse("Show - 01"), NoMatch)


def test_two_rules_with_one_id_are_an_error() -> None:
    with pytest.raises(ValueError, match="id 1"):
        Ruleset([rule(1), rule(1)])


def test_a_condition_that_does_not_match_keeps_a_rule_out() -> None:
    assert isinstance(parse("Show - 01", rule(condition_regex="Other")), NoMatch)
    assert isinstance(parse("Show - 01", rule(condition_regex="^-")), NoMatch)


# The prefilter

WORDS = [
    "Show",
    "ショー",
    "葬送",
    "[ANi]",
    "LoliHouse",
    "01",
    "12",
    " - ",
    " ",
    "K",
    "\u212a",
    "ß",
    "ſ",
    "★",
    "１",
]
PATTERNS = [
    r"Show",
    r"(?i)show",
    r"(?i)lolihouse|葬送",
    r"\[ANi\]",
    r".",
    r"\d+",
    r"K",
    r"(?i)k",
    r"(?i)S",
    r"★\d",
]
PATTERNS += [
    r"^Show",
    r"葬送$",
    r"(?:Show|ショー) - ",
    r"\bShow\b",
    r"[\w-]+",
    r"(?i)ß",
    r"S{1,2}how",
    r"(?x)a b|0 1",
]


@st.composite
def small_rules(draw: st.DrawFn) -> ParserRule:
    parse = draw(st.sampled_from(PATTERNS))
    return rule(
        draw(st.integers(1, 10**9)),
        priority=draw(st.integers(0, 3)),
        condition_regex=draw(st.sampled_from(PATTERNS)),
        parse_regex=draw(st.sampled_from([rf"({parse})(\d*)", rf"(.*?)(?:{parse})(.*)", rf"()({parse})"])),
        anime_title=draw(st.sampled_from([taken(0), taken(1), fixed("t")])),
        episode_no=draw(st.sampled_from([taken(2), fixed(1)])),
        is_builtin=draw(st.booleans()),
    )


@given(
    st.lists(small_rules(), min_size=FEW + 1, max_size=25, unique_by=lambda made: made.parser_id),
    st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map("".join), max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_many_rules_at_once_say_what_one_after_the_other_says(
    rules: list[ParserRule], titles: list[str]
) -> None:
    ruleset = Ruleset(rules)
    singles = [Engine([reader]) for reader in ruleset.readers]
    for title, found in zip(titles, ruleset.parse_many(titles), strict=True):
        outcomes = [engine.parse(title) for engine in singles]
        matched = [outcome for outcome in outcomes if isinstance(outcome, Matched)]
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        assert found == (matched + failed + [NoMatch()])[0]


def test_a_prefilter_too_large_for_one_automaton_still_finds_its_patterns() -> None:
    digests = [sha256(str(number).encode()).hexdigest()[:24] for number in range(5000)]
    patterns = [digest.replace("0", "葬") for digest in digests]
    prefilter = Prefilter(patterns)
    assert prefilter._halves, "the patterns fit: the test needs more of them"
    for number in (0, 1, 2499, 2500, 4999):
        assert number in prefilter.candidates(f"[ANi] {patterns[number]} - 01".encode())


def test_a_screen_names_the_patterns_that_match() -> None:
    screen = Screen(["^a.*c$", "b", "^x"])
    assert screen.candidates(b"abc") == [0, 1]
    assert screen.candidates(b"nothing") == []


def test_a_screen_that_does_not_fit_names_every_pattern() -> None:
    screen = Screen([f"(?:{letter}.*){{500}}z.{{400}}" for letter in "abcdefgh" * 8])
    assert screen._match is None, "the patterns fit: the test needs larger ones"
    assert screen.candidates(b"abc") == list(range(64))


def test_a_title_that_contains_the_canary_is_like_any_other() -> None:
    rules = [rule(number, condition_regex=f"x{number}") for number in range(2, 10)] + [rule(1)]
    outcome = parse("\x01seiton prefilter\x01 - 01", *rules)
    assert isinstance(outcome, Matched)
    assert outcome.parsed.anime_title == "seiton prefilter"


def test_half_a_character_is_seen_alike_by_one_rule_and_by_many() -> None:
    half = rule(1, condition_regex="\ufffd")
    others = [rule(number, condition_regex=f"x{number}") for number in range(2, 10)]
    for rules in ([half], [half, *others]):
        assert isinstance(parse("Show\ud800 - 01", *rules), Matched)


def test_an_offset_is_added_to_the_numbers_of_the_title() -> None:
    assert read("Show - 13", rule(episode_offset=-12)).episode_no == 1


def test_an_offset_moves_both_ends_of_a_range() -> None:
    both = rule(
        parse_regex=r"^(?<title>.*?)\s*-\s*(?<no>\d+)~(?<last>\d+)$",
        episode_end=taken("last"),
        episode_offset=12,
    )
    parsed = read("Show - 1~12", both)
    assert (parsed.episode_no, parsed.episode_end) == (13, 24)


def test_an_offset_below_zero_fails_the_title_and_never_invents_a_number() -> None:
    outcome = parse("Show - 03", rule(episode_offset=-12))
    assert isinstance(outcome, Failed)
    assert outcome.field == "episode_offset"


def test_an_absurd_offset_is_refused() -> None:
    assert [fault.field for fault in check_rule(rule(episode_offset=10**6))] == ["episode_offset"]
