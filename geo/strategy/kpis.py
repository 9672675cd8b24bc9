"""KPIs: what is measured, what is to be reached where, and what was reached.

A KPI belongs to the national strategy (a goal or a measure) or to an area's own strategy. Its targets and
actuals are told per area: a prefecture, a municipality, a region set such as ``outside-tokyo-area``, or the
nation (``00000``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from geo.errors import Finding
from geo.figures.observations import LARGEST
from geo.strategy.deployments import MAX_TEXT
from geo.strategy.rating import Direction, Formula, Growth, RatingScheme, Target
from geo.text import has_control

PriceBasis = Literal["", "nominal", "real"]
ActualStatus = Literal["ok", "not_available", "not_applicable", "secret", "unknown"]
#: The series of values that were entered by hand, not computed from an indicator.
PUBLISHED = "published"


@dataclass(frozen=True)
class Series:
    """Where the values of a KPI come from: an indicator, or values entered by hand (``published``).

    Two series differ in their base year or price basis and are never joined.
    """

    indicator: str
    price_basis: PriceBasis = ""
    base_ja: str = ""
    base_en: str = ""


@dataclass(frozen=True)
class Actual:
    """What was reached in one area and year, who says so, and who entered it."""

    area: str
    period: str
    value: float | None
    status: ActualStatus = "ok"
    source_title: str = ""
    source_url: str = ""
    published_on: str = ""
    note: str = ""
    entered_by: str = ""


@dataclass(frozen=True)
class Kpi:
    """One KPI with its targets and actuals.

    Attributes
    ----------
    owner : area code of the body whose own strategy it belongs to; empty for the national strategy
    formula : which rate its achievement is told as
    rating : id of the rating scheme
    growth_basis : of a KPI that compares two growth rates
    proxies : indicators that stand in where the KPI itself is not told for an area
    """

    id: str
    name_ja: str
    name_en: str
    definition_ja: str
    definition_en: str
    unit_ja: str
    unit_en: str
    source_title: str
    source_url: str
    decimals: int = 1
    direction: Direction = "increase"
    formula: Formula = "progress_rate"
    rating: str = "default"
    goal: str = ""
    measure: str = ""
    owner: str = ""
    growth_basis: Growth = "yoy"
    series: tuple[Series, ...] = ()
    proxies: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    actuals: tuple[Actual, ...] = ()
    note_ja: str = ""
    note_en: str = ""

    @property
    def is_relative(self) -> bool:
        """Whether it compares a region's growth with another's."""
        return any(target.type == "not_below_comparator" for target in self.targets)

    def actuals_of(self, area: str) -> dict[str, Actual]:
        """Return the actuals of one area by year."""
        return {one.period: one for one in self.actuals if one.area == area}


def with_actuals(kpi: Kpi, further: Iterable[Actual]) -> Kpi:
    """Return the KPI with further actuals, which replace those it has for the same area and year."""
    merged = {(one.area, one.period): one for one in (*kpi.actuals, *further)}
    return replace(kpi, actuals=tuple(merged[key] for key in sorted(merged)))


@dataclass(frozen=True)
class Known:
    """What a KPI may refer to."""

    goals: Collection[str]
    measures: Collection[str]
    schemes: Mapping[str, RatingScheme]
    indicators: Collection[str]
    is_area: Callable[[str], bool]


_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PERIOD = re.compile(r"(19|20|21)[0-9]{2}")
_YEARS = 1900, 2199
_TEXT = f"a text of at most {MAX_TEXT} characters, none of them a control character"
_NUMBER = f"a number below {LARGEST:.0e}"
_INDICATOR = "the id of an indicator of years, see /v1/indicators"
_AREA = "地域のコード、全国の 00000、地域区分の ID / " + (
    "an area code, 00000 for the nation, or the id of a region set"
)


def faults(kpi: Kpi, known: Known) -> Iterator[Finding]:
    """Yield what is wrong with a KPI: place, field, value and what was expected."""
    findings: list[Finding] = []

    def expect(fits: bool, where: str, field: str, value: object, expected: str) -> None:
        if not fits:
            findings.append(Finding(where, field, str(value), expected))

    expect(_ID.fullmatch(kpi.id) is not None, "kpi", "id", kpi.id, "words of a-z and 0-9 with hyphens")
    for name in ("name_ja", "name_en", "definition_ja", "definition_en", "source_title"):
        expect(bool(getattr(kpi, name)), "kpi", name, "", "a text")
    if kpi.source_url:
        expect(
            kpi.source_url.startswith(("https://", "http://")), "kpi", "source_url", kpi.source_url, "a URL"
        )
    expect(0 <= kpi.decimals <= 6, "kpi", "decimals", kpi.decimals, "0 to 6")
    expect(kpi.rating in known.schemes, "kpi", "rating", kpi.rating, f"one of {', '.join(known.schemes)}")
    if kpi.goal:
        expect(kpi.goal in known.goals, "kpi", "goal", kpi.goal, f"one of {', '.join(known.goals)}")
    if kpi.measure:
        expect(
            kpi.measure in known.measures,
            "kpi",
            "measure",
            kpi.measure,
            "the id of a measure, see /v1/measures",
        )
    expect(bool(kpi.goal or kpi.measure or kpi.owner), "kpi", "goal", "", "a goal, a measure or an owner")
    if kpi.owner:
        expect(known.is_area(kpi.owner), "kpi", "owner", kpi.owner, _AREA)
    for name in (one.indicator for one in kpi.series if one.indicator != PUBLISHED):
        expect(name in known.indicators, "kpi", "series", name, _INDICATOR)
    for name in kpi.proxies:
        expect(name in known.indicators, "kpi", "series", name, _INDICATOR)
    yield from findings
    yield from _wrong_texts("kpi", kpi)
    yield from _target_faults(kpi, known)
    yield from _actual_faults(kpi, known)


def _wrong_texts(where: str, told: Kpi | Target | Actual) -> Iterator[Finding]:
    """Yield the texts that are too long, or that no file and no page can hold."""
    for one in fields(told):
        text = getattr(told, one.name)
        if isinstance(text, str) and (len(text) > MAX_TEXT or has_control(text)):
            yield Finding(where, one.name, text, _TEXT)


def _is_number(value: float | None) -> bool:
    """Return whether a value is one that can be reckoned with; a missing one is."""
    return value is None or abs(value) < LARGEST


def _is_year(year: int | None) -> bool:
    return year is None or _YEARS[0] <= year <= _YEARS[1]


def _target_faults(kpi: Kpi, known: Known) -> Iterator[Finding]:
    areas = Counter(target.area for target in kpi.targets)
    for place, target in enumerate(kpi.targets, 1):
        faulty: list[tuple[str, object, str]] = []
        if not known.is_area(target.area):
            faulty.append(("area", target.area, _AREA))
        if areas[target.area] > 1:
            faulty.append(("area", target.area, "one target for each area"))
        if (target.type == "not_below_comparator") != bool(target.comparator):
            faulty.append(("comparator", target.comparator, "an area for not_below_comparator, else nothing"))
        if target.comparator and not known.is_area(target.comparator):
            faulty.append(("comparator", target.comparator, _AREA))
        if kpi.is_relative and target.type != "not_below_comparator":
            faulty.append(("type", target.type, "not_below_comparator for every target of this KPI"))
        for name, value, text in (*faulty, *_way_faults(target)):
            yield Finding(f"target {place}", name, str(value), text)
        yield from _wrong_texts(f"target {place}", target)


def _way_faults(target: Target) -> Iterator[tuple[str, object, str]]:
    """Yield what is wrong with the years and numbers of a target."""
    for name in ("baseline_period", "target_period"):
        if (text := getattr(target, name)) and not _PERIOD.fullmatch(text):
            yield name, text, "a year such as 2029"
    for name in ("baseline", "target"):
        if not _is_number(value := getattr(target, name)):
            yield name, value, _NUMBER
    if not all(map(_is_number, target.milestones.values())):
        yield "milestones", "", _NUMBER
    if not all(map(_is_year, target.milestones)):
        yield "milestones", "", "years such as 2027"
    if expected := _plan_fault(target):
        yield "plan_to", target.plan_to, expected


def _plan_fault(target: Target) -> str:
    """Return what is expected of the last year of a target's plan, empty where it is sound."""
    first, last = target.plan_from, target.plan_to
    if not (_is_year(first) and _is_year(last)):
        return f"years from {_YEARS[0]} to {_YEARS[1]}"
    if first is None or last is None:
        return "" if first == last else "first and last year of the plan, or neither"
    return f"a year not before {first}" if last < first else ""


def _actual_faults(kpi: Kpi, known: Known) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for place, actual in enumerate(kpi.actuals, 1):
        faulty: list[tuple[str, object, str]] = []
        if not known.is_area(actual.area):
            faulty.append(("area", actual.area, _AREA))
        if not _PERIOD.fullmatch(actual.period):
            faulty.append(("period", actual.period, "a year such as 2025"))
        if (actual.value is None) != (actual.status != "ok"):
            faulty.append(("status", actual.status, "ok with a value, another status without one"))
        if not _is_number(actual.value):
            faulty.append(("value", actual.value, _NUMBER))
        if not actual.source_title:
            faulty.append(("source_title", "", "who says so: every actual has a source"))
        if (actual.area, actual.period) in seen:
            faulty.append(("period", actual.period, "one actual for each area and year"))
        seen.add((actual.area, actual.period))
        for name, value, text in faulty:
            yield Finding(f"actual {place}", name, str(value), text)
        yield from _wrong_texts(f"actual {place}", actual)
