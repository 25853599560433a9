"""``seiton holds``: what was left alone, why, and what can be done about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import moment, print_facts, print_json, print_table, say
from seiton.faces.words import hold, word
from seiton.text import _


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Holds: what was left alone, why, and what can be done about it."), no_args_is_help=True
    )
    group.command(
        "list",
        help=_(
            "List edits that wait for you, and files that cannot go where they belong.\n\n"
            "Example: seiton holds list --reason target_foreign,source_missing"
        ),
    )(show)
    group.command(
        "show",
        help=_(
            "Show one hold with every way out, as commands.\n\n"
            "Example: seiton holds show 17; seiton holds show --resync 7"
        ),
    )(show_one)
    return group


@paged()
def show(
    page: Page,
    reason: Annotated[
        str | None, typer.Option(help=_("A reason, or several with commas."), show_default=False)
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print holds."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/holds", reason=reason, **page)
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("What"), _("ID"), _("About"), _("Why"), _("What you can do")],
        [
            (
                word(row["kind"]),
                row["id"],
                row["title"] or row["path"] or word(row["cause"] or ""),
                hold(row["reason"], row["detail"]),
                row["choices"][0]["command"] if row["choices"] else "",
            )
            for row in answer["holds"]
        ],
        empty=_("Nothing is held."),
    )
    if answer["total"] > len(answer["holds"]):
        say(_("{count} in all.", count=answer["total"]))


def show_one(
    number: Annotated[
        int | None, typer.Argument(metavar=_("[ID]"), help=_("Number of the download."), show_default=False)
    ] = None,
    resync: Annotated[
        int | None,
        typer.Option(help=_("Number of a resync that waits for you."), metavar=_("ID"), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print one hold."""
    from seiton.errors import Problem
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.output import WrongUsage

    if (number is None) is (resync is None):
        message = _("Give the number of a download, or --resync.")
        raise WrongUsage([Problem(field="ID", message=message)])
    with Api(url) as api:
        path = f"/holds/downloads/{number}" if resync is None else f"/holds/resyncs/{resync}"
        row = api.get(path)
    if as_json:
        print_json(row)
        return
    _print_hold(row)


def _print_hold(row: dict[str, Any]) -> None:
    print_facts(
        {
            _("What"): f"{word(row['kind'])} {row['id']}",
            _("About"): row["title"],
            _("Why"): hold(row["reason"], row["detail"]),
            _("File"): row["path"],
            _("Files"): row["files"],
            _("Downloads to begin"): row["starts"] or None,
            _("Downloads to take back"): row["cancels"] or None,
            _("Since"): moment(row["since"]),
            _("Next try"): moment(row["next_try_at"]),
        }
    )
    print_table(
        [_("What you can do"), _("Command")],
        [(choice["sentence"], choice["command"]) for choice in row["choices"]],
    )
