"""``seiton resyncs``: what each rule edit led to."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, PlanId, Preview, Url, paged
from seiton.faces.cli.output import moment, print_facts, print_json, print_table, say
from seiton.faces.words import hold, word
from seiton.text import _, plural

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the resync."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Resyncs: each rule edit, and all that follows from it."), no_args_is_help=True
    )
    group.command(
        "list", help=_("List resyncs, the newest first.\n\nExample: seiton resyncs list --limit 5")
    )(show)
    group.command(
        "show",
        help=_(
            "Show a resync with its files. --wait gives it time to finish first.\n\n"
            "Example: seiton resyncs show 7 --wait 60"
        ),
    )(show_one)
    group.command(
        "undo",
        help=_(
            "Take an edit back: the rule as it was, files under their former names, with their former "
            "NFOs. What somebody changed since is left.\n\n"
            "Example: seiton resyncs undo 7 --preview"
        ),
    )(undo)
    group.command(
        "confirm",
        help=_(
            "Let an edit go on that waits for you because it would do much.\n\n"
            "Example: seiton resyncs confirm 7"
        ),
    )(confirm)
    group.command(
        "reject",
        help=_(
            "Take back an edit that waits for you; nothing of it has happened yet.\n\n"
            "Example: seiton resyncs reject 7"
        ),
    )(reject)
    return group


@paged(20)
def show(page: Page, url: Url = None, as_json: Json = False) -> None:
    """Print resyncs."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/resyncs", **page)
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("ID"), _("Cause"), _("About"), _("State"), _("Files"), _("When")],
        [
            (
                row["resync_id"],
                word(row["cause"]),
                row["subject_name"],
                word(row["state"]),
                counts(row),
                moment(row["created_at"]),
            )
            for row in answer["resyncs"]
        ],
        empty=_("No rule was edited yet."),
    )


@paged(100)
def show_one(
    page: Page,
    resync_id: Id,
    outcome: Annotated[
        str | None,
        typer.Option(
            help=_("Only files with this outcome: pending, moved, unchanged, held, failed."),
            show_default=False,
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, metavar=_("SECONDS"), help=_("How long to wait for it to finish."))
    ] = 0,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print one resync. With ``--wait``, code 1 when it runs even then."""
    from seiton.faces.cli.client import Api

    deadline = time.monotonic() + wait
    with Api(url) as api:
        while True:
            row = api.get(f"/resyncs/{resync_id}", outcome=outcome, **page)
            if row["state"] != "running" or time.monotonic() >= deadline:
                break
            time.sleep(0.2)
    if as_json:
        print_json(row)
    else:
        print_resync(row)
    if wait and row["state"] == "running":
        raise typer.Exit(1)


def undo(
    resync_id: Id,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Undo a resync."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    with Api(url) as api:
        if preview:
            print_impact(api.post(f"/resyncs/{resync_id}/undo/preview"), as_json)
            return
        row = api.post(f"/resyncs/{resync_id}/undo", {"plan_id": plan_id})
        if as_json:
            print_json(row)
            return
        say(
            _(
                "Resync {resync_id} is undone by resync {undo_id}.",
                resync_id=resync_id,
                undo_id=row["resync_id"],
            )
        )
        if row["renamed_by_rules"]:
            say(
                plural(
                    "{number} file belongs to a viewer that cannot put back what was: it is renamed by "
                    "its former metadata.",
                    "{number} files belong to viewers that cannot put back what was: they are renamed by "
                    "their former metadata.",
                    row["renamed_by_rules"],
                )
            )
        follow(api, {**row, "reparse": row["statistics"]})


def confirm(resync_id: Id, plan_id: PlanId = None, url: Url = None, as_json: Json = False) -> None:
    """Confirm an edit that waits."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(f"/resyncs/{resync_id}/confirm", {"plan_id": plan_id})
    if as_json:
        print_json(row)
    else:
        say(_("Resync {resync_id} goes on.", resync_id=resync_id))


def reject(resync_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Take back an edit that waits."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(f"/resyncs/{resync_id}/reject")
    if as_json:
        print_json(row)
    else:
        say(_("Resync {resync_id} is taken back: it is as it was before.", resync_id=resync_id))


def print_resync(row: dict[str, Any]) -> None:
    """Print a resync with the files of this page."""
    statistics = row["statistics"]
    print_facts(
        {
            _("Resync"): row["resync_id"],
            _("Cause"): f"{word(row['cause'])}: {row['subject_name'] or ''}",
            _("State"): word(row["state"]),
            _("Titles"): titles(statistics),
            _("Files"): counts(row),
            _("Undoes resync"): row["undoes"],
            _("Undone by resync"): row["undone_by"],
            _("Error"): row["error_message"],
            _("Begun"): moment(row["created_at"]),
            _("Finished"): moment(row["finished_at"]),
        }
    )
    if row["items"]:
        print_files(row["items"])


def print_files(items: list[dict[str, Any]]) -> None:
    """Print what becomes of files, old and new name."""
    print_table(
        [_("Download"), _("Outcome"), _("From"), _("To, or why not")],
        [
            (
                item["download_id"],
                word(item["outcome"]),
                item["before_path"],
                hold(item["reason"], item["detail"]) or item["after_path"],
            )
            for item in items
        ],
    )


def titles(statistics: dict[str, int]) -> str:
    """Return the statistics of a reparse as a sentence."""
    return _(
        "{total} in all: {parsed} parsed, {failed} failed, {no_match} without a parser",
        total=statistics["total"],
        parsed=statistics["parsed"],
        failed=statistics["failed"],
        no_match=statistics["no_match"],
    )


def counts(row: dict[str, Any]) -> str:
    """Return how many files have which outcome."""
    found = [f"{word(name)}: {number}" for name, number in row["counts"].items() if number]
    return ", ".join(found) or _("none")


def follow(api: Any, written: dict[str, Any]) -> None:
    """Print what a write to a parser led to: statistics, and what is moving."""
    say(_("Titles: {titles}", titles=titles(written["reparse"])))
    if not written["reparsed"]:
        say(_("Titles are still being parsed."))
    print_following(api, written["resync_id"])


def print_saved(api: Any, written: dict[str, Any], as_json: bool) -> None:
    """Print that an edit was saved and which files follow it, or ``written`` itself for programs."""
    if as_json:
        print_json(written)
        return
    say(_("Saved."))
    print_following(api, written["resync_id"])


def print_following(api: Any, resync_id: int) -> None:
    """Print which files follow a cause, and whether it waits for the person."""
    row = api.get(f"/resyncs/{resync_id}", limit=20)
    if row["items"]:
        count = max(row["statistics"]["resync_triggered"], len(row["items"]))
        say(_("Files that follow: {count}", count=count))
        print_files(row["items"])
    else:
        say(_("No file has to move."))
    if row["state"] == "waiting":
        say(
            _(
                "That is so much that it waits for you. seiton resyncs confirm {resync_id} lets it go on,"
                " seiton resyncs reject {resync_id} takes it back.",
                resync_id=row["resync_id"],
            )
        )
    if row["state"] == "running":
        say(_("It goes on: seiton resyncs show {resync_id} --wait 60", resync_id=row["resync_id"]))
