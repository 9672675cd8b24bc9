"""How far KPIs have come: their levels by area, compared and rated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo.figures.breaks import break_between
from geo.figures.indicators import Indicator
from geo.strategy.kpis import PUBLISHED, Actual, Kpi, Series
from geo.strategy.rating import Apart, Assessment, Comparison, Growth, Target, assess, comparisons, growth
from geo.strategy.verdicts import Verdict, verdict_of
from service.areas.gazetteer import Gazetteer
from service.figures.lines import member, points
from service.figures.values import NOT_APPLICABLE, NOT_AVAILABLE, OK, Floats, Vector, elsewhere

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

    An actual that was entered wins over the figure of an indicator for the same year. A figure that must not
    be set against those of the baseline's year is told without a rating.
    """
    own = [series for series in kpi.series if series.indicator != PUBLISHED]
    known = {target.area for target in kpi.targets}
    loose = dict.fromkeys(actual.area for actual in kpi.actuals if actual.area not in known)
    found = []
    for target in (*kpi.targets, *(Target(area, "number") for area in loose)):
        by_year = {
            one.period: (one, series)
            for series in own
            for one in levels(atlas, kpi, series, target.area, vintage)
        }
        entered = Series(PUBLISHED)
        by_year |= {period: (_entered(one), entered) for period, one in kpi.actuals_of(target.area).items()}
        told = [by_year[period] for period in sorted(by_year)]
        found.append(Course(target, tuple((one, _assessed(atlas, kpi, target, one, s)) for one, s in told)))
    return found


def _assessed(atlas: Atlas, kpi: Kpi, target: Target, level: Level, series: Series) -> Assessment:
    scheme = atlas.catalogue.policy.strategy.schemes_by_id[kpi.rating]
    found = assess(target, kpi.direction, kpi.formula, scheme, level.value, int(level.period))
    start = target.baseline_period or (str(target.plan_from) if target.plan_from else level.period)
    why = _why_apart(atlas, series, [target.area], start, level.period)
    return found if found.achieved is None or why is None else Assessment(found.actual, reason=why)


def _why_apart(
    atlas: Atlas, series: Series, areas: Sequence[str], start: str, end: str
) -> Literal["series_breaks", "base_differs"] | None:
    """Return why figures of two years must not be set against each other; None where they may."""
    if series.indicator == PUBLISHED:
        return None
    indicator, (first, last) = atlas.indicator(series.indicator), sorted((start, end))
    if break_between(indicator.breaks, first, last):
        return "series_breaks"
    if any(one.area_code in areas for one in indicator.absent_at(first, last)):
        return "base_differs"
    return None


def _apart(atlas: Atlas, series: Series, *areas: str) -> Apart:
    return lambda first, last: _why_apart(atlas, series, areas, first, last) is not None


def races(
    atlas: Atlas, kpi: Kpi, vintage: Vintage, basis: Growth | None = None, since: str = ""
) -> list[Race]:
    """Return every series of a KPI that compares two regions, year by year.

    Parameters
    ----------
    basis, since : another growth basis than the KPI's own
    """
    found = []
    for target in kpi.targets:
        for series in kpi.series:
            own = levels(atlas, kpi, series, target.area, vintage)
            other = levels(atlas, kpi, series, target.comparator, vintage)
            told = comparisons(
                target,
                _values(own),
                _values(other),
                basis or kpi.growth_basis,
                since,
                _apart(atlas, series, target.area, target.comparator),
            )
            sources = dict.fromkeys(source for one in (*own, *other) for source in one.sources)
            found.append(Race(series, target, tuple(told), _missing(atlas, series), tuple(sources)))
    return found


def verdict(told: Sequence[Race], target: Target) -> Verdict:
    """Return what is said of the region of a target as a whole."""
    of_target = [(one.series, one.comparisons) for one in told if one.target == target]
    return verdict_of(of_target)


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
    """Return the rating of each area in a year, or how much more it has grown than the comparator."""
    kpi = atlas.catalogue.policy.kpi(layer.id.partition(":")[2])
    vintage = atlas.catalogue.vintages[gazetteer.vintage]
    if kpi.is_relative:
        return _ahead(atlas, kpi, period, vintage, gazetteer)
    values = np.full(len(gazetteer), np.nan)
    sources: tuple[str, ...] = ()
    bands = [band.code for band in atlas.catalogue.policy.strategy.schemes_by_id[kpi.rating].bands]
    for course in courses(atlas, kpi, vintage):
        rating = next((each.rating for one, each in course.points if one.period == period), None)
        position = gazetteer.position.get(course.target.area)
        if rating is not None and position is not None:
            values[position] = bands.index(rating) + 1
            sources = (SOURCE,)
    statuses = np.where(np.isfinite(values), OK, NOT_AVAILABLE).astype(np.uint8)
    return Vector(values, statuses, sources)


def _ahead(atlas: Atlas, kpi: Kpi, period: str, vintage: Vintage, gazetteer: Gazetteer) -> Vector:
    """Return the growth of each area of the regions less the comparator's, in percentage points.

    Of the series of the KPI's own price basis, the last one with figures of the year counts: that of the
    newest base. Areas outside of the regions, such as those of the comparator, are not what is compared.
    """
    values = np.full(len(gazetteer), np.nan)
    statuses = np.full(len(gazetteer), NOT_APPLICABLE, np.uint8)
    sources: dict[str, None] = {}
    for target in kpi.targets:
        inside = member(atlas, vintage, target.area)
        if inside.level != gazetteer.level:
            continue
        at = list(inside.positions)
        statuses[at] = NOT_AVAILABLE
        for series in kpi.series:
            if series.price_basis != kpi.series[0].price_basis or series.indicator == PUBLISHED:
                continue
            other = levels(atlas, kpi, series, target.comparator, vintage)
            found = _ahead_of(atlas, kpi, series, _values(other), period, gazetteer)
            if found is not None and np.isfinite(found.values[at]).any():
                values[at] = found.values[at]
                sources = dict.fromkeys((*found.sources, *(s for one in other for s in one.sources)))
    statuses[np.isfinite(values)] = OK
    return Vector(values, statuses, tuple(sources))


def _ahead_of(
    atlas: Atlas, kpi: Kpi, series: Series, comparator: dict[str, float], period: str, gazetteer: Gazetteer
) -> Vector | None:
    """Return the growth of every area of a level less the comparator's; None where that is not known."""
    basis, start = kpi.growth_basis, min(comparator, default="")
    theirs = growth(comparator, period, basis, start, _apart(atlas, series))
    if theirs is None:
        return None
    indicator = atlas.indicator(series.indicator)
    before = str(int(period) - 1) if basis == "yoy" else start
    first, last = atlas.vectors(indicator, [before, period], gazetteer.level, gazetteer.vintage)
    ahead: Floats = np.full(len(gazetteer), np.nan)
    for place, (earlier, level) in enumerate(zip(first.values, last.values, strict=True)):
        known = {p: float(v) for p, v in ((before, earlier), (period, level)) if np.isfinite(v)}
        own = growth(known, period, basis, start)
        if own is not None:
            ahead[place] = (own - theirs) * 100
    ahead[elsewhere(indicator, gazetteer, before, period)] = np.nan
    return Vector(ahead, last.statuses, (*first.sources, *last.sources))


def with_area(kpi: Kpi, area: str) -> Kpi:
    """Return the KPI with nothing but what it says of one area."""
    return replace(
        kpi,
        targets=tuple(target for target in kpi.targets if target.area == area),
        actuals=tuple(actual for actual in kpi.actuals if actual.area == area),
    )
