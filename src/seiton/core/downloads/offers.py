"""What there is to choose from for each episode: links, what came of them, and what its series had before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.links.making import Episode
from seiton.domain.duplicates import (
    Candidate,
    Choice,
    Habit,
    Outcome,
    Policy,
    Settled,
    Standing,
    Undecided,
    choose,
    shape_of,
)
from seiton.domain.states import BEFORE_FILES, GIVEN_UP, CancelReason, DownloadStatus, DownloadType

NO_FLAGS: Mapping[int, bool] = {}


def initial_status(download_type: str | None) -> DownloadStatus:
    """Return where a new download starts: nobody fetches plain web files here."""
    known = download_type in {DownloadType.MAGNET, DownloadType.TORRENT}
    return DownloadStatus.PENDING if known else DownloadStatus.NO_DOWNLOADER


def is_fetched(*, from_version: sa.ColumnElement[int] | None = None) -> sa.ColumnElement[bool]:
    """Say of a link that another release of its episode is on its way or there, from this version on."""
    links, downloads, other = tables.links, tables.downloads, tables.links.alias("other")
    # What has not begun, of a title that no parser matches any more, does not begin.
    asleep = (downloads.c.status == DownloadStatus.PENDING) & other.c.detached_at.is_not(None)
    late_enough = other.c.version >= from_version if from_version is not None else sa.true()
    return sa.exists().where(
        late_enough,
        downloads.c.removed_at.is_(None) if from_version is not None else sa.true(),
        other.c.series_id == links.c.series_id,
        other.c.episode_no == links.c.episode_no,
        other.c.episode_tenths == links.c.episode_tenths,
        downloads.c.link_id == other.c.link_id,
        downloads.c.status.not_in(sorted(GIVEN_UP)),
        ~asleep,
    )


def plan_downloads(
    connection: sa.Connection,
    episodes: Collection[Episode] | None,
    flags: Mapping[int, bool] = NO_FLAGS,
    series_ids: Collection[int] | None = None,
) -> dict[Episode, Outcome]:
    """Decide what is fetched for each of ``episodes`` (``None``: those that have a link left to choose, of
    ``series_ids``, which without them are all).

    ``flags`` says of some links whether they are filtered out, other than they are stored: nothing is
    written here, so that a preview can ask "what if".
    """
    if episodes is None:
        parts: list[Collection[int] | None] = [None] if series_ids is None else [*chunks(sorted(series_ids))]
        taken_for_good = not flags
        episodes = [
            episode
            for part in parts
            for episode in _open_episodes(connection, part, is_taken_for_good=taken_for_good)
        ]
    offers = {episode: _candidates(rows, flags) for episode, rows in _links_of(connection, episodes).items()}
    policy = load_policy(connection)
    several = {
        episode[0]
        for episode, candidates in offers.items()
        if sum(item.standing is Standing.FREE for item in candidates) > 1
    }
    taken = _taken(connection, several)
    outcomes: dict[Episode, Outcome] = {episode: Settled() for episode in sorted(episodes)}
    pending = set(offers)
    while pending:
        habits = {series_id: _habit(taken[series_id]) for series_id in {episode[0] for episode in pending}}
        news: set[int] = set()
        for episode in sorted(pending):
            outcome = outcomes[episode] = choose(offers[episode], policy, habits[episode[0]])
            if isinstance(outcome, Choice):
                taken[episode[0]] += [item for item in offers[episode] if item.link_id == outcome.link_id]
                news.add(episode[0])
        # What was decided of a series is a habit for what was not.
        pending = {
            episode for episode in pending if episode[0] in news and isinstance(outcomes[episode], Undecided)
        }
    return outcomes


def load_policy(connection: sa.Connection) -> Policy:
    """Return what the library prefers, as set by the user."""
    row = connection.execute(sa.select(tables.library_policy)).mappings().one_or_none()
    if row is None:
        return Policy()
    return Policy(group_order=tuple(row["group_order"]), resolution_order=tuple(row["resolution_order"]))


def _open_episodes(
    connection: sa.Connection, series_ids: Collection[int] | None, *, is_taken_for_good: bool
) -> list[Episode]:
    """Return the episodes of ``series_ids`` (``None``: of all) that have a link left to choose; where one is
    on its way or there, and sure to stay, only those of which that is of a later version: no other takes its
    place.
    """
    links, downloads = tables.links.c, tables.downloads.c
    own = sa.exists().where(
        downloads.link_id == links.link_id,
        sa.or_(
            downloads.status != DownloadStatus.CANCELLED,
            downloads.cancel_reason.is_(None),
            downloads.cancel_reason != CancelReason.FILTER,
        ),
    )
    query = (
        sa.select(links.series_id, links.episode_no, links.episode_tenths)
        .where(~links.filtered_flag, links.detached_at.is_(None), ~own)
        .distinct()
    )
    if series_ids is not None:
        query = query.where(links.series_id.in_(series_ids))
    if is_taken_for_good:
        query = query.where(~is_fetched(from_version=links.version))
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _links_of(connection: sa.Connection, episodes: Collection[Episode]) -> dict[Episode, list[Row]]:
    """Return all links of ``episodes`` with their downloads: one row for each, or one without."""
    links, downloads, groups, items = (
        tables.links,
        tables.downloads,
        tables.subtitle_groups,
        tables.raw_items,
    )
    series, animes = tables.series, tables.animes
    query = sa.select(
        links,
        groups.c.group_name,
        items.c.info_hash,
        downloads.c.download_id,
        downloads.c.status,
        downloads.c.cancel_reason,
        downloads.c.removed_at,
        sa.or_(
            series.c.removed_at.is_not(None),
            animes.c.removed_at.is_not(None),
            groups.c.removed_at.is_not(None),
        ).label("is_removed"),
    ).select_from(
        links.join(groups, groups.c.group_id == links.c.group_id)
        .join(series, series.c.series_id == links.c.series_id)
        .join(animes, animes.c.anime_id == series.c.anime_id)
        .outerjoin(items, items.c.item_id == links.c.raw_item_id)
        .outerjoin(downloads, downloads.c.link_id == links.c.link_id)
    )
    episode = sa.tuple_(links.c.series_id, links.c.episode_no, links.c.episode_tenths)
    found: dict[Episode, list[Row]] = {}
    for part in chunks(sorted(episodes), 300):
        # SQLite finds no index for the triple alone.
        series_ids = links.c.series_id.in_({series_id for series_id, _number, _tenths in part})
        for row in connection.execute(query.where(series_ids, episode.in_(part))).mappings():
            found.setdefault((row["series_id"], row["episode_no"], row["episode_tenths"]), []).append(row)
    return found


def _candidates(rows: Iterable[Row], flags: Mapping[int, bool]) -> list[Candidate]:
    by_link: dict[int, list[Row]] = {}
    for row in rows:
        by_link.setdefault(row["link_id"], []).append(row)
    found = []
    for link_id, mine in by_link.items():
        link = mine[0]
        is_filtered = flags.get(link_id, link["filtered_flag"])
        standing = _standing(mine)
        if standing is Standing.RUNNING and flags.get(link_id):
            continue  # taken back by the flag
        if standing is Standing.FREE and (
            is_filtered or link["detached_at"] is not None or link["is_removed"]
        ):
            continue
        found.append(
            Candidate(
                link_id=link_id,
                group=link["group_name"],
                title=link["title"] or "",
                resolution=link["resolution"],
                version=link["version"],
                is_batch=link["is_batch"],
                is_fetchable=initial_status(link["download_type"]) is DownloadStatus.PENDING,
                release=link["info_hash"],
                standing=standing,
            )
        )
    return found


def _standing(rows: Sequence[Row]) -> Standing:
    downloads = [row for row in rows if row["download_id"] is not None]
    for row in downloads:
        if row["removed_at"] is not None:
            is_replaced = row["cancel_reason"] == CancelReason.REPLACED
            return Standing.SPENT if is_replaced else Standing.REMOVED
        status = DownloadStatus(row["status"])
        if status in GIVEN_UP:
            continue
        # What has not begun, of a title that no parser matches any more, does not begin.
        if status is DownloadStatus.PENDING and row["detached_at"] is not None:
            return Standing.SPENT
        return Standing.RUNNING if status in BEFORE_FILES else Standing.FILED
    filtered = [
        row["status"] == DownloadStatus.CANCELLED and row["cancel_reason"] == CancelReason.FILTER
        for row in downloads
    ]
    return Standing.FREE if all(filtered) else Standing.SPENT


def _taken(connection: sa.Connection, series_ids: Collection[int]) -> defaultdict[int, list[Candidate]]:
    """Return what was taken of each series: releases that are on their way or filed."""
    links, downloads, groups = tables.links, tables.downloads, tables.subtitle_groups
    query = (
        sa.select(
            links.c.link_id,
            links.c.series_id,
            groups.c.group_name,
            links.c.resolution,
            links.c.title,
        )
        .select_from(
            downloads.join(links, links.c.link_id == downloads.c.link_id).join(
                groups, groups.c.group_id == links.c.group_id
            )
        )
        .where(downloads.c.status.not_in(sorted(GIVEN_UP)))
    )
    taken: defaultdict[int, list[Candidate]] = defaultdict(list)
    for part in chunks(sorted(series_ids)):
        for row in connection.execute(query.where(links.c.series_id.in_(part))):
            taken[row.series_id].append(
                Candidate(
                    link_id=row.link_id,
                    group=row.group_name,
                    title=row.title or "",
                    resolution=row.resolution,
                )
            )
    return taken


def _habit(taken: Sequence[Candidate]) -> Habit:
    counts = Counter(item.group for item in taken)
    numbers = sorted(set(counts.values()), reverse=True)
    return Habit(
        groups=tuple(frozenset(name for name in counts if counts[name] == number) for number in numbers),
        resolutions=frozenset(item.resolution for item in taken if item.resolution),
        shapes=frozenset(shape_of(item.title) for item in taken),
    )
