"""``seiton library adopt``: take existing folders under the rules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import WrongUsage, clean, print_json, print_table, say
from seiton.faces.words import hold, left
from seiton.text import _, plural

if TYPE_CHECKING:
    from seiton.faces.cli.client import Api

SHOWN = 50
"""Most rows of a kind that a plan is printed with; ``--json`` has all."""


HELP = _(
    "Take an existing library or download folder under Seiton's rules. Shows first what each video is"
    " and what would move; nothing is touched before you confirm.\n\n"
    "Example: seiton library adopt /srv/library"
)


def adopt(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar=_("PATH"),
            help=_("The library, a download folder, or a folder in one of them."),
            show_default=False,
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("--confirm", metavar=_("ID"), help=_("Confirm a plan that was made before.")),
    ] = None,
    discard: Annotated[
        int | None, typer.Option("--discard", metavar=_("ID"), help=_("Throw a plan away."))
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help=_("Put the files on record and move none of them."))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Do not ask."))] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Plan, show, ask, confirm."""
    from seiton.errors import Problem
    from seiton.faces.cli.client import Api

    if sum(given is not None for given in (path, number, discard)) != 1:
        message = _("Give a folder, or --confirm or --discard with the number of a plan.")
        raise WrongUsage([Problem(field="path", message=message)])
    with Api(url) as api:
        if discard is not None:
            api.delete(f"/library/adoptions/{discard}")
            if not as_json:
                say(_("The plan was thrown away; nothing was touched."))
            return
        if number is None:
            plan = api.post("/library/adoptions", {"path": _given(path)})
            number = plan["adoption_id"]
            files = _files(api, number)
            if not as_json:
                _print_plan(plan, files)
            if not _may(yes, as_json, plan):
                if as_json:
                    print_json(plan | {"files": files})
                return
        done = api.post(f"/library/adoptions/{number}/confirm", {"in_place": in_place})
    if as_json:
        print_json(done)
        return
    _print_done(done)


def _given(path: Path | None) -> str:
    """Return the whole path, as the API writes paths that are not UTF-8."""
    from seiton.domain.path_text import text_of_path

    return text_of_path(os.path.abspath(os.fsencode(path or Path())))


def _may(yes: bool, as_json: bool, plan: dict[str, Any]) -> bool:
    if yes:
        return True
    if as_json or not plan["counts"]["adopted"]:
        return False
    say(_("Later: seiton library adopt --confirm {number}", number=plan["adoption_id"]))
    if typer.confirm(_("Adopt these files?"), default=False):
        return True
    say(_("Nothing was touched."))
    return False


def _files(api: Api, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        part = api.get(f"/library/adoptions/{number}/files", limit=1000, offset=len(found))["files"]
        found += part
        if len(part) < 1000:
            return found


def _print_plan(plan: dict[str, Any], files: list[dict[str, Any]]) -> None:
    counts = plan["counts"]
    say(
        _(
            "Videos: {files}, adopted: {adopted}, left alone: {left}",
            files=counts["files"],
            adopted=counts["adopted"],
            left=counts["files"] - counts["adopted"],
        )
    )
    print_table(
        [_("Work"), _("Year"), _("Season"), _("Episodes"), _("From"), _("To"), _("Moves")],
        [
            (
                season["title"],
                season["year"],
                season["series_no"],
                season["episodes"],
                season["first_episode"],
                season["last_episode"],
                season["moves"],
            )
            for season in plan["seasons"]
        ],
        empty=_("Nothing here can be adopted."),
    )
    moved = [row for row in files if row["target"] and not row["reason"] and not row["hold_reason"]]
    _print_some([_("File"), _("Moves to")], [(row["shown"], row["target"]) for row in moved])
    held = [row for row in files if row["hold_reason"] and not row["reason"]]
    _print_some([_("File"), _("Held, because")], [(row["shown"], hold(row["hold_reason"])) for row in held])
    alone = [row for row in files if row["reason"]]
    _print_some(
        [_("File"), _("Left alone, because")],
        [(row["shown"], left(row["reason"], row["detail"])) for row in alone],
    )
    say(
        _(
            "Stay where they are: {stays}, move: {moves}, held: {held}",
            stays=counts["stays"],
            moves=counts["moves"],
            held=counts["held"],
        )
    )
    if plan["layouts"] and plan["layouts"][0]["stays"] > counts["stays"]:
        best = plan["layouts"][0]
        say(
            plural(
                "Another naming template would leave {number} where it is."
                " To use it: seiton library naming set '{template}', then adopt again.",
                "Another naming template would leave {number} where they are."
                " To use it: seiton library naming set '{template}', then adopt again.",
                best["stays"],
                template=best["template"],
            )
        )


def _print_some(headings: list[str], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        return
    print_table(headings, rows[:SHOWN])
    if len(rows) > SHOWN:
        say(_("… and {count} more; --json has all of them.", count=len(rows) - SHOWN))


def _print_done(done: dict[str, Any]) -> None:
    if done["replaced_by"] is not None:
        say(
            _(
                "Files have changed since the plan was made, so nothing was done. A new plan waits:"
                " seiton library adopt --confirm {number}",
                number=done["replaced_by"],
            )
        )
        raise typer.Exit(1)
    say(
        plural(
            "{number} file of {path} is adopted; seiton resyncs show {resync_id} says how far it is.",
            "{number} files of {path} are adopted; seiton resyncs show {resync_id} says how far they are.",
            done["counts"]["adopted"],
            path=clean(done["path"]),
            resync_id=done["resync_id"],
        )
    )
