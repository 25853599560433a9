"""The promise to seeders: whatever a resync does to the library, the torrent client goes on giving."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import TorrentSource, TransferState
from seiton.demo.content import publish
from seiton.demo.programs import ClientKind, NotInstalled
from seiton.demo.sample import releases
from seiton.faces.cli.demo import Demo
from tests.integration.torrent_port import eventually

OTHERS = [kind for kind in ClientKind if kind is not ClientKind.EMBEDDED]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", OTHERS)
def test_after_a_resync_a_newcomer_gets_every_byte_from_the_client_alone(
    kind: ClientKind, tmp_path: Path
) -> None:
    console = Console(file=io.StringIO())
    demo = Demo(tmp_path, console, kind)
    try:
        result = demo.run()
    except NotInstalled as reason:
        pytest.skip(f"{reason} (scripts/system-packages.sh installs it)")
    assert result["ok"], json.dumps(result) + str(demo.problems)
    assert result["resync"]["moved"] == 12
    # The feed, the tracker and its seeder are gone; the client starts again, and nobody else has anything.
    program = demo.program
    assert program is not None
    program.start()
    newcomer = EmbeddedClient(str(tmp_path / "newcomer"), loopback_only=True)
    try:
        items = [
            publish(release, str(tmp_path / "again"), tracker="http://127.0.0.1:9/") for release in releases()
        ]
        for item in items:
            newcomer.add(
                TorrentSource(content=item.torrent), save_path=str(tmp_path / "got" / item.info_hash)
            )

        def has_all() -> bool:
            found = newcomer.status([item.info_hash for item in items])
            for info_hash, status in found.items():
                if status.state is not TransferState.COMPLETED:
                    newcomer.connect_peer(info_hash, "127.0.0.1", program.peer_port)
            return all(status.state is TransferState.COMPLETED for status in found.values())

        eventually(has_all, "everything came from the client", 300)
    finally:
        newcomer.close()
        program.stop()
    got = {path.name: path.read_bytes() for path in (tmp_path / "got").rglob("*") if path.is_file()}
    made = {path.name: path.read_bytes() for path in (tmp_path / "world").rglob("*") if path.is_file()}
    assert got == made and len(made) > 30
