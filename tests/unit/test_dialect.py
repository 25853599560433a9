"""The pattern dialect: what it means, what it refuses and where, and that nothing makes it slow."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from seiton.domain.dialect import (
    MAX_PATTERN,
    MAX_TITLE,
    TEMPLATES,
    PatternError,
    compile_pattern,
    encode_title,
)
from seiton.domain.regex_classes import COMMON_DIGIT, RARE_DIGIT_BYTES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "dialect.md").read_text(encoding="utf-8")


def documented(kind: str) -> list[list[str]]:
    block = re.search(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert block
    return [line.split("  ::  ") for line in block[1].splitlines()]


@pytest.mark.parametrize(("pattern", "title", "taken"), documented("matches"))
def test_documented_patterns_take_what_the_document_says(pattern: str, title: str, taken: str) -> None:
    name, expected = taken.split("=")
    match = compile_pattern(pattern).search(title)
    assert match
    assert match.group(int(name) if name.isdigit() else name) == expected


@pytest.mark.parametrize(("pattern", "code"), documented("refused"))
def test_documented_refusals_are_refused_for_the_documented_reason(pattern: str, code: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.code == code
    assert caught.value.message == TEMPLATES[code].format(**caught.value.values)


@pytest.mark.parametrize(
    ("pattern", "position"),
    [
        ("第(?=話)", 1),
        (r"第話(a)\1", 5),
        ("字a++", 3),
        ("ab[cd", 2),
        ("ab(c(d)", 2),
        ("ab)", 2),
        (r"[ab\d-z]", 3),
        (r"[^第\W]", 3),
        (r"第\p{Nonsense}", 1),
        ("葬\ud800", 1),
        (r"a\x{110000}", 1),
        (r"a\uD800", 1),
        ("a|*b", 2),
        ("(?x)a # (\n b++", 13),
        ("\\", 0),
        ("ab{3,2}", 2),
    ],
)
def test_a_refusal_names_the_character_where_it_is(pattern: str, position: int) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert caught.value.position == position


def test_a_long_pattern_is_refused() -> None:
    compile_pattern("a" * MAX_PATTERN)
    with pytest.raises(PatternError) as caught:
        compile_pattern("a" * (MAX_PATTERN + 1))
    assert (caught.value.code, caught.value.position) == ("too_long", None)


def test_spans_count_characters_of_the_title() -> None:
    match = compile_pattern(r"第(?<no>\d+)話(x)?").search("葬送的芙莉蓮 第12話")
    assert match
    assert match.span() == (7, 11)
    assert match.span("no") == match.span(1) == (8, 10)
    assert match.group(2) is None
    assert match.span(2) is None
    with pytest.raises(IndexError):
        match.group("nothing")
    with pytest.raises(IndexError):
        match.group(3)


def test_a_match_between_the_bytes_of_a_character_has_a_span() -> None:
    match = compile_pattern(r"\B").search("a葬")
    assert match
    assert match.span() in ((1, 1), (2, 2))
    assert match.group() == ""


def test_groups_are_counted_and_named() -> None:
    pattern = compile_pattern(r"(a)(?:b)(?<集>c)(?P<second_1>(?i)d)")
    assert pattern.group_count == 3
    assert dict(pattern.names) == {"集": 2, "second_1": 3}


def test_titles_are_seen_up_to_their_limit_and_half_characters_do_no_harm() -> None:
    assert compile_pattern("b").search("a" * MAX_TITLE + "b") is None
    match = compile_pattern("b.c").search("ab\ud800c")
    assert match
    assert match.span() == (1, 4)


SAMPLE = [chr(n) for n in (*range(0x3100), *range(0x4E00, 0x4E40), *range(0xA000, 0xB000))]
SAMPLE += [chr(n) for n in (*range(0xF900, 0x10000), *range(0x1D7C0, 0x1D800), *range(0x1F100, 0x1F200))]


def assigned_long_ago(char: str) -> bool:
    """Characters of which Python's and RE2's Unicode versions say the same."""
    return unicodedata.ucd_3_2_0.category(char) == unicodedata.category(char) != "Cn"


@pytest.mark.parametrize("letter", ["d", "w", "s"])
def test_perl_classes_and_their_opposites_are_those_of_unicode(letter: str) -> None:
    python = re.compile({"d": r"\d", "s": r"[\t-\r \x85\xa0]|\s(?<![\x1c-\x1f])", "w": r"\w"}[letter])
    forms = [rf"\{letter}", rf"[\{letter}]", rf"[^\{letter.upper()}]" if letter != "w" else r"\w"]
    opposites = [rf"\{letter.upper()}", rf"[\{letter.upper()}]", rf"[^\{letter}]"]
    patterns = [compile_pattern(rf"\A(?s:{form})\z") for form in forms]
    others = [compile_pattern(rf"\A(?s:{form})\z") for form in opposites]
    for char in SAMPLE:
        category = unicodedata.category(char)
        if category in ("No", "Mn", "Mc", "Me", "Pc", "Cf", "So", "Cs") or not assigned_long_ago(char):
            continue  # Python's \w has other ideas about these than Unicode's annex
        inside = bool(python.fullmatch(char))
        assert {bool(p.search(char)) for p in patterns} == {inside}, (hex(ord(char)), category)
        assert {bool(p.search(char)) for p in others} == {not inside}, (hex(ord(char)), category)


def test_the_opposite_of_a_word_character_works_beside_others_in_a_class() -> None:
    pattern = compile_pattern(r"\A[a\W3]+\z")
    assert pattern.search("a-3 【")
    assert not pattern.search("ab")
    assert not pattern.search("葬")


def test_the_smaller_digit_class_is_the_same_for_texts_without_rare_bytes() -> None:
    full, common = re2.compile(r"\p{Nd}"), re2.compile(f"[{COMMON_DIGIT}]")
    texts = (chr(number) for number in range(sys.maxunicode + 1) if not 0xD800 <= number <= 0xDFFF)
    common_text = "".join(text for text in texts if not RARE_DIGIT_BYTES.search(text.encode()))
    assert full.findall(common_text) == common.findall(common_text)


def test_rare_digits_are_found_by_large_patterns_too() -> None:
    pattern = compile_pattern(r"(\d)-(\d)-(\d)-(\d)-(\d)")
    for digits in ("12345", "１２３４５", "١٢٣٤٥", "१२३४५", "1２٣४𝟓"):
        match = pattern.search("話 " + "-".join(digits) + " END")
        assert match
        assert "".join(match.group(n) or "" for n in range(1, 6)) == digits


def test_blanks_and_comments_of_verbose_mode_end_with_their_group() -> None:
    assert compile_pattern("(?x: a b )c d").search("abc d")
    assert compile_pattern("(?x)a[b c]\\ d # e").search("ab d")
    assert not compile_pattern("(?x)a[b c]d").search("a d")
    assert compile_pattern("(?x)a b(?-x) c").search("ab c")


def test_flags_in_mid_pattern_hold_from_there() -> None:
    pattern = compile_pattern("a(?i)b(?-i)c")
    assert pattern.search("aBc")
    assert not pattern.search("ABc")
    assert not pattern.search("aBC")


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        ("abc", ("abc",)),
        ("abc?d", ("ab", "d")),
        ("ab{0,3}cd", ("cd", "a")),
        ("ab+cde", ("cde", "ab")),
        ("abc|def", ()),
        ("(?i)abc", ()),
        ("abc(def)?gh", ("abc", "gh")),
        ("(?:abc|de)f", ("f",)),
        ("(?:a(?:bcd)e)*f", ("f",)),
        (r"\[(LoliHouse)\].*(01)", ("LoliHouse", "01")),
        ("((abc)|d)e", ("e",)),
        ("x(a(?:bcd){0}e)", ("x", "a")),
        ("(?x)a b c", ("abc",)),
        ("a\ufffdbc", ("bc", "a")),
    ],
)
def test_needles_are_texts_that_every_match_contains(pattern: str, needles: tuple[str, ...]) -> None:
    assert compile_pattern(pattern).needles == needles


PIECES = [
    "a",
    "b",
    "12",
    "第",
    r"\d",
    r"\w",
    r"\s",
    ".",
    "[ab]",
    "[^a]",
    r"[\d-]",
    "(a)",
    "(?:b|c)",
    "(?<n>a",
    ")",
]
PIECES += [
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{0,1}",
    "^",
    "$",
    r"\b",
    "(?i)",
    "(?x)",
    "(",
    "[",
    "\\",
    "(?=",
    "{",
    "-",
    "#",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30), st.text(max_size=30)
)
@settings(max_examples=600, deadline=None)
def test_any_text_is_a_pattern_or_refused_at_a_position_in_it(text: str, title: str) -> None:
    try:
        pattern = compile_pattern(text)
    except PatternError as error:
        assert error.position is None or 0 <= error.position < len(text)
        assert error.message
        return
    match = pattern.search(title)
    if match:
        start, end = match.span() or (-1, -1)
        assert 0 <= start <= end <= len(title)
        assert all(needle in title for needle in pattern.needles)


BOTH = [
    "a",
    "b",
    "-",
    "1",
    r"\d",
    "[ab]",
    "[^a]",
    "(a)",
    "(?:b|-)",
    "(b+?)",
    "a*",
    "b?",
    "(?:a1)+",
    ".",
    "|",
    "^",
]


@given(st.lists(st.sampled_from(BOTH), max_size=8).map("".join), st.text("ab1-", max_size=12))
@settings(max_examples=600, deadline=None)
def test_what_the_standard_library_understands_alike_is_found_alike(text: str, title: str) -> None:
    expected = re.search(text, title)
    found = compile_pattern(text).search(title)
    assert (found is None) == (expected is None)
    if found and expected:
        groups = range(compile_pattern(text).group_count + 1)
        assert [found.group(n) for n in groups] == [expected.group(n) for n in groups]


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$",
        r"^(a|aa)+$",
        r"^(\w+\s?)*$",
        r"(.*a){14}$",
        "(.*)" * 100 + "#",
        "(?:.{0,30}){0,30}(#)",
        r"((((.{0,9}){0,9}){0,9})#)",
        r"(\w{1,30}){1,2}#",
    ],
)
@pytest.mark.timeout(60)  # (a backtracking engine needs years)
def test_a_long_title_that_almost_matches_is_answered(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    for title in ("a" * (MAX_TITLE - 1), "".join(chr(0x4E00 + n) for n in range(MAX_TITLE - 1))):
        assert compiled.search(title + "!") is None


def test_encoded_titles_are_cut_by_characters() -> None:
    assert encode_title("葬" * (MAX_TITLE + 5)) == ("葬" * MAX_TITLE).encode()
