"""``seiton library``: is the library as it was left?"""

from __future__ import annotations

import typer

from seiton.faces.cli import drift
from seiton.text import _


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("The library: check it, repair it."), no_args_is_help=True)
    drift.add_commands(group)
    return group
