"""``seiton core | fetcher | downloader | viewer | worker``: one role in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from seiton.faces.cli.options import with_settings
from seiton.text import _, use_language

if TYPE_CHECKING:
    from seiton.config import Settings

_MODULE_SETTINGS = {
    "core_url": Annotated[
        str | None,
        typer.Option(help=_("The Core to register at, such as http://192.0.2.7:8000."), show_default=False),
    ],
    "public_url": Annotated[
        str | None,
        typer.Option(help=_("Where others reach this process, if not at host and port."), show_default=False),
    ],
    "module_name": Annotated[
        str | None,
        typer.Option("--name", help=_("What the module is called at Core."), show_default=False),
    ],
}


def helps() -> dict[str, str]:
    """Return what the help says of each command."""
    return {
        "core": _(
            "Start Core by itself: fetchers, downloaders and viewers register at it.\n\n"
            "Example: seiton core --host 0.0.0.0 --port 8000"
        ),
        "fetcher": _(
            "Start a fetcher by itself: it reads feeds for a Core.\n\n"
            "Example: seiton fetcher --core-url http://192.0.2.7:8000"
        ),
        "downloader": _(
            "Start a downloader by itself: it fetches torrents for a Core.\n\n"
            "Example: seiton downloader --downloads /media/downloads --core-url http://192.0.2.7:8000"
        ),
        "viewer": _(
            "Start a viewer by itself: it keeps a library for a Core.\n\n"
            "Example: seiton viewer --library /media/anime --downloads /media/downloads"
            " --core-url http://192.0.2.7:8000"
        ),
        "worker": _(
            "Start a worker: it shares the background work of a Core that runs by itself on PostgreSQL.\n\n"
            "Example: seiton worker --database-url postgresql://seiton@db/seiton"
        ),
    }


def command(name: str) -> Callable[..., None]:
    """Return the command that runs the role ``name`` until SIGINT or SIGTERM; both end it with code 0."""

    def run(settings: Settings) -> None:
        from seiton.config import spoken_language

        use_language(spoken_language(settings))
        try:
            from seiton import serving
            from seiton.roles import Role, alone

            role = Role(name)
            serving.serve(alone(role, settings), on_ready=_ready, roles=frozenset({role}))
        except KeyboardInterrupt:  # before it listened, or while it was stopping
            return
        print(_("Seiton has stopped."), flush=True)

    return with_settings(run, _MODULE_SETTINGS)


def _ready(address: str) -> None:
    print(_("Seiton runs at {address} (Ctrl-C stops it)", address=address), flush=True)
