"""``seiton serve``: everything in one process, on one port."""

from __future__ import annotations

from seiton.faces.cli.options import (
    Config,
    Data,
    DatabaseUrl,
    Downloads,
    Host,
    Language,
    Library,
    Port,
    read_settings,
)
from seiton.text import _, use_language

HELP = _(
    "Start Seiton: all of it in one process, on one port. Ctrl-C stops it.\n\n"
    "Example: seiton serve --library /media/anime --downloads /media/downloads --port 8000"
)


def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    database_url: DatabaseUrl = None,
    library: Library = None,
    downloads: Downloads = None,
    config: Config = None,
    language: Language = None,
) -> None:
    """Run until SIGINT or SIGTERM; both end it with code 0."""
    settings = read_settings(
        data=data,
        host=host,
        port=port,
        database_url=database_url,
        library=library,
        downloads=downloads,
        config=config,
        language=language,
    )
    from seiton.config import spoken_language

    use_language(spoken_language(settings))
    try:
        from seiton import bootstrap

        bootstrap.serve(settings, on_ready=_ready)
    except KeyboardInterrupt:  # before it listened, or while it was stopping
        return
    print(_("Seiton has stopped."), flush=True)


def _ready(address: str) -> None:
    print(_("Seiton runs at {address} (Ctrl-C stops it)", address=address), flush=True)
