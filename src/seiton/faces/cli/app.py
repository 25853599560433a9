"""All commands in one program. Built after the language is known: help texts are sentences too."""

from __future__ import annotations

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


def build() -> typer.Typer:
    """Return the program."""
    from seiton.faces.cli import (
        config,
        conflicts,
        database,
        dev,
        doctor,
        downloads,
        filters,
        follow,
        holds,
        identity,
        library,
        modules,
        notifications,
        parsers,
        pins,
        plan,
        raw_items,
        removals,
        resyncs,
        roles,
        season,
        serve,
        status,
        subscriptions,
        wanted,
    )

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
    app.command("serve", help=serve.HELP)(serve.serve)
    for role, text in roles.helps().items():
        app.command(role, help=text)(roles.command(role))
    app.command("demo", help=_DEMO)(_demo)
    app.command("status", help=status.HELP)(status.status)
    app.command("doctor", help=doctor.HELP)(doctor.doctor)
    app.command("config", help=config.HELP)(config.config)
    app.add_typer(subscriptions.commands(), name="subscriptions")
    app.add_typer(parsers.commands(), name="parsers")
    app.add_typer(filters.commands(), name="filters")
    app.add_typer(conflicts.commands(), name="conflicts")
    app.add_typer(raw_items.commands(), name="raw-items")
    app.add_typer(downloads.commands(), name="downloads")
    app.add_typer(resyncs.commands(), name="resyncs")
    app.command("wanted", help=wanted.HELP)(wanted.wanted)
    app.command("season", help=season.HELP)(season.season)
    app.add_typer(library.commands(), name="library")
    app.add_typer(holds.commands(), name="holds")
    app.add_typer(pins.commands(), name="pins")
    app.add_typer(identity.commands(), name="identity")
    app.add_typer(follow.commands(), name="follow")
    app.add_typer(modules.commands(), name="modules")
    app.add_typer(notifications.commands(), name="notifications")
    app.add_typer(plan.commands(), name="plan")
    app.command("remove", help=removals.HELP)(removals.remove)
    app.add_typer(removals.commands(), name="trash")
    app.add_typer(database.commands(), name="database")
    app.add_typer(dev.commands(), name="dev")
    return app


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
