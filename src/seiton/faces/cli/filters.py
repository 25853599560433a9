"""``seiton filters``: which releases are wanted."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.faces.cli import resyncs
from seiton.faces.cli.options import Json, Limit, Url
from seiton.faces.cli.output import print_json, print_table, say
from seiton.faces.words import word
from seiton.text import _, plural

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the rule."), show_default=False)]
Target = Annotated[
    str | None,
    typer.Option(
        metavar=_("KIND[:ID]"),
        help=_(
            "What it applies to: global, or anime, anime_series, subtitle_group, subscription or fetcher"
            " with a number, such as anime:3."
        ),
        show_default=False,
    ),
]
Pattern = Annotated[
    str | None,
    typer.Option(metavar=_("REGEX"), help=_("What is searched in titles."), show_default=False),
]
Positive = Annotated[
    bool | None,
    typer.Option(
        "--include/--exclude",
        help=_("Whether titles must match, or must not."),
        show_default=False,
    ),
]
Enabled = Annotated[
    bool | None, typer.Option("--on/--off", help=_("Switch it on or off."), show_default=False)
]
Order = Annotated[
    int | None,
    typer.Option(metavar=_("NUMBER"), help=_("Its place among the rules."), show_default=False),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Filter rules: which releases are wanted; list, add, edit, remove, preview."),
        no_args_is_help=True,
    )
    group.command("list", help=_("List filter rules.\n\nExample: seiton filters list --target anime:3"))(show)
    group.command(
        "add",
        help=_(
            "Add a rule. Of all rules that apply, every --include must match and no --exclude may."
            " Downloads follow.\n\nExample: seiton filters add --target global --exclude --pattern 720p"
        ),
    )(add)
    group.command(
        "edit",
        help=_(
            "Change a rule, or switch it on or off; what is not named stays.\n\n"
            "Example: seiton filters edit 2 --off"
        ),
    )(edit)
    group.command(
        "remove",
        help=_("Delete a rule; what only it kept out is fetched.\n\nExample: seiton filters remove 2"),
    )(remove)
    group.command(
        "preview",
        help=_(
            "Show what a rule would do: releases that pass or not, downloads that begin or end.\n\n"
            "Example: seiton filters preview --target global --exclude --pattern 720p"
        ),
    )(preview)
    group.command(
        "confirm",
        help=_(
            "Let an edit that waits, because it would begin or end many downloads, go on.\n\n"
            "Example: seiton filters confirm 7"
        ),
    )(resyncs.confirm)
    return group


def show(target: Target = None, url: Url = None, as_json: Json = False) -> None:
    """Print rules."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/filters", **_target(target))
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("ID"), _("For"), _("Order"), _("On"), _("Titles"), _("Pattern")],
        [
            (
                row["rule_id"],
                word(row["target_type"]) + (f" {row['target_id']}" if row["target_id"] is not None else ""),
                row["rule_order"],
                row["is_enabled"],
                _("must match") if row["is_positive"] else _("must not match"),
                row["regex_pattern"],
            )
            for row in answer["rules"]
        ],
        empty=_("There are no filter rules: everything is wanted."),
    )


def add(
    pattern: Pattern = None,
    target: Target = None,
    positive: Positive = None,
    order: Order = None,
    enabled: Enabled = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Add a rule."""
    from seiton.faces.cli.client import Api

    draft = _draft(pattern, target or "global", positive, order, enabled)
    _require(draft)
    with Api(url) as api:
        written = api.post("/filters", draft)
    _print_written(written, as_json, _("Filter rule {rule_id} was added.", rule_id=written["rule_id"]))


def edit(
    rule_id: Id,
    pattern: Pattern = None,
    target: Target = None,
    positive: Positive = None,
    order: Order = None,
    enabled: Enabled = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Change a rule."""
    from seiton.faces.cli.client import Api

    draft = _draft(pattern, target, positive, order, enabled)
    if not draft:
        raise _wrong("--pattern", _("Say what to change."))
    with Api(url) as api:
        written = api.patch(f"/filters/{rule_id}", draft)
    _print_written(written, as_json, _("Filter rule {rule_id} was changed.", rule_id=rule_id))


def remove(rule_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Delete a rule."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        api.delete(f"/filters/{rule_id}")
    if as_json:
        print_json({"deleted": True, "rule_id": rule_id})
    else:
        say(_("Filter rule {rule_id} was deleted.", rule_id=rule_id))


def preview(
    pattern: Pattern = None,
    target: Target = None,
    positive: Positive = None,
    enabled: Enabled = None,
    rule: Annotated[
        int | None,
        typer.Option(
            metavar=_("ID"),
            help=_("The draft is an edit of this rule; without a pattern its deletion."),
            show_default=False,
        ),
    ] = None,
    limit: Limit = 20,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what a rule would do."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import require_valid

    draft = _draft(pattern, target, positive, None, enabled)
    if rule is None:
        _require(draft)
    else:
        draft["exclude_filter_id"] = rule
    with Api(url) as api:
        answer = api.post("/filters/preview", draft | {"limit": limit})
    if as_json:
        print_json(answer)
        return
    require_valid(answer)
    _print_preview(answer)


def _print_preview(answer: dict[str, Any]) -> None:
    before, after = answer["before"], answer["after"]
    say(
        _(
            "Releases that pass: {before} now, {after} then; kept out: {out_before} now, {out_after} then",
            before=before["passed"],
            after=after["passed"],
            out_before=before["filtered"],
            out_after=after["filtered"],
        )
    )
    passed = {item["link_id"] for item in before["passed_items"]}
    print_table(
        [_("Link"), _("Title"), _("Now"), _("Then")],
        [
            (
                item["link_id"],
                item["title"],
                _("passes") if item["link_id"] in passed else _("kept out"),
                _("passes") if is_passed else _("kept out"),
            )
            for is_passed, items in ((True, after["passed_items"]), (False, after["filtered_items"]))
            for item in items
        ],
        empty=_("It applies to no release that is known."),
    )
    say(
        _(
            "Downloads that would begin: {starts}; that would be taken back: {cancels}",
            starts=len(answer["starts"]),
            cancels=len(answer["cancels"]),
        )
    )
    if answer["needs_confirmation"]:
        say(_("That is so many that it would wait for your confirmation."))
    say(_("Nothing was changed."))


def _print_written(written: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(written)
        return
    say(sentence)
    if written["state"] == "waiting":
        say(
            plural(
                "It would begin {number} download and take back {cancels}. Confirm it first:"
                " seiton filters confirm {resync_id}",
                "It would begin {number} downloads and take back {cancels}. Confirm it first:"
                " seiton filters confirm {resync_id}",
                written["starts"],
                cancels=written["cancels"],
                resync_id=written["resync_id"],
            )
        )
    elif written["state"] == "running":
        say(_("Releases are still being looked through."))
    else:
        begun, ended = written["starts"], written["cancels"]
        say(_("Downloads begun: {starts}, taken back: {cancels}", starts=begun, cancels=ended))


def _draft(
    pattern: str | None, target: str | None, positive: bool | None, order: int | None, enabled: bool | None
) -> dict[str, Any]:
    fields = {
        "regex_pattern": pattern,
        "is_positive": positive,
        "rule_order": order,
        "is_enabled": enabled,
    }
    return _target(target) | {name: value for name, value in fields.items() if value is not None}


def _target(target: str | None) -> dict[str, Any]:
    if target is None:
        return {}
    kind, colon, number = target.partition(":")
    if not colon:
        return {"target_type": kind}
    if not number.isdecimal():
        raise _wrong("--target", _("{found} is not KIND:NUMBER.", found=target))
    return {"target_type": kind, "target_id": int(number)}


def _require(draft: dict[str, Any]) -> None:
    if "regex_pattern" not in draft:
        raise _wrong("--pattern", _("This is required."))
    if "is_positive" not in draft:
        raise _wrong("--include", _("Say --include or --exclude."))


def _wrong(field: str, message: str) -> Exception:
    from seiton.errors import Problem
    from seiton.faces.cli.output import WrongUsage

    return WrongUsage([Problem(field=field, message=message, code="usage")])
