"""The built-in parsers: their version, what an update of them deferred, and a copy to change."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from seiton.core.queries import get_pack_version
from seiton.core.rules.pack_updates import count_deferred, take_deferred
from seiton.core.rules.parser_preview import preview_deferred
from seiton.core.rules.parsers import copy_parser, follow
from seiton.core.service import Core
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.core_api.parsers import Follows, ParserWritten, follows, written
from seiton.faces.core_api.resyncs import Confirmation
from seiton.faces.fields import IdInPath
from seiton.faces.problems import documented


class Builtin(BaseModel):
    """The pack of built-in parsers. ``deferred``: titles that its last update reads otherwise than before."""

    version: int
    deferred: int


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/parsers/builtin`` and copies. Before ``/parsers/{parser_id}``."""

    @router.get("/parsers/builtin")
    def show_builtin() -> Builtin:
        """Show the version of the built-in parsers, and how many titles wait for you to take an update."""
        with core.database.read() as connection:
            return Builtin(version=get_pack_version(connection), deferred=count_deferred(connection))

    @router.post("/parsers/builtin/preview")
    def preview_update() -> ImpactAnswer:
        """Show what taking the update would do: links that change, and the files that would move."""
        return ImpactAnswer.model_validate(preview_deferred(core))

    @router.post("/parsers/builtin/take", responses=documented(409))
    def take_update(body: Confirmation | None = None) -> Follows:
        """Take what an update of the built-in parsers deferred. Files follow; ``plan_id`` as for an edit."""
        taken = take_deferred(core, plan_id=body.plan_id if body else None)
        return Follows.model_validate(follows(follow(core, taken)))

    @router.post("/parsers/{parser_id}/copy", status_code=201, responses=documented(404))
    def copy_one(parser_id: IdInPath) -> ParserWritten:
        """Copy a parser, built in or not. The copy is yours, and switched off until you switch it on."""
        return written(copy_parser(core, parser_id))
