"""Every sentence for people exists in every language."""

from __future__ import annotations

import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import seiton
from seiton.text import LANGUAGES, _, negotiate, use_language

SOURCE = Path(seiton.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@cache
def messages() -> dict[str, str]:
    """Return every marked sentence in the source with the place of its first use."""
    found: dict[str, str] = {}
    for file, line, message, _comments, _context in extract_from_dir(
        SOURCE,
        method_map=[("**.py", "python"), ("**.html", "jinja2")],
        keywords={"_": None, "N_": None},
    ):
        # In a template the sentence comes with a place for each of its values.
        message = message[0] if isinstance(message, tuple) else message
        assert isinstance(message, str)
        found.setdefault(message, f"{file}:{line}")
    return found


@cache
def catalogue(language: str) -> Catalog:
    with (SOURCE / "locale" / language / "LC_MESSAGES" / "seiton.po").open("rb") as stream:
        return read_po(stream, locale=language)


def translation(language: str, message: str) -> str:
    entry = catalogue(language).get(message)
    if entry is None or entry.fuzzy or not isinstance(entry.string, str):
        return ""
    return entry.string


def placeholders(text: str) -> set[str]:
    """Return the names in braces. Raises ``ValueError`` where a brace stands alone."""
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    missing = [f"{place}: {m!r}" for m, place in messages().items() if not translation(language, m)]
    assert not missing, f"run `make messages`, then translate into {language}:\n" + "\n".join(missing)


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_the_placeholders(language: str) -> None:
    wrong = [
        f"{message!r} → {translated!r}"
        for message in messages()
        if (translated := translation(language, message))
        and placeholders(message) != placeholders(translated)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_of_a_sentence_that_is_gone(language: str) -> None:
    gone = [entry.id for entry in catalogue(language) if entry.id and entry.id not in messages()]
    assert not gone, f"run `make messages`: {gone}"


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


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        ("zh_TW.UTF-8", "zh_Hant"),
        ("zh-Hant-HK,en;q=0.5", "zh_Hant"),
        ("de-DE,zh;q=0.5", "zh_Hant"),
        ("en_GB.UTF-8", "en"),
        ("C.UTF-8", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_language_is_chosen(wanted: str | None, language: str) -> None:
    assert negotiate(wanted) == language
