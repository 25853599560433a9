"""``seiton database``: move an installation to another database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from seiton.faces.cli.options import Json
from seiton.faces.cli.output import print_json, say
from seiton.text import _

if TYPE_CHECKING:
    from seiton.adapters.database_copy import CopiedTable

_ADDRESS = "sqlite:///… | postgresql://…"


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Move an installation to another database."), no_args_is_help=True)

    @group.callback()
    def hold_together() -> None:
        """Keep ``copy`` a command of its own, though it is the only one."""

    group.command(
        "copy",
        help=_(
            "Copy an installation from one database to another, SQLite or PostgreSQL, while Seiton is"
            " stopped. The source stays as it is; the target must be empty. Every table is read back and"
            " compared. Then set database_url to the new one: the first start looks at everything once.\n\n"
            "Example: seiton database copy sqlite:////srv/seiton/seiton.db postgresql://seiton@db/seiton"
        ),
    )(copy)
    return group


def copy(
    source: Annotated[
        str,
        typer.Argument(metavar="FROM", envvar="SEITON_COPY_FROM", help=_ADDRESS, show_default=False),
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", envvar="SEITON_COPY_TO", help=_ADDRESS, show_default=False)
    ],
    as_json: Json = False,
) -> None:
    """Copy, and say what was copied; the last line is about all of it."""
    from seiton.adapters.database_copy import copy_installation
    from seiton.config import mask_secrets
    from seiton.core.tables import metadata as core
    from seiton.viewer.tables import metadata as viewer

    def on_table(table: CopiedTable) -> None:
        if not as_json:
            say(_("{table}: {rows} rows, checksum {checksum}", **_facts(table)))

    copied = copy_installation(source, target, {"core": core, "viewer": viewer}, on_table=on_table)
    rows = sum(table.rows for table in copied)
    where = {"source": mask_secrets(source), "target": mask_secrets(target)}
    if as_json:
        tables = [_facts(table) for table in copied]
        print_json({"from": where["source"], "to": where["target"], "rows": rows, "tables": tables})
        return
    say(
        _(
            "Copied {tables} tables with {rows} rows from {source} to {target}; the next start there looks at"
            " everything once.",
            tables=len(copied),
            rows=rows,
            **where,
        )
    )


def _facts(table: CopiedTable) -> dict[str, str | int]:
    return {"table": table.name, "rows": table.rows, "checksum": table.checksum}
