"""Which areas are alike, and which are worst off: standardised indicators, with every step told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Peer:
    """One area that is alike: its position, its distance, and what each indicator adds to it.

    ``differences`` are in deviations of ``standard``, this area less the other; their root mean square is the
    distance.
    """

    position: int
    distance: float
    differences: tuple[float, ...]


#: The share of cases at either end that is moved in before a centre and a scale are told.
WINSORISED = 0.05
#: Sums of the same numbers in another order are equal.
_DIGITS = 12


@dataclass(frozen=True)
class Standard:
    """What values are compared by, for each of m columns.

    Attributes
    ----------
    low, high : (m,) to which the least and the greatest 5 % of cases are moved
    mean, deviation : (m,) of the cases thus moved; not a number where there is no case
    cases : how many areas have every value; all columns are told of the same ones
    """

    low: Floats
    high: Floats
    mean: Floats
    deviation: Floats
    cases: int


def standard(values: Floats) -> Standard:
    """Return what values are compared by: winsorised means and standard deviations (Tukey 1962).

    The ends are the quantiles at 5 % and 95 %, so a few areas far out cannot decide how much a column weighs.
    A median absolute deviation would be zero where half of all areas have the same value, as none of a thing.

    Parameters
    ----------
    values : (n, m) n areas, m indicators; NaN where missing

    Examples
    --------
    >>> told = standard(np.array([[*range(20), 1000.0]]).T)
    >>> told.low.tolist(), told.high.tolist(), told.mean.tolist(), told.cases
    ([1.0], [19.0], [10.0], 21)
    """
    whole = values[np.isfinite(values).all(axis=1)]
    if not len(whole):
        nothing = np.full(values.shape[1], np.nan)
        return Standard(nothing, nothing, nothing, nothing, 0)
    low, high = np.quantile(whole, (WINSORISED, 1 - WINSORISED), axis=0)
    moved = np.clip(whole, low, high)
    # all the same within the ends: no spread, whatever the sum of them rounds to
    spread = np.where(low < high, moved.std(axis=0), 0.0)
    return Standard(low, high, moved.mean(axis=0), spread, len(whole))


def standardised(values: Floats, by: Standard | None = None) -> Floats:
    """Return each column less its mean, in deviations; see ``standard``. No value is moved here.

    Parameters
    ----------
    values : (n, m) n areas, m indicators; NaN where missing
    by : of these values when left out

    Returns
    -------
    (n, m) NaN in the whole row of an area that misses a value; a column without spread is 0
    """
    by = by or standard(values)
    out = (values - by.mean) / np.where(by.deviation > 0, by.deviation, np.inf)
    out[~np.isfinite(values).all(axis=1)] = np.nan
    return out


def distances(scores: Floats, position: int) -> Floats:
    """Return each area's distance from one: the root mean square difference of standardised values.

    >>> distances(np.array([[0.0, 0.0], [3.0, 4.0]]), 0).round(4).tolist()
    [0.0, 3.5355]
    """
    found: Floats = np.sqrt(((scores - scores[position]) ** 2).mean(axis=1))
    return found


def nearest(scores: Floats, position: int, k: int, allowed: NDArray[np.bool_] | None = None) -> list[Peer]:
    """Return the ``k`` areas most alike, nearest first; equal distances in the order of areas, by code.

    An area that cannot be compared itself has none.

    Parameters
    ----------
    scores : (n, m) standardised values, NaN rows for areas that cannot be compared
    allowed : (n,) which areas may be peers; all when left out
    """
    away = distances(scores, position)
    away[position] = np.nan
    if allowed is not None:
        away[~allowed] = np.nan
    order = np.argsort(np.round(away, _DIGITS), kind="stable")[:k]
    return [
        Peer(int(place), float(away[place]), tuple((scores[position] - scores[place]).tolist()))
        for place in order
        if np.isfinite(away[place])
    ]


def need(values: Floats, lower_is_worse: NDArray[np.bool_]) -> Floats:
    """Return how badly off each area is: the mean over indicators of the share of areas that are better off.

    Areas with the same value count half. Shares, not distances: one extreme value would outweigh the rest.

    Parameters
    ----------
    values : (n, m) NaN where missing
    lower_is_worse : (m,)

    Returns
    -------
    (n,) 0 for the best of all in everything to 1 for the worst, to twelve digits, so that equal needs are
    equal; NaN where an area lacks more than half of the values

    Examples
    --------
    >>> need(np.array([[1.0], [2.0], [2.0], [4.0]]), np.array([True])).round(3).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    shares = np.stack(
        [_share_better(column) for column in np.where(lower_is_worse, values, -values).T], axis=1
    )
    known = np.isfinite(shares)
    count = known.sum(axis=1)
    total = np.where(known, shares, 0.0).sum(axis=1)
    enough = count * 2 >= values.shape[1]
    out: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=enough & (count > 0))
    return np.round(out, _DIGITS)


def _share_better(column: Floats) -> Floats:
    """Return the share of the other areas whose value is higher, those with the same value counted half."""
    known = np.isfinite(column)
    ordered = np.sort(column[known])
    below = np.searchsorted(ordered, column, side="left")
    up_to = np.searchsorted(ordered, column, side="right")
    higher, same = len(ordered) - up_to, up_to - below - 1
    shares: Floats = (higher + same / 2) / max(len(ordered) - 1, 1)
    shares[~known] = np.nan
    return shares
