"""The demo's world: what it serves can be read by ordinary means and downloaded by the embedded client."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from lxml import etree

from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import TorrentSource, TransferState
from seiton.adapters.torrents.torrent_file import read_torrent
from seiton.demo.sample import CORRECTED, EDITED, PARSERS, Parser, releases
from seiton.demo.world import DemoWorld
from seiton.domain.contents import Wanted, assign
from seiton.domain.rules import FieldSource, Matched, ParsedTitle, ParserRule, check_rule
from seiton.domain.states import SourceType
from seiton.domain.titles import Ruleset

MIKAN = "{https://mikanani.me/0.1/}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    with DemoWorld(str(tmp_path / "world")) as world:
        yield world


def _rule(parser: Parser, number: int = 1) -> ParserRule:
    def source(name: str) -> FieldSource | None:
        if f"{name}_source" not in parser:
            return None
        kind = SourceType(str(parser[f"{name}_source"]))
        return FieldSource(source=kind, value=str(parser[f"{name}_value"]))

    title, episode = source("anime_title"), source("episode_no")
    assert title and episode
    return ParserRule(
        parser_id=number,
        name=str(parser["name"]),
        priority=int(parser["priority"]),
        condition_regex=str(parser["condition_regex"]),
        parse_regex=str(parser["parse_regex"]),
        anime_title=title,
        episode_no=episode,
        series_no=source("series_no"),
        subtitle_group=source("subtitle_group"),
        resolution=source("resolution"),
        episode_end=source("episode_end"),
    )


def _parsed(rules: Ruleset, title: str) -> ParsedTitle:
    outcome = rules.parse(title)
    assert isinstance(outcome, Matched), (title, outcome)
    return outcome.parsed


def _urls(feed: bytes) -> list[str]:
    return [str(found.get("url")) for found in etree.fromstring(feed).iterfind("channel/item/enclosure")]


def test_the_feed_has_the_shape_of_mikans(world: DemoWorld) -> None:
    answer = httpx2.get(world.feed_url)
    root = etree.fromstring(answer.content)
    items = root.findall("channel/item")
    assert len(items) == 25
    for item in items:
        enclosure = item.find("enclosure")
        assert enclosure is not None
        assert enclosure.get("type") == "application/x-bittorrent"
        assert re.search(r"/Download/\d{8}/[0-9a-f]{40}\.torrent$", str(enclosure.get("url")))
        published = item.findtext(f"{MIKAN}torrent/{MIKAN}pubDate")
        assert published and datetime.fromisoformat(published).tzinfo is None
        assert item.findtext(f"{MIKAN}torrent/{MIKAN}contentLength") == enclosure.get("length")


def test_the_feed_and_its_torrents_answer_conditional_and_wrong_requests(world: DemoWorld) -> None:
    answer = httpx2.get(world.feed_url)
    assert httpx2.get(world.feed_url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    url = _urls(answer.content)[0]
    torrent = httpx2.get(url)
    assert torrent.headers["content-type"] == "application/x-bittorrent"
    assert read_torrent(torrent.content).info_hash in url
    assert httpx2.get(url.replace(".torrent", "0.torrent")).status_code == 404


def test_a_world_is_the_same_each_time_it_is_made(tmp_path: Path, world: DemoWorld) -> None:
    with DemoWorld(str(tmp_path / "again")) as again:
        assert [item.info_hash for item in again.items] == [item.info_hash for item in world.items]
    digests = world.digests()
    assert sum(name.endswith(".mkv") for name in digests.values()) == 30
    assert sum(name.endswith((".ass", ".srt")) for name in digests.values()) == 24


def test_everything_arrives_with_all_its_bytes_by_way_of_the_feed(world: DemoWorld, tmp_path: Path) -> None:
    client = EmbeddedClient(str(tmp_path / "client"), loopback_only=True)
    try:
        hashes = [
            client.add(
                TorrentSource(content=httpx2.get(url).content), save_path=str(tmp_path / "downloads")
            ).info_hash
            for url in _urls(httpx2.get(world.feed_url).content)
        ]
        end = time.monotonic() + 120
        while {seen.state for seen in client.status(hashes).values()} != {TransferState.COMPLETED}:
            assert time.monotonic() < end, client.status(hashes)
            time.sleep(0.1)
    finally:
        client.close()
    arrived = {
        hashlib.sha256(path.read_bytes()).hexdigest(): str(path.relative_to(tmp_path / "downloads"))
        for path in (tmp_path / "downloads").rglob("*")
        if path.is_file()
    }
    assert arrived == world.digests()


def test_every_rule_is_valid() -> None:
    for parser in (*PARSERS, CORRECTED):
        assert check_rule(_rule(parser)) == []


def test_each_title_is_read_by_exactly_one_rule() -> None:
    each = [Ruleset([_rule(parser)]) for parser in PARSERS]
    together = Ruleset([_rule(parser, number) for number, parser in enumerate(PARSERS, 1)])
    counted: Counter[tuple[str, str | None]] = Counter()
    for release in releases():
        assert sum(isinstance(rules.parse(release.title), Matched) for rules in each) == 1, release.title
        parsed = _parsed(together, release.title)
        assert parsed.series_no == 1
        assert parsed.resolution in ("720p", "1080p")
        counted[parsed.anime_title, parsed.subtitle_group] += 1
    assert counted == {
        ("星燈郵便局", "NorthPier"): 6,
        ("鯨背山の測量士", "紙鳶字幕組"): 6,
        ("雨巷製琴帥", "NorthPier"): 4,
        ("雨巷製琴師", "NorthPier"): 8,
        ("Salt Lake Line Diary", "紙鳶字幕組"): 1,
    }


def test_each_episode_finds_its_video_and_its_subtitles(world: DemoWorld) -> None:
    together = Ruleset([_rule(parser, number) for number, parser in enumerate(PARSERS, 1)])
    for item in world.items:
        parsed = _parsed(together, item.release.title)
        episodes = range(parsed.episode_no, (parsed.episode_end or parsed.episode_no) + 1)
        wanted = [Wanted(slot=episode, episode_no=episode) for episode in episodes]
        found = assign(read_torrent(item.torrent).files, wanted, hint_title=parsed.anime_title)
        assert not found.missing_slots and not found.unmatched_videos, item.release.title
        for episode in episodes:
            chosen = found.chosen[episode]
            with_subtitles = item.release.folder is not None
            assert len(chosen.subtitles) == (2 if with_subtitles else 0)
            stem = chosen.video.path.removesuffix(b".mkv")
            assert all(subtitle.path.startswith(stem + b".") for subtitle in chosen.subtitles)
            if len(episodes) > 1:
                assert stem.endswith(b"[%02d][1080p]" % episode)


def test_the_correction_spells_the_title_right_and_shifts_the_season_onto_itself() -> None:
    wrong = Ruleset([_rule(parser) for parser in PARSERS if parser["name"] == EDITED])
    right = Ruleset([_rule(CORRECTED)])
    before: list[tuple[str, int, int]] = []
    after: list[tuple[str, int, int]] = []
    for release in releases():
        if isinstance(wrong.parse(release.title), Matched):
            for rules, seen in ((wrong, before), (right, after)):
                parsed = _parsed(rules, release.title)
                seen.append((parsed.anime_title, parsed.series_no, parsed.episode_no))
        else:
            assert not isinstance(right.parse(release.title), Matched)
    assert after == [("雨巷製琴師", 1, episode) for episode in range(1, 13)]
    assert [episode for _, _, episode in before] == list(range(2, 14))
    taken_by_a_neighbour = set(before) & set(after)
    assert len(taken_by_a_neighbour) == 7, "a chain: each file goes where the one before it still lies"
