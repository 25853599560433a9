"""Values that several settings take: how each is read, and what a person is told who got it wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from seiton.text import _


def lower(value: object) -> object:
    """Take a word in any case and with spaces around it."""
    return value.strip().lower() if isinstance(value, str) else value


def address(value: str) -> str:
    """Accept where something is reached over HTTP; a name and a password in it would end up in messages."""
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.query or parts.fragment:
        raise ValueError(_("must be an address such as http://192.0.2.7:8000"))
    if parts.username or parts.password:
        raise ValueError(_("must be without user name and password: they have settings of their own"))
    return value.rstrip("/")


def _split(value: object) -> object:
    """Split what a variable can only give as one text: pairs with ``;`` between them."""
    return (
        tuple(part.strip() for part in value.split(";") if part.strip()) if isinstance(value, str) else value
    )


def _folders(value: str) -> str:
    here, equals, there = value.partition("=")
    if not (equals and here.startswith("/") and there.startswith("/") and "\0" not in value):
        raise ValueError(_("must be pairs of absolute folders, such as /media/downloads=/downloads"))
    return value


def _places(value: str) -> str:
    here, equals, there = value.partition("=")
    if not (equals and here.startswith("/") and there.strip() and "\0" not in value):
        raise ValueError(
            _("must be pairs of folders, such as /media/anime=/tv or /media/anime=nfs://nas/anime")
        )
    return value


def tables_or(sentence: str) -> Callable[[object], object]:
    """Return what reads a JSON list of tables, which is all that a variable can give; else ``sentence``."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(_(sentence)) from error

    return read


def pairs_of(path_map: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return each ``HERE=THERE`` as ``(here, there)``."""
    return tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in path_map)


Address = Annotated[str, AfterValidator(address)]
FolderMap = Annotated[tuple[Annotated[str, AfterValidator(_folders)], ...], BeforeValidator(_split)]
"""``HERE=THERE``: what Seiton calls a folder, and what another program on a host like this one calls it."""
PlaceMap = Annotated[tuple[Annotated[str, AfterValidator(_places)], ...], BeforeValidator(_split)]
"""The same where the other program may know the folder by an address."""
