"""How a figure came to stand on the boundaries that it is shown on, area by area, as a mark of one byte.

Marks are in the order of how far a figure is from what was counted, so that what is made of several figures
has the greatest of their marks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geo.areas.lineage import SEPARATION, Change, Codes, Crosswalk, lineages
from geo.periods import period_of

Marks = NDArray[np.uint8]
Bools = NDArray[np.bool_]

#: A figure is ``estimated`` where a split area's, or that of areas which have merged, was spread by weights
#: here, ``apportioned`` where its publisher did so.
Carried = Literal["as_published", "renumbered", "summed", "apportioned", "estimated"]
#: The order is that of the marks; there is none where there is no value.
CARRIED: tuple[Carried | None, ...] = (None, *get_args(Carried))
NOTHING, AS_PUBLISHED, RENUMBERED, SUMMED, APPORTIONED, ESTIMATED = range(len(CARRIED))


def day_of(period: str) -> dt.date:
    """Return the day whose boundaries the figures of a period were counted on.

    Of a year it is that of the census, of a month or a quarter the last one.

    >>> day_of("2005"), day_of("2005-Q1")
    (datetime.date(2005, 10, 1), datetime.date(2005, 3, 31))
    """
    return dt.date(int(period), 10, 1) if period.isdecimal() else period_of(period).days[1]


def apportioned(
    counted: dt.date, boundary_date: dt.date, changes: Sequence[Change], area_of: Callable[[str], str]
) -> frozenset[str]:
    """Return the areas that hold a part of one that was split after figures were counted.

    What is published for them on the later boundaries cannot be what was counted: it was divided.

    Parameters
    ----------
    counted : when the figures were counted
    boundary_date : of the boundaries that they were published on; nothing is divided where it is not later
    changes : municipal changes, ordered by date
    area_of : which area a code belongs to; what is split within one is not divided
    """
    between = [change for change in changes if counted < change.date <= boundary_date]
    if not any(_splits(between, area_of)):
        return frozenset()
    found = (frozenset(map(area_of, codes)) for codes in lineages(counted, boundary_date, between).values())
    return frozenset(code for codes in found if len(codes) > 1 for code in codes)


def _splits(changes: Sequence[Change], area_of: Callable[[str], str]) -> Iterator[bool]:
    """Yield for each area that changes on a day whether its land may come to lie in several."""
    ordered = sorted(changes, key=lambda change: (change.date, change.from_code))
    for (_, code), group in groupby(ordered, key=lambda change: (change.date, change.from_code)):
        today = list(group)
        kept = {area_of(code)} if any(change.kind == SEPARATION for change in today) else set()
        yield len(kept | {area_of(change.to_code) for change in today}) > 1


def marks(walk: Crosswalk, areas: Codes, divided: Collection[str] = ()) -> Marks:
    """Return the mark of each area's figure as a crosswalk carries it.

    Parameters
    ----------
    walk : from the codes of figures to the areas
    areas : (n,) codes of the areas
    divided : codes whose figures were apportioned by who published them

    Returns
    -------
    (n,) nothing where the crosswalk tells no figure
    """
    found = np.zeros(walk.n, np.uint8)
    if not len(walk.rows):
        return found
    lengths = np.diff(np.append(walk.starts, len(walk.columns)))
    owners = walk.owners
    is_same = walk.codes[owners[walk.starts]] == areas[walk.rows]
    found[walk.rows] = np.where(lengths > 1, SUMMED, np.where(is_same, AS_PUBLISHED, RENUMBERED))
    if divided:
        parts = np.isin(walk.codes, list(divided))[owners]
        found[walk.rows[np.logical_or.reduceat(parts, walk.starts)]] = APPORTIONED
    found[walk.parted] = ESTIMATED
    return found


def mark(codes: Collection[str], area: str, divided: Collection[str] = ()) -> int:
    """Return the mark of an area's figure that is made of those of some codes; see ``marks``.

    >>> mark({"04423"}, "04216") == RENUMBERED, mark({"10201", "10305"}, "10201") == SUMMED
    (True, True)
    """
    if not frozenset(divided).isdisjoint(codes):
        return APPORTIONED
    return SUMMED if len(codes) > 1 else AS_PUBLISHED if area in codes else RENUMBERED


def combined(parts: Sequence[Marks], is_told: Bools) -> Marks:
    """Return the marks of what is computed of several figures: the greatest of each; nothing without a value.

    >>> parts = np.array([[1, 3, 4], [2, 1, 1]], np.uint8)
    >>> combined(list(parts), np.array([True, True, False]))
    array([2, 3, 0], dtype=uint8)
    """
    greatest = np.maximum.reduce([np.full(len(is_told), AS_PUBLISHED, np.uint8), *parts])
    return np.where(is_told, greatest, NOTHING).astype(np.uint8)
