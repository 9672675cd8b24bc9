"""How far KPIs have come: their levels by area, compared and rated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from geo.figures.indicators import Indicator
from geo.strategy.kpis import PUBLISHED, Actual, Kpi, Series
from geo.strategy.rating import Assessment, Comparison, Growth, Target, assess, comparisons
from service.areas.gazetteer import Gazetteer
from service.figures.lines import codes_of, member, points
from service.figures.values import NOT_AVAILABLE, OK, Vector

if TYPE_CHECKING:  # the atlas asks this module for the vectors of KPI layers
    from service.memory.atlas import Atlas
    from service.memory.catalogue import Vintage

SOURCE = "kpi-register"


@dataclass(frozen=True)
class Level:
    """The value of a KPI in one area and year, and who says so; ``actual`` is None for a computed one."""

    period: str
    value: float | None
    status: str
    sources: tuple[str, ...]
    actual: Actual | None


@dataclass(frozen=True)
class Course:
    """What one area was to reach, what it has reached by year, and how that is rated."""

    target: Target
    points: tuple[tuple[Level, Assessment], ...]


@dataclass(frozen=True)
class Race:
    """One series of a KPI in a region and its comparator; ``missing`` names indicators without figures."""

    series: Series
    target: Target
    comparisons: tuple[Comparison, ...]
    missing: tuple[str, ...]
    sources: tuple[str, ...]


def levels(atlas: Atlas, kpi: Kpi, series: Series, area: str, vintage: Vintage) -> list[Level]:
    """Return the values of one series in one area, by year: entered ones, or those of the indicator."""
    entered = kpi.actuals_of(area)
    if series.indicator == PUBLISHED:
        return [_entered(entered[period]) for period in sorted(entered)]
    indicator = atlas.indicator(series.indicator)
    line = member(atlas, vintage, area)
    told = points(atlas, indicator, vintage, line, atlas.periods(indicator, line.level))
    return [Level(one.period, one.value, one.status, one.sources, None) for one in told]


def _entered(actual: Actual) -> Level:
    return Level(actual.period, actual.value, actual.status, (SOURCE,), actual)


def courses(atlas: Atlas, kpi: Kpi, vintage: Vintage) -> list[Course]:
    """Return the course of each area that the KPI has a target or an actual for.

    An actual that was entered wins over the figure of an indicator for the same year.
    """
    scheme = atlas.catalogue.policy.strategy.schemes_by_id[kpi.rating]
    own = [series for series in kpi.series if series.indicator != PUBLISHED]
    known = {target.area for target in kpi.targets}
    loose = dict.fromkeys(actual.area for actual in kpi.actuals if actual.area not in known)
    found = []
    for target in (*kpi.targets, *(Target(area, "number") for area in loose)):
        by_year = {one.period: one for s in own for one in levels(atlas, kpi, s, target.area, vintage)}
        by_year |= {period: _entered(one) for period, one in kpi.actuals_of(target.area).items()}
        told = [by_year[period] for period in sorted(by_year)]
        found.append(
            Course(
                target,
                tuple(
                    (one, assess(target, kpi.direction, kpi.formula, scheme, one.value, int(one.period)))
                    for one in told
                ),
            )
        )
    return found


def races(
    atlas: Atlas, kpi: Kpi, vintage: Vintage, basis: Growth | None = None, since: str = ""
) -> list[Race]:
    """Return every series of a KPI that compares two regions, with the verdict of each year.

    Parameters
    ----------
    basis, since : another growth basis than the KPI's own
    """
    found = []
    for target in kpi.targets:
        for series in kpi.series:
            own = levels(atlas, kpi, series, target.area, vintage)
            other = levels(atlas, kpi, series, target.comparator, vintage)
            told = comparisons(_values(own), _values(other), basis or kpi.growth_basis, since)
            sources = dict.fromkeys(source for one in (*own, *other) for source in one.sources)
            found.append(Race(series, target, tuple(told), _missing(atlas, series), tuple(sources)))
    return found


def _values(told: Sequence[Level]) -> dict[str, float]:
    return {one.period: one.value for one in told if one.value is not None}


def _missing(atlas: Atlas, series: Series) -> tuple[str, ...]:
    """Return the indicators a series needs and has no figures of: a gap that is told, never filled."""
    if series.indicator == PUBLISHED:
        return ()
    observed = atlas.catalogue.observed["prefecture"]
    needed = atlas.indicator(series.indicator).components or [series.indicator]
    return tuple(name for name in needed if name not in observed)


def progress_vector(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    """Return the category of each area in a year: its rating, or whether its region keeps up."""
    kpi = atlas.catalogue.policy.kpi(layer.id.partition(":")[2])
    vintage = atlas.catalogue.vintages[gazetteer.vintage]
    values = np.full(len(gazetteer), np.nan)
    sources: tuple[str, ...] = ()
    if kpi.is_relative:
        for race in races(atlas, kpi, vintage):
            verdict = next((one.achieved for one in race.comparisons if one.period == period), None)
            if verdict is None:
                continue
            sources = race.sources
            for area, code in ((race.target.area, 1 if verdict else 2), (race.target.comparator, 3)):
                values[
                    [gazetteer.position[one] for one in codes_of(atlas, area) if one in gazetteer.position]
                ] = code
    else:
        bands = [band.code for band in atlas.catalogue.policy.strategy.schemes_by_id[kpi.rating].bands]
        for course in courses(atlas, kpi, vintage):
            rating = next((each.rating for one, each in course.points if one.period == period), None)
            position = gazetteer.position.get(course.target.area)
            if rating is not None and position is not None:
                values[position] = bands.index(rating) + 1
                sources = (SOURCE,)
    statuses = np.where(np.isfinite(values), OK, NOT_AVAILABLE).astype(np.uint8)
    return Vector(values, statuses, sources)


def with_area(kpi: Kpi, area: str) -> Kpi:
    """Return the KPI with nothing but what it says of one area."""
    return replace(
        kpi,
        targets=tuple(target for target in kpi.targets if target.area == area),
        actuals=tuple(actual for actual in kpi.actuals if actual.area == area),
    )
