"""How a figure has changed between two periods; not where its series breaks between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, InvalidParameter
from geo.figures.breaks import break_between
from geo.figures.indicators import Indicator

Floats = NDArray[np.float64]
Measure = Literal["difference", "per-cent", "per-year"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


def difference(before: Floats, after: Floats, _years: float) -> Floats:
    """Return by how much the figure has grown, in its own unit."""
    return after - before


def per_cent(before: Floats, after: Floats, _years: float) -> Floats:
    """Return the growth as a share of the earlier figure; NaN where that is not above 0.

    >>> per_cent(np.array([200.0, 0.0, -5.0]), np.array([150.0, 3.0, 5.0]), 5).tolist()
    [-25.0, nan, nan]
    """
    growth: Floats = np.divide(
        (after - before) * 100, before, out=np.full(len(before), np.nan), where=before > 0
    )
    return growth


def per_year(before: Floats, after: Floats, years: float) -> Floats:
    """Return the growth of a mean year, in the figure's own unit; of months it is that of twelve of them."""
    return (after - before) / years


#: Measure → what makes it of the earlier and the later figures, and the years between them.
CHANGES: Mapping[Measure, Callable[[Floats, Floats, float], Floats]] = {
    "difference": difference,
    "per-cent": per_cent,
    "per-year": per_year,
}


def refuse_broken(indicator: Indicator, before: str, after: str) -> None:
    """Refuse a change across a break.

    Raises
    ------
    InvalidParameter : the message names the newest break and its reason
    """
    found = break_between(indicator.breaks, before, after)
    if found is not None:
        finding = Finding("query", "from", before, f"{found.period} or later")
        raise InvalidParameter(
            f"The figures of {indicator.id} from {before} and {after} do not compare: the series breaks at "
            f"{found.period} ({found.reason_en})",
            [finding],
        )
