"""``seiton serve``: everything in one process, on one port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seiton.faces.cli.options import with_settings
from seiton.text import _, use_language

if TYPE_CHECKING:
    from seiton.config import Settings

HELP = _(
    "Start Seiton: all of it in one process, on one port. Ctrl-C stops it.\n\n"
    "Example: seiton serve --library /media/anime --downloads /media/downloads --port 8000"
)


@with_settings
def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM; both end it with code 0."""
    from seiton.config import spoken_language

    use_language(spoken_language(settings))
    try:
        from seiton import serving

        serving.serve(settings, on_ready=_ready)
    except KeyboardInterrupt:  # before it listened, or while it was stopping
        return
    print(_("Seiton has stopped."), flush=True)


def _ready(address: str) -> None:
    print(_("Seiton runs at {address} (Ctrl-C stops it)", address=address), flush=True)
