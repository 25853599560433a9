"""How it stands with an episode."""

from __future__ import annotations

from datetime import date

import pytest

from seiton.domain.episodes import EpisodeStanding, standing_of

TODAY = date(2026, 1, 8)
BEFORE, AFTER = date(2026, 1, 7), date(2026, 1, 9)


@pytest.mark.parametrize(
    ("statuses", "aired", "standing"),
    [
        (["synced"], AFTER, EpisodeStanding.HERE),
        (["failed", "sync_failed"], BEFORE, EpisodeStanding.HERE),
        (["cancelled", "downloading"], BEFORE, EpisodeStanding.COMING),
        (["failed"], BEFORE, EpisodeStanding.MISSING),
        ([], TODAY, EpisodeStanding.MISSING),
        ([], AFTER, EpisodeStanding.AHEAD),
        (["cancelled"], None, EpisodeStanding.LEFT),
    ],
)
def test_an_episode_stands_by_its_downloads_then_by_its_date(
    statuses: list[str], aired: date | None, standing: EpisodeStanding
) -> None:
    assert standing_of(statuses, aired, TODAY) is standing
