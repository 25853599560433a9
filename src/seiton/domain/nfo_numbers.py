"""An NFO that somebody else wrote goes along with its video: only the numbers must not lie."""

from __future__ import annotations

from seiton.domain.metadata import EpisodeMeta
from seiton.domain.nfo import DECLARATION
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.domain.nfo_reading import About, Said, read_nfo


def renumbered(existing: bytes, meta: EpisodeMeta) -> bytes | Unreadable:
    """Return ``existing`` saying the season and episode of ``meta``, or that it is a film; all else as it is.

    Media servers believe the NFO more than the file's name (nfo-naming rule 1). Where it says these numbers,
    the same bytes are returned.
    """
    if meta.is_movie:
        said = read_nfo(existing)
        is_film = isinstance(said, Said) and said.about is About.MOVIE
        return existing if is_film else merge(existing, f"{DECLARATION}<movie>\n</movie>\n".encode())
    said = read_nfo(existing)
    if isinstance(said, Said) and _agrees(said, meta):
        return existing
    return merge(existing, _numbers_nfo(meta))


def _agrees(said: Said, meta: EpisodeMeta) -> bool:
    numbers = (said.season, said.episode, said.episodes)
    return said.about is About.EPISODE and numbers == (meta.series_no, meta.episode_no, 1)


def _numbers_nfo(meta: EpisodeMeta) -> bytes:
    numbers = f"  <season>{meta.series_no}</season>\n  <episode>{meta.episode_no}</episode>\n"
    if meta.series_no == 0 and meta.display_season is not None and meta.display_episode is not None:
        numbers += f"  <displayseason>{meta.display_season}</displayseason>\n"
        numbers += f"  <displayepisode>{meta.display_episode}</displayepisode>\n"
    return f"{DECLARATION}<episodedetails>\n{numbers}</episodedetails>\n".encode()
