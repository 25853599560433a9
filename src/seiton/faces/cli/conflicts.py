"""``seiton conflicts``: what only a person can decide."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import print_json, print_table, say
from seiton.faces.words import word
from seiton.text import _

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the conflict."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Conflicts: what only you can decide; list, resolve."), no_args_is_help=True)
    group.command(
        "list",
        help=_(
            "List episodes of which a release, and subscriptions of which a fetcher, has to be chosen.\n\n"
            "Example: seiton conflicts list"
        ),
    )(show)
    group.command(
        "resolve",
        help=_(
            "Choose a release by its link, or a fetcher.\n\nExample: seiton conflicts resolve 4 --link 17"
        ),
    )(resolve)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print open conflicts."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        links = api.get("/link-conflicts")["conflicts"]
        subscriptions = api.get("/conflicts")["conflicts"]
    if as_json:
        print_json({"link_conflicts": links, "conflicts": subscriptions})
        return
    rows: list[tuple[object, ...]] = []
    for conflict in links:
        for number, candidate in enumerate(conflict["candidates"]):
            about = _about(conflict) if not number else ""
            state = word(candidate["status"]) if candidate["status"] else ""
            choice = f"--link {candidate['link_id']}"
            rows.append((conflict["conflict_id"], about, choice, candidate["title"], state))
    for conflict in subscriptions:
        for candidate in conflict["candidate_fetchers"]:
            choice = f"--fetcher {candidate['fetcher_id']}"
            rows.append((conflict["conflict_id"], conflict["rss_url"], choice, candidate["name"], ""))
    print_table(
        [_("ID"), _("About"), _("Choice"), _("Name"), _("State")],
        rows,
        empty=_("There is nothing to decide."),
    )


def _about(conflict: dict[str, Any]) -> str:
    number = f"{conflict['episode_no']:02}"
    if conflict["episode_tenths"]:
        number += f".{conflict['episode_tenths']}"
    place = f"{conflict['anime_title']} S{conflict['series_no']:02}E{number}"
    return f"{place} ({word(conflict['why'])})"


def resolve(
    conflict_id: Id,
    link: Annotated[
        int | None, typer.Option(metavar=_("ID"), help=_("The release to fetch."), show_default=False)
    ] = None,
    fetcher: Annotated[
        int | None,
        typer.Option(metavar=_("ID"), help=_("The fetcher of the subscription."), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Resolve a conflict."""
    from seiton.errors import Problem
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.output import WrongUsage

    if (link is None) == (fetcher is None):
        message = _("Say --link or --fetcher.")
        raise WrongUsage([Problem(field="--link", message=message, code="usage")])
    with Api(url) as api:
        if link is not None:
            answer = api.post(f"/link-conflicts/{conflict_id}/resolve", {"link_id": link})
        else:
            answer = api.post(f"/conflicts/{conflict_id}/resolve", {"fetcher_id": fetcher})
    if as_json:
        print_json(answer)
    else:
        say(answer["message"])
