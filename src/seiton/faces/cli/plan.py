"""``seiton plan``: what would move, before anything does."""

from __future__ import annotations

from typing import Annotated

import typer

from seiton.faces.cli.options import Json, ParserFile, Sets, Url
from seiton.faces.cli.output import print_json
from seiton.text import _

Id = Annotated[
    int | None,
    typer.Argument(
        metavar=_("[ID]"), help=_("Number of the parser; none for a new one."), show_default=False
    ),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Show what a change would move, and change nothing."), no_args_is_help=True)
    group.callback()(_group)
    group.command(
        "parser",
        help=_(
            "Show which files an edit of a parser, or a new parser, would move: old name, new name, and what"
            " would be left alone and why.\n\n"
            "Example: seiton plan parser 5 --set episode_offset=-12\n\n"
            "Example: seiton plan parser --file new.json"
        ),
    )(parser)
    return group


def _group() -> None:
    # With a callback a group of one command keeps the name of that command.
    return


def parser(
    parser_id: Id = None,
    sets: Sets = None,
    file: ParserFile = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print the plan."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.draft import require_draft
    from seiton.faces.cli.impact import print_impact, require_valid

    draft = require_draft(sets, file) | {"limit": 1}
    if parser_id is not None:
        draft["parser_id"] = parser_id
    with Api(url) as api:
        answer = api.post("/parsers/preview", draft)
    require_valid(answer)
    if as_json:
        print_json(answer["impact"])
    else:
        print_impact(answer["impact"])
