"""``seiton config``: the settings, and where each comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seiton.faces.cli.options import Json, with_settings
from seiton.faces.cli.output import print_json, print_table
from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings

HELP = _(
    "Show every setting, its value and where it comes from: a flag, a SEITON_* variable, seiton.toml, or the"
    " default.\n\nExample: seiton config --json"
)


@with_settings
def config(settings: Settings, as_json: Json = False) -> None:
    """Print what ``seiton serve`` with the same flags would use; secrets are masked."""
    from seiton.config import describe

    lines = describe(settings)
    if as_json:
        print_json([line._asdict() for line in lines])
        return
    print_table([_("Setting"), _("Value"), _("From")], lines)
