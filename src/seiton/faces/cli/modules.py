"""``seiton modules``: fetchers, downloaders and viewers that registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seiton.faces.cli.options import Json, Url
from seiton.faces.cli.output import WrongUsage, moment, print_json, print_table, say
from seiton.text import _

if TYPE_CHECKING:
    from seiton.faces.cli.client import Api

Module = Annotated[
    str,
    typer.Argument(
        metavar=_("MODULE"), help=_("Its type and name, such as viewer/attic."), show_default=False
    ),
]


def commands() -> typer.Typer:
    """Return the group."""
    group = typer.Typer(help=_("Modules elsewhere: list, enable, disable, rank."), no_args_is_help=True)
    group.command(
        "list",
        help=_("List the modules that registered, and how they are.\n\nExample: seiton modules list"),
    )(show)
    group.command(
        "enable",
        help=_("Let a module be asked.\n\nExample: seiton modules enable viewer/attic"),
    )(enable)
    group.command(
        "disable",
        help=_(
            "Do not ask a module any more, also when it registers again.\n\n"
            "Example: seiton modules disable downloader/nas"
        ),
    )(disable)
    group.command(
        "rank",
        help=_(
            "Set a module's priority; what is built in has 50.\n\n"
            "Example: seiton modules rank downloader/nas 60"
        ),
    )(rank)
    return group


def show(url: Url = None, as_json: Json = False) -> None:
    """Print all modules."""
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        answer = api.get("/services")
    if as_json:
        print_json(answer)
        return
    print_table(
        [_("Module"), _("Address"), _("Enabled"), _("Priority"), _("Healthy"), _("Seen"), _("Error")],
        [
            (
                f"{row['service_type']}/{row['service_name']}",
                row["base_url"],
                row["is_enabled"] and row["admitted"],
                row["priority"],
                row["is_healthy"],
                moment(row["last_heartbeat"]),
                row["last_error"],
            )
            for row in answer["services"]
        ],
        empty=_("No module has registered; everything is built in."),
    )


def enable(module: Module, url: Url = None, as_json: Json = False) -> None:
    """Let a module be asked."""
    row = _change(module, url, {"is_enabled": True})
    _print(row, as_json, _("{name} is enabled.", name=module))


def disable(module: Module, url: Url = None, as_json: Json = False) -> None:
    """Do not ask a module any more."""
    row = _change(module, url, {"is_enabled": False})
    _print(row, as_json, _("{name} is disabled.", name=module))


def rank(
    module: Module,
    priority: Annotated[
        int, typer.Argument(metavar=_("PRIORITY"), help=_("The highest is asked first."), show_default=False)
    ],
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Set a module's priority."""
    row = _change(module, url, {"priority": priority})
    _print(row, as_json, _("{name} has priority {priority}.", name=module, priority=priority))


def _change(module: str, url: str | None, change: dict[str, object]) -> Any:
    from seiton.faces.cli.client import Api

    with Api(url) as api:
        return api.patch(f"/services/{_service_id(api, module)}", change)


def _service_id(api: Api, module: str) -> str:
    from seiton.errors import Problem

    rows = api.get("/services")["services"]
    names = {f"{row['service_type']}/{row['service_name']}": str(row["service_id"]) for row in rows}
    if module not in names:
        message = _("No such module; there are: {names}.", names=", ".join(names) or "-")
        raise WrongUsage([Problem(field="MODULE", message=message)])
    return names[module]


def _print(row: Any, as_json: bool, sentence: str) -> None:
    if as_json:
        print_json(row)
    else:
        say(sentence)
