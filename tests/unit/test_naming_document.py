"""What ``docs/naming.md`` says about templates is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.domain.template_check import check_template
from seiton.domain.templates import PLACEHOLDERS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "naming.md").read_text(encoding="utf-8")
ARROW = "→ "


def examples(kind: str) -> list[tuple[str, list[str]]]:
    """Return the templates in blocks of ``kind``, each with the lines that follow from it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(rf"^```{kind}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith(ARROW):
                found[-1][1].append(line.removeprefix(ARROW))
            else:
                found.append((line, []))
    return found


@pytest.mark.parametrize(("template", "paths"), examples("naming"))
def test_a_template_of_the_document_gives_the_names_there(template: str, paths: list[str]) -> None:
    checked = check_template(template)
    assert checked.faults == ()
    assert set(paths) <= {sample.path for sample in checked.samples}


@pytest.mark.parametrize(("template", "sentences"), examples("refused"))
def test_a_template_that_the_document_calls_refused_is(template: str, sentences: list[str]) -> None:
    (fault,) = check_template(template).faults
    for sentence in sentences:
        assert sentence in fault.template.format(**fault.values)


def test_the_document_begins_with_the_default_and_has_every_placeholder() -> None:
    assert examples("naming")[0][0] == DEFAULT_TEMPLATE
    assert len(examples("naming")) == 3
    assert len(examples("refused")) == 5
    rows = re.findall(r"^\| `\{(\w+)\}` \|", DOCUMENT, re.MULTILINE)
    assert sorted(rows) == sorted(PLACEHOLDERS)


@pytest.mark.parametrize(
    "template", re.findall(r"^seiton library naming \w+ +'(.+)'$", DOCUMENT, re.MULTILINE)
)
def test_a_command_of_the_document_can_be_given(template: str) -> None:
    assert check_template(template).faults == ()
