"""What exists, at one moment: read part by part, each part anew when its subjects have other numbers.

A catalogue is never changed. News makes another one, which shares all that stayed as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas.events import Event, changes_of
from geo.areas.history import History, Share, Spell
from geo.areas.lineage import Change
from geo.codes import BLOCS
from geo.figures import indicators
from geo.figures.indicators import Indicator
from geo.strategy.kpis import Kpi
from geo.text import Text, name_of
from geo.transit.access import Definition
from geo.transit.basis import MissingOperator
from geo.transit.gap_definitions import definition_shown
from service.areas import queries as area_queries
from service.areas.former import FormerNames
from service.areas.gazetteer import LEVELS, Gazetteer, Gazetteers
from service.areas.placenames import PlaceNames
from service.db.documents import definition_from_body, deployment_from_row, kpi_from_row, strategy_from_body
from service.figures import queries as figure_queries
from service.figures.carrying import Carrying
from service.figures.search import Entry, Index
from service.figures.values import STATUSES, CarriedVector, Vector
from service.memory import revisions
from service.strategy import policy
from service.strategy import queries as strategy_queries
from service.strategy.policy import Places, Policy, Sites
from service.transit import queries as transit_queries

Periods = Mapping[str, list[str]]


@dataclass(frozen=True)
class Vintage:
    """A boundary set: its date, what it is, whose it is, and its areas by level.

    The set that is shown by default has every level that any set has: where it has none itself (wards, of
    which few sets are published), the areas are those of the newest set that has them, and their gazetteer
    tells its date.

    Attributes
    ----------
    own : the areas that it has itself
    """

    date: dt.date
    title: Text
    credit: Text
    source: str
    licence: str
    own: Gazetteers
    #: of those that it is shown with beside its own
    further: Mapping[str, Gazetteer] = field(default_factory=dict)

    @cached_property
    def gazetteers(self) -> Mapping[str, Gazetteer]:
        """Level → its areas, those of an older set included."""
        if not self.further:
            return self.own
        both = {**self.own, **self.further}
        return {level: both[level] for level in LEVELS if level in both}

    @cached_property
    def place_names(self) -> PlaceNames:
        """What its areas are called, as people type it."""
        return PlaceNames(self.gazetteers)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that it has areas of, those of an older set included."""
        return tuple(self.gazetteers)


@dataclass(frozen=True)
class Observed:
    """For which periods there are figures of an indicator, and whose they are.

    Attributes
    ----------
    periods : level → periods, ascending
    sources : period → ids of sources
    """

    periods: Periods
    sources: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What exists; ``numbers`` are those of all subjects at the moment it was read."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    vintages: Mapping[dt.date, Vintage] = field(default_factory=dict)
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    observed_indicators: Mapping[str, Observed] = field(default_factory=dict)
    #: indicator → metropolitan bloc → period → what was published for it
    bloc_figures: Mapping[str, Mapping[str, Mapping[str, CarriedVector]]] = field(default_factory=dict)
    sources: Mapping[str, Row[Any]] = field(default_factory=dict)
    regions: Mapping[str, list[Row[Any]]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    #: what areas were and became, and what they were called
    history: History = field(default_factory=History)
    industries: tuple[Row[Any], ...] = ()
    #: dates whose area codes people by age are stored under
    age_boundary_dates: tuple[dt.date, ...] = ()
    policy: Policy = field(default_factory=Policy)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    #: definition → what was counted under it, by grid and prefecture
    gap_bases: Mapping[str, Sequence[Row[Any]]] = field(default_factory=dict)
    missing_operators: tuple[MissingOperator, ...] = ()
    places: Places = field(default_factory=lambda: Places(()))

    @cached_property
    def observed(self) -> dict[str, dict[str, list[str]]]:
        """Level → observed indicator → its periods, ascending."""
        return {
            level: {
                name: one.periods[level]
                for name, one in self.observed_indicators.items()
                if level in one.periods
            }
            for level in LEVELS
        }

    @cached_property
    def former_names(self) -> FormerNames:
        """The names and codes that areas had once."""
        return FormerNames(self.history)

    @cached_property
    def default(self) -> dt.date | None:
        """The date of the boundary set that is meant where none is named; None where there is none.

        It is the newest of those that have the most prefectures: a set of one is for who asks for it.
        """
        return _broadest((one.own.breadth, date) for date, one in self.vintages.items())

    @cached_property
    def whole(self) -> dt.date:
        """The same, on which gaps are counted; the first of all days where there is none."""
        return self.default or dt.date.min

    @cached_property
    def sites(self) -> Sites:
        """Where deployments lie, on the boundaries that are shown by default."""
        return Sites.of(self.policy.deployments, self.places, self.default)

    @cached_property
    def blocs(self) -> dict[frozenset[str], str]:
        """The prefectures of each metropolitan bloc → its region set."""
        return {
            frozenset(row.area_code for row in self.regions[name] if row.valid_to is None): name
            for name in BLOCS.values()
            if name in self.regions
        }

    @cached_property
    def policy_layers(self) -> dict[str, tuple[Indicator, dict[str, list[str]]]]:
        """The layers that show the policy, each with its periods by level."""
        told = {
            series.indicator: indicators.periods(
                self.indicators[series.indicator], self.observed["prefecture"]
            )
            for kpi in self.policy.kpis.values()
            for series in kpi.series
            if series.indicator in self.indicators
        }
        names = {name: name_of(rows[0]) for name, rows in self.regions.items()}
        return policy.layers(self.policy, told, names)

    @cached_property
    def vintages_by_name(self) -> dict[str, Vintage]:
        """Boundary sets by their dates as texts, the oldest first."""
        return {str(date): vintage for date, vintage in self.vintages.items()}

    @cached_property
    def vintage_numbers(self) -> dict[dt.date, int]:
        """The number of each boundary set; see ``service.memory.revisions``."""
        return {date: self.numbers[revisions.vintage(date)] for date in self.vintages}

    @cached_property
    def layers(self) -> dict[str, Indicator]:
        """Indicators, and the layers that show the policy."""
        return {**self.indicators, **{name: layer for name, (layer, _) in self.policy_layers.items()}}

    @cached_property
    def index(self) -> Index:
        """What layers are found by; a measure also by everything else that it is called.

        Of equals those come first that the strategy looks at.
        """
        strategy = self.policy.version
        measures = strategy.measures if strategy else ()
        told = (
            {name for goal in strategy.goals for name in strategy.indicators_of(goal.id)} if strategy else ()
        )
        names = {f"{policy.DEPLOYMENTS}:{measure.id}": measure.names for measure in measures}
        entries = {name: Entry.of(layer, names.get(name, ())) for name, layer in self.layers.items()}
        return Index(entries, told)

    def periods(self, layer: Indicator) -> Periods:
        """Return the periods for which a layer has values, oldest first, by each level that has some."""
        of_policy = self.policy_layers.get(layer.id)
        told = (
            {level: indicators.periods(layer, self.observed[level]) for level in LEVELS}
            if of_policy is None
            else of_policy[1]
        )
        return {level: told[level] for level in LEVELS if told.get(level)}

    def sources_of(self, layer: Indicator) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return (observed indicator, period) → sources of all figures that an indicator is made of."""
        names = sorted(layer.components) or [layer.id]
        return {
            (name, period): sources
            for name in names
            if name in self.observed_indicators
            for period, sources in sorted(self.observed_indicators[name].sources.items())
        }


# Reading

#: What a part of the catalogue is read by: the connection, the catalogue before, the names that changed.
Read = Callable[[AsyncConnection, Catalogue, Collection[str]], Awaitable[dict[str, Any]]]


async def _vintages(conn: AsyncConnection, before: Catalogue, names: Collection[str]) -> dict[str, Any]:
    # what was withdrawn has a new number, and no row
    found = {date: _itself(one) for date, one in before.vintages.items() if str(date) not in names}
    for row in await area_queries.vintages(conn, [dt.date.fromisoformat(name) for name in names]):
        areas = await area_queries.areas(conn, row.vintage)
        found[row.vintage] = Vintage(
            date=row.vintage,
            title={"ja": row.title_ja, "en": row.title_en},
            credit={"ja": row.credit_ja, "en": row.credit_en},
            source=row.source,
            licence=row.licence,
            own=Gazetteers(row.vintage, areas),
        )
    return {"vintages": _completed(dict(sorted(found.items())))}


def _itself(vintage: Vintage) -> Vintage:
    return replace(vintage, further={})


def _completed(vintages: Mapping[dt.date, Vintage]) -> Mapping[dt.date, Vintage]:
    """Return boundary sets of which the one shown by default has the levels that only others have."""
    date = _broadest((one.own.breadth, date) for date, one in vintages.items())
    if date is None:
        return vintages
    default, further = vintages[date], {}
    for level in LEVELS:
        having = [(one.own.breadth, on) for on, one in vintages.items() if level in one.own]
        found = _broadest(having)
        if level not in default.own and found is not None:
            further[level] = vintages[found].own[level]
    return {**vintages, date: replace(default, further=further)}


def _broadest(sets: Iterable[tuple[int, dt.date]]) -> dt.date | None:
    """Return the newest date of the sets (number of prefectures, date) that have the most prefectures."""
    return max(sets, default=(0, None))[1]


def bloc_figures(rows: Iterable[Row[Any]]) -> dict[str, dict[str, dict[str, CarriedVector]]]:
    """Return indicator → metropolitan bloc → period → figure, from rows of figures."""
    blocs: dict[str, dict[str, dict[str, CarriedVector]]] = {}
    for row in rows:
        if row.area_code in BLOCS:
            of_bloc = blocs.setdefault(row.indicator, {}).setdefault(BLOCS[row.area_code], {})
            value = np.array([np.nan if row.value is None else row.value])
            status = np.array([STATUSES.index(row.status)], np.uint8)
            carrying = Carrying.on(row.boundary_date, np.isfinite(value))
            of_bloc[row.period] = CarriedVector(Vector(value, status, (row.source,)), carrying)
    return blocs


async def _indicators(conn: AsyncConnection, before: Catalogue, names: Collection[str]) -> dict[str, Any]:
    definitions, observed = dict(before.indicators), dict(before.observed_indicators)
    for name, definition in await figure_queries.indicators(conn, names):
        definitions[name] = indicators.from_json(definition)
    for name, told in (await figure_queries.observed(conn, names)).items():
        periods: dict[str, list[str]] = {}
        sources: dict[str, tuple[str, ...]] = {}
        for level in LEVELS:
            for used, theirs in told.get(level, ()):
                periods[level] = sorted([*periods.get(level, ()), *theirs])
                sources |= dict.fromkeys(theirs, tuple(used))
        observed[name] = Observed(periods, sources)
    blocs = bloc_figures(await figure_queries.of_blocs(conn, names))
    kept = {name: told for name, told in before.bloc_figures.items() if name not in names}
    return {
        # in the order of their ids, whichever of them came last
        "indicators": dict(sorted(definitions.items())),
        "observed_indicators": observed,
        "bloc_figures": kept | blocs,
    }


async def _sources(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    return {"sources": {row.id: row for row in await figure_queries.sources(conn)}}


async def _regions(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    found: dict[str, list[Row[Any]]] = {}
    for row in await area_queries.region_sets(conn):
        found.setdefault(row.id, []).append(row)
    return {"regions": found}


async def _changes(conn: AsyncConnection, before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    rows = await area_queries.area_changes(conn)
    changes = tuple(
        Change(date=row.date, kind=row.kind, from_code=row.from_code, to_code=row.to_code) for row in rows
    )
    history = replace(before.history, changes=tuple(changes_of(Event(**row._asdict()) for row in rows)))
    return {"changes": changes, "places": Places(changes), "history": history}


async def _history(conn: AsyncConnection, before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    spells = tuple(
        Spell(row.code, row.since, row.until, row.name_ja, row.name_kana, row.name_en, row.district)
        for row in await area_queries.area_history_rows(conn)
    )
    shares = tuple(Share(**row._asdict()) for row in await area_queries.area_shares(conn))
    return {"history": replace(before.history, spells=spells, shares=shares)}


async def _industries(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    return {"industries": tuple(await figure_queries.industries(conn))}


async def _ages(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    return {"age_boundary_dates": tuple(await figure_queries.age_boundary_dates(conn))}


async def _strategy(conn: AsyncConnection, before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    body = await strategy_queries.newest_strategy(conn)
    return {"policy": replace(before.policy, version=strategy_from_body(body) if body is not None else None)}


async def _deployments(conn: AsyncConnection, before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    found = tuple(map(deployment_from_row, await strategy_queries.deployments(conn)))
    return {"policy": replace(before.policy, deployments=found)}


async def _kpis(conn: AsyncConnection, before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    found: dict[str, Kpi] = {row.id: kpi_from_row(row) for row in await strategy_queries.kpis(conn)}
    return {"policy": replace(before.policy, kpis=found)}


async def _definitions(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    rows = await transit_queries.gap_definitions(conn)
    bases: dict[str, list[Row[Any]]] = {}
    for row in await transit_queries.gap_bases(conn):
        bases.setdefault(row.definition, []).append(row)
    definitions = {row.id: definition_from_body(row.body) for row in rows}
    return {"definitions": definitions, "gap_bases": bases}


async def _missing(conn: AsyncConnection, _before: Catalogue, _names: Collection[str]) -> dict[str, Any]:
    rows = await transit_queries.missing_operators(conn)
    told = (row._asdict() | {"as_of": str(row.as_of)} for row in rows)
    return {"missing_operators": tuple(MissingOperator(**one) for one in told)}


#: Kind of subject (what stands before the colon) → how the part of the catalogue that it is, is read.
PARTS: dict[str, Read] = {
    "vintage": _vintages,
    "indicator": _indicators,
    "source": _sources,
    "kpi": _kpis,
    "gaps": _definitions,
    revisions.REGION_SETS: _regions,
    revisions.AREA_CHANGES: _changes,
    revisions.AREA_HISTORY: _history,
    revisions.INDUSTRIES: _industries,
    revisions.MISSING_OPERATORS: _missing,
    revisions.AGES: _ages,
    revisions.STRATEGY: _strategy,
    revisions.DEPLOYMENTS: _deployments,
}


async def renewed(conn: AsyncConnection, before: Catalogue) -> Catalogue:
    """Return the catalogue as the database has it now; the one before where no number is another.

    Only the parts whose subjects changed are read, in a transaction that sees one state of the database.
    """
    numbers = await revisions.numbers(conn)
    if numbers == before.numbers or not numbers:  # one that is being restored has none yet
        return before
    others: dict[str, set[str]] = {}
    for subject, n in numbers.items():
        if before.numbers.get(subject) != n:
            kind, _, name = subject.partition(":")
            others.setdefault(kind, set()).add(name)
    after = before
    for kind, read in PARTS.items():
        if kind in others:
            after = replace(after, **await read(conn, after, others[kind]))
    return replace(after, numbers=numbers)


# Kinds of layers: what each follows from, and how its values come to be

#: The atlas, which makes layers that ask it for figures.
A = TypeVar("A")
#: The subjects that a layer is made of, its boundaries excepted.
Inputs = Callable[[Catalogue, Indicator], Iterable[str]]


@dataclass(frozen=True)
class Defined:
    """A layer that is not listed, and its periods by each level that has some."""

    layer: Indicator
    periods: Periods


@dataclass(frozen=True)
class Kind(Generic[A]):
    """A kind of layer.

    Attributes
    ----------
    make : works a vector out; None where it was written at load
    carry : works out how the values were carried that were made; as told for these very areas without
    define : what its layers are, by their ids, where they are worked out of others; None where they are
        listed
    is_light : whether ``make`` takes no time once all that it asks for is in memory
    is_slow : whether ``make`` takes half a second, in the lane for slow work
    """

    inputs: Inputs
    make: Callable[[A, Indicator, str, Gazetteer], Vector] | None = None
    carry: Callable[[A, Indicator, str, Gazetteer], Carrying] | None = None
    define: Callable[[Catalogue, str], Defined] | None = None
    is_light: bool = False
    is_slow: bool = False


#: What the id of a layer begins with, before a colon → its kind; all others are indicators.
Kinds = Mapping[str, Kind[A]]


def stored_from(layer: Indicator) -> list[str]:
    """Return the subjects that the stored vectors of an indicator follow from, its boundaries excepted."""
    names = dict.fromkeys([layer.id, *layer.components])
    return [revisions.AREA_CHANGES, revisions.AREA_HISTORY, *map(revisions.indicator, names)]


def figures_of(catalogue: Catalogue, layer: Indicator) -> list[str]:
    """Return the subjects that an indicator follows from: its figures, whom to credit, what they lack."""
    sources = {name for used in catalogue.sources_of(layer).values() for name in used}
    definition = definition_shown(layer.id, catalogue.definitions)
    lacks = [revisions.gaps(definition), revisions.MISSING_OPERATORS] if definition else []
    return [*stored_from(layer), *map(revisions.source, sorted(sources)), *lacks]


INDICATOR: Kind[Any] = Kind(figures_of)
