"""Did it move after the measure began? Deployed areas against matched ones: difference in differences.

It is a comparison, not a proof: who runs a measure was not drawn by lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Fewer deployed areas than this say nothing about the many.
LEAST = 8
CONFIDENCE = 0.95

# scipy.stats and scipy.optimize take a second of CPU to load, for which the first effect of a process would
# wait: hence the assignment below. scipy.special takes a seventh of it.


@dataclass(frozen=True)
class Estimate:
    """A mean difference with its interval; ``low`` and ``high`` are Student's t at 95 %."""

    estimate: float
    low: float
    high: float
    n: int


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


def mean_difference(differences: Floats) -> Estimate:
    """Return the mean of differences with its 95 % interval.

    Parameters
    ----------
    differences : (n,) one for each deployed area, n at least 2

    Examples
    --------
    >>> found = mean_difference(np.array([1.0, 2.0, 3.0]))
    >>> found.estimate, round(found.low, 3), round(found.high, 3)
    (2.0, -0.484, 4.484)
    """
    from scipy.special import stdtrit

    n, mean = len(differences), float(differences.mean())
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2) * differences.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n)


def differences(before: Floats, after: Floats, peers_before: Floats, peers_after: Floats) -> Floats:
    """Return each deployed area's change less the mean change of its matched areas.

    Parameters
    ----------
    before, after : (n,)
    peers_before, peers_after : (n, k)
    """
    found: Floats = (after - before) - (peers_after - peers_before).mean(axis=1)
    return found
