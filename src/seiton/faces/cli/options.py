"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="SEITON_URL",
        metavar="URL",
        help=_("Where Seiton runs; without it, the host and port of the settings."),
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help=_("Print one JSON document, for programs."))]
Limit = Annotated[int, typer.Option("--limit", min=1, help=_("How many at most."))]
Offset = Annotated[int, typer.Option("--offset", min=0, help=_("How many to leave out first."))]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar=_("FIELD=VALUE"),
        help=_("A field of the parser; may be given several times. FIELD= takes a value away."),
        show_default=False,
    ),
]
ParserFile = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar=_("FILE"),
        help=_("A JSON file with fields of the parser; - reads from standard input."),
        show_default=False,
    ),
]
PlanId = Annotated[
    str | None,
    typer.Option(
        "--plan",
        metavar=_("PLAN"),
        help=_("The plan that a preview showed: if just that follows, nothing waits for a confirmation."),
        show_default=False,
    ),
]

Data = Annotated[
    Path | None,
    typer.Option(help=_("Folder for the database and everything Seiton keeps."), show_default=False),
]
Host = Annotated[str | None, typer.Option(help=_("Address to listen at."), show_default=False)]
Port = Annotated[int | None, typer.Option(help=_("Port to listen at."), show_default=False)]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help=_("sqlite:///FILE or postgresql://USER@HOST/NAME."), show_default=False),
]
Library = Annotated[Path | None, typer.Option(help=_("Folder of the library."), show_default=False)]
Downloads = Annotated[Path | None, typer.Option(help=_("Folder for downloads."), show_default=False)]
Config = Annotated[Path | None, typer.Option(help=_("The settings file."), show_default=False)]
Language = Annotated[str | None, typer.Option(help=_("en or zh_Hant."), show_default=False)]


def read_settings(**flags: Any) -> Settings:
    """Put the settings together. Raises ``WrongUsage`` that names what is wrong, and where it was said."""
    from seiton.config import load_settings
    from seiton.errors import InvalidInput
    from seiton.faces.cli.output import WrongUsage

    try:
        return load_settings(**flags)
    except InvalidInput as error:
        raise WrongUsage(error.problems) from error
