"""The strategy: goals, measures, the logic model between them, its roadmap and its rating rules.

It is read from tables under ``data/catalog/`` that a person edits. Stated counts (331 measures) are kept
apart from what the catalogue lists (40): a strategy names only some of its measures.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from geo.csv_tables import read_table
from geo.errors import Finding, InvalidRows
from geo.strategy.kpis import Actual, Kpi, Series
from geo.strategy.logic_model import Basis, Box, Link, Node, downstream, graph_faults
from geo.strategy.programmes import Programme
from geo.strategy.rating import Band, Quantity, RatingScheme, Target, TargetType

T = TypeVar("T")


@dataclass(frozen=True)
class Goal:
    """A goal with its KPI in words; ``stated_measures`` is the count the strategy gives."""

    id: str
    name_ja: str
    name_en: str
    kpi_ja: str
    kpi_en: str
    stated_measures: int


@dataclass(frozen=True)
class Measure:
    """A measure (施策) that the strategy names; ``listed_in`` tells in which of its lists."""

    id: str
    goal: str
    pillar_ja: str
    pillar_en: str
    name_ja: str
    name_en: str
    aliases: tuple[str, ...]
    listed_in: tuple[str, ...]
    note: str

    @property
    def names(self) -> tuple[str, ...]:
        """Everything it may be called by."""
        return (self.id, self.name_ja, self.name_en, *self.aliases)


@dataclass(frozen=True)
class Milestone:
    """What is to be done or reached in a fiscal year; the subject is a strategy, goal, measure or KPI."""

    subject: str
    fiscal_year: int
    label_ja: str
    label_en: str
    value: float | None
    basis: Basis
    source_title: str
    source_url: str


@dataclass(frozen=True)
class Strategy:
    """One version of the national strategy."""

    id: str
    title_ja: str
    title_en: str
    fy_from: int
    fy_to: int
    decided_on: dt.date
    stated_measures: int
    source_title: str
    source_url: str
    goals: tuple[Goal, ...] = ()
    measures: tuple[Measure, ...] = ()
    nodes: tuple[Node, ...] = ()
    links: tuple[Link, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    schemes: tuple[RatingScheme, ...] = ()
    programmes: tuple[Programme, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {spelling(name): one.id for one in self.measures for name in one.names}

    @cached_property
    def goals_by_id(self) -> dict[str, Goal]:
        """The goals by id, in their order."""
        return {goal.id: goal for goal in self.goals}

    @cached_property
    def measures_by_id(self) -> dict[str, Measure]:
        """The measures by id, in their order."""
        return {measure.id: measure for measure in self.measures}

    @cached_property
    def schemes_by_id(self) -> dict[str, RatingScheme]:
        """The rating schemes by id."""
        return {scheme.id: scheme for scheme in self.schemes}

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Every node of the logic model, measures and goals included, in the order of a picture."""
        return (
            *(Box(one.id, "measure", one.name_ja, one.name_en) for one in self.measures),
            *(Box(one.id, one.kind, one.label_ja, one.label_en) for one in self.nodes),
            *(Box(one.id, "goal", one.name_ja, one.name_en) for one in self.goals),
        )

    def measure_named(self, written: str) -> str | None:
        """Return the id of the measure that an id, a name or an alias stands for; never by similarity."""
        return self._by_name.get(spelling(written))

    def indicators_of(self, node: str) -> tuple[str, ...]:
        """Return the indicators in which a measure's (or a goal's) outcomes show, by the logic model."""
        if node in self.goals_by_id:
            outcomes = {link.source for link in self.links if link.target == node}
        else:
            outcomes = downstream([node], self.links)
        shown = [name for one in self.nodes if one.id in outcomes for name in one.indicators]
        return tuple(dict.fromkeys(shown))


def spelling(name: str) -> str:
    """Return a name as it is compared: NFKC, without quotation marks, spaces and case.

    >>> spelling("「交通空白」の解消") == spelling("交通空白の解消")
    True
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if c not in " 「」『』\"'“”・,、")


@dataclass(frozen=True)
class _Band:
    scheme: str
    name_ja: str
    name_en: str
    quantity: Quantity
    code: str
    label_ja: str
    label_en: str
    lower: float | None
    above: bool
    colour: str
    source_title: str
    source_url: str


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of a table beside ``kpis.csv``."""

    kpi: str


@dataclass(frozen=True, kw_only=True)
class _Series(_Row, Series):
    pass


@dataclass(frozen=True, kw_only=True)
class _Target(_Row):
    area: str
    type: TargetType
    baseline: float | None
    baseline_period: str
    target: float | None
    target_period: str
    comparator: str
    plan_from: int | None
    plan_to: int | None


@dataclass(frozen=True, kw_only=True)
class _Actual(_Row, Actual):
    pass


R = TypeVar("R", bound=_Row)


def read_strategy(folder: Path) -> Strategy:
    """Return the strategy of a catalogue folder.

    Raises
    ------
    InvalidFile, InvalidRows : wrong tables, counts that do not add up, a cycle or orphan in the logic model
    """
    apart = ("goals", "measures", "nodes", "links", "milestones", "schemes", "programmes")
    ((_, head),) = read_table(folder / "strategy.csv", Strategy, apart)
    strategy = replace(
        head,
        goals=_rows(folder / "goals.csv", Goal),
        measures=_rows(folder / "measures.csv", Measure),
        nodes=_rows(folder / "logic_nodes.csv", Node),
        links=_rows(folder / "logic_links.csv", Link),
        milestones=_rows(folder / "milestones.csv", Milestone),
        schemes=_schemes(folder / "rating_bands.csv"),
        programmes=_rows(folder / "programmes.csv", Programme),
    )
    findings = _faults(strategy)
    if findings:
        raise InvalidRows(f"The strategy has {len(findings)} faults", findings)
    return strategy


def _rows(path: Path, kind: type[T]) -> tuple[T, ...]:
    return tuple(row for _, row in read_table(path, kind))


def _schemes(path: Path) -> tuple[RatingScheme, ...]:
    schemes: dict[str, RatingScheme] = {}
    for row in _rows(path, _Band):
        band = Band(row.quantity, row.code, row.label_ja, row.label_en, row.lower, row.above, row.colour)
        known = schemes.get(row.scheme)
        if known is None:
            schemes[row.scheme] = RatingScheme(
                row.scheme, row.name_ja, row.name_en, (band,), row.source_title, row.source_url
            )
        else:
            schemes[row.scheme] = replace(known, bands=(*known.bands, band))
    return tuple(schemes.values())


def _faults(strategy: Strategy) -> list[Finding]:
    findings: list[Finding] = []
    goals = {goal.id for goal in strategy.goals}
    stated = sum(goal.stated_measures for goal in strategy.goals)
    if stated != strategy.stated_measures:
        findings.append(
            Finding("strategy", "stated_measures", str(strategy.stated_measures), f"the goals' sum {stated}")
        )
    findings += _twice("measure", [one.id for one in strategy.measures])
    findings += _twice("programme", [one.name for one in strategy.programmes])
    findings += [
        Finding(f"programme {one.name}", "years", str(one.years), "1 or more, or nothing")
        for one in strategy.programmes
        if one.years is not None and one.years < 1
    ]
    spelt: dict[str, str] = {}
    for one in strategy.measures:
        if one.goal not in goals:
            findings.append(Finding(f"measure {one.id}", "goal", one.goal, f"one of {', '.join(goals)}"))
        for name in one.names:
            if spelt.setdefault(spelling(name), one.id) != one.id:
                findings.append(Finding(f"measure {one.id}", "aliases", name, "a name of one measure alone"))
    for milestone in strategy.milestones:
        if not strategy.fy_from <= milestone.fiscal_year <= strategy.fy_to:
            expected = f"{strategy.fy_from} to {strategy.fy_to}"
            told = str(milestone.fiscal_year)
            findings.append(Finding(f"milestone {milestone.subject}", "fiscal_year", told, expected))
    measures = {one.id: one.goal for one in strategy.measures}
    return findings + graph_faults(strategy.nodes, strategy.links, measures, goals)


def _twice(what: str, ids: Collection[str]) -> list[Finding]:
    counted = Counter(ids)
    return [Finding(f"{what} {name}", "id", name, "an id used once") for name in counted if counted[name] > 1]


def read_kpis(folder: Path) -> list[Kpi]:
    """Return the KPIs of a catalogue folder, with their series, targets and actuals."""
    kpis = [kpi for _, kpi in read_table(folder / "kpis.csv", Kpi, ("series", "targets", "actuals"))]
    known = {kpi.id for kpi in kpis}
    findings: list[Finding] = []

    def rows(name: str, kind: type[R], apart: Collection[str] = ()) -> list[R]:
        found = read_table(folder / name, kind, apart)
        findings.extend(
            Finding(f"{name} line {line}", "kpi", row.kpi, f"one of {', '.join(sorted(known))}")
            for line, row in found
            if row.kpi not in known
        )
        return [row for _, row in found]

    series = rows("kpi_series.csv", _Series)
    targets = rows("kpi_targets.csv", _Target)
    actuals = rows("kpi_actuals.csv", _Actual, ("entered_by",))
    if findings:
        raise InvalidRows("The KPIs' tables name KPIs that do not exist", findings)
    return [
        replace(
            kpi,
            series=tuple(Series(**_without_kpi(row)) for row in series if row.kpi == kpi.id),
            targets=tuple(Target(**_without_kpi(row)) for row in targets if row.kpi == kpi.id),
            actuals=tuple(Actual(**_without_kpi(row)) for row in actuals if row.kpi == kpi.id),
        )
        for kpi in kpis
    ]


def _without_kpi(row: _Row) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if name != "kpi"}
