"""When a neighbour may be asked again, and what is said of it until then."""

from __future__ import annotations

import pytest

from seiton.adapters.neighbours import PASSWORD_TRIES, Neighbour
from seiton.adapters.torrents.faults import numbers_of, unreached
from seiton.adapters.torrents.port import ClientAway, ClientRefuses
from seiton.domain.states import NeighbourState


def neighbour(**waits: float) -> Neighbour:
    return Neighbour("qBittorrent", "http://nas:8080", **waits)


def test_nothing_is_known_before_it_was_asked() -> None:
    standing = neighbour().standing()
    assert (standing.state, standing.since, standing.last_error) == (NeighbourState.UNKNOWN, None, None)
    neighbour().check()


def test_one_that_is_away_is_left_alone_for_longer_and_longer() -> None:
    known = neighbour(first_wait_s=100, longest_wait_s=1000)
    known.is_well("v4.5.2")
    waits = []
    for _try in range(6):
        known.failed(ClientAway("nas is away"), NeighbourState.AWAY)
        with pytest.raises(ClientAway, match="nas is away"):
            known.check()
        next_try, since = known.standing().next_try, known.standing().since
        assert next_try is not None and since is not None
        waits.append((next_try - since).total_seconds())
    assert [round(wait, -2) for wait in waits] == [100, 200, 400, 800, 1000, 1000]
    assert known.standing().version == "v4.5.2"
    known.is_well()
    known.check()
    assert known.standing().state is NeighbourState.WELL
    assert (known.standing().last_error, known.standing().next_try) == (None, None)


def test_since_when_it_is_so_does_not_change_while_it_is_so() -> None:
    known = neighbour()
    known.failed(ClientAway("1"), NeighbourState.AWAY)
    since = known.standing().since
    known.failed(ClientAway("2"), NeighbourState.AWAY)
    assert (known.standing().since, known.standing().last_error) == (since, "2")


def test_a_wrong_password_is_given_up_before_a_program_bans() -> None:
    known = neighbour(first_wait_s=0, longest_wait_s=0)
    for _try in range(PASSWORD_TRIES):
        known.check() if not known.standing().is_given_up else None
        known.failed(ClientRefuses("wrong"), NeighbourState.REFUSED)
    assert known.standing().is_given_up
    assert PASSWORD_TRIES < 3, "the strictest program bans after three"
    with pytest.raises(ClientRefuses, match="wrong"):
        known.check()


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("v4.5.2", (4, 5, 2)),
        ("v5.3.0", (5, 3, 0)),
        ("3.00 (bb6b5a062e)", (3, 0)),
        ("4.1.0-beta.2 (a1b2)", (4, 1, 0)),
        ("v5.2.0beta1", (5, 2, 0)),
        ("1.36.0", (1, 36, 0)),
        ("<!DOCTYPE html><html lang=en>", ()),
        ("", ()),
        ("Ok.", ()),
    ],
)
def test_versions_are_read_and_pages_are_none(said: str, numbers: tuple[int, ...]) -> None:
    found = numbers_of(said)
    assert found[:2] == numbers[:2] and bool(found) == bool(numbers)


def test_the_reason_is_found_below_whatever_a_library_put_around_it() -> None:
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except OSError as inner:
            raise RuntimeError(ValueError("pool", inner)) from None
    except RuntimeError as error:
        assert "Connection refused" in str(unreached("aria2", "http://nas", error, 5.0))
    assert "within 5.0 s" in str(unreached("aria2", "http://nas", TimeoutError(), 5.0))
