"""From published figures to values in area order: all periods of an indicator at once, at any level."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row

from geo.areas.carrying import APPORTIONED, CARRIED, NOTHING, SUMMED, Marks, apportioned, day_of, marks
from geo.areas.history import History
from geo.areas.lineage import Change, Crosswalk, crosswalk, gathered, municipal, placed
from geo.codes import NORTHERN_TERRITORIES, WARD_CITY, city_of, prefecture_of
from geo.figures.ages import Ages, together
from geo.figures.indicators import Indicator, aggregated, own_or_sum
from service.areas.gazetteer import Gazetteer
from service.figures.carrying import Carrying

Floats = NDArray[np.float64]
UInt8s = NDArray[np.uint8]

#: The order is the code in ``Vector.statuses``. No figure is stored with those from ``none_known`` on, which
#: layers of deployments have where none is known; the others say why an area has none of the figures, and
#: the last ones that its value is not what was counted.
STATUSES = (
    *("ok", "not_available", "not_applicable", "secret", "below_unit", "unknown", "none_known"),
    *("base_differs", "not_loaded", "boundary_changed", "not_at_level", "not_additive"),
    *("merged", "apportioned", "estimated"),
)
OK = STATUSES.index("ok")
#: The publisher has none.
NOT_AVAILABLE = STATUSES.index("not_available")
NOT_APPLICABLE = STATUSES.index("not_applicable")
NONE_KNOWN = STATUSES.index("none_known")
#: The people of the numerator are not those of the denominator.
BASE_DIFFERS = STATUSES.index("base_differs")
NOT_LOADED = STATUSES.index("not_loaded")
#: There are figures, but on boundaries that cannot be carried to those of the area.
BOUNDARY_CHANGED = STATUSES.index("boundary_changed")
#: There are figures, but not of areas such as this: not of the wards of a city.
NOT_AT_LEVEL = STATUSES.index("not_at_level")
#: There are figures of all its parts, which do not add up to its own.
NOT_ADDITIVE = STATUSES.index("not_additive")
#: There are figures, but of what the area has merged into since.
MERGED = STATUSES.index("merged")
#: Mark of a value → its status: how it was carried, where that is more than adding up.
STATUS_OF_MARK = np.array(
    [STATUSES.index(str(name)) if mark >= APPORTIONED else OK for mark, name in enumerate(CARRIED)], np.uint8
)
#: The statuses of values that are there; of what is made of several, the greatest holds.
TOLD = np.unique(STATUS_OF_MARK)
#: For so many codes the way of all is as soon found as that of each with what concerns it.
MANY_DIVIDED = 50
#: In ``Published.statuses``: nothing was published for this code and period.
ABSENT = 255

BELOW = {"prefecture": "municipality", "municipality": "ward"}


@dataclass(frozen=True)
class Vector:
    """One value per area: NaN where missing, and then a status that says why."""

    values: Floats
    statuses: UInt8s
    sources: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.values.nbytes + self.statuses.nbytes

    @classmethod
    def of(cls, values: bytes, statuses: bytes, sources: Sequence[str]) -> Vector:
        """Return the vector as it is stored."""
        return cls(np.frombuffer(values, "<f8"), np.frombuffer(statuses, np.uint8), tuple(sources))


class CarriedVector(NamedTuple):
    """A vector, and how its values came to stand on its boundaries."""

    vector: Vector
    carrying: Carrying


def columns_of(
    indicator: Indicator, values: Floats, statuses: UInt8s, carried: Marks | None = None
) -> dict[str, Sequence[Any]]:
    """Return what every file and list tells of values: the value, its labels, why it is missing, how carried.

    Parameters
    ----------
    values, statuses : (n,) as in ``Vector``
    carried : (n,) marks as in ``Carrying``
    """
    columns: dict[str, Sequence[Any]] = {"value": values.tolist()}
    if indicator.kind == "category":
        labels = {one.code: (one.label_ja, one.label_en) for one in indicator.categories}
        found = [labels.get(value, (None, None)) for value in columns["value"]]
        columns |= {"label": [ja for ja, _ in found], "label_en": [en for _, en in found]}
    columns["status"] = [STATUSES[status] for status in statuses.tolist()]
    if carried is not None:
        columns["carried"] = [CARRIED[mark] for mark in carried.tolist()]
    return columns


@dataclass(frozen=True)
class Breaks:
    """Upper bounds of the classes, and the least value they were made from; NaN and none without a value."""

    lowest: float
    bounds: Floats

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.bounds.nbytes + 100

    @classmethod
    def of(cls, lowest: float | None, bounds: Sequence[float] | None) -> Breaks:
        """Return the breaks as they are stored."""
        return cls(np.nan if lowest is None else lowest, np.array(bounds or (), np.float64))


@dataclass(frozen=True)
class StoredVector:
    """A vector as it was written at load, with the breaks of its own scheme for its period alone."""

    vector: Vector
    breaks: Breaks

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.vector.nbytes + self.breaks.nbytes

    @classmethod
    def missing(cls, n: int, status: int = NOT_LOADED) -> StoredVector:
        """Return the vector of a period for which there are no figures, and why."""
        statuses = np.full(n, status, np.uint8)
        return cls(Vector(np.full(n, np.nan), statuses, ()), Breaks.of(None, None))


@dataclass(frozen=True)
class Published:
    """The figures of one indicator from one source on the boundaries of one date.

    Attributes
    ----------
    codes : (m,) area codes as published, ascending
    periods : p of them, ascending
    values : (m, p) NaN where missing
    statuses : (m, p) why, and ``ABSENT`` where nothing was published
    """

    boundary_date: dt.date
    source: str
    codes: NDArray[np.str_]
    periods: tuple[str, ...]
    values: Floats
    statuses: UInt8s


@dataclass(frozen=True)
class Columns:
    """The vectors of several periods side by side.

    Attributes
    ----------
    values, statuses, marks : (n, p)
    sources, dates : of each period
    """

    periods: tuple[str, ...]
    values: Floats
    statuses: UInt8s
    sources: tuple[tuple[str, ...], ...]
    marks: Marks
    dates: tuple[tuple[dt.date, ...], ...]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.values.nbytes + self.statuses.nbytes + self.marks.nbytes + 200 * len(self.periods)

    def vector(self, period: str) -> Vector:
        """Return the vector of one period."""
        at = self.periods.index(period)
        return Vector(self.values[:, at], self.statuses[:, at], self.sources[at])

    def carrying(self, period: str) -> Carrying:
        """Return how the values of one period were carried."""
        at = self.periods.index(period)
        return Carrying(self.marks[:, at], self.dates[at])

    def among(self, periods: Collection[str]) -> Columns:
        """Return the columns of some periods."""
        kept = [at for at, period in enumerate(self.periods) if period in periods]
        return Columns(
            tuple(self.periods[at] for at in kept),
            self.values[:, kept],
            self.statuses[:, kept],
            tuple(self.sources[at] for at in kept),
            self.marks[:, kept],
            tuple(self.dates[at] for at in kept),
        )

    @classmethod
    def beside(
        cls, periods: Sequence[str], vectors: Sequence[Vector], carried: Sequence[Carrying], n: int
    ) -> Columns:
        """Return the columns of vectors of n areas."""
        shape = (len(vectors), n)
        return cls(
            tuple(periods),
            np.array([one.values for one in vectors]).reshape(shape).T,
            np.array([one.statuses for one in vectors], np.uint8).reshape(shape).T,
            tuple(one.sources for one in vectors),
            np.array([one.marks for one in carried], np.uint8).reshape(shape).T,
            tuple(one.dates for one in carried),
        )


#: Level → the area of the level that a code belongs to.
AREA_OF: Mapping[str, Callable[[str], str]] = {
    "prefecture": prefecture_of,
    "municipality": city_of,
    "ward": str,
}


@dataclass
class Boundaries:
    """The areas of one vintage by level, and how figures of other dates are carried to them.

    Attributes
    ----------
    history : what is known of the parts of areas that were divided
    estimate : whether what has merged since is parted again, as it was known just before
    """

    date: dt.date
    gazetteers: Mapping[str, Gazetteer]
    changes: Sequence[Change]
    history: History = field(default_factory=History)
    estimate: bool = False
    _walks: dict[tuple[dt.date, str, bool], Crosswalk] = field(default_factory=dict)
    _marks: dict[tuple[dt.date, str, bool, str], Marks] = field(default_factory=dict)

    @cached_property
    def _municipal(self) -> Sequence[Change]:
        return municipal(self.changes)

    def walk(self, boundary_date: dt.date, level: str, *, additive: bool) -> Crosswalk:
        """Return the crosswalk from the boundaries of a date to a level; worked out once."""
        key = (boundary_date, level, additive)
        if key not in self._walks:
            codes = self.gazetteers[level].codes
            changes = self.changes if level == "ward" else self._municipal
            parts = partial(self._parts, boundary_date, level)
            self._walks[key] = crosswalk(
                boundary_date, self.date, codes, changes, additive=additive, parts=parts
            )
        return self._walks[key]

    def gathered(self, boundary_date: dt.date) -> Crosswalk:
        """Return how figures of municipalities of a date make up the prefectures."""
        towns, prefectures = (self.gazetteers[level].codes for level in ("municipality", "prefecture"))
        counted = towns[~np.isin(towns, list(NORTHERN_TERRITORIES))]
        return gathered(boundary_date, self.date, counted, prefectures, self._municipal, prefecture_of)

    def _parts(
        self, boundary_date: dt.date, level: str, codes: Collection[str]
    ) -> dict[str, dict[str, float]]:
        """Return how much of each of these codes, which lie in several areas, is known to be in which."""
        if boundary_date > self.date and not self.estimate:
            return {}
        history = self.history if level == "ward" else self.history.municipal
        if len(codes) < MANY_DIVIDED:  # going forward there are one or two
            history = history.around(codes)
        walk = history.walk(boundary_date, self.date, estimate=True)
        return {
            code: {
                area: float(link.weight) for area, link in walk.of(code).items() if link.weight is not None
            }
            for code in codes
        }

    def marks(self, boundary_date: dt.date, level: str, period: str, *, additive: bool) -> Marks:
        """Return how figures of a period come from the boundaries of a date to each area of a level."""
        key = (boundary_date, level, additive, period)
        if key not in self._marks:
            divided = apportioned(day_of(period), boundary_date, self.changes, AREA_OF[level])
            walk = self.walk(boundary_date, level, additive=additive)
            self._marks[key] = marks(walk, self.gazetteers[level].codes, divided)
        return self._marks[key]


def _reported(
    parts: Sequence[Published], periods: Sequence[str], boundaries: Boundaries, level: str, *, additive: bool
) -> Columns:
    """Return the figures as reported for exactly these areas, carried over municipal changes."""
    gazetteer = boundaries.gazetteers[level]
    values = np.full((len(gazetteer), len(periods)), np.nan)
    statuses = np.repeat(_silent(gazetteer)[:, None], len(periods), axis=1)
    carried = np.full(values.shape, NOTHING, np.uint8)
    sources: list[dict[str, None]] = [{} for _ in periods]
    dates: list[set[dt.date]] = [set() for _ in periods]
    place_of = {period: at for at, period in enumerate(periods)}
    for part in parts:
        own = np.char.endswith(part.codes, "000") == (level == "prefecture")
        told = [(at, place_of[period]) for at, period in enumerate(part.periods) if period in place_of]
        if not own.any() or not told:
            continue
        theirs, ours = (np.array(side, np.intp) for side in zip(*told, strict=True))
        codes = part.codes[own]
        part_values, part_statuses = part.values[own][:, theirs], part.statuses[own][:, theirs]
        walk = boundaries.walk(part.boundary_date, level, additive=additive)
        moved = _carried(walk, codes, part_values)
        found = np.isfinite(moved)
        values[:, ours] = np.where(found, moved, values[:, ours])
        states = np.where(found, OK, _of_other_areas(statuses[:, ours], walk, gazetteer, codes))
        if not additive:
            adding = boundaries.walk(part.boundary_date, level, additive=True)
            summed = _carried(adding, codes, part_values)
            summed[adding.parted] = np.nan  # where it would add up, a part would still be a guess
            states[np.isfinite(summed) & np.isnan(values[:, ours])] = NOT_ADDITIVE
        places, known = placed(codes, gazetteer.codes)
        reasons = part_statuses[known]
        is_silent = (reasons != OK) & (reasons != ABSENT) & ~found[places]
        states[places] = np.where(is_silent, reasons, states[places])
        statuses[:, ours] = states
        for column, at in enumerate(ours.tolist()):
            if (part_statuses[:, column] != ABSENT).any():
                sources[at][part.source] = None
            if found[:, column].any():
                dates[at].add(part.boundary_date)
                by = boundaries.marks(part.boundary_date, level, periods[at], additive=additive)
                carried[:, at] = np.where(found[:, column], by, carried[:, at])
    statuses = np.where(np.isfinite(values), STATUS_OF_MARK[carried], statuses)
    return Columns(
        *(tuple(periods), values, statuses, tuple(map(tuple, sources))),
        *(carried, tuple(tuple(sorted(of_period)) for of_period in dates)),
    )


def _silent(gazetteer: Gazetteer) -> UInt8s:
    """Return why areas have no figure before any is read; of the Northern Territories nobody has any."""
    is_unpublished = np.isin(gazetteer.codes, list(NORTHERN_TERRITORIES))
    return np.where(is_unpublished, NOT_AVAILABLE, NOT_LOADED).astype(np.uint8)


def _of_other_areas(
    statuses: UInt8s, walk: Crosswalk, gazetteer: Gazetteer, codes: NDArray[np.str_]
) -> UInt8s:
    """Return the statuses with what is known now of areas that have no figure, given what was published.

    Parameters
    ----------
    statuses : (n, p)
    walk : from the boundaries of the figures to the areas
    codes : (m,) that have figures
    """
    is_carried = np.zeros(len(gazetteer), np.bool_)
    is_carried[walk.rows] = True
    told_by_ward = {WARD_CITY[code] for code in codes.tolist() if code in WARD_CITY}
    is_whole = np.array([WARD_CITY.get(code, code) not in told_by_ward for code in gazetteer.codes.tolist()])
    is_ward = np.isin(gazetteer.codes, list(WARD_CITY))
    silent = statuses == NOT_LOADED
    found = np.where(silent & ~is_carried[:, None], BOUNDARY_CHANGED, statuses)
    has_merged = np.zeros(len(gazetteer), np.bool_)
    has_merged[list(walk.merged)] = True
    found = np.where(silent & has_merged[:, None], MERGED, found)
    return np.where(silent & (is_ward & is_whole)[:, None], NOT_AT_LEVEL, found).astype(np.uint8)


def _carried(walk: Crosswalk, codes: NDArray[np.str_], values: Floats) -> Floats:
    """Return the figures of published codes as those of the areas that a crosswalk leads to."""
    figures = np.full((len(walk.codes), values.shape[1]), np.nan)
    places, known = placed(codes, walk.codes)
    figures[places] = values[known]
    return walk.carried(figures)


def _sums(members: Floats, of: Gazetteer, into: Gazetteer) -> Floats:
    """Return the sums of ``members`` for each area of ``into``; NaN where a member is missing."""
    return aggregated(members, of.groups(into), len(into), codes=of.codes)


def columns_by_level(
    indicator: Indicator, parts: Sequence[Published], periods: Sequence[str], boundaries: Boundaries
) -> dict[str, Columns]:
    """Return the figures of an observed indicator in some periods, at every level that can have some.

    A figure published for the area itself wins; where there is none, an indicator that adds up is summed from
    the level below: wards into designated cities, municipalities into prefectures. Any other is
    ``not_additive`` where only the figures of all parts are known.

    Parameters
    ----------
    parts : by boundary date and source; of two that tell the same figure the later one stands
    """
    additive = indicator.aggregation == "sum"
    found: dict[str, Columns] = {}
    of_prefectures = all(np.char.endswith(part.codes, "000").all() for part in parts)
    for level in ("ward", "municipality", "prefecture"):
        if level not in boundaries.gazetteers or (of_prefectures and level != "prefecture"):
            continue
        own = _reported(parts, periods, boundaries, level, additive=additive)
        members = found.get(BELOW.get(level, ""))
        if members is not None:
            of, into = boundaries.gazetteers[BELOW[level]], boundaries.gazetteers[level]
            own = _completed(own, members, of, into) if additive else _reasoned(own, members, of, into)
            if additive and level == "prefecture":
                own = _of_later(own, parts, boundaries)
        found[level] = own
    return found


def _of_later(own: Columns, parts: Sequence[Published], boundaries: Boundaries) -> Columns:
    """Return figures of prefectures whose gaps are filled from those of municipalities of a later date.

    What has merged since cannot be told of a municipality, and is in its prefecture all the same.
    """
    values, statuses, sources = own.values.copy(), own.statuses.copy(), list(own.sources)
    carried, dates = own.marks.copy(), list(own.dates)
    later = [one for one in parts if one.boundary_date > boundaries.date] if np.isnan(values).any() else []
    for part in later:
        is_town = ~np.char.endswith(part.codes, "000")
        sums = _carried(boundaries.gathered(part.boundary_date), part.codes[is_town], part.values[is_town])
        for at, period in enumerate(own.periods):
            if period not in part.periods:
                continue
            told = sums[:, part.periods.index(period)]
            is_new = np.isnan(values[:, at]) & np.isfinite(told)
            if is_new.any():
                values[is_new, at], statuses[is_new, at], carried[is_new, at] = told[is_new], OK, SUMMED
                sources[at] = tuple(dict.fromkeys((*sources[at], part.source)))
                dates[at] = tuple(sorted({*dates[at], part.boundary_date}))
    return Columns(own.periods, values, statuses, tuple(sources), carried, tuple(dates))


def _reasoned(own: Columns, members: Columns, of: Gazetteer, into: Gazetteer) -> Columns:
    """Return figures that do not add up, with that reason where those of all members are known."""
    statuses = own.statuses.copy()
    is_silent = np.isin(statuses, (NOT_LOADED, BOUNDARY_CHANGED, MERGED)) & into.divided[:, None]
    for at in np.flatnonzero(is_silent.any(axis=0)).tolist():
        has_parts = np.isfinite(_sums(members.values[:, at], of, into))
        statuses[is_silent[:, at] & has_parts, at] = NOT_ADDITIVE
    return replace(own, statuses=statuses)


def _completed(own: Columns, members: Columns, of: Gazetteer, into: Gazetteer) -> Columns:
    """Return figures whose gaps are filled with the sums of the level below.

    What was divided among members is whole again in their sum: no area was ever split across two prefectures.
    """
    values, statuses, sources = own.values.copy(), own.statuses.copy(), list(own.sources)
    carried, dates = own.marks.copy(), list(own.dates)
    groups = of.groups(into)
    has_gaps = (np.isnan(own.values) & into.divided[:, None]).any(axis=0)
    for at in np.flatnonzero(has_gaps).tolist():
        whole = own_or_sum(own.values[:, at], _sums(members.values[:, at], of, into))
        is_told = np.isfinite(whole)
        if is_told.sum() > np.isfinite(own.values[:, at]).sum():
            sources[at] = tuple(dict.fromkeys(own.sources[at] + members.sources[at]))
            dates[at] = tuple(sorted({*own.dates[at], *members.dates[at]}))
        carried[:, at] = np.where(is_told & np.isnan(own.values[:, at]), SUMMED, carried[:, at])
        values[:, at] = whole
        statuses[:, at] = np.where(is_told, STATUS_OF_MARK[carried[:, at]], own.statuses[:, at])
        for place in np.flatnonzero((statuses[:, at] == NOT_LOADED) & into.divided).tolist():
            parts = members.statuses[groups == place, at].tolist()
            lacking = (one for one in parts if one not in (*TOLD, NOT_AT_LEVEL))
            statuses[place, at] = next(lacking, NOT_LOADED)
    return Columns(own.periods, values, statuses, tuple(sources), carried, tuple(dates))


class PublishedAges(NamedTuple):
    """People by age, and the codes that they were published under, on the boundaries of which date."""

    ages: Ages
    codes: frozenset[str]
    boundary_date: dt.date


def ages_by_year(
    rows: Sequence[Row[Any]], codes: Mapping[dt.date, Collection[str]]
) -> dict[int, PublishedAges]:
    """Return the people by age of an area from rows of the areas it was, ordered by year.

    ``codes`` names those areas by the date of their boundaries; a year in which one of them has no row is
    left out.
    """
    years: dict[int, PublishedAges] = {}
    for year, group in groupby(rows, key=lambda row: int(row.year)):
        parts = list(group)
        found, date = frozenset(row.area_code for row in parts), parts[0].boundary_date
        if found == set(codes[date]):
            ages = together([Ages(tuple(row.men), tuple(row.women), row.source) for row in parts])
            years[year] = PublishedAges(ages, found, date)
    return years


#: A base indicator and a period.
Base = tuple[str, str]


def moves_added(own: Mapping[Base, Vector], gross: Mapping[Base, Vector]) -> dict[Base, Vector]:
    """Return figures of moves for a formula in which those inside cancel.

    They are the areas' own, and added up where an area has none of them: never the one beside the other.

    Parameters
    ----------
    own, gross : as published for the areas; and with those of merged areas and of parts added up
    """
    if not gross:
        return {}
    is_told = np.any([np.isfinite(own[base].values) for base in gross], axis=0)
    return {
        base: Vector(
            np.where(is_told, own[base].values, added.values),
            np.where(is_told, own[base].statuses, added.statuses),
            tuple(dict.fromkeys(own[base].sources + added.sources)),
        )
        for base, added in gross.items()
    }


def derived(values: Floats, components: Sequence[Vector]) -> Vector:
    """Return a computed vector: its missing values have the status of their first missing component.

    Where every component is there and the value is not (a zero denominator), it is not applicable. A value is
    as far from what was counted as the one of its components that is farthest.
    """
    is_missing = ~np.isfinite(values)
    statuses = np.where(is_missing, NOT_APPLICABLE, OK).astype(np.uint8)
    for component in reversed(components):
        is_told = np.isin(component.statuses, TOLD)
        reasons = np.where(is_told, statuses, component.statuses)
        farthest = np.where(is_told, np.maximum(statuses, component.statuses), statuses)
        statuses = np.where(is_missing, reasons, farthest).astype(np.uint8)
    sources = tuple(dict.fromkeys(source for component in components for source in component.sources))
    return Vector(values, statuses, sources)


def without(told: Vector, places: Sequence[int]) -> Vector:
    """Return a vector that tells nothing of areas whose people are counted on another population."""
    values, statuses = told.values.copy(), told.statuses.copy()
    known = [place for place in places if statuses[place] in (*TOLD, NOT_APPLICABLE)]
    values[known], statuses[known] = np.nan, BASE_DIFFERS
    return Vector(values, statuses, told.sources)


def elsewhere(indicator: Indicator, gazetteer: Gazetteer, first: str, last: str) -> list[int]:
    """Return the positions of areas of which no change between two periods can be told."""
    codes = [one.area_code for one in indicator.absent_at(first, last)]
    return [gazetteer.position[code] for code in codes if code in gazetteer.position]
