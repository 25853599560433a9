"""``seiton parsers learn`` and ``likely-same``, ``seiton raw-items shapes``: parsers from examples."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.impact import read_as
from seiton.faces.cli.options import Json, Limit, Url
from seiton.faces.cli.output import print_json, print_table, say
from seiton.text import _


def learn_help() -> str:
    """Return the help of ``learn``."""
    return _(
        "Make a parser from one title: say what in it is what. It is shown, and saved with --save.\n\n"
        'Example: seiton parsers learn "[Group] Some Show S2 - 05 [1080p]" --title "Some Show" --episode 05'
        " --season 2 --group Group"
    )


def _mark(help_text: str) -> Any:
    return typer.Option(help=help_text, show_default=False)


def learn(
    example: Annotated[
        str, typer.Argument(metavar=_("TITLE"), help=_("The title of a release."), show_default=False)
    ],
    title: Annotated[str, _mark(_("The title of the work, as it stands there."))],
    episode: Annotated[str, _mark(_("The number of the episode, as it stands there."))],
    last: Annotated[str | None, _mark(_("The last episode of a batch."))] = None,
    season: Annotated[str | None, _mark(_("The season, as it stands there."))] = None,
    group: Annotated[str | None, _mark(_("The subtitle group."))] = None,
    resolution: Annotated[str | None, _mark(_("The resolution."))] = None,
    year: Annotated[str | None, _mark(_("The year."))] = None,
    save: Annotated[bool, typer.Option("--save", help=_("Save the parser; files follow."))] = False,
    limit: Limit = 20,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Make a parser from an example."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.parsers import print_fields, print_written

    marks = {
        "anime_title": title,
        "episode_no": episode,
        "episode_end": last,
        "series_no": season,
        "subtitle_group": group,
        "resolution": resolution,
        "year": year,
    }
    given = {name: text for name, text in marks.items() if text}
    with Api(url) as api:
        lesson = api.post("/parsers/learn", {"title": example, "marks": given, "limit": limit})
        if save:
            written = api.post("/parsers", lesson["parser"])
            number = written["parser_id"]
            print_written(api, written, as_json, _("Parser {parser_id} was added.", parser_id=number))
            return
    if as_json:
        print_json(lesson)
        return
    print_fields(lesson["parser"])
    count, looked_at = lesson["total_matches"], lesson["looked_at"]
    if lesson["has_more"]:
        say(_("Of the newest {looked_at} stored titles it reads: {count}", looked_at=looked_at, count=count))
    else:
        say(_("Stored titles that it reads: {count}", count=count))
    print_table(
        [_("ID"), _("Title"), _("Read as")],
        [(row["item_id"], row["title"], read_as(row["parse_result"])) for row in lesson["matches"]],
    )
    say(_("Nothing was changed."))


def shapes(limit: Limit = 20, url: Url = None, as_json: Json = False) -> None:
    """Print the shapes of unmatched titles."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/raw-items/unmatched-shapes", limit=limit)
        newest = api.headers.get("Seiton-Looked-At")
    if as_json:
        print_json(rows)
        return
    print_table(
        [_("Titles"), _("Group"), _("Shape"), _("Example"), _("Proposed parser")],
        [
            (
                row["total"],
                row["group"],
                row["form"],
                row["examples"][0]["title"],
                row["parser"] is not None,
            )
            for row in rows
        ],
    )
    if newest:
        say(_("These are of the newest {number} titles that nobody reads; there are more.", number=newest))


def likely_same(url: Url = None, as_json: Json = False) -> None:
    """Print works that are likely one under two titles."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        found = api.get("/anime/likely-same")
    if as_json:
        print_json(found)
        return
    print_table(
        [_("Shared name"), _("ID"), _("Title")],
        [(group["name"], work["anime_id"], work["title"]) for group in found for work in group["animes"]],
    )
    if found:
        say(_("Nothing is merged by itself. A parser with a fixed title makes two of them one."))
