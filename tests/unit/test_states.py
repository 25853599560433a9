"""The states of things: every one can be reached and left, and none is a dead end by mistake."""

from __future__ import annotations

import pytest

from seiton.domain.states import (
    DOWNLOAD_TRANSITIONS,
    GIVEN_UP,
    IN_CLIENT,
    IN_LIBRARY,
    IN_VIEWER,
    UNMATCHED,
    DownloadStatus,
    may_follow,
)

D = DownloadStatus


def _reachable(start: DownloadStatus) -> set[DownloadStatus]:
    found = {start}
    while new := {after for before in found for after in DOWNLOAD_TRANSITIONS[before]} - found:
        found |= new
    return found


def test_every_state_says_what_may_follow() -> None:
    assert set(DOWNLOAD_TRANSITIONS) == set(DownloadStatus)


def test_a_wanted_download_can_come_to_every_state_but_that_of_unknown_links() -> None:
    assert _reachable(D.PENDING) == set(DownloadStatus)


@pytest.mark.parametrize("status", sorted(set(DownloadStatus) - IN_LIBRARY))
def test_from_every_state_outside_the_library_there_is_a_way_into_it(status: DownloadStatus) -> None:
    assert D.SYNCED in _reachable(status)


def test_a_file_in_the_library_leaves_it_only_by_being_removed() -> None:
    assert DOWNLOAD_TRANSITIONS[D.SYNCED] == {D.RESYNCING, D.CANCELLED}
    assert DOWNLOAD_TRANSITIONS[D.RESYNCING] == {D.SYNCED, D.CANCELLED}


@pytest.mark.parametrize("status", DownloadStatus)
def test_staying_is_always_allowed(status: DownloadStatus) -> None:
    assert may_follow(status, status)


def test_a_report_may_come_after_its_request_was_given_up() -> None:
    assert may_follow(D.COMPLETED, D.SYNCED)
    assert may_follow(D.SYNC_FAILED, D.SYNCED)


def test_a_download_does_not_skip_the_client() -> None:
    assert not may_follow(D.PENDING, D.COMPLETED)
    assert not may_follow(D.PENDING, D.SYNCED)


def test_the_groups_of_states_do_not_contradict_each_other() -> None:
    assert IN_LIBRARY < IN_VIEWER
    assert UNMATCHED < GIVEN_UP
    assert not GIVEN_UP & (IN_VIEWER | IN_CLIENT)
