"""What Alembic runs for both services: our tables only, on the connection it was given."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from alembic import context


def run() -> None:
    """Run migrations on the caller's connection, inside the caller's transaction.

    Only tables of this service are looked at (the job engine's and the other service's are not ours).
    """
    config = context.config
    service: str = config.attributes["service"]
    metadata = import_module(f"seiton.{service}.tables").metadata

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "table" or name in metadata.tables

    context.configure(
        connection=config.attributes["connection"],
        target_metadata=metadata,
        version_table=f"{service}_schema_version",
        include_name=ours,
        render_as_batch=True,
        compare_type=True,
    )
    context.run_migrations()
