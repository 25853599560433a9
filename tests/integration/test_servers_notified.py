"""Emby and Plex are told which folder changed; a double of the few addresses that this takes is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.servers import media_servers
from seiton.config.servers import MediaServerSettings
from seiton.domain.states import NeighbourState
from seiton.viewer.servers.standing import enroll, list_standing
from seiton.viewer.servers.telling import attend
from tests.integration.viewer_world import ViewerWorld

SECTIONS = {"MediaContainer": {"Directory": [{"key": "7", "Location": [{"path": "/tv"}]}]}}


class Listener:
    """A server that answers with ``page`` and remembers what it was asked with which token."""

    def __init__(self) -> None:
        self.page = b""
        self.asked: list[str] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: object) -> None:
                pass

            def do_GET(self) -> None:
                listener.serve(self, "")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                listener.serve(self, " " + body.decode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        token = handler.headers.get("X-Emby-Token") or handler.headers.get("X-Plex-Token")
        self.asked.append(f"{token} {handler.path}{body}")
        content = json.dumps(SECTIONS).encode() if handler.path == "/library/sections" else self.page
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


class World(ViewerWorld):
    def __init__(self, folder: Path, url: str, kind: str, listener: Listener) -> None:
        super().__init__(folder, url, migrate=False)
        values = {"name": "den", "kind": kind, "url": listener.url, "token": SecretStr("k3y")}
        values["path_map"] = (f"{self.library}=/tv",)
        self.web = WebClient(
            user_agent="tests", timeout_s=10, max_redirects=0, policy=HostPolicy(frozenset())
        )
        self.viewer.servers = media_servers([MediaServerSettings.model_validate(values)], self.web)
        enroll(self.viewer)

    def close(self) -> None:
        self.web.close()
        self.database.close()


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("emby", 'k3y /Library/Media/Updated {"Updates": [{"Path": "/tv/Show", "UpdateType": "Modified"}]}'),
        ("plex", "k3y /library/sections/7/refresh?path=%2Ftv%2FShow"),
    ],
)
def test_one_refresh_for_a_batch_and_nothing_is_left_to_tell(
    tmp_path: Path, sqlite_url: str, listener: Listener, kind: str, asked: str
) -> None:
    world = World(tmp_path, sqlite_url, kind, listener)
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    assert attend(world.viewer) is None
    assert [one for one in listener.asked if not one.endswith("sections")] == [asked]
    world.close()


@pytest.mark.parametrize("page", [b"<html>Welcome</html>", b"[1, 2", b'{"Items": 3}', b"null"])
@pytest.mark.parametrize("kind", ["jellyfin", "kodi"])
def test_a_page_that_is_no_answer_is_named_and_holds_nothing_up(
    tmp_path: Path, sqlite_url: str, listener: Listener, kind: str, page: bytes
) -> None:
    world = World(tmp_path, sqlite_url, kind, listener)
    listener.page = page
    world.file_away(1, "Show", 1, 1)
    assert list(world.videos().values()) == ["1.mkv"]
    assert "Show/Season 01/Show - S01E01.nfo" in world.tree()
    assert attend(world.viewer) is not None
    (standing,) = list_standing(world.viewer)
    assert standing.state is NeighbourState.AWAY
    assert (standing.last_error or "").startswith("den")
    world.close()
