"""``seiton plan``: what would move, before anything does."""

from __future__ import annotations

from typing import Annotated

import typer

from seiton.faces.cli.options import Json, ParserFile, Sets, Url
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
    group.command(
        "parser",
        help=_(
            "Show which files an edit of a parser, or a new parser, would move: old name, new name, and what"
            " would be left alone and why.\n\n"
            "Example: seiton plan parser 5 --set episode_offset=-12\n\n"
            "Example: seiton plan parser --file new.json"
        ),
    )(parser)
    group.command(
        "delete",
        help=_("Show what deleting a parser would do.\n\nExample: seiton plan delete 5"),
    )(delete)
    group.command(
        "policy",
        help=_(
            "Show which downloads another policy of the library would begin.\n\n"
            'Example: seiton plan policy --group "Group A" --group "Group B" --resolution 1080p'
        ),
    )(policy)
    return group


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
    print_impact(answer["impact"], as_json)


def delete(
    parser_id: Annotated[
        int, typer.Argument(metavar=_("ID"), help=_("Number of the parser."), show_default=False)
    ],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what deleting a parser would do."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    with Api(url) as api:
        print_impact(api.post(f"/parsers/{parser_id}/preview-deletion"), as_json)


def policy(
    group: Annotated[
        list[str] | None, typer.Option(help=_("A subtitle group, the best first."), show_default=False)
    ] = None,
    resolution: Annotated[
        list[str] | None, typer.Option(help=_("A resolution, the best first."), show_default=False)
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what another policy would do."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    draft = {"group_order": group or [], "resolution_order": resolution or []}
    with Api(url) as api:
        print_impact(api.post("/library/policy/preview", draft), as_json)
