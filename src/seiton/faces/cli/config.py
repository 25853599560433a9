"""``seiton config``: the settings, and where each comes from."""

from __future__ import annotations

from seiton.faces.cli.options import (
    Config,
    Data,
    DatabaseUrl,
    Downloads,
    Host,
    Json,
    Language,
    Library,
    Port,
    read_settings,
)
from seiton.faces.cli.output import print_json, print_table
from seiton.text import _

HELP = _(
    "Show every setting, its value and where it comes from: a flag, a SEITON_* variable, seiton.toml, or the"
    " default.\n\nExample: seiton config --json"
)


def config(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    database_url: DatabaseUrl = None,
    library: Library = None,
    downloads: Downloads = None,
    config: Config = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Print what ``seiton serve`` with the same flags would use; secrets are masked."""
    from seiton.config import describe

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
    lines = describe(settings)
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    print_table([_("Setting"), _("Value"), _("From")], lines)
