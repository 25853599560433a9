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
Page = dict[str, int]
"""Which part of a list is asked for: ``limit`` and ``offset``, as the API calls them."""
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
Preview = Annotated[bool, typer.Option("--preview", help=_("Show what it would do, and change nothing."))]
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

    flags = [_flag(name, flag) for name, flag in known.items()]
    return _signed(run, command, [*flags, *_own_options(command)])


def paged(limit: int = 50) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator for commands that list: ``--limit`` and ``--offset`` before their ``--url``.

    Without ``--limit`` it is ``limit``. The first parameter of such a command gets its ``Page``.
    """
    flags = [_flag("limit", Limit, limit), _flag("offset", Offset, 0)]

    def with_page(command: Callable[..., None]) -> Callable[..., None]:
        def run(limit: int, offset: int, **given: Any) -> None:
            command({"limit": limit, "offset": offset}, **given)

        own = _own_options(command)
        at = [option.name for option in own].index("url")
        return _signed(run, command, [*own[:at], *flags, *own[at:]])

    return with_page


def _flag(name: str, flag: Any, default: object = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=flag)


def _own_options(command: Callable[..., None]) -> list[inspect.Parameter]:
    """Return the parameters of ``command`` after the first, which is not the user's to give."""
    hints = get_type_hints(command, localns={"Settings": Any}, include_extras=True)
    _given, *own = inspect.signature(command).parameters.values()
    return [
        option.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[option.name]) for option in own
    ]


def _signed(
    run: Callable[..., None], command: Callable[..., None], options: list[inspect.Parameter]
) -> Callable[..., None]:
    """Return ``run`` with the name and text of ``command``, taking ``options``."""
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    run.__annotations__ = {option.name: option.annotation for option in options}
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
