"""The built-in parser pack: every rule is valid, reads its examples, and is reached by them."""

from __future__ import annotations

import pytest

from seiton.adapters.pack_file import builtin_pack
from seiton.domain.pack import Example, PackError, PackRule, read_pack
from seiton.domain.reading import parse, resolution_of
from seiton.domain.rules import Matched, ParsedTitle, check_rule
from seiton.domain.titles import Ruleset

_PACK = builtin_pack()
_EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.key}-{number}")
    for rule in _PACK.rules
    for number, example in enumerate(rule.examples)
]
_NAMES = {
    "title": "anime_title",
    "episode": "episode_no",
    "tenths": "episode_tenths",
    "last": "episode_end",
    "season": "series_no",
    "group": "subtitle_group",
}


def _expected(example: Example) -> ParsedTitle:
    values = {_NAMES.get(name, name): value for name, value in example.expected.items()}
    return ParsedTitle(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", _PACK.rules, ids=lambda rule: rule.key)
def test_a_rule_of_the_pack_can_be_saved_as_it_is(rule: PackRule) -> None:
    assert check_rule(rule.rule) == []
    assert rule.examples
    assert rule.shapes
    assert rule.rule.priority < 0, "the user's parsers come first"


@pytest.mark.parametrize(("rule", "example"), _EXAMPLES)
def test_a_rule_reads_its_example(rule: PackRule, example: Example) -> None:
    assert Ruleset([rule.rule]).parse(example.release) == Matched(
        parser_id=rule.rule.parser_id, parsed=_expected(example)
    )


@pytest.mark.parametrize(("rule", "example"), _EXAMPLES)
def test_an_example_reaches_its_rule_through_all_others(rule: PackRule, example: Example) -> None:
    outcome = Ruleset(entry.rule for entry in _PACK.rules).parse(example.release)
    assert isinstance(outcome, Matched)
    assert outcome.parser_id == rule.rule.parser_id


@pytest.mark.parametrize(("rule", "example"), _EXAMPLES)
def test_the_structural_reader_agrees_with_the_rule(rule: PackRule, example: Example) -> None:
    expected, read = _expected(example), parse(example.release)
    assert isinstance(read, ParsedTitle)
    for name in ("anime_title", "episode_no", "episode_end", "version", "series_no", "subtitle_group"):
        assert getattr(read, name) == getattr(expected, name)
    assert read.resolution == resolution_of(expected.resolution or "")


@pytest.mark.parametrize(
    "title",
    [
        "[Group] 某部动画 第二季 -副题- / Some Show S2 - 05 [1080p]",
        "[Group] Some Show II - 05 [1080p]",
        "[Group] 某部动画3 / Some Show 3 [05][1080p]",
        "[Group] 某部动画 / Some Show - 05 [1080p][V2]",
        "[Group][某部动画][2019][1080p]",
        "Some Show (BDRip 1080p)",
    ],
)
def test_what_a_rule_could_only_read_in_part_is_left_to_the_reader(title: str) -> None:
    outcome = Ruleset(entry.rule for entry in _PACK.rules).parse(title)
    if isinstance(outcome, Matched):
        assert outcome.parser_id == _PACK.rules[-1].rule.parser_id


def test_keys_names_and_priorities_are_unique() -> None:
    for values in (
        [rule.key for rule in _PACK.rules],
        [rule.rule.name for rule in _PACK.rules],
        [rule.rule.priority for rule in _PACK.rules],
    ):
        assert len(set(values)) == len(values)


_RULE = """
[[rule]]
key = "a"
name = "A"
shapes = "For a."
priority = -1
parse = '^<<whole>>$'
[[rule.example]]
release = "Show 05"
title = "Show"
episode = 5
"""
_FRAGMENTS = """
version = 3
[fragments]
number = '(?<episode>[0-9]+)'
whole = '(?<title>[a-zA-Z]+) <<number>>'
"""


def test_a_pack_is_read_with_fragments_inside_fragments() -> None:
    pack = read_pack(_FRAGMENTS + _RULE)
    assert pack.version == 3
    assert pack.rules[0].rule.parse_regex == "^(?<title>[a-zA-Z]+) (?<episode>[0-9]+)$"
    assert pack.rules[0].examples[0].expected == {"title": "Show", "episode": 5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "not TOML"),
        ("version = 1", "at least one"),
        (_FRAGMENTS + _RULE + _RULE, "same key"),
        (_FRAGMENTS + _RULE.replace("shapes", "shape"), "shapes missing"),
        (_FRAGMENTS + _RULE.replace("whole", "hole"), "no fragment hole"),
        (_FRAGMENTS.replace("<<number>>", "<<whole>>") + _RULE, "deeper"),
        (_FRAGMENTS.replace("<title>", "<titel>") + _RULE, "needs the groups"),
    ],
)
def test_a_broken_pack_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        read_pack(text)
