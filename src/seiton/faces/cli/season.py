"""``seiton season``: what is broadcast and is not in the library; follow a feed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import print_json, print_table, say
from seiton.text import _

if TYPE_CHECKING:
    from seiton.faces.cli.client import Api

HELP = _(
    "List what is broadcast at present and is not in the library; look at what a feed of one of these works"
    " would bring, and follow it.\n\n"
    "Example: seiton season --look 400602, then seiton season --look 400602 --source mikan --follow"
)


def season(
    look: Annotated[
        str | None,
        typer.Option(metavar=_("NUMBER"), help=_("Say where this work can be searched.")),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help=_("With --look: show what this place would bring."))
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help=_("With --source: follow it."))] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print the works, the places of one, or what a feed of it would bring."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        if look is None:
            found: Any = api.get("/season")
        elif source is None:
            found = api.get(f"/season/{look}/places")
        else:
            found = api.post(f"/season/{look}/preview", {"source": source})
            if follow:
                found = _follow(api, look, source, found)
    if as_json:
        print_json(found)
    elif look is None:
        _print_works(found)
    elif source is None:
        rows = [(place["source"], place["host"]) for place in found["places"]]
        empty = _("No site is known that can be searched: follow a feed of one, or set mikan_url.")
        print_table([_("Source"), _("Host")], rows, empty=empty)
    elif follow:
        say(_("It is followed by subscription {number}.", number=found["subscription_id"]))
    else:
        rows = [(entry["title"], entry["parser"]) for entry in found["entries"]]
        print_table([_("Title"), _("Parser")], rows, empty=_("Nothing of it is there yet"))


def _follow(api: Api, value: str, source: str, found: dict[str, Any]) -> Any:
    return api.post(f"/season/{value}/follow", {"source": source, "name": found["name"]})


def _print_works(works: list[dict[str, Any]]) -> None:
    print_table(
        [_("Number"), _("Weekday"), _("Work"), _("Followed by")],
        [(work["value"], work["weekday"], work["title"], work["subscription_id"]) for work in works],
        empty=_("Nothing is known yet: it is asked for in the background where a source is configured."),
    )
