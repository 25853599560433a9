"""Every defect of the reference has tests that prove it away, or a line why it does not apply."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.documents import load

TESTS = Path(__file__).parents[1]
DEFECTS = load("defects.toml")["defect"]


@cache
def names_of(file: str) -> frozenset[str]:
    """Return the tests that a file defines, those of classes too."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_defect_is_listed_once() -> None:
    assert [entry["number"] for entry in DEFECTS] == list(range(1, 87))


@pytest.mark.parametrize("entry", DEFECTS, ids=lambda entry: str(entry["number"]))
def test_a_defect_is_proved_away_or_does_not_apply(entry: dict[str, object]) -> None:
    proofs = entry.get("tests", [])
    assert isinstance(proofs, list)
    assert proofs or str(entry["here"]).startswith("Does not apply: "), entry["number"]
    for proof in proofs:
        file, _colons, name = proof.partition("::")
        assert name in names_of(file), f"there is no {proof}"
