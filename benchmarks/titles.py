"""How much of what release titles say is read, by Seiton and by other parsers, in one run.

``python benchmarks/titles.py [--corpus FILE] [--json] [--seiton-only] [--half dev|held] [--show zh.episode]``

Each line of the corpus is a JSON object with ``title``, ``expect`` (the fields that its source asserts),
``lang`` and ``tier``: ``hand`` was asserted by people, ``snapshot`` is what another parser returned. A field
counts only where it is asserted, and only exactly. Titles and groups are compared without width, case,
punctuation and blanks; a title counts if any asserted title equals any returned one; resolutions are compared
in their usual form (1920x1080 is 1080p).

Sources differ in whether a title keeps its season (``Spy x Family S2``). Seiton takes it out and returns the
title as written as well. ``filed`` is the one title under which Seiton (and each other parser) files the
release, compared without the season on both sides.

What was judged to be wrong in the corpus (``titles_judged.toml``: hash of the title, field, reason) stays in
the table; the number behind the semicolon is the share without those. ``--half`` takes the half of the
corpus, by hash of the title, that was looked at during development or the one that was not. Times are CPU
seconds: of one half of the titles, by another hash, in a process that has read nothing but the examples of
the pack; of the other half after that, new titles, many of the same works; and of all of them again.

The growth of the reader is the time of a title of 2000 characters over that of one of 500, for titles made of
one hostile piece: 4 where it grows in line with the length, 16 where with its square.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seiton.adapters.pack_file import builtin_pack
from seiton.domain.reading import (
    MAX_TITLE,
    Kind,
    ParsedTitle,
    parse,
    read_title,
    resolution_of,
    without_season,
)
from seiton.domain.rules import ParserRule
from seiton.domain.states import ParserKind
from seiton.domain.titles import Matched, Ruleset

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "titles.jsonl"
JUDGED = Path(__file__).with_name("titles_judged.toml")
HOSTILE = Path(__file__).resolve().parents[1] / "tests" / "unit" / "hostile_pieces.json"
SLOW = 1000
"""Titles that a parser of some dozen titles a second is given, beside those asserted by hand."""
FIELDS = ("title", "filed", "season", "episode", "episode_end", "group", "resolution", "version", "kind")
PASSES = ("first half, all cold", "other half, new titles", "all again")
LANGUAGES = ("all", "zh", "en", "ja", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a parser says of a title; None for a field that it does not know of at all."""

    titles: tuple[str, ...] | None = None
    filed: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


Parser = Callable[[str], Answer]


def normal(text: str) -> str:
    """Return ``text`` without width, case, punctuation, symbols and blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LMN")


def seiton() -> tuple[Parser, Callable[[str], object]]:
    """Return the pack with the structural reader behind it: what it says, and the part that is timed."""
    rules = Ruleset(entry.rule for entry in builtin_pack().rules)

    def filing(title: str) -> object:
        outcome = rules.parse(title)
        return outcome.parsed if isinstance(outcome, Matched) else None

    for entry in builtin_pack().rules:
        for example in entry.examples:
            filing(example.release)  # patterns are compiled when the first title needs them

    def answer(title: str) -> Answer:
        read, filed = read_title(title), filing(title)
        episode = None if read.episode is None else read.episode + read.tenths / 10
        values: dict[str, Any] = {
            "season": read.season,
            "episode": episode,
            "episode_end": read.episode_end,
            "group": read.group,
            "resolution": read.resolution,
            "version": read.version,
            "kind": {kind.value for kind in read.kinds} | ({"episode"} if episode is not None else set()),
        }
        name = read.preferred
        if isinstance(filed, ParsedTitle):
            name = filed.anime_title
            values["episode"] = filed.episode_no + filed.episode_tenths / 10
            values["episode_end"] = filed.episode_end
            values["group"] = filed.subtitle_group
            values["resolution"] = filed.resolution
            if not read.kinds & {Kind.SPECIAL, Kind.OVA} and (filed.series_no != 1 or read.season is None):
                values["season"] = None if filed.series_no == 1 else filed.series_no
            if filed.version != 1 or read.version is None:
                values["version"] = None if filed.version == 1 else filed.version
        titles = (*(entry.text for entry in read.names), *read.written, *([name] if name else []))
        return Answer(titles=titles, filed=name, values=values)

    return answer, filing


def reader_only() -> tuple[Parser, Callable[[str], object]]:
    """Return the structural reader without the pack."""

    def answer(title: str) -> Answer:
        read = read_title(title)
        episode = None if read.episode is None else read.episode + read.tenths / 10
        return Answer(
            titles=(*(entry.text for entry in read.names), *read.written),
            filed=read.preferred,
            values={
                "season": read.season,
                "episode": episode,
                "episode_end": read.episode_end,
                "group": read.group,
                "resolution": read.resolution,
                "version": read.version,
                "kind": {kind.value for kind in read.kinds} | ({"episode"} if episode is not None else set()),
            },
        )

    return answer, parse


def rules_only() -> tuple[Parser, Callable[[str], object]]:
    """Return the pack without the reader; for its speed and its share, which is printed as matched."""
    rules = Ruleset(_patterns())
    for entry in builtin_pack().rules:
        for example in entry.examples:
            rules.parse(example.release)
    return (lambda _: Answer()), rules.parse


def anitopy_parser() -> tuple[Parser, Callable[[str], object]]:
    import anitopy

    def answer(title: str) -> Answer:
        found = anitopy.parse(title) or {}
        episodes = _listed(found.get("episode_number"))
        seasons = _listed(found.get("anime_season"))
        name = found.get("anime_title")
        return Answer(
            titles=(name,) if name else (),
            filed=name,
            values={
                "season": _number(seasons[0]) if seasons else None,
                "episode": _number(episodes[0]) if episodes else None,
                "episode_end": _number(episodes[-1]) if len(episodes) > 1 else None,
                "group": found.get("release_group"),
                "resolution": _first(found.get("video_resolution")),
                "version": _number(_first(found.get("release_version"))),
            },
        )

    return answer, anitopy.parse


def guessit_parser() -> tuple[Parser, Callable[[str], object]]:
    from guessit import guessit

    def answer(title: str) -> Answer:
        found = guessit(title)
        episodes = _listed(found.get("episode"))
        return Answer(
            titles=tuple(_listed(found.get("title"))),
            filed=_first(found.get("title")),
            values={
                "season": _first(found.get("season")),
                "episode": episodes[0] if episodes else None,
                "episode_end": episodes[-1] if len(episodes) > 1 else None,
                "group": _first(found.get("release_group")),
                "resolution": _first(found.get("screen_size")),
                "version": _first(found.get("version")),
            },
        )

    return answer, guessit


def episode_parser() -> tuple[Parser, Callable[[str], object]]:
    from anime_episode_parser import parse_episode

    def answer(title: str) -> Answer:
        first, count = parse_episode(title)
        last = first + count - 1 if first is not None and count is not None and count > 1 else None
        return Answer(values={"episode": first, "episode_end": last})

    return answer, parse_episode


PARSERS: dict[str, Callable[[], tuple[Parser, Callable[[str], object]]]] = {
    "Seiton": seiton,
    "Seiton, reader alone": reader_only,
    "Seiton, rules alone": rules_only,
    "anitopy": anitopy_parser,
    "guessit": guessit_parser,
    "anime-episode-parser": episode_parser,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def agrees(name: str, expect: dict[str, Any], answer: Answer) -> bool | None:
    """Say whether ``answer`` has what is asserted for a field; None if it is not asserted or not offered."""
    key = "anime_title" if name in ("title", "filed") else name
    if key not in expect:
        return None
    if name in ("title", "filed"):
        if answer.titles is None:
            return None
        wanted = {normal(text) for text in (expect[key], *expect.get("anime_titles", ()))}
        if name == "title":
            return not wanted.isdisjoint(normal(text) for text in answer.titles)
        wanted |= {normal(without_season(text)) for text in (expect[key], *expect.get("anime_titles", ()))}
        filed = answer.filed or ""
        return not wanted.isdisjoint((normal(filed), normal(without_season(filed))))
    if name not in answer.values:
        return None
    given, wanted_value = answer.values[name], expect[key]
    if name == "group":
        return normal(given or "") == normal(wanted_value)
    if name == "resolution":
        return (resolution_of(str(given)) or given) == (resolution_of(wanted_value) or wanted_value)
    if name == "kind":
        return wanted_value in given
    return bool(given is not None and float(given) == float(wanted_value))


def short_hash(title: str) -> str:
    """Return the name of a title in ``titles_judged.toml``."""
    return hashlib.sha256(title.encode()).hexdigest()[:12]


def half_of(title: str) -> str:
    """Say to which half of the corpus a title belongs."""
    return "held" if hashlib.sha256(title.encode()).digest()[0] % 2 else "dev"


def language_of(row: dict[str, Any]) -> str:
    return row["lang"] if row["lang"] in LANGUAGES else "other"


def load(path: Path, half: str | None) -> list[dict[str, Any]]:
    """Return the rows of the corpus."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [row for row in rows if half is None or half_of(row["title"]) == half]


def judged() -> set[tuple[str, str]]:
    """Return (hash of a title, field) of what was judged to be wrong in the corpus."""
    if not JUDGED.exists():
        return set()
    entries = tomllib.loads(JUDGED.read_text(encoding="utf-8")).get("wrong", [])
    return {(short, name) for entry in entries for short in entry["titles"] for name in entry["fields"]}


def speed(function: Callable[[str], object], titles: list[str]) -> float:
    """Return titles per CPU second in one pass."""
    start = time.process_time()
    for title in titles:
        try:
            function(title)
        except Exception:  # (another parser's failure is a wrong answer, not ours)
            continue
    return len(titles) / max(time.process_time() - start, 1e-9)


def speeds(function: Callable[[str], object], titles: list[str]) -> tuple[float, ...]:
    """Return the speed of each of ``PASSES``."""
    first = [title for title in titles if hashlib.sha256(title.encode()).digest()[1] % 2]
    rest = [title for title in titles if not hashlib.sha256(title.encode()).digest()[1] % 2]
    return speed(function, first), speed(function, rest), speed(function, titles)


def growth(piece: str) -> float:
    """Return the reader's time for a whole title of ``piece`` over that for a quarter of it."""

    def seconds(length: int) -> float:
        times = []
        for number in range(7):
            title = f"[G{number}] " + (piece * length)[: length - 7] + f" {number}"
            start = time.process_time()
            read_title(title)
            times.append(time.process_time() - start)
        return min(times)

    seconds(100)
    return seconds(MAX_TITLE) / max(seconds(MAX_TITLE // 4), 1e-9)


Score = dict[str, list[int]]


def measure(
    rows: Iterable[dict[str, Any]], parser: Parser, wrong: set[tuple[str, str]]
) -> tuple[dict[tuple[str, str], Score], dict[str, list[tuple[str, Any, Any]]]]:
    """Return by (tier, language) and field: right, asserted, both without the judged; and what differs."""
    scores: dict[tuple[str, str], Score] = defaultdict(lambda: defaultdict(lambda: [0, 0, 0, 0]))
    differing: dict[str, list[tuple[str, Any, Any]]] = defaultdict(list)
    for row in rows:
        try:
            answer = parser(row["title"])
        except Exception:
            answer = Answer(titles=(), values=dict.fromkeys(FIELDS[2:-1]))
        short, language = short_hash(row["title"]), language_of(row)
        for name in FIELDS:
            right = agrees(name, row["expect"], answer)
            if right is None:
                continue
            is_judged = (short, "title" if name == "filed" else name) in wrong
            for group in ("all", language):
                score = scores[row["tier"], group][name]
                score[0] += right
                score[1] += 1
                score[2] += right and not is_judged
                score[3] += not is_judged
            if not right:
                wanted = row["expect"]["anime_title" if name in ("title", "filed") else name]
                given = {"title": answer.titles, "filed": answer.filed}.get(name, answer.values.get(name))
                flag = " (judged)" if is_judged else ""
                differing[f"{row['tier']}.{language}.{name}"].append((row["title"] + flag, wanted, given))
    return scores, differing


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--corpus", type=Path, default=CORPUS)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--seiton-only", action="store_true")
    arguments.add_argument("--half", choices=("dev", "held"))
    arguments.add_argument("--show", action="append", default=[], metavar="[TIER.]LANG.FIELD")
    chosen = arguments.parse_args()
    rows, wrong = load(chosen.corpus, chosen.half), judged()
    titles = [row["title"] for row in rows]
    results: dict[str, Any] = {}
    for name, make in PARSERS.items():
        if chosen.seiton_only and not name.startswith("Seiton"):
            continue
        try:
            parser, timed = make()
        except ImportError as error:
            print(f"{name}: not installed ({error})")
            continue
        most = SLOW if name == "guessit" else len(rows)
        rates = speeds(timed, titles[:most])
        sample = rows if name != "guessit" else _for_slow(rows, most)
        scores, differing = measure(sample, parser, wrong)
        results[name] = {
            "matched": _matched(titles) if name == "Seiton" else None,
            "per_second": rates,
            "titles": len(sample),
            "scores": scores,
            "differing": differing,
        }
    grows = {piece: growth(piece) for piece in json.loads(HOSTILE.read_text(encoding="utf-8"))}
    if chosen.json:
        print(json.dumps(_plain(results) | {"growth": grows}, ensure_ascii=False, indent=1))
    else:
        _print(results, grows)
    for pattern in chosen.show:
        for key, entries in results["Seiton"]["differing"].items():
            if key == pattern or key.partition(".")[2] == pattern:
                print(f"\n{key}: {len(entries)}")
                for title, wanted, given in entries:
                    print(f"  {title}\n      asserted {wanted!r}, read {given!r}")


def _patterns() -> Iterable[ParserRule]:
    return (entry.rule for entry in builtin_pack().rules if entry.rule.kind is ParserKind.PATTERN)


def _matched(titles: list[str]) -> float:
    rules = Ruleset(_patterns())
    return sum(isinstance(outcome, Matched) for outcome in rules.parse_many(titles)) / max(len(titles), 1)


def _for_slow(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return all rows asserted by hand and the first others, for a parser of some dozen titles a second."""
    hand = [row for row in rows if row["tier"] == "hand"]
    return hand + [row for row in rows if row["tier"] != "hand"][:most]


def _plain(results: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "per_second": dict(zip(PASSES, map(round, result["per_second"]), strict=True)),
            "titles": result["titles"],
            "matched": result["matched"],
            "scores": {f"{tier}.{lang}": dict(score) for (tier, lang), score in result["scores"].items()},
        }
        for name, result in results.items()
    }


def _print(results: dict[str, Any], grows: dict[str, float]) -> None:
    for tier in ("hand", "snapshot"):
        for language in LANGUAGES:
            table = {name: result["scores"].get((tier, language)) for name, result in results.items()}
            if not any(table.values()):
                continue
            print(f"\n{tier}, {language}: per cent right (asserted); but judged")
            print("| parser | " + " | ".join(FIELDS) + " |")
            print("|---|" + "---|" * len(FIELDS))
            for name, score in table.items():
                if score:
                    print(f"| {name} | " + " | ".join(_cell(score.get(entry)) for entry in FIELDS) + " |")
    print("\n| titles per CPU second | " + " | ".join(PASSES) + " |\n|---|---|---|---|")
    for name, result in results.items():
        print(f"| {name} | " + " | ".join(f"{rate:,.0f}" for rate in result["per_second"]) + " |")
    print(f"\nTitles that a rule of the pack reads: {100 * results['Seiton']['matched']:.1f} %")
    worst = max(grows, key=grows.__getitem__)
    print(f"\nReader, 2000 characters over 500: {grows[worst]:.1f} times the time at worst (of {worst!r})")


def _cell(score: list[int] | None) -> str:
    if not score:
        return "–"
    right, asserted, unjudged_right, unjudged = score
    text = f"{100 * right / asserted:.1f} ({asserted})"
    return text if unjudged == asserted or not unjudged else f"{text}; {100 * unjudged_right / unjudged:.1f}"


if __name__ == "__main__":
    main()
