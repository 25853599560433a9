"""A torrent client in another process, as people see it: by the doctor and at ``GET /services``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from seiton.adapters.torrents.port import ClientAway, TorrentSource, TransferState
from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.config.clients import TorrentClientSettings
from seiton.demo.programs import ClientProgram, NotInstalled
from seiton.faces.cli import run
from seiton.text import use_language
from tests.integration.torrent_port import Swarm, eventually


@pytest.fixture
def program(tmp_path: Path) -> Iterator[ClientProgram]:
    program = ClientProgram(kind="qbittorrent", folder=str(tmp_path / "client"))
    try:
        program.start()
    except NotInstalled as reason:
        pytest.skip(f"{reason} (scripts/system-packages.sh installs it)")
    yield program
    program.stop()


def settings_of(tmp_path: Path, program: ClientProgram, **more: Any) -> Settings:
    named = {"kind": "qbittorrent", "url": program.url, "user": program.user, "password": program.password}
    (tmp_path / "library").mkdir(exist_ok=True)
    return Settings(
        data=tmp_path / "data",
        library=tmp_path / "library",
        port=0,
        torrent_client=TorrentClientSettings.model_validate(named | more),
    )


def doctor(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, list[dict[str, str]]]:
    use_language("en")
    client = settings.torrent_client
    monkeypatch.setenv("SEITON_TORRENT_CLIENT_KIND", client.kind)
    monkeypatch.setenv("SEITON_TORRENT_CLIENT_URL", client.url or "")
    monkeypatch.setenv("SEITON_TORRENT_CLIENT_USER", client.user)
    monkeypatch.setenv("SEITON_TORRENT_CLIENT_PASSWORD", client.password.get_secret_value())
    monkeypatch.setenv("SEITON_TORRENT_CLIENT_PATH_MAP", ";".join(client.path_map))
    names = ("data", "library", "downloads")
    flags = [part for name in names for part in (f"--{name}", os.fspath(getattr(settings, name)))]
    capsys.readouterr()
    run(["doctor", *flags, "--json"])
    said = capsys.readouterr().out
    assert client.password.get_secret_value() not in said
    found: dict[str, list[dict[str, str]]] = {}
    for finding in json.loads(said)["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found


def test_the_doctor_tries_a_file_of_the_client_by_a_link_into_the_library(
    program: ClientProgram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = settings_of(tmp_path, program)
    swarm = Swarm(tmp_path / "origin")
    with Seiton(settings, loopback_only=True) as seiton:
        assert seiton.client is not None
        found = doctor(settings, monkeypatch, capsys)
        assert "qBittorrent v" in found["torrent client"][0]["says"]
        assert "no finished torrent" in found["path map"][0]["says"]
        made = swarm.make({"第01話.mkv": 50_000})
        folder = os.path.join(settings.downloads, made.info_hash)
        seiton.client.add(TorrentSource(content=made.torrent), save_path=folder)
        client = seiton.client

        def is_complete() -> bool:
            return client.status([made.info_hash])[made.info_hash].state is TransferState.COMPLETED

        eventually(is_complete, "it is complete")
    swarm.close()
    (good,) = doctor(settings, monkeypatch, capsys)["path map"]
    assert good["health"] == "good"
    assert not [path for path in (tmp_path / "library").rglob("*") if "doctor" in path.name]
    wrong = settings_of(tmp_path, program, path_map=[f"/nowhere={settings.downloads}"])
    (bad,) = doctor(wrong, monkeypatch, capsys)["path map"]
    assert bad["health"] == "bad" and "/nowhere/" in bad["says"] and "path_map" in bad["do"]


def test_the_doctor_names_a_wrong_password_and_a_client_that_is_away(
    program: ClientProgram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused = doctor(settings_of(tmp_path, program, password="not-it"), monkeypatch, capsys)
    (finding,) = refused["torrent client"]
    assert finding["health"] == "bad" and "torrent_client.password" in finding["says"]
    program.stop()
    (finding,) = doctor(settings_of(tmp_path, program), monkeypatch, capsys)["torrent client"]
    assert finding["health"] == "bad" and "cannot be reached" in finding["says"]


def test_services_say_how_the_client_is_and_seiton_works_without_it(
    program: ClientProgram, tmp_path: Path
) -> None:
    with Seiton(settings_of(tmp_path, program), loopback_only=True) as seiton:
        assert seiton.client is not None
        web = TestClient(seiton.application())

        def neighbour() -> dict[str, Any]:
            answer = web.get("/services")
            assert program.password not in answer.text
            (one,) = (row for row in answer.json()["neighbours"] if row["kind"] == "qBittorrent")
            return dict(one)

        seiton.client.status(["00" * 20])
        well = neighbour()
        assert (well["kind"], well["address"], well["state"]) == ("qBittorrent", program.url, "well")
        assert well["version"].startswith("v") and well["since"] and well["next_try"] is None
        program.stop()
        with pytest.raises(ClientAway):
            seiton.client.status(["00" * 20])
        away = neighbour()
        assert away["state"] == "away" and "cannot be reached" in away["last_error"]
        assert away["next_try"] and away["since"] > well["since"]
        assert web.get("/health").status_code == 200


def test_the_embedded_client_is_no_neighbour(tmp_path: Path) -> None:
    with Seiton(Settings(data=tmp_path / "data", port=0), loopback_only=True) as seiton:
        assert TestClient(seiton.application()).get("/services").json()["neighbours"] == []
