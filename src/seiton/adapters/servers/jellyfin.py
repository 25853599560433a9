"""Jellyfin 10.10 to 12 over HTTP, after its source (nfo-naming §3 and §4).

An item's id follows from its path: another path is another item, with a watched state of its own. It reads an
NFO again only where that changed more than a minute after it saved the item last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from seiton.adapters.http import JsonAnswer, WebClient
from seiton.adapters.servers.port import Caution, Wire, batches
from seiton.config.servers import MediaServerSettings
from seiton.domain.watching import Facts, Heard, Mark, PathMap, Watched
from seiton.text import _

_TICKS = 10_000_000
"""Of 100 ns, in a second."""
_IDS = 50
_ENTITIES = "MediaBrowser.Controller.Entities."
_FOLDERS = ("TV.Series", "Folder")
_VIDEOS = ("TV.Episode", "Movies.Movie")
_REFRESH = urlencode(
    {
        "metadataRefreshMode": "Default",
        "imageRefreshMode": "Default",
        "replaceAllMetadata": "false",
        "replaceAllImages": "false",
    }
)


def item_id(kind: str, path: str) -> str:
    """Return the id of the item at ``path`` (LibraryManager.cs:795: type name and path, MD5, as a GUID)."""
    text = (_ENTITIES + kind + path).encode("utf-16-le", "surrogatepass")
    return UUID(bytes_le=hashlib.md5(text, usedforsecurity=False).digest()).hex


class Jellyfin:
    """One Jellyfin."""

    kind = "jellyfin"
    is_asked = True
    by_mtime = True

    def __init__(self, settings: MediaServerSettings, web: WebClient) -> None:
        self.name, self.address = settings.name, settings.url
        self.paths = PathMap(settings.pairs)
        self._wire = Wire(settings, web)
        self._wanted_users = frozenset(settings.users)
        token = settings.token.get_secret_value()
        # 12.0 knows only the first unless it is told otherwise, some proxies and forks only the second.
        self._ways = [{"Authorization": f'MediaBrowser Token="{token}"'}, {"X-Emby-Token": token}]

    def read(self, videos: Sequence[str]) -> list[Mark]:
        """Return the watched state of ``videos`` for each user."""
        marks = []
        for user, name in self._users():
            for row in self._items(videos, user):
                watched = _watched(row.get("UserData") or {})
                marks.append(Mark(path=row["Path"], user=name, watched=watched))
        return marks

    def write(self, marks: Sequence[Mark], items: Mapping[str, Heard]) -> None:
        """Set the state of each user; users that are gone are left out."""
        ids = {name: user for user, name in self._users()}
        for mark in marks:
            if mark.user not in ids:
                continue
            watched = mark.watched
            payload: dict[str, Any] = {
                "Played": watched.played,
                "PlayCount": watched.count,
                "PlaybackPositionTicks": round(watched.position_s * _TICKS),
                "IsFavorite": watched.favourite,
                "LastPlayedDate": watched.last_played or None,
            }
            query = urlencode({"userId": ids[mark.user]})
            self._ask("POST", f"/UserItems/{items[mark.path].item_id}/UserData?{query}", payload)

    def refresh(self, folder: str) -> None:
        """Have it look at ``folder``: at once where it has a library, else after a minute of quiet."""
        item = self._folder_item(folder)
        if item is not None:
            self._ask("POST", f"/Items/{item}/Refresh?{_REFRESH}")
            return
        update = {"Updates": [{"Path": folder, "UpdateType": "Modified"}]}
        self._ask("POST", "/Library/Media/Updated", update)

    def look(self, videos: Sequence[str]) -> list[Heard]:
        """Return what it has of ``videos``."""
        return [
            Heard(
                path=row["Path"],
                item_id=str(row["Id"]),
                facts=_facts(row),
                show=Facts(title=row.get("SeriesName")),
            )
            for row in self._items(videos, None)
        ]

    def reread(self, items: Sequence[Heard], shows: Sequence[Heard]) -> None:
        """Refresh them; the show of an episode by way of its series."""
        for item in items:
            self._ask("POST", f"/Items/{item.item_id}/Refresh?{_REFRESH}", unknown_is_fine=True)
        series = {str(row.get("SeriesId")) for row in self._items([show.path for show in shows], None)}
        for one in sorted(series - {"None", ""}):
            self._ask("POST", f"/Items/{quote(one)}/Refresh?{_REFRESH}", unknown_is_fine=True)

    def forget(self, videos: Sequence[str]) -> None:
        """Nothing to do: the refresh of their folder takes away what is not there, and keeps the states."""

    def meet(self, library: bytes, movies: bytes | None = None) -> Iterator[Caution]:
        """Ask its version, its users and how its libraries are set."""
        information = self._ask("GET", "/System/Info").content
        version = information.get("Version", "?") if isinstance(information, dict) else "?"
        yield Caution(says=_("Jellyfin {version} answers.", version=version))
        missing = self._wanted_users - {name for _user, name in self._users()}
        if missing:
            says = _("It has no user {names}.", names=", ".join(sorted(missing)))
            yield Caution(says=says, do=_("Correct users in media_servers."), is_bad=True)
        folders = self._folders()
        for root, content in ((library, "tvshows"), (movies, "movies")):
            if root is None:
                continue
            there = self.paths.there(root)
            mine = [folder for folder in folders if _holds(folder, there)]
            if not mine:
                yield Caution(
                    says=_("{path} is in none of its libraries.", path=there),
                    do=_(
                        "Add it as a library of TV shows (films: of movies), or say in path_map what Jellyfin"
                        " calls it."
                    ),
                    is_bad=True,
                )
            for folder in mine:
                yield from _fights(folder, content)

    def _users(self) -> list[tuple[str, str]]:
        rows = self._wire.rows(self._ask("GET", "/Users").content, "")
        users = [(str(row.get("Id", "")), str(row.get("Name", ""))) for row in rows]
        return [
            user for user in users if user[0] and (not self._wanted_users or user[1] in self._wanted_users)
        ]

    def _folders(self) -> list[dict[str, Any]]:
        return self._wire.rows(self._ask("GET", "/Library/VirtualFolders").content, "")

    def _folder_item(self, folder: str) -> str | None:
        """Return the item of ``folder``, or of the library that it lies in where it is new."""
        ids = [item_id(kind, folder) for kind in _FOLDERS]
        answer = self._ask("GET", f"/Items?{urlencode({'ids': ','.join(ids), 'fields': 'Path'})}")
        for row in self._wire.rows(answer.content, "Items"):
            if row.get("Path") == folder and row.get("Id"):
                return str(row["Id"])
        mine = (one.get("ItemId") for one in self._folders() if _holds(one, folder))
        return next((str(item) for item in mine if item), None)

    def _items(self, videos: Sequence[str], user: str | None) -> list[dict[str, Any]]:
        found = []
        for part in batches(sorted(set(videos)), _IDS):
            ids = [item_id(kind, video) for video in part for kind in _VIDEOS]
            query = {"ids": ",".join(ids), "fields": "Path,Overview"}
            if user is not None:
                query |= {"userId": user, "enableUserData": "true"}
            answer = self._ask("GET", f"/Items?{urlencode(query)}")
            wanted = set(part)
            found += [row for row in self._wire.rows(answer.content, "Items") if row.get("Path") in wanted]
        return found

    def _ask(
        self, method: str, path: str, payload: object = None, *, unknown_is_fine: bool = False
    ) -> JsonAnswer:
        """Ask by the way in that worked last, else by the other."""
        for _way in tuple(self._ways):
            answer = self._wire.ask(method, path, payload, headers=self._ways[0])
            if answer.status != 401:
                break
            self._ways.append(self._ways.pop(0))
        if answer.is_success or (answer.status == 404 and unknown_is_fine):
            return answer
        raise self._wire.refused(answer)


def _locations(folder: Mapping[str, Any]) -> list[str]:
    found = folder.get("Locations")
    return [str(path) for path in found] if isinstance(found, list) else []


def _holds(folder: Mapping[str, Any], path: str) -> bool:
    return any(path == one or path.startswith(one.rstrip("/\\") + "/") for one in _locations(folder))


def _fights(folder: Mapping[str, Any], content: str) -> Iterator[Caution]:
    """Say what of one library's settings would fight with Seiton (nfo-naming §0, §4.1)."""
    name = folder.get("Name", "?")
    options = folder.get("LibraryOptions") or {}
    if content == "movies" and folder.get("CollectionType") != "movies":
        says = _("Its library {name} is not one of movies.", name=name)
        yield Caution(says=says, do=_("Make a library of movies for this folder."), is_bad=True)
    elif folder.get("CollectionType") != content:
        says = _("Its library {name} is not one of TV shows.", name=name)
        yield Caution(says=says, do=_("Make a library of TV shows for this folder."), is_bad=True)
    if "Nfo" in (options.get("DisabledLocalMetadataReaders") or []):
        says = _("Its library {name} does not read NFO files.", name=name)
        yield Caution(says=says, do=_("Switch the NFO reader on in its settings."), is_bad=True)
    if "Nfo" in (options.get("MetadataSavers") or []):
        says = _("Its library {name} writes NFO files itself, over those of Seiton.", name=name)
        yield Caution(says=says, do=_("Switch the NFO saver off in its settings."), is_bad=True)
    fetchers = [
        one for kind in options.get("TypeOptions") or [] for one in kind.get("MetadataFetchers") or []
    ]
    if fetchers:
        says = _(
            "Its library {name} also asks {fetchers}, which may know another work.",
            name=name,
            fetchers=", ".join(sorted({str(one) for one in fetchers})),
        )
        yield Caution(says=says, do=_("Switch its metadata downloaders off."))
    if options.get("EnableAutomaticSeriesGrouping"):
        says = _("Its library {name} merges series that it takes for one.", name=name)
        yield Caution(says=says, do=_("Switch off the merging of series that are spread over folders."))
    if options.get("EnableRealtimeMonitor"):
        says = _("Its library {name} watches its folders, and may look in the middle of a resync.", name=name)
        yield Caution(says=says, do=_("Switch real-time monitoring off: Seiton tells it of every change."))


def _watched(data: Mapping[str, Any]) -> Watched:
    return Watched(
        played=bool(data.get("Played")),
        count=int(data.get("PlayCount") or 0),
        last_played=str(data.get("LastPlayedDate") or ""),
        position_s=float(data.get("PlaybackPositionTicks") or 0) / _TICKS,
        favourite=bool(data.get("IsFavorite")),
    )


def _facts(row: Mapping[str, Any]) -> Facts:
    date = str(row.get("PremiereDate") or "")[:10] or None
    return Facts(
        title=row.get("Name"),
        season=row.get("ParentIndexNumber"),
        episode=row.get("IndexNumber"),
        plot=row.get("Overview"),
        date=date,
    )
