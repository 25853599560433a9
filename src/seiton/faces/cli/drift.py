"""``seiton library check`` and ``repair``: where records and disk differ, and mending that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import clean, print_error, print_json, print_table, say
from seiton.faces.words import drift, hold, mending, mishap
from seiton.text import _, plural

TOGETHER = 100
"""Findings that are mended in one request."""
CHECK_HELP = _(
    "Look where the library differs from what Seiton recorded: files that are missing, were moved by hand,"
    " are not Seiton's, and so on. Nothing is changed. Code 0: nothing found, 1: something, 2: it could not"
    " be looked at.\n\n"
    "Example: seiton library check --ignore foreign"
)
REPAIR_HELP = _(
    "Mend what a check finds, after showing what that is: files that were moved by hand go back, missing ones"
    " are recorded as such, and so on. No file is overwritten or deleted; foreign ones stay as they"
    " are.\n\n"
    "Example: seiton library repair"
)

Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar=_("KIND"),
        help=_(
            "A kind of finding that does not count, such as foreign or edited_nfo; may be given several"
            " times."
        ),
        show_default=False,
    ),
]


def add_commands(group: typer.Typer) -> None:
    """Add ``check`` and ``repair`` to the group ``library``."""
    group.command("check", help=CHECK_HELP)(check)
    group.command("repair", help=REPAIR_HELP)(repair)


def check(ignore: Ignore = None, url: Url = None, as_json: Json = False) -> None:
    """Print the findings; the exit code says whether there are any."""
    from seiton.errors import SeitonError
    from seiton.faces.cli.client import Api

    try:
        with Api(url) as api:
            found = _look(api, ignore or ())
    except SeitonError as error:
        print_error(error, as_json=as_json)
        raise typer.Exit(2) from error
    if as_json:
        print_json(found)
    else:
        _print_findings(found)
    raise typer.Exit(_exit_code(found))


def _look(api: Any, ignored: Sequence[str]) -> dict[str, Any]:
    findings: list[dict[str, Any]] = []
    silent: list[dict[str, str]] = []
    counts: Counter[str] = Counter()
    seen: dict[str, dict[str, Any]] = {}
    cursor: str | None = None
    while True:
        part = api.post("/library/check", {"cursor": cursor})
        findings += [finding for finding in part["findings"] if finding["kind"] not in ignored]
        silent += part["silent"]
        counts.update({kind: number for kind, number in part["counts"].items() if kind not in ignored})
        seen[part["viewer"]] = part
        cursor = part["cursor"]
        if cursor is None:
            looked_at = {name: sum(last[name] for last in seen.values()) for name in ("units", "folders")}
            return {"findings": findings, "counts": dict(counts), "silent": silent, **looked_at}


def _exit_code(found: Mapping[str, Any]) -> int:
    if found["silent"] or "library_away" in found["counts"]:
        return 2
    return 1 if found["counts"] else 0


def _print_findings(found: Mapping[str, Any]) -> None:
    if found["findings"]:
        print_table(
            [_("What"), _("File"), _("More"), _("Repair")],
            [
                (drift(one["kind"]), one["path"], one["found"] or one["detail"], mending(one["mending"]))
                for one in found["findings"]
            ],
        )
    _print_silent(found)
    say(
        _(
            "Looked at: {units} episodes, {folders} folders",
            units=found["units"],
            folders=found["folders"],
        )
    )
    if found["counts"]:
        print_table(
            [_("What"), _("How many")],
            [(drift(kind), number) for kind, number in sorted(found["counts"].items())],
        )
    elif not found["silent"]:
        say(_("Everything is as it was left."))


def _print_silent(found: Mapping[str, Any]) -> None:
    for one in found["silent"]:
        name = one["viewer"] or _("the built-in viewer")
        say(_("{name} could not look: {reason}", name=clean(name), reason=one["reason"]))


def repair(
    rewrite_nfo: Annotated[
        bool,
        typer.Option(
            "--rewrite-nfo", help=_("Also renew NFOs that were edited; your own elements in them stay.")
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=_("Do not ask."))] = False,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Show the plan, ask, mend."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        found = _look(api, ())
        passed_by = {"nothing"} | (set() if rewrite_nfo else {"rewrite_nfo"})
        plan = [finding for finding in found["findings"] if finding["mending"] not in passed_by]
        if not as_json:
            _print_plan(found, plan)
        # A program that did not say --yes wants to see the plan.
        is_wanted = yes or (not as_json and bool(plan) and typer.confirm(_("Mend this?"), default=False))
        if not plan or not is_wanted:
            if as_json:
                print_json({"plan": plan, "silent": found["silent"]})
            else:
                say(_("Nothing was changed."))
            raise typer.Exit(2 if _exit_code(found) == 2 else 0)
        items: list[dict[str, Any]] = []
        for start in range(0, len(plan), TOGETHER):
            body = {"items": plan[start : start + TOGETHER], "rewrite_nfo": rewrite_nfo}
            items += api.post("/library/repair", body)["items"]
    if as_json:
        print_json({"plan": plan, "silent": found["silent"], "items": items})
    else:
        _print_outcome(items)
    if any(item["outcome"] != "mended" for item in items):
        raise typer.Exit(1)


def _print_plan(found: Mapping[str, Any], plan: Sequence[Mapping[str, Any]]) -> None:
    _print_silent(found)
    print_table(
        [_("What"), _("File"), _("More"), _("Repair")],
        [
            (drift(one["kind"]), one["path"], one["found"] or one["detail"], mending(one["mending"]))
            for one in plan
        ],
        empty=_("There is nothing to mend."),
    )
    left = sum(found["counts"].values()) - len(plan)
    if left:
        say(
            plural(
                "{number} more finding stays as it is: seiton library check",
                "{number} more findings stay as they are: seiton library check",
                left,
            )
        )


def _print_outcome(items: Sequence[Mapping[str, Any]]) -> None:
    mended = sum(item["outcome"] == "mended" for item in items)
    say(_("{count} mended.", count=mended))
    left = [item for item in items if item["outcome"] != "mended"]
    if left:
        print_table(
            [_("File"), _("Left because")],
            [(item["path"], hold(item["reason"]) or mishap(item["outcome"])) for item in left],
        )
