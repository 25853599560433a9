"""Schema migrations (Alembic) for the two services, side by side in one database or apart.

Alembic is loaded only when there is something to migrate: most starts find nothing, and it is slow to load.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.errors import Unavailable
from seiton.text import _

if TYPE_CHECKING:
    from alembic.config import Config

Service = Literal["core", "viewer"]
SERVICES: tuple[Service, ...] = ("core", "viewer")


def _config(service: Service, connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("seiton") / "migrations" / service))
    config.attributes["connection"] = connection
    config.attributes["service"] = service
    return config


@cache
def _revisions(service: Service) -> tuple[str, ...]:
    """Return the revisions that this Seiton knows, newest first: the numbers that the files begin with."""
    folder = resources.files("seiton") / "migrations" / service / "versions"
    names = (script.name for script in folder.iterdir())
    return tuple(sorted((name[:4] for name in names if name[:4].isdigit()), reverse=True))


def version_table(service: Service) -> str:
    """Return the name of the table that records how far a service's schema is."""
    return f"{service}_schema_version"


def _current(connection: sa.Connection, service: Service) -> str | None:
    name = version_table(service)
    if not sa.inspect(connection).has_table(name):
        return None
    return connection.scalar(sa.select(sa.column("version_num")).select_from(sa.table(name)))


def upgrade(database: Database, service: Service, revision: str = "head") -> None:
    """Bring the service's tables to ``revision``; nothing happens when they are there already.

    Raises ``Unavailable`` when the database was written by a newer Seiton.
    """
    revisions = _revisions(service)
    with database.write() as connection:
        found = _current(connection, service)
        if found == (revisions[0] if revision == "head" else revision):
            return
        if found is not None and found not in revisions:
            message = _("The database is of a newer Seiton (schema {found}). Install that.", found=found)
            raise Unavailable(message)
        from alembic import command

        command.upgrade(_config(service, connection), revision)


def state_of(database: Database, service: Service) -> tuple[str | None, str | None]:
    """Return how far a service's tables are, and how far they should be. Writes nothing."""
    with database.read() as connection:
        return _current(connection, service), _revisions(service)[0]


def downgrade(database: Database, service: Service, revision: str) -> None:
    """Take the service's tables back to ``revision`` (``base`` removes them)."""
    from alembic import command

    with database.write() as connection:
        command.downgrade(_config(service, connection), revision)
