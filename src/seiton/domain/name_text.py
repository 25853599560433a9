"""Text as (part of) a path component: what servers and shares refuse or misread is replaced.

Sources of the rules: nfo-naming §2 (what Jellyfin and Kodi read wrongly). ``docs/naming.md`` explains them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_FULL_WIDTH = str.maketrans('/\\:*?"<>|', "／＼：＊？＂＜＞｜")
"""SMB and NTFS refuse these nine; both servers read the full-width ones. One to one, so that ``A?``
and ``A:`` do not meet."""
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_SAMPLE = re.compile(r"(?<![^-._ ])sample(?![^-._ ])", re.IGNORECASE)
"""Kodi drops every path with this word between delimiters, but reads ``[sample]``."""
_NUMBERED = re.compile(r"(s[0-9]+[\]\[ ._x-]*)e(?=[0-9])", re.IGNORECASE)
"""``S02E03`` inside a title would be read as the number of the file (both servers)."""
_MARKUP = re.compile(
    r"[\[{](?=dontfetchmeta|(?:tvdb|tmdb|imdb|tvmaze|anidb|anilist|anisearch)(?:id)?[-=])", re.IGNORECASE
)
"""Jellyfin takes these as ids (``[tvdbid-1]``) or locks the show (``[dontfetchmeta]``)."""


def clean(text: str) -> str:
    """Return ``text`` as (part of) a path component in NFC that servers read as nothing else."""
    text = "".join(" " if char.isspace() and char != "\u3000" else char for char in text)
    text = "".join(char for char in text if unicodedata.category(char) not in _DROPPED)
    text = unicodedata.normalize("NFC", text).translate(_FULL_WIDTH)
    text = _EDGES.sub("", text)
    if all(unicodedata.category(char)[0] in "ZM" for char in text):
        return ""
    return _disarm(_NUMBERED.sub(lambda match: match[1] + "Ｅ", text))


def compose(text: str) -> str:
    """Return a component that was put together from clean parts, clean also where they meet."""
    return _disarm(_EDGES.sub("", unicodedata.normalize("NFC", text)))


def _disarm(text: str) -> str:
    """Return ``text`` without the words and marks that servers obey."""
    text = _SAMPLE.sub(r"[\g<0>]", text)
    return _MARKUP.sub(lambda match: "［" if match[0] == "[" else "｛", text)


def clip(text: str, budget: int) -> str:
    """Return ``text`` in at most ``budget`` bytes (≥ 24). What is cut keeps a digest of the whole, so
    that two long titles with one beginning do not meet.
    """
    if len(text.encode()) <= budget:
        return text
    suffix = "~" + hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    kept = text.encode()[: budget - len(suffix)].decode("utf-8", "ignore")
    end = len(kept)
    while end and _continues(text[end]):
        end -= 1
    return _EDGES.sub("", kept[:end] or kept) + suffix


def _continues(char: str) -> bool:
    """Say whether ``char`` is drawn on the one before it (a mark, a skin tone)."""
    return unicodedata.category(char)[0] == "M" or "\U0001f3fb" <= char <= "\U0001f3ff"
