"""``seiton identity``: which work a series is, by ids and not by titles."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, PlanId, Preview, Url, paged
from seiton.faces.cli.output import print_json, print_table, say
from seiton.faces.cli.resyncs import print_saved
from seiton.text import _

Series = Annotated[
    int, typer.Argument(metavar=_("SERIES"), help=_("Number of the series."), show_default=False)
]
ExternalId = Annotated[
    int, typer.Argument(metavar=_("ID"), help=_("Number of the external id."), show_default=False)
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Identity: which work a series is; ids from feeds, by hand, and suggested; merges and fixes."),
        no_args_is_help=True,
    )
    for name, text, command in (
        (
            "list",
            _("List external ids.\n\nExample: seiton identity list --standing suggested"),
            show,
        ),
        (
            "set",
            _("Say by hand which work a series is.\n\nExample: seiton identity set 3 bgm/400602"),
            set_by_hand,
        ),
        (
            "suggest",
            _("Search for the work that a series is.\n\nExample: seiton identity suggest 3"),
            suggest,
        ),
        (
            "accept",
            _(
                "Confirm a suggestion, or with --exact all that have just the title, season and year.\n\n"
                "Example: seiton identity accept --exact"
            ),
            accept,
        ),
        (
            "reject",
            _("Say that a series is not this work.\n\nExample: seiton identity reject 12"),
            reject,
        ),
        (
            "merges",
            _("List series that are one by their id.\n\nExample: seiton identity merges"),
            merges,
        ),
        (
            "merge",
            _("Make a series another one. Files follow.\n\nExample: seiton identity merge 7 3 --preview"),
            merge,
        ),
        (
            "fixes",
            _("List where facts say another season or number.\n\nExample: seiton identity fixes --titles"),
            fixes,
        ),
        (
            "titles",
            _(
                "Show in which languages titles are wanted, or change it. NFOs follow.\n\n"
                "Example: seiton identity titles zh-Hant ja --preview"
            ),
            titles,
        ),
    ):
        group.command(name, help=text)(command)
    return group


@paged()
def show(
    page: Page,
    standing: Annotated[
        str | None, typer.Option(help="given, confirmed, manual, suggested, claimed, rejected")
    ] = None,
    series: Annotated[int | None, typer.Option(help=_("Number of the series."))] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print external ids."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/identities", standing=standing, series_id=series, **page)
    _print_ids(rows, as_json)


def set_by_hand(
    series: Series,
    value: Annotated[
        str, typer.Argument(metavar=_("NAMESPACE/VALUE"), help="bgm/400602", show_default=False)
    ],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Set an id by hand."""
    from seiton.faces.cli.client import Api

    namespace, _mark, number = value.partition("/")
    with Api(url) as api:
        row = api.post(f"/series/{series}/identities", {"namespace": namespace, "value": number})
    _print_ids([row], as_json)
    if row["standing"] == "claimed" and not as_json:
        say(_("Another series has this id. See: seiton identity merges"))


def suggest(series: Series, url: Url = None, as_json: Json = False) -> None:
    """Search and print what was found."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.post(f"/series/{series}/identities/suggest", {})
    _print_ids(rows, as_json)


def accept(
    external_id: Annotated[
        int | None, typer.Argument(metavar=_("ID"), help=_("Number of the external id."))
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help=_("All that have just the title, season and year."))
    ] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Confirm one suggestion or all exact ones."""
    from seiton.errors import Problem
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.output import WrongUsage

    if (external_id is None) is not exact:
        raise WrongUsage([Problem(field="ID", message=_("Give the number of a suggestion, or --exact."))])
    with Api(url) as api:
        if exact:
            rows = api.post("/identities/accept-exact", {})
        else:
            rows = [api.post(f"/identities/{external_id}/accept", {})]
    _print_ids(rows, as_json)


def reject(external_id: ExternalId, url: Url = None, as_json: Json = False) -> None:
    """Reject a suggestion, or take an id and its facts away."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        api.delete(f"/identities/{external_id}")
    if as_json:
        print_json({"rejected": external_id})
    else:
        say(_("Saved."))


def merges(url: Url = None, as_json: Json = False) -> None:
    """Print what is to be merged."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/identities/merges")
    if as_json:
        print_json({"merges": rows})
        return
    print_table(
        [_("ID"), _("Series"), _("Title"), _("Into"), _("Title")],
        [
            (
                f"{row['namespace']}/{row['value']}",
                row["series_id"],
                _named(row["anime_title"], row["series_no"]),
                row["into_series_id"],
                _named(row["into_title"], row["into_series_no"]),
            )
            for row in rows
        ],
        empty=_("No two series have one id."),
    )


def merge(
    series: Series,
    into: Annotated[int, typer.Argument(metavar=_("INTO"), help=_("What it becomes."), show_default=False)],
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Make a series another one."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    with Api(url) as api:
        if preview:
            print_impact(api.post(f"/series/{series}/merge/preview", {"into_series_id": into}), as_json)
            return
        written = api.post(f"/series/{series}/merge", {"into_series_id": into, "plan_id": plan_id})
        print_saved(api, written, as_json)


@paged(200)
def fixes(
    page: Page,
    titles: Annotated[
        bool, typer.Option("--titles", help=_("Also other titles, which rename folders."))
    ] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print fixes, each with the command that does it."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/identities/fixes", titles=titles, **page)
    if as_json:
        print_json({"fixes": rows})
        return
    print_table(
        [_("Series"), _("Field"), _("Now"), _("Should be"), _("By")],
        [
            (
                _named(row["anime_title"], row["series_no"]),
                row["field"],
                row["now"],
                row["value"],
                f"{row['namespace']}/{row['id_value']}",
            )
            for row in rows
        ],
        empty=_("Facts and library agree."),
    )
    if rows:
        first = rows[0]
        example = f"seiton pins set series {first['series_id']} {first['field']} {first['value']} --preview"
        say(_("Try one: {command}", command=example))


def titles(
    languages: Annotated[
        list[str] | None,
        typer.Argument(metavar=_("LANGUAGE"), help="zh-Hant, zh-Hans, ja, romaji, en", show_default=False),
    ] = None,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Show or change the order of languages."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    with Api(url) as api:
        if not languages:
            order = api.get("/library/titles")
            print_json(order) if as_json else say(", ".join(order["languages"]))
            return
        if preview:
            print_impact(api.post("/library/titles/preview", {"languages": languages}), as_json)
            return
        written = api.put("/library/titles", {"languages": languages, "plan_id": plan_id})
        if as_json or written["resync"] is None:
            print_json(written) if as_json else say(_("Saved."))
            return
        print_saved(api, written["resync"], as_json=False)


def _print_ids(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json({"identities": rows})
        return
    print_table(
        [_("Number"), _("Series"), _("ID"), _("Standing"), _("Is"), _("Year")],
        [
            (
                row["external_id"],
                _named(row["anime_title"], row["series_no"]),
                f"{row['namespace']}/{row['value']}",
                _("suggested, exact") if row["is_exact"] else row["standing"],
                row["titles"][0] if row["titles"] else "",
                row["year"] or "",
            )
            for row in rows
        ],
        empty=_("There are no external ids."),
    )


def _named(title: str, series_no: int) -> str:
    return f"{title} S{series_no:02}"
