"""``seiton pins``: values set by hand, which stay whatever parsers say."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from seiton.faces.cli.options import Json, Page, PlanId, Preview, Url, paged
from seiton.faces.cli.output import print_json, print_table
from seiton.faces.cli.resyncs import print_saved
from seiton.text import _

Kind = Annotated[
    Literal["link", "series"], typer.Argument(metavar=_("KIND"), help="link, series", show_default=False)
]
Number = Annotated[
    int, typer.Argument(metavar=_("ID"), help=_("Number of the link or series."), show_default=False)
]
Field = Annotated[
    Literal["anime_title", "series_no", "episode_no", "subtitle_group", "episodes_ahead", "kind"],
    typer.Argument(
        metavar=_("FIELD"),
        help="anime_title, series_no, episode_no, subtitle_group, episodes_ahead, kind (movie or series)",
        show_default=False,
    ),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Pins: values set by hand, which stay whatever parsers say; list, set, clear."),
        no_args_is_help=True,
    )
    group.command("list", help=_("List what is set by hand.\n\nExample: seiton pins list"))(show)
    group.command(
        "set",
        help=_(
            "Set a field of a release (link) or of a series by hand. Files follow.\n\n"
            "Example: seiton pins set link 17 episode_no 5 --preview"
        ),
    )(pin)
    group.command(
        "clear",
        help=_(
            "Let parsers say a field again. Files follow.\n\n"
            "Example: seiton pins clear series 3 anime_title --preview"
        ),
    )(clear)
    return group


@paged()
def show(page: Page, url: Url = None, as_json: Json = False) -> None:
    """Print pins."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/pins", **page)["pins"]
    if as_json:
        print_json({"pins": rows})
        return
    print_table(
        [_("What"), _("ID"), _("About"), _("Field"), _("Value")],
        [
            (
                _("series") if row["link_id"] is None else _("link"),
                row["series_id"] if row["link_id"] is None else row["link_id"],
                row["title"],
                field,
                value,
            )
            for row in rows
            for field, value in row["pins"].items()
        ],
        empty=_("Nothing is set by hand."),
    )


def pin(
    kind: Kind,
    number: Number,
    field: Field,
    value: Annotated[str, typer.Argument(metavar=_("VALUE"), help=_("What it is."), show_default=False)],
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Set a field by hand."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    path = _path(kind, number, field)
    with Api(url) as api:
        if preview:
            print_impact(api.post(f"{path}/preview", {"value": value}), as_json)
            return
        written = api.put(path, {"value": value, "plan_id": plan_id})
        print_saved(api, written, as_json)


def clear(
    kind: Kind,
    number: Number,
    field: Field,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Let parsers say a field again."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    path = _path(kind, number, field)
    with Api(url) as api:
        if preview:
            print_impact(api.post(f"{path}/preview", {}), as_json)
            return
        written = api.delete(path, plan_id=plan_id)
        print_saved(api, written, as_json)


def _path(kind: str, number: int, field: str) -> str:
    return f"/{'links' if kind == 'link' else 'series'}/{number}/pins/{field}"
