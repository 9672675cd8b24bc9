"""The strategy in memory, with its deployments and KPIs, and the map layers that show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from geo.areas.lineage import Change, located
from geo.codes import city_of, prefecture_of
from geo.eras import fiscal_year_of
from geo.errors import NotFound
from geo.figures.indicators import Category, Indicator
from geo.strategy.deployments import ACTIVE, STATUSES, Deployment, categories
from geo.strategy.kpis import Kpi
from geo.strategy.plan import Goal, Measure, Strategy
from geo.strategy.programmes import Ending, ending
from geo.strategy.rating import REFERENCE, is_reference
from geo.strategy.verdicts import BASES
from geo.text import Text
from geo.unknown import unknown
from service.areas.gazetteer import Gazetteer
from service.figures.values import NONE_KNOWN, OK, Vector

#: What every answer about deployments says of itself.
COVERAGE: Text = {
    "ja": "公表資料で確認できた展開のみ。網羅ではなく、載っていないことは未実施を意味しません。",
    "en": "Only deployments found in published sources. Coverage is partial: others may exist.",
}
#: How long a deployment is told to run.
ENDING: Text = {
    "ja": "終了年度の分からない展開は制度ごとの規則による（単年度の補助は採択した年度まで）。",
    "en": "Where no source tells the end of a deployment, the rule of its programme does: grants of one "
    "fiscal year end with it.",
}
#: Layer id → what it shows, before the colon.
DEPLOYMENTS, COUNT, PROGRESS = "deployments", "deployment-count", "kpi-progress"
LEVELS = ("prefecture", "municipality")
#: The source that layers of deployments name.
SOURCE = "deployments"


@dataclass(frozen=True)
class Policy:
    """The strategy with what is known of its measures and KPIs."""

    version: Strategy | None = None
    deployments: tuple[Deployment, ...] = ()
    kpis: Mapping[str, Kpi] = field(default_factory=dict)

    @property
    def strategy(self) -> Strategy:
        """The newest version of the strategy; NotFound where none is loaded."""
        if self.version is None:
            raise NotFound("No strategy is loaded yet: run `chiiki ingest shipped`")
        return self.version

    def goal(self, name: str) -> Goal:
        """Return a goal; NotFound tells those spelt nearly alike."""
        goals = self.strategy.goals_by_id
        if name not in goals:
            raise unknown("goal", name, goals, "/v1/goals")
        return goals[name]

    def measure(self, written: str) -> Measure:
        """Return the measure of an id, name or alias; NotFound tells those spelt nearly alike."""
        name = self.strategy.measure_named(written)
        if name is None:
            raise unknown("measure", written, self.strategy.measures_by_id, "/v1/measures")
        return self.strategy.measures_by_id[name]

    def kpi(self, name: str) -> Kpi:
        """Return a KPI; NotFound tells those spelt nearly alike."""
        if name not in self.kpis:
            raise unknown("KPI", name, self.kpis, "/v1/kpis")
        return self.kpis[name]

    def kpis_of(self, goal: str) -> list[Kpi]:
        """Return the national KPIs of a goal, those of its measures included."""
        measures = {one.id for one in self.strategy.measures if one.goal == goal}
        return [
            one
            for one in self.kpis.values()
            if not one.owner and (one.goal == goal or one.measure in measures)
        ]

    def of_measure(self, measure: str) -> list[Deployment]:
        """Return the deployments of a measure."""
        return [one for one in self.deployments if measure in one.measures]

    def of_goal(self, goal: str) -> list[Deployment]:
        """Return the deployments of the measures of a goal, each once."""
        measures = {one.id for one in self.strategy.measures if one.goal == goal}
        return [one for one in self.deployments if measures.intersection(one.measures)]

    def ending(self, one: Deployment) -> Ending:
        """Return until when a deployment is counted: as its source tells, else by its programme's rule."""
        return ending(one, self.version.programmes if self.version else ())

    @property
    def years(self) -> list[str]:
        """The fiscal years for which deployments are told: the first known to that of the newest source."""
        if not self.deployments:
            return []
        first = min(one.known_from for one in self.deployments)
        last = max(fiscal_year_of(one.retrieved_on.isoformat()) for one in self.deployments)
        return [str(year) for year in range(first, max(first, last) + 1)]


@dataclass
class Places:
    """Where deployments lie on the boundaries of a vintage, whatever the date of their codes."""

    changes: Sequence[Change]
    _located: dict[tuple[dt.date, dt.date], dict[str, frozenset[str]]] = field(default_factory=dict)

    def codes(self, code: str | None, date: dt.date, vintage: dt.date) -> list[str]:
        """Return the codes of a vintage for one of another date; nothing for a region that is no body."""
        if code is None:
            return []
        if (date, vintage) not in self._located:
            self._located[date, vintage] = located(date, vintage, self.changes)
        return sorted(self._located[date, vintage].get(code, {code}))

    def on(self, one: Deployment, vintage: dt.date) -> frozenset[str]:
        """Return the codes of the areas of a vintage that a deployment lies in."""
        return frozenset(
            code for area in one.areas for code in self.codes(area.code, one.reference_date, vintage)
        )


@dataclass(frozen=True)
class Sites:
    """Which deployments lie where, by area code and in their order; worked out once.

    Attributes
    ----------
    naming : code → the deployments that name the area itself
    around : code of a prefecture, city, town or village → those that touch it: that name it, what lies in it,
        or a ward of it
    """

    naming: Mapping[str, tuple[Deployment, ...]]
    around: Mapping[str, tuple[Deployment, ...]]

    @classmethod
    def of(cls, deployments: Sequence[Deployment], places: Places, newest: dt.date | None) -> Sites:
        """Return the sites of deployments: by their codes as reported, and on the newest boundaries."""
        naming: dict[str, list[Deployment]] = {}
        around: dict[str, list[Deployment]] = {}
        for one in deployments:
            codes = {area.code for area in one.areas if area.code}
            if newest is not None:
                codes |= places.on(one, newest)
            for code in codes:
                naming.setdefault(code, []).append(one)
            for wider in codes.union(map(prefecture_of, codes), map(city_of, codes)):
                around.setdefault(wider, []).append(one)
        return cls(*({code: tuple(found) for code, found in each.items()} for each in (naming, around)))

    def touching(self, codes: Collection[str]) -> set[str]:
        """Return the ids of the deployments that touch any of the areas; a ward stands for its city."""
        cities = set(map(city_of, codes))
        return {one.id for city in cities for one in self.around.get(city, ())}


# Layers


def layers(
    policy: Policy, observed: Mapping[str, Sequence[str]], regions: Mapping[str, Text]
) -> dict[str, tuple[Indicator, dict[str, list[str]]]]:
    """Return the layers of the policy: id → layer, and its periods by level.

    Parameters
    ----------
    observed : indicator → periods at the level of prefectures
    regions : name of each region set
    """
    found: dict[str, tuple[Indicator, dict[str, list[str]]]] = {}
    if policy.version is None:
        return found
    by_level = dict.fromkeys(LEVELS, policy.years)
    for measure in policy.version.measures:
        found[f"{DEPLOYMENTS}:{measure.id}"] = (_deployment_layer(measure), by_level)
    for goal in policy.version.goals:
        found[f"{COUNT}:{goal.id}"] = (_count_layer(goal), by_level)
    for kpi in policy.kpis.values():
        periods = _progress_periods(kpi, observed)
        if any(periods.values()):
            layer = _ahead_layer(kpi, regions) if kpi.is_relative else _progress_layer(kpi, policy.version)
            found[layer.id] = (layer, periods)
    return found


def _deployment_layer(measure: Measure) -> Indicator:
    return Indicator(
        id=f"{DEPLOYMENTS}:{measure.id}",
        name_ja=f"{measure.name_ja}：展開の状態",
        name_en=f"{measure.name_en}: state of deployments",
        description_ja=f"年度末時点で把握している展開のうち最も進んだ状態。{ENDING['ja']}{COVERAGE['ja']}",
        description_en="The most advanced state of the deployments known at the end of the fiscal year. "
        f"{ENDING['en']} {COVERAGE['en']}",
        topic="measures",
        kind="category",
        period_kind="fiscal_year",
        categories=categories(),
    )


def _count_layer(goal: Goal) -> Indicator:
    return Indicator(
        id=f"{COUNT}:{goal.id}",
        name_ja=f"{goal.name_ja}：把握している展開の数",
        name_en=f"{goal.name_en}: number of known deployments",
        description_ja="その年度に採択・実施・運行されている事業の数（事業単位。構成団体ごとに数える）。"
        f"{ENDING['ja']}{COVERAGE['ja']}",
        description_en="Projects that are adopted, in progress or in operation in the fiscal year, counted "
        f"in each of their areas. {ENDING['en']} {COVERAGE['en']}",
        topic="measures",
        kind="count",
        unit_ja="件",
        unit_en="projects",
        direction="higher",
        over_time="stock",
        period_kind="fiscal_year",
        default_scheme="fisher-jenks",
    )


def _progress_layer(kpi: Kpi, strategy: Strategy) -> Indicator:
    scheme = strategy.schemes_by_id[kpi.rating]
    rated = tuple(
        Category(place, band.label_ja, band.label_en, band.colour)
        for place, band in enumerate(scheme.bands, 1)
    )
    return Indicator(
        id=f"{PROGRESS}:{kpi.id}",
        name_ja=f"{kpi.name_ja}：進捗",
        name_en=f"{kpi.name_en}: progress",
        description_ja=f"{kpi.definition_ja} 評価：{scheme.name_ja}。",
        description_en=f"{kpi.definition_en} Rating: {scheme.name_en}.",
        topic="progress",
        kind="category",
        period_kind="fiscal_year",
        categories=rated,
    )


def _ahead_layer(kpi: Kpi, regions: Mapping[str, Text]) -> Indicator:
    """Return the layer of a KPI that compares two regions: each prefecture's own growth, and no verdict."""
    names = [
        regions.get(target.comparator, {"ja": target.comparator, "en": target.comparator})
        for target in kpi.targets
    ]
    other: Text = {
        "ja": "・".join(dict.fromkeys(name["ja"] for name in names)),
        "en": " / ".join(dict.fromkeys(name["en"] for name in names)),
    }
    basis = BASES[kpi.series[0].price_basis] if kpi.series else BASES[""]
    begins = min((target.plan_from for target in kpi.targets if target.plan_from is not None), default=None)
    before: Text = {"ja": "", "en": ""}
    if begins is not None:
        before = {
            "ja": f"{begins - 1}年度以前の値は{REFERENCE['ja']}。",
            "en": f" Any figure up to FY{begins - 1} is a {REFERENCE['en']}.",
        }
    return Indicator(
        id=f"{PROGRESS}:{kpi.id}",
        name_ja=f"{kpi.name_ja}：都道府県別、{other['ja']}との差",
        name_en=f"{kpi.name_en}: prefectures against “{other['en']}”",
        description_ja=f"各都道府県の伸び率から{other['ja']}の伸び率を引いた差（{basis['ja']}、ポイント）。"
        f"KPIの達否は地域全体の一つの値で決まり、都道府県ごとには判定しない。{before['ja']}{kpi.definition_ja}",
        description_en=f"Each prefecture’s own growth less that of “{other['en']}” ({basis['en']}, in "
        "percentage points). Whether the KPI is achieved is one fact about the region as a whole, not "
        f"about its prefectures.{before['en']} {kpi.definition_en}",
        topic="progress",
        kind="index",
        unit_ja="ポイント",
        unit_en="points",
        direction="higher",
        decimals=2,
        period_kind="fiscal_year",
        default_scheme="quantiles",
        default_k=6,
        default_palette="rdylbu",
    )


def _progress_periods(kpi: Kpi, observed: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the years for which areas are compared or rated, by level."""
    if kpi.is_relative:
        if all(_is_municipality(target.area) for target in kpi.targets):
            return {}
        years: set[str] = set()
        for series in kpi.series:
            if series.price_basis != kpi.series[0].price_basis:
                continue
            known = set(observed.get(series.indicator, ()))
            before = (
                {str(int(year) + 1) for year in known}
                if kpi.growth_basis == "yoy"
                else known - {min(known, default="")}
            )
            years |= known & before
        return {"prefecture": sorted(years)}
    targets = {target.area: target for target in kpi.targets}
    entered_at = [
        (one.area, one.period)
        for one in kpi.actuals
        if one.area in targets and not is_reference(targets[one.area], int(one.period))
    ]
    return {
        "prefecture": sorted({year for area, year in entered_at if area.endswith("000") and area != "00000"}),
        "municipality": sorted({year for area, year in entered_at if _is_municipality(area)}),
    }


def _is_municipality(area: str) -> bool:
    return area.isdigit() and not area.endswith("000")


def deployment_vector(
    policy: Policy, places: Places, layer: Indicator, period: str, gazetteer: Gazetteer
) -> Vector:
    """Return the state or the number of deployments in each area at the end of a fiscal year.

    An area without a known one has no value and the status ``none_known``: coverage is partial, so zero would
    say more than is known.
    """
    what, _, name = layer.id.partition(":")
    listed = policy.of_measure(name) if what == DEPLOYMENTS else policy.of_goal(name)
    values = np.full(len(gazetteer), np.nan)
    weights = np.zeros(len(gazetteer))
    for one in listed:
        state = one.status_in(int(period), policy.ending(one).year)
        if state is None:
            continue
        at = _positions(places.on(one, gazetteer.vintage), gazetteer)
        if what == COUNT:
            if state in ACTIVE:
                values[at] = np.nan_to_num(values[at]) + 1
            continue
        stronger = [position for position in at if STATUSES[state].weight > weights[position]]
        weights[stronger] = STATUSES[state].weight
        values[stronger] = STATUSES[state].code
    statuses = np.where(np.isfinite(values), OK, NONE_KNOWN).astype(np.uint8)
    return Vector(values, statuses, (SOURCE,))


def _positions(codes: Collection[str], gazetteer: Gazetteer) -> list[int]:
    """Return where codes lie at a level: wards in their city, municipalities in their prefecture."""
    wholes = {prefecture_of(code) if gazetteer.level == "prefecture" else city_of(code) for code in codes}
    return sorted(gazetteer.position[code] for code in wholes if code in gazetteer.position)
