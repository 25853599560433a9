"""Whether a work that a search found is certainly the one that was looked for."""

from __future__ import annotations

from collections.abc import Iterable

from seiton.domain.reading import normal_title, without_season
from seiton.domain.reading.seasons import season_in


def is_exact(
    title: str, series_no: int, year: int | None, found: Iterable[str], found_year: int | None
) -> bool:
    """Say whether a found work has this title, this season and this year; without a year it never is.

    ``found`` are its titles. A second season has to be called one in the title that fits.
    """
    if year is None or year != found_year:
        return False
    wanted = normal_title(without_season(title))
    for one in found:
        named = season_in(one)
        number = named.number if named is not None else 1
        if number == max(series_no, 1) and normal_title(without_season(one)) == wanted:
            return bool(wanted)
    return False
