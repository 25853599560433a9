"""What the demo promises, checked on the disk: neither records nor memory are asked."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from lxml import etree

VIDEOS = (".mkv", ".mp4")
SUBTITLES = (".ass", ".srt")
_NUMBERED = re.compile(r" - S(\d+)E(\d+)$")


def files_below(folder: str) -> Iterator[str]:
    """Give every file below ``folder`` (relative), Seiton's own folder left out."""
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".seiton")
        for name in sorted(names):
            yield os.path.relpath(os.path.join(base, name), folder)


def media_digests(folder: str) -> dict[str, str]:
    """Return relative path → SHA-256 (hex) of every video and subtitle below ``folder``."""
    return {name: mark for name, mark in digests(folder).items() if name.endswith(VIDEOS + SUBTITLES)}


def digests(folder: str) -> dict[str, str]:
    """Return relative path → SHA-256 (hex) of every file below ``folder``."""
    found = {}
    for name in files_below(folder):
        with open(os.path.join(folder, name), "rb") as stream:
            found[name] = hashlib.sha256(stream.read()).hexdigest()
    return found


def faults(library: str, originals: Mapping[str, str]) -> list[str]:
    """Return everything that is not as it should be; ``originals`` are digest → name of all media."""
    found = Counter(media_digests(library).values())
    problems = [f"lost: {name}" for digest, name in originals.items() if not found[digest]]
    problems += [f"twice: {originals.get(digest, digest)}" for digest, n in found.items() if n > 1]
    problems += [f"not ours: {digest}" for digest in found if digest not in originals]
    for name in files_below(library):
        if os.path.basename(name).startswith("."):
            problems.append(f"left over: {name}")
        if name.endswith(VIDEOS):
            problems += _nfo_faults(library, name)
    if not found:
        problems.append("the library is empty")
    return problems


def _nfo_faults(library: str, video: str) -> list[str]:
    stem = os.path.splitext(video)[0]
    numbers = _NUMBERED.search(stem)
    if numbers is None:
        return [f"no episode number: {video}"]
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.parse(os.path.join(library, f"{stem}.nfo"), parser).getroot()
        etree.parse(os.path.join(library, video.split(os.sep)[0], "tvshow.nfo"), parser)
    except (OSError, etree.XMLSyntaxError) as error:
        return [f"{stem}.nfo: {error}"]
    said = root.findtext("season"), root.findtext("episode")
    named = str(int(numbers[1])), str(int(numbers[2]))
    return [] if said == named else [f"{stem}.nfo says {said}, the name says {named}"]


def misplaced(library: str, originals: Mapping[str, str], title: str, count: int) -> list[str]:
    """Check that ``title`` has episodes 1 to ``count``, each with the bytes of the release ``(NN)``."""
    digests = media_digests(library)
    problems = []
    for number in range(1, count + 1):
        path = os.path.join(title, "Season 01", f"{title} - S01E{number:02}.mkv")
        origin = originals.get(digests.get(path, ""), "")
        if f"({number:02})" not in origin:
            problems.append(f"{path} holds {origin or 'nothing'}")
    shows = {name.split(os.sep)[0] for name in files_below(library)}
    problems += [f"ghost: {show}" for show in shows if show != title and show[:-1] == title[:-1]]
    return problems
