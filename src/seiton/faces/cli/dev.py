"""``seiton dev``: for those who work on Seiton, or want to know how it does with a lot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from seiton.faces.cli.options import Json, with_settings
from seiton.faces.cli.output import print_json, say
from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("For trying Seiton out with a lot: make a large installation."), no_args_is_help=True
    )

    @group.callback()
    def hold_together() -> None:
        """Keep ``generate`` a command of its own, though it is the only one."""

    group.command(
        "generate",
        help=_(
            "Fill a new, empty installation with made-up feed entries, parsed by the built-in parsers, and"
            " with the downloads that follow. No media file is made.\n\n"
            "Example: seiton dev generate --items 1000000 --data /tmp/large"
        ),
    )(with_settings(generate))
    return group


def generate(
    settings: Settings,
    items: Annotated[int, typer.Option(min=1, help=_("How many feed entries."))] = 100_000,
    seed: Annotated[int, typer.Option(help=_("The same number makes the same installation."))] = 1,
    as_json: Json = False,
) -> None:
    """Make an installation and say what there is in it."""
    from seiton.adapters.database import Database
    from seiton.adapters.migrations import SERVICES, upgrade
    from seiton.adapters.pack_file import builtin_pack
    from seiton.core.rules.builtin import prepare_state
    from seiton.core.service import utc_now
    from seiton.demo.generate import Generated, made_installation

    os.makedirs(settings.data, exist_ok=True)
    database = Database(settings.database_url)
    made = Generated()
    try:
        for service in SERVICES:
            upgrade(database, service)
        prepare_state(database, builtin_pack(), utc_now())
        library = os.path.abspath(os.fspath(settings.library))
        for made in made_installation(database, items, seed=seed, library=library, now=utc_now()):
            if not as_json and made.items % 50_000 == 0:
                say(_("{count} of {total} entries", count=made.items, total=items))
    finally:
        database.close()
    counts = {"items": made.items, "parsed": made.parsed, "links": made.links, "downloads": made.downloads}
    if as_json:
        print_json(counts)
        return
    say(_("{items} entries, {parsed} of them parsed; {links} links, {downloads} downloads.", **counts))
