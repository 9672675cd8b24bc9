"""Layers as JSON: what every answer says of itself, legends, values, rankings, palettes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NotRequired

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from geo.areas.carrying import AS_PUBLISHED, CARRIED, Carried
from geo.figures.indicators import Indicator
from geo.figures.statistics import Order, Statistics
from geo.layers import palettes
from geo.layers.circles import GROWTH, LAND, sizes_at
from geo.layers.legend import Legend as Classes
from geo.layers.words import break_in_words
from geo.periods import PeriodKind, period_label
from geo.text import Text, name_of
from geo.transit.basis import basis_in_words
from service.figures.carrying import Carrying
from service.figures.forms import BoundariesOfFigures, Source, boundaries_described, sources_described
from service.figures.values import STATUSES
from service.http.forms import Feature, FeatureCollection, Numbers
from service.layers.legends import legend_of, part_of
from service.layers.ranking import Place
from service.layers.views import MISSING, Picture, carrying_of
from service.layers.views import View as Shown
from service.memory.atlas import Atlas
from service.strategy.policy import COVERAGE
from service.transit.basis_forms import CountedFrom, basis_of, counted_from

Positions = NDArray[np.intp]


class View(TypedDict):
    """Which layer is shown: period, level, boundaries, unit, credit, revision."""

    layer: str
    unit: Text
    period: str
    period_label: Text
    period_kind: PeriodKind
    level: str
    vintage: str
    revision: str
    credit: Text
    coverage: NotRequired[Text]


class About(View, BoundariesOfFigures):
    """What every answer about a layer says of itself."""

    title: Text
    sources: list[Source]
    counted_from: CountedFrom | None


class LegendClass(TypedDict):
    """A class from `lower` (excluded but in the lowest class) to `upper`; null for categories."""

    lower: float | None
    upper: float | None
    colour: str
    label: Text
    count: int


class NoData(TypedDict):
    """The areas without data."""

    colour: str
    label: Text
    count: int


class LegendCircle(TypedDict):
    """A circle; `size` is its radius as a share of that of the largest on the map."""

    value: float
    size: float
    colour: str
    label: Text


class CircleScale(TypedDict):
    """How counts are drawn: a circle's area is in proportion to its number, `most` has the largest.

    `sizes` are zooms and the radius, in pixels, of the largest circle there; between two of them it grows by
    powers of `growth`.
    """

    most: float
    above: str
    below: str
    land: str
    decimals: int
    sizes: list[tuple[int, int]]
    growth: float
    examples: list[LegendCircle]


class LegendClasses(TypedDict):
    """What each colour of a map means; `circles` for counts, which are drawn as such.

    `part` is west, south, east and north of the part of the nation that all values lie in, where that is a
    small one, for a map to show first; null otherwise.
    """

    classes: list[LegendClass]
    no_data: NoData
    circles: CircleScale | None
    part: tuple[float, float, float, float] | None


class Legend(About, LegendClasses):
    """The legend of a layer."""


class Values(About):
    """The values of a layer in columns, in the order of `codes`; null where missing.

    `carried` tells how each came to stand on the boundaries shown.
    """

    codes: list[str]
    values: Numbers
    classes: list[int | None]
    statuses: list[str]
    carried: list[Carried | None]


#: How values were carried → the codes of the areas, but for those that stand as they were published.
CarriedAreas = dict[Carried, list[str]]


class PeriodValues(BoundariesOfFigures):
    """The values of a period in the order of `codes`; null where missing.

    `carried` has the areas whose values do not stand as they were published, by how they were carried.
    """

    period: str
    label: Text
    values: Numbers
    classes: list[int | None]
    carried: CarriedAreas


class Periods(About):
    """The values of every period."""

    codes: list[str]
    periods: list[PeriodValues]


class PrefectureName(Text):
    """A prefecture's code and name."""

    code: str


#: ``class`` is a word of Python.
Row = TypedDict(
    "Row",
    {
        "rank": int,
        "code": str,
        "name": Text,
        "prefecture": PrefectureName | None,
        "value": float,
        "class": int,
        "carried": Carried | None,
    },
)


class Summary(About):
    """A map in words, with its highest and lowest areas."""

    parent: str | None
    text: Text
    citation: Text
    n: int
    missing: int
    median: float | None
    highest: list[Row]
    lowest: list[Row]


class Ranking(About):
    """The areas that have a value, in order of it."""

    parent: str | None
    order: Order
    n: int
    missing: int
    next: str | None
    rows: list[Row]


class LayerStatistics(About, Statistics):
    """Statistics of the values of a layer; `carried` counts how the values were carried."""

    parent: str | None
    carried: dict[Carried, int]


class VectorLayer(TypedDict):
    """A layer of vector tiles, as TileJSON describes it."""

    id: str
    description: str
    minzoom: int
    maxzoom: int
    fields: dict[str, str]


class TileJson(View):
    """TileJSON 3.0, and which layer it is."""

    tilejson: Literal["3.0.0"]
    encoding: Literal["mvt", "mlt"]
    tiles: list[str]
    png: str
    name: str
    description: str
    version: str
    scheme: Literal["xyz"]
    minzoom: int
    maxzoom: int
    bounds: list[float]
    center: list[float]
    attribution: str
    vector_layers: list[VectorLayer]


class Style(TypedDict):
    """A MapLibre style, version 8."""

    version: Literal[8]
    name: str
    metadata: dict[str, str]
    center: list[float]
    zoom: float
    sources: dict[str, dict[str, object]]
    layers: list[dict[str, object]]


AreaValue = TypedDict(
    "AreaValue",
    {
        "code": str,
        "name": str,
        "name_en": str,
        "value": float | None,
        "class": int | None,
        "status": str,
        "carried": Carried | None,
        "label": NotRequired[str | None],
        "label_en": NotRequired[str | None],
    },
)


class AreaWithValue(Feature):
    """An area with its value; a categorical layer has `label` beside the code in `value`."""

    id: int
    bbox: list[float]
    properties: AreaValue


class LayerFeatures(FeatureCollection, About):
    """The values of a layer on geometry."""

    detail: str
    features: list[AreaWithValue]


class Palette(TypedDict):
    """A palette, and five colours of it."""

    name: str
    kind: Literal["sequential", "diverging", "qualitative"]
    colour_blind_safe: bool
    colours: list[str]


class Palettes(TypedDict):
    """All palettes."""

    palettes: list[Palette]


def palettes_described() -> list[Palette]:
    """Return the palettes as JSON: name, kind, whether colour-blind readers can tell it, five colours."""
    return [
        {
            "name": palette.name,
            "kind": palette.kind,
            "colour_blind_safe": palette.colour_blind_safe,
            "colours": [palettes.to_hex(colour) for colour in palettes.colours(palette.name, 5).tolist()],
        }
        for palette in palettes.PALETTES.values()
    ]


def view_described(atlas: Atlas, picture: Picture) -> View:
    """Return which layer is shown: period, level, boundaries, unit, credit, revision."""
    view, indicator = picture.view, picture.view.indicator
    told: View = {
        "layer": indicator.id,
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "period": view.period,
        "period_label": period_label(view.period, indicator.period_kind),
        "period_kind": indicator.period_kind,
        "level": view.level,
        "vintage": str(view.vintage.date),
        "revision": picture.revision,
        "credit": view.vintage.credit,
    }
    coverage = coverage_of(atlas, view)
    if coverage is not None:
        told["coverage"] = coverage
    return told


def coverage_of(atlas: Atlas, view: Shown) -> Text | None:
    """Return what the figures of a layer lack, and what they were counted from; None where that is all."""
    return reservations(atlas, view.indicator, view.period).get("coverage")


def reservations(atlas: Atlas, layer: Indicator, period: str) -> Mapping[Literal["breaks", "coverage"], Text]:
    """Return what to know before figures are compared or used: where series break, what they lack."""
    told: dict[Literal["breaks", "coverage"], Text] = {}
    breaks = [break_in_words(one, layer) for one in layer.breaks]
    if breaks:
        told["breaks"] = {
            "ja": "".join(one["ja"] for one in breaks),
            "en": " ".join(one["en"] for one in breaks),
        }
    if layer.topic == "measures":
        told["coverage"] = COVERAGE
    elif basis := basis_of(atlas.catalogue, layer.id, period):
        told["coverage"] = basis_in_words(basis)
    return told


def note_of(atlas: Atlas, view: Shown) -> Text | None:
    """Return what stands under a picture of a layer: what its figures lack, or how they are worked out.

    None for an indicator, whose name says what it is.
    """
    layer = view.indicator
    if layer.id in atlas.catalogue.indicators or layer.topic == "measures":
        return coverage_of(atlas, view)
    return {"ja": layer.description_ja, "en": layer.description_en}


def about(atlas: Atlas, picture: Picture, sources: tuple[str, ...] | None = None) -> About:
    """Return what every answer about a layer says of itself; ``sources`` are the picture's if left out."""
    found = picture.vector.sources if sources is None else sources
    held: About | None = atlas.store.abouts.get((picture.etag, found))
    return held or atlas.store.abouts.put((picture.etag, found), _about(atlas, picture, found))


def _about(atlas: Atlas, picture: Picture, sources: tuple[str, ...]) -> About:
    view = picture.view
    basis = basis_of(atlas.catalogue, view.indicator.id, view.period)
    return {
        **view_described(atlas, picture),
        **boundaries_described(carrying_of(atlas, view)),
        "title": name_of(view.indicator),
        "sources": sources_described(atlas, sources),
        "counted_from": None if basis is None else counted_from(basis),
    }


def _circles_described(picture: Picture, legend: Classes) -> CircleScale | None:
    circles = picture.circles
    if circles is None:
        return None
    return {
        "most": circles.most,
        "above": circles.above,
        "below": circles.below,
        "land": LAND,
        "decimals": picture.view.indicator.decimals,
        "sizes": list(sizes_at(len(picture.gazetteer))),
        "growth": GROWTH,
        "examples": [
            {"value": one.value, "size": one.size, "colour": one.colour, "label": one.label}
            for one in legend.circles
        ],
    }


def legend_described(picture: Picture) -> LegendClasses:
    """Return what each colour, or circle, of a map means, as JSON."""
    legend, part = legend_of(picture), part_of(picture)
    return {
        "classes": [
            {
                "lower": entry.lower,
                "upper": entry.upper,
                "colour": entry.colour,
                "label": {"ja": entry.label_ja, "en": entry.label_en},
                "count": entry.count,
            }
            for entry in legend.entries
        ],
        "no_data": {
            "colour": palettes.to_hex(palettes.NO_DATA),
            "label": legend.no_data_label,
            "count": legend.no_data,
        },
        "circles": _circles_described(picture, legend),
        "part": part,
    }


def row_described(place: Place) -> Row:
    """Return an area's place among those with a value, as JSON."""
    around = place.prefecture
    return {
        "rank": place.rank,
        "code": place.area.code,
        "name": name_of(place.area),
        "prefecture": {"code": around.code, **name_of(around)} if around else None,
        "value": place.value,
        "class": place.category,
        "carried": place.carried,
    }


def classes_of(picture: Picture, positions: Positions) -> list[int | None]:
    """Return the class of each area; None where it has no value."""
    return [None if index == MISSING else index for index in picture.classes[positions].tolist()]


def carried_areas(carrying: Carrying, codes: NDArray[np.str_]) -> CarriedAreas:
    """Return the areas whose values do not stand as they were published, by how they were carried.

    Of most values there is nothing to say.
    """
    marks = np.unique(carrying.marks[carrying.marks > AS_PUBLISHED]).tolist()
    told = ((CARRIED[mark], codes[carrying.marks == mark].tolist()) for mark in marks)
    return {how: areas for how, areas in told if how is not None}


def values_described(atlas: Atlas, picture: Picture, positions: Positions) -> Values:
    """Return the values of areas in columns, as JSON."""
    return {
        **about(atlas, picture),
        "codes": picture.gazetteer.codes[positions].tolist(),
        "values": picture.vector.values[positions],
        "classes": classes_of(picture, positions),
        "statuses": [STATUSES[s] for s in picture.vector.statuses[positions]],
        "carried": carrying_of(atlas, picture.view).told(positions),
    }


def periods_described(
    atlas: Atlas, picture: Picture, of_periods: list[Picture], positions: Positions
) -> Periods:
    """Return the values of every period as JSON, rounded to two decimals more than they are shown with."""
    view, codes = picture.view, picture.gazetteer.codes[positions]
    indicator, names = view.indicator, [one.view.period for one in of_periods]
    carryings = [
        one.within(positions) for one in atlas.carryings(indicator, names, view.level, view.vintage.date)
    ]
    return {
        **about(atlas, picture),
        **boundaries_described(*carryings),
        "codes": codes.tolist(),
        "periods": [
            {
                "period": one.view.period,
                "label": period_label(one.view.period, indicator.period_kind),
                "values": np.round(one.vector.values[positions], indicator.decimals + 2),
                "classes": classes_of(one, positions),
                **boundaries_described(carrying),
                "carried": carried_areas(carrying, codes),
            }
            for one, carrying in zip(of_periods, carryings, strict=True)
        ],
    }
