"""Real release titles: what the built-in pack and the structural reader make of the corpus and of feeds."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lxml import etree

from seiton.adapters.pack_file import builtin_pack
from seiton.domain.example_pattern import Mark
from seiton.domain.learning import NotLearnt, find_marks, learn
from seiton.domain.reading import Kind, ParsedTitle, parse, read_title, without_season
from seiton.domain.rules import ParserRule
from seiton.domain.shapes import Shape, shape_of
from seiton.domain.states import ParserKind
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
        ("hand", "en", "episode", 96),
        ("hand", "en", "season", 95),
        ("hand", "en", "group", 97),
        ("hand", "en", "resolution", 99),
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
    rules = Ruleset(e.rule for e in builtin_pack().rules if e.rule.kind is ParserKind.PATTERN)
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


def _number(title: str, number: float, start: int) -> Mark | None:
    """Return where ``number`` stands behind ``start``: rather where a bracket or a dash marks it."""
    whole = int(number)
    fraction = "" if number == whole else rf"\.{round((number - whole) * 10)}"
    pattern = re.compile(rf"(?<![0-9.])0*{whole}{fraction}(?![0-9])")
    places = list(pattern.finditer(title, start))
    marked = [m for m in places if re.search(r"(?:[\[【(（第#-]|[0-9][Ee]) *$", title[: m.start()])]
    return next((Mark(start=m.start(), stop=m.end()) for m in marked or places), None)


def _example(rows: list[dict[str, Any]]) -> tuple[str, ParserRule] | None:
    """Return the first title in which what is asserted can be marked, and the parser that it teaches."""
    for row in rows:
        title, expect = row["title"], row["expect"]
        if expect.get("episode") is None or not {"anime_title", "group"} <= expect.keys():
            continue
        marks = find_marks(title, {"anime_title": expect["anime_title"], "subtitle_group": expect["group"]})
        if isinstance(marks, NotLearnt):
            continue
        episode = _number(title, expect["episode"], marks["anime_title"].stop)
        if episode is None:
            continue
        marks["episode_no"] = episode
        if expect.get("episode_end") is not None:
            end = _number(title, expect["episode_end"], episode.stop)
            if end is None:
                continue
            marks["episode_end"] = end
        rule = learn(title, marks)
        assert not isinstance(rule, NotLearnt), (title, rule)
        return title, rule
    return None


def _is_read(benchmark: ModuleType, rules: Ruleset, row: dict[str, Any]) -> bool:
    outcome, expect = rules.parse(row["title"]), row["expect"]
    if not isinstance(outcome, Matched):
        return False
    parsed, read = outcome.parsed, read_title(row["title"])
    names = {*read.written, *(name.text for name in read.names), *expect.get("anime_titles", ())}
    names |= {expect["anime_title"]} if "anime_title" in expect else set()
    titles = {benchmark.normal(form) for name in names for form in (name, without_season(name))}
    return (
        parsed.episode_no + parsed.episode_tenths / 10 == expect["episode"]
        and expect.get("episode_end") in (None, parsed.episode_end)
        and benchmark.normal(parsed.anime_title) in titles
    )


def test_one_title_teaches_a_parser_for_its_group_and_shape(benchmark: ModuleType) -> None:
    shapes: dict[Shape, list[dict[str, Any]]] = defaultdict(list)
    for row in benchmark.load(_CORPUS / "titles.jsonl", None):
        shapes[shape_of(row["title"])].append(row)
    taught: set[str] = set()
    right = total = 0
    for shape, rows in sorted(shapes.items(), key=lambda entry: -len(entry[1])):
        if shape.group is None or shape.form in taught or len(rows) < 3 or len(taught) == 50:
            continue
        example = _example(rows)
        if example is None:
            continue
        taught.add(shape.form)
        rules = Ruleset((example[1],))
        others = [r for r in rows if r["title"] != example[0] and r["expect"].get("episode") is not None]
        right += sum(_is_read(benchmark, rules, row) for row in others)
        total += len(others)
    assert len(taught) == 50
    assert total > 3000
    assert right >= 0.98 * total, (right, total)


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
    for title in unread:
        read = read_title(title)
        assert read.names, title
        # What is left has no episode that a person could read: whole discs, and one daily show with a date.
        assert Kind.BATCH in read.kinds or read.source == "BDRip" or "2015.08.07" in title, title
    assert len(unread) <= 3
