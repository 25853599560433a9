"""The file of the built-in parser pack, as it was installed."""

from __future__ import annotations

from functools import cache
from importlib import resources

from seiton.domain.pack import Pack, read_pack


@cache
def builtin_pack() -> Pack:
    """Return the parser pack that comes with this version of Seiton."""
    return read_pack((resources.files("seiton") / "data" / "parsers.toml").read_text(encoding="utf-8"))
