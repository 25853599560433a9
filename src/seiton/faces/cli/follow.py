"""``seiton follow``: whether files follow a kind of cause by themselves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import print_json, print_table
from seiton.faces.words import word
from seiton.text import _

KINDS = "rule, metadata, identity, builtin_rules, templates"
Kind = Annotated[
    Literal["rule", "metadata", "identity", "builtin_rules", "templates"],
    typer.Argument(metavar=_("CAUSE"), help=KINDS, show_default=False),
]
Mode = Annotated[
    Literal["automatic", "ask", "default"],
    typer.Argument(metavar=_("MODE"), help="automatic, ask, default", show_default=False),
]
Series = Annotated[
    int | None, typer.Option(help=_("Only for this series."), metavar=_("ID"), show_default=False)
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Follow modes: which changes files follow by themselves, and which ask you first."),
        no_args_is_help=True,
    )
    group.command("list", help=_("List them by kind of cause.\n\nExample: seiton follow list"))(show)
    group.command(
        "set",
        help=_(
            "Have files follow a kind of cause by themselves (automatic), or wait for you where they would"
            " move (ask); NFOs and images always follow.\n\n"
            "Example: seiton follow set metadata ask --series 3"
        ),
    )(edit)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print follow modes."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/follow-modes")
    _print(answer, as_json)


def edit(kind: Kind, mode: Mode, series: Series = None, url: Url = None, as_json: Json = False) -> None:
    """Set a follow mode."""
    from seiton.faces.cli.client import Api

    path = f"/follow-modes/{kind}" if series is None else f"/series/{series}/follow-modes/{kind}"
    with Api(url) as api:
        answer = api.delete(path) if mode == "default" else api.put(path, {"mode": mode})
    _print(answer, as_json)


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("Cause"), _("Series"), _("What files do")],
        [
            (
                f"{row['cause_kind']} ({word(row['cause_kind'])})",
                f"{row['series_id']}: {row['anime_title']}" if row["series_id"] else _("all"),
                word(row["mode"]),
            )
            for row in answer["follow_modes"]
        ],
    )
