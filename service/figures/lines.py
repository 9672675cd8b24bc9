"""A line of a series or a KPI: one area, or a region set and the areas it holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geo.areas.carrying import CARRIED, SUMMED, Carried
from geo.codes import NATION, area_code, prefecture_of
from geo.errors import NotFound
from geo.figures.indicators import Indicator
from geo.unknown import unknown
from service.figures.carrying import dates_of
from service.figures.values import STATUSES

if TYPE_CHECKING:  # the atlas itself asks for lines: those of KPIs
    from service.memory.atlas import Atlas
    from service.memory.catalogue import Vintage

#: The region set that stands for the nation.
WHOLE = "nation"


@dataclass(frozen=True)
class Member:
    """One area at a level, or a region set and the positions of the areas it holds."""

    id: str
    name_ja: str
    name_en: str
    level: str
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """One figure of a line."""

    period: str
    value: float | None
    status: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """How one figure of a line came to stand on the boundaries shown, and those it was published on."""

    carried: Carried | None
    dates: tuple[dt.date, ...]


def codes_of(atlas: Atlas, region: str) -> list[str]:
    """Return the areas of a region set as it is now; a city inside a prefecture of the set is left out.

    Raises
    ------
    NotFound : no such region set
    """
    rows = atlas.catalogue.regions.get(region)
    if rows is None:
        existing = {name: rows[0] for name, rows in atlas.catalogue.regions.items()}
        raise unknown("region set", region, existing, "/v1/areas")
    codes = [row.area_code for row in rows if row.valid_to is None]
    return [code for code in codes if code.endswith("000") or prefecture_of(code) not in codes]


def member(atlas: Atlas, vintage: Vintage, written: str) -> Member:
    """Return what an area code in any form, or the id of a region set, stands for; ``00000`` is the nation.

    Raises
    ------
    NotFound, InvalidAreaCode
    """
    if written == NATION:
        return member(atlas, vintage, WHOLE)
    if written in atlas.catalogue.regions or not any(c.isdigit() for c in written):
        return _region(atlas, vintage, written)
    code = area_code(written)
    level, area = atlas.area(vintage, code)
    return Member(code, area.name_ja, area.name_en, level, (area.position,))


def _region(atlas: Atlas, vintage: Vintage, name: str) -> Member:
    codes = codes_of(atlas, name)
    if not codes:
        raise NotFound(f"The region set {name[:80]!r} has no areas any more")
    level = "prefecture" if all(code.endswith("000") for code in codes) else "municipality"
    gazetteer = atlas.gazetteer(vintage.date, level)
    whole = {code for code in codes if code.endswith("000")} if level == "municipality" else set()
    inside = [area.position for area in gazetteer.areas if area.prefecture in whole]
    positions = tuple(
        sorted({*inside, *(gazetteer.area(code).position for code in codes if code not in whole)})
    )
    row = atlas.catalogue.regions[name][0]
    return Member(name, row.name_ja, row.name_en, level, positions)


def points(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, line: Member, periods: Sequence[str]
) -> list[Point]:
    """Return the figures of a line in the given periods; a missing one is None and its status says why."""
    return points_together(atlas, indicator, vintage, [line], periods)


def _places(lines: Sequence[Member]) -> dict[str, tuple[int, ...]]:
    """Return the positions of the areas of all lines, by level."""
    places: dict[str, tuple[int, ...]] = {}
    for line in lines:
        places[line.level] = (*places.get(line.level, ()), *line.positions)
    return places


def points_together(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, lines: Sequence[Member], periods: Sequence[str]
) -> list[Point]:
    """Return the figures of all lines together, as the indicator adds up over areas; see ``points``."""
    places = _places(lines)
    vectors = atlas.region_vectors(indicator, periods, places, vintage.date)
    found = []
    for period, vector in zip(periods, vectors, strict=True):
        value = float(vector.values[0])
        known = None if np.isnan(value) else value
        found.append(Point(period, known, STATUSES[vector.statuses[0]], vector.sources))
    return found


def origins_of(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, line: Member, told: Sequence[Point]
) -> list[Origin]:
    """Return how each figure of a line came to stand on the boundaries of a vintage."""
    return origins_together(atlas, indicator, vintage, [line], told)


def origins_together(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, lines: Sequence[Member], told: Sequence[Point]
) -> list[Origin]:
    """Return how each figure of all lines together came to stand on the boundaries of a vintage.

    What several areas have together is summed at least, but for what was published for a metropolitan bloc.
    """
    places, periods = _places(lines), [point.period for point in told]
    of_levels = [atlas.carryings(indicator, periods, level, vintage.date) for level in places]
    if sum(map(len, places.values())) == 1:
        ((position,),) = places.values()
        return [Origin(one.at(position), one.dates) for one in of_levels[0]]
    of_bloc = atlas.of_bloc(indicator, places, vintage.date)
    found = []
    for point, *parts in zip(told, *of_levels, strict=True):
        published = of_bloc.get(point.period)
        if point.value is None:
            found.append(Origin(None, dates_of(parts)))
        elif published is not None and not indicator.numerator:
            found.append(Origin(published.carrying.at(0), published.carrying.dates))
        else:
            marks = [one.marks[list(places[level])].max() for level, one in zip(places, parts, strict=True)]
            found.append(Origin(CARRIED[max(SUMMED, *map(int, marks))], dates_of(parts)))
    return found
