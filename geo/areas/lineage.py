"""Municipal changes: figures carried from the boundaries they were published for to those of a vintage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from geo.codes import WARD_CITY

Floats = NDArray[np.float64]
Codes = NDArray[np.str_]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

#: Area → those that hold its land, or a part of it.
Heirs = Mapping[str, frozenset[str]]

#: An area gives up land for a new one and keeps its code; the change list names only the latter.
SEPARATION = "分離"
#: An area is taken up by one that existed before and keeps its code; the list names only the former.
ABSORPTION = "編入合併"

#: An area gets another name or rank; where it gets another code the same day, it does not keep the old one.
SAME_AREA = frozenset({"名称変更", "町制施行"})


@dataclass(frozen=True)
class Change:
    """One pair of a change: what was ``from_code`` became, wholly or in part, ``to_code``."""

    date: dt.date
    kind: str
    from_code: str
    to_code: str


def lineages(after: dt.date, until: dt.date, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
    """Return for each area that took part in a change the codes that hold its land in the end.

    Parameters
    ----------
    after, until : changes count when ``after < date <= until``
    changes : ordered by date; changes of the same day happen together, one into the other where they
        connect (大野村 joins 鹿島町, which becomes 鹿嶋市)

    Returns
    -------
    Codes as of ``after`` → codes as of ``until``; more than one means that the area was split. Areas
    without a change are not in it.
    """
    holders: dict[str, set[str]] = {}
    seen: set[str] = set()
    counted = (change for change in changes if after < change.date <= until)
    for _, group in groupby(counted, key=lambda change: change.date):
        today = list(group)
        for code in _existing_before(today) - seen:
            holders[code] = {code}
        seen.update(code for change in today for code in (change.from_code, change.to_code))
        targets = _targets(today)
        moved = {code: holders.pop(code, set()) for code in targets}
        for code, origins in moved.items():
            for target in targets[code]:
                holders.setdefault(target, set()).update(origins)
    heirs: dict[str, set[str]] = {}
    for code, origins in holders.items():
        for origin in origins:
            heirs.setdefault(origin, set()).add(code)
    return {origin: frozenset(codes) for origin, codes in heirs.items()}


def _existing_before(today: Sequence[Change]) -> set[str]:
    """Return the codes of a day's changes that were there before: what changes, and what takes up."""
    made = {change.to_code for change in today if change.kind != ABSORPTION}
    absorbing = {change.to_code for change in today if change.kind == ABSORPTION}
    return {change.from_code for change in today} | (absorbing - made)


def _targets(today: Sequence[Change]) -> dict[str, set[str]]:
    """Return where the land of each code is at the end of a day."""
    direct: dict[str, set[str]] = {}
    for change in today:
        if change.from_code == change.to_code and change.kind in SAME_AREA:
            continue
        kept = {change.from_code} if change.kind == SEPARATION else set()
        direct.setdefault(change.from_code, set()).update({change.to_code} | kept)

    def last(code: str, passed: frozenset[str]) -> set[str]:
        ends: set[str] = set()
        for target in direct.get(code, {code}):
            ends |= {target} if target == code or target in passed else last(target, passed | {code})
        return ends

    return {code: last(code, frozenset()) for code in direct}


def municipal(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return changes as they concern municipalities: what a ward takes up, its city does.

    The list names the ward. Changes between wards are none.
    """
    return tuple(
        replace(change, to_code=WARD_CITY.get(change.to_code, change.to_code))
        for change in changes
        if change.from_code not in WARD_CITY
    )


def successors(code: str, after: dt.date, until: dt.date, changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes that hold the land of ``code``, as of ``after``, at ``until``.

    More than one code means that the area was split.

    Parameters
    ----------
    changes : ordered by date; changes of the same day happen together
    """
    return lineages(after, until, changes).get(code, frozenset({code}))


def located(date: dt.date, vintage_date: dt.date, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
    """Return for codes of one date the codes that hold any of their land on another, earlier or later.

    Codes without a change in between are not in it: they hold their own land.
    """
    first, last = sorted((date, vintage_date))
    heirs = lineages(first, last, changes)
    return heirs if date <= vintage_date else _turned(heirs)


def origins(
    code: str, boundary_date: dt.date, vintage_date: dt.date, changes: Sequence[Change]
) -> frozenset[str]:
    """Return the codes of published boundaries whose figures together are those of an area of a vintage.

    Parameters
    ----------
    code : the area, as of ``vintage_date``
    boundary_date : date of the boundaries that figures were published for
    changes : ordered by date; changes of the same day happen together

    Returns
    -------
    The code itself where nothing changed; none where the area holds only a part of another.
    """
    first, last = sorted((boundary_date, vintage_date))
    heirs = lineages(first, last, changes)
    former = {old for old, new in heirs.items() if code in new}
    if boundary_date <= vintage_date:
        whole = all(len(heirs[old]) == 1 for old in former)
        return frozenset(former or {code}) if whole else frozenset()
    later = heirs.get(code, frozenset({code}))
    alone = all(later.isdisjoint(new) for old, new in heirs.items() if old != code)
    return later if len(later) == 1 and alone else frozenset()


def absent(date: dt.date, changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes in a list of changes that no area had on a date: not yet, or no longer.

    Parameters
    ----------
    changes : ordered by date; those of ``date`` itself have happened
    """
    gone: set[str] = set()
    unborn: set[str] = set()
    seen: set[str] = set()
    for day, group in groupby(changes, key=lambda change: change.date):
        today = list(group)
        if day <= date:
            targets = _targets(today)
            gone = (gone | targets.keys()).difference(*targets.values())
            continue
        codes = {code for change in today for code in (change.from_code, change.to_code)}
        unborn |= codes - seen - _existing_before(today)
        seen |= codes
    return frozenset(gone | unborn)


@dataclass(frozen=True)
class Divided:
    """A published code whose figure goes to several areas, by known parts.

    Attributes
    ----------
    place : of the code in ``Crosswalk.codes``
    weights : (m,) of the areas that can be told; what they leave of 1 goes to others
    """

    place: int
    weights: Floats


def parts_of(divided: Sequence[Divided], values: Floats) -> Floats:
    """Return the parts of the figures of codes, one after another, (all m, periods), of (codes, periods).

    A whole number is divided into whole numbers, so that nobody is lost or made up: parts are rounded down,
    and what is left goes to the greatest remainders.
    """
    rests = [max(0.0, 1.0 - float(one.weights.sum())) for one in divided]
    weights = np.concatenate([np.append(one.weights, rest) for one, rest in zip(divided, rests, strict=True)])
    lengths = np.array([len(one.weights) + 1 for one in divided])
    starts = np.cumsum(lengths) - lengths
    of = np.repeat(np.arange(len(divided)), lengths)
    whole = values[[one.place for one in divided]]
    exact = weights[:, None] * whole[of]
    lowest = np.floor(exact)
    left = whole - np.add.reduceat(lowest, starts, axis=0)
    ranks = np.empty(exact.shape, np.intp)
    for at in range(exact.shape[1]):
        order = np.lexsort((lowest[:, at] - exact[:, at], of))
        ranks[order, at] = np.arange(len(of)) - starts[of]
    rounded = lowest + (ranks < left[of])
    parts = np.where((whole == np.floor(whole))[of], rounded, exact)
    return np.delete(parts, starts + lengths - 1, axis=0)


@dataclass(frozen=True)
class Crosswalk:
    """Which published codes make up each area of a vintage: a sparse matrix, areas × codes and their parts.

    Attributes
    ----------
    codes : (m,) ascending; figures under other codes are of no area of the vintage
    n : number of areas of the vintage
    rows : (r,) ascending positions of the areas that can be told
    starts : (r,) where the codes of each of these areas begin in ``columns``
    columns : (k,) places in ``codes``, area by area; from m on, places among the parts of ``divided``
    divided : codes of which an area has a part, by their places
    merged : positions of areas that cannot be told because they have merged with others since
    """

    codes: Codes
    n: int
    rows: Ints
    starts: Ints
    columns: Ints
    divided: tuple[Divided, ...] = ()
    merged: tuple[int, ...] = ()

    @property
    def is_part(self) -> Bools:
        """(k,) which of the columns are parts of codes."""
        return self.columns >= len(self.codes)

    @property
    def parted(self) -> Ints:
        """Positions of the areas that have a part of a code."""
        if not self.divided:
            return self.rows[:0]
        return self.rows[np.logical_or.reduceat(self.is_part, self.starts)]

    @property
    def owners(self) -> Ints:
        """(k,) the place of the code of each column, of which it may be a part."""
        places = [np.arange(len(self.codes))]
        places += [np.full(len(one.weights), one.place) for one in self.divided]
        owners: Ints = np.concatenate(places)[self.columns]
        return owners

    def carried(self, values: Floats) -> Floats:
        """Return the figures of the areas, (n, periods), from those of the codes, (m, periods).

        An area is NaN where the figure of one of its codes is, or where it cannot be told.
        """
        out = np.full((self.n, values.shape[1]), np.nan)
        if len(self.rows):
            spread = values
            if self.divided:
                spread = np.concatenate([values, parts_of(self.divided, values)])
            out[self.rows] = np.add.reduceat(spread[self.columns], self.starts, axis=0)
        return out


#: Published codes whose land lies in several areas → how much of each is in which, as far as that is known.
Parts = Callable[[Collection[str]], Mapping[str, Mapping[str, float]]]


def unknown(_codes: Collection[str]) -> Mapping[str, Mapping[str, float]]:
    """Return that nothing is known of the parts of any code."""
    return {}


def crosswalk(
    boundary_date: dt.date,
    vintage_date: dt.date,
    vintage_codes: Codes,
    changes: Sequence[Change],
    *,
    additive: bool,
    parts: Parts = unknown,
) -> Crosswalk:
    """Return how figures published for the boundaries of one date make up the areas of a vintage.

    A renamed or renumbered area keeps its figure, merged areas are summed. Where one was split, or, going
    back in time, where areas have merged since, each has the part that ``parts`` knows, and cannot be told
    where it knows none. What cannot be added is told for areas alone that are one code's.

    Parameters
    ----------
    boundary_date : date of the boundaries that figures are published for
    vintage_date, vintage_codes : the areas wanted, codes ascending
    changes : municipal changes, ordered by date
    additive : whether merged areas' figures may be summed, and parts of them told
    parts : asked once, for all codes that lie in several areas
    """
    spread, touched = _spread(boundary_date, vintage_date, changes)
    several = sorted(code for code, areas in spread.items() if len(areas) > 1)
    known = parts(several) if additive and several else {}
    made_of = {code: [(code, code)] for code in vintage_codes.tolist() if code not in touched}
    for area, codes in _turned(spread).items():
        whole = all(len(spread[code]) == 1 or area in known.get(code, ()) for code in codes)
        if whole and (additive or len(codes) == 1):
            made_of[area] = [(code, area) for code in sorted(codes)]
    parted = {area for code in several for area in spread[code]} - made_of.keys()
    is_back = boundary_date > vintage_date
    return _matrix(vintage_codes, made_of, known, parted if is_back else ())


def gathered(
    boundary_date: dt.date,
    vintage_date: dt.date,
    members: Codes,
    wholes: Codes,
    changes: Sequence[Change],
    whole_of: Callable[[str], str],
) -> Crosswalk:
    """Return how figures of one date make up wholes of areas of another: what merged is still in one whole.

    Parameters
    ----------
    members, wholes : the areas of the vintage, and what they are parts of, codes ascending
    whole_of : the whole that an area is a part of
    """
    spread, touched = _spread(boundary_date, vintage_date, changes)
    made_of: dict[str, list[tuple[str, str]]] = {}
    broken: set[str] = set()
    for code in members.tolist():
        if code not in touched:
            made_of.setdefault(whole_of(code), []).append((code, code))
    for code, areas in sorted(spread.items()):
        of = {whole_of(area) for area in areas}
        broken |= of if len(of) > 1 else set()
        for whole in of:
            made_of.setdefault(whole, []).append((code, code))
    return _matrix(wholes, {whole: ways for whole, ways in made_of.items() if whole not in broken}, {}, ())


def _spread(
    boundary_date: dt.date, vintage_date: dt.date, changes: Sequence[Change]
) -> tuple[Heirs, set[str]]:
    """Return which areas hold the land of each code that changed, and all codes that did on either side."""
    first, last = sorted((boundary_date, vintage_date))
    between = [change for change in changes if first < change.date <= last]
    moving = [change for change in between if change.from_code != change.to_code]
    touched = {code for change in moving for code in (change.from_code, change.to_code)}
    heirs = {old: new for old, new in lineages(first, last, between).items() if old in touched}
    return heirs if boundary_date <= vintage_date else _turned(heirs), touched


def _matrix(
    areas: Codes,
    made_of: Mapping[str, Sequence[tuple[str, str]]],
    known: Mapping[str, Mapping[str, float]],
    merged: Collection[str],
) -> Crosswalk:
    """Return the matrix of areas and their codes, each with the area that it, or its part, goes to."""
    position = {code: place for place, code in enumerate(areas.tolist())}
    told = sorted((position[area], ways) for area, ways in made_of.items() if area in position)
    codes = np.array(sorted({code for _, ways in told for code, _ in ways}), "U5")
    place = {code: at for at, code in enumerate(codes.tolist())}
    divided: list[Divided] = []
    parts: dict[tuple[str, str], int] = {}
    for code in sorted(place.keys() & known.keys()):
        parts |= {(code, area): len(codes) + len(parts) + at for at, area in enumerate(known[code])}
        divided.append(Divided(place[code], np.array([*known[code].values()], np.float64)))
    lengths = np.array([len(ways) for _, ways in told], np.intp)
    return Crosswalk(
        codes=codes,
        n=len(areas),
        rows=np.array([row for row, _ in told], np.intp),
        starts=np.cumsum(lengths) - lengths,
        columns=np.array([parts.get(way, place[way[0]]) for _, ways in told for way in ways], np.intp),
        divided=tuple(divided),
        merged=tuple(sorted(position[area] for area in merged if area in position)),
    )


def placed(codes: Codes, among: Codes) -> tuple[Ints, Ints]:
    """Return where codes stand in an ascending list: their places in it, and which of them are in it.

    >>> placed(np.array(["b", "x", "a"]), np.array(["a", "b"]))
    (array([1, 0]), array([0, 2]))
    """
    if not len(among):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    places = np.searchsorted(among, codes).clip(max=len(among) - 1)
    known = np.flatnonzero(among[places] == codes)
    return places[known], known


def _turned(heirs: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return the same from the other side: what each holds, or is made of."""
    found: dict[str, set[str]] = {}
    for old, codes in heirs.items():
        for new in codes:
            found.setdefault(new, set()).add(old)
    return {new: frozenset(codes) for new, codes in found.items()}
