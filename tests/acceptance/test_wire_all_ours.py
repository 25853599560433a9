"""Our four roles, each in a process and with a database of its own."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.peers import call
from tests.acceptance.roles import PARSER, Swarm, get, running, wait_for


def test_four_processes_do_what_one_does(tmp_path: Path) -> None:
    downloads, library = str(tmp_path / "downloads"), tmp_path / "library"
    with (
        Swarm(tmp_path) as swarm,
        running("core", tmp_path, "--downloads", downloads) as core,
        running("fetcher", tmp_path, "--core-url", core),
        running("downloader", tmp_path, "--core-url", core, "--downloads", downloads) as downloader,
        running(
            *("viewer", tmp_path, "--core-url", core, "--name", "attic"),
            *("--downloads", downloads, "--library", str(library)),
        ),
    ):
        wait_for(lambda: len(get(f"{core}/services")["services"]) == 3, "all have registered")
        assert call("POST", f"{core}/parsers", PARSER)[0] == 201
        status, subscription = call("POST", f"{core}/subscriptions", {"source_url": swarm.feed_url})
        assert (status, subscription["fetcher_id"] > 0) == (201, True)

        def rows() -> list[dict[str, object]]:
            found: list[dict[str, object]] = get(f"{core}/downloads")
            return found

        def are_filed() -> bool:
            return [row["status"] for row in rows()] == ["synced"] * 2

        wait_for(are_filed, "both are in the library")
        hashes = ",".join(item.info_hash for item in swarm.items)
        stands = get(f"{downloader}/downloads?hashes={hashes}")["statuses"]
        assert [stand["status"] for stand in stands] == ["completed"] * 2
        before = {str(path.relative_to(library)) for path in library.rglob("*.mkv")}
        assert len(before) == 2 and all("Tea" in path for path in before)

        [parser] = [one for one in get(f"{core}/parsers") if one["name"] == "Group"]
        draft = PARSER | {"anime_title_source": "static", "anime_title_value": "Green Tea"}
        question = draft | {"exclude_parser_id": parser["parser_id"]}
        _status, preview = call("POST", f"{core}/parsers/preview", question)
        planned = {move["from_path"]: move["to_path"] for move in preview["impact"]["moves"]}
        assert set(planned) == before

        _status, written = call("PUT", f"{core}/parsers/{parser['parser_id']}", draft)
        assert written["reparse"]["resync_triggered"] == 2
        wait_for(lambda: all(row["applied_revision"] == 2 for row in rows()), "both are moved")
        assert {str(path.relative_to(library)) for path in library.rglob("*.mkv")} == set(planned.values())
        contents = {path.read_bytes() for path in library.rglob("*.mkv")}
        assert contents == {swarm.bytes_of(1), swarm.bytes_of(2)}
        assert are_filed()

        def are_well() -> bool:  # a machine that is busy misses a probe, and the next one says so
            services = get(f"{core}/services")["services"]
            return len(services) == 3 and all(
                one["is_healthy"] and one["last_error"] is None for one in services
            )

        wait_for(are_well, "every module answers its probes", seconds=120)
