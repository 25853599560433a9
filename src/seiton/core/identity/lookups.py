"""Ids that Mikan's pages link: an entry's page names the work, the work's page its subject on bangumi.tv."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http import Fetched, FetchError, FetchFault
from seiton.adapters.metadata.bangumi import NAMESPACE
from seiton.core import tables
from seiton.core.identity.ids import Given, give_ids
from seiton.core.neighbours.answers import Question, ask
from seiton.core.service import Core, trust_feed
from seiton.domain.states import SURE, IdSource, NeighbourKind
from seiton.errors import Unavailable
from seiton.text import _

MIKAN = "mikan"
AT_ONCE = 10
LASTS = timedelta(days=30)
NOTHING_LASTS = timedelta(days=1)
"""A page that names nothing yet may do so tomorrow."""
MAX_BYTES = 4 * 1024 * 1024
_WORK = re.compile(rb"/Home/Bangumi/(\d{1,9})|[?&;]bangumiId=(\d{1,9})", re.IGNORECASE)
_SUBJECT = re.compile(rb"https?://(?:www\.)?(?:bgm|bangumi)\.tv/subject/(\d{1,9})", re.IGNORECASE)
log = logging.getLogger(__name__)


def find_ids(core: Core) -> bool:
    """Look some ids up on pages that feeds link to; say whether there may be more to look up.

    One page for a work, however many entries it has.
    """
    if core.mikan_url is None:
        return False
    works, subjects = _entries(core), _works(core)
    try:
        for row in works:
            trust_feed(core, row["source_url"])
            value = _read(core, row["page_url"], row["source_url"], _WORK)
            _give(core, row["series_id"], MIKAN, value)
        for row in subjects:
            url = f"{core.mikan_url}/Home/Bangumi/{row['value']}"
            _give(core, row["series_id"], NAMESPACE, _read(core, url, core.mikan_url, _SUBJECT))
    except (FetchError, Unavailable) as error:
        log.info("%s", error)  # it is on record with the neighbour
        return False
    return AT_ONCE in (len(works), len(subjects))


def _entries(core: Core) -> Sequence[Row]:
    """Return a page of an entry for each series of Mikan's that no feed named an id of."""
    links, items, subscriptions = tables.links, tables.raw_items, tables.subscriptions
    series, ids, answers = tables.series, tables.external_ids, tables.answers
    has_id = sa.exists().where(ids.c.series_id == links.c.series_id, ids.c.namespace == MIKAN)
    was_asked = sa.exists().where(
        answers.c.source == MIKAN, answers.c.key == items.c.page_url, answers.c.fresh_until > core.now()
    )
    query = (
        sa.select(
            links.c.series_id,
            sa.func.min(items.c.page_url).label("page_url"),
            sa.func.min(subscriptions.c.source_url).label("source_url"),
        )
        .select_from(
            links.join(items, items.c.item_id == links.c.raw_item_id)
            .join(subscriptions, subscriptions.c.subscription_id == items.c.subscription_id)
            .join(series, series.c.series_id == links.c.series_id)
        )
        .where(
            subscriptions.c.feed_kind == MIKAN,
            items.c.page_url.like("%/Home/Episode/%"),
            series.c.series_no > 0,
            links.c.detached_at.is_(None),
            ~has_id,
            ~was_asked,
        )
        .group_by(links.c.series_id)
        .order_by(links.c.series_id)
        .limit(AT_ONCE)
    )
    with core.database.read() as connection:
        return connection.execute(query).mappings().all()


def _works(core: Core) -> Sequence[Row]:
    """Return the Mikan ids of series that have none of bangumi.tv."""
    ids, answers = tables.external_ids, tables.answers
    other = ids.alias()
    has_subject = sa.exists().where(
        other.c.series_id == ids.c.series_id,
        other.c.namespace == NAMESPACE,
        other.c.standing.in_([*sorted(SURE), "claimed"]),
    )
    page = sa.literal(f"{core.mikan_url}/Home/Bangumi/") + ids.c.value
    was_asked = sa.exists().where(
        answers.c.source == MIKAN, answers.c.key == page, answers.c.fresh_until > core.now()
    )
    query = sa.select(ids.c.series_id, ids.c.value).where(
        ids.c.namespace == MIKAN, ids.c.standing.in_(sorted(SURE)), ~has_subject, ~was_asked
    )
    with core.database.read() as connection:
        return connection.execute(query.order_by(ids.c.external_id).limit(AT_ONCE)).mappings().all()


def _read(core: Core, url: str, linked_from: str, wanted: re.Pattern[bytes]) -> str | None:
    """Return the one id that the page names. Raises ``FetchError``."""

    def fetch() -> str | None:
        try:
            answer = core.web.get(url, max_bytes=MAX_BYTES, accept="text/html", linked_from=linked_from)
        except FetchError as error:
            if error.http_status in (404, 410):
                return None  # the page is gone: that is an answer, too
            raise
        if not isinstance(answer, Fetched) or b"<" not in answer.body:
            detail = _("what came is no web page")
            raise FetchError(FetchFault.NOT_HTTP, url, detail=detail)
        named = {next(filter(None, found.groups())) for found in wanted.finditer(answer.body)}
        return named.pop().decode() if len(named) == 1 else None

    parts = urlsplit(url)
    question = Question(
        kind=NeighbourKind.SITE,
        address=f"{parts.scheme}://{parts.netloc}",
        source=MIKAN,
        key=url[:300],
        lasts=LASTS,
        nothing_lasts=NOTHING_LASTS,
    )
    body = ask(core, question, fetch).body
    return str(body) if body is not None else None


def _give(core: Core, series_id: int, namespace: str, value: str | None) -> None:
    if value is None:
        return
    with core.database.write() as connection:
        give_ids(connection, [Given(series_id, namespace, value)], IdSource.PAGE, core.now())
