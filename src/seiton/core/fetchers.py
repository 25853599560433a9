"""Feeds that a registered fetcher looks after: choose it, ask it, and take what it delivers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.feeds.delivered import read_delivered
from seiton.adapters.http import FetchError
from seiton.adapters.modules.fetcher import FetcherOverHttp
from seiton.core import tables
from seiton.core.ingest import Ingested, ingest
from seiton.core.modules import PRIORITY, core_address, usable_modules
from seiton.core.service import Core, next_try
from seiton.domain.states import ModuleType
from seiton.errors import Conflict, InvalidInput, NotFound, Problem, SeitonError
from seiton.text import _

BUILT_IN = 0
DELIVERY = timedelta(minutes=10)
"""A fetcher that has not delivered after this has failed; until then it is not asked again."""
LONGEST_ERROR = 2000


class NoCapableFetcher(SeitonError):
    """No fetcher says that it can look after this feed."""

    status = 400
    code = "no_capable_fetcher"


def choose_fetcher(core: Core, url: str, source_type: str, wanted: int | None) -> int:
    """Return the id of the fetcher for a feed, 0 for the built-in one.

    ``wanted`` was named by a person and is not asked. Otherwise those that rank above the built-in one are
    asked in turn. Raises ``InvalidInput`` and ``NoCapableFetcher``.
    """
    with core.database.read() as connection:
        rows = usable_modules(connection, ModuleType.FETCHER)
    has_own = ModuleType.FETCHER in core.built_in
    if wanted:
        if all(row["module_id"] != wanted for row in rows):
            raise InvalidInput([Problem(field="fetcher_id", message=_("There is no such fetcher."))])
        return wanted
    for row in rows:
        if has_own and row["priority"] <= PRIORITY:
            continue
        if _reach(core, row).can_handle(url, source_type):
            return int(row["module_id"])
    if not has_own:
        raise NoCapableFetcher(_("No fetcher says that it can look after this feed."))
    return BUILT_IN


def _reach(core: Core, row: Row) -> FetcherOverHttp:
    callback_url = f"{core_address(core, row)}/raw-fetcher-results"
    return FetcherOverHttp(core.web, row["base_url"], row["name"], callback_url)


def ask_fetcher(core: Core, subscription: Row) -> None:
    """Have a feed's fetcher fetch it; it delivers later. Failures are written to the feed's row."""
    with core.database.read() as connection:
        rows = usable_modules(connection, ModuleType.FETCHER)
    module = next((row for row in rows if row["module_id"] == subscription["fetcher_id"]), None)
    if module is None:
        _failed(core, subscription, _("The fetcher of this feed is not registered or not enabled."))
    elif subscription["awaiting_since"] is not None:
        if core.now() - subscription["awaiting_since"] < DELIVERY:
            return  # it is on its way
        _failed(core, subscription, _("{name} was asked and did not deliver.", name=module["name"]))
    else:
        now = core.now()
        _note(core, subscription, {"awaiting_since": now, "next_fetch_at": now + DELIVERY})
        try:
            _reach(core, module).fetch(subscription["subscription_id"], subscription["source_url"])
        except FetchError as error:
            if not error.sent:
                _failed(core, subscription, str(error))
        except SeitonError as error:
            _failed(core, subscription, str(error))


def take_results(
    core: Core, subscription_id: int, entries: Sequence[object], *, success: bool, error_message: str | None
) -> Ingested:
    """Take what a fetcher delivers; a failed fetch is on record as failed.

    Raises ``NotFound``, and ``Conflict`` for a feed that no registered fetcher looks after.
    """
    table = tables.subscriptions
    query = sa.select(table).where(table.c.subscription_id == subscription_id, table.c.is_active)
    with core.database.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(_("There is no subscription {subscription_id}.", subscription_id=subscription_id))
    if row["fetcher_id"] == BUILT_IN:
        raise Conflict(_("Seiton itself fetches this feed; nobody else delivers for it."))
    if not success:
        _failed(core, row, (error_message or _("The fetcher gave no reason."))[:LONGEST_ERROR])
        return Ingested(received=len(entries), new=0, parsed=0, failed=0)
    items, faults = read_delivered(entries)
    result = ingest(core, subscription_id, items)
    now = core.now()
    _note(
        core,
        row,
        {
            "last_error": None,
            "failures": 0,
            "awaiting_since": None,
            "last_fetched_at": now,
            "next_fetch_at": now + timedelta(minutes=row["fetch_interval_minutes"]),
            "item_faults": [
                {
                    "index": fault.index,
                    "title": fault.title,
                    "code": fault.code.value,
                    "message": fault.message,
                }
                for fault in faults
            ],
        },
    )
    return Ingested(
        received=len(entries), new=result.new, parsed=result.parsed, failed=result.failed + len(faults)
    )


def _failed(core: Core, row: Row, message: str) -> None:
    failures = row["failures"] + 1
    _note(
        core,
        row,
        {
            "last_error": message,
            "failures": failures,
            "awaiting_since": None,
            "next_fetch_at": next_try(core.now(), failures),
        },
    )


def _note(core: Core, row: Row, values: dict[str, Any]) -> None:
    table = tables.subscriptions
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.subscription_id == row["subscription_id"])
            .values(values | {"updated_at": core.now()})
        )
