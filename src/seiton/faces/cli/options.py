"""Options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from seiton.text import LANGUAGES, _

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

_SETTINGS = {
    "data": Annotated[
        Path | None,
        typer.Option(help=_("Folder for the database and everything Seiton keeps."), show_default=False),
    ],
    "host": Annotated[str | None, typer.Option(help=_("Address to listen at."), show_default=False)],
    "port": Annotated[int | None, typer.Option(help=_("Port to listen at."), show_default=False)],
    "database_url": Annotated[
        str | None,
        typer.Option(help=_("sqlite:///FILE or postgresql://USER@HOST/NAME."), show_default=False),
    ],
    "library": Annotated[Path | None, typer.Option(help=_("Folder of the library."), show_default=False)],
    "downloads": Annotated[Path | None, typer.Option(help=_("Folder for downloads."), show_default=False)],
    "config": Annotated[Path | None, typer.Option(help=_("The settings file."), show_default=False)],
    "language": Annotated[str | None, typer.Option(help=", ".join(LANGUAGES), show_default=False)],
}
"""The flags that stand for settings, by the name of the setting."""


def with_settings(
    command: Callable[..., None], more: Mapping[str, Any] = MappingProxyType({})
) -> Callable[..., None]:
    """Return ``command`` with a flag for each of these settings, and of ``more``, before its own options.

    Its first parameter gets the settings that the flags make. Typer reads options from a signature.
    """

    known = {**more, **_SETTINGS}

    def run(**given: Any) -> None:
        settings = read_settings(**{name: given.pop(name) for name in known})
        command(settings, **given)

    hints = get_type_hints(command, localns={"Settings": Any}, include_extras=True)
    _settings, *own = inspect.signature(command).parameters.values()
    flags = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=flag)
        for name, flag in known.items()
    ]
    own = [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[option.name]) for option in own
    ]
    run.__signature__ = inspect.Signature([*flags, *own])  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in [*flags, *own]}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def read_settings(**flags: Any) -> Settings:
    """Put the settings together. Raises ``WrongUsage`` that names what is wrong, and where it was said."""
    from seiton.config import load_settings
    from seiton.errors import InvalidInput
    from seiton.faces.cli.output import WrongUsage

    try:
        return load_settings(**flags)
    except InvalidInput as error:
        raise WrongUsage(error.problems) from error
