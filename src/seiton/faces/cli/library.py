"""``seiton library``: how its files are named, what it adopts, whether it is as it was left."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli import adopting, drift, library_rules
from seiton.faces.cli.options import Json, PlanId, Url
from seiton.faces.cli.output import print_json, print_table, say
from seiton.text import _

Template = Annotated[
    str,
    typer.Argument(
        metavar=_("TEMPLATE"),
        help=_("Show folder / season folder / file; in single quotes, because of < and >."),
        show_default=False,
    ),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("The library: name its files, adopt what lies there, check it, repair it."),
        no_args_is_help=True,
    )
    group.add_typer(_naming(), name="naming")
    group.add_typer(library_rules.commands(), name="rules")
    group.command("adopt", help=adopting.HELP)(adopting.adopt)
    drift.add_commands(group)
    return group


def _naming() -> typer.Typer:
    group = typer.Typer(help=_("The naming template: show, preview, set."), no_args_is_help=True)
    group.command(
        "show",
        help=_("Show the naming template, with samples.\n\nExample: seiton library naming show"),
    )(show)
    group.command(
        "preview",
        help=_(
            "Show what another template would do: samples, and every file that would move. Nothing is"
            " changed.\n\n"
            "Example: seiton library naming preview"
            " '{title}/<special?Specials|Season {season:02}>/{title} - S{season:02}E{episode:02}"
            "<-E{episode_end:02}>< [{group}]>'"
        ),
    )(preview)
    group.command(
        "set",
        help=_(
            "Give the library another template; every file follows. It is refused if two files"
            " would lie at one path, or if media servers would misread the names.\n\n"
            "Example: seiton library naming set"
            " '{title}/Season {season:02}/{title} - S{season:02}E{episode:02}<-E{episode_end:02}>'"
        ),
    )(change)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print the template."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        naming = api.get("/library/naming")
    if as_json:
        print_json(naming)
        return
    say(_("Template: {template}", template=naming["template"]))
    say(_("Placeholders: {names}", names=", ".join(f"{{{name}}}" for name in naming["placeholders"])))
    _print_samples(naming["samples"])


def preview(template: Template, url: Url = None, as_json: Json = False) -> None:
    """Print what a template would do."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_moves, require_valid

    with Api(url) as api:
        answer = api.post("/library/naming/preview", {"template": template})
    require_valid(answer)
    if as_json:
        print_json(answer)
        return
    _print_samples(answer["samples"])
    print_moves(answer["impact"])


def change(template: Template, plan_id: PlanId = None, url: Url = None, as_json: Json = False) -> None:
    """Set the template."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.resyncs import print_following

    with Api(url) as api:
        written = api.put("/library/naming", {"template": template, "plan_id": plan_id})
        if as_json:
            print_json(written)
            return
        if written["resync_id"] is None:
            say(_("The library has this template already."))
            return
        say(_("The template is set."))
        if not written["reparsed"]:
            say(_("Names are still being worked out."))
        print_following(api, written["resync_id"])


def _print_samples(samples: list[dict[str, Any]]) -> None:
    print_table([_("Episode"), _("Path")], [(sample["episode"], sample["path"]) for sample in samples])
