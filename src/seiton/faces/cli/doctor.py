"""``seiton doctor``: is everything as it has to be, and what to do where it is not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from seiton.faces.cli.options import Json, Url, with_settings
from seiton.faces.cli.output import print_json, print_table, say
from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings

HELP = _(
    "Check folders, links, free space, clock, database, library, torrent client and feeds, and say what to"
    " do. Works with and without a running server; ends with code 1 when something is wrong.\n\n"
    "Example: seiton doctor --library /media/anime --downloads /media/downloads"
)


@with_settings
def doctor(settings: Settings, url: Url = None, as_json: Json = False) -> None:
    """Print what was found; exit code 1 when something is wrong."""
    from seiton.faces.cli.checks import examine, server
    from seiton.faces.findings import Health

    findings = [*examine(settings), server(url)]
    is_well = all(finding.health is not Health.BAD for finding in findings)
    if as_json:
        rows = [{"check": f.check, "health": f.health.value, "says": f.says, "do": f.do} for f in findings]
        print_json({"ok": is_well, "findings": rows})
    else:
        marks = {Health.GOOD: _("good"), Health.WARNING: _("mind"), Health.BAD: _("WRONG")}
        print_table(
            [_("Check"), "", _("Found"), _("What to do")],
            [(f.check, marks[f.health], f.says, f.do) for f in findings],
        )
        say(_("All is well.") if is_well else _("Something is wrong: see above."))
    if not is_well:
        raise typer.Exit(1)
