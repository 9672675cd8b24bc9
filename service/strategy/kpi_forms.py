"""KPIs, and how far they have come, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from geo.areas.carrying import Carried
from geo.strategy import kpis, rating
from geo.strategy.kpis import ActualStatus, PriceBasis
from geo.strategy.rating import (
    Assessment,
    Direction,
    Formula,
    Growth,
    Quantity,
    Target,
    TargetType,
)
from geo.strategy.verdicts import State, verdict_in_words
from geo.text import Text, name_of
from service.figures.forms import (
    BoundariesOfFigures,
    CarriedFigure,
    Source,
    boundaries_described,
    origin_described,
    sources_described,
)
from service.figures.lines import Origin, member
from service.http.forms import Credited
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.strategy import progress
from service.strategy.progress import Level


class Published(Credited):
    """Where and when something was published."""

    published_on: str


class YearValue(TypedDict):
    """What is to be reached by a fiscal year."""

    fiscal_year: int
    value: float


class KpiTarget(TypedDict):
    """What is to be reached in an area, and from where."""

    area: str
    type: TargetType
    baseline: float | None
    baseline_period: str
    target: float | None
    target_period: str
    comparator: str | None
    plan_from: int | None
    plan_to: int | None
    milestones: list[YearValue]


class Actual(TypedDict):
    """What was reached in an area and year, who says so, and which key entered it."""

    area: str
    period: str
    value: float | None
    status: ActualStatus
    source: Published
    note: str
    entered_by: str


class KpiSeries(TypedDict):
    """Where the values of a KPI come from: an indicator, or `published` for those that were entered."""

    indicator: str
    price_basis: PriceBasis
    base: Text


class Band(TypedDict):
    """A step of a rating: it applies where its quantity is at least (or above) `lower`."""

    code: str
    quantity: Quantity
    lower: float | None
    above: bool
    label: Text
    colour: str


class RatingScheme(TypedDict):
    """A rule from rate to rating; its bands from the best to the worst."""

    id: str
    name: Text
    bands: list[Band]
    source: Credited


class KpiDefinition(TypedDict):
    """What a KPI measures, and what is to be reached."""

    id: str
    name: Text
    definition: Text
    unit: Text
    decimals: int
    direction: Direction
    formula: Formula
    rating: str
    goal: str | None
    measure: str | None
    owner: str | None
    relative: bool
    growth_basis: Growth | None
    proxies: list[str]
    targets: list[KpiTarget]
    layer: str | None
    note: Text
    source: Credited


class Kpi(KpiDefinition):
    """A KPI without its actuals."""

    series: list[KpiSeries]


class Kpis(TypedDict):
    """KPIs and the rating schemes in use."""

    total: int
    kpis: list[Kpi]
    rating_schemes: list[RatingScheme]


class KpiInDetail(Kpi):
    """A KPI with the actuals that were entered, and its rating scheme."""

    actuals: list[Actual]
    rating_scheme: RatingScheme


class Region(TypedDict):
    """An area or a region set."""

    id: str
    name: Text


class MissingFigures(TypedDict):
    """An indicator that a series needs and that has no figures."""

    indicator: str
    name: Text
    reason: Text


class CarriedBeside(BoundariesOfFigures):
    """How the figures of a region and of its comparator came to stand on the boundaries shown.

    A growth is told by the mark of the year it leads to; `boundary_dates` are those of both regions.
    """

    carried: Carried | None
    comparator_carried: Carried | None


class RacePoint(CarriedBeside):
    """A region's level beside its comparator's in one year, and how both have grown.

    `difference_points` is growth less the comparator's growth, in percentage points. A year before the plan
    is a `reference` and neither achieved nor missed.
    """

    period: str
    level: float
    comparator_level: float
    growth: float | None
    comparator_growth: float | None
    difference_points: float | None
    reference: bool
    achieved: bool | None


class Race(KpiSeries):
    """A series in a region and its comparator, year by year; `missing` names the figures that it lacks."""

    area: Region
    comparator: Region
    points: list[RacePoint]
    missing: list[MissingFigures]
    sources: list[Source]


class GrowthOfYear(CarriedBeside):
    """How a region and its comparator have grown in the year of a verdict, by one price basis."""

    series: str
    price_basis: PriceBasis
    base: Text
    growth: float | None
    comparator_growth: float | None
    difference_points: float | None


class Verdict(TypedDict):
    """What is said of a KPI as a whole: one for the region, none for its prefectures.

    `state` is `reference` where the newest figures lie before the plan, which is then neither achieved nor
    missed, and `no_figures` where no growth can be told. `growths` has the year nominal and real side by
    side where both are known; the first decides.
    """

    area: Region
    comparator: Region
    state: State
    period: str | None
    growths: list[GrowthOfYear]
    words: Text


class CoursePoint(CarriedFigure):
    """How far a KPI has come in a year; what cannot be said is null, and `reason` then says why.

    `carried` and `boundary_dates` are of the actual; of an entered one there is no date, because who enters
    it names an area and not its boundaries.
    """

    period: str
    status: str
    actual: float | None
    progress_rate: float | None
    level_rate: float | None
    achievement: float | None
    expected: float | None
    year_adjusted: float | None
    achieved: bool | None
    rating: str | None
    reason: str
    sources: Sequence[Source | Published]


class Course(KpiTarget):
    """What an area was to reach, and what it has reached by year."""

    name: Text
    points: list[CoursePoint]


class KpiRaces(KpiDefinition):
    """How far a KPI that compares two regions has come: the verdict, and the years series by series.

    `reference_label` is what a year before the plan is called, whose points have `reference`.
    """

    rating_scheme: RatingScheme
    since: str | None
    reference_label: Text
    verdicts: list[Verdict]
    series: list[Race]


class KpiCourses(Kpi):
    """How far a KPI with targets has come, area by area."""

    rating_scheme: RatingScheme
    areas: list[Course]


Result = Literal["added", "changed", "unchanged"]


class KpiPut(TypedDict):
    """What a write of a KPI or of its actuals came to."""

    kpi: str
    result: Result
    actuals: int
    dry_run: bool


def target_described(one: Target) -> KpiTarget:
    """Return a target as JSON."""
    return {
        "area": one.area,
        "type": one.type,
        "baseline": one.baseline,
        "baseline_period": one.baseline_period,
        "target": one.target,
        "target_period": one.target_period,
        "comparator": one.comparator or None,
        "plan_from": one.plan_from,
        "plan_to": one.plan_to,
        "milestones": [
            {"fiscal_year": year, "value": value} for year, value in sorted(one.milestones.items())
        ],
    }


def actual_described(one: kpis.Actual) -> Actual:
    """Return an entered actual as JSON."""
    return {
        "area": one.area,
        "period": one.period,
        "value": one.value,
        "status": one.status,
        "source": {"title": one.source_title, "url": one.source_url, "published_on": one.published_on},
        "note": one.note,
        "entered_by": one.entered_by.partition(" (")[0],
    }


def series_described(one: kpis.Series) -> KpiSeries:
    """Return a series as JSON."""
    return {
        "indicator": one.indicator,
        "price_basis": one.price_basis,
        "base": {"ja": one.base_ja, "en": one.base_en},
    }


def scheme_described(one: rating.RatingScheme) -> RatingScheme:
    """Return a rating scheme as JSON, its bands from the best to the worst."""
    return {
        "id": one.id,
        "name": name_of(one),
        "bands": [
            {
                "code": band.code,
                "quantity": band.quantity,
                "lower": band.lower,
                "above": band.above,
                "label": {"ja": band.label_ja, "en": band.label_en},
                "colour": band.colour,
            }
            for band in one.bands
        ],
        "source": {"title": one.source_title, "url": one.source_url},
    }


def described(atlas: Atlas, one: kpis.Kpi) -> Kpi:
    """Return a KPI as JSON, without its actuals."""
    return {**_definition(atlas, one), "series": [series_described(each) for each in one.series]}


def races_described(
    atlas: Atlas, vintage: Vintage, one: kpis.Kpi, basis: Growth, since: str, told: Sequence[progress.Race]
) -> KpiRaces:
    """Return how far a KPI that compares two regions has come, as JSON."""
    return {
        **_definition(atlas, one),
        "growth_basis": basis,
        "rating_scheme": _scheme_of(atlas, one),
        "since": since or None,
        "reference_label": rating.REFERENCE,
        "verdicts": [verdict_described(atlas, vintage, target, told) for target in one.targets],
        "series": [race_described(atlas, vintage, race) for race in told],
    }


def courses_described(
    atlas: Atlas, vintage: Vintage, one: kpis.Kpi, told: Sequence[progress.Course]
) -> KpiCourses:
    """Return how far a KPI with targets has come, as JSON."""
    return {
        **described(atlas, one),
        "rating_scheme": _scheme_of(atlas, one),
        "areas": [course_described(atlas, vintage, course) for course in told],
    }


def in_detail(atlas: Atlas, one: kpis.Kpi) -> KpiInDetail:
    """Return a KPI as JSON, with the actuals that were entered, and its rating scheme."""
    return {
        **described(atlas, one),
        "actuals": [actual_described(each) for each in one.actuals],
        "rating_scheme": _scheme_of(atlas, one),
    }


def _scheme_of(atlas: Atlas, one: kpis.Kpi) -> RatingScheme:
    return scheme_described(atlas.catalogue.policy.strategy.schemes_by_id[one.rating])


def _definition(atlas: Atlas, one: kpis.Kpi) -> KpiDefinition:
    layer = f"kpi-progress:{one.id}"
    return {
        "id": one.id,
        "name": name_of(one),
        "definition": {"ja": one.definition_ja, "en": one.definition_en},
        "unit": {"ja": one.unit_ja, "en": one.unit_en},
        "decimals": one.decimals,
        "direction": one.direction,
        "formula": one.formula,
        "rating": one.rating,
        "goal": one.goal or None,
        "measure": one.measure or None,
        "owner": one.owner or None,
        "relative": one.is_relative,
        "growth_basis": one.growth_basis if one.is_relative else None,
        "proxies": list(one.proxies),
        "targets": [target_described(each) for each in one.targets],
        "layer": layer if layer in atlas.catalogue.layers else None,
        "note": {"ja": one.note_ja, "en": one.note_en},
        "source": {"title": one.source_title, "url": one.source_url},
    }


def _name(atlas: Atlas, vintage: Vintage, area: str) -> Text:
    return name_of(member(atlas, vintage, area))


def region_described(atlas: Atlas, vintage: Vintage, area: str) -> Region:
    """Return an area or a region set as JSON."""
    return {"id": area, "name": _name(atlas, vintage, area)}


def verdict_described(
    atlas: Atlas, vintage: Vintage, target: Target, told: Sequence[progress.Race]
) -> Verdict:
    """Return the verdict on the region of a target as JSON."""
    verdict = progress.verdict(told, target)
    origins = {
        (race.series.indicator, year.period): _beside(*pair)
        for race in told
        if race.target == target
        for year, pair in zip(race.comparisons, race.origins, strict=True)
    }
    area, comparator = (region_described(atlas, vintage, each) for each in (target.area, target.comparator))
    return {
        "area": area,
        "comparator": comparator,
        "state": verdict.state,
        "period": verdict.period,
        "growths": [
            {
                "series": each.series.indicator,
                "price_basis": each.series.price_basis,
                "base": {"ja": each.series.base_ja, "en": each.series.base_en},
                "growth": each.year.growth,
                "comparator_growth": each.year.comparator_growth,
                "difference_points": each.year.difference_points,
                **origins[each.series.indicator, each.year.period],
            }
            for each in verdict.growths
        ],
        "words": verdict_in_words(verdict, target, area["name"], comparator["name"]),
    }


def _beside(own: Origin, comparator: Origin) -> CarriedBeside:
    return {
        "carried": own.carried,
        "comparator_carried": comparator.carried,
        **boundaries_described(own, comparator),
    }


def race_described(atlas: Atlas, vintage: Vintage, one: progress.Race) -> Race:
    """Return a comparison of two regions as JSON."""
    return {
        **series_described(one.series),
        "area": region_described(atlas, vintage, one.target.area),
        "comparator": region_described(atlas, vintage, one.target.comparator),
        "points": [
            {
                "period": year.period,
                "level": year.level,
                "comparator_level": year.comparator_level,
                "growth": year.growth,
                "comparator_growth": year.comparator_growth,
                "difference_points": year.difference_points,
                "reference": year.reference,
                "achieved": year.achieved,
                **_beside(*pair),
            }
            for year, pair in zip(one.comparisons, one.origins, strict=True)
        ],
        "missing": [
            {
                "indicator": name,
                "name": name_of(atlas.indicator(name)),
                "reason": {
                    "ja": "公表表が取り込まれていない。他の値で代えない。",
                    "en": "The published table is not loaded; nothing is put in its place.",
                },
            }
            for name in one.missing
        ],
        "sources": sources_described(atlas, one.sources),
    }


def course_described(atlas: Atlas, vintage: Vintage, one: progress.Course) -> Course:
    """Return the course of one area as JSON."""
    return {
        "name": _name(atlas, vintage, one.target.area),
        **target_described(one.target),
        "points": [point_described(atlas, level, assessment) for level, assessment in one.points],
    }


def point_described(atlas: Atlas, level: Level, assessment: Assessment) -> CoursePoint:
    """Return one year of a course as JSON."""
    sources: Sequence[Source | Published] = sources_described(atlas, level.sources)
    if level.actual is not None:
        sources = [actual_described(level.actual)["source"]]
    return {
        "period": level.period,
        "status": level.status,
        "actual": assessment.actual,
        "progress_rate": assessment.progress_rate,
        "level_rate": assessment.level_rate,
        "achievement": assessment.achievement,
        "expected": assessment.expected,
        "year_adjusted": assessment.year_adjusted,
        "achieved": assessment.achieved,
        "rating": assessment.rating,
        "reason": assessment.reason,
        **origin_described(level.origin),
        "sources": sources,
    }
