"""A Mikan subscription ends with the right work, season, poster and episode titles: by ids, not by the title.

bangumi.tv and Mikan's pages are doubles (``tests/neighbours.py``). What they answer about the work is what
bangumi.tv once answered about subject 876, word for word; the list of episodes has the two recorded entries
and ten more in their form, and what comes before it (subject 51) is made up. The feed is Mikan's own, and of
another work, so nothing in the result can come from its titles.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.demo import checks
from tests.acceptance.mikan import DOCUMENT, MikanWorld, wait_for
from tests.acceptance.test_mikan import Server, settled, subscribe
from tests.neighbours import JPEG, Bangumi, bangumi

PICTURE = "/r/800/pic/cover/l/67/d1/876_dCfrd.jpg"


@pytest.fixture
def double(corpus: Path) -> Iterator[Bangumi]:
    recorded = corpus / "bangumi"
    with bangumi() as running:
        running.pages["/Home/Bangumi/3391"] = (
            '<a href="https://bgm.tv/subject/876">https://bgm.tv/subject/876</a>'
        )
        running.subjects["876"] = json.loads((recorded / "v0_subject_876.json").read_text())
        first, second = json.loads((recorded / "v0_episodes_528828.json").read_text())["data"]
        more = [second | {"sort": no, "ep": no, "id": 2000 + no, "name": f"Ep{no}"} for no in range(3, 13)]
        running.episodes["876"] = [first, second, *more]
        running.relations["876"] = [{"id": 51, "type": 2, "relation": "前传", "name": "CLANNAD"}]
        running.add(51, "CLANNAD")
        running.pictures[PICTURE] = JPEG
        yield running


@pytest.fixture
def world(tmp_path: Path, corpus: Path) -> Iterator[MikanWorld]:
    (tmp_path / "world").mkdir()
    built = MikanWorld(tmp_path / "world", (corpus / "feeds" / DOCUMENT).read_bytes())
    yield built
    built.close()


@pytest.fixture
def server(tmp_path: Path, double: Bangumi) -> Iterator[Server]:
    mirrors = ",".join(f"{host}={double.base}" for host in ("mikanani.me", "lain.bgm.tv"))
    running = Server(tmp_path, SEITON_BANGUMI_URL=double.base, SEITON_MIRRORS=mirrors)
    running.start()
    yield running
    running.stop()


@pytest.mark.timeout(600)
def test_a_mikan_subscription_ends_with_the_right_work_season_poster_and_titles(
    server: Server, world: MikanWorld, double: Bangumi
) -> None:
    subscribe(server, world)
    (show,) = [path for path in Path(server.library).iterdir() if not path.name.startswith(".")]

    def text(name: str) -> str:
        found = list(show.rglob(name))
        return found[0].read_text() if found else ""

    wait_for(lambda: "CLANNAD 〜AFTER STORY〜" in text("tvshow.nfo"), "the work is known by its id")
    wait_for(lambda: (show / "poster.jpg").is_file(), "the poster")
    assert (show / "poster.jpg").read_bytes() == (show / "season01-poster.jpg").read_bytes() == JPEG
    wait_for(lambda: "<title>Ep12</title>" in text("*S01E12.nfo"), "the titles of the episodes")
    assert "<title>第一話</title>" in text("*S01E01.nfo")
    assert '<uniqueid type="Bangumi" default="true">876</uniqueid>' in text("tvshow.nfo")
    assert show.name.startswith("败犬"), "folders are renamed only if asked"

    fixes = server.get("/identities/fixes?titles=true")
    assert isinstance(fixes, list)
    wanted = {fix["field"]: fix for fix in fixes}
    assert (wanted["series_no"]["value"], wanted["anime_title"]["value"]) == (2, "CLANNAD 〜AFTER STORY〜")
    before = sorted(checks.media_digests(server.library).values())
    path = wanted["series_no"]["path"]
    impact = server.send("POST", f"{path}/preview", {"value": 2})
    written = server.send("PUT", path, {"value": 2, "plan_id": impact["plan_id"]})
    wait_for(lambda: settled(server, written["resync_id"]), "the season is the second")
    wait_for(lambda: "<title>Ep12</title>" in text("*S02E12.nfo"), "with the same titles")
    assert sorted(checks.media_digests(server.library).values()) == before
    assert len(list(show.rglob("*S02E*.mkv"))) == 12
    assert not list(show.rglob("*S01E*"))
    assert double.asked["/Home/Bangumi/3391"] == 1
    assert os.path.isdir(show / "Season 02")
