"""Entry point for Alembic."""

from seiton.migrations.environment import run

run()
