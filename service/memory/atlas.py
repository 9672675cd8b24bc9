"""What a request reads: the catalogue of one moment, and the values and outlines that belong to it.

An atlas never changes. It answers from memory, else from the database, and never with something of another
moment: a row comes with the numbers of the subjects it follows from (``service.memory.revisions``), and where
they are not those of this atlas, ``Moved`` is raised and the request begins anew with the next one. When the
database is away, what is held keeps being served.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas.lineage import origins
from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures import indicators
from geo.figures.indicators import Indicator
from geo.layers import mlt, mvt, png
from geo.layers.geojson import FeatureTexts
from geo.transit.access import Definition
from geo.unknown import offered, unknown
from service.areas import queries as area_queries
from service.areas.gazetteer import Area, Gazetteer
from service.areas.tiles import TOP_ZOOM, encode_tile
from service.figures import queries as figure_queries
from service.figures.carrying import Carrying
from service.figures.values import (
    NOT_ADDITIVE,
    NOT_AT_LEVEL,
    NOT_LOADED,
    TOLD,
    Breaks,
    CarriedVector,
    PublishedAges,
    StoredVector,
    Vector,
    ages_by_year,
    derived,
)
from service.memory import revisions
from service.memory.cache import LARGEST_SHARE, Moved, Store, bringing, digest, off_loop, prepared, slowly
from service.memory.catalogue import INDICATOR, Catalogue, Defined, Kind, Periods, Vintage, stored_from

__all__ = ["Atlas", "Vintage"]

K = TypeVar("K")
V = TypeVar("V")
Address = tuple[int, int, int]
#: A stored tile of so few bytes is made ready in less time than a thread takes to be waited for.
SHORT_BYTES = 8 << 10
#: Areas that are told together: level → positions.
Places = Mapping[str, Sequence[int]]
Ints = NDArray[np.intp]

#: Instead of a detail of outlines: a point inside each area.
POINT = "point"


_NUMBERS = text(
    """
    select subject, n from revision
    where subject = any(:subjects) or split_part(subject, ':', 1) = any(:kinds)
    """
)


class Atlas:
    """The catalogue of one moment with what belongs to it; see the module's docstring."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self.store = store
        self.settings = store.settings
        self.catalogue = catalogue
        self._revisions: dict[tuple[object, ...], str] = {}
        self._subjects: dict[str, frozenset[str]] = {}
        self._periods: dict[str, Periods] = {}
        self._followed: dict[tuple[str, dt.date], list[str]] = {}
        self._defined: dict[str, Defined] = {}

    # What exists

    def layer(self, name: str) -> Indicator:
        """Return a layer: an indicator, one that shows the policy, or one that is worked out of others.

        Raises
        ------
        NotFound : the message tells those spelt nearly alike
        InvalidParameter : it cannot be worked out of those that it names
        """
        found = self.catalogue.layers.get(name) or self._unlisted(name)
        if found is None:
            raise unknown("layer", name, self.catalogue.layers, "/v1/layers")
        return found

    def definition(self, name: str) -> Definition:
        """Return a definition of the transport gap; NotFound tells those spelt nearly alike."""
        found = self.catalogue.definitions.get(name)
        if found is None:
            raise unknown("definition", name, self.catalogue.definitions, "/v1/transport-gap")
        return found

    def _unlisted(self, name: str) -> Indicator | None:
        defined = self._defined.get(name)
        if defined is None:
            kind = self.store.kinds.get(name.partition(":")[0])
            if kind is None or kind.define is None:
                return None
            defined = _remembered(self._defined, name, kind.define(self.catalogue, name))
        return defined.layer

    def indicator(self, name: str) -> Indicator:
        """Return an indicator; NotFound tells those spelt nearly alike."""
        found = self.catalogue.indicators.get(name)
        if found is None:
            raise unknown("indicator", name, self.catalogue.indicators, "/v1/indicators")
        return found

    def vintage(self, asked: str | None) -> Vintage:
        """Return the boundaries of a date, YYYY-MM-DD, or those shown by default.

        Raises
        ------
        InvalidParameter : there are none of that date; the message lists the dates
        """
        existing = self.catalogue.vintages_by_name
        if not existing:
            raise InvalidParameter("No boundaries are loaded yet: run `chiiki ingest shipped`")
        return existing[chosen("vintage", asked, existing, str(self.catalogue.default))]

    def at(self, vintage: Vintage, level: str) -> Vintage:
        """Return the boundaries that the areas of a level are of: older ones where ``vintage`` has none."""
        own = vintage.gazetteers.get(level)
        return vintage if own is None else self.catalogue.vintages[own.vintage]

    def area(self, vintage: Vintage, code: str) -> tuple[str, Area]:
        """Return the first level of a vintage that has an area, and the area; NotFound where none has."""
        for level, gazetteer in vintage.gazetteers.items():
            if code in gazetteer.position:
                return level, gazetteer.areas[gazetteer.position[code]]
        raise NotFound(
            f"No area has the code {code} on {vintage.date}; /v1/areas/{code}/history tells what became of it"
        )

    def gazetteer(self, vintage: dt.date, level: str) -> Gazetteer:
        """Return the areas of a (vintage, level); NotFound when the vintage has no such level."""
        found = self.catalogue.vintages.get(vintage)
        if found is None or level not in found.gazetteers:
            raise NotFound(f"The boundaries of {vintage} have no level {level!r}")
        return found.gazetteers[level]

    def periods(self, layer: Indicator, level: str) -> list[str]:
        """Return the periods a layer has values for at a level, oldest first."""
        return self._told(layer).get(level, [])

    def levels(self, layer: Indicator) -> list[str]:
        """Return the levels at which a layer has values."""
        return list(self._told(layer))

    def _told(self, layer: Indicator) -> Periods:
        found = self._periods.get(layer.id)
        if found is None:
            define = self.kind_of(layer).define
            told = (
                self.catalogue.periods(layer) if define is None else define(self.catalogue, layer.id).periods
            )
            found = _remembered(self._periods, layer.id, told)
        return found

    def kind_of(self, layer: Indicator) -> Kind[Atlas]:
        """Return what a layer follows from, and how its values come to be."""
        found: Kind[Atlas] = self.store.kinds.get(layer.id.partition(":")[0], INDICATOR)
        return found

    # In which state

    def revision(self, layer: Indicator, vintage: dt.date) -> str:
        """Return a short text that changes whenever any value, word or outline of a layer changes."""
        key = (layer.id, vintage)
        found = self._revisions.get(key)
        if found is None:
            subjects = {*self._inputs(layer), revisions.vintage(vintage)}
            found = _remembered(self._revisions, key, self._digest(subjects, layer.id, vintage))
        return found

    def state_of(self, *layers: Indicator) -> str:
        """Return a short text that changes whenever anything of these layers does, on any boundaries."""
        key = tuple([layer.id for layer in layers])
        found = self._revisions.get(key)
        if found is None:
            subjects = set(map(revisions.vintage, self.catalogue.vintages))
            subjects.update(*map(self._inputs, layers))
            found = _remembered(self._revisions, key, self._digest(subjects, *key))
        return found

    def _inputs(self, layer: Indicator) -> frozenset[str]:
        found = self._subjects.get(layer.id)
        if found is None:
            inputs = self.kind_of(layer).inputs(self.catalogue, layer)
            found = _remembered(self._subjects, layer.id, frozenset(inputs))
        return found

    def state(self, *kinds: str) -> str:
        """Return a short text that changes whenever a subject of these kinds does; of any kind without."""
        key = ("kinds", kinds)
        found = self._revisions.get(key)
        if found is None:
            numbers = self.catalogue.numbers
            subjects = {s for s in numbers if not kinds or s.partition(":")[0] in kinds}
            found = self._revisions[key] = self._digest(subjects, *kinds)
        return found

    def changed_at(self, *kinds: str) -> int:
        """Return when a subject of these kinds changed last, in seconds of Unix time."""
        numbers = self.catalogue.numbers.items()
        return max((n for subject, n in numbers if subject.partition(":")[0] in kinds), default=0) // 10**6

    def _digest(self, subjects: Collection[str], *names: object) -> str:
        numbers = self.catalogue.numbers
        return digest(names, [(subject, numbers.get(subject, 0)) for subject in sorted(subjects)])

    # The database, in this state

    @asynccontextmanager
    async def reading(self, *kinds: str, subjects: Collection[str] = ()) -> AsyncIterator[AsyncConnection]:
        """Give a connection that sees one state of the database: the one that this atlas knows.

        Parameters
        ----------
        kinds, subjects : what is to be read; see ``service.memory.revisions``

        Raises
        ------
        Moved : one of these subjects has changed since
        """
        async with self.store.engine.connect() as conn:
            asked = {"subjects": list(subjects), "kinds": list(kinds)}
            found = {row.subject: row.n for row in (await conn.execute(_NUMBERS, asked)).all()}
            mine = {
                subject: n
                for subject, n in self.catalogue.numbers.items()
                if subject in subjects or subject.partition(":")[0] in kinds
            }
            if found != mine:
                raise Moved("The data have changed")
            yield conn

    def read(
        self,
        query: Callable[[AsyncConnection], Awaitable[V]],
        *kinds: str,
        subjects: Collection[str] = (),
    ) -> V:
        """Return what a query answers in this state, for work in a thread; see ``reading``."""
        return self.store.brought(lambda: self.answered(query, *kinds, subjects=subjects))

    async def answered(
        self,
        query: Callable[[AsyncConnection], Awaitable[V]],
        *kinds: str,
        subjects: Collection[str] = (),
    ) -> V:
        """Return what a query answers in this state; see ``reading``."""
        async with self.reading(*kinds, subjects=subjects) as conn:
            return await query(conn)

    # What is held, else asked for. On the event loop these raise ``Needed`` where it is not held.

    def vector(self, layer: Indicator, period: str, level: str, vintage: dt.date) -> Vector:
        """Return a layer's values of one period, one per area of (vintage, level)."""
        return self.vectors(layer, [period], level, vintage)[0]

    def vectors(self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date) -> list[Vector]:
        """Return a layer's values of several periods."""
        make = self.kind_of(layer).make
        if make is not None:
            return [self._made(layer, period, level, vintage) for period in periods]
        return [one.vector for one in self._stored(layer, periods, level, vintage)]

    def period_breaks(self, layer: Indicator, period: str, level: str, vintage: dt.date) -> Breaks:
        """Return the breaks of an indicator's own scheme for one period."""
        return self._stored(layer, [period], level, vintage)[0].breaks

    def all_breaks(self, layer: Indicator, level: str, vintage: dt.date) -> Breaks:
        """Return the breaks of an indicator's own scheme over all its periods."""
        vintage = self.gazetteer(vintage, level).vintage
        key = (layer.id, level, vintage, self.revision(layer, vintage))

        async def ask() -> Breaks:
            subjects = self._subjects_of_vectors(layer, vintage)
            statements = self.store.statements
            found, numbers = await figure_queries.class_breaks(statements, layer.id, level, vintage, subjects)
            self._check(subjects, numbers)
            return found

        return self.store.held(self.store.breaks, key, ask)

    def _subjects_of_vectors(self, layer: Indicator, vintage: dt.date) -> list[str]:
        key = (layer.id, vintage)
        found = self._followed.get(key)
        if found is None:
            found = self._followed[key] = sorted([*stored_from(layer), revisions.vintage(vintage)])
        return found

    def _check(self, subjects: Sequence[str], numbers: Sequence[int]) -> None:
        """Raise ``Moved`` where the database has other numbers than this atlas."""
        known = self.catalogue.numbers
        if list(numbers) != [known[subject] for subject in subjects if subject in known]:
            raise Moved("The figures have changed")

    def _stored(
        self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date
    ) -> list[StoredVector]:
        vintage = self.gazetteer(vintage, level).vintage
        shelf, revision = self.store.vectors, self.revision(layer, vintage)
        existing = self.periods(layer, level)
        reason = NOT_LOADED if existing else NOT_AT_LEVEL
        found = {
            period: shelf.get((layer.id, period, level, vintage, revision))
            if period in existing
            else StoredVector.missing(len(self.gazetteer(vintage, level)), reason)
            for period in periods
        }
        missing = [period for period, one in found.items() if one is None]
        if missing:

            async def fetch() -> dict[str, StoredVector]:
                return await self._read(layer, missing, level, vintage)

            found |= self.store.brought(fetch)
        return [one for one in (found[period] for period in periods) if one is not None]

    async def _read(
        self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date
    ) -> dict[str, StoredVector]:
        subjects = self._subjects_of_vectors(layer, vintage)
        statements = self.store.statements
        with bringing(self.store.vectors.name):
            rows, numbers = await figure_queries.vectors(
                statements, layer.id, periods, level, vintage, subjects
            )
        self._check(subjects, numbers)
        revision = self.revision(layer, vintage)
        for period, one in rows.items():
            self.store.vectors.put((layer.id, period, level, vintage, revision), one)
        if len(rows) < len(periods):
            raise LookupError(f"{layer.id} has no vector of {sorted(set(periods) - set(rows))} at {level}")
        return rows

    def _made(self, layer: Indicator, period: str, level: str, vintage: dt.date) -> Vector:
        gazetteer = self.gazetteer(vintage, level)
        vintage = gazetteer.vintage
        key = (layer.id, period, level, vintage, self.revision(layer, vintage))
        found = self.store.made.get(key)
        if found is not None:
            return found
        kind = self.kind_of(layer)
        make = kind.make
        assert make is not None  # noqa: S101 (asked before)
        if self.store.is_loop and not kind.is_light:

            async def ask() -> Vector:
                lane = slowly if kind.is_slow else off_loop
                return await lane(make, self, layer, period, gazetteer)

            return self.store.held(self.store.made, key, ask)
        return self.store.made.put(key, make(self, layer, period, gazetteer))

    def carryings(
        self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date
    ) -> list[Carrying]:
        """Return how a layer's values of several periods came to stand on the boundaries of a vintage."""
        vintage = self.gazetteer(vintage, level).vintage
        if self.kind_of(layer).make is not None:
            return [self._carried(layer, period, level, vintage) for period in periods]
        shelf, revision = self.store.carryings, self.revision(layer, vintage)
        existing = self.periods(layer, level)
        found = {
            period: shelf.get((layer.id, period, level, vintage, revision))
            if period in existing
            else Carrying.none(len(self.gazetteer(vintage, level)))
            for period in periods
        }
        missing = [period for period, one in found.items() if one is None]
        if missing:

            async def fetch() -> dict[str, Carrying]:
                subjects = self._subjects_of_vectors(layer, vintage)
                asked = (self.store.statements, layer.id, missing, level, vintage, subjects)
                rows, numbers = await figure_queries.carryings(*asked)
                self._check(subjects, numbers)
                for period, one in rows.items():
                    shelf.put((layer.id, period, level, vintage, revision), one)
                return rows

            found |= self.store.brought(fetch)
        return [one for one in (found[period] for period in periods) if one is not None]

    def _carried(self, layer: Indicator, period: str, level: str, vintage: dt.date) -> Carrying:
        carry = self.kind_of(layer).carry
        if carry is not None:
            return carry(self, layer, period, self.gazetteer(vintage, level))
        return Carrying.on(vintage, np.isfinite(self.vector(layer, period, level, vintage).values))

    def region_vectors(
        self, layer: Indicator, periods: Sequence[str], places: Places, vintage: dt.date
    ) -> list[Vector]:
        """Return the one value of areas together, period by period; of one area it is its own.

        They are told as the indicator adds up over areas (``Indicator.aggregation``): sums first, then the
        formula. What a bloc has by its publisher, such as those who moved into the Tokyo area, is taken for
        the areas that it consists of. What the parts do not tell is ``not_additive``.

        Parameters
        ----------
        places : level → positions of areas; a period is looked up among those of the first level
        """
        levels = [level for level, positions in places.items() if positions]
        if sum(map(len, places.values())) == 1:
            (level,), (place,) = levels, [list(positions) for positions in places.values() if positions]
            return [
                Vector(one.values[place], one.statuses[place], one.sources)
                for one in self.vectors(layer, periods, level, vintage)
            ]
        available = self.catalogue.observed.get(levels[0], {})
        wanted = {p: indicators.base_periods(layer, p, available) or [(layer.id, p)] for p in periods}
        needed: dict[str, dict[str, None]] = {}
        for listed in wanted.values():
            for name, at in listed:
                needed.setdefault(name, {})[at] = None
        cancels = bool(layer.numerator) and layer.aggregation in indicators.ADDED
        sums: dict[tuple[str, str], Vector] = {}
        for name, at_periods in needed.items():
            base = self.indicator(name)
            adds = base.aggregation == "sum" or (cancels and base.aggregation == "net_of_moves")
            parts = [self.vectors(base, list(at_periods), level, vintage) for level in levels]
            published = {} if adds else self.of_bloc(base, places, vintage)
            for at, *members in zip(at_periods, *parts, strict=True):
                own = [_at(one, places[level]) for level, one in zip(levels, members, strict=True)]
                sums[name, at] = published[at].vector if at in published else _summed(own, additive=adds)
        if not layer.numerator:
            return [sums[layer.id, period] for period in periods]
        made = []
        for period in periods:
            values = indicators.evaluate(layer, period, available, lambda n, at: sums[n, at].values)
            one = derived(values, [sums[base] for base in wanted[period]])
            made.append(one if layer.aggregation in indicators.ADDED else _untold(one))
        return made

    def of_bloc(self, base: Indicator, places: Places, vintage: dt.date) -> Mapping[str, CarriedVector]:
        """Return what was published for the bloc that consists of these areas, by period."""
        codes = frozenset(
            self.gazetteer(vintage, level).areas[position].code
            for level, positions in places.items()
            for position in positions
        )
        bloc = self.catalogue.blocs.get(codes)
        return {} if bloc is None else self.catalogue.bloc_figures.get(base.id, {}).get(bloc, {})

    def ages(self, code: str, vintage: dt.date) -> dict[int, PublishedAges]:
        """Return the people by age of an area of a vintage, by year; nothing where they are not known."""
        subjects = (revisions.AGES, revisions.AREA_CHANGES, revisions.vintage(vintage))

        async def ask() -> dict[int, PublishedAges]:
            changes = self.catalogue.changes
            codes = {
                date: origins(code, date, vintage, changes) for date in self.catalogue.age_boundary_dates
            }
            async with self.reading(subjects=subjects) as conn:
                return ages_by_year(await figure_queries.ages(conn, codes), codes)

        return self.store.held(self.store.ages, (code, vintage, self._digest(subjects)), ask)

    # Outlines

    def texts(
        self, vintage: dt.date, level: str, detail: str, positions: Sequence[int] | None = None
    ) -> tuple[FeatureTexts, Ints]:
        """Return outlines as GeoJSON texts, and the place of each wanted area in them.

        ``POINT`` as detail stands for a point inside each. All outlines of a detail are held together when
        they fit the budget; otherwise the wanted ones.
        """
        gazetteer = self.gazetteer(vintage, level)
        vintage = gazetteer.vintage
        key = (vintage, level, detail, self.catalogue.vintage_numbers[vintage])
        wanted = np.arange(len(gazetteer)) if positions is None else np.asarray(positions, np.intp)

        async def measure() -> int:
            async with self.reading(subjects=[revisions.vintage(vintage)]) as conn:
                return await area_queries.outline_bytes(conn, vintage, level, detail)

        async def ask(some: list[int] | None = None) -> FeatureTexts:
            async with self.reading(subjects=[revisions.vintage(vintage)]) as conn:
                rows = await area_queries.outlines(conn, vintage, level, detail, some)
            return await prepared(_feature_texts, gazetteer, rows)

        shelf = self.store.texts
        held = shelf.get(key)
        if held is not None:
            return held, wanted
        if detail == POINT:
            return shelf.put(key, _points(gazetteer)), wanted
        size = self.store.held(self.store.sizes, key, measure)
        if size * 5 // 2 > self.store.memory.limit // LARGEST_SHARE and len(wanted) < len(gazetteer):
            some = wanted.tolist()
            return self.store.held(shelf, (*key, *some), lambda: ask(some)), np.arange(len(some))
        return self.store.held(shelf, key, ask), wanted

    def tile_key(self, vintage: dt.date, level: str, address: Address) -> tuple[object, ...]:
        """Return the key under which a tile is held."""
        return (vintage, level, address, self.catalogue.vintage_numbers[vintage])

    def tile(self, vintage: dt.date, level: str, address: Address, *, lean: bool = False) -> mvt.Tile | None:
        """Return a tile ready to pour, None where nothing is to draw; a lean one has no texts."""
        gazetteer = self.gazetteer(vintage, level)

        async def ask() -> tuple[mvt.Tile | None]:
            stored = await self._stored_tile(vintage, level, address)
            return (await _ready(_opened, stored, gazetteer.bare if lean else gazetteer.attributes),)

        return self.store.held(self.store.tiles, (*self.tile_key(vintage, level, address), lean), ask)[0]

    def mlt_tile(self, vintage: dt.date, level: str, address: Address) -> mlt.Tile | None:
        """Return the same tile ready to be poured by column, None where nothing is to draw."""
        gazetteer = self.gazetteer(vintage, level)

        async def ask() -> tuple[mlt.Tile | None]:
            stored = await self._stored_tile(vintage, level, address)
            return (await _ready(_opened_by_column, stored, gazetteer),)

        return self.store.held(self.store.mlt_tiles, self.tile_key(vintage, level, address), ask)[0]

    async def _stored_tile(self, vintage: dt.date, level: str, address: Address) -> bytes | None:
        subjects = [revisions.vintage(vintage)]
        if address[0] > TOP_ZOOM:
            async with self.reading(subjects=subjects) as conn:
                return await encode_tile(conn, vintage, level, *address)
        statements = self.store.statements
        found, numbers = await area_queries.one_encoded_tile(statements, vintage, level, address, subjects)
        self._check(subjects, numbers)
        return found

    def raster(self, vintage: dt.date, level: str, address: Address, size: int) -> png.Raster | None:
        """Return which area each pixel of a tile belongs to, None where nothing is to draw."""

        async def ask() -> tuple[png.Raster | None]:
            stored = await self._stored_tile(vintage, level, address)
            return (await _ready(_rasterised, stored, size),)

        key = (*self.tile_key(vintage, level, address), size)
        return self.store.held(self.store.rasters, key, ask)[0]


def chosen(name: str, asked: str | None, existing: Collection[str], default: str) -> str:
    """Return what was asked for, or the default; refuse what does not exist."""
    if asked is None:
        return default
    if asked not in existing:
        told = offered(asked, existing)
        finding = Finding("query", name, asked, f"one of {told}")
        raise InvalidParameter(f"{name} {asked[:80]!r} does not exist here; there are: {told}", [finding])
    return asked


def _remembered(held: dict[K, V], key: K, found: V) -> V:
    """Keep what was worked out, and return it.

    There is no end of layers that can be worked out of others, so there is one of what is kept of them.
    """
    if len(held) >= MOST_REMEMBERED:
        held.clear()
    held[key] = found
    return found


#: Several times what there is of the layers that are listed.
MOST_REMEMBERED = 5000


def _at(vector: Vector, positions: Sequence[int]) -> Vector:
    place = list(positions)
    return Vector(vector.values[place], vector.statuses[place], vector.sources)


def _summed(members: Sequence[Vector], *, additive: bool) -> Vector:
    """Return the sum of areas; without one where a figure is missing, or where they do not add up."""
    values = np.concatenate([one.values for one in members])
    statuses = np.concatenate([one.statuses for one in members])
    sources = tuple(dict.fromkeys(source for one in members for source in one.sources))
    missing = statuses[~np.isin(statuses, TOLD)]
    if additive:
        status = missing[:1] if len(missing) else statuses.max(keepdims=True)
        return Vector(values.sum(keepdims=True), status, sources)
    reason = missing[0] if len(missing) == len(statuses) else NOT_ADDITIVE
    return Vector(np.array([np.nan]), np.array([reason], np.uint8), sources)


def _untold(whole: Vector) -> Vector:
    """Return a computed value taken back, since the sums of areas do not tell it."""
    is_told = np.isin(whole.statuses, TOLD)
    reasons = np.where(is_told, NOT_ADDITIVE, whole.statuses).astype(np.uint8)
    return Vector(np.full(1, np.nan), reasons, whole.sources)


async def _ready(make: Callable[[bytes, K], V], stored: bytes | None, given: K) -> V | None:
    """Return what ``make`` makes of a stored tile and something given; None where there is no tile."""
    if not stored:
        return None
    if len(stored) > SHORT_BYTES:
        return await prepared(make, stored, given)
    return make(stored, given)


def _opened(stored: bytes, attributes: mvt.Attributes) -> mvt.Tile:
    tile = mvt.Tile(stored, attributes)
    tile.layout(np.zeros((1, len(tile)), np.bool_), ())  # most tiles lack no value
    return tile


def _rasterised(stored: bytes, size: int) -> png.Raster:
    return png.rasterise(mvt.read_skeleton(stored), size)


def _opened_by_column(stored: bytes, gazetteer: Gazetteer) -> mlt.Tile:
    return mlt.Tile(mvt.read_skeleton(stored), gazetteer.ids, gazetteer.texts)


def _points(gazetteer: Gazetteer) -> FeatureTexts:
    points = [f'{{"type":"Point","coordinates":[{a.lon:.5f},{a.lat:.5f}]}}' for a in gazetteer.areas]
    return _texts_of(gazetteer.areas, points)


def _feature_texts(gazetteer: Gazetteer, rows: Sequence[Row[Any, Any]]) -> FeatureTexts:
    return _texts_of([gazetteer.areas[row.position] for row in rows], [row.geojson for row in rows])


def _texts_of(areas: Sequence[Area], geometries: Sequence[str]) -> FeatureTexts:
    return FeatureTexts.of(
        ids=[int(area.code) for area in areas],
        properties=[{"code": a.code, "name": a.name_ja, "name_en": a.name_en} for a in areas],
        geometries=geometries,
        bboxes=[area.bbox for area in areas],
    )
