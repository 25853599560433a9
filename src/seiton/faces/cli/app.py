"""All commands in one program. Built after the language is known: help texts are sentences too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from seiton.demo.programs import ClientKind
from seiton.text import _

_DEMO = _(
    "Show what Seiton does, offline and in under a minute: a feed becomes a library, and an edited parser"
    " re-orders it.\n\nExample: seiton demo --keep /tmp/seiton-demo --client qbittorrent"
)


def _demo(
    keep: Annotated[
        Path | None,
        typer.Option(help=_("Keep everything in this new folder, to look around in afterwards.")),
    ] = None,
    client: Annotated[
        ClientKind,
        typer.Option(help=_("Start this torrent client, if it is installed, and download with it.")),
    ] = ClientKind.EMBEDDED,
    as_json: Annotated[
        bool, typer.Option("--json", help=_("End with one JSON object, for programs."))
    ] = False,
) -> None:
    # It brings the whole server along, which no other command needs.
    from seiton.faces.cli.demo import demo

    demo(keep=keep, client=client, as_json=as_json)


def _version(wanted: bool) -> None:
    if wanted:
        from seiton import __version__

        print(__version__)
        raise typer.Exit


def _program(
    version: Annotated[
        bool,
        typer.Option("--version", help=_("Print the version."), callback=_version, is_eager=True),
    ] = False,
) -> None:
    del version


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the program, with the one command that ``arguments`` name or else with all: to make ready and
    look through what belongs to all of them takes longer than most commands.
    """
    _translate_headings()
    app = typer.Typer(
        help=_(
            "Seiton keeps an anime library in order by rules: edit a rule, and the files on the disk follow."
        ),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    named = next(iter(arguments), "")
    for name in [named] if named in COMMANDS else COMMANDS:
        COMMANDS[name](app, name)
    return app


def _single(app: typer.Typer, name: str) -> None:
    """Add the command of a module that is named like it."""
    module = import_module(f"seiton.faces.cli.{name}")
    app.command(name, help=module.HELP)(getattr(module, name))


def _group(app: typer.Typer, name: str) -> None:
    """Add the commands of a module that is named like their group."""
    module = import_module(f"seiton.faces.cli.{name.replace('-', '_')}")
    app.add_typer(module.commands(), name=name)


def _role(app: typer.Typer, name: str) -> None:
    from seiton.faces.cli import roles

    app.command(name, help=roles.helps()[name])(roles.command(name))


def _add_demo(app: typer.Typer, name: str) -> None:
    app.command(name, help=_DEMO)(_demo)


def _removing(app: typer.Typer, name: str) -> None:
    from seiton.faces.cli import removals

    app.command(name, help=removals.HELP)(removals.remove)


def _trash(app: typer.Typer, name: str) -> None:
    from seiton.faces.cli import removals

    app.add_typer(removals.commands(), name=name)


COMMANDS: Mapping[str, Callable[[typer.Typer, str], None]] = {
    "serve": _single,
    "core": _role,
    "fetcher": _role,
    "downloader": _role,
    "viewer": _role,
    "worker": _role,
    "demo": _add_demo,
    "status": _single,
    "doctor": _single,
    "config": _single,
    "subscriptions": _group,
    "parsers": _group,
    "filters": _group,
    "conflicts": _group,
    "raw-items": _group,
    "downloads": _group,
    "resyncs": _group,
    "wanted": _single,
    "season": _single,
    "library": _group,
    "holds": _group,
    "pins": _group,
    "identity": _group,
    "follow": _group,
    "modules": _group,
    "notifications": _group,
    "plan": _group,
    "remove": _removing,
    "trash": _trash,
    "database": _group,
    "dev": _group,
}
"""What adds each command, in the order of the help page."""


def _translate_headings() -> None:
    """Have help pages speak the reader's language, also where their frame comes from Typer."""
    if _("Options") == "Options":
        return
    from typer import rich_utils

    rich_utils.OPTIONS_PANEL_TITLE = _("Options")
    rich_utils.ARGUMENTS_PANEL_TITLE = _("Arguments")
    rich_utils.COMMANDS_PANEL_TITLE = _("Commands")
    rich_utils.ERRORS_PANEL_TITLE = _("Error")
    rich_utils.REQUIRED_LONG_STRING = _("[required]")
    rich_utils.DEFAULT_STRING = _("[default: {}]")
    rich_utils.ENVVAR_STRING = _("[env var: {}]")
    rich_utils.ABORTED_TEXT = _("Aborted.")
    rich_utils.RICH_HELP = _("Try [blue]'{command_path} {help_option}'[/] for help.")
