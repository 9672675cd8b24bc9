"""Did it move after the measure began? Deployed areas against matched ones: difference in differences.

It is a comparison, not a proof: who runs a measure was not drawn by lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Fewer deployed areas than this say nothing about the many.
LEAST = 8
CONFIDENCE = 0.95
#: Of the draws of who might have been the deployed one; where there are no more ways, all of them are taken.
SEED, DRAWS = 20141228, 4999
#: Draws worked out together, and what sums of the same numbers in another order differ by at most.
_TOGETHER, _NOISE = 1000, 1e-9

# SciPy takes a second of CPU to load, its special functions alone a seventh of it, for which the first effect
# of a process would wait: hence the assignment and Student's t below. The tests compare both with SciPy's.


@dataclass(frozen=True)
class Estimate:
    """A mean difference with its interval at 95 %.

    ``low`` and ``high`` are Student's t by matched sets or by clusters, whichever interval is the wider.
    """

    estimate: float
    low: float
    high: float
    n: int
    clusters: int


def matched(away: Floats, usable: NDArray[np.bool_], k: int) -> Ints:
    """Return for each deployed area the ``k`` areas most alike, none of them used twice.

    The sum of all distances is the least there is (assignment problem), so the order of areas does not
    matter.

    Parameters
    ----------
    away : (n, p) distance of each deployed area from each of p areas
    usable : (p,) which of them may be used

    Returns
    -------
    (n, k) positions among the p areas

    Raises
    ------
    ValueError : fewer than n * k areas may be used
    """
    places = np.flatnonzero(usable)
    if len(places) < len(away) * k:
        raise ValueError(f"{len(places)} areas to compare with, {len(away) * k} are needed")
    chosen = assigned(np.repeat(away[:, places], k, axis=0))
    found: Ints = np.sort(places[chosen].reshape(len(away), k), axis=1)
    return found


def assigned(costs: Floats) -> Ints:
    """Return a column for each row, none of them twice, so that the sum of costs is the least there is.

    Rows are taken in one after another, each by the shortest augmenting path (Kuhn, Munkres; Jonker and
    Volgenant 1987): the cheapest way to a free column, over columns whose rows move on to others.

    Parameters
    ----------
    costs : (n, p) finite, p at least n

    Examples
    --------
    >>> assigned(np.array([[1.0, 2.0, 8.0], [1.5, 9.0, 9.0]])).tolist()
    [1, 0]
    """
    n, p = costs.shape
    row_prices, column_prices = np.zeros(n), np.zeros(p)
    row_of, column_of = np.full(p, -1, np.intp), np.full(n, -1, np.intp)
    for row in range(n):
        reached, shortest, came_from = np.zeros(p, np.bool_), np.full(p, np.inf), np.full(p, -1, np.intp)
        at, length, column = row, 0.0, -1
        while column < 0 or row_of[column] >= 0:
            if column >= 0:
                reached[column], at = True, int(row_of[column])
            lengths = length + costs[at] - row_prices[at] - column_prices
            is_shorter = (lengths < shortest) & ~reached
            shortest[is_shorter], came_from[is_shorter] = lengths[is_shorter], at
            column = int(np.where(reached, np.inf, shortest).argmin())
            length = float(shortest[column])
        row_prices[row] += length
        row_prices[row_of[reached]] += length - shortest[reached]
        column_prices[reached] -= length - shortest[reached]
        while column >= 0:  # each row of the path moves on, and leaves its column to the one before
            at = int(came_from[column])
            row_of[column] = at
            column, column_of[at] = int(column_of[at]), column
    return column_of


@cache
def students_t(degrees: int) -> float:
    """Return the t that 95 % of Student's distribution lie within, either side, for whole degrees of freedom.

    By halving, on the finite sums of Abramowitz and Stegun (1964, 26.7.3 and 26.7.4).

    >>> round(students_t(1), 3), round(students_t(2), 3), round(students_t(30), 3)
    (12.706, 4.303, 2.042)
    """
    odd = degrees % 2
    steps = np.arange(2 + odd, degrees - 1, 2)
    terms = np.cumprod([1.0, *(steps - 1) / steps])[: degrees // 2]
    powers = 2 * np.arange(len(terms)) + odd

    def inside(angle: float) -> float:
        summed = float(np.sin(angle) * (terms @ np.cos(angle) ** powers))
        return (angle + summed) * 2 / np.pi if odd else summed

    low, high = 0.0, np.pi / 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if inside(middle) < CONFIDENCE else (low, middle)
    return float(np.sqrt(degrees) * np.tan(high))


def mean_difference(differences: Floats, clusters: Ints) -> Estimate:
    """Return the mean of differences with its 95 % interval.

    Two intervals are worked out: every difference by itself, with n - 1 degrees of freedom, and errors that
    go together within clusters, with one less than there are clusters (Liang and Zeger 1986, with the factor
    g / (g - 1)). The wider is told: errors that cancel within clusters would make one too narrow.

    Parameters
    ----------
    differences : (n,) one for each deployed area, n at least 2
    clusters : (n,) numbers of the clusters they lie in

    Examples
    --------
    >>> found = mean_difference(np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3]))
    >>> found.estimate, round(found.low, 3), round(found.high, 3), found.clusters
    (2.0, -0.484, 4.484, 3)
    """
    n, mean = len(differences), float(differences.mean())
    _, of = np.unique(clusters, return_inverse=True)
    g = int(of.max()) + 1
    halves = [
        students_t(m - 1) * float(np.sqrt(m / (m - 1) * (sums**2).sum())) / n
        for m, sums in ((n, differences - mean), (g, np.bincount(of, differences - mean)))
        if m > 1
    ]
    half = max(halves)
    return Estimate(mean, mean - half, mean + half, n, g)


def differences(changes: Floats) -> Floats:
    """Return what the difference of each matched set would be if another of it were the deployed one.

    Parameters
    ----------
    changes : (n, 1 + k, ...) of n sets; the deployed area comes first, then its k matched ones

    Returns
    -------
    same shape: the change of an area less the mean change of the others of its set; NaN for a whole set that
    misses a change. The first of each set is its difference in differences.

    Examples
    --------
    >>> differences(np.array([[3.0, 1.0, 2.0]])).tolist()
    [[1.5, -1.5, 0.0]]
    """
    members = changes.shape[1]
    found: Floats = (members * changes - changes.sum(axis=1, keepdims=True)) / (members - 1)
    return found


@dataclass(frozen=True)
class Draws:
    """Who of each matched set might have been the deployed one.

    Attributes
    ----------
    chosen : (draws, n) numbers of members; the first row is what was: the first of each set
    is_all : every way there is, so that a p-value is exact
    """

    chosen: Ints
    is_all: bool


def draws(n: int, members: int, *, count: int = DRAWS, seed: int = SEED) -> Draws:
    """Return who of each of ``n`` sets is taken for the deployed one, again and again.

    >>> draws(2, 2).chosen.tolist(), draws(2, 2).is_all
    ([[0, 0], [0, 1], [1, 0], [1, 1]], True)
    """
    if members**n <= count + 1:
        return Draws(np.indices((members,) * n).reshape(n, -1).T.astype(np.intp), True)
    drawn = np.random.default_rng(seed).integers(0, members, (count, n))
    return Draws(np.vstack([np.zeros((1, n), np.intp), drawn]).astype(np.intp), False)


def studentised(differences: Floats, drawn: Draws) -> Floats:
    """Return the mean difference over its standard error for each draw.

    Over the standard error, the test is right in large samples also where effects differ between areas (Wu
    and Ding 2021).

    Parameters
    ----------
    differences : (n, 1 + k, m) as ``differences`` gives them, of m comparisons

    Returns
    -------
    (draws, m) without a bound where all differences are the same, but for 0
    """
    n, members, m = differences.shape
    flat = differences.reshape(n * members, m)
    known = np.isfinite(flat)
    values = np.where(known, flat, 0.0)
    count = known.reshape(n, members, m)[:, 0].sum(axis=0)
    rows = np.arange(n) * members + drawn.chosen
    found = np.empty((len(rows), m))
    for begin in range(0, len(rows), _TOGETHER):
        some = rows[begin : begin + _TOGETHER]
        is_chosen = np.zeros((len(some), n * members))
        np.put_along_axis(is_chosen, some, 1.0, axis=1)
        mean, square = is_chosen @ values / count, is_chosen @ values**2 / count
        variance = np.where(square - mean**2 > _NOISE * square, square - mean**2, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = mean / np.sqrt(variance / (count - 1))
        found[begin : begin + len(some)] = np.where(mean**2 > _NOISE**2 * square, t, 0.0)
    return found


def chance(statistics: Floats) -> float:
    """Return the share of draws whose statistic is as large as that of the first, itself included.

    >>> chance(np.array([2.0, 1.0, 2.0, 3.0]))
    0.75
    """
    return float(np.mean(statistics >= statistics[0] * (1 - _NOISE)))


def chance_of_effect(differences: Floats, drawn: Draws) -> float:
    """Return the two-sided p-value of a comparison, by randomisation within matched sets (Fisher 1935).

    Parameters
    ----------
    differences : (n, 1 + k) as ``differences`` gives them
    """
    return chance(np.abs(studentised(differences[:, :, None], drawn)[:, 0]))


def chance_of_trends(differences: Floats, drawn: Draws) -> float:
    """Return the p-value of all comparisons together: none of the years before a start differs.

    The statistic is the sum of the squares; drawing whole sets keeps how the years go together.

    Parameters
    ----------
    differences : (n, 1 + k, m) as ``differences`` gives them, of m years
    """
    return chance((studentised(differences, drawn) ** 2).sum(axis=1))
