"""Parsing compared with a loop over compiled ``re`` patterns, in one process and one run.

``python benchmarks/parsing.py [--titles N] [--rounds N] [--json]``. Titles and rules are made here, from a
fixed seed: eight shapes, Chinese, Japanese and English; most rules are for one show and match few titles or
none, the last five are general. The loop is the best that the standard library offers: patterns compiled
once, the first match wins, and only the fields that a title needs are taken. Times are CPU seconds, the
median of interleaved rounds; ratios are what counts, a machine's speed is not.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from seiton.domain.edits import Edit, Unchanged
from seiton.domain.states import SourceType
from seiton.domain.titles import FieldSource, Matched, NoMatch, ParserRule, Ruleset

TEAM_TABLE = """
LoliHouse|喵萌奶茶屋|ANi|SubsPlease|桜都字幕组|北宇治字幕组|Erai-raws|悠哈璃羽字幕社|豌豆字幕组|千夏字幕组
极影字幕社|动漫国字幕组|雪飄工作室|幻樱字幕组|爱恋字幕社|霜庭云花Sub|猎户不鸽压制|VCB-Studio|Moozzi2|天月動漫
"""
TEAMS = TEAM_TABLE.strip().replace("\n", "|").split("|")
GROUPS = TEAMS + [f"{a}&{b}" for a, b in zip(TEAMS, TEAMS[1:] + TEAMS[:1], strict=True)]
SHOW_TABLE = """
败犬女主角也太多了！ / Make Heroine ga Oosugiru!|葬送的芙莉蓮 / Sousou no Frieren|Girls Band Cry
结缘甘神神社|负けヒロインが多すぎる！|Shuumatsu no Harem|薬屋のひとりごと|Spy x Family|進擊的巨人 最終季
Bocchi the Rock!|迷宮飯|怪獸8號 / Kaiju No. 8|Oshi no Ko|我推的孩子|關於我轉生變成史萊姆這檔事
Mushoku Tensei|無職轉生|咒術迴戰|Jujutsu Kaisen|鬼滅之刃 柱訓練篇|Kimetsu no Yaiba|BLEACH 千年血戰篇
Blue Lock|蓝色监狱|Chainsaw Man|電鋸人|Vinland Saga|Dungeon Meshi|Hanyou no Yashahime|Dandadan
"""
SHOWS = SHOW_TABLE.strip().replace("\n", "|").split("|")
SHAPES = [
    "[{g}] {s} - {e:02d} [WebRip 1080p HEVC-10bit AAC][简繁日内封字幕]",
    "[{g}] {s} - {e:02d} [1080P][Baha][WEB-DL][AAC AVC][CHT][MP4]",
    "[{g}] {s} - {e:02d} (1080p) [4B2C1D0E].mkv",
    "【{g}】★10月新番★{s}★{e:02d}★1920x1080★MP4",
    "[{g}][{s}][{e:02d}][1080P][简日双语]",
    "【{g}】【{s}】【{e:02d}】【720P】",
    "{s} S01E{e:02d} 1080p WEB-DL x264-{g}",
    "[{g}] {s} [{e:02d}][BDRip 1920x1080 HEVC FLAC]",
]
GENERAL = [
    (r"^\[.+\].+\s-\s\d+", r"^\[([^\]]+)\]\s*(.+?)\s+-\s*(\d+)\s*[\[(].*?(\d{3,4}[pP])", 1, 2, 3, 4),
    (r"★.+★\d+★", r"^【([^】]+)】★[^★]*★(.+?)★(\d+)★(\d+x\d+)", 1, 2, 3, 4),
    (r"^\[.+\]\[.+\]\[\d+\]", r"^\[([^\]]+)\]\[([^\]]+)\]\[(\d+)\]\[(\d{3,4}[pP])", 1, 2, 3, 4),
    (r"^【.+】【.+】【\d+】", r"^【([^】]+)】【([^】]+)】【(\d+)】【(\d{3,4}P)", 1, 2, 3, 4),
    (r"S\d+E\d+", r"^()(.+?) S\d+E(\d+) (\d{3,4}p)", 1, 2, 3, 4),
]


def titles(count: int, seed: int = 1) -> list[str]:
    """Return ``count`` release titles."""
    dice = random.Random(seed)
    return [
        dice.choice(SHAPES).format(g=dice.choice(GROUPS), s=dice.choice(SHOWS), e=dice.randint(1, 24))
        for _ in range(count)
    ]


def taken(group: int) -> FieldSource:
    """Return a source that takes a group."""
    return FieldSource(source=SourceType.REGEX, value=str(group))


def rules(count: int) -> list[ParserRule]:
    """Return ``count`` rules: for one show each, every fifth of a show that is there, then five general."""
    made = []
    for number in range(count - len(GENERAL)):
        known = number // 5
        show, group = f"作品{number:03d} Show{number:03d}", GROUPS[known % len(GROUPS)]
        if number % 5 == 0:
            show = SHOWS[known % len(SHOWS)].split(" / ")[0].replace("!", r"\!")
        condition = (show, rf"^\[{group}\].*{show}", rf"{show}.+\d{{3,4}}[pP]")[number % 3]
        parse = rf"^\[({group})\]\s*({show}).*?\s-\s*(\d+)\s*\[.*?(\d{{3,4}}[pP])"
        made.append((condition, parse, 1, 2, 3, 4))
    made += GENERAL
    return [
        ParserRule(
            parser_id=number + 1,
            name=f"rule {number}",
            priority=count - number,
            condition_regex=condition,
            parse_regex=parse,
            subtitle_group=taken(group),
            anime_title=taken(title),
            episode_no=taken(episode),
            resolution=taken(resolution),
        )
        for number, (condition, parse, group, title, episode, resolution) in enumerate(made)
    ]


Found = tuple[int, str, int, str | None, str | None] | None


def stdlib_loop(given: list[ParserRule]) -> Callable[[str], Found]:
    """Return the comparison: a loop over compiled patterns of the standard library."""
    compiled = [
        (rule.parser_id, re.compile(rule.condition_regex), re.compile(rule.parse_regex)) for rule in given
    ]

    def parse(title: str) -> Found:
        for parser_id, condition, pattern in compiled:
            if condition.search(title) and (found := pattern.search(title)):
                group, name, episode, resolution = found.groups()
                return (
                    parser_id,
                    name.strip(),
                    int(episode),
                    group.strip() or None,
                    resolution.strip() or None,
                )
        return None

    return parse


def clock(work: Callable[[], object]) -> float:
    """Return the CPU seconds that ``work`` takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def drain(results: Iterable[object]) -> None:
    """Take every result and keep none."""
    for _ in results:
        pass


def compare(count: int, sample: list[str], rounds: int) -> dict[str, float]:
    """Parse ``sample`` with ``count`` rules both ways; check that both say the same; return the figures."""
    given = rules(count)
    loop, ruleset = stdlib_loop(given), Ruleset(given)
    for title in sample[:2000]:
        ours = ruleset.parse(title)
        expected = loop(title)
        if isinstance(ours, Matched):
            p = ours.parsed
            got = (ours.parser_id, p.anime_title, p.episode_no, p.subtitle_group, p.resolution)
            assert got == expected, (got, expected)
        else:
            assert isinstance(ours, NoMatch), ours
            assert expected is None, title
    changed = count // 2
    edited = [
        replace(r, parse_regex=r.parse_regex + ".*") if i == changed else r for i, r in enumerate(given)
    ]
    edit = Edit(ruleset, after := Ruleset(edited))
    stored = [getattr(outcome, "parser_id", None) for outcome in ruleset.parse_many(sample)]
    visits = edit.visits()

    # The database selects the visited rows, so the choice of rows is not part of the time.
    rows = [
        (title, winner, False)
        for title, winner in zip(sample, stored, strict=True)
        if (winner in visits.winners if winner else visits.unmatched)
    ]

    def reparse() -> list[object]:
        return [outcome for outcome in edit.outcomes(rows) if not isinstance(outcome, Unchanged)]

    reparse()
    list(after.parse_many(sample[:100]))
    times: dict[str, list[float]] = {"re": [], "seiton": [], "edit": []}
    for _ in range(rounds):
        times["re"].append(clock(lambda: drain(map(loop, sample))))
        times["seiton"].append(clock(lambda: drain(ruleset.parse_many(sample))))
        times["edit"].append(clock(reparse))
    median = {name: statistics.median(values) for name, values in times.items()}
    return {
        "rules": count,
        "titles": len(sample),
        "re_titles_per_second": round(len(sample) / median["re"]),
        "seiton_titles_per_second": round(len(sample) / median["seiton"]),
        "speed_of_re": round(median["re"] / median["seiton"], 2),
        "edit_of_full": round(median["edit"] / median["seiton"], 4),
    }


def main() -> None:
    """Print the comparison for 10, 50 and 500 rules."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--titles", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    sample = titles(given.titles)
    results = [compare(count, sample, given.rounds) for count in (10, 50, 500)]
    if given.json:
        print(json.dumps(results))
        return
    print("rules   re loop/s    seiton/s   times as fast   one edit, of a full parse")
    for r in results:
        print(
            f"{r['rules']:5}  {r['re_titles_per_second']:10,}  {r['seiton_titles_per_second']:10,}"
            f"  {r['speed_of_re']:13.2f}   {r['edit_of_full']:.4f}"
        )


if __name__ == "__main__":
    main()
