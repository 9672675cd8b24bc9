"""Moran's I and local clusters: whether areas next to each other are alike, and where.

Row-standardised weights: what is around an area is the mean of its neighbours. Significance is told by
permutation, so it needs no normal distribution, and the seed of the permutations is fixed: the same figures
have the same map. esda (PySAL) tells the same, but takes two seconds and pandas to import; the tests compare
the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.analysis.neighbours import Neighbours
from geo.errors import Finding, NotEnoughData

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
UInt8s = NDArray[np.uint8]

SEED = 20141228
#: For each area, where the least of many p-values counts; and for all areas together.
PERMUTATIONS, PERMUTATIONS_OF_WHOLE = 9999, 999
#: The share of false ones among the clusters told is held below this (Benjamini and Hochberg 1995).
FALSE_DISCOVERIES = 0.05
#: Fewer areas than this tell nothing.
LEAST = 30

HIGH_HIGH, LOW_LOW, HIGH_LOW, LOW_HIGH, NOT_SIGNIFICANT = range(1, 6)

#: Permutations worked out together: some megabytes for all municipalities.
_TOGETHER = 200
#: Sums of the same numbers in another order are equal.
_NOISE = 1e-9


@dataclass(frozen=True)
class Whole:
    """Moran's I of all areas.

    Attributes
    ----------
    i : near 1 where neighbours are alike, near 0 where they are as others, below where they differ
    expected, deviation : of ``i`` if the values lay at random (randomisation)
    p : share of permutations that are as far out, two-sided
    """

    i: float
    expected: float
    deviation: float
    p: float

    @property
    def z(self) -> float:
        """How many deviations ``i`` is from what is expected."""
        return (self.i - self.expected) / self.deviation


@dataclass(frozen=True)
class Local:
    """Each area beside its neighbours.

    Attributes
    ----------
    i : (n,) local Moran's I
    p : (n,) share of conditional permutations that are as far out, two-sided
    adjusted : (n,) the same for that many tests at once
    clusters : (n,) ``HIGH_HIGH`` … ``NOT_SIGNIFICANT``
    """

    i: Floats
    p: Floats
    adjusted: Floats
    clusters: UInt8s

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.i.nbytes + self.p.nbytes + self.adjusted.nbytes + self.clusters.nbytes


def standardised(values: Floats, graph: Neighbours) -> Floats:
    """Return values less their mean, divided by their standard deviation.

    Raises
    ------
    NotEnoughData : fewer than ``LEAST`` values, or all of them are the same
    ValueError : an area has no neighbour
    """
    if len(values) < LEAST:
        finding = Finding("layer", "areas with a value", str(len(values)), f"at least {LEAST}")
        raise NotEnoughData(f"Clusters need {LEAST} areas with a value and a neighbour", [finding])
    if values.min() == values.max():
        finding = Finding("layer", "values", f"all {values[0]:g}", "values that differ")
        raise NotEnoughData("All values are the same: there is nothing to cluster", [finding])
    if (graph.counts == 0).any():
        raise ValueError("An area without a neighbour is compared with nothing")
    centred = values - values.mean()
    z: Floats = centred / np.sqrt(np.mean(centred**2))
    return z


def whole(
    z: Floats, graph: Neighbours, *, permutations: int = PERMUTATIONS_OF_WHOLE, seed: int = SEED
) -> Whole:
    """Return Moran's I of all areas.

    Parameters
    ----------
    z : (n,) standardised
    graph : of the same areas, each with a neighbour
    """
    n = len(z)
    first, second = graph.pairs.T
    weights = (1 / graph.counts[first] + 1 / graph.counts[second]) / n
    i = float(z[first] * z[second] @ weights)
    rng = np.random.default_rng(seed)
    above = below = 0
    for begin in range(0, permutations, _TOGETHER):
        shuffled = rng.permuted(np.tile(z, (min(_TOGETHER, permutations - begin), 1)), axis=1)
        by_chance = shuffled[:, first] * shuffled[:, second] @ weights
        above += int(np.count_nonzero(by_chance >= i - _NOISE))
        below += int(np.count_nonzero(by_chance <= i + _NOISE))
    p = min(1.0, 2 * (min(above, below) + 1) / (permutations + 1))
    return Whole(i, -1 / (n - 1), _deviation(z, graph), p)


def _deviation(z: Floats, graph: Neighbours) -> float:
    """Return the standard deviation of Moran's I under randomisation (Cliff and Ord 1981)."""
    n, counts = len(z), graph.counts
    first, second = graph.pairs.T
    s0 = float(n)
    s1 = float(((1 / counts[first] + 1 / counts[second]) ** 2).sum())
    towards = np.bincount(first, 1 / counts[second], n) + np.bincount(second, 1 / counts[first], n)
    s2 = float(((1 + towards) ** 2).sum())
    kurtosis = float((z**4).mean() / (z**2).mean() ** 2)
    common = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    peaked = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = (common - peaked) / ((n - 1) * (n - 2) * (n - 3) * s0**2) - 1 / (n - 1) ** 2
    return float(np.sqrt(variance))


def draws(n: int, most: int, *, permutations: int = PERMUTATIONS, seed: int = SEED) -> Ints:
    """Return which of an area's ``n - 1`` others stand in for up to ``most`` neighbours, again and again.

    Returns
    -------
    (most, permutations) no number twice in a column
    """
    rng = np.random.default_rng(seed)
    found = np.empty((most, permutations), np.intp)
    for begin in range(0, permutations, _TOGETHER):
        together = min(_TOGETHER, permutations - begin)
        shuffled = rng.permuted(np.tile(np.arange(n - 1), (together, 1)), axis=1)
        found[:, begin : begin + together] = shuffled[:, :most].T
    return found


def local(z: Floats, graph: Neighbours, drawn: Ints) -> Local:
    """Return each area beside its neighbours, and beside as many others drawn at random.

    Parameters
    ----------
    z : (n,) standardised
    graph : of the same areas, each with a neighbour
    drawn : (most neighbours, permutations); see ``draws``
    """
    n, counts, around = len(z), graph.counts, graph.means(z)
    others = z[1:].copy()  # all values but that of the area in turn
    p = np.empty(n)
    for at in range(n):
        if at:
            others[at - 1] = z[at - 1]
        k = int(counts[at])
        by_chance = others[drawn[:k]].sum(axis=0)
        found = around[at] * k
        above = np.count_nonzero(by_chance >= found - _NOISE)
        below = np.count_nonzero(by_chance <= found + _NOISE)
        p[at] = 2 * (min(above, below) + 1) / (drawn.shape[1] + 1)
    p = np.minimum(p, 1)
    corrected = adjusted(p)
    high, high_around = z > 0, around > 0
    alike = np.where(high, HIGH_HIGH, LOW_LOW)
    unlike = np.where(high, HIGH_LOW, LOW_HIGH)
    clusters = np.where(high == high_around, alike, unlike)
    clusters[corrected > FALSE_DISCOVERIES] = NOT_SIGNIFICANT
    return Local((n - 1) / n * z * around, p, corrected, clusters.astype(np.uint8))


def adjusted(p: Floats) -> Floats:
    """Return p-values of tests made at once, so that few of those below a bound are false.

    Each is the least bound of false discoveries at which its test counts (Benjamini and Hochberg 1995).

    >>> adjusted(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return found
