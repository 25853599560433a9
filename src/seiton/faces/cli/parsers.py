"""``seiton parsers``: the rules that say what each title is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from seiton.errors import Problem
from seiton.faces.cli.learning import learn, learn_help, likely_same
from seiton.faces.cli.options import Json, Limit, ParserFile, PlanId, Preview, Sets, Url
from seiton.faces.cli.output import WrongUsage, moment, print_facts, print_json, print_table, say
from seiton.faces.words import word
from seiton.text import _

_WIDEST = 40
"""Characters of a condition that the list shows."""

Id = Annotated[int, typer.Argument(metavar=_("ID"), help=_("Number of the parser."), show_default=False)]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(
        help=_("Title parsers: list, show, add, edit, delete, preview."), no_args_is_help=True
    )
    group.command(
        "list",
        help=_("List parsers in the order in which they are tried.\n\nExample: seiton parsers list"),
    )(show)
    group.command(
        "history",
        help=_(
            "Show the edits of a parser, also of a deleted one: when, what, and the resync that followed.\n\n"
            "Example: seiton parsers history 5"
        ),
    )(history)
    group.command("show", help=_("Show one parser.\n\nExample: seiton parsers show 5 --json"))(show_one)
    group.command(
        "add",
        help=_(
            "Add a parser. Stored titles are parsed by it at once, and files follow.\n\n"
            "Example: seiton parsers add --file new.json --set priority=20"
        ),
    )(add)
    group.command(
        "edit",
        help=_(
            "Change fields of a parser; what is not named stays. Files follow.\n\n"
            "Example: seiton parsers edit 5 --set episode_offset=-12 --preview"
        ),
    )(edit)
    group.command("learn", help=learn_help())(learn)
    group.command(
        "likely-same",
        help=_(
            "List works that share a name, in their titles or in those of their releases: likely one work."
            "\n\nExample: seiton parsers likely-same --json"
        ),
    )(likely_same)
    group.command(
        "copy",
        help=_(
            "Copy a parser, built in or not. The copy is yours, and switched off.\n\n"
            "Example: seiton parsers copy 12"
        ),
    )(copy)
    group.command(
        "builtin",
        help=_(
            "Show the version of the built-in parsers; see or take what an update of them deferred.\n\n"
            "Example: seiton parsers builtin --preview"
        ),
    )(builtin)
    group.command(
        "delete",
        help=_("Delete a parser. Downloads and files stay.\n\nExample: seiton parsers delete 5 --preview"),
    )(delete)
    group.command(
        "preview",
        help=_(
            "Show what a draft makes of stored titles, and what would move.\n\n"
            "Example: seiton parsers preview --file new.json --limit 20"
        ),
    )(preview)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print all parsers."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        rows = api.get("/parsers")
    if as_json:
        print_json(rows)
        return
    print_table(
        [_("ID"), _("From"), _("Priority"), _("On"), _("Name"), _("Condition"), _("Title"), _("Episode")],
        [
            (
                row["parser_id"],
                word(row["origin"]),
                row["priority"],
                row["is_enabled"],
                row["name"],
                _short(row["condition_regex"]),
                _source(row, "anime_title"),
                _source(row, "episode_no"),
            )
            for row in rows
        ],
    )


def show_one(parser_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Print one parser."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        row = api.get(f"/parsers/{parser_id}")
    if as_json:
        print_json(row)
        return
    print_fields(row)


def history(parser_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Print the edits of a parser."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get(f"/parsers/{parser_id}/history")
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("Resync"), _("When"), _("What"), _("Changes"), _("Undone by")],
        [
            (
                edit["resync_id"],
                moment(edit["created_at"]),
                _("undo of {resync_id}", resync_id=edit["undoes"]) if edit["undoes"] else word(edit["cause"]),
                _changes(edit),
                edit["undone_by"],
            )
            for edit in answer["edits"]
        ],
        empty=_("It was never edited."),
    )


def _changes(edit: dict[str, Any]) -> str:
    """Return what an edit changed, field by field."""
    before, after = edit["before"], edit["after"]
    if before is None or after is None:
        return ""
    return "\n".join(
        f"{name}: {before.get(name)} → {value}" for name, value in after.items() if before.get(name) != value
    )


def print_fields(row: dict[str, Any]) -> None:
    """Print a parser, saved or not; field names are those that --set takes."""
    facts: dict[str, object] = {
        name: row.get(name)
        for name in (
            "parser_id",
            "name",
            "origin",
            "kind",
            "description",
            "priority",
            "is_enabled",
            "condition_regex",
            "parse_regex",
        )
    }
    for name in row:
        if name.endswith("_source") and row[name]:
            field = name.removesuffix("_source")
            facts[field] = f"{row[name]}: {row[f'{field}_value']}"
    facts["episode_offset"] = row.get("episode_offset") or None
    if "version" in row:
        facts["version"] = row["version"]
        facts["updated_at"] = moment(row["updated_at"])
    print_facts(facts)


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= _WIDEST else f"{pattern[: _WIDEST - 1]}…"


def _source(row: dict[str, Any], field: str) -> str:
    return f"{row[f'{field}_value']}" if row[f"{field}_source"] == "regex" else f'"{row[f"{field}_value"]}"'


def add(
    sets: Sets = None,
    file: ParserFile = None,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Add a parser."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.draft import require_draft

    draft = require_draft(sets, file)
    draft.pop("version", None)
    with Api(url) as api:
        if preview:
            _preview(api, draft, as_json)
            return
        written = api.post("/parsers", draft | _confirmed(plan_id))
        print_written(
            api, written, as_json, _("Parser {parser_id} was added.", parser_id=written["parser_id"])
        )


def edit(
    parser_id: Id,
    sets: Sets = None,
    file: ParserFile = None,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Change a parser."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.draft import require_draft

    draft = require_draft(sets, file)
    with Api(url) as api:
        if preview:
            _preview(api, draft | {"parser_id": parser_id}, as_json)
            return
        written = api.patch(f"/parsers/{parser_id}", draft | _confirmed(plan_id))
        print_written(api, written, as_json, _("Parser {parser_id} was changed.", parser_id=parser_id))


def copy(parser_id: Id, url: Url = None, as_json: Json = False) -> None:
    """Copy a parser."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        made = api.post(f"/parsers/{parser_id}/copy")
    if as_json:
        print_json(made)
        return
    say(_("Parser {parser_id} was added.", parser_id=made["parser_id"]))
    say(_("Switch it on: seiton parsers edit {parser_id} --set is_enabled=on", parser_id=made["parser_id"]))


def builtin(
    preview: Preview = False,
    take: Annotated[bool, typer.Option("--take", help=_("Take the update; files follow."))] = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Show, preview or take an update of the built-in parsers."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    if preview and take:
        raise WrongUsage([Problem(field="--take", message=_("Choose --preview or --take."), code="usage")])
    with Api(url) as api:
        if preview:
            print_impact(api.post("/parsers/builtin/preview"), as_json)
        elif take:
            taken = api.post("/parsers/builtin/take", {"plan_id": plan_id})
            print_written(api, taken, as_json, _("The update was taken."))
        else:
            row = api.get("/parsers/builtin")
            print_json(row) if as_json else print_facts(
                {_("Version"): row["version"], _("Titles that an update reads otherwise"): row["deferred"]}
            )


def delete(
    parser_id: Id,
    preview: Preview = False,
    plan_id: PlanId = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Delete a parser."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.impact import print_impact

    with Api(url) as api:
        if preview:
            print_impact(api.post(f"/parsers/{parser_id}/preview-deletion"), as_json)
            return
        written = api.delete(f"/parsers/{parser_id}", plan_id=plan_id)
        print_written(api, written, as_json, _("Parser {parser_id} was deleted.", parser_id=parser_id))


def preview(
    parser: Annotated[
        int | None,
        typer.Option(help=_("The draft is an edit of this parser."), metavar=_("ID"), show_default=False),
    ] = None,
    sets: Sets = None,
    file: ParserFile = None,
    limit: Limit = 50,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Print what a draft makes of stored titles."""
    from seiton.faces.cli.client import Api
    from seiton.faces.cli.draft import require_draft
    from seiton.faces.cli.impact import print_impact, print_titles, require_valid

    draft = require_draft(sets, file) | {"limit": limit}
    if parser is not None:
        draft["parser_id"] = parser
    with Api(url) as api:
        answer = api.post("/parsers/preview", draft)
    if as_json:
        print_json(answer)
        return
    require_valid(answer)
    print_titles(answer["results"])
    print_impact(answer["impact"], as_json=False)


def _confirmed(plan_id: str | None) -> dict[str, str]:
    return {} if plan_id is None else {"plan_id": plan_id}


def _preview(api: Any, draft: dict[str, Any], as_json: bool) -> None:
    from seiton.faces.cli.impact import print_impact, require_valid

    answer = api.post("/parsers/preview", draft | {"limit": 1})
    require_valid(answer)
    print_impact(answer["impact"], as_json)


def print_written(api: Any, written: dict[str, Any], as_json: bool, sentence: str) -> None:
    """Print what a write did, and follow the files."""
    from seiton.faces.cli.resyncs import follow

    if as_json:
        print_json(written)
        return
    say(sentence)
    follow(api, written)
