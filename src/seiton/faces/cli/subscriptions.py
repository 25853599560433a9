"""``seiton subscriptions``: the feeds that are followed."""

from __future__ import annotations

from typing import Annotated

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import moment, print_json, print_table, say
from seiton.text import _

Id = Annotated[
    int, typer.Argument(metavar=_("ID"), help=_("Number of the subscription."), show_default=False)
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Feeds: list, add, remove, fetch now."), no_args_is_help=True)
    group.command(
        "list", help=_("List the feeds that are followed.\n\nExample: seiton subscriptions list --json")
    )(show)
    group.command(
        "add",
        help=_(
            "Follow a feed; it is fetched at once.\n\n"
            "Example: seiton subscriptions add https://example.org/rss --name Mikan --interval 30"
        ),
    )(add)
    group.command(
        "remove",
        help=_("Stop following a feed; what it brought stays.\n\nExample: seiton subscriptions remove 3"),
    )(remove)
    group.command(
        "fetch", help=_("Fetch a feed now, in the background.\n\nExample: seiton subscriptions fetch 3")
    )(fetch)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print all feeds with their next fetch and last error."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/subscriptions")
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("ID"), _("Name"), _("Address"), _("Fetched"), _("Next"), _("Error")],
        [
            (
                row["subscription_id"],
                row["name"],
                row["source_url"],
                moment(row["last_fetched_at"]),
                moment(row["next_fetch_at"]),
                row.get("last_error"),
            )
            for row in answer["subscriptions"]
        ],
        empty=_("No feed is followed. Add one: seiton subscriptions add ADDRESS"),
    )


def add(
    source_url: Annotated[
        str, typer.Argument(metavar=_("ADDRESS"), help=_("Address of the feed."), show_default=False)
    ],
    name: Annotated[str | None, typer.Option(help=_("What to call it."), show_default=False)] = None,
    interval: Annotated[int, typer.Option(min=1, help=_("Minutes between two fetches."))] = 60,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Follow a feed."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(
            "/subscriptions",
            {"source_url": source_url, "name": name, "fetch_interval_minutes": interval},
        )
    if as_json:
        print_json(row)
        return
    say(
        _(
            "Subscription {subscription_id}: {url} is followed and being fetched.",
            subscription_id=row["subscription_id"],
            url=row["source_url"],
        )
    )


def remove(subscription_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Stop following a feed."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.delete(f"/subscriptions/{subscription_id}")
    if as_json:
        print_json(answer)
    else:
        say(answer["message"])


def fetch(subscription_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Fetch a feed now."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.post(f"/subscriptions/{subscription_id}/fetch")
    if as_json:
        print_json(answer)
    else:
        say(answer["message"])
