"""What an edit would do, printed: the moves old → new, the holds and why."""

from __future__ import annotations

from typing import Any

from seiton.errors import InvalidInput, Problem
from seiton.faces.cli.output import print_table, say
from seiton.faces.words import hold
from seiton.text import _


def require_valid(answer: dict[str, Any]) -> None:
    """Raise ``InvalidInput`` where a preview found the draft faulty."""
    if answer["problems"]:
        raise InvalidInput([Problem(**problem) for problem in answer["problems"]])


def print_impact(impact: dict[str, Any]) -> None:
    """Print what would follow for links and files."""
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
    say(_("Nothing was changed."))


def print_titles(results: list[dict[str, Any]]) -> None:
    """Print titles with who reads them before and after, and what is read."""
    print_table(
        [_("Title"), _("Before"), _("After"), _("Read as")],
        [
            (
                row["title"],
                row["before_matched_by"] or "–",
                row["after_matched_by"] or "–",
                row["parse_error"] or _read_as(row["parse_result"]),
            )
            for row in results
        ],
    )


def _read_as(parsed: dict[str, Any] | None) -> str:
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
