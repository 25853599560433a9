"""``seiton status``: how the running server is doing."""

from __future__ import annotations

from typing import Any

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import print_facts, print_json, print_table, say
from seiton.faces.words import word
from seiton.text import _

HELP = _("Show whether Seiton runs, and what it has to do.\n\nExample: seiton status --url http://nas:8000")


def status(url: Url = None, as_json: Json = False) -> None:
    """Print health, figures and unfinished jobs."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        health, figures = api.get("/health"), api.get("/dashboard/stats")
        jobs = api.get("/jobs", limit=100)["jobs"]
    if as_json:
        print_json({"url": api.url, "health": health, "figures": figures, "jobs": jobs})
        return
    more = set(figures.get("more", ()))

    def number(name: str) -> str:
        return f"{figures[name]}+" if name in more else str(figures[name])

    say(_("Seiton {version} runs at {url}", version=health.get("version", ""), url=api.url))
    print_facts(
        {
            _("Subscriptions"): figures["active_subscriptions"],
            _("Anime"): number("total_anime"),
            _("Series"): number("total_series"),
            _("Raw items"): _by_status(figures, "raw_items"),
            _("Downloads"): _by_status(figures, "downloads"),
            _("Held, with a reason"): number("held"),
            _("Not yet where the rules say"): number("drifting"),
            _("Resyncs that run"): figures["running_resyncs"],
            _("Edits that wait for you"): figures["waiting_resyncs"] or None,
            _("Conflicts that only you can decide"): figures["pending_conflicts"] or None,
        }
    )
    for work in figures["stuck"]:
        say(f"{work['sentence']} ({work['error']})")
    busy = [job for job in jobs if job["state"] not in {"done"}]
    if busy:
        print_table(
            [_("Job"), _("About"), _("State"), _("Error")],
            [(job["name"], job["key"], word(job["state"]), job["error"]) for job in busy],
        )


def _by_status(figures: dict[str, Any], kind: str) -> str:
    more = set(figures.get("more", ()))
    return (
        ", ".join(
            f"{word(name)}: {number}{'+' if f'{kind}.{name}' in more else ''}"
            for name, number in sorted(figures[kind].items())
        )
        or "0"
    )
