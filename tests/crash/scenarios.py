"""What is in the middle of when the kill comes. A scenario is one entry of ``SCENARIOS``.

``Moves`` tells where episodes lie and where they belong then; what a viewer does of it is killed. ``Edit``
goes through Core as well: a rule is edited, titles are parsed again, requests and reports go to and fro.
``Adoption`` takes a library that is there already under the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa

from seiton.adapters.files import LinkMode
from seiton.contract import Facts
from seiton.core.causes.undo import undo
from seiton.core.tables import parsers, resyncs
from tests.integration.core_world import CoreWorld
from tests.integration.messy_folders import EPISODE

Place = tuple[str, int, int]
"""Title, season, episode."""
FILM = -1
"""Stands for the season of what is a film."""
FILMS = "../films"
"""Where films lie, seen from the library."""


class Undo(Enum):
    """When an edit is undone. All is then as it was before the edit, to the byte."""

    NEVER = auto()
    KILLED = auto()  #: the edit was followed; what is killed is its undo
    LATE = auto()  #: while the viewer is dead, killed in the middle of the edit


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Where episodes lie, where they belong then, and where each is in the end.

    ``late`` is a second edit, which arrives while the viewer is dead. ``foreign`` lies at one of the targets,
    ``appears`` is where somebody puts a file while the viewer is dead, if nothing lies there. An empty
    ``end`` is not looked at: where episodes lie depends on when the crash came. Those in ``trashed``
    were removed before, ``removed`` and ``erased`` are by the edit. ``packs`` names the folder of the torrent
    that an episode came in; ``followers`` are what lies beside each video besides subtitles.
    """

    start: dict[int, Place] = field(default_factory=dict)
    edit: dict[int, Place]
    late: dict[int, Place] = field(default_factory=dict)
    end: dict[int, Place]
    foreign: Place | None = None
    appears: Place | None = None
    chunk_steps: int = 500
    facts: Facts | None = None  # that come with the edit
    trashed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    erased: tuple[int, ...] = ()
    subtitles: bool = False
    followers: tuple[str, ...] = ()
    packs: Mapping[int, str] = field(default_factory=dict)
    link_mode: LinkMode = LinkMode.HARDLINK
    other_device: bool = False  # the downloads lie on another file system than the library
    shares_blocks: bool = False  # on a file system that can
    undo: Undo = Undo.NEVER
    films_apart: bool = False  # films lie on another file system than shows


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a feed brought, what a user does then, and which release lies where in the end, by stem.

    The whole of it is killed, Core and viewer alike. ``is_saved`` says whether the edit had been committed:
    if not, the user has to do it again. With ``first``, an edit that was followed before, ``edit`` undoes
    it: all is then as it was before that one, to the byte.
    """

    titles: tuple[str, ...]
    before: Callable[[CoreWorld], None]
    edit: Callable[[CoreWorld], None]
    is_saved: Callable[[CoreWorld], bool]
    end: Mapping[str, str]
    chunk: int = 500
    first: Callable[[CoreWorld], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """Where videos and NFOs lie in a library that nobody keeps, and where each is in the end.

    ``nfos`` are contents of those files that are NFOs. What lies at ``foreign`` stays. The plan, its
    confirmation and the resync that follows are killed, Core and viewer alike.
    """

    files: Mapping[str, str]
    nfos: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    in_place: bool = False


Scenario = Moves | Edit | Adoption


def stem(place: Place) -> str:
    title, season, number = place
    if season == FILM:
        return f"{FILMS}/{title}/{title}"
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}"


def has_films(scenario: Scenario) -> bool:
    """Say whether ``scenario`` needs a folder for films."""
    places = [*scenario.start.values(), *scenario.edit.values()] if isinstance(scenario, Moves) else []
    return any(place[1] == FILM for place in places)


def uses_two_disks(scenario: Scenario) -> bool:
    """Say whether ``scenario`` needs two file systems."""
    return isinstance(scenario, Moves) and (scenario.other_device or scenario.films_apart)


def shares_blocks(scenario: Scenario) -> bool:
    """Say whether ``scenario`` needs a file system where files can share blocks."""
    return isinstance(scenario, Moves) and scenario.shares_blocks


def _moves(
    start: dict[int, Place], edit: dict[int, Place], *, late: dict[int, Place] | None = None, **more: Any
) -> Moves:
    late = late or {}
    return Moves(start=start, edit=edit, late=late, end={**start, **edit, **late}, **more)


def undo_of(scenario: Moves, when: Undo = Undo.KILLED) -> Moves:
    """Return ``scenario`` with its edit undone; whoever would have taken a name meanwhile has it before."""
    appears = None if scenario.appears in scenario.start.values() else scenario.appears
    return replace(
        scenario,
        undo=when,
        end=scenario.start,
        late={},
        foreign=scenario.foreign or appears,
        appears=None,
    )


def _season(title: str, numbers: range, by: int = 0, season: int = 1) -> dict[int, Place]:
    return {number: (title, season, number + by) for number in numbers}


def _releases(name: str, numbers: range, by: int = 0, season: int = 1) -> dict[str, str]:
    return {f"{name} - S{season:02}E{n + by:02}": f"[G] Tea - {n:02}" for n in numbers}


def _add_rule(world: CoreWorld) -> None:
    world.create(priority=9, series_no=1)


def _change_rule(**values: str) -> Callable[[CoreWorld], None]:
    def change(world: CoreWorld) -> None:
        world.edit(_rule_of(world)["parser_id"], **values)

    return change


def _is_changed(**values: str) -> Callable[[CoreWorld], bool]:
    return lambda world: _rule_of(world).items() >= values.items()


def _undo_last(world: CoreWorld) -> None:
    with world.database.read() as connection:
        last = connection.execute(sa.select(sa.func.max(resyncs.c.resync_id))).scalar_one()
    undo(world.core, last)


def _rule_of(world: CoreWorld) -> Mapping[str, Any]:
    return world.row(parsers, parsers.c.name == "rule")


_A_SERIES: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Movie", 1, 1), 3: ("Film", FILM, 1)}
_A_FILM: dict[int, Place] = {2: ("Movie", FILM, 1), 3: ("Other Film", FILM, 1)}
_FILMS: dict[int, Place] = {1: ("Film", FILM, 1), 2: ("Movie", FILM, 1), 3: ("Show", 1, 1)}
_THREE = _season("Show", range(1, 4))
_SWAPPED: dict[int, Place] = {1: ("Show", 1, 2), 2: ("Show", 1, 1)}
_ROTATED: dict[int, Place] = {1: ("Show", 1, 2), 2: ("Show", 1, 3), 3: ("Show", 1, 1)}
_TWO = _season("Show", range(1, 3))
_TWO_SHOWS: dict[int, Place] = {**_TWO, 3: ("Shwo", 1, 3), 4: ("Shwo", 1, 4), 5: ("Shwo", 1, 2)}
_SEASON_2 = {"series_no_source": "static", "series_no_value": "2"}
_RENAMED = {"anime_title_source": "static", "anime_title_value": "Green Tea"}
_FACTS = Facts(episode_title="Begin", show_plot="A story.", premiered=date(2024, 4, 1))
_TEA_NAME, _CAKE_NAME, _BOTH = "Tea/Season 01/Tea - S01E", "Cake/Season 01/Cake - S01E", (".mkv", ".nfo")
_PIE = {"Pie/Season 01/Pie - S01E01.mkv": "Pie/Season 01/Pie - S01E01.mkv"}

_TEA = {f"Tea/[A] Tea - {number:02} [1080p].mkv": f"{_TEA_NAME}{number:02}.mkv" for number in (1, 2, 3)}
_CAKE = {f"{_CAKE_NAME}0{a}{tail}": f"{_CAKE_NAME}0{b}{tail}" for a, b in ((1, 2), (2, 1)) for tail in _BOTH}
_CAKE_NFOS = {
    f"{_CAKE_NAME}0{lies}.nfo": EPISODE.format(title=f"Cake {is_}", number=is_, season=1, episode=is_)
    for lies, is_ in ((1, 2), (2, 1))
}
_FOREIGN = ("Tea/notes.txt", "Tea/cover.jpg", "Odds/holiday.mkv", "Pie/Season 01/theme.mp3")

_MOVES: dict[str, Moves] = {
    "swap": _moves(_TWO, _SWAPPED, subtitles=True),
    "shift of 24 up": _moves(_season("Show", range(1, 25)), _season("Show", range(1, 25), by=1)),
    "shift of 24 down": _moves(_season("Show", range(1, 25)), _season("Show", range(1, 25), by=-1)),
    "rotation": _moves(_THREE, _ROTATED),
    "merge of two titles": Moves(
        start=_TWO_SHOWS,
        edit={number: ("Show", 1, place[2]) for number, place in _TWO_SHOWS.items()},
        end={**_TWO, 3: ("Show", 1, 3), 4: ("Show", 1, 4), 5: ("Shwo", 1, 2)},
        subtitles=True,
    ),
    "split of a title": _moves(
        _season("Show", range(1, 5)),
        {**_season("Show", range(1, 3)), **_season("Shou", range(3, 5), by=-2)},
        subtitles=True,
    ),
    "title": _moves(_season("Shwo", range(1, 4)), _season("Show", range(1, 4)), subtitles=True),
    "season": _moves(_season("Show", range(1, 4)), _season("Show", range(1, 4), season=2), subtitles=True),
    "collision": Moves(
        start=_TWO,
        edit={1: ("Show", 1, 2), 2: ("Show", 1, 3)},
        end=_TWO,
        foreign=("Show", 1, 3),
    ),
    "case": _moves(_season("show", range(1, 3)), _season("Show", range(1, 3)), subtitles=True),
    "sidecars": _moves(
        _THREE,
        _ROTATED,
        subtitles=True,
        followers=("-thumb.jpg", ".fr.srt", ".trickplay/320 - 10x10/0.jpg"),
    ),
    "somebody takes the place of the parked": Moves(
        start=_THREE, edit=_ROTATED, end={}, appears=("Show", 1, 1), subtitles=True
    ),
    "somebody takes a target": Moves(
        start=_THREE, edit=_season("Show", range(1, 4), by=1), end={}, appears=("Show", 1, 3), subtitles=True
    ),
    "small chunks": _moves(
        {**_season("Show", range(1, 7)), 7: ("Shwo", 1, 9), 8: ("Shwo", 2, 1)},
        {**_season("Show", range(2, 7), by=1), 1: ("Show", 1, 2), 7: ("Show", 1, 8), 8: ("Show", 2, 1)},
        subtitles=True,
        chunk_steps=5,
    ),
    "new facts": _moves(_TWO, _TWO, facts=_FACTS),
    "an earlier episode comes to a show": _moves(
        {1: ("Show", 1, 5), 2: ("Shwo", 1, 1)}, {2: ("Show", 1, 1)}, facts=_FACTS, subtitles=True
    ),
    "first sync by link": Moves(edit=_TWO, end=_TWO, subtitles=True),
    "first sync as the disk allows": Moves(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.AUTO),
    "first sync by reflink": Moves(
        edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.REFLINK, shares_blocks=True
    ),
    "first sync by copy": Moves(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.COPY),
    "first sync by move": Moves(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.MOVE),
    "cross-device": Moves(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.AUTO, other_device=True),
    "cross-device move": Moves(
        edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.MOVE, other_device=True
    ),
    "batch torrent": Moves(
        edit=_THREE, end=_THREE, subtitles=True, packs={1: "Pack", 2: "Pack", 3: "Pack/Disc 2"}
    ),
    "a series becomes a film": _moves(_A_SERIES, _A_FILM, subtitles=True, followers=("-thumb.jpg",)),
    "a series becomes a film, on another disk": _moves(
        _A_SERIES, _A_FILM, subtitles=True, films_apart=True, link_mode=LinkMode.AUTO
    ),
    "first sync of films": Moves(edit=_FILMS, end=_FILMS, subtitles=True),
    "removal": Moves(
        start=_THREE, edit={3: ("Show", 1, 1)}, removed=(1, 2), end={3: ("Show", 1, 1)}, subtitles=True
    ),
    "removal of a show": Moves(start=_TWO, edit={}, removed=(1, 2), end={}, subtitles=True),
    "restoring": Moves(start=_TWO, trashed=(1, 2), edit=_TWO, end=_TWO, subtitles=True),
    "emptying the trash": Moves(
        start=_THREE, trashed=(1, 2), edit={}, erased=(1, 2), end={3: ("Show", 1, 3)}, subtitles=True
    ),
    "second edit of a rotation": _moves(_THREE, _ROTATED, late={1: ("Show", 1, 1), 3: ("Show", 2, 9)}),
    "second edit of a title": _moves(
        _season("Shwo", range(1, 4)), _season("Show", range(1, 4)), late=_season("Shou", range(2, 4), by=-1)
    ),
}

_EDITS: dict[str, Edit] = {
    "a rule's season, Core and viewer": Edit(
        titles=tuple(f"[G] Tea - {number:02}" for number in range(1, 4)),
        before=_add_rule,
        edit=_change_rule(**_SEASON_2),
        is_saved=_is_changed(**_SEASON_2),
        end=_releases("Tea", range(1, 4), season=2),
    ),
    "a rule's title in chunks, Core and viewer": Edit(
        titles=tuple(f"[G] Tea - {number:02}" for number in range(1, 6)),
        before=_add_rule,
        edit=_change_rule(**_RENAMED),
        is_saved=_is_changed(**_RENAMED),
        end=_releases("Green Tea", range(1, 6)),
        chunk=2,
    ),
    "undo of a rule's title, Core and viewer": Edit(
        titles=tuple(f"[G] Tea - {number:02}" for number in range(1, 4)),
        before=_add_rule,
        first=_change_rule(**_RENAMED),
        edit=_undo_last,
        is_saved=lambda world: not _is_changed(**_RENAMED)(world),
        end=_releases("Tea", range(1, 4)),
    ),
}

_ADOPTIONS: dict[str, Adoption] = {
    "adopting a library": Adoption(
        files={**_TEA, **_CAKE, **_PIE},
        nfos=_CAKE_NFOS,
        foreign=_FOREIGN,
    ),
    "adopting in place": Adoption(
        files={path: path for path in (*_TEA, *_CAKE, *_PIE)},
        nfos=_CAKE_NFOS,
        foreign=_FOREIGN,
        in_place=True,
    ),
}

_UNDONE = (
    "swap",
    "merge of two titles",
    "split of a title",
    "title",
    "season",
    "rotation",
    "shift of 24 up",
    "case",
    "sidecars",
    "small chunks",
    "new facts",
    "an earlier episode comes to a show",
    "a series becomes a film",
    "a series becomes a film, on another disk",
)
_UNDONE_LATE = (
    "swap",
    "title",
    "small chunks",
    "new facts",
    "an earlier episode comes to a show",
    "a series becomes a film",
)

SCENARIOS: dict[str, Scenario] = {
    **_MOVES,
    **{f"undo of {name}": undo_of(_MOVES[name]) for name in _UNDONE},
    **{f"{name}, undone in the middle": undo_of(_MOVES[name], Undo.LATE) for name in _UNDONE_LATE},
    **_EDITS,
    **_ADOPTIONS,
}
