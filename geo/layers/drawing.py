"""Static maps for slides, reports and link previews: heading, map, legend and source as one SVG.

The map is drawn in Mercator's projection, as the interactive map is, so that pictures of both can be laid
over each other. A map of the whole nation has the south-western islands (南西諸島) in a frame at the upper
left and Ogasawara in one at the lower right, all at one scale.

Outlines become path texts once, on a grid that fits all frames up to twice as small; a picture only says
where they lie, and which colour each of them has.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import pairwise

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.layers.circles import FEW, OPACITY
from geo.layers.legend import FONTS
from geo.layers.palettes import NO_DATA, to_hex

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Box = tuple[float, float, float, float]

#: west, south, east, north: the four main islands with those around them, and the Northern Territories.
MAIN: Box = (128.4, 30.05, 148.95, 45.65)
#: Parts of the nation that are drawn in frames of their own.
SOUTH_WEST: Box = (122.8, 23.95, 131.45, 30.0)
OGASAWARA: Box = (140.6, 24.1, 142.6, 27.85)
NAMES = {
    "south-west": {"ja": "奄美・沖縄", "en": "Amami, Okinawa"},
    "ogasawara": {"ja": "小笠原", "en": "Ogasawara"},
}
#: Paths are whole numbers, from so many to twice as many of them to the pixel.
UNITS = 10
#: They are counted from here: longitude, and Mercator's ordinate.
ORIGIN = (138.0, 38.0)
#: Smaller rings, in units, are left out; of an area that has no larger one, a dot stays.
LEAST_RING = 5
#: Text is made no smaller than this to make room.
LEAST_TEXT = 6
DOT = 10
#: Steps up to this long are written from a table; few are longer.
LONGEST = 2047
_STEPS = np.array([f" {step}" if step >= 0 else str(step) for step in range(-LONGEST, LONGEST + 1)], "S5")

WATER, INK, SOFT, LINE = "#e6edf3", "#17212b", "#4d5b68", "#33404c"
#: Advance widths of Noto Sans CJK JP from " " to "~", in thousandths of an em; full-width signs are square.
_ADVANCES = (
    *(224, 323, 474, 555, 555, 921, 680, 278, 338, 338, 467, 555, 278, 347, 278, 392),
    *(555, 555, 555, 555, 555, 555, 555, 555, 555, 555, 278, 278, 555, 555, 555, 474),
    *(946, 608, 657, 638, 688, 589, 552, 689, 728, 293, 535, 646, 543, 812, 723, 742),
    *(633, 742, 635, 596, 599, 721, 575, 878, 573, 531, 603, 338, 392, 338, 555, 559),
    *(606, 563, 618, 510, 620, 554, 325, 564, 607, 275, 275, 552, 284, 926, 610, 606),
    *(620, 620, 388, 468, 377, 607, 521, 802, 498, 521, 475, 338, 270, 338, 555),
)
#: Of other half-width signs, at most; dashes, quotation marks and the minus are such in this font.
_NARROW = 600
_DASHES_AND_QUOTES = frozenset("–—‘’“”−")
#: Bold signs are wider by this.
BOLD = 1.08
#: A line must not begin with these (JIS X 4051, 行頭禁則).
_NEVER_FIRST = "、。，．・：；？！）」』】〕〉》〜ー%％）"
#: Nor end with these (行末禁則).
_NEVER_LAST = "（「『【〔〈《"
_WORDS = re.compile(r"[!-~–—‘’“”−…]+|\s+|.")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the room, in pixels, that a text takes.

    >>> text_width("人口", 10), text_width("人口 km", 10)
    (20.0, 37.02)
    """
    total = 0
    for sign in text:
        if " " <= sign <= "~":
            total += _ADVANCES[ord(sign) - 32]
        elif sign not in _DASHES_AND_QUOTES and unicodedata.east_asian_width(sign) in "WFA":
            total += 1000
        else:
            total += _NARROW
    return total * size / 1000 * (BOLD if bold else 1)


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the lines of a text that is broken to fit ``width``: between words, or between full-width signs.

    >>> wrapped("高齢化率（%）の地図", 50, 10)
    ['高齢化率', '（%）の地', '図']
    >>> wrapped("国土「数値」", 30, 10), wrapped("by “data”", 30, 10)
    (['国土', '「数', '値」'], ['by', '“data”'])
    """
    words: list[str] = []
    for word in _WORDS.findall(text):
        if words and (word[0] in _NEVER_FIRST or words[-1][-1] in _NEVER_LAST):
            words[-1] += word
        else:
            words.append(word)
    lines = [""]
    for word in words:
        if lines[-1] and text_width(lines[-1] + word, size, bold=bold) > width:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return [line.rstrip() for line in lines if line.strip()]


def mercator(latitude: Floats | float) -> Floats:
    """Return Mercator's ordinate in degrees of longitude at the equator."""
    return np.degrees(np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)))


@dataclass(frozen=True)
class Frame:
    """A rectangle of the picture, in pixels, and the part of the earth it shows.

    Attributes
    ----------
    left, top, width, height : of the rectangle
    west, north : longitude, and Mercator's ordinate, of its upper left corner
    scale : pixels to the degree of longitude
    """

    left: float
    top: float
    width: float
    height: float
    west: float
    north: float
    scale: float

    @property
    def units(self) -> float:
        """Of the grid on which the frame's paths are: frames of about one scale share it."""
        return UNITS * 2.0 ** math.ceil(math.log2(self.scale))

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a point lies, in pixels from the frame's upper left corner."""
        return (longitude - self.west) * self.scale, (self.north - float(mercator(latitude))) * self.scale

    @property
    def bounds(self) -> Box:
        """West, south, east and north of what the rectangle shows, in degrees."""
        south = self.north - self.height / self.scale
        lowest, highest = (math.degrees(math.atan(math.sinh(math.radians(y)))) for y in (south, self.north))
        return self.west, lowest, self.west + self.width / self.scale, highest


def framed(window: Box, left: float, top: float, width: float, height: float) -> Frame:
    """Return the frame in which the whole window is as large as it can be, in the middle."""
    west, south, east, north = window
    low, high = float(mercator(south)), float(mercator(north))
    scale = min(width / (east - west), height / (high - low))
    middle = ((west + east) / 2, (low + high) / 2)
    return Frame(
        left, top, width, height, middle[0] - width / scale / 2, middle[1] + height / scale / 2, scale
    )


def nation(left: float, top: float, width: float, height: float) -> dict[str, Frame]:
    """Return the frames of a map of the nation: the main one, and those of what lies far away, at one scale.

    The main one ends in the south where it should and may show more sea in the north, so that nothing is
    drawn twice.
    """
    main = framed(MAIN, left, top, width, height)
    main = replace(main, north=float(mercator(MAIN[1])) + height / main.scale)
    gap = max(4.0, width * 0.01)

    def inset(window: Box) -> Frame:
        west, south, east, north = window
        high = float(mercator(north))
        size = (east - west) * main.scale, (high - float(mercator(south))) * main.scale
        return Frame(0, 0, *size, west, high, main.scale)

    upper_left, lower_right = inset(SOUTH_WEST), inset(OGASAWARA)
    return {
        "": main,
        "south-west": replace(upper_left, left=left + gap, top=top + gap),
        "ogasawara": replace(
            lower_right,
            left=left + width - gap - lower_right.width,
            top=top + height - gap - lower_right.height,
        ),
    }


def _rings(geometry: bytes) -> list[list[list[float]]]:
    shape = orjson.loads(geometry)
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [ring for polygon in polygons for ring in polygon]


def window_of(geometry: bytes, share: float = 0.85) -> Box:
    """Return the box of an area's largest parts that make up ``share`` of it, with a margin.

    Tokyo reaches to islands a thousand kilometres away; a map of it is one of where its land lies.
    """
    parts = [np.array(ring) for ring in _rings(geometry)]
    sizes = np.array([abs(_twice_the_size(part)) for part in parts])
    order = np.argsort(-sizes, kind="stable")
    taken = order[: int(np.searchsorted(np.cumsum(sizes[order]), share * sizes.sum())) + 1]
    points = np.concatenate([parts[place] for place in taken])
    (west, south), (east, north) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    margin = 0.08 * max(east - west, north - south, 0.02)
    return west - margin, south - margin, east + margin, north + margin


def _twice_the_size(ring: Floats) -> float:
    x, y = ring.T
    return float(x[:-1] @ y[1:] - x[1:] @ y[:-1])


def paths(geometries: Sequence[bytes], units: float) -> list[str]:
    """Return GeoJSON Polygons and MultiPolygons as SVG path data.

    Parameters
    ----------
    units : whole numbers to the degree of longitude, counted from ``ORIGIN``; see ``Frame.units``

    Rings that come out smaller than half a pixel are left out; an area of which nothing else is left stays
    as a dot.
    """
    if not geometries:
        return []
    x, y, rings, areas = _on_grid(
        shapely.from_geojson(np.array([text.decode() for text in geometries])), units
    )
    begins = rings[:-1]
    extents = np.maximum(
        np.maximum.reduceat(x, begins) - np.minimum.reduceat(x, begins),
        np.maximum.reduceat(y, begins) - np.minimum.reduceat(y, begins),
    )
    texts = _ring_texts(x, y, rings, extents >= LEAST_RING)
    found = ["".join(texts[first:last]) for first, last in pairwise(areas.tolist())]
    for area in [place for place, text in enumerate(found) if not text]:
        largest = areas[area] + int(extents[areas[area] : areas[area + 1]].argmax())
        at = begins[largest]
        found[area] = f"M{x[at] - DOT // 2} {y[at] - DOT // 2}h{DOT}v{DOT}h-{DOT}z"
    return found


def _on_grid(shapes: NDArray[np.object_], units: float) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the points on the grid, where each ring begins among them, and each area among the rings."""
    _, degrees, offsets = shapely.to_ragged_array(shapes)
    rings, areas = offsets[0], offsets[-1]
    if len(offsets) == 3:  # points of rings of polygons of areas
        areas = offsets[1][areas]
    x = np.rint((degrees[:, 0] - ORIGIN[0]) * units).astype(np.int64)
    y = np.rint((ORIGIN[1] - mercator(degrees[:, 1])) * units).astype(np.int64)
    return x, y, rings.astype(np.int64), areas.astype(np.int64)


def _ring_texts(x: Ints, y: Ints, rings: Ints, is_drawn: Bools) -> list[str]:
    """Return each ring as path data, empty where it is not drawn."""
    steps = np.stack((np.diff(x), np.diff(y)), axis=1)
    is_step: Bools = (steps != 0).any(axis=1)
    is_step[rings[1:-1] - 1] = False  # from one ring to the next
    taken = np.flatnonzero(is_step)
    ends = np.searchsorted(taken, rings[1:])
    begins = np.searchsorted(taken, rings[:-1])
    steps = steps[taken]
    signs = _STEPS[np.clip(steps, -LONGEST, LONGEST) + LONGEST]
    is_long = np.zeros(len(rings) - 1, np.bool_)
    is_long[np.searchsorted(ends, np.flatnonzero((np.abs(steps) > LONGEST).any(axis=1)), side="right")] = True
    texts = []
    for ring, (at, first, last) in enumerate(
        zip(rings.tolist(), begins.tolist(), ends.tolist(), strict=False)
    ):
        if not is_drawn[ring]:
            texts.append("")
            continue
        some = slice(first, last - 1)  # the last one closes the ring
        if is_long[ring]:
            written = " ".join(map(str, steps[some].ravel().tolist()))
        else:
            written = signs[some].tobytes().translate(None, b"\0").decode().lstrip()
        texts.append(f"M{x[at]} {y[at]}l{written}z")
    return texts


@dataclass(frozen=True)
class Row:
    """A line of the legend; one that has a ``size`` shows a circle, its radius as a share of the largest."""

    colour: str
    label: str
    count: int | None
    size: float | None = None


@dataclass(frozen=True)
class Wording:
    """What stands on a picture.

    Attributes
    ----------
    heading : empty for none
    subtitle : period and level
    rows : lines of the legend, in order; none for no legend
    counted : what the legend's numbers count
    note : what is to be known of the figures, such as what they lack; empty for nothing
    credit : the sources' required wording
    summary : the map in words, for those who do not see it
    """

    lang: str
    heading: str
    subtitle: str
    rows: tuple[Row, ...]
    counted: str
    note: str
    credit: str
    summary: str


@dataclass(frozen=True)
class Text:
    """A line of text; ``x`` and ``y`` are of its baseline's beginning, or end."""

    x: float
    y: float
    size: float
    words: str
    colour: str = INK
    bold: bool = False
    at_end: bool = False

    def svg(self) -> str:
        """Return the SVG element."""
        more = (' font-weight="bold"' if self.bold else "") + (' text-anchor="end"' if self.at_end else "")
        return (
            f'<text x="{self.x:.1f}" y="{self.y:.1f}" font-size="{self.size:.1f}" fill="{self.colour}"{more}>'
            f"{escape(self.words)}</text>"
        )


@dataclass(frozen=True)
class Layout:
    """Where everything is: texts, swatches (x, y, width, height, colour), and the map's rectangle."""

    width: int
    height: int
    texts: tuple[Text, ...]
    swatches: tuple[tuple[float, float, float, float, str], ...]
    map: Box
    circles: tuple[Circle, ...] = ()


#: x and y of the centre, radius, colour
Circle = tuple[float, float, float, str]


def largest_radius(width: int, height: int, areas: int) -> float:
    """Return the radius, in pixels, of the largest circle on a picture that shows so many areas."""
    return _base(width, height) * (2.4 if areas <= FEW else 1.7)


def _base(width: int, height: int) -> float:
    """Return the size of the text that everything else is measured by."""
    return min(max(min(width, height * 1.4) / 56, 9), 26)


def _fitting(
    text: str, width: float, size: float, most: int, *, bold: bool = False
) -> tuple[float, list[str]]:
    """Return the size, at most the one given, at which a text fits ``most`` lines, and the lines."""
    lines = wrapped(text, width, size, bold=bold)
    while len(lines) > most and size > 6:
        size *= 0.94
        lines = wrapped(text, width, size, bold=bold)
    return size, lines


def _parted(heading: str, width: float, size: float) -> list[str]:
    """Return the two lines of a heading, broken after its first colon where both parts fit."""
    for colon in ("：", ": "):
        first, _, rest = heading.partition(colon)
        lines = [first + colon.rstrip(), rest]
        if rest and all(text_width(line, size, bold=True) <= width for line in lines):
            return lines
    return wrapped(heading, width, size, bold=True)


def layout(width: int, height: int, wording: Wording, radius: float = 0) -> Layout:
    """Return where heading, legend, source and map are on a picture of ``width`` × ``height`` pixels.

    The legend stands right of the map where the picture is wide, else under it. Nothing overlaps and nothing
    is cut: texts wrap, and shrink where there are too many of them.

    Parameters
    ----------
    radius : of the largest circle on the map, where the legend shows circles
    """
    base = _base(width, height)
    margin = max(8.0, base * 0.9)
    inner = width - 2 * margin
    texts: list[Text] = []
    y = margin
    if wording.heading:
        size, lines = _fitting(wording.heading, inner, base * 1.4, 2, bold=True)
        lines = _parted(wording.heading, inner, size) if len(lines) == 2 else lines
        for line in lines:
            texts.append(Text(margin, y + size, size, line, bold=True))
            y += size * 1.3
        size, lines = _fitting(wording.subtitle, inner, base * 0.95, 1)
        texts += [Text(margin, y + size, size, line, SOFT) for line in lines]
        y += size * 1.3 + base * 0.4
    bottom = height - margin
    for words, colour in ((wording.credit, SOFT), (wording.note, INK)):
        size, lines = _fitting(words, inner, max(base * 0.68, 7.5), 4)
        bottom -= len(lines) * size * 1.35
        for place, line in enumerate(lines):
            texts.append(Text(margin, bottom + size * (1 + 1.35 * place), size, line, colour))
    bottom -= base * 0.5
    right = width - margin
    legend = _Legend(wording, radius)
    if wording.rows and width >= 1.15 * height:
        right = legend.beside(base, (margin, y, right, bottom))
    elif wording.rows:
        bottom = legend.below(base, (margin, y, right, bottom))
    return Layout(
        width,
        height,
        (*texts, *legend.texts),
        tuple(legend.boxes),
        (margin, y, right - margin, bottom - y),
        tuple(legend.circles),
    )


class _Legend:
    """The rows of a legend, put where there is room for them."""

    def __init__(self, wording: Wording, radius: float) -> None:
        self.rows = wording.rows
        self.counted = wording.counted if any(row.count is not None for row in self.rows) else ""
        self.radius = radius * max((row.size or 0 for row in self.rows), default=0)
        self.texts: list[Text] = []
        self.boxes: list[tuple[float, float, float, float, str]] = []
        self.circles: list[Circle] = []
        self._largest = radius

    def _swatch(self, size: float) -> float:
        return max(size * 1.7, 2 * self.radius)

    def _deep(self, row: Row, size: float) -> float:
        """Return how much room a row takes from top to bottom."""
        return max(size * 1.45, 2 * self._largest * (row.size or 0) + size * 0.3)

    def _high(self, rows: Sequence[Row], size: float) -> float:
        return sum(self._deep(row, size) for row in rows)

    def _width(self, size: float) -> float:
        labels = max(text_width(row.label, size) for row in self.rows)
        counts = max(text_width(_count(row), size) for row in self.rows)
        return self._swatch(size) + size * 1.5 + labels + max(counts, text_width(self.counted, size * 0.85))

    def _entries(self, rows: Sequence[Row], room: Box, size: float) -> None:
        """Put rows under each other into a room (left, top, right, bottom), closer where it is short."""
        left, y, right, bottom = room
        squeezed = min(1.0, (bottom - y) / self._high(rows, size))
        for row in rows:
            deep = self._deep(row, size) * squeezed
            self._entry(row, left, y + deep / 2, right, size)
            y += deep

    def _entry(self, row: Row, x: float, middle: float, end: float, size: float) -> None:
        swatch = self._swatch(size)
        if row.size is None:
            self.boxes.append(
                (x + (swatch - size * 1.7) / 2, middle - size / 2, size * 1.7, size, row.colour)
            )
        else:
            self.circles.append((x + swatch / 2, middle, self._largest * row.size, row.colour))
        line = middle + size * 0.35
        self.texts.append(
            Text(x + swatch + size * 0.5, line, size, row.label, SOFT if row.count == 0 else INK)
        )
        if row.count is not None:
            self.texts.append(Text(end, line, size, _count(row), SOFT, at_end=True))

    def beside(self, base: float, room: Box) -> float:
        """Put the legend at the right of a room (left, top, right, bottom); return where the map ends."""
        left, top, right, bottom = room
        size, most = base * 0.92, (right - left) * 0.42
        size = min(size, size * most / self._width(size), (bottom - top) / (1.45 * len(self.rows) + 1.2))
        start = right - self._width(size)
        if self.counted:
            self.texts.append(Text(right, top + size, size * 0.85, self.counted, SOFT, at_end=True))
            top += size * 1.2
        self._entries(self.rows, (start, top, right, bottom), size)
        return start - base

    def below(self, base: float, room: Box) -> float:
        """Put the legend at the foot of a room, in columns; return where the map ends."""
        left, top, right, bottom = room
        size = base * 0.92
        size = min(size, size * (right - left) / self._width(size))
        while True:
            column = self._width(size) + size * 1.5
            columns = max(1, int((right - left + size * 1.5) // column))
            many = math.ceil(len(self.rows) / columns)
            parts = [self.rows[first : first + many] for first in range(0, len(self.rows), many)]
            deep = max(self._high(part, size) for part in parts)
            if deep <= (bottom - top) * 0.45 or size < LEAST_TEXT:
                break
            size *= 0.94
        for place, part in enumerate(parts):
            x = left + place * column
            self._entries(part, (x, bottom - deep, x + column - size * 1.5, bottom), size)
        return bottom - deep - base * 0.5


def _count(row: Row) -> str:
    return "" if row.count is None else f"{row.count:,}"


@dataclass(frozen=True)
class Drawn:
    """What is to see in one frame.

    Attributes
    ----------
    areas : (colour, path in the frame's units) of each area; None is an area without data
    borders : path of the larger areas' borders, empty for none
    chosen : path of the area to point out, empty for none
    inset : name of the part of the nation that is drawn in a frame of its own, empty for the main map
    circles : in pixels of the frame, in the order in which they are drawn
    """

    frame: Frame
    areas: Sequence[tuple[str | None, str]]
    borders: str = ""
    chosen: str = ""
    inset: str = ""
    circles: Sequence[Circle] = ()


def _map(drawn: Drawn, lang: str, label: float, *, fine: bool) -> str:
    frame = drawn.frame
    fills: dict[str, list[str]] = {}
    for colour, shape in drawn.areas:
        fills.setdefault(colour or to_hex(NO_DATA), []).append(shape)
    width, height = f"{frame.width:.1f}", f"{frame.height:.1f}"
    pixel = frame.units / frame.scale
    left, top = (ORIGIN[0] - frame.west) * frame.scale, (frame.north - ORIGIN[1]) * frame.scale
    thin = (0.2 if fine else 0.5) * pixel
    groups = "".join(
        f'<g fill="{colour}">' + "".join(f'<path d="{shape}"/>' for shape in shapes) + "</g>"
        for colour, shapes in sorted(fills.items())
    )
    parts = [
        f'<svg x="{frame.left:.1f}" y="{frame.top:.1f}" width="{width}" height="{height}">',
        f'<rect width="100%" height="100%" fill="{WATER}"/>',
        f'<g transform="translate({left:.2f} {top:.2f}) scale({1 / pixel:.6g})" stroke-linejoin="round">',
        f'<g stroke="{LINE}" stroke-opacity="0.35" stroke-width="{thin:.3g}">',
        f"{groups}</g>",
    ]

    def outline(shape: str, colour: str, pixels: float, more: str = "") -> str:
        return f'<path d="{shape}" fill="none" stroke="{colour}"{more} stroke-width="{pixels * pixel:.3g}"/>'

    if drawn.borders:
        parts.append(outline(drawn.borders, LINE, 0.6, ' stroke-opacity="0.7"'))
    if drawn.chosen:
        parts.append(outline(drawn.chosen, "#ffffff", 4.5))
        parts.append(outline(drawn.chosen, INK, 2.4))
    parts.append("</g>")
    parts.append(_circles(drawn.circles))
    parts.append("</svg>")
    if drawn.inset:
        parts.append(
            f'<rect x="{frame.left:.1f}" y="{frame.top:.1f}" width="{width}" height="{height}"'
            f' fill="none" stroke="{SOFT}" stroke-width="1"/>'
        )
        name = NAMES[drawn.inset][lang]
        size = min(label, 0.92 * frame.width / text_width(name, 1))
        if size >= LEAST_TEXT:
            parts.append(Text(frame.left + size * 0.3, frame.top + size * 1.15, size, name, SOFT).svg())
    return "".join(parts)


def _circles(circles: Sequence[Circle]) -> str:
    if not circles:
        return ""
    drawn = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}"/>'
        for x, y, radius, colour in circles
    )
    return f'<g fill-opacity="{OPACITY}" stroke="#ffffff" stroke-width="0.6">{drawn}</g>'


def to_svg(page: Layout, wording: Wording, maps: Sequence[Drawn], *, fine: bool) -> str:
    """Return the whole picture as SVG.

    Parameters
    ----------
    maps : the main map first, then its insets
    fine : the areas are many and small, so their borders are thin
    """
    heading = escape(f"{wording.heading} {wording.subtitle}".strip())
    label = min(max(page.map[2] / 72, 7), 14)
    boxes = "".join(
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{colour}"'
        f' stroke="{LINE}" stroke-opacity="0.5" stroke-width="0.6"/>'
        for x, y, w, h, colour in page.swatches
    )
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{page.width}" height="{page.height}"'
            f' viewBox="0 0 {page.width} {page.height}" role="img" lang="{wording.lang}"'
            f' font-family="{FONTS}">',
            f"<title>{heading}</title><desc>{escape(wording.summary)}</desc>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *(_map(drawn, wording.lang, label, fine=fine) for drawn in maps),
            boxes,
            _circles(page.circles),
            *(text.svg() for text in page.texts),
            "</svg>",
        )
    )
