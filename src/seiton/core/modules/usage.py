"""What a module is in use for: what would stop, or go elsewhere, without it."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.service import Core
from seiton.domain.states import GIVEN_UP, IN_CLIENT, ModuleType


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleUsage:
    """Feeds that a fetcher looks after, transfers that a downloader has, files that a viewer keeps."""

    feeds: int = 0
    transfers: int = 0
    files: int = 0


def usage_of(core: Core, module: Row) -> ModuleUsage:
    """Return what ``module`` is in use for."""
    subscriptions, downloads = tables.subscriptions.c, tables.downloads.c

    def number(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*conditions)
        with core.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    match ModuleType(module["module_type"]):
        case ModuleType.FETCHER:
            mine = subscriptions.fetcher_id == module["module_id"]
            return ModuleUsage(feeds=number(tables.subscriptions, mine, subscriptions.is_active))
        case ModuleType.DOWNLOADER:
            is_open = downloads.status.in_(sorted(IN_CLIENT))
            mine = downloads.module_id == module["module_id"]
            return ModuleUsage(transfers=number(tables.downloads, is_open, mine))
        case ModuleType.VIEWER:
            is_kept = downloads.status.not_in(sorted(GIVEN_UP))
            return ModuleUsage(files=number(tables.downloads, downloads.viewer == module["name"], is_kept))
        case _:
            return ModuleUsage()
