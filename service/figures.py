"""From published figures to value vectors in area order, at any level."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from geo.ages import Ages, together
from geo.indicators import Indicator, aggregated, own_or_sum
from geo.lineage import Change, carried
from service.gazetteer import Gazetteer
from service.queries import STATUSES, PeriodFigures

Floats = NDArray[np.float64]
OK = STATUSES.index("ok")
NOT_AVAILABLE = STATUSES.index("not_available")
NOT_APPLICABLE = STATUSES.index("not_applicable")
NONE_KNOWN = STATUSES.index("none_known")


@dataclass(frozen=True)
class Vector:
    """One value per area: NaN where missing, and then a status that says why."""

    values: Floats
    statuses: NDArray[np.uint8]
    sources: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.values.nbytes + self.statuses.nbytes


Figures = Mapping[str, Sequence[PeriodFigures]]


def by_period(found: Sequence[PeriodFigures]) -> Figures:
    """Return the figures of an indicator by period."""
    periods: dict[str, list[PeriodFigures]] = {}
    for part in found:
        periods.setdefault(part.period, []).append(part)
    return periods


def _reported(
    parts: Sequence[PeriodFigures], gazetteer: Gazetteer, changes: Sequence[Change], *, additive: bool
) -> Vector:
    """Return the figures as reported for exactly these areas, carried over municipal changes."""
    n = len(gazetteer)
    values = np.full(n, np.nan)
    statuses = np.full(n, NOT_AVAILABLE, np.uint8)
    sources: list[str] = []
    for part in parts:
        own = np.char.endswith(part.codes, "000") == (gazetteer.level == "prefecture")
        if not own.any():
            continue
        codes, part_values, part_statuses = part.codes[own], part.values[own], part.statuses[own]
        moved = carried(
            codes,
            part_values,
            boundary_date=part.boundary_date,
            vintage_date=gazetteer.vintage,
            vintage_codes=gazetteer.codes,
            changes=changes,
            additive=additive,
        )
        found = np.isfinite(moved)
        values[found] = moved[found]
        statuses[found] = OK
        known = np.searchsorted(gazetteer.codes, codes).clip(max=n - 1)
        silent = (gazetteer.codes[known] == codes) & (part_statuses != OK) & ~found[known]
        statuses[known[silent]] = part_statuses[silent]
        sources.append(part.source)
    return Vector(values, statuses, tuple(dict.fromkeys(sources)))


def _sums(members: Vector, of: Gazetteer, into: Gazetteer) -> Floats:
    """Return the sums of ``members`` for each area of ``into``; NaN where a member is missing."""
    parents = [a.prefecture if into.level == "prefecture" else (a.parent or a.code) for a in of.areas]
    groups = np.array([into.position.get(parent, -1) for parent in parents], np.intp)
    return aggregated(members.values, groups, len(into), codes=of.codes)


def base_vector(
    indicator: Indicator,
    parts: Sequence[PeriodFigures],
    level: str,
    gazetteers: Mapping[str, Gazetteer],
    changes: Sequence[Change],
) -> Vector:
    """Return the published figures of one period at one level.

    A figure published for the area itself wins; where there is none, an additive indicator is summed
    from the level below: wards into designated cities, municipalities into prefectures.
    """
    additive = indicator.aggregation == "sum"
    gazetteer = gazetteers[level]
    own = _reported(parts, gazetteer, changes, additive=additive)
    below = {"prefecture": "municipality", "municipality": "ward"}.get(level)
    has_gaps = bool((np.isnan(own.values) & gazetteer.divided).any())
    if not additive or below is None or below not in gazetteers or not has_gaps:
        return own
    members = base_vector(indicator, parts, below, gazetteers, changes)
    values = own_or_sum(own.values, _sums(members, gazetteers[below], gazetteer))
    statuses = np.where(np.isfinite(values), OK, own.statuses).astype(np.uint8)
    used = members.sources if np.isfinite(values).sum() > np.isfinite(own.values).sum() else ()
    return Vector(values, statuses, tuple(dict.fromkeys(own.sources + used)))


def ages_by_year(rows: Sequence[Row[Any]], codes: Mapping[dt.date, Collection[str]]) -> dict[int, Ages]:
    """Return the people by age of an area from rows of the areas it was, ordered by year.

    ``codes`` names those areas by the date of their boundaries; a year in which one of them has no row is
    left out.
    """
    years: dict[int, Ages] = {}
    for year, group in groupby(rows, key=lambda row: int(row.year)):
        parts = list(group)
        if {row.area_code for row in parts} == set(codes[parts[0].boundary_date]):
            years[year] = together([Ages(tuple(row.men), tuple(row.women), row.source) for row in parts])
    return years


def derived_statuses(values: Floats, components: Sequence[Vector]) -> NDArray[np.uint8]:
    """Return the status of each derived value: that of its first missing component.

    Where every component is there and the value is not (a zero denominator), it is not applicable.
    """
    statuses = np.where(np.isfinite(values), OK, NOT_APPLICABLE).astype(np.uint8)
    for component in reversed(components):
        missing = ~np.isfinite(values) & (component.statuses != OK)
        statuses[missing] = component.statuses[missing]
    return statuses
