"""Posters: fetched once, kept by their content, given to viewers by name."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from seiton.adapters.files import digest_of
from seiton.adapters.http import Fetched, FetchError, FetchFault
from seiton.core import tables
from seiton.core.neighbours.states import may_ask, note_answer, note_failure
from seiton.core.service import Core
from seiton.domain.states import NeighbourKind
from seiton.errors import NotFound
from seiton.text import _

LARGEST = 1024 * 1024
"""Bytes of a poster; viewers take no larger generated file."""
_FORMS = ((b"\xff\xd8\xff", "jpg", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png", "png"))
"""How a picture begins, the suffix of its name, and what comes behind ``image/``."""


def fetch_picture(core: Core, url: str, *, linked_from: str) -> str | None:
    """Return the name of the picture at ``url``, fetched if it is not at hand; ``None``: not to be had now.

    Whoever gave the address counts as the document that links to it.
    """
    table = tables.pictures
    digest = hashlib.sha256(url.encode()).hexdigest()
    with core.database.read() as connection:
        query = sa.select(table.c.name).where(table.c.url_hash == digest)
        name = connection.execute(query).scalar_one_or_none()
    if name is not None or not may_ask(core, NeighbourKind.PICTURES, url):
        return name
    try:
        answer = core.web.get(url, max_bytes=LARGEST, accept="image/jpeg, image/png", linked_from=linked_from)
        content = answer.body if isinstance(answer, Fetched) else b""
        name = _name(url, content)
    except FetchError as error:
        note_failure(core, NeighbourKind.PICTURES, url, error)
        return None
    note_answer(core, NeighbourKind.PICTURES, url)
    with core.database.write() as connection:
        row = {"name": name, "url": url, "url_hash": digest, "content": content, "fetched_at": core.now()}
        known = connection.execute(sa.select(table.c.name).where(table.c.name == name)).first()
        if known is None:
            connection.execute(sa.insert(table).values(row))
        else:  # the same picture under another address
            moved = sa.update(table).where(table.c.name == name)
            connection.execute(moved.values(url=url, url_hash=digest, fetched_at=core.now()))
    return name


def _name(url: str, content: bytes) -> str:
    suffix = next((suffix for mark, suffix, _kind in _FORMS if content.startswith(mark)), None)
    if suffix is None:
        detail = _("what came is no JPEG or PNG picture")
        raise FetchError(FetchFault.NOT_HTTP, url, detail=detail)
    return f"{digest_of(content)}.{suffix}"


def picture_of(core: Core, external_id: int) -> str:
    """Return the name of the picture of a suggestion, fetched if it is not at hand.

    Raises ``NotFound`` where there is none, or it is not to be had now.
    """
    table = tables.external_ids.c
    query = sa.select(table.picture_url).where(table.external_id == external_id)
    with core.database.read() as connection:
        url = connection.execute(query).scalar_one_or_none()
    name = None
    if url is not None and core.bangumi is not None:
        name = fetch_picture(core, url, linked_from=core.bangumi.address)
    if name is None:
        raise NotFound(_("There is no picture of external id {external_id}.", external_id=external_id))
    return name


def kind_of_picture(content: bytes) -> str | None:
    """Return what a picture is, as it stands behind ``image/`` in a content type; ``None``: it is none."""
    return next((kind for mark, _suffix, kind in _FORMS if content.startswith(mark)), None)


def read_picture(core: Core, name: str) -> bytes:
    """Return a picture by its name. Raises ``NotFound``."""
    table = tables.pictures.c
    with core.database.read() as connection:
        content = connection.execute(sa.select(table.content).where(table.name == name)).scalar_one_or_none()
    if content is None:
        raise NotFound(_("There is no picture {name}.", name=name))
    return bytes(content)
