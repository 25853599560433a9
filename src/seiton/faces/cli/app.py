"""All commands in one program. Built after the language is known: help texts are sentences too."""

from __future__ import annotations

import typer

from seiton.text import _


def build() -> typer.Typer:
    """Return the program."""
    from seiton.faces.cli import (
        config,
        downloads,
        parsers,
        plan,
        raw_items,
        resyncs,
        serve,
        status,
        subscriptions,
    )
    from seiton.faces.cli.demo import demo

    app = typer.Typer(
        help=_(
            "Seiton keeps an anime library in order by rules: edit a rule, and the files on the disk follow."
        ),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version)
    app.command("serve", help=serve.HELP)(serve.serve)
    app.command("demo")(demo)
    app.command("status", help=status.HELP)(status.status)
    app.command("config", help=config.HELP)(config.config)
    app.add_typer(subscriptions.commands(), name="subscriptions")
    app.add_typer(parsers.commands(), name="parsers")
    app.add_typer(raw_items.commands(), name="raw-items")
    app.add_typer(downloads.commands(), name="downloads")
    app.add_typer(resyncs.commands(), name="resyncs")
    app.add_typer(plan.commands(), name="plan")
    return app
