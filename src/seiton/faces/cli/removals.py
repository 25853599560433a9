"""``seiton remove`` and ``seiton trash``: take away, and bring back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import clean, moment, print_json, print_table, say
from seiton.faces.words import hold, word
from seiton.text import _, plural

HELP = _(
    "Remove an episode (download), series, anime, subtitle_group or subscription: its files go to the"
    " trash of the library, from which they can be restored for 14 days. Shows first what that is.\n\n"
    "Example: seiton remove series 3 --torrents remove"
)

Kind = Annotated[
    str,
    typer.Argument(
        metavar=_("KIND"),
        help=_("download, series, anime, subtitle_group or subscription."),
        show_default=False,
    ),
]
Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Its number."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group ``trash``."""
    group = typer.Typer(help=_("Trash: list what was removed, restore it."), no_args_is_help=True)
    group.command("list", help=_("List what can be restored.\n\nExample: seiton trash list"))(show)
    group.command("restore", help=_("Bring back what was removed.\n\nExample: seiton trash restore 12"))(
        restore
    )
    return group


def remove(
    kind: Kind,
    target_id: Id,
    torrents: Annotated[
        str, typer.Option(help=_("keep them seeding, remove them, or delete them with their data."))
    ] = "keep",
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Do not ask."))] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Preview, ask, remove."""
    from seiton.faces.cli.client import Api

    target = {"target_type": kind, "target_id": target_id}
    with Api(url) as api:
        preview = api.post("/removals/preview", target)
        if not as_json:
            _print_preview(preview)
        if not yes:
            if as_json:
                print_json({"preview": preview})
                return
            if not typer.confirm(_("Remove it?"), default=False):
                say(_("Nothing was removed."))
                return
        removal = api.post("/removals", target | {"torrents": torrents})
    if as_json:
        print_json({"preview": preview, "removal": removal})
        return
    say(
        _(
            "Removed. It can be restored until {until}: seiton trash restore {removal_id}",
            until=moment(removal["restorable_until"]),
            removal_id=removal["removal_id"],
        )
    )


def _print_preview(preview: dict[str, Any]) -> None:
    number = len(preview["downloads"])
    say(plural("{name}: {number} episode", "{name}: {number} episodes", number, name=clean(preview["name"])))
    print_table(
        [_("File"), _("Size")],
        [(file["path"], _size(file["size"])) for file in preview["files"]],
        empty=_("Nothing of it lies in the library."),
    )
    if preview["torrents"]:
        print_table(
            [_("Torrent"), _("Size"), _("Needed by others")],
            [(t["info_hash"], _size(t["size"]), t["is_shared"]) for t in preview["torrents"]],
        )


def _size(number: int | None) -> str:
    if number is None:
        return ""
    value, units = float(number), ("B", "KiB", "MiB", "GiB", "TiB")
    for unit in units:
        if value < 1024 or unit == units[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return ""


@paged()
def show(page: Page, url: Url = None, as_json: Json = False) -> None:
    """Print what can be restored."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        found = api.get("/trash", **page)
    if as_json:
        print_json(found)
        return
    print_table(
        [_("ID"), _("What"), _("Name"), _("Episodes"), _("Until"), _("Held")],
        [
            (
                row["removal_id"],
                word(row["cause"]),
                row["name"],
                len(row["items"]),
                _("for good") if row["kept"] else moment(row["restorable_until"]),
                ", ".join(sorted({hold(item["reason"]) for item in row["items"] if item["reason"]})),
            )
            for row in found["removals"]
        ],
        empty=_("The trash is empty."),
    )


def restore(
    removal_id: Annotated[
        int, typer.Argument(metavar=_("ID"), help=_("Number of the removal."), show_default=False)
    ],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Bring back what was removed."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(f"/removals/{removal_id}/restore")
    if as_json:
        print_json(row)
        return
    say(_("It is being brought back; seiton resyncs show {number} says how far.", number=row["removal_id"]))
