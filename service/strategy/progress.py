"""How far KPIs have come: their levels by area, compared and rated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from geo.areas.carrying import CARRIED
from geo.figures.breaks import break_between
from geo.figures.indicators import Indicator
from geo.strategy.kpis import PUBLISHED, Actual, Kpi, Series
from geo.strategy.rating import Apart, Assessment, Comparison, Growth, Target, assess, comparisons, growth
from geo.strategy.verdicts import Verdict, verdict_of
from service.areas.gazetteer import Gazetteer
from service.figures.carrying import Carrying, dates_of
from service.figures.lines import Origin, member, origins_of, points
from service.figures.values import NOT_APPLICABLE, NOT_AVAILABLE, OK, CarriedVector, Floats, Vector, elsewhere

if TYPE_CHECKING:  # the atlas asks this module for the vectors of KPI layers
    from service.memory.atlas import Atlas
    from service.memory.catalogue import Vintage

SOURCE = "kpi-register"


@dataclass(frozen=True)
class Level:
    """The value of a KPI in one area and year, and who says so; ``actual`` is None for a computed one.

    Of an entered one the ``origin`` has no date: who enters it names an area, not its boundaries.
    """

    period: str
    value: float | None
    status: str
    sources: tuple[str, ...]
    origin: Origin
    actual: Actual | None


@dataclass(frozen=True)
class Course:
    """What one area was to reach, what it has reached by year, and how that is rated."""

    target: Target
    points: tuple[tuple[Level, Assessment], ...]


@dataclass(frozen=True)
class Race:
    """One series of a KPI in a region and its comparator; ``missing`` names indicators without figures.

    Attributes
    ----------
    origins : of each of ``comparisons``: how the levels of the region and of its comparator were carried
    """

    series: Series
    target: Target
    comparisons: tuple[Comparison, ...]
    origins: tuple[tuple[Origin, Origin], ...]
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
    origins = origins_of(atlas, indicator, vintage, line, told)
    return [
        Level(one.period, one.value, one.status, one.sources, origin, None)
        for one, origin in zip(told, origins, strict=True)
    ]


def _entered(actual: Actual) -> Level:
    origin = Origin(None if actual.value is None else "as_published", ())
    return Level(actual.period, actual.value, actual.status, (SOURCE,), origin, actual)


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
            ours, theirs = ({one.period: one.origin for one in levels} for levels in (own, other))
            origins = tuple((ours[one.period], theirs[one.period]) for one in told)
            found.append(Race(series, target, tuple(told), origins, _missing(atlas, series), tuple(sources)))
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
    return _progress(atlas, layer, period, gazetteer).vector


def progress_carrying(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Carrying:
    """Return how the figures that areas are rated or compared by came to stand on the boundaries."""
    return _progress(atlas, layer, period, gazetteer).carrying


def _progress(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> CarriedVector:
    kpi = atlas.catalogue.policy.kpi(layer.id.partition(":")[2])
    vintage = atlas.catalogue.vintages[gazetteer.vintage]
    if kpi.is_relative:
        return _ahead(atlas, kpi, period, vintage, gazetteer)
    values = np.full(len(gazetteer), np.nan)
    marks = np.zeros(len(gazetteer), np.uint8)
    dates: set[dt.date] = set()
    bands = [band.code for band in atlas.catalogue.policy.strategy.schemes_by_id[kpi.rating].bands]
    for course in courses(atlas, kpi, vintage):
        position = gazetteer.position.get(course.target.area)
        rated = next(((one, each.rating) for one, each in course.points if one.period == period), None)
        if rated is not None and rated[1] is not None and position is not None:
            values[position] = bands.index(rated[1]) + 1
            marks[position] = CARRIED.index(rated[0].origin.carried)
            dates |= set(rated[0].origin.dates)
    statuses = np.where(np.isfinite(values), OK, NOT_AVAILABLE).astype(np.uint8)
    sources = (SOURCE,) if np.isfinite(values).any() else ()
    return CarriedVector(Vector(values, statuses, sources), Carrying(marks, tuple(sorted(dates))))


def _ahead(atlas: Atlas, kpi: Kpi, period: str, vintage: Vintage, gazetteer: Gazetteer) -> CarriedVector:
    """Return the growth of each area of the regions less the comparator's, in percentage points.

    Of the series of the KPI's own price basis, the last one with figures of the year counts: that of the
    newest base. Areas outside of the regions, such as those of the comparator, are not what is compared.
    """
    values = np.full(len(gazetteer), np.nan)
    statuses = np.full(len(gazetteer), NOT_APPLICABLE, np.uint8)
    sources: tuple[str, ...] = ()
    carrying = Carrying.none(len(gazetteer))
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
            found = _ahead_of(atlas, kpi, series, other, period, gazetteer)
            if found is not None and np.isfinite(found.vector.values[at]).any():
                values[at] = found.vector.values[at]
                sources, carrying = found.vector.sources, _with(carrying, found.carrying, at)
    statuses[np.isfinite(values)] = OK
    return CarriedVector(Vector(values, statuses, sources), carrying)


def _with(told: Carrying, further: Carrying, at: list[int]) -> Carrying:
    """Return how values were carried, of which those of some areas are others."""
    marks = told.marks.copy()
    marks[at] = further.marks[at]
    return Carrying(marks, dates_of([told, further]))


def _ahead_of(
    atlas: Atlas, kpi: Kpi, series: Series, comparator: list[Level], period: str, gazetteer: Gazetteer
) -> CarriedVector | None:
    """Return the growth of every area of a level less the comparator's; None where that is not known."""
    known = _values(comparator)
    basis, start = kpi.growth_basis, min(known, default="")
    theirs = growth(known, period, basis, start, _apart(atlas, series))
    if theirs is None:
        return None
    before = str(int(period) - 1) if basis == "yoy" else start
    asked = (atlas.indicator(series.indicator), [before, period], gazetteer.level, gazetteer.vintage)
    first, last = atlas.vectors(*asked)
    ahead: Floats = np.full(len(gazetteer), np.nan)
    for place, (earlier, level) in enumerate(zip(first.values, last.values, strict=True)):
        own = {p: float(v) for p, v in ((before, earlier), (period, level)) if np.isfinite(v)}
        grown = growth(own, period, basis, start)
        if grown is not None:
            ahead[place] = (grown - theirs) * 100
    ahead[elsewhere(asked[0], gazetteer, before, period)] = np.nan
    sources = (*first.sources, *last.sources, *(source for one in comparator for source in one.sources))
    beside = [one.origin for one in comparator if one.period in (before, period)]
    carrying = Carrying.together(
        [*atlas.carryings(*asked), *_everywhere(beside, gazetteer)], np.isfinite(ahead)
    )
    return CarriedVector(Vector(ahead, last.statuses, tuple(dict.fromkeys(sources))), carrying)


def _everywhere(origins: Sequence[Origin], gazetteer: Gazetteer) -> list[Carrying]:
    """Return how figures were carried that the value of every area is compared with."""
    return [
        Carrying(np.full(len(gazetteer), CARRIED.index(one.carried), np.uint8), one.dates) for one in origins
    ]


def with_area(kpi: Kpi, area: str) -> Kpi:
    """Return the KPI with nothing but what it says of one area."""
    return replace(
        kpi,
        targets=tuple(target for target in kpi.targets if target.area == area),
        actuals=tuple(actual for actual in kpi.actuals if actual.area == area),
    )
