"""Schema migrations (Alembic) for the two services, side by side in one database or apart."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from seiton.adapters.database import Database
from seiton.errors import Unavailable
from seiton.text import _

Service = Literal["core", "viewer"]
SERVICES: tuple[Service, ...] = ("core", "viewer")


def _config(service: Service, connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("seiton") / "migrations" / service))
    config.attributes["connection"] = connection
    config.attributes["service"] = service
    return config


@cache
def _revisions(service: Service) -> tuple[str, ...]:
    """Return the revisions that this Seiton knows, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config(service)).walk_revisions())


def version_table(service: Service) -> str:
    """Return the name of the table that records how far a service's schema is."""
    return f"{service}_schema_version"


def upgrade(database: Database, service: Service, revision: str = "head") -> None:
    """Bring the service's tables to ``revision``; nothing happens when they are there already.

    Raises ``Unavailable`` when the database was written by a newer Seiton.
    """
    revisions = _revisions(service)
    with database.write() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table(service)})
        found = context.get_current_revision()
        if found == (revisions[0] if revision == "head" else revision):
            return
        if found is not None and found not in revisions:
            message = _("The database is of a newer Seiton (schema {found}). Install that.", found=found)
            raise Unavailable(message)
        command.upgrade(_config(service, connection), revision)


def state_of(database: Database, service: Service) -> tuple[str | None, str | None]:
    """Return how far a service's tables are, and how far they should be. Writes nothing."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": version_table(service)})
        return context.get_current_revision(), _revisions(service)[0]


def downgrade(database: Database, service: Service, revision: str) -> None:
    """Take the service's tables back to ``revision`` (``base`` removes them)."""
    with database.write() as connection:
        command.downgrade(_config(service, connection), revision)
