"""Real release titles: what the built-in pack and the structural reader make of the corpus and of feeds."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import etree

from seiton.adapters.pack_file import builtin_pack
from seiton.domain.reading import Kind, ParsedTitle, parse, read_title
from seiton.domain.titles import Matched, Ruleset

_ROOT = Path(__file__).parents[2]
_CORPUS = _ROOT.parent / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not _CORPUS.is_dir(), reason="the corpus of real titles is not here")


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    specification = importlib.util.spec_from_file_location(
        "titles_benchmark", _ROOT / "benchmarks" / "titles.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["titles_benchmark"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["titles_benchmark"]


@pytest.fixture(scope="module")
def scores(benchmark: ModuleType) -> Any:
    rows = benchmark.load(_CORPUS / "titles.jsonl", None)
    answer, _ = benchmark.seiton()
    return benchmark.measure(rows, answer, benchmark.judged())[0]


@pytest.mark.parametrize(
    ("tier", "language", "field", "least"),
    [
        ("hand", "zh", "title", 95),
        ("hand", "zh", "season", 99),
        ("hand", "zh", "episode", 99),
        ("hand", "zh", "group", 99),
        ("hand", "zh", "resolution", 99),
        ("hand", "en", "title", 92),
        ("hand", "en", "episode", 95),
        ("hand", "ja", "episode", 97),
        ("hand", "other", "episode", 97),
        ("snapshot", "zh", "title", 98),
        ("snapshot", "zh", "episode", 99.3),
        ("snapshot", "zh", "group", 99),
        ("snapshot", "zh", "resolution", 99),
    ],
)
def test_the_corpus_is_read_as_well_as_documented(
    scores: Any, tier: str, language: str, field: str, least: float
) -> None:
    right, asserted, _, _ = scores[tier, language][field]
    assert asserted > 0
    assert 100 * right / asserted >= least


def test_rules_and_reader_say_the_same(benchmark: ModuleType) -> None:
    rules = Ruleset(entry.rule for entry in builtin_pack().rules)
    titles = [row["title"] for row in benchmark.load(_CORPUS / "titles.jsonl", None)]
    matched = [
        (title, outcome.parsed) for title in titles if isinstance(outcome := rules.parse(title), Matched)
    ]
    assert len(matched) > 0.7 * len(titles)

    def key(parsed: object) -> object:
        if not isinstance(parsed, ParsedTitle):
            return parsed
        title = benchmark.normal(parsed.anime_title)
        return (
            title,
            parsed.series_no,
            parsed.episode_no,
            parsed.episode_tenths,
            parsed.episode_end,
            parsed.version,
        )

    differing = [title for title, parsed in matched if key(parse(title)) != key(parsed)]
    assert len(differing) < 0.01 * len(matched), differing[:20]


def _feed_titles() -> list[str]:
    titles = []
    for path in sorted((_CORPUS / "feeds").glob("*.xml")):
        tree = etree.fromstring(path.read_bytes(), etree.XMLParser(recover=True, resolve_entities=False))
        titles += [] if tree is None else [item.findtext("title") or "" for item in tree.iter("item")]
    return titles


def test_every_item_of_the_real_feeds_is_read() -> None:
    rules = Ruleset(entry.rule for entry in builtin_pack().rules)
    titles = _feed_titles()
    assert len(titles) > 50
    unread = [title for title in titles if not isinstance(rules.parse(title), Matched)]
    unread = [title for title in unread if not isinstance(parse(title), ParsedTitle)]
    for title in unread:
        read = read_title(title)
        assert read.names, title
        # What is left has no episode that a person could read: whole discs, and one daily show with a date.
        assert Kind.BATCH in read.kinds or read.source == "BDRip" or "2015.08.07" in title, title
    assert len(unread) <= 3
