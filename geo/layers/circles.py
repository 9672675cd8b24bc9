"""Proportional symbols: a count is a circle whose area is in proportion to it.

A count painted over an area says how large the area is; a circle says how large the count is. Rates,
densities and categories stay areas of colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geo.layers import palettes
from geo.layers.legend import formatted
from geo.layers.palettes import to_hex

Floats = NDArray[np.float64]

#: Under circles, areas are paper; it is lighter than where there are no data.
LAND = "#f3f0e8"
#: How much of what lies under a circle shows through it.
OPACITY = 0.72
#: Of numbers below 0, where the palette has no half for them.
LOSS = "#b2182b"
#: The strongest of so many shades.
SHADES = 7
#: A map of at most so many areas has room for larger circles.
FEW = 100
#: On interactive maps: (zoom, radius of the largest circle in pixels) of few areas and of many.
SIZES_OF_FEW = ((2, 7), (4, 26), (8, 80), (12, 160))
SIZES_OF_MANY = ((2, 4), (4, 16), (8, 60), (12, 140))
#: Between two zooms a radius grows by powers of this (MapLibre's exponential interpolation).
GROWTH = 1.4
#: (zoom, width of the white line around a circle in pixels): where all are small it would hide them.
STROKES = ((3, 0.15), (5, 0.6))
#: A legend shows so many circles, each about so many times the next.
EXAMPLES, STEP = 3, 5


def are_for(kind: str) -> bool:
    """Return whether the values of an indicator of this kind are shown as circles."""
    return kind == "count"


def sizes_at(areas: int) -> tuple[tuple[int, int], ...]:
    """Return the radius of the largest circle, in pixels, at some zooms of a map of so many areas."""
    return SIZES_OF_FEW if areas <= FEW else SIZES_OF_MANY


@lru_cache(maxsize=512)
def radius_at(zoom: float, areas: int) -> float:
    """Return the radius of the largest circle, in pixels, at a zoom of a map of so many areas.

    >>> [round(radius_at(zoom, 47), 1) for zoom in (0, 4, 5, 14)]
    [7.0, 26.0, 33.6, 160.0]
    """
    stops = np.array(sizes_at(areas), np.float64)
    zooms, pixels = GROWTH ** stops[:, 0], stops[:, 1]
    return float(np.interp(GROWTH**zoom, zooms, pixels))


@lru_cache(maxsize=512)
def stroke_at(zoom: float) -> float:
    """Return the width of the white line around circles, in pixels, at a zoom.

    >>> stroke_at(2), stroke_at(4), stroke_at(9)
    (0.15, 0.375, 0.6)
    """
    zooms, pixels = zip(*STROKES, strict=True)
    return float(np.interp(zoom, zooms, pixels))


@dataclass(frozen=True)
class Circles:
    """How counts are drawn.

    Attributes
    ----------
    most : the number that the largest circle stands for; 0 where all are 0
    above, below : colour of numbers above and below 0
    """

    most: float
    above: str
    below: str

    @classmethod
    def of(cls, lowest: float, bounds: Floats, palette: str) -> Circles:
        """Return the circles of values classified between ``lowest`` and the last of the bounds.

        They have the strongest colours of the palette; a palette of one half lends none to losses.
        """
        most = max(abs(float(lowest)), abs(float(bounds[-1]))) if len(bounds) else 0.0
        ends = palettes.colours(palette, SHADES)[[0, -1]].tolist()
        below = to_hex(ends[0]) if palettes.is_diverging(palette) else LOSS
        return cls(most, to_hex(ends[1]), below)

    def sizes(self, values: Floats) -> Floats:
        """Return each radius as a share of the largest one; 0 for 0, NaN where missing.

        >>> Circles(100.0, "#000000", "#ff0000").sizes(np.array([100.0, -25.0, 0.0])).tolist()
        [1.0, 0.5, 0.0]
        """
        return np.sqrt(np.abs(values) / self.most) if self.most else values * 0.0

    def colour(self, value: float) -> str:
        """Return the colour of a number's circle."""
        return self.below if value < 0 else self.above

    def examples(self, decimals: int, highest: float | None = None) -> list[Example]:
        """Return the circles of a legend: round numbers, the largest first.

        Parameters
        ----------
        highest : number that none of them is above; the one that the largest circle stands for without it

        >>> [one.label for one in Circles(13_960_000.0, "#000000", "#ff0000").examples(0)]
        ['10,000,000', '2,000,000', '200,000']
        """
        found: list[Example] = []
        number = self.most if highest is None else min(highest, self.most)
        while number > 0 and len(found) < EXAMPLES:
            number = _round_below(number)
            if round(number, decimals) == 0:
                break
            found.append(
                Example(number, float(self.sizes(np.array([number]))[0]), formatted(number, decimals))
            )
            number /= STEP
        return found


@dataclass(frozen=True)
class Example:
    """A circle of a legend; ``size`` is its radius as a share of the largest one."""

    value: float
    size: float
    label: str


def _round_below(number: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is not above a positive number."""
    power = 10.0 ** np.floor(np.log10(number))
    return float(max(step * power for step in (1, 2, 5) if step * power <= number * (1 + 1e-12)))


def largest_first(sizes: Floats) -> Sequence[int]:
    """Return the places of the circles to draw, the small ones over the large; none of size 0 or missing."""
    drawn = np.flatnonzero(sizes > 0)
    order: list[int] = drawn[np.argsort(-sizes[drawn], kind="stable")].tolist()
    return order
