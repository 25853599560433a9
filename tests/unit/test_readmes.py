"""The README says the same in every language."""

from __future__ import annotations

import re

import pytest

from tests.catalogues import ROOT, simplified_readme

LANGUAGES = ("zh-Hant", "zh-Hans", "ja")


def readme(language: str = "") -> str:
    return (ROOT / (f"README.{language}.md" if language else "README.md")).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Return the lines of all blocks of commands, without what is said about them."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]


def outline(text: str) -> list[int]:
    """Return how many points each section lists."""
    return [len(re.findall(r"^- ", section, re.MULTILINE)) for section in re.split(r"^## ", text, flags=re.M)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_readme_has_the_commands_and_points_of_the_english_one(language: str) -> None:
    assert commands(readme(language)) == commands(readme())
    theirs, ours = outline(readme(language)), outline(readme())
    assert theirs == ours[: len(theirs)]


@pytest.mark.parametrize("language", ["", *LANGUAGES])
def test_each_readme_links_to_those_in_other_languages(language: str) -> None:
    own = f"README.{language}.md" if language else "README.md"
    others = {"README.md", *(f"README.{other}.md" for other in LANGUAGES)} - {own}
    assert others == set(re.findall(r"\]\((README[\w.-]*)\)", readme(language)))


@pytest.mark.parametrize("language", ["", *LANGUAGES])
def test_links_of_a_readme_lead_to_files(language: str) -> None:
    broken = [link for link in re.findall(r"\]\(([^):]+)\)", readme(language)) if not (ROOT / link).exists()]
    assert not broken


def test_the_simplified_readme_is_what_is_made_of_the_traditional() -> None:
    assert readme("zh-Hans") == simplified_readme(), "run `make messages`"
