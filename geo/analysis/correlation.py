"""How two figures of the same areas go together: correlations, the line of regression, what it leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, NotEnoughData

Floats = NDArray[np.float64]

#: Two figures of fewer areas than this always seem to go together.
LEAST = 10


@dataclass(frozen=True)
class Correlation:
    """How y goes with x over the areas that have both.

    Attributes
    ----------
    pearson : of the values
    spearman : of their ranks; equal values share the mean of theirs
    slope, intercept : of the line ``y = intercept + slope · x`` of least squares
    r_squared : share of the variance of y that the line tells
    """

    n: int
    pearson: float
    spearman: float
    slope: float
    intercept: float

    @property
    def r_squared(self) -> float:
        """Share of the variance of y that the line tells."""
        return self.pearson**2

    def residuals(self, x: Floats, y: Floats) -> Floats:
        """Return by how much y is above the line; NaN where either is missing."""
        return y - (self.intercept + self.slope * x)


def correlation(x: Floats, y: Floats, weights: Floats | None = None) -> Correlation:
    """Return how two figures go together.

    Parameters
    ----------
    x, y : (n,) NaN where missing; an area that lacks either is left out
    weights : (n,) people, say; an area that lacks its weight is left out. Ranks are those of the areas, each
        of which counts with its weight

    Raises
    ------
    NotEnoughData : fewer than ``LEAST`` areas, or one of the figures is the same everywhere
    """
    known = both_known(x, y, weights)
    x, y = x[known], y[known]
    w = np.ones(len(x)) if weights is None else weights[known]
    if len(x) < LEAST:
        finding = Finding("query", "areas with both figures", str(len(x)), f"at least {LEAST}")
        raise NotEnoughData(f"A correlation needs {LEAST} areas that have both figures", [finding])
    for name, values in (("x", x), ("y", y)):
        if values.min() == values.max():
            finding = Finding("query", name, f"all {values[0]:g}", "values that differ")
            raise NotEnoughData(f"All values of {name} are the same", [finding])
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    slope = float(w @ ((x - mean_x) * (y - mean_y)) / (w @ (x - mean_x) ** 2))
    return Correlation(
        n=len(x),
        pearson=_pearson(x, y, w),
        spearman=_pearson(midranks(x), midranks(y), w),
        slope=slope,
        intercept=float(mean_y - slope * mean_x),
    )


def both_known(x: Floats, y: Floats, weights: Floats | None = None) -> NDArray[np.bool_]:
    """Return which areas have both figures, and a weight above 0 where there are weights."""
    known = np.isfinite(x) & np.isfinite(y)
    return known if weights is None else known & np.isfinite(weights) & (weights > 0)


def _pearson(x: Floats, y: Floats, w: Floats) -> float:
    dx, dy = x - np.average(x, weights=w), y - np.average(y, weights=w)
    r = (w @ (dx * dy)) / np.sqrt((w @ dx**2) * (w @ dy**2))
    return float(np.clip(r, -1, 1))


def midranks(values: Floats) -> Floats:
    """Return the rank of each value from 1; equal values share the mean of their ranks.

    >>> midranks(np.array([3.0, 1.0, 3.0, 9.0])).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks
