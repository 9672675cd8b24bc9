"""Small charts for pages that are read on paper as well: lines over time, a spread, a population pyramid.

Colours stand in attributes, so that a page without styles, a printer and a writer of PDF draw them alike; the
classes let a page in the dark colour them otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geo.figures.ages import STARTS, Ages
from geo.layers.legend import FONTS, formatted
from geo.periods import period_of

Floats = NDArray[np.float64]

#: Width of a chart; its letters are 10 high.
WIDTH = 260
INK, SOFT, RULE, BAR = "#17212b", "#4d5b68", "#d5dde4", "#b9c9d5"
OWN = "#0b5c8a"
#: Colour and dashes of the lines of a chart, the area's own first; they differ without colour too.
LINES = ((OWN, ""), ("#b3430f", "6 3"), ("#5b6670", "1.5 2.5"))
WOMEN = "#a8487f"
#: What is written in bold letters.
BOLD = ("own", "men", "women")
#: What these lines are called in styles.
KINDS = ("own", "second", "third")
#: The figures of a line are told by dots where they are fewer.
_DOTTED = 12
#: The marks of an axis are so much apart, times a power of ten; the widest first.
_NICE = (5, 2, 1, 0.5, 0.2, 0.1)
_YEARS = (1, 2, 5, 10, 20, 50)
_BINS = 24
#: Of more areas than these, the outermost hundredth at either end stands in the outermost bars.
_FEW = 100


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, and the period and value of each figure, oldest first."""

    name: str
    points: Sequence[tuple[str, float]]


def breadth(text: str, size: float = 10) -> float:
    """Return about how wide a text is: Japanese signs are as wide as they are high."""
    return size * sum(1.0 if ord(sign) > 0x2E7F else 0.62 for sign in text)


def _opened(kind: str, width: float, height: float, label: str) -> str:
    return (
        f'<svg class="chart {kind}" xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}"'
        f' font-family="{FONTS}" font-size="10" fill="{SOFT}"><title>{escape(label)}</title>'
    )


def _text(x: float, y: float, words: str, anchor: str = "start", *, fill: str = "", kind: str = "") -> str:
    colour = f' fill="{fill}"' if fill else ""
    styled = f' class="{kind}"' if kind else ""
    weight = ' font-weight="bold"' if kind in BOLD else ""
    return (
        f'<text{styled} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{colour}{weight}>{escape(words)}</text>'
    )


def marks_between(low: float, high: float) -> list[float]:
    """Return round numbers from ``low`` to ``high``, as few as three where there are.

    >>> marks_between(0.0, 87.0), marks_between(-4.5, 4.9)
    ([0.0, 20.0, 40.0, 60.0, 80.0], [-4.0, -2.0, 0.0, 2.0, 4.0])
    """
    span = high - low
    if span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span))
    for step in (power * each for each in _NICE):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first >= 2:
            return [round(place * step, 12) for place in range(first, last + 1)]
    return [low, high]


def sparkline(points: Sequence[tuple[str, float]], breaks: Sequence[str] = ()) -> str:
    """Return a small line of values without words, open where the series breaks."""
    width, height = 84.0, 22.0
    x, y = _scales([points], (3, width - 3), (height - 3, 3))
    at, value = points[-1]
    return (
        f'<svg class="sparkline" xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" aria-hidden="true"><path class="own" d="'
        f'{_path(points, breaks, x, y)}" fill="none" stroke="{OWN}" stroke-width="1.5"/>'
        f'<circle class="own" cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.4" fill="{OWN}"/></svg>'
    )


@dataclass(frozen=True)
class _Time:
    """Where periods stand from left to right."""

    first: int
    last: int
    left: float
    right: float

    def __call__(self, period: str) -> float:
        return self.at(period_of(period).first)

    def at(self, month: int) -> float:
        return self.left + (self.right - self.left) * (month - self.first) / ((self.last - self.first) or 1)


@dataclass(frozen=True)
class _Height:
    """Where values stand from bottom to top."""

    low: float
    high: float
    bottom: float
    top: float

    def __call__(self, value: float) -> float:
        return self.bottom + (self.top - self.bottom) * (value - self.low) / ((self.high - self.low) or 1)


def _scales(
    lines: Sequence[Sequence[tuple[str, float]]], across: tuple[float, float], up: tuple[float, float]
) -> tuple[_Time, _Height]:
    months = [period_of(period).first for points in lines for period, _ in points]
    values = [value for points in lines for _, value in points]
    return _Time(min(months), max(months), *across), _Height(min(values), max(values), *up)


def _path(points: Sequence[tuple[str, float]], breaks: Sequence[str], x: _Time, y: _Height) -> str:
    parts, before = [], -1
    for period, value in points:
        part = sum(one <= period for one in breaks)
        parts.append(f"{'L' if part == before else 'M'}{x(period):.1f} {y(value):.1f}")
        before = part
    return "".join(parts)


def trend(
    lines: Sequence[Line], breaks: Sequence[str], decimals: int, label: str, *, height: float = 112
) -> str:
    """Return lines over time with an axis of values, years below and names at their ends.

    Parameters
    ----------
    lines : each of one figure at least; the area's own first
    breaks : periods from which on figures are not to be compared with those before
    label : the chart in words
    """
    names = max(breadth(line.name) for line in lines) + 8
    values = [value for line in lines for _, value in line.points]
    pad = (max(values) - min(values)) * 0.06 or abs(values[0]) * 0.05 or 1
    low, high = min(values) - pad, max(values) + pad
    marks = marks_between(low, high)
    # a figure's own decimals may be more than its axis needs
    places = min(decimals, _places(marks))
    left = max(breadth(formatted(mark, places)) for mark in marks) + 6
    x, _ = _scales([line.points for line in lines], (left + 4, WIDTH - names), (0, 1))
    y = _Height(low, high, height - 18, 6)
    parts = [_opened("trend", WIDTH, height, label)]
    for mark in marks:
        ends = f"M{left:.1f} {y(mark):.1f}H{WIDTH - names + 4:.1f}"
        parts.append(f'<path class="rule" d="{ends}" stroke="{RULE}"/>')
        parts.append(_text(left - 4, y(mark) + 3.5, formatted(mark, places), "end"))
    parts += [_text(x.at(year * 12), height - 4, str(year), "middle") for year in _years(x)]
    parts += [
        f'<path class="break" d="M{x(at):.1f} 4V{height - 18:g}" stroke="{SOFT}" stroke-dasharray="2 2"/>'
        for at in breaks
        if left < x(at) < x.right
    ]
    for kind, line, (colour, dashes) in reversed([*zip(KINDS, lines, LINES, strict=False)]):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        thick = 2.2 if kind == "own" else 1.6
        parts.append(
            f'<path class="{kind}" d="{_path(line.points, breaks, x, y)}" fill="none" stroke="{colour}"'
            f' stroke-width="{thick}"{dashed}/>'
        )
    if len(lines[0].points) < _DOTTED:
        parts += [
            f'<circle class="own" cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.2" fill="{OWN}"/>'
            for at, value in lines[0].points
        ]
    ends_at = _apart([y(line.points[-1][1]) for line in lines], 11, 8, height - 20)
    for kind, line, (colour, _), at_y in zip(KINDS, lines, LINES, ends_at, strict=False):
        parts.append(_text(WIDTH - names + 6, at_y + 3.5, line.name, fill=colour, kind=kind))
    return "".join((*parts, "</svg>"))


def _places(marks: Sequence[float]) -> int:
    """Return how many decimals tell the marks of an axis."""
    step = min((after - before for before, after in pairwise(marks)), default=1)
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def _years(x: _Time) -> list[int]:
    first, last = math.ceil(x.first / 12), x.last // 12
    step = next((one for one in _YEARS if (last - first) / one <= 4), _YEARS[-1])
    return [year for year in range(first, last + 1) if year % step == 0] or [first]


def _apart(places: Sequence[float], least: float, top: float, bottom: float) -> list[float]:
    """Return places moved so far that all are ``least`` apart, in their order."""
    order = sorted(range(len(places)), key=lambda at: places[at])
    found = list(places)
    for place, at in enumerate(order):
        floor = top if not place else found[order[place - 1]] + least
        found[at] = max(found[at], floor)
    for place, at in enumerate(reversed(order)):
        ceiling = bottom if not place else found[order[len(order) - place]] - least
        found[at] = min(found[at], ceiling)
    return found


@dataclass(frozen=True)
class Spread:
    """Where an area lies among all of them.

    Attributes
    ----------
    values : (n,) those of all areas, finite
    own : the area's
    beside : those of the areas of its prefecture; ticks below
    """

    values: Floats
    own: float
    beside: Floats

    @property
    def is_lopsided(self) -> bool:
        """Whether powers of ten tell more: none is negative and the mean is above twice the median."""
        return bool(self.values.min() >= 0 and self.values.mean() > 2 * np.median(self.values) > 2)

    def moved(self, values: Floats) -> Floats:
        """Return values as they stand on the axis: in powers of ten, what is less than 1 counts as 1."""
        return np.log10(np.maximum(values, 1.0)) if self.is_lopsided else values


def spread(told: Spread, decimals: int, median: str, label: str) -> str:
    """Return how many areas have which values, and where one of them lies.

    Parameters
    ----------
    median : what the median is called
    label : the chart in words
    """
    height, base, top, ticks = 96.0, 68.0, 20.0, LINES[1][0]
    left, right = 8.0, WIDTH - 8.0
    low, high = _ends(told)
    first, last = (float(end) for end in told.moved(np.array([low, high])))
    edges = np.linspace(first, last, _BINS + 1)
    counts = np.histogram(np.clip(told.moved(told.values), first, last), edges)[0]
    wide = (right - left) / _BINS

    def x(value: float) -> float:
        share = (float(told.moved(np.array(value))) - first) / ((last - first) or 1)
        return left + (right - left) * min(max(share, 0.0), 1.0)

    parts = [_opened("spread", WIDTH, height, label)]
    own = min(int((x(told.own) - left) / wide), _BINS - 1)
    for place, count in enumerate(counts.tolist()):
        if count:
            tall = max(1.5, (base - top) * count / counts.max())
            kind, colour = ("own", OWN) if place == own else ("others", BAR)
            parts.append(
                f'<rect class="{kind}" x="{left + wide * place + 0.5:.1f}" y="{base - tall:.1f}"'
                f' width="{wide - 1:.1f}" height="{tall:.1f}" fill="{colour}"/>'
            )
    parts.append(f'<path class="rule" d="M{left:g} {base:g}H{right:g}" stroke="{SOFT}"/>')
    parts += [
        f'<path class="second" d="M{x(value):.1f} {base + 2:g}v6" stroke="{ticks}" stroke-opacity=".7"/>'
        for value in told.beside.tolist()
    ]
    middle = float(np.median(told.values))
    at = x(middle)
    parts.append(
        f'<path class="third" d="M{at:.1f} {top - 4:g}V{base:g}" stroke="{INK}" stroke-dasharray="3 2"/>'
    )
    parts += _under(told, decimals, (low, high), (median, middle, at))
    parts.append(
        f'<path class="own" d="M{x(told.own):.1f} {top - 2:g}l-4.5 -7h9z" fill="{OWN}"/>'
        + _pinned(x(told.own), 10, formatted(told.own, decimals))
    )
    return "".join((*parts, "</svg>"))


def _ends(told: Spread) -> tuple[float, float]:
    """Return the least and the greatest value that a spread shows apart, the area's own among them."""
    values = told.values
    ends = (values.min(), values.max()) if len(values) <= _FEW else np.quantile(values, (0.01, 0.99))
    return min(float(ends[0]), told.own), max(float(ends[1]), told.own)


def _under(
    told: Spread, decimals: int, ends: tuple[float, float], middle: tuple[str, float, float]
) -> list[str]:
    """Return the words below a spread: its ends, and its median where it lies."""
    low, high = ends
    first = ("≤ " if told.values.min() < low else "") + formatted(low, decimals)
    last = ("≥ " if told.values.max() > high else "") + formatted(high, decimals)
    name, value, at = middle
    words = f"{name} {formatted(value, decimals)}"
    y, half = 90.0, breadth(words) / 2
    at = min(max(at, 8 + half), WIDTH - 8 - half)
    parts = [_text(at, y, words, "middle", fill=INK)]
    if at - half > breadth(first) + 18:
        parts.append(_text(8, y, first))
    if at + half < WIDTH - breadth(last) - 18:
        parts.append(_text(WIDTH - 8, y, last, "end"))
    return parts


def _pinned(x: float, y: float, words: str) -> str:
    """Return words beside a pin, on the side that has room for them."""
    to_left = x + 8 + breadth(words) > WIDTH
    return _text(x - 8 if to_left else x + 8, y, words, "end" if to_left else "start", fill=OWN, kind="own")


@dataclass(frozen=True)
class Pyramid:
    """People by sex and age, and those of another year as outlines over them, where there are any."""

    now: Ages
    later: Ages | None
    men: str
    women: str


def pyramid(told: Pyramid, label: str, *, height: float = 136) -> str:
    """Return a population pyramid: men to the left, women to the right, the youngest below."""
    middle, gap, top = WIDTH / 2, 18.0, 16.0
    rows = len(STARTS)
    tall = (height - top - 14) / rows
    shown = [told.now, *([told.later] if told.later else [])]
    most = max(max((*one.men[:rows], *one.women[:rows])) for one in shown) or 1
    longest = middle - gap - 4

    def edge(count: int, side: int) -> float:
        return middle + side * (gap + longest * count / most)

    parts = [_opened("pyramid", WIDTH, height, label)]
    for side, counts, colour, kind in ((-1, told.now.men, OWN, "men"), (1, told.now.women, WOMEN, "women")):
        for place in range(rows):
            start, end = sorted((edge(0, side), edge(counts[place], side)))
            parts.append(
                f'<rect class="{kind}" x="{start:.1f}" y="{_row(place, tall, top):.1f}"'
                f' width="{end - start:.1f}" height="{tall - 0.8:.1f}" fill="{colour}" fill-opacity=".72"/>'
            )
    for side, name in ((-1, "men"), (1, "women")):
        if told.later:
            counts = getattr(told.later, name)
            steps = [f"M{edge(0, side):.1f} {_row(0, tall, top) + tall:.1f}"]
            for place in range(rows):
                steps.append(f"H{edge(counts[place], side):.1f}V{_row(place, tall, top):.1f}")
            parts.append(
                f'<path class="later" d="{"".join(steps)}H{edge(0, side):.1f}" fill="none" stroke="{INK}"'
                f' stroke-width="1"/>'
            )
    for place, start in enumerate(STARTS):
        if start % 10 == 0:
            words = f"{start}+" if start == STARTS[-1] else str(start)
            parts.append(_text(middle, _row(place, tall, top) + tall - 1, words, "middle"))
    parts.append(_text(4, 10, told.men, fill=OWN, kind="men"))
    parts.append(_text(WIDTH - 4, 10, told.women, "end", fill=WOMEN, kind="women"))
    for side, anchor in ((-1, "start"), (1, "end")):
        parts.append(_text(edge(most, side), height - 3, formatted(most, 0), anchor))
        parts.append(_text(edge(0, side), height - 3, "0", "middle"))
    return "".join((*parts, "</svg>"))


def _row(place: int, tall: float, top: float) -> float:
    return top + tall * (len(STARTS) - 1 - place)
