"""The schema that all of Core's tables belong to."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Table

from seiton.adapters.database import NAMING

metadata = sa.MetaData(naming_convention=NAMING)


def table(name: str, *parts: sa.schema.SchemaItem) -> Table:
    """Return a table of Core by its name without prefix; ids are never given twice."""
    return Table(f"core_{name}", metadata, *parts, sqlite_autoincrement=True)
