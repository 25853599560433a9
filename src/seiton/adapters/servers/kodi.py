"""Kodi by JSON-RPC (measured with 20.1).

It keeps one watched state per file path. A scan finds new files, but reads no known NFO again; a refresh does
that, as a new item that has lost its play count. What it forgets is named one by one: ``VideoLibrary.Clean``
would forget a whole library whose disk is not mounted.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seiton.adapters.http import WebClient
from seiton.adapters.servers.port import Caution, Wire, batches
from seiton.config.servers import MediaServerSettings
from seiton.domain.watching import Facts, Heard, Mark, PathMap, Watched, folder_of
from seiton.text import _

_FIELDS = [
    "title", "season", "episode", "plot", "firstaired", "file",
    "tvshowid", "playcount", "lastplayed", "resume",
]  # fmt: skip
_MOVIE_FIELDS = ["title", "plot", "premiered", "file", "playcount", "lastplayed", "resume"]
_FOLDERS = 20
_CALLS = 50
_USER = ""
"""Kodi has one user as far as this interface goes."""
_MOVIE = "movie/"
_OLDEST = 12
"""JSON-RPC of Kodi 19."""


class Kodi:
    """One Kodi."""

    kind = "kodi"
    is_asked = True
    by_mtime = False

    def __init__(self, settings: MediaServerSettings, web: WebClient) -> None:
        self.name, self.address = settings.name, settings.url
        self.paths = PathMap(settings.pairs)
        self._wire = Wire(settings, web)
        self._headers: dict[str, str] = {}
        if settings.user:
            pair = f"{settings.user}:{settings.token.get_secret_value()}".encode()
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")

    def read(self, videos: Sequence[str]) -> list[Mark]:
        """Return the watched state of ``videos``."""
        marks = {
            row["file"]: Mark(path=row["file"], user=_USER, watched=_watched(row))
            for row in self._rows(videos)
        }
        return list(marks.values())

    def write(self, marks: Sequence[Mark], items: Mapping[str, Heard]) -> None:
        """Set play count, time and position."""
        calls = []
        for mark in marks:
            watched = mark.watched
            word, number = _item(items[mark.path])
            details = {
                f"{word.lower()}id": number,
                "playcount": watched.count,
                "lastplayed": watched.last_played,
                "resume": {"position": watched.position_s, "total": watched.total_s},
            }
            calls.append((f"VideoLibrary.Set{word}Details", details))
        self._calls(calls)

    def refresh(self, folder: str) -> None:
        """Scan ``folder``; Kodi answers at once and scans afterwards."""
        self._calls([("VideoLibrary.Scan", {"directory": _ended(folder), "showdialogs": False})])

    def look(self, videos: Sequence[str]) -> list[Heard]:
        """Return what Kodi has of ``videos``."""
        rows = self._rows(videos)
        if not rows:
            return []
        has_shows = any("tvshowid" in row for row in rows)
        shows = {show["tvshowid"]: show for show in self._shows()} if has_shows else {}
        return [
            Heard(path=row["file"], item_id=_id_of(row), facts=_facts(row), show=_show(shows, row))
            for row in rows
        ]

    def reread(self, items: Sequence[Heard], shows: Sequence[Heard]) -> None:
        """Refresh from the NFOs, each of them by its id."""
        known = [_item(item) for item in items]
        calls = [(f"VideoLibrary.Refresh{word}", {f"{word.lower()}id": number}) for word, number in known]
        if shows:
            of = {_id_of(row): row.get("tvshowid") for row in self._rows([item.path for item in shows])}
            ids = sorted({one for item in shows if (one := of.get(item.item_id)) is not None})
            calls += [
                ("VideoLibrary.RefreshTVShow", {"tvshowid": one, "refreshepisodes": False}) for one in ids
            ]
        self._calls(calls)

    def forget(self, videos: Sequence[str]) -> None:
        """Remove the items of ``videos``, and shows that have no episode left."""
        rows = self._rows(videos)
        if not rows:
            return
        episodes = [{"episodeid": row["episodeid"]} for row in rows if "episodeid" in row]
        movies = [{"movieid": row["movieid"]} for row in rows if "movieid" in row]
        self._calls([("VideoLibrary.RemoveEpisode", one) for one in episodes])
        self._calls([("VideoLibrary.RemoveMovie", one) for one in movies])
        emptied = {row["tvshowid"] for row in rows if "tvshowid" in row}
        left = [show for show in self._shows() if show["tvshowid"] in emptied and not show.get("episode")]
        self._calls([("VideoLibrary.RemoveTVShow", {"tvshowid": show["tvshowid"]}) for show in left])

    def meet(self, library: bytes, movies: bytes | None = None) -> Iterator[Caution]:
        """Ask its version, and whether library and films are among its sources."""
        version = self._call("JSONRPC.Version", {}).get("version") or {}
        application = (
            self._call("Application.GetProperties", {"properties": ["version"]}).get("version") or {}
        )
        yield Caution(says=_("Kodi {version} answers.", version=application.get("major", "?")))
        if version.get("major", 0) < _OLDEST:
            yield Caution(says=_("It is older than Kodi 19."), do=_("Update it."), is_bad=True)
        sources = self._wire.rows(self._call("Files.GetSources", {"media": "video"}), "sources")
        roots = [_ended(str(source.get("file", ""))) for source in sources]
        for folder in (library, movies):
            there = _ended(self.paths.there(folder)) if folder is not None else ""
            if folder is None or any(there.startswith(root) for root in roots):
                continue
            yield Caution(
                says=_("{path} is in none of its video sources.", path=there),
                do=_(
                    "Add it in Kodi with the content “TV shows” (films: “Movies”) and “Local information"
                    " only”, or say in path_map what Kodi calls it."
                ),
                is_bad=True,
            )

    def _rows(self, videos: Sequence[str]) -> list[dict[str, Any]]:
        wanted, found = set(videos), []
        for folders in batches(sorted({folder_of(video) for video in videos}), _FOLDERS):
            any_of = [{"field": "path", "operator": "is", "value": folder} for folder in folders]
            query = {"properties": _FIELDS, "filter": {"or": any_of}}
            answer = self._call("VideoLibrary.GetEpisodes", query)
            found += [row for row in self._wire.rows(answer, "episodes") if row.get("file") in wanted]
        return [*found, *self._movies(wanted - {row["file"] for row in found})]

    def _movies(self, wanted: set[str]) -> list[dict[str, Any]]:
        """Return what it has of ``wanted`` as films."""
        found = []
        for folders in batches(sorted({folder_of(video) for video in wanted}), _FOLDERS):
            any_of = [{"field": "path", "operator": "is", "value": folder} for folder in folders]
            query = {"properties": _MOVIE_FIELDS, "filter": {"or": any_of}}
            answer = self._call("VideoLibrary.GetMovies", query)
            found += [row for row in self._wire.rows(answer, "movies") if row.get("file") in wanted]
        return found

    def _shows(self) -> list[dict[str, Any]]:
        answer = self._call(
            "VideoLibrary.GetTVShows", {"properties": ["title", "plot", "premiered", "episode"]}
        )
        return self._wire.rows(answer, "tvshows")

    def _call(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._wire.ask(
            "POST",
            "/jsonrpc",
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            headers=self._headers,
        )
        if not answer.is_success:
            raise self._wire.refused(answer)
        result = answer.content.get("result") if isinstance(answer.content, dict) else None
        if not isinstance(result, dict):
            raise self._wire.strange()
        return result

    def _calls(self, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Make many calls in few requests. What Kodi does not know any more, it may refuse: that is looked
        at again by whoever asked.
        """
        for part in batches(calls, _CALLS):
            batch = [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(part, 1)
            ]
            answer = self._wire.ask("POST", "/jsonrpc", batch, headers=self._headers)
            if not answer.is_success:
                raise self._wire.refused(answer)
            if not isinstance(answer.content, list):
                raise self._wire.strange()


def _ended(folder: str) -> str:
    mark = "\\" if "\\" in folder and "/" not in folder else "/"
    return folder if folder.endswith(mark) else folder + mark


def _watched(row: Mapping[str, Any]) -> Watched:
    resume = row.get("resume") or {}
    count = int(row.get("playcount") or 0)
    return Watched(
        played=count > 0,
        count=count,
        last_played=str(row.get("lastplayed") or ""),
        position_s=float(resume.get("position") or 0),
        total_s=float(resume.get("total") or 0),
    )


def _id_of(row: Mapping[str, Any]) -> str:
    """Return the id of an item: Kodi counts episodes and films each by themselves."""
    return f"{_MOVIE}{row['movieid']}" if "movieid" in row else str(row["episodeid"])


def _item(heard: Heard) -> tuple[str, int]:
    """Return what Kodi's methods call an item, and its number."""
    is_movie = heard.item_id.startswith(_MOVIE)
    return ("Movie" if is_movie else "Episode"), int(heard.item_id.removeprefix(_MOVIE))


def _facts(row: Mapping[str, Any]) -> Facts:
    return Facts(
        title=row.get("title"),
        season=row.get("season"),
        episode=row.get("episode"),
        plot=row.get("plot"),
        date=row.get("premiered" if "movieid" in row else "firstaired"),
    )


def _show(shows: Mapping[int, Mapping[str, Any]], row: Mapping[str, Any]) -> Facts:
    show = shows.get(row.get("tvshowid", -1), {})
    return Facts(title=show.get("title"), plot=show.get("plot"), date=show.get("premiered"))
