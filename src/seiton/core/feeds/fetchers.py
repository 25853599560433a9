"""Feeds that a registered fetcher looks after: choose it, ask it, and take what it delivers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.feeds import FeedKind
from seiton.adapters.feeds.delivered import read_delivered
from seiton.adapters.http import FetchError
from seiton.adapters.modules.fetcher import FetcherOverHttp
from seiton.core import tables
from seiton.core.feeds.ingest import Ingested, ingest
from seiton.core.modules.registry import PRIORITY, core_address, usable_modules
from seiton.core.retries import next_try
from seiton.core.service import Core
from seiton.domain.states import ModuleType
from seiton.errors import Conflict, InvalidInput, NotFound, Problem, SeitonError
from seiton.text import _

BUILT_IN = 0
DELIVERY = timedelta(minutes=10)
"""A fetcher that has not delivered after this has failed; until then it is not asked again."""
LONGEST_ERROR = 2000
SITE_MINUTES = 5
PUBLIC_SITES = frozenset(FeedKind) - {FeedKind.GENERIC, FeedKind.TORZNAB}
"""What belongs to everybody; generic feeds and indexers may be the user's own."""
ASKED_AT_ONCE = 8


class NoCapableFetcher(SeitonError):
    """No fetcher says that it can look after this feed."""

    status = 400
    code = "no_capable_fetcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who looks after a feed (0: the built-in fetcher), and who has as good a claim, the first first."""

    fetcher_id: int
    candidates: Sequence[Row] = ()


def choose_fetcher(core: Core, url: str, source_type: str, wanted: int | None) -> Assignment:
    """Return who looks after a feed.

    ``wanted`` was named by a person and is not asked. Otherwise those that rank above the built-in one are
    asked, rank by rank; of several that want it the longest registered one is taken until a person chooses.
    Raises ``InvalidInput`` and ``NoCapableFetcher``.
    """
    with core.database.read() as connection:
        rows = usable_modules(connection, ModuleType.FETCHER)
    has_own = ModuleType.FETCHER in core.built_in
    if wanted:
        if all(row["module_id"] != wanted for row in rows):
            raise InvalidInput([Problem(field="fetcher_id", message=_("There is no such fetcher."))])
        return Assignment(fetcher_id=wanted)
    asked = [row for row in rows if not has_own or row["priority"] > PRIORITY]
    for _rank, equals in groupby(asked, lambda row: (row["failing_since"] is not None, row["priority"])):
        if willing := _willing(core, list(equals), url, source_type):
            return Assignment(fetcher_id=willing[0]["module_id"], candidates=willing)
    if not has_own:
        raise NoCapableFetcher(_("No fetcher says that it can look after this feed."))
    return Assignment(fetcher_id=BUILT_IN)


def _willing(core: Core, rows: Sequence[Row], url: str, source_type: str) -> list[Row]:
    """Ask fetchers at the same time, so that one that is away costs its time once; return who wants it."""
    with ThreadPoolExecutor(max_workers=ASKED_AT_ONCE) as pool:
        answers = pool.map(lambda row: _reach(core, row).can_handle(url, source_type), rows)
        return [row for row, wants in zip(rows, answers, strict=True) if wants]


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
        note_fetch(core, subscription, {"awaiting_since": now, "next_fetch_at": now + DELIVERY})
        try:
            _reach(core, module).fetch(subscription["subscription_id"], subscription["source_url"])
        except FetchError as error:
            if not error.sent:
                _failed(core, subscription, str(error))
        except SeitonError as error:
            _failed(core, subscription, str(error))


def pause_of(minutes: int, kind: str | None = None) -> timedelta:
    """Return the pause until the next fetch, up to a tenth longer: not all feeds at the same second.

    Public sites (``kind``) are asked every ``SITE_MINUTES`` at most, whatever a subscription says.
    """
    least = SITE_MINUTES if kind in PUBLIC_SITES else 1
    return timedelta(minutes=max(minutes, least)) * (1 + random.random() / 10)  # noqa: S311  # not a secret


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
    note_fetch(
        core,
        row,
        {
            "last_error": None,
            "failures": 0,
            "awaiting_since": None,
            "last_fetched_at": now,
            "next_fetch_at": now + pause_of(row["fetch_interval_minutes"]),
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
    note_fetch(
        core,
        row,
        {
            "last_error": message,
            "failures": failures,
            "awaiting_since": None,
            "next_fetch_at": next_try(core.now(), failures),
        },
    )


def note_fetch(core: Core, row: Row, values: dict[str, Any]) -> None:
    """Write what a fetch of a subscription, ``row``, came to."""
    table = tables.subscriptions
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.subscription_id == row["subscription_id"])
            .values(values | {"updated_at": core.now()})
        )
