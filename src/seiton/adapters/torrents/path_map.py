"""One folder under two names: what Seiton calls it, and what a client in another container calls it."""

from __future__ import annotations

from collections.abc import Sequence


class PathMap:
    """Pairs of absolute folders ``(here, there)``. The longest that fits decides; what fits none stays."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = tuple((_bare(here), _bare(there)) for here, there in pairs)

    def there(self, path: str) -> str:
        """Return the client's name of what Seiton calls ``path``."""
        return _renamed(path, self._pairs)

    def here(self, path: str) -> str:
        """Return Seiton's name of what the client calls ``path``."""
        return _renamed(path, [(there, here) for here, there in self._pairs])


def _renamed(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    fitting = [pair for pair in pairs if path == pair[0] or path.startswith(_below(pair[0]))]
    if not fitting:
        return path
    known, other = max(fitting, key=lambda pair: len(pair[0]))
    rest = path[len(_below(known)) :]
    return f"{_below(other)}{rest}" if rest else other


def _bare(folder: str) -> str:
    return folder.rstrip("/") or "/"


def _below(folder: str) -> str:
    return folder if folder.endswith("/") else f"{folder}/"
