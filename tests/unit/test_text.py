"""Every sentence for people exists in every language."""

from __future__ import annotations

import json
import re

import pytest

from seiton.text import LANGUAGES, NAMES, _, nearest, negotiate, plural, use_language
from tests.catalogues import (
    TRANSLATED,
    catalogue,
    english,
    faults,
    messages,
    missing,
    path,
    simplified,
    singular,
    translations,
)

SAME_IN_EVERY_LANGUAGE = {"NAMESPACE/VALUE", "[env var: {}]"}
"""Sentences with words that a language may leave as they are."""

FILLING = """Run `make messages`, put this into a file, write the translations behind the colons, and run
`python -m tests.catalogues fill {language} FILE` (not for zh_Hans, which is made from zh_Hant)."""


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    lacking = missing(language)
    as_json = json.dumps(dict.fromkeys(lacking, ""), ensure_ascii=False, indent=1)
    assert not lacking, f"{FILLING.format(language=language)}\n{as_json}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_placeholders_and_lines(language: str) -> None:
    wrong = [fault for m, text in translations(language).items() if text for fault in faults(m, text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_sentence_is_left_in_english(language: str) -> None:
    left = {
        singular(sentence) for sentence, text in translations(language).items() if has_words(text, sentence)
    }
    assert left <= SAME_IN_EVERY_LANGUAGE


def has_words(translated: str, sentence: str | tuple[str, str]) -> bool:
    """Whether a translation is just what the English says, in words and not only in names and signs."""
    words = re.search(r"[a-z]{2}", re.sub(r"\{\w*\}", "", translated))
    return translated == singular(sentence) and words is not None


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_of_a_sentence_that_is_gone(language: str) -> None:
    gone = [entry.id for entry in catalogue(language) if entry.id and english(entry) not in messages()]
    assert not gone, f"run `make messages`: {gone}"


def test_simplified_chinese_is_what_is_made_of_traditional() -> None:
    assert translations("zh_Hans") == simplified(), "run `make messages`"


def test_each_language_has_a_catalogue_and_says_its_name() -> None:
    assert {folder.name for folder in path("ja").parents[2].iterdir()} == set(TRANSLATED)
    assert list(NAMES) == list(LANGUAGES)


def test_the_source_really_was_searched() -> None:
    assert "must be a whole number" in messages()


def test_a_sentence_is_said_in_the_language_in_use_and_filled() -> None:
    try:
        use_language("zh_Hant")
        assert _("must be one of {choices}", choices="a, b") == "必須是下列其中之一：a, b"
        use_language("en")
        assert _("must be one of {choices}", choices="a, b") == "must be one of a, b"
    finally:
        use_language("en")


def test_a_sentence_with_a_count_has_a_form_for_one_in_english_and_one_form_in_chinese() -> None:
    def say(number: int) -> str:
        return plural("{number} feed is followed.", "{number} feeds are followed.", number)

    try:
        assert [say(number) for number in (0, 1, 2)] == [
            "0 feeds are followed.",
            "1 feed is followed.",
            "2 feeds are followed.",
        ]
        use_language("zh_Hant")
        assert [say(number) for number in (1, 2)] == ["已訂閱 1 個來源。", "已訂閱 2 個來源。"]
    finally:
        use_language("en")


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("zh_TW.UTF-8", "zh_Hant"),
        ("zh-Hant-HK,en;q=0.5", "zh_Hant"),
        ("zh-HK", "zh_Hant"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_Hans"),
        ("zh_SG", "zh_Hans"),
        ("zh_CN.GB18030", "zh_Hans"),
        ("zh-Hans-TW", "zh_Hans"),
        ("de-DE,zh;q=0.5", "zh_Hans"),
        ("ja,en-US;q=0.7,en;q=0.3", "ja"),
        ("ja_JP.eucJP", "ja"),
        ("en;q=0.5,zh-TW;q=0.9", "zh_Hant"),
        ("zh-TW;q=0,en;q=0.1", "en"),
        ("zh-CN; q=0.8, zh-TW", "zh_Hant"),
        ("en_GB.UTF-8", "en"),
        ("C.UTF-8", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_language_is_chosen(wanted: str | None, language: str) -> None:
    assert negotiate(wanted) == language


def test_a_tag_of_a_language_that_is_not_spoken_has_none_near() -> None:
    assert nearest("tlh-KX") is None
