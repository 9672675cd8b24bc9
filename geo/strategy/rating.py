"""Progress of a KPI: rates, what was to be expected by now, and what the rating says.

Rates are fractions (0.5 is 50 %) and are never clipped: above 1 is beyond the target, below 0 is moving
backwards. Formulas: domain reference 6.2; two of them are in use and give very different numbers, so each KPI
names its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from geo.text import Text

#: What a figure of a year before the plan is called: no verdict on a plan that had not begun.
REFERENCE: Text = {"ja": "戦略開始前の参考値", "en": "reference value before the strategy"}

Direction = Literal["increase", "decrease"]
TargetType = Literal["number", "maintain", "not_below_comparator"]
Formula = Literal["progress_rate", "level_rate"]
#: What a band looks at: the rate by the KPI's own formula, the way from baseline to target, that way against
#: what was to be expected by the year, or the change against the baseline.
Quantity = Literal["achievement", "year_adjusted", "progress", "change"]
Growth = Literal["yoy", "cumulative", "cagr"]
#: Whether figures of two years must not be set against each other.
Apart = Callable[[str, str], bool]


@dataclass(frozen=True)
class Target:
    """What is to be reached in one area, and from where.

    Attributes
    ----------
    area : area code, or the id of a region set; ``00000`` is the nation
    type : a number, keeping the level, or not growing less than ``comparator``
    plan_from, plan_to : first and last fiscal year of the plan; year k of n expects k/n of the way
    milestones : fiscal year → value to be reached by then, in place of the straight line
    """

    area: str
    type: TargetType
    baseline: float | None = None
    baseline_period: str = ""
    target: float | None = None
    target_period: str = ""
    comparator: str = ""
    plan_from: int | None = None
    plan_to: int | None = None
    milestones: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Band:
    """One step of a rating: it applies where its quantity is at least (or above) ``lower``; None: always."""

    quantity: Quantity
    code: str
    label_ja: str
    label_en: str
    lower: float | None
    above: bool
    colour: str


@dataclass(frozen=True)
class RatingScheme:
    """A rule from rate to rating, as somebody uses it; bands from the best to the worst."""

    id: str
    name_ja: str
    name_en: str
    bands: tuple[Band, ...]
    source_title: str
    source_url: str


@dataclass(frozen=True)
class Assessment:
    """How far a KPI has come; what cannot be said is None, and ``reason`` then says why.

    Attributes
    ----------
    progress_rate : way from baseline to target
    level_rate : actual ÷ target, for what is to grow
    achievement : the one of the two that the KPI names
    expected : share of the way that was to be done by the year
    year_adjusted : progress_rate ÷ expected
    achieved : whether the target itself is met
    rating : code of a band of the scheme
    """

    actual: float | None
    progress_rate: float | None = None
    level_rate: float | None = None
    achievement: float | None = None
    expected: float | None = None
    year_adjusted: float | None = None
    achieved: bool | None = None
    rating: str | None = None
    reason: str = ""


def progress_rate(baseline: float, target: float, actual: float) -> float | None:
    """Return the share of the way from baseline to target; None where they are the same.

    >>> progress_rate(100, 110, 105), progress_rate(200, 150, 180), progress_rate(200, 150, 210)
    (0.5, 0.4, -0.2)
    """
    return None if target == baseline else (actual - baseline) / (target - baseline)


def level_rate(target: float, actual: float) -> float | None:
    """Return actual ÷ target, for what is to grow; None for a target of zero.

    >>> round(level_rate(110, 105), 4)
    0.9545
    """
    return None if target == 0 else actual / target


def is_reference(target: Target, year: int) -> bool:
    """Return whether a year lies before the plan, where it is known: see ``REFERENCE``.

    >>> [is_reference(Target("", "number", plan_from=2025, plan_to=2029), year) for year in (2024, 2025)]
    [True, False]
    """
    return target.plan_from is not None and year < target.plan_from


def expected_progress(target: Target, year: int) -> float | None:
    """Return the share of the way that is to be done by the end of a fiscal year.

    Year k of a plan of n years expects k/n; milestones, where there are any, are joined by straight lines.
    Before the plan it is 0, after it 1; None where the plan's years or values are not known.

    >>> expected_progress(Target("", "number", plan_from=2025, plan_to=2029), 2026)
    0.4
    """
    if target.plan_from is None or target.plan_to is None:
        return None
    if not target.milestones:
        steps = target.plan_to - target.plan_from + 1
        return min(max(year - target.plan_from + 1, 0), steps) / steps
    if target.baseline is None or target.target is None or target.baseline == target.target:
        return None
    points = (
        {target.plan_from - 1: target.baseline} | dict(target.milestones) | {target.plan_to: target.target}
    )
    years = sorted(points)
    due = float(np.interp(year, years, [points[each] for each in years]))
    return progress_rate(target.baseline, target.target, due)


def assess(
    target: Target,
    direction: Direction,
    formula: Formula,
    scheme: RatingScheme,
    actual: float | None,
    year: int,
) -> Assessment:
    """Return how far a KPI with a number or a level to keep has come by the end of a fiscal year.

    A level to keep has no rate: it is achieved or not. Without actual, target or, for a rate, baseline there
    is no rating, and the reason says what is missing. A year before the plan is not rated: its level is a
    reference (``REFERENCE``).
    """
    if actual is None:
        return Assessment(None, reason="no_actual")
    if target.target is None:
        return Assessment(actual, reason="no_target")
    if is_reference(target, year):
        return Assessment(actual, reason="before_plan")
    achieved = actual <= target.target if direction == "decrease" else actual >= target.target
    if target.type == "maintain" or target.target == target.baseline:
        return Assessment(actual, achieved=achieved, reason="maintain_has_no_rate")
    level = level_rate(target.target, actual) if direction == "increase" else None
    if target.baseline is None:
        rate = level if formula == "level_rate" else None
        quantities = {"achievement": rate}
        rating = rated(scheme, quantities)
        reason = "" if rating else "no_baseline"
        return Assessment(actual, None, level, rate, None, None, achieved, rating, reason)
    progress = progress_rate(target.baseline, target.target, actual)
    expected = expected_progress(target, year)
    adjusted = None if progress is None or not expected else progress / expected
    rate = level if formula == "level_rate" else progress
    change = None
    if target.baseline:
        change = (actual - target.baseline) / abs(target.baseline) * (-1 if direction == "decrease" else 1)
    quantities = {
        "achievement": rate,
        "year_adjusted": adjusted,
        "progress": progress,
        "change": change,
    }
    rating = rated(scheme, quantities)
    reason = "" if rating else "no_rate"
    return Assessment(actual, progress, level, rate, expected, adjusted, achieved, rating, reason)


def rated(scheme: RatingScheme, quantities: Mapping[str, float | None]) -> str | None:
    """Return the code of the first band that applies; None where a quantity it needs is not known."""
    for band in scheme.bands:
        known = quantities.get(band.quantity)
        if known is None:
            return None
        value = round(known, 12)  # 0.6 of the way computed as 0.5999… is 0.6
        if band.lower is None or value > band.lower or (value == band.lower and not band.above):
            return band.code
    return None


@dataclass(frozen=True)
class Comparison:
    """A region's level beside its comparator's in one year, and how both have grown.

    ``difference_points`` is growth less the comparator's growth, in percentage points; the KPI is achieved
    where it is not negative. A year before the plan is a ``reference`` and neither achieved nor missed.
    """

    period: str
    level: float
    comparator_level: float
    growth: float | None
    comparator_growth: float | None
    difference_points: float | None
    reference: bool
    achieved: bool | None


def never_apart(_first: str, _last: str) -> bool:
    """Return that any two years can be set against each other."""
    return False


def growth(
    levels: Mapping[str, float], period: str, basis: Growth, since: str, apart: Apart = never_apart
) -> float | None:
    """Return the growth of a series up to a period; None where what it is measured against is missing.

    What was not above zero has no growth, and no mean yearly rate leads below zero.

    Parameters
    ----------
    levels : year → level, all of one price basis and base year: series of two bases are never joined
    basis : against the year before, against ``since``, or the mean yearly rate since then
    """
    before = str(int(period) - 1) if basis == "yoy" else since
    if period not in levels or not levels.get(before, 0) > 0 or before >= period or apart(before, period):
        return None
    total = levels[period] / levels[before] - 1
    if basis == "cagr" and total < -1:
        return None
    return (1 + total) ** (1 / (int(period) - int(before))) - 1 if basis == "cagr" else total


def comparisons(
    target: Target,
    levels: Mapping[str, float],
    comparator: Mapping[str, float],
    basis: Growth,
    since: str = "",
    apart: Apart = never_apart,
) -> list[Comparison]:
    """Return region and comparator side by side for every year that both have."""
    both = sorted(levels.keys() & comparator.keys())
    start = since or (both[0] if both else "")
    found = []
    for period in both:
        own, other = (growth(each, period, basis, start, apart) for each in (levels, comparator))
        reference = is_reference(target, int(period))
        if own is None or other is None:
            own = other = difference = achieved = None
        else:
            difference = (own - other) * 100
            achieved = None if reference else own >= other
        compared = (own, other, difference, reference, achieved)
        found.append(Comparison(period, levels[period], comparator[period], *compared))
    return found
