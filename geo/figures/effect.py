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

# scipy takes half a second and 60 MB, which a process that is never asked for an effect need not pay.


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
    from scipy.optimize import linear_sum_assignment

    places = np.flatnonzero(usable)
    if len(places) < len(away) * k:
        raise ValueError(f"{len(places)} areas to compare with, {len(away) * k} are needed")
    _, chosen = linear_sum_assignment(np.repeat(away[:, places], k, axis=0))
    found: Ints = np.sort(places[chosen].reshape(len(away), k), axis=1)
    return found


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
    from scipy import stats

    n, mean = len(differences), float(differences.mean())
    # not ttest_1samp, which warns where all differences are the same
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n))
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
