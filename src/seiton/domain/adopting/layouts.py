"""Which way of naming leaves most files of an existing library where they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seiton.domain.metadata import EpisodeMeta
from seiton.domain.naming import Impossible, NamingProfile, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A candidate: its ``name`` in messages, and how a library laid out by it is named."""

    name: str
    naming: NamingProfile


LAYOUTS = (
    Layout(name="default", naming=NamingProfile()),
    Layout(name="year", naming=NamingProfile(year_in_folder=True)),
    Layout(name="group", naming=NamingProfile(group_in_name=True)),
    Layout(name="year_group", naming=NamingProfile(year_in_folder=True, group_in_name=True)),
)
"""The candidates, the plainest first: of those that leave equally many it is the one."""


def fitting(meta: EpisodeMeta, stem: bytes, layouts: Iterable[Layout] = LAYOUTS) -> frozenset[str]:
    """Return the names of the layouts in which ``meta`` belongs at ``stem``, where it lies."""
    rendered = {layout.name: render(meta, layout.naming) for layout in layouts}
    return frozenset(
        name for name, place in rendered.items() if not isinstance(place, Impossible) and place.stem == stem
    )
