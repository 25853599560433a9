"""An independent witness: it reads a library's disk, knows what must be there, and nothing of the planner.

It uses no code of Seiton's, on purpose.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

VIDEO = re.compile(r"\.(mkv|mp4)$")
SUBTITLE = re.compile(r"\.(ass|srt)$")
NUMBERED = re.compile(r" - S(\d+)E(\d+)(?: \(\d+\))?$")
SEASON = re.compile(r"^Season (\d+)$")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Truth:
    """What must hold: contents by name, foreign files by relative path, folders that are not Seiton's.

    ``subtitles`` maps a subtitle's content to the name of the media file that it belongs to. ``waiting`` are
    contents that may be in the library or not yet.
    """

    media: dict[str, bytes] = field(default_factory=dict)
    waiting: dict[str, bytes] = field(default_factory=dict)
    subtitles: dict[bytes, str] = field(default_factory=dict)
    foreign: dict[str, bytes] = field(default_factory=dict)
    foreign_folders: set[str] = field(default_factory=set)


def picture(library: Path, films: Path | None = None) -> dict[str, str]:
    """Return every file (with its digest) and every folder of a library and its films, but for Seiton's own
    folders; paths are relative to the library.
    """
    seen = {}
    for base, folders, names in walk(library, films):
        for name in folders:
            seen[os.path.relpath(os.path.join(base, name), library) + "/"] = "folder"
        for name in names:
            path = Path(base, name)
            seen[os.path.relpath(path, library)] = digest(path.read_bytes())
    return seen


def losses(library: Path, truth: Truth, films: Path | None = None) -> list[str]:
    """Return everything that is wrong with the library at rest, as sentences; empty when all is well."""
    found = {
        os.path.relpath(os.path.join(base, name), library): Path(base, name).read_bytes()
        for base, folders, names in walk(library, films)
        for name in names
    }
    own = {path: content for path, content in found.items() if path not in truth.foreign}
    return [
        *_foreign(found, truth.foreign),
        *_contents(own, truth),
        *_dot_names(library, films, truth),
        *_descriptions(own),
        *_subtitles(own, truth),
        *_ghosts(library, films, truth),
    ]


def walk(library: Path, films: Path | None) -> Iterable[tuple[str, list[str], list[str]]]:
    for root in (library, films):
        for base, folders, names in os.walk(root) if root is not None else ():
            if Path(base) == root:
                folders[:] = [name for name in folders if name != ".seiton"]
            yield base, folders, names


def _foreign(found: Mapping[str, bytes], foreign: Mapping[str, bytes]) -> Iterable[str]:
    for path, content in foreign.items():
        if found.get(path) != content:
            yield f"foreign file touched: {path}"


def _contents(own: Mapping[str, bytes], truth: Truth) -> Iterable[str]:
    places: dict[str, list[str]] = {}
    for path, content in own.items():
        if VIDEO.search(path):
            places.setdefault(digest(content), []).append(path)
    known = {digest(content): name for name, content in (truth.media | truth.waiting).items()}
    for name, content in truth.media.items():
        lies = places.get(digest(content), [])
        if len(lies) != 1:
            yield f"{name} lies at {lies or 'no place'}"
    for what, lies in places.items():
        if what not in known:
            yield f"no original has the content of {lies}"
        elif len(lies) > 1 and known[what] in truth.waiting:
            yield f"{known[what]} lies at {lies}"


def _dot_names(library: Path, films: Path | None, truth: Truth) -> Iterable[str]:
    for base, folders, names in walk(library, films):
        for name in [*folders, *names]:
            path = os.path.relpath(os.path.join(base, name), library)
            if name.startswith(".") and path not in truth.foreign:
                yield f"left over: {path}"


def _descriptions(own: Mapping[str, bytes]) -> Iterable[str]:
    for path in own:
        folder, name = os.path.split(path)
        stem = os.path.splitext(path)[0]
        if VIDEO.search(path) and path.startswith("../"):
            if os.path.basename(folder) != os.path.basename(stem):
                yield f"a film by another name than its folder: {path}"
            yield from _says(own, stem + ".nfo", "movie", None, None)
        elif VIDEO.search(path):
            numbers = NUMBERED.search(stem)
            if numbers is None:
                yield f"no numbers in the name {path}"
                continue
            wanted = [
                ("episodedetails", "season", int(numbers[1])),
                ("episodedetails", "episode", int(numbers[2])),
            ]
            for root, tag, value in wanted:
                yield from _says(own, stem + ".nfo", root, tag, value)
            season = SEASON.match(os.path.basename(folder))
            if season is None or int(season[1]) != int(numbers[1]):
                yield f"in the wrong season: {path}"
            yield from _says(own, f"{folder}/season.nfo", "season", "seasonnumber", int(numbers[1]))
            yield from _says(own, f"{os.path.dirname(folder)}/tvshow.nfo", "tvshow", None, None)
        elif name.endswith(".nfo") and name not in {"season.nfo", "tvshow.nfo"}:
            described = any(f"{stem}{suffix}" in own for suffix in (".mkv", ".mp4"))
            yield from [] if described else [f"describes nothing: {path}"]


def _says(
    own: Mapping[str, bytes], path: str, root: str, tag: str | None, value: int | None
) -> Iterable[str]:
    if path not in own:
        yield f"missing: {path}"
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        document = etree.fromstring(own[path], parser)
    except etree.XMLSyntaxError as error:
        yield f"not XML: {path}: {error}"
        return
    if document.tag != root:
        yield f"about something else: {path}"
    elif tag is not None and document.findtext(tag) != str(value):
        yield f"{path} says {tag} {document.findtext(tag)}, not {value}"


def _subtitles(own: Mapping[str, bytes], truth: Truth) -> Iterable[str]:
    of_media = {digest(content): name for name, content in (truth.media | truth.waiting).items()}
    places: dict[bytes, list[str]] = {content: [] for content in truth.subtitles}
    for path, content in own.items():
        if not SUBTITLE.search(path):
            continue
        if content not in places:
            yield f"no original has the content of {path}"
            continue
        places[content].append(path)
        beside = [
            name
            for other, video in own.items()
            if VIDEO.search(other) and path.startswith(os.path.splitext(other)[0] + ".")
            for name in [of_media.get(digest(video))]
        ]
        if beside != [truth.subtitles[content]]:
            yield f"{path} belongs to {truth.subtitles[content]} and lies beside {beside}"
    for content, lies in places.items():
        needed = truth.subtitles[content] in truth.media
        if len(lies) > 1 or (needed and not lies):
            yield f"subtitle of {truth.subtitles[content]} lies at {lies or 'no place'}"


def _ghosts(library: Path, films: Path | None, truth: Truth) -> Iterable[str]:
    """Folders without any video below them, unless something foreign keeps them alive."""
    for base, _folders, _names in walk(library, films):
        path = os.path.relpath(base, library)
        if Path(base) in (library, films) or path in truth.foreign_folders or ".trickplay" in path:
            continue
        has_video = any(VIDEO.search(name) for _b, _f, names in os.walk(base) for name in names)
        keeps = any(foreign.startswith(path + "/") for foreign in truth.foreign)
        if not has_video and not keeps:
            yield f"ghost folder: {path}"
