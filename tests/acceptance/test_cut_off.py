"""Core and a viewer on two hosts, each on a PostgreSQL of its own; the cable is pulled in mid-resync."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.core import tables
from seiton.viewer import tables as viewer_tables
from tests.acceptance.hosts import Cable, Host, cable
from tests.acceptance.peers import call
from tests.acceptance.roles import wait_for
from tests.integration.api_world import PARSER, ApiWorld, title
from tests.postgres import Server

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]
EPISODES = 120
TOKEN = "the-service-token-of-this-test-1234567890"
LOCAL = "http://127.0.0.1"


class TwoHosts:
    """Core on one host, told by a settings file; a viewer on the other, told by its environment."""

    def __init__(self, between: Cable, folder: Path, core_url: str, viewer_url: str) -> None:
        self.cable, self.core, self.viewer = between, between.one, between.other
        self.downloads, self.library = folder / "downloads", folder / "library"
        self.folders = {name: folder / name for name in ("core", "viewer")}
        for path in (self.downloads, *self.folders.values()):
            path.mkdir()
        self.core_database, self.viewer_database = Database(core_url), Database(viewer_url)
        self.sources = {
            number: hashlib.sha256(b"%d" % number).digest() * 64 for number in range(1, EPISODES + 1)
        }
        for number, content in self.sources.items():
            (self.downloads / f"{number}.mkv").write_bytes(content)
        self._write_settings(core_url)
        self.environment = {
            "SEITON_HOST": "0.0.0.0",
            "SEITON_DATA": str(self.folders["viewer"]),
            "SEITON_DATABASE_URL": viewer_url,
            "SEITON_LIBRARY": str(self.library),
            "SEITON_DOWNLOADS": str(self.downloads),
            "SEITON_CORE_URL": f"http://{self.core.address}:8000",
            "SEITON_MODULE_NAME": "attic",
            "SEITON_SERVICE_TOKENS": TOKEN,
            "SEITON_LOG_LEVEL": "debug",
        }

    def _write_settings(self, url: str) -> None:
        lines = {
            "host": "0.0.0.0",
            "data": str(self.folders["core"]),
            "database_url": url,
            "downloads": str(self.downloads),
            "service_tokens": TOKEN,
            "brake_files": 10_000,
            "brake_percent": 100,
            "bangumi_url": "off",
            "mikan_url": "off",
            "log_level": "debug",
        }
        text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
        (self.folders["core"] / "seiton.toml").write_text(text + "\n")

    def ask_core(self, method: str, path: str, body: object = None) -> Any:
        """Ask Core as somebody who sits at it."""
        status, content = self.core.do(lambda: call(method, f"{LOCAL}:8000{path}", body))
        assert status < 300, (status, content)
        return content

    def rows(self) -> list[Any]:
        with self.core_database.read() as connection:
            query = sa.select(tables.downloads).order_by(tables.downloads.c.download_id)
            return list(connection.execute(query).mappings())

    def applied(self, revision: int) -> int:
        """Return of how many files Core knows that this revision of their wish is met."""
        table = tables.downloads
        query = sa.select(sa.func.count()).select_from(table).where(table.c.applied_revision >= revision)
        with self.core_database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def name_anime(self, parser_id: int, name: str) -> int:
        """Have the rules call the anime ``name``; return the revision that follows."""
        values = {"anime_title_source": "static", "anime_title_value": name}
        written = self.ask_core("PUT", f"/parsers/{parser_id}", values)
        assert written["reparse"]["resync_triggered"] == EPISODES
        return int(self.rows()[0]["desired_revision"])

    def videos(self) -> list[Path]:
        return sorted(path for path in self.library.rglob("*.mkv") if ".seiton" not in path.parts)


@pytest.fixture
def hosts(tmp_path: Path, postgres_server: Server, _postgres_with_tables: str) -> Iterator[TwoHosts]:
    with cable() as between, postgres_server.database(_postgres_with_tables) as core_url:
        with ApiWorld(tmp_path / "before", core_url) as world:
            world.subscribe([title(number) for number in range(1, EPISODES + 1)])
            world.add_parser(priority=PARSER["priority"])
        with postgres_server.database() as viewer_url:
            found = TwoHosts(between, tmp_path, core_url, viewer_url)
            for row in found.rows():
                path = str(found.downloads / f"{row['download_id']}.mkv")
                for status in ("downloading", "completed"):
                    world_row = {"status": status, "source_path": path}
                    with found.core_database.write() as connection:
                        one = tables.downloads.c.download_id == row["download_id"]
                        connection.execute(sa.update(tables.downloads).where(one).values(world_row))
            try:
                yield found
            finally:
                found.core_database.close()
                found.viewer_database.close()


def refused(host: Host, method: str, url: str) -> bool:
    return host.do(lambda: call(method, url, {}))[0] == 403


def test_a_viewer_that_is_cut_off_in_mid_resync_comes_back_and_nothing_is_lost_or_doubled(
    hosts: TwoHosts,
) -> None:
    with (
        hosts.core.running("core", hosts.folders["core"], {}) as core_log,
        hosts.viewer.running("viewer", hosts.folders["viewer"], hosts.environment) as viewer_log,
    ):
        wait_for(lambda: hosts.applied(1) == EPISODES, "all are filed on the other host", 180)
        assert len(hosts.videos()) == EPISODES
        [module] = hosts.ask_core("GET", "/services")["services"]
        assert (module["host"], module["knows_token"]) == (hosts.viewer.address, True)
        assert refused(hosts.viewer, "POST", f"http://{hosts.core.address}:8000/services/register")
        assert refused(hosts.viewer, "POST", f"http://{hosts.core.address}:8000/sync-callback")
        assert refused(hosts.core, "POST", f"http://{hosts.viewer.address}:8003/resync")

        [parser] = [one for one in hosts.ask_core("GET", "/parsers") if one["name"] == "Group"]
        known = 0
        for attempt in range(5):  # a fast machine may be through before the cable is out
            revision = hosts.name_anime(parser["parser_id"], f"Green Tea {attempt}")
            wait_for(lambda asked=revision: hosts.applied(asked) > 0, "the first reports are in")  # type: ignore[misc]
            hosts.cable.pull()
            known = hosts.applied(revision)
            if known < EPISODES:
                break
            hosts.cable.plug()
        assert 0 < known < EPISODES, "cut off in the middle"
        assert hosts.name_anime(parser["parser_id"], "Blue Tea") == revision + 1
        waiting = {row["status"] for row in hosts.rows() if row["applied_revision"] < revision}
        assert waiting == {"resyncing"}, "Core holds what it sent for unknown, neither done nor lost"

        def is_missed() -> bool:
            [module] = hosts.ask_core("GET", "/services")["services"]
            return module["last_error"] is not None

        wait_for(is_missed, "Core says that the viewer does not answer", 120)
        assert len(hosts.videos()) == EPISODES
        hosts.cable.plug()
        wait_for(lambda: hosts.applied(revision + 1) == EPISODES, "everything has converged", 400)
        wait_for(lambda: {row["status"] for row in hosts.rows()} == {"synced"}, "and is at rest")
        check_library(hosts)
        for log in (core_log, viewer_log):
            assert TOKEN not in log.read_text()


def check_library(hosts: TwoHosts) -> None:
    """Every video is there once, under its name of now, where Core says; records agree with the disk."""
    videos = hosts.videos()
    assert Counter(path.read_bytes() for path in videos) == Counter(hosts.sources.values())
    assert all(path.relative_to(hosts.library).parts[0].startswith("Blue Tea") for path in videos)
    rows = hosts.rows()
    places = {row["download_id"]: hosts.library / row["library_path"] for row in rows}
    assert sorted(places.values()) == videos
    for download_id, path in places.items():
        assert path.read_bytes() == hosts.sources[download_id]
    units = viewer_tables.units
    with hosts.viewer_database.read() as connection:
        found = connection.execute(sa.select(units.c.video, units.c.revision, units.c.applied_revision)).all()
    assert len(found) == EPISODES
    assert all(row.revision == row.applied_revision for row in found)
    assert sorted(hosts.library / row.video.decode() for row in found) == videos
    items = tables.resync_items
    with hosts.core_database.read() as connection:
        last = sa.select(sa.func.max(items.c.resync_id)).scalar_subquery()
        query = sa.select(items.c.outcome).where(items.c.resync_id == last)
        outcomes = Counter(connection.execute(query).scalars())
    assert sum(outcomes.values()) == EPISODES and set(outcomes) <= {"moved", "unchanged"}
