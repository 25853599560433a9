"""``seiton raw-items``: feed entries as they came."""

from __future__ import annotations

from typing import Annotated

import typer

from seiton.faces.cli.learning import shapes
from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import moment, print_facts, print_json, print_table, say
from seiton.faces.words import word
from seiton.text import _

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the raw item."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Feed entries as they came: list, show, parse again, set aside."), no_args_is_help=True
    )
    group.command(
        "list",
        help=_(
            "List feed entries, the newest first.\n\n"
            "Example: seiton raw-items list --status no_match,failed --search 芙莉蓮 --limit 20"
        ),
    )(show)
    group.command("show", help=_("Show one entry.\n\nExample: seiton raw-items show 17"))(show_one)
    group.command(
        "reparse", help=_("Parse one title again, by all rules.\n\nExample: seiton raw-items reparse 17")
    )(reparse)
    group.command(
        "shapes",
        help=_(
            "Put the titles that no parser reads together by shape, each with a proposed parser.\n\n"
            "Example: seiton raw-items shapes --limit 10"
        ),
    )(shapes)
    group.command(
        "skip",
        help=_("Set an entry aside: no rule edit takes it up again.\n\nExample: seiton raw-items skip 17"),
    )(skip)
    return group


@paged()
def show(
    page: Page,
    status: Annotated[
        str | None,
        typer.Option(
            help=_("pending, parsed, no_match, failed or skipped; several with commas."), show_default=False
        ),
    ] = None,
    subscription: Annotated[
        int | None, typer.Option(help=_("Only what this subscription brought."), show_default=False)
    ] = None,
    search: Annotated[
        str | None, typer.Option(help=_("Only entries with this in their title."), show_default=False)
    ] = None,
    before: Annotated[
        int | None,
        typer.Option(help=_("Only entries older than the one of this number."), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print entries."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        query = {"status": status, "subscription_id": subscription, "search": search}
        rows = api.get("/raw-items", **query, before=before, **page)
        # One search looks at some thousand titles; it goes on here until the page is full.
        while (
            not page["offset"]
            and len(rows) < page["limit"]
            and (searched_to := api.headers.get("Seiton-Searched-To"))
        ):
            rows += api.get("/raw-items", **query, before=searched_to, limit=page["limit"] - len(rows))
    if as_json:
        print_json(rows)
        return
    print_table(
        [_("ID"), _("Status"), _("Parser"), _("Download"), _("Title")],
        [
            (
                row["item_id"],
                word(row["status"]),
                row["parser_id"],
                word(row["download"]["status"]) if row["download"] else None,
                row["title"],
            )
            for row in rows
        ],
    )


def show_one(item_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Print one entry."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.get(f"/raw-items/{item_id}")
    if as_json:
        print_json(row)
        return
    print_facts(
        {
            _("ID"): row["item_id"],
            _("Title"): row["title"],
            _("Status"): word(row["status"]),
            _("Error"): row["error_message"],
            _("Parser"): row["parser_id"],
            _("Subscriptions"): ", ".join(map(str, row["subscription_ids"])),
            _("Address"): row["download_url"],
            _("Published"): moment(row["pub_date"]),
            _("Parsed"): moment(row["parsed_at"]),
            _("Download"): word(row["download"]["status"]) if row["download"] else None,
        }
    )


def reparse(item_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Parse one title again."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.post(f"/raw-items/{item_id}/reparse")
    if as_json:
        print_json(answer)
    else:
        say(answer["message"])
    if not answer["success"]:
        raise typer.Exit(1)


def skip(item_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Set an entry aside."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        api.post(f"/raw-items/{item_id}/skip")
    if as_json:
        print_json({"item_id": item_id, "status": "skipped"})
    else:
        say(_("Raw item {item_id} is set aside.", item_id=item_id))
