"""Legends: what each colour of a map means, as JSON and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geo.layers.palettes import NO_DATA, to_hex
from geo.text import Language, Text

Floats = NDArray[np.float64]

FONTS = "'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans','Yu Gothic',sans-serif"
NO_DATA_LABEL: Text = {"ja": "データなし", "en": "No data"}
#: Of the largest circle in a legend, in pixels.
RADIUS = 22
#: Where nothing is known of something that may well be there.
NONE_KNOWN_LABEL: Text = {"ja": "把握なし（網羅ではない）", "en": "None known (partial)"}


@dataclass(frozen=True)
class Entry:
    """One class, from ``lower`` (excluded but in the lowest class) to ``upper``; None for categories."""

    lower: float | None
    upper: float | None
    colour: str
    label_ja: str
    label_en: str
    count: int


@dataclass(frozen=True)
class CircleEntry:
    """A circle and what it stands for; ``size`` is its radius as a share of the largest one on the map."""

    value: float
    size: float
    colour: str
    label: Text


@dataclass(frozen=True)
class Legend:
    """The classes of a picture, from low to high, its circles where it has some, the areas without data."""

    title_ja: str
    title_en: str
    unit_ja: str
    unit_en: str
    period: str
    entries: tuple[Entry, ...]
    no_data: int
    no_data_label: Text = field(default_factory=lambda: NO_DATA_LABEL)
    circles: tuple[CircleEntry, ...] = ()

    def heading(self, lang: Language) -> str:
        """Return the title with the unit behind it, in ``ja`` or ``en``."""
        title = self.title_ja if lang == "ja" else self.title_en
        unit = self.unit_ja if lang == "ja" else self.unit_en
        return f"{title}（{unit}）" if lang == "ja" and unit else f"{title} ({unit})" if unit else title

    def to_svg(self, lang: Language) -> str:
        """Return the legend as SVG with its texts in ``ja`` or ``en``; a bar shows each class's count."""
        heading = self.heading(lang)
        if self.circles:
            return self._circles_svg(lang, heading)
        rows = [(e.colour, e.label_ja if lang == "ja" else e.label_en, e.count) for e in self.entries]
        rows.append((to_hex(NO_DATA), self.no_data_label[lang], self.no_data))
        most = max(count for _, _, count in rows) or 1
        parts = [self._head(48 + 22 * len(rows), heading, lang)]
        for place, (colour, label, count) in enumerate(rows):
            y = 46 + 22 * place
            bar = round(60 * count / most, 1)
            parts.append(
                f'<rect x="10" y="{y}" width="24" height="16" fill="{colour}" stroke="#888888"/>'
                f'<text x="42" y="{y + 13}">{escape(label)}</text>'
                f'<rect x="200" y="{y + 3}" width="{bar}" height="10" fill="#9aa5b1"/>'
                f'<text x="312" y="{y + 13}" text-anchor="end" fill="#555555">{count:,}</text>'
            )
        return "".join((*parts, "</svg>"))

    def _head(self, height: float, heading: str, lang: Language) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="320" height="{height:g}"'
            f' viewBox="0 0 320 {height:g}"'
            f' role="img" lang="{lang}" font-family="{FONTS}" font-size="13">'
            f"<title>{escape(heading)} {escape(self.period)}</title>"
            '<rect width="100%" height="100%" fill="#ffffff"/>'
            f'<text x="10" y="20" font-weight="bold">{escape(heading)}</text>'
            f'<text x="10" y="37" fill="#555555">{escape(self.period)}</text>'
        )

    def _circles_svg(self, lang: Language, heading: str) -> str:
        parts, y = [], 46.0
        for one in self.circles:
            radius = RADIUS * one.size
            y += radius + 3
            parts.append(
                f'<circle cx="{10 + RADIUS}" cy="{y:g}" r="{radius:.1f}" fill="{one.colour}"'
                f' stroke="#888888"/><text x="{26 + 2 * RADIUS}" y="{y + 4.5:g}">'
                f"{escape(one.label[lang])}</text>"
            )
            y += radius + 3
        if self.no_data:
            parts.append(
                f'<rect x="10" y="{y + 4:g}" width="24" height="16" fill="{to_hex(NO_DATA)}"'
                f' stroke="#888888"/>'
                f'<text x="42" y="{y + 17:g}">{escape(self.no_data_label[lang])}</text>'
                f'<text x="312" y="{y + 17:g}" text-anchor="end" fill="#555555">{self.no_data:,}</text>'
            )
            y += 24
        return "".join((self._head(y + 6, heading, lang), *parts, "</svg>"))


def formatted(value: float, decimals: int) -> str:
    """Return a number as a reader writes it.

    >>> formatted(1973395.0, 0), formatted(-3.14159, 1), formatted(-0.04, 1)
    ('1,973,395', '−3.1', '0.0')
    """
    text = f"{abs(value):,.{decimals}f}"
    return text if value >= 0 or float(text.replace(",", "")) == 0 else f"−{text}"


def _decimals_that_tell(values: Sequence[float], decimals: int) -> int:
    """Return how many decimals keep neighbouring bounds apart: the indicator's own, or more."""
    while decimals < 6 and len({formatted(value, decimals) for value in values}) < len(set(values)):
        decimals += 1
    return decimals


def _parting(bound: float, decimals: int, between: tuple[float, float] | None) -> float:
    """Return the number from which on a value belongs to the class above a bound.

    A class is closed above, its words (以上, 未満) say where it is closed below. So the number lies above the
    last value of the one class and not above the first of the other, where so few decimals can tell them.

    Parameters
    ----------
    between : the highest value of the classes below and the lowest of those above; None where not known
    """
    near = round(bound, decimals)
    if between is None:
        return near
    below, above = between
    if below < near <= above or not math.isfinite(below):
        return near
    unit = 10.0**-decimals
    next_above = round((math.floor(below / unit) + 1) * unit, decimals)
    return next_above if below < next_above <= above else near


def _between(bounds: Sequence[float], values: Floats) -> list[tuple[float, float]]:
    """Return for each bound the highest value up to it and the lowest beyond."""
    known = np.sort(values[np.isfinite(values)])
    places = np.searchsorted(known, np.asarray(bounds), side="right")
    padded = np.concatenate(([-np.inf], known, [np.inf]))
    return list(zip(padded[places].tolist(), padded[places + 1].tolist(), strict=True))


def numeric_entries(
    lowest: float,
    bounds: Sequence[float],
    colours: Sequence[str],
    counts: Sequence[int],
    decimals: int,
    *,
    whole: bool = False,
    values: Floats | None = None,
) -> tuple[Entry, ...]:
    """Return the entries of class bounds.

    The outer classes are open: they hold whatever lies beyond, however far.

    Parameters
    ----------
    lowest : the least value classified; the first class begins there
    bounds : upper bounds, ascending
    colours, counts : one per class
    decimals : of the indicator; more are shown where two bounds would read the same
    whole : the values are whole numbers
    values : (n,) those on the map, NaN where missing, so that the words part them where the colours do
    """
    if not len(bounds):
        return ()
    inner = list(bounds[:-1])
    shown = _decimals_that_tell(inner, decimals)
    gaps: Sequence[tuple[float, float] | None] = [None] * len(inner)
    if values is not None:
        gaps = _between(inner, values)
    elif whole:
        gaps = [(math.floor(bound), math.floor(bound) + 1) for bound in inner]
    partings = [_parting(bound, shown, gap) for bound, gap in zip(inner, gaps, strict=True)]
    labels = _labels(min(lowest, bounds[0]), bounds[-1], partings, shown, whole=whole)
    edges = [min(lowest, bounds[0]), *bounds]
    return tuple(
        Entry(lower, upper, colour, ja, en, count)
        for lower, upper, colour, count, (ja, en) in zip(
            edges, edges[1:], colours, counts, labels, strict=False
        )
    )


def _labels(
    lowest: float, highest: float, partings: Sequence[float], decimals: int, *, whole: bool
) -> list[tuple[str, str]]:
    """Return the words for each class in both languages; one of a single whole number is told by it."""
    if not partings:
        low, high = formatted(lowest, decimals), formatted(highest, decimals)
        return [(low, low) if low == high else (f"{low} 以上 {high} 以下", f"{low} to {high}")]
    told = [formatted(number, decimals) for number in partings]
    labels = [(f"{told[0]} 未満", f"under {told[0]}")]
    labels += [(f"{low} 以上 {high} 未満", f"{low} to under {high}") for low, high in pairwise(told)]
    labels.append((f"{told[-1]} 以上", f"{told[-1]} or more"))
    if whole and not decimals:
        firsts = [math.ceil(lowest), *map(int, partings)]
        lasts = [*(int(number) - 1 for number in partings), math.floor(highest)]
        for place, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
            if first == last:
                labels[place] = (formatted(first, 0), formatted(first, 0))
    return labels
