"""What a media server has of a video: what it read from the NFO, and who has watched how much of it.

Paths here are text as the server has it, unless they are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seiton.domain.nfo_merge import Unreadable, parse_nfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The state of one video for one user. ``last_played`` is the server's own text, given back verbatim;
    ``position_s`` and ``total_s`` are seconds (``total_s`` where the server wants it, else 0).
    """

    played: bool = False
    count: int = 0
    last_played: str = ""
    position_s: float = 0.0
    total_s: float = 0.0
    favourite: bool = False

    def is_like(self, other: Watched) -> bool:
        """Say whether both mean the same: servers keep positions by the second, totals as they like."""
        same = (self.played, self.count, self.favourite) == (other.played, other.count, other.favourite)
        return same and self.last_played == other.last_played and abs(self.position_s - other.position_s) < 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """``watched`` of the video at ``path`` for ``user``."""

    path: str
    user: str
    watched: Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an NFO says, or a server has read from it; ``None`` where it does not say. Dates are ISO text."""

    title: str | None = None
    season: int | None = None
    episode: int | None = None
    plot: str | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a server has of one video: its own ``item_id``, and ``facts`` of the episode and of its show."""

    path: str
    item_id: str
    facts: Facts
    show: Facts


def spoken(content: bytes) -> Facts | None:
    """Return what an NFO of an episode, a show or a film says to a server; ``None`` if nobody can tell.

    Of a file with several episodes only the numbers of the first: servers join or divide the rest.
    """
    document = parse_nfo(content)
    if isinstance(document, Unreadable):
        return None
    blocks = [child for child in document if isinstance(child.tag, str)]
    if not blocks:
        return None
    first = blocks[0]
    is_one = len(blocks) == 1

    def text(tag: str) -> str | None:
        return " ".join((first.findtext(tag) or "").split()) or None

    def number(tag: str) -> int | None:
        value = text(tag) or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    return Facts(
        title=text("title") if is_one else None,
        season=number("season"),
        episode=number("episode"),
        plot=text("plot") if is_one else None,
        date=text("aired" if first.tag == "episodedetails" else "premiered"),
    )


def agrees(said: Facts | None, heard: Facts) -> bool:
    """Say whether a server has read what an NFO says. What either does not say is no contradiction."""
    if said is None:
        return True
    texts = ((said.title, heard.title), (said.plot, heard.plot), (said.date, heard.date))
    numbers = ((said.season, heard.season), (said.episode, heard.episode))
    return all(
        one is None or other is None or " ".join(one.split()) == " ".join(other.split())
        for one, other in texts
    ) and all(one is None or other is None or one == other for one, other in numbers)


def common_folder(paths: Iterable[bytes]) -> bytes:
    """Return the show folder that all relative ``paths`` lie in, else the library: an empty path.

    Of films it is the folder of all films.

    Never a season's: Kodi takes the folder that it is told to scan for a show's.
    """
    folders = {path.partition(b"/")[0] if b"/" in path else b"" for path in paths}
    return folders.pop() if len(folders) == 1 else b""


@dataclass(frozen=True, slots=True)
class PathMap:
    """Pairs ``(here, there)`` of one folder's names. The longest that fits decides; what fits none stays."""

    pairs: tuple[tuple[str, str], ...] = ()

    def there(self, path: bytes) -> str:
        """Return the server's name of what Seiton calls ``path`` (absolute)."""
        text = path.decode("utf-8", "surrogateescape")
        for here, there in sorted(self.pairs, key=lambda pair: -len(pair[0])):
            known = here.rstrip("/")
            if text == known or text.startswith(f"{known}/"):
                # A Windows share is written with backslashes all the way down.
                mark = "\\" if "\\" in there and "/" not in there else "/"
                rest = [part for part in text[len(known) :].split("/") if part]
                return mark.join([there.rstrip(mark), *rest]) if rest else there
        return text


def folder_of(path: str) -> str:
    """Return the folder of a server's ``path``, with the separator at its end."""
    at = max(path.rfind("/"), path.rfind("\\"))
    return path[: at + 1]


def by_path(heard: Iterable[Heard]) -> Mapping[str, Heard]:
    """Return one of what a server has per path: of several episodes in a file the first."""
    found: dict[str, Heard] = {}
    for item in sorted(heard, key=lambda one: (one.facts.season or 0, one.facts.episode or 0)):
        found.setdefault(item.path, item)
    return found
