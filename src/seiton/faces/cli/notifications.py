"""``seiton notifications``: who is told what happened, and whether it arrives."""

from __future__ import annotations

from typing import Annotated

import typer

from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import moment, print_json, print_table, say
from seiton.text import _


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Notifications: who is told what happened; list, sent, test, reread."), no_args_is_help=True
    )
    group.command(
        "list",
        help=_("List the targets of the settings and how they are.\n\nExample: seiton notifications list"),
    )(show)
    group.command(
        "test",
        help=_(
            "Send a test, to all targets or one; ends with code 1 if one did not take it.\n\n"
            "Example: seiton notifications test phone"
        ),
    )(test)
    group.command(
        "sent",
        help=_(
            "List what was sent to whom, what waits and why, and what did not arrive.\n\n"
            "Example: seiton notifications sent phone --limit 20"
        ),
    )(sent)
    group.command(
        "reread",
        help=_(
            "Read the targets from the settings again, without a restart.\n\n"
            "Example: seiton notifications reread"
        ),
    )(reread)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print the targets."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/notifications")
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("Target"), _("Kind"), _("Of"), _("Waiting"), _("Answered"), _("Error")],
        [
            (
                row["name"],
                row["kind"],
                ", ".join(row["wants"]),
                row["waiting"],
                moment(row["answered_at"]),
                row["error"],
            )
            for row in answer["targets"]
        ],
        empty=_("No targets are configured: see notifications in the settings."),
    )


@paged()
def sent(
    page: Page,
    name: Annotated[
        str | None,
        typer.Argument(metavar=_("TARGET"), help=_("Only this one."), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print the outbox, the newest first."""
    from seiton.faces.cli.client import Api
    from seiton.faces.words import notice

    with Api(url) as api:
        answer = api.get("/notifications/sent", target=name, **page)
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("When"), _("Target"), _("What happened"), _("State"), _("Error")],
        [
            (moment(row["happened_at"]), row["target"], row["says"], notice(row["state"]), row["error"])
            for row in answer["notices"]
        ],
        empty=_("Nothing was to be said in the last week."),
    )


def reread(url: Url = None, as_json: Json = False) -> None:
    """Have the targets read again."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.post("/notifications/reread", {})
    if as_json:
        print_json(answer)
        return
    none = _("none")
    say(
        _(
            "Told from now on: {added}; no longer told: {removed}",
            added=", ".join(answer["added"]) or none,
            removed=", ".join(answer["removed"]) or none,
        )
    )


def test(
    name: Annotated[
        str | None,
        typer.Argument(metavar=_("TARGET"), help=_("Only this one."), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Send a test."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.post("/notifications/test", {"name": name})
    rows = answer["results"]
    if as_json:
        print_json(answer)
    else:
        print_table(
            [_("Target"), _("Kind"), _("Result")],
            [(row["name"], row["kind"], row["error"] or _("taken")) for row in rows],
        )
    if any(row["error"] for row in rows):
        raise typer.Exit(1)
