"""Simplified Chinese as it is written in Taiwan, by OpenCC's dictionaries."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

SCHEME = "s2twp"
"""Characters and, where they differ, the words of Taiwan."""


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC(SCHEME)


def to_traditional(text: str) -> str:
    """Return ``text`` in traditional characters; what is not simplified Chinese stays as it is."""
    return str(_converter().convert(text))
