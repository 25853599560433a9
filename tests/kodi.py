"""A real Kodi without a screen, for tests: started once, it reads any number of libraries."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seiton.adapters.http import FetchError, HostPolicy, WebClient

BINARY = "/usr/lib/x86_64-linux-gnu/kodi/kodi.bin"
START_S = 60.0
ATTEMPTS = 3

_SETTINGS = """<settings version="2">
<setting id="services.webserver">true</setting><setting id="services.webserverport">{port}</setting>
<setting id="services.webserverauthentication">true</setting>
<setting id="services.webserverusername">kodi</setting>
<setting id="services.webserverpassword">secret</setting>
<setting id="services.zeroconf">false</setting><setting id="services.esenabled">false</setting>
<setting id="general.addonupdates">2</setting>
<setting id="myvideos.extractflags">false</setting><setting id="myvideos.extractthumb">false</setting>
</settings>"""
_SOURCES = """<sources><video><default pathversion="1"></default><source><name>all</name>
<path pathversion="1">{root}/</path><allowsharing>true</allowsharing></source></video></sources>"""
_ADVANCED = '<advancedsettings version="1.0"><loglevel>0</loglevel><splash>false</splash></advancedsettings>'
_CONTENT = (
    "INSERT INTO path (strPath, strContent, strScraper, strHash, scanRecursive, useFolderNames, strSettings,"
    " noUpdate, exclude, allAudio) VALUES (?, ?, 'metadata.local', '', ?, 0, '', 0, 0, 0)"
)


def why_not() -> str | None:
    """Return what is missing for a Kodi, if anything is."""
    if not os.path.exists(BINARY):
        return "Kodi is not installed (Debian: kodi)"
    return None if shutil.which("Xvfb") else "Xvfb is not installed (Debian: xvfb)"


class KodiProcess:
    """Kodi below ``folder``; libraries lie below ``root``. Its web server is at ``url``, kodi:secret."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "libraries"
        self.root.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._home = folder / "home"
        self._userdata = self._home / ".kodi" / "userdata"
        (self._userdata / "Database").mkdir(parents=True)
        for name, text in (
            ("guisettings.xml", _SETTINGS.format(port=port)),
            ("sources.xml", _SOURCES.format(root=self.root)),
            ("advancedsettings.xml", _ADVANCED),
        ):
            (self._userdata / name).write_text(text)
        policy = HostPolicy(frozenset({f"127.0.0.1:{port}"}))
        self._web = WebClient(user_agent="tests", timeout_s=30, max_redirects=0, policy=policy)
        self._numbers = itertools.count(1)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start it and wait for its answer. Now and then it comes to a stop while it starts: then again."""
        for _attempt in range(ATTEMPTS):
            self._start_once()
            deadline = time.monotonic() + START_S
            while time.monotonic() < deadline and self._processes[-1].poll() is None:
                with contextlib.suppress(FetchError):
                    self.call("JSONRPC.Ping")
                    return
                time.sleep(0.25)
            self._end()
        raise TimeoutError("Kodi does not answer")

    def _start_once(self) -> None:
        reader, writer = os.pipe()
        screen = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
        self._run(screen, pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as answer:
            display = answer.readline().strip()
        environment = os.environ | {
            "HOME": str(self._home),
            "DISPLAY": f":{display}",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "KODI_AE_SINK": "NULL",
        }
        self._run([BINARY, "--windowing=x11"], env=environment)

    def _run(self, command: list[str], **options: Any) -> None:
        quiet = subprocess.DEVNULL
        self._processes.append(subprocess.Popen(command, stdout=quiet, stderr=quiet, **options))

    def _end(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def stop(self) -> None:
        """End it; what it wrote goes with its folder."""
        self._end()
        self._web.close()

    def call(self, method: str, **params: Any) -> Any:
        """Return the result of a JSON-RPC call."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        url = self.url.replace("://", "://kodi:secret@")
        return self._web.request_json("POST", f"{url}/jsonrpc", message).content["result"]

    def new_library(self) -> Path:
        """Return the folder of a new world, whose ``library`` is set to TV shows with local information, its
        ``films`` to movies.
        """
        folder = self.root / str(next(self._numbers))
        for name in ("library", "films"):
            (folder / name).mkdir(parents=True)
        database = next((self._userdata / "Database").glob("MyVideos*.db"))
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            connection.execute(_CONTENT, (f"{folder / 'library'}/", "tvshows", 0))
            connection.execute(_CONTENT, (f"{folder / 'films'}/", "movies", 2147483647))
        return folder

    def episodes(self, library: Path) -> dict[str, dict[str, Any]]:
        """Return what it has of a library's files, by path below it."""
        fields = ["title", "season", "episode", "plot", "firstaired", "playcount", "lastplayed", "resume"]
        fields += ["file", "showtitle", "specialsortseason", "specialsortepisode", "uniqueid"]
        rows = self.call("VideoLibrary.GetEpisodes", properties=fields).get("episodes", [])
        prefix = f"{library}/"
        mine = [row for row in rows if row["file"].startswith(prefix)]
        return {row["file"].removeprefix(prefix): row for row in sorted(mine, key=lambda row: row["episode"])}

    def shows(self, library: Path) -> dict[str, dict[str, Any]]:
        """Return what it has of a library's shows, by folder."""
        fields = ["title", "plot", "premiered", "file", "genre", "uniqueid", "episode"]
        rows = self.call("VideoLibrary.GetTVShows", properties=fields).get("tvshows", [])
        prefix = f"{library}/"
        return {
            row["file"].removeprefix(prefix).rstrip("/"): row
            for row in rows
            if row["file"].startswith(prefix)
        }

    def movies(self, films: Path) -> dict[str, dict[str, Any]]:
        """Return what it has of a folder for films, by path below it."""
        fields = ["title", "originaltitle", "year", "premiered", "plot", "uniqueid", "file", "art"]
        fields += ["playcount", "lastplayed", "resume"]
        rows = self.call("VideoLibrary.GetMovies", properties=fields).get("movies", [])
        prefix = f"{films}/"
        mine = [row for row in rows if row["file"].startswith(prefix)]
        return {row["file"].removeprefix(prefix): row for row in mine}

    def watch(
        self, row: dict[str, Any], *, count: int, at: str = "2026-01-02 03:04:05", position: float = 0
    ) -> None:
        """Note that somebody has watched an episode."""
        self.call(
            "VideoLibrary.SetEpisodeDetails",
            episodeid=row["episodeid"],
            playcount=count,
            lastplayed=at,
            resume={"position": position, "total": 1400 if position else 0},
        )


@contextlib.contextmanager
def running(folder: Path) -> Iterator[KodiProcess]:
    """Run a Kodi for the time of the block."""
    kodi = KodiProcess(folder)
    try:
        kodi.start()
        yield kodi
    finally:
        kodi.stop()
