"""``seiton library rules``: which of several libraries an anime goes to."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import WrongUsage, print_json, print_table, say
from seiton.text import _

BUILT_IN = "built-in"
Given = Annotated[
    list[str] | None,
    typer.Argument(
        metavar=_("RULE…"),
        help=_("In their order: anime:ID=VIEWER or PATTERN=VIEWER; the built-in viewer is “built-in”."),
        show_default=False,
    ),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Which of several libraries an anime goes to: list, preview, set."), no_args_is_help=True
    )
    group.command(
        "list",
        help=_(
            "List the rules, and the anime of which files lie in another library than they say.\n\n"
            "Example: seiton library rules list"
        ),
    )(show)
    group.command(
        "preview",
        help=_(
            "Show whose new files would go elsewhere by these rules. Nothing is changed.\n\n"
            "Example: seiton library rules preview anime:12=attic '^Detective=nas'"
        ),
    )(preview)
    group.command(
        "set",
        help=_(
            "Replace all rules; without any, none is left. New files go by them, files that were filed"
            " stay.\n\nExample: seiton library rules set anime:12=attic '^Detective=nas'"
        ),
    )(change)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print the rules."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/library/rules")
    _print(answer, as_json)


def preview(rules: Given = None, url: Url = None, as_json: Json = False) -> None:
    """Print what other rules would do."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.post("/library/rules/preview", {"rules": [read_rule(text) for text in rules or ()]})
    if as_json:
        print_json(answer)
        return
    _print_destinations(answer["changes"], answer["total"], _("No anime would go elsewhere."))


def change(rules: Given = None, url: Url = None, as_json: Json = False) -> None:
    """Set the rules."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.put("/library/rules", {"rules": [read_rule(text) for text in rules or ()]})
    _print(answer, as_json)


def read_rule(text: str) -> dict[str, Any]:
    """Return a rule as the API has it. Raises ``WrongUsage``."""
    what, mark, viewer = text.rpartition("=")
    if not mark or not what or not viewer:
        from seiton.errors import Problem

        message = _("{text} is no rule: write anime:ID=VIEWER or PATTERN=VIEWER.", text=text)
        raise WrongUsage([Problem(field="RULE", message=message)])
    name = None if viewer == BUILT_IN else viewer
    anime = re.fullmatch(r"anime:([0-9]{1,18})", what)
    if anime is not None:
        return {"anime_id": int(anime[1]), "viewer": name}
    return {"pattern": what, "viewer": name}


def _print(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("Anime"), _("Title pattern"), _("Viewer")],
        [(rule["anime_id"], rule["pattern"], rule["viewer"] or BUILT_IN) for rule in answer["rules"]],
        empty=_("There are no rules: new files go to the viewer of the highest priority."),
    )
    if answer["elsewhere_total"]:
        say(_("Files that lie in another library than the rules say:"))
        _print_destinations(answer["elsewhere"], answer["elsewhere_total"], "")
        say(
            _(
                "They stay where they are: two libraries share no disk to move them on. To have all of an"
                " anime in one place, put a rule for it with its viewer of now before the others."
            )
        )


def _print_destinations(found: list[dict[str, Any]], total: int, empty: str) -> None:
    print_table(
        [_("Anime"), _("Title"), _("Files that stay"), _("with"), _("New files go to"), _("of them waiting")],
        [
            (
                row["anime_id"],
                row["title"],
                row["files"],
                row["viewer"] or BUILT_IN,
                row["wanted"] or BUILT_IN,
                row["coming"],
            )
            for row in found
        ],
        empty=empty,
    )
    if total > len(found):
        say(_("… and {number} more.", number=total - len(found)))
