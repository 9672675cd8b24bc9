"""Municipal changes: figures carried from the boundaries they were published for to those of a vintage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from geo.codes import WARD_CITY

Floats = NDArray[np.float64]
Codes = NDArray[np.str_]
Ints = NDArray[np.intp]

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
    if date <= vintage_date:
        return heirs
    origins: dict[str, set[str]] = {}
    for old, codes in heirs.items():
        for new in codes:
            origins.setdefault(new, set()).add(old)
    return {new: frozenset(old) for new, old in origins.items()}


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
class Crosswalk:
    """Which published codes make up each area of a vintage: a sparse matrix of ones, areas × codes.

    Attributes
    ----------
    codes : (m,) ascending; figures under other codes are of no area of the vintage
    n : number of areas of the vintage
    rows : (r,) ascending positions of the areas that can be told
    starts : (r,) where the codes of each of these areas begin in ``columns``
    columns : (k,) places in ``codes``, area by area
    """

    codes: Codes
    n: int
    rows: Ints
    starts: Ints
    columns: Ints

    def carried(self, values: Floats) -> Floats:
        """Return the figures of the areas, (n, periods), from those of the codes, (m, periods).

        An area is NaN where the figure of one of its codes is, or where it cannot be told.
        """
        out = np.full((self.n, values.shape[1]), np.nan)
        if len(self.rows):
            out[self.rows] = np.add.reduceat(values[self.columns], self.starts, axis=0)
        return out


def crosswalk(
    boundary_date: dt.date,
    vintage_date: dt.date,
    vintage_codes: Codes,
    changes: Sequence[Change],
    *,
    additive: bool,
) -> Crosswalk:
    """Return how figures published for the boundaries of one date make up the areas of a vintage.

    A renamed or renumbered area keeps its figure, merged areas are summed. An area cannot be told where one
    was split, or where areas merged whose figures cannot be added. Going back in time (a vintage older than
    the figures) only identical codes and renumberings fit: what has merged cannot be told apart.

    Parameters
    ----------
    boundary_date : date of the boundaries that figures are published for
    vintage_date, vintage_codes : the areas wanted, codes ascending
    changes : municipal changes, ordered by date
    additive : whether merged areas' figures may be summed
    """
    first, last = sorted((boundary_date, vintage_date))
    between = [change for change in changes if first < change.date <= last]
    moving = [change for change in between if change.from_code != change.to_code]
    touched = {code for change in moving for code in (change.from_code, change.to_code)}
    made_of = {code: [code] for code in vintage_codes.tolist() if code not in touched}
    if touched:
        heirs = {old: new for old, new in lineages(first, last, between).items() if old in touched}
        made_of |= _forward(heirs, additive) if boundary_date <= vintage_date else _back(heirs)
    position = {code: place for place, code in enumerate(vintage_codes.tolist())}
    told = sorted((position[code], origins) for code, origins in made_of.items() if code in position)
    codes = np.array(sorted({code for _, origins in told for code in origins}), "U5")
    lengths = np.array([len(origins) for _, origins in told], np.intp)
    return Crosswalk(
        codes=codes,
        n=len(vintage_codes),
        rows=np.array([place for place, _ in told], np.intp),
        starts=np.cumsum(lengths) - lengths,
        columns=np.searchsorted(codes, np.array([code for _, origins in told for code in origins], "U5")),
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


Heirs = Mapping[str, frozenset[str]]


def _predecessors(heirs: Heirs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for old in sorted(heirs):
        for new in heirs[old]:
            found.setdefault(new, []).append(old)
    return found


def _forward(heirs: Heirs, additive: bool) -> dict[str, list[str]]:
    """Return what the areas that came out of changes are made of, where that can be told."""
    return {
        new: origins
        for new, origins in _predecessors(heirs).items()
        if all(len(heirs[old]) == 1 for old in origins) and (additive or len(origins) == 1)
    }


def _back(heirs: Heirs) -> dict[str, list[str]]:
    """Return the new code of each area that was only renumbered since."""
    origins = _predecessors(heirs)
    return {
        old: [new]
        for old, codes in heirs.items()
        for new in codes
        if len(codes) == 1 and len(origins[new]) == 1
    }
