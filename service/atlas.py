"""Everything a request needs, in memory: stored bytes of geometry and vectors of values.

One atlas serves one process. It asks the database what it does not hold, holds it within a budget and
forgets it when the database says (LISTEN) that it has changed. When the database is away, what is held
keeps being served.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from geo import indicators
from geo.access import Definition
from geo.ages import Ages
from geo.errors import NotFound
from geo.geojson import FeatureTexts
from geo.indicators import Indicator
from geo.lineage import Change, origins
from service import policy, progress, queries
from service.figures import (
    NOT_APPLICABLE,
    OK,
    Figures,
    Vector,
    ages_by_year,
    base_vector,
    by_period,
    derived_statuses,
)
from service.gazetteer import LEVELS, Gazetteer
from service.memo import Memo
from service.policy import Places, Policy
from service.settings import Settings
from service.stored import definition_from_body, deployment_from_row, kpi_from_row, strategy_from_body
from service.tilestore import TileStore

#: Grows when the bytes of an answer change though the data have not, so that revisions change with it.
ENCODING = 1

MEGABYTE = 1 << 20
#: Areas whose people by age are held: some 10 kB each.
AGES_HELD = 2000
#: News that leaves outlines and tiles as they are; the last is news of stops, grids and gaps.
LIGHT = ("indicator:", "deployment:", "kpi:", "transport:")


@dataclass(frozen=True)
class Vintage:
    """A boundary set: its date, what it is, whose it is."""

    date: dt.date
    title: Mapping[str, str]
    credit: Mapping[str, str]
    source: str
    licence: str
    revision: int
    levels: tuple[str, ...]


@dataclass(eq=False)
class Catalogue:
    """What exists: read as a whole, replaced as a whole; what is made from it may be held by it."""

    vintages: dict[dt.date, Vintage] = field(default_factory=dict)
    gazetteers: dict[tuple[dt.date, str], Gazetteer] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    #: level → base indicator → periods
    observed: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    sources: dict[str, Row[Any]] = field(default_factory=dict)
    sources_of: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    regions: dict[str, list[Row[Any]]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    industries: tuple[Row[Any], ...] = ()
    #: dates whose area codes people by age are stored under
    age_boundary_dates: tuple[dt.date, ...] = ()
    policy: Policy = field(default_factory=Policy)
    definitions: dict[str, Definition] = field(default_factory=dict)
    places: Places = field(default_factory=lambda: Places(()))
    #: indicators, and the layers that show the policy
    layers: dict[str, Indicator] = field(default_factory=dict)


class Atlas:
    """The memory of one serving process; see the module's docstring."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.catalogue = Catalogue()
        self.generation = 0
        #: grows when stops, grids or gaps change
        self.transport_generation = 0
        self.has_read = asyncio.Event()
        self._refreshing = asyncio.Lock()
        self._figures: Memo[str, Figures] = Memo(settings.figures_memory_mb * MEGABYTE, _figures_cost)
        self._vectors: Memo[tuple[str, str, str, dt.date], Vector] = Memo(
            settings.vectors_memory_mb * MEGABYTE, lambda vector: vector.nbytes + 500
        )
        self._ages: Memo[tuple[str, dt.date], dict[int, Ages]] = Memo(AGES_HELD, lambda _ages: 1)
        self._tiles: Memo[tuple[dt.date, str], TileStore] = Memo(6, lambda _store: 1)
        self._texts: Memo[tuple[dt.date, str, str], FeatureTexts] = Memo(
            settings.outlines_memory_mb * MEGABYTE, lambda texts: texts.nbytes
        )

    async def refresh(self, *subjects: str) -> None:
        """Read the catalogue anew and forget what the subjects touch.

        ``indicator:ID`` has new figures; ``deployment:`` and ``kpi:ID`` are part of the catalogue;
        ``transport:`` are stops, grids and gaps; any other subject, or none, is everything.
        """
        async with self._refreshing:  # an older reading must not replace a newer one
            self.catalogue = await self._read_catalogue()
        self.generation += 1
        self.has_read.set()
        self._vectors.clear()
        if not subjects or any(not subject.startswith(LIGHT[:3]) for subject in subjects):
            self.transport_generation += 1
        if subjects and all(subject.startswith(LIGHT) for subject in subjects):
            for subject in subjects:
                self._figures.drop(subject.removeprefix("indicator:"))
        else:
            self._figures.clear()
            self._ages.clear()
            self._tiles.clear()
            self._texts.clear()

    async def _read_catalogue(self) -> Catalogue:
        catalogue = Catalogue()
        async with self.engine.connect() as conn:
            for row in await queries.vintages(conn):
                levels: list[str] = []
                for level in LEVELS:
                    areas = await queries.areas(conn, row.vintage, level)
                    if areas:
                        levels.append(level)
                        catalogue.gazetteers[row.vintage, level] = Gazetteer.from_rows(
                            row.vintage, level, areas
                        )
                catalogue.vintages[row.vintage] = Vintage(
                    date=row.vintage,
                    title={"ja": row.title_ja, "en": row.title_en},
                    credit={"ja": row.credit_ja, "en": row.credit_en},
                    source=row.source,
                    licence=row.licence,
                    revision=row.revision,
                    levels=tuple(levels),
                )
            for row in await queries.indicators(conn):
                catalogue.indicators[row.id] = indicators.from_json(row.definition)
                catalogue.revisions[row.id] = row.revision
            for row in await queries.observed_periods(conn):
                additive = catalogue.indicators[row.indicator].aggregation == "sum"
                catalogue.sources_of[row.indicator, row.period] = tuple(sorted(row.sources))
                for level in LEVELS:
                    has = (
                        (row.prefectures or (additive and row.municipalities))
                        if level == "prefecture"
                        else (row.municipalities)
                    )
                    if has:
                        catalogue.observed.setdefault(level, {}).setdefault(row.indicator, []).append(
                            row.period
                        )
            catalogue.sources = {row.id: row for row in await queries.sources(conn)}
            for row in await queries.region_sets(conn):
                catalogue.regions.setdefault(row.id, []).append(row)
            catalogue.changes = tuple(
                Change(date=row.date, kind=row.kind, from_code=row.from_code, to_code=row.to_code)
                for row in await queries.area_changes(conn)
            )
            catalogue.industries = tuple(await queries.industries(conn))
            catalogue.age_boundary_dates = tuple(await queries.age_boundary_dates(conn))
            await _read_policy(conn, catalogue)
            catalogue.definitions = {
                row.id: definition_from_body(row.body) for row in await queries.gap_definitions(conn)
            }
        return catalogue

    # What exists

    def layer(self, name: str) -> Indicator:
        """Return a layer: an indicator, or one that shows the policy; NotFound lists those that exist."""
        found = self.catalogue.layers.get(name)
        if found is None:
            listed = ", ".join(sorted(self.catalogue.layers))
            raise NotFound(f"No layer is called {name[:80]!r}; there are: {listed}")
        return found

    def indicator(self, name: str) -> Indicator:
        """Return an indicator; NotFound lists those that exist."""
        found = self.catalogue.indicators.get(name)
        if found is None:
            listed = ", ".join(sorted(self.catalogue.indicators))
            raise NotFound(f"No indicator is called {name[:80]!r}; there are: {listed}")
        return found

    def gazetteer(self, vintage: dt.date, level: str) -> Gazetteer:
        """Return the areas of a (vintage, level); NotFound when the vintage has no such level."""
        found = self.catalogue.gazetteers.get((vintage, level))
        if found is None:
            raise NotFound(f"The boundaries of {vintage} have no level {level!r}")
        return found

    def gazetteers(self, vintage: dt.date) -> dict[str, Gazetteer]:
        """Return the gazetteers of one vintage by level."""
        return {level: g for (date, level), g in self.catalogue.gazetteers.items() if date == vintage}

    def periods(self, indicator: Indicator, level: str) -> list[str]:
        """Return the periods an indicator has figures for at a level, oldest first."""
        return indicators.periods(indicator, self.catalogue.observed.get(level, {}))

    def levels(self, indicator: Indicator) -> list[str]:
        """Return the levels at which an indicator has figures."""
        return [level for level in LEVELS if self.periods(indicator, level)]

    def revision(self, indicator: Indicator, vintage: dt.date) -> str:
        """Return a short text that changes whenever any value or outline of this layer changes."""
        ids = sorted({indicator.id, *indicators.components(indicator)})
        parts = [ENCODING, str(vintage), self.catalogue.vintages[vintage].revision]
        parts += [f"{name}={self.catalogue.revisions.get(name, 0)}" for name in ids]
        return hashlib.blake2b(orjson.dumps(parts), digest_size=6).hexdigest()

    # What is held, else asked for

    async def figures(self, indicator_id: str) -> Figures:
        """Return every published figure of a base indicator."""

        async def ask() -> Figures:
            async with self.engine.connect() as conn:
                revision, parts = await queries.figures(conn, indicator_id)
            if revision is not None and revision != self.catalogue.revisions.get(indicator_id):
                # Loaded since the catalogue was read: the news is still on its way.
                await self.refresh(f"indicator:{indicator_id}")
            return by_period(parts)

        return await self._figures.fetch(indicator_id, ask)

    async def ages(self, code: str, vintage: dt.date) -> dict[int, Ages]:
        """Return the people by age of an area of a vintage, by year; nothing where they are not known."""

        async def ask() -> dict[int, Ages]:
            changes = self.catalogue.changes
            codes = {
                date: origins(code, date, vintage, changes) for date in self.catalogue.age_boundary_dates
            }
            async with self.engine.connect() as conn:
                return ages_by_year(await queries.ages(conn, codes), codes)

        return await self._ages.fetch((code, vintage), ask)

    async def vector(self, indicator: Indicator, period: str, level: str, vintage: dt.date) -> Vector:
        """Return an indicator's values of one period, one per area of (vintage, level)."""

        async def ask() -> Vector:
            return await self._computed(indicator, period, level, vintage)

        return await self._vectors.fetch((indicator.id, period, level, vintage), ask)

    async def _base(self, name: str, period: str, level: str, vintage: dt.date) -> Vector:
        figures = await self.figures(name)
        base = self.indicator(name)
        changes = self.catalogue.changes
        return base_vector(base, figures.get(period, ()), level, self.gazetteers(vintage), changes)

    async def _computed(self, indicator: Indicator, period: str, level: str, vintage: dt.date) -> Vector:
        if indicator.id not in self.catalogue.indicators:
            return await self._policy_vector(indicator, period, level, vintage)
        available = self.catalogue.observed.get(level, {})
        if not indicators.components(indicator):
            return await self._base(indicator.id, period, level, vintage)
        parts: dict[tuple[str, str], Vector] = {}
        for name, base_period in indicators.base_periods(indicator, period, available):
            parts[name, base_period] = await self._base(name, base_period, level, vintage)
        values = indicators.evaluate(indicator, period, available, lambda name, at: parts[name, at].values)
        sources = tuple(dict.fromkeys(source for part in parts.values() for source in part.sources))
        return Vector(values, derived_statuses(values, list(parts.values())), sources)

    async def _policy_vector(self, layer: Indicator, period: str, level: str, vintage: dt.date) -> Vector:
        catalogue, gazetteer = self.catalogue, self.gazetteer(vintage, level)
        if layer.topic == "measures":
            return policy.deployment_vector(catalogue.policy, catalogue.places, layer, period, gazetteer)
        return await progress.progress_vector(self, layer, period, gazetteer)

    async def region_vector(
        self, indicator: Indicator, period: str, level: str, vintage: dt.date, positions: Sequence[int]
    ) -> Vector:
        """Return the one value of the areas at ``positions`` together: sums first, then the formula.

        It is missing when a member's figure is missing, or when the indicator cannot be summed.
        """
        if len(positions) == 1:
            whole = await self.vector(indicator, period, level, vintage)
            place = list(positions)
            return Vector(whole.values[place], whole.statuses[place], whole.sources)
        available = self.catalogue.observed.get(level, {})
        parts: dict[tuple[str, str], Vector] = {}
        wanted = indicators.base_periods(indicator, period, available)
        for name, base_period in wanted or [(indicator.id, period)]:
            members = await self._base(name, base_period, level, vintage)
            parts[name, base_period] = _summed(members, positions, self.indicator(name).aggregation == "sum")
        if wanted:
            values = indicators.evaluate(
                indicator, period, available, lambda name, at: parts[name, at].values
            )
        else:
            values = parts[indicator.id, period].values
        sources = tuple(dict.fromkeys(source for part in parts.values() for source in part.sources))
        return Vector(values, derived_statuses(values, list(parts.values())), sources)

    async def tiles(self, vintage: dt.date, level: str) -> TileStore:
        """Return the stored tiles of a (vintage, level)."""

        async def ask() -> TileStore:
            async with self.engine.connect() as conn:
                return await TileStore.read(conn, self.gazetteer(vintage, level), self.settings)

        return await self._tiles.fetch((vintage, level), ask)

    async def texts(
        self, vintage: dt.date, level: str, detail: str, positions: Sequence[int] | None = None
    ) -> tuple[FeatureTexts, np.ndarray[tuple[int], np.dtype[np.intp]]]:
        """Return outlines as GeoJSON texts, and the place of each wanted area in them.

        All outlines of a detail are held together when they fit the budget; otherwise only the
        wanted ones are asked for.
        """
        gazetteer = self.gazetteer(vintage, level)
        wanted = np.arange(len(gazetteer)) if positions is None else np.asarray(positions, np.intp)
        held = self._texts.get((vintage, level, detail))
        if held is not None:
            return held, wanted
        async with self.engine.connect() as conn:
            size = await queries.outline_bytes(conn, vintage, level, detail)
        if size > self.settings.outlines_memory_mb * MEGABYTE // 2:
            async with self.engine.connect() as conn:
                rows = await queries.outlines(conn, vintage, level, detail, wanted.tolist())
            return _feature_texts(gazetteer, rows), np.arange(len(rows))

        async def ask() -> FeatureTexts:
            async with self.engine.connect() as conn:
                return _feature_texts(gazetteer, await queries.outlines(conn, vintage, level, detail))

        return await self._texts.fetch((vintage, level, detail), ask), wanted


async def _read_policy(conn: AsyncConnection, catalogue: Catalogue) -> None:
    """Read the strategy, its deployments and KPIs, and make the layers that show them."""
    body = await queries.newest_strategy(conn)
    changed = await queries.newest_change(conn)
    catalogue.policy = Policy(
        version=strategy_from_body(body) if body is not None else None,
        deployments=tuple(map(deployment_from_row, await queries.deployments(conn))),
        kpis={row.id: kpi_from_row(row) for row in await queries.kpis(conn)},
        revision=int(changed.timestamp() * 1e6) if changed is not None else 0,
    )
    catalogue.places = Places(catalogue.changes)
    catalogue.layers = dict(catalogue.indicators)
    observed = catalogue.observed.get("prefecture", {})
    told = {name: indicators.periods(one, observed) for name, one in catalogue.indicators.items()}
    for name, (layer, by_level) in policy.layers(catalogue.policy, told).items():
        catalogue.layers[name] = layer
        catalogue.revisions[name] = catalogue.policy.revision
        for level, periods in by_level.items():
            catalogue.observed.setdefault(level, {})[name] = periods


def _summed(members: Vector, positions: Sequence[int], additive: bool) -> Vector:
    place = list(positions)
    total = np.array([members.values[place].sum() if additive else np.nan])
    missing = [status for status in members.statuses[place] if status != OK]
    reason = missing[0] if missing else (OK if additive else NOT_APPLICABLE)
    return Vector(total, np.array([reason], np.uint8), members.sources)


def _figures_cost(figures: Figures) -> int:
    parts = [part for found in figures.values() for part in found]
    return 1000 + sum(part.codes.nbytes + part.values.nbytes + part.statuses.nbytes for part in parts)


def _feature_texts(gazetteer: Gazetteer, rows: Sequence[Row[Any, Any]]) -> FeatureTexts:
    areas = [gazetteer.areas[row.position] for row in rows]
    return FeatureTexts.of(
        ids=[int(area.code) for area in areas],
        properties=[{"code": a.code, "name": a.name_ja, "name_en": a.name_en} for a in areas],
        geometries=[row.geojson for row in rows],
        bboxes=[area.bbox for area in areas],
    )
