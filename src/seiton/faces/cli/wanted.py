"""``seiton wanted``: episodes that were broadcast and are not there; look for them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import print_json, print_table, say
from seiton.text import _, plural

HELP = _(
    "List episodes that were broadcast and are neither there nor on their way, or look for them: where feeds"
    " come from that can be searched (Torznab and others), and among what is stored.\n\n"
    "Example: seiton wanted --seek 3 --episode 7"
)


@paged()
def wanted(
    page: Page,
    seek: Annotated[
        int | None, typer.Option(metavar=_("SERIES"), help=_("Look for what is missing of this series."))
    ] = None,
    episode: Annotated[int | None, typer.Option(help=_("With --seek: only this episode."))] = None,
    until: Annotated[
        str | None, typer.Option(metavar=_("DATE"), help=_("Only what was broadcast up to this day."))
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what is missing, or what a search came to."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        if seek is not None:
            body = {} if episode is None else {"episode_no": episode}
            found: Any = api.post(f"/series/{seek}/seek", body)
            if as_json:
                print_json(found)
            else:
                _print_found(found)
            return
        rows = api.get("/wanted", until=until, **page)
        since = api.headers.get("Seiton-Searched-To")
    if as_json:
        print_json(rows)
        return
    print_table(
        [_("Number"), _("Work"), _("Season"), _("Missing"), _("Episodes")],
        [
            (
                row["series_id"],
                row["anime_title"],
                row["series_no"],
                row["missing"],
                ", ".join(_number(one) for one in row["episodes"]),
            )
            for row in rows
        ],
        empty=_("Everything that was broadcast is there or on its way."),
    )
    if since:
        say(_("Looked back to {day}; with --until an earlier day it goes on.", day=since))


def _number(one: dict[str, Any]) -> str:
    return f"{one['episode_no']:02}" + (f".{one['episode_tenths']}" if one["episode_tenths"] else "")


def _print_found(found: dict[str, Any]) -> None:
    say(
        _(
            "Entries found: {found} (new: {new}); sites asked: {sites}; downloads begun: {started}",
            found=found["found"],
            sites=len(found["asked"]),
            new=found["new"],
            started=found["started"],
        )
    )
    for failure in found["failures"]:
        say(f"{failure['host']}: {failure['why']}")
    if found["filtered"]:
        say(
            plural(
                "{number} release is kept out by filter rules.",
                "{number} releases are kept out by filter rules.",
                found["filtered"],
            )
        )
    if found["unread"]:
        print_table(
            [_("Number"), _("Titles that no parser reads")],
            [(row["item_id"], row["title"]) for row in found["unread"]],
        )
