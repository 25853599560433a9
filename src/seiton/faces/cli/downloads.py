"""``seiton downloads``: where each download stands, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Page, Url, paged
from seiton.faces.cli.output import moment, print_facts, print_json, print_table, say
from seiton.faces.words import hold, word
from seiton.text import _

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the download."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Downloads: list, show, try again."), no_args_is_help=True)
    group.command(
        "list",
        help=_(
            "List downloads, the last changed first.\n\nExample: seiton downloads list --status failed --held"
        ),
    )(show)
    group.command("show", help=_("Show one download.\n\nExample: seiton downloads show 17"))(show_one)
    group.command(
        "retry",
        help=_(
            "Try a download again now: one that failed, is held, or waits.\n\n"
            "Example: seiton downloads retry 17"
        ),
    )(retry)
    group.command(
        "cancel",
        help=_("Take back a download that is not complete.\n\nExample: seiton downloads cancel 17"),
    )(cancel)
    return group


@paged()
def show(
    page: Page,
    status: Annotated[
        str | None, typer.Option(help=_("A status word, or several with commas."), show_default=False)
    ] = None,
    held: Annotated[
        bool | None,
        typer.Option("--held/--not-held", help=_("Only those left alone for a reason."), show_default=False),
    ] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print downloads."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/downloads", status=status, held=held, **page)
    if as_json:
        print_json(rows)
        return
    print_table(
        [_("ID"), _("Status"), _("Done"), _("Episode"), _("Where, or why not")],
        [
            (row["download_id"], word(row["status"]), percent(row["progress"]), episode(row), _place(row))
            for row in rows
        ],
    )


def show_one(download_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Print one download."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.get(f"/downloads/{download_id}")
    if as_json:
        print_json(row)
        return
    print_facts(
        {
            _("ID"): row["download_id"],
            _("Episode"): episode(row),
            _("Group"): row["subtitle_group"],
            _("Title"): row["title"],
            _("Status"): word(row["status"]),
            _("Done"): percent(row["progress"]),
            _("In the library"): row["library_path"],
            _("Downloaded to"): row["source_path"],
            _("Held"): hold(row["hold_reason"], row["hold_detail"]),
            _("Error"): row["error_message"],
            _("Attempts"): row["attempts"] or None,
            _("Next try"): moment(row["next_try_at"]),
            _("Info hash"): row["torrent_hash"],
        }
    )


def retry(download_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Try a download again."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(f"/downloads/{download_id}/retry")
    if as_json:
        print_json(row)
        return
    say(
        _(
            "Download {download_id} is tried again now ({status}).",
            download_id=download_id,
            status=word(row["status"]),
        )
    )


def cancel(download_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Take a download back."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.post(f"/downloads/{download_id}/cancel")
    if as_json:
        print_json(row)
        return
    say(_("Download {download_id} is cancelled.", download_id=download_id))


def episode(row: dict[str, Any]) -> str:
    """Return what a download is of: title, season, episode."""
    tenths = f".{row['episode_tenths']}" if row.get("episode_tenths") else ""
    return f"{row['anime_title']} S{row['series_no']:02}E{row['episode_no']:02}{tenths}"


def percent(progress: float | None) -> str:
    """Return a progress of 0..1 for people."""
    return "" if progress is None else f"{progress:.0%}"


def _place(row: dict[str, Any]) -> str:
    return hold(row["hold_reason"], row["hold_detail"]) or str(
        row["error_message"] or row["library_path"] or ""
    )
