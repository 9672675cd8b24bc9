"""Class breaks of a choropleth: the usual schemes, exact and fast enough to be made on request.

A class is closed on the right: a value belongs to the first class whose upper bound it does not exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.errors import InvalidParameter, UnclassifiableValues

Floats = NDArray[np.float64]
LongFloats = NDArray[np.longdouble]
Ints = NDArray[np.intp]
UInt8s = NDArray[np.uint8]

#: The class of a missing value.
MISSING = 255
MAX_K = 12


def quantiles(values: Floats, k: int) -> Floats:
    """Return the upper bound of each of ``k`` classes that hold equal counts.

    Parameters
    ----------
    values : (n,) finite, in the indicator's own unit
    k : number of classes; ties can leave fewer

    Returns
    -------
    (<= k,) ascending; the last is the maximum

    Examples
    --------
    >>> quantiles(np.array([1.0, 2.0, 3.0, 4.0]), 2).tolist()
    [2.5, 4.0]
    """
    return np.unique(np.quantile(values, np.arange(1, k + 1) / k))


def equal_interval(values: Floats, k: int) -> Floats:
    """Return the upper bounds of ``k`` classes of equal width.

    >>> equal_interval(np.array([0.0, 1.0, 10.0]), 2).tolist()
    [5.0, 10.0]
    """
    lowest, highest = values.min(), values.max()
    bounds = lowest + (highest - lowest) * np.arange(1, k + 1) / k
    bounds[-1] = highest
    return np.unique(bounds)


def head_tail(values: Floats, _k: int) -> Floats:
    """Return the bounds of head/tail breaks (Jiang 2013): the mean, the mean of what is above, and so on.

    The data decide the number of classes, at most twelve.
    """
    return _heads(values, MAX_K)


def _heads(values: Floats, most: int) -> Floats:
    bounds: list[float] = []
    head = values
    while len(bounds) < most - 1 and head.min() < head.max():
        mean = float(head.mean())
        head = head[head > mean]
        if not len(head):  # of numbers a hair apart the mean is rounded to the highest
            break
        bounds.append(mean)
    return np.unique([*bounds, values.max()])


def standard_deviation(values: Floats, _k: int) -> Floats:
    """Return the bounds at two and one standard deviations below and above the mean (sample deviation).

    Bounds outside the data are left out, so there are up to five classes.
    """
    if len(values) < 2:
        return values.copy()
    bounds = values.mean() + values.std(ddof=1) * np.array([-2.0, -1.0, 1.0, 2.0])
    inside = bounds[(bounds >= values.min()) & (bounds < values.max())]
    return np.unique(np.append(inside, values.max()))


def fisher_jenks(values: Floats, k: int) -> Floats:
    """Return the bounds of the ``k`` classes with the least sum of squared deviations from class means.

    Exact (Fisher 1958), by dynamic programming over the distinct values. The best start of the last
    class never moves left as values are added, which allows divide and conquer: each of its levels is
    one pass over arrays, so 20,000 values take a fraction of a second.
    """
    return _natural(values, k)[-1][1]


def _natural(values: Floats, k: int) -> list[tuple[float, Floats]]:
    """Return for each number of classes from 1 to ``k`` the least squared deviations, and their bounds."""
    distinct, counts = np.unique(values, return_counts=True)
    n = len(distinct)
    # Sums of squares lose small values beside large ones: they are taken from the median, in long doubles.
    centred = (distinct - distinct[n // 2]).astype(np.longdouble)
    weight = np.concatenate(([0], np.cumsum(counts)))
    total = np.concatenate(([0], np.cumsum(counts * centred)))
    square = np.concatenate(([0], np.cumsum(counts * centred**2)))

    def spread(first: Ints, last: Ints) -> LongFloats:
        """Return the squared deviations within distinct values ``first … last``."""
        w, s = weight[last + 1] - weight[first], total[last + 1] - total[first]
        deviation: LongFloats = np.maximum(square[last + 1] - square[first] - s * s / w, 0)
        return deviation

    every = np.arange(n)
    best = spread(np.zeros(n, np.intp), every)
    starts: list[Ints] = []
    found = [(float(best[-1]), distinct[-1:])]
    for _ in range(1, min(k, n)):
        best, start = _one_class_more(best, spread, n)
        starts.append(start)
        found.append((float(best[-1]), distinct[_places(starts, n)]))
    # as many classes as values: each is alone
    return [*found[: n - 1], *[(0.0, distinct)] * (k - n + 1)] if n <= k else found


def _places(starts: Sequence[Ints], n: int) -> list[int]:
    """Return where each class ends, followed back from the last of ``n`` values."""
    places = [n - 1]
    for start in reversed(starts):
        place = int(start[places[-1]]) - 1
        if place < 0:  # one class fewer costs as little
            break
        places.append(place)
    return places[::-1]


def _one_class_more(
    best: LongFloats, spread: Callable[[Ints, Ints], LongFloats], n: int
) -> tuple[LongFloats, Ints]:
    """Return the least cost of the first 0 … n-1 values with one class more, and where that class starts."""
    before = np.concatenate(([0], best[:-1]))  # cost of what comes before a class that starts at i
    cost, start = np.empty(n, np.longdouble), np.empty(n, np.intp)
    first, last = np.array([0]), np.array([n - 1])
    lowest, highest = np.array([0]), np.array([n - 1])
    while len(first):
        middle = (first + last) // 2
        sizes = np.minimum(highest, middle) - lowest + 1
        edges = np.cumsum(sizes) - sizes
        segment = np.repeat(np.arange(len(sizes)), sizes)
        candidate = lowest[segment] + np.arange(len(segment)) - edges[segment]
        costs = before[candidate] + spread(candidate, middle[segment])
        cost[middle] = np.minimum.reduceat(costs, edges)
        chosen = np.where(costs == cost[middle][segment], candidate, n)
        start[middle] = np.minimum.reduceat(chosen, edges)
        left, right = first < middle, middle < last
        at = start[middle]
        first, last, lowest, highest = (
            np.concatenate((first[left], middle[right] + 1)),
            np.concatenate((middle[left] - 1, last[right])),
            np.concatenate((lowest[left], at[right])),
            np.concatenate((at[left], highest[right])),
        )
    return cost, start


def _sides(values: Floats) -> tuple[Floats, Floats]:
    """Return the values up to 0, and those above."""
    return values[values <= 0], values[values > 0]


def _classes_below(share: float, k: int) -> int:
    """Return how many of ``k`` classes a share of them is; at least one is left on either side."""
    return min(max(round(share * k), 1), k - 1)


def quantiles_about_zero(values: Floats, k: int) -> Floats:
    """Return the bounds of classes that hold equal counts on either side of 0, as many as its values merit.

    >>> quantiles_about_zero(np.array([-8.0, -6.0, -4.0, -2.0, 3.0, 9.0]), 3).tolist()
    [-5.0, 0.0, 9.0]
    """
    below, above = _sides(values)
    k_below = _classes_below(len(below) / len(values), k)
    return np.concatenate((quantiles(below, k_below)[:-1], [0.0], quantiles(above, k - k_below)))


def equal_interval_about_zero(values: Floats, k: int) -> Floats:
    """Return the bounds of classes that are equally wide on either side of 0, as many as its range merits.

    >>> equal_interval_about_zero(np.array([-3.0, 1.0, 6.0]), 3).tolist()
    [0.0, 3.0, 6.0]
    """
    lowest, highest = values.min(), values.max()
    k_below = _classes_below(-lowest / (highest - lowest), k)
    below = np.linspace(lowest, 0, k_below + 1)[1:]
    return np.unique(np.concatenate((below, np.linspace(0, highest, k - k_below + 1)[1:])))


def head_tail_about_zero(values: Floats, _k: int) -> Floats:
    """Return head/tail breaks from 0 outwards, on either side by itself; at most six classes on each."""
    below, above = _sides(values)
    outwards = _heads(-below, MAX_K // 2)[:-1]
    return np.concatenate((-outwards[::-1], [0.0], _heads(above, MAX_K // 2)))


def standard_deviation_about_zero(values: Floats, k: int) -> Floats:
    """Return the bounds around the mean, and 0 as a further one; up to six classes."""
    return np.union1d(standard_deviation(values, k), [0.0])


def fisher_jenks_about_zero(values: Floats, k: int) -> Floats:
    """Return the bounds with the least squared deviations of all ``k`` classes that part at 0."""
    below, above = (_natural(side, k - 1) for side in _sides(values))
    partings = zip(below, reversed(above), strict=True)
    (_, lower), (_, upper) = min(partings, key=lambda sides: sides[0][0] + sides[1][0])
    return np.concatenate((lower[:-1], [0.0], upper))


@dataclass(frozen=True)
class Scheme:
    """What makes the upper bounds of values and k.

    Attributes
    ----------
    about_zero : the same for colours that diverge, of values on both sides of 0: one bound is 0
    """

    bounds: Callable[[Floats, int], Floats]
    about_zero: Callable[[Floats, int], Floats]


#: Name in a request → scheme. ``user`` takes the bounds from the request.
SCHEMES: dict[str, Scheme | None] = {
    "quantiles": Scheme(quantiles, quantiles_about_zero),
    "equal-interval": Scheme(equal_interval, equal_interval_about_zero),
    "fisher-jenks": Scheme(fisher_jenks, fisher_jenks_about_zero),
    "head-tail": Scheme(head_tail, head_tail_about_zero),
    "standard-deviation": Scheme(standard_deviation, standard_deviation_about_zero),
    "user": None,
}


def class_breaks(
    values: Floats,
    scheme: str,
    k: int,
    breaks: Sequence[float] | None = None,
    *,
    diverging: bool = False,
) -> Floats:
    """Return the upper bounds of the classes of a scheme.

    Parameters
    ----------
    values : (n,) NaN is left out
    scheme : one of ``SCHEMES``
    k : 2 to 12; ``head-tail`` and ``standard-deviation`` choose it themselves
    breaks : upper bounds for ``user``; the maximum is added when it lies above
    diverging : the colours tell below from above, so that values on both sides of 0 are parted there,
        whatever the scheme; but not for ``user``

    Returns
    -------
    (<= k,) ascending

    Raises
    ------
    UnclassifiableValues : no finite value
    InvalidParameter : no such scheme
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise UnclassifiableValues("There are no values to classify")
    if scheme not in SCHEMES:
        raise InvalidParameter(f"No scheme is called {scheme!r}; there are: {', '.join(SCHEMES)}")
    made = SCHEMES[scheme]
    if made is not None:
        parted = diverging and finite.min() < 0 < finite.max()
        return made.about_zero(finite, k) if parted else made.bounds(finite, k)
    bounds = np.array(sorted(set(breaks or ())), np.float64)
    return bounds if len(bounds) and bounds[-1] >= finite.max() else np.append(bounds, finite.max())


def classes_below_zero(lowest: float, bounds: Floats, scheme: str) -> int | None:
    """Return how many of the classes lie below 0; None where nothing is parted there.

    A person's own bounds part at 0 only where one of them is 0: theirs may diverge at any other value.

    Parameters
    ----------
    lowest : the least value classified
    bounds : upper bounds, ascending
    scheme : one of ``SCHEMES``

    Examples
    --------
    >>> classes_below_zero(-9.0, np.array([-5.0, 0.0, 4.0]), "quantiles")
    2
    >>> classes_below_zero(1.0, np.array([2.0, 4.0]), "quantiles")
    0
    """
    if scheme == "user":
        return int(np.count_nonzero(bounds <= 0)) if 0 in bounds else None
    if not len(bounds) or lowest == bounds[-1] == 0:
        return None
    return 0 if lowest >= 0 else int(np.count_nonzero(bounds <= 0))


def classes(values: Floats, bounds: Floats) -> UInt8s:
    """Return the class of each value: 0 for the lowest, 255 where missing.

    Values above the last bound (bounds made from other periods) belong to the last class.

    Examples
    --------
    >>> classes(np.array([1.0, 2.5, 9.0, np.nan]), np.array([2.5, 4.0])).tolist()
    [0, 0, 1, 255]
    """
    found = np.searchsorted(bounds[:-1], values, side="left").astype(np.uint8)
    found[np.isnan(values)] = MISSING
    return found
