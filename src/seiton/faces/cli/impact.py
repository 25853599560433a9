"""What an edit would do, printed: the moves old → new, the holds and why."""

from __future__ import annotations

from typing import Any

from seiton.errors import InvalidInput, Problem
from seiton.faces.cli.output import print_json, print_table, say
from seiton.faces.words import hold
from seiton.text import _


def require_valid(answer: dict[str, Any]) -> None:
    """Raise ``InvalidInput`` where a preview found the draft faulty."""
    if answer["problems"]:
        raise InvalidInput([Problem(**problem) for problem in answer["problems"]])


def print_impact(impact: dict[str, Any], as_json: bool) -> None:
    """Print what would follow for links and files."""
    if as_json:
        print_json(impact)
        return
    say(
        _(
            "Titles parsed again: {titles}; links changed: {changed}, new: {new};"
            " titles without a parser: {none}",
            titles=impact["items_reparsed"],
            changed=impact["links_changed"],
            new=impact["links_new"],
            none=impact["unmatched"],
        )
    )
    _print_titles_lost(impact)
    _print_downloads(impact)
    if impact["pins_passed"]:
        say(_("Values set by hand that stay as they are: {count}", count=impact["pins_passed"]))
    print_moves(impact)


def print_moves(impact: dict[str, Any]) -> None:
    """Print what would follow for files."""
    if impact["moves"]:
        say(_("Files that would move: {count}", count=len(impact["moves"])))
        print_table(
            [_("Download"), _("From"), _("To")],
            [(move["download_id"], move["from_path"], move["to_path"]) for move in impact["moves"]],
        )
    else:
        say(_("No file would move."))
    if impact["holds"]:
        say(_("Files that would be left alone: {count}", count=len(impact["holds"])))
        print_table(
            [_("Download"), _("File"), _("Wanted name"), _("Why")],
            [
                (item["download_id"], item["path"], item["target"], hold(item["reason"], item["detail"]))
                for item in impact["holds"]
            ],
        )
    if impact["needs_confirmation"]:
        say(_("That is so much that it would wait for your confirmation; the plan given, it does not."))
    say(_("Plan: {plan_id} (give it with --plan when you save)", plan_id=impact["plan_id"]))
    say(_("Nothing was changed."))


def _print_titles_lost(impact: dict[str, Any]) -> None:
    if impact["titles_lost"]:
        print_table(
            [_("Item"), _("Title that no parser would match any more")],
            [(row["item_id"], row["title"]) for row in impact["titles_lost"]],
        )


def _print_downloads(impact: dict[str, Any]) -> None:
    if not (impact["starts"] or impact["cancels"]):
        return
    say(
        _(
            "Downloads that would begin: {starts}; that would be taken back: {cancels}",
            starts=impact["starts"],
            cancels=impact["cancels"],
        )
    )
    print_table(
        [_("Title"), _("What would happen")],
        [
            *((row["title"], _("begins")) for row in impact["starting"]),
            *((row["title"], _("is taken back")) for row in impact["cancelling"]),
        ],
    )


def print_titles(results: list[dict[str, Any]]) -> None:
    """Print titles with who reads them before and after, and what is read."""
    print_table(
        [_("Title"), _("Before"), _("After"), _("Read as")],
        [
            (
                row["title"],
                row["before_matched_by"] or "–",
                row["after_matched_by"] or "–",
                row["parse_error"] or read_as(row["parse_result"]),
            )
            for row in results
        ],
    )


def read_as(parsed: dict[str, Any] | None) -> str:
    """Return what a parser reads in one line: ``Show S02E05 [Group, 1080p]``."""
    if parsed is None:
        return ""
    number = f"{parsed['episode_no']:02}"
    if parsed.get("episode_tenths"):
        number += f".{parsed['episode_tenths']}"
    if parsed.get("episode_end"):
        number += f"–{parsed['episode_end']:02}"
    place = f"{parsed['anime_title']} S{parsed['series_no']:02}E{number}"
    more = [parsed[name] for name in ("subtitle_group", "resolution") if parsed.get(name)]
    return f"{place} [{', '.join(more)}]" if more else place
