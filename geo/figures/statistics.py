"""Statistics of the values of one map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


Order = Literal["lowest first", "highest first"]


class Extremum(TypedDict):
    """The lowest or highest value, and the first area that has it."""

    value: float
    code: str


class Histogram(TypedDict):
    """How many values lie between each two edges."""

    edges: list[float]
    counts: list[int]


class Statistics(TypedDict):
    """Counts, extremes, moments, quantiles, histogram and ranks; null where there is no value."""

    n: int
    missing: int
    missing_by_status: dict[str, int]
    minimum: Extremum | None
    maximum: Extremum | None
    mean: float | None
    median: float | None
    standard_deviation: float | None
    quantiles: dict[str, float] | None
    histogram: Histogram | None
    rank_order: NotRequired[Order]
    ranks: dict[str, int]


QUANTILES = (5, 10, 25, 50, 75, 90, 95)
BINS = 20


def ranks(values: Floats, *, lowest_first: bool = False) -> list[int | None]:
    """Return the rank of each value: equal values share the better rank (1, 2, 2, 4); NaN has none.

    >>> ranks(np.array([5.0, 9.0, np.nan, 5.0, 1.0]))
    [2, 1, None, 2, 4]
    """
    finite = np.isfinite(values)
    ordered = np.sort(values[finite] if lowest_first else -values[finite])
    places = np.searchsorted(ordered, values if lowest_first else -values) + 1
    return [int(place) if there else None for place, there in zip(places, finite, strict=True)]


def ranks_within(values: Floats, groups: Ints, *, lowest_first: bool = False) -> tuple[Ints, Ints]:
    """Return the rank of each value in its group, and how many values the group has.

    Parameters
    ----------
    values : (n,) NaN where missing
    groups : (n,) of which group each is, from 0

    Returns
    -------
    (n,) ranks as ``ranks`` gives them, 0 where there is no value; (n,) counts

    Examples
    --------
    >>> ranks_within(np.array([5.0, 9.0, np.nan, 5.0]), np.array([0, 1, 1, 1]))
    (array([1, 1, 0, 2]), array([1, 2, 2, 2]))
    """
    finite = np.isfinite(values)
    keys = np.where(finite, values if lowest_first else -values, np.nan)
    order = np.lexsort((keys, groups))  # NaN last in its group
    group, key, at = groups[order], keys[order], np.arange(len(values))
    begins = np.ones(len(values), np.bool_)
    begins[1:] = group[1:] != group[:-1]
    differs = begins.copy()
    differs[1:] |= key[1:] != key[:-1]
    first, same = (np.maximum.accumulate(np.where(is_new, at, 0)) for is_new in (begins, differs))
    places = np.empty(len(values), np.intp)
    places[order] = same - first + 1
    places[~finite] = 0
    return places, np.bincount(groups[finite], minlength=int(groups.max(initial=-1)) + 1)[groups]


def histogram(values: Floats) -> Histogram:
    """Return the edges and counts of 20 bins of equal width over finite values."""
    counts, edges = np.histogram(values, BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def statistics(
    values: Floats, *, codes: Sequence[str], statuses: Sequence[str], direction: str = "neutral"
) -> Statistics:
    """Return counts, extremes, moments, quantiles, histogram and ranks.

    Parameters
    ----------
    values : (n,) NaN where missing
    codes : n area codes
    statuses : n of them; where there is no value, they say why
    direction : ``lower`` ranks the lowest first, everything else the highest

    Returns
    -------
    a JSON object; what needs a value is null where there is none. ``standard_deviation`` is that of a
    sample (n - 1).
    """
    is_told = np.isfinite(values)
    finite = values[is_told]
    missing = Counter(status for status, told in zip(statuses, is_told.tolist(), strict=True) if not told)
    found: Statistics = {
        "n": len(finite),
        "missing": len(values) - len(finite),
        "missing_by_status": dict(sorted(missing.items())),
        "minimum": None,
        "maximum": None,
        "mean": None,
        "median": None,
        "standard_deviation": None,
        "quantiles": None,
        "histogram": None,
        "ranks": {},
    }
    if not len(finite):
        return found
    lowest, highest = int(np.nanargmin(values)), int(np.nanargmax(values))
    lowest_first = direction == "lower"
    return {
        **found,
        "minimum": {"value": float(values[lowest]), "code": codes[lowest]},
        "maximum": {"value": float(values[highest]), "code": codes[highest]},
        "mean": float(finite.mean()),
        "median": float(np.median(finite)),
        "standard_deviation": float(finite.std(ddof=1)) if len(finite) > 1 else None,
        "quantiles": {str(q): float(np.quantile(finite, q / 100)) for q in QUANTILES},
        "histogram": histogram(finite),
        "rank_order": "lowest first" if lowest_first else "highest first",
        "ranks": {
            code: rank
            for code, rank in zip(codes, ranks(values, lowest_first=lowest_first), strict=True)
            if rank is not None
        },
    }
