"""A MapLibre style for a layer: complete, with nothing from elsewhere (no glyphs, no sprites)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from geo.layers.circles import GROWTH, LAND, OPACITY, STROKES, Circles, sizes_at
from geo.layers.palettes import NO_DATA, to_hex

SOURCE = "areas"
POINTS = "points"

#: A MapLibre expression, or a colour.
Fill = str | list[object]


class Painting(NamedTuple):
    """How areas are shown.

    Attributes
    ----------
    fill : their colour
    points : the areas as GeoJSON points with ``value``, or its address, where layers ``over`` them need it
    """

    fill: Fill
    points: str | Mapping[str, object] | None = None
    over: Sequence[Mapping[str, object]] = ()


def fill_of_poured(colours: Sequence[str]) -> Fill:
    """Return the fill of tiles whose attribute ``class`` says which of the colours an area has."""
    return _matched("class", [([number], colour) for number, colour in enumerate(colours)])


def fill_of_codes(colours: Sequence[str], codes: Sequence[Sequence[str]]) -> Fill:
    """Return the fill of tiles without values: the style itself says which areas have each colour.

    Parameters
    ----------
    colours : colour of each class
    codes : the areas of each class
    """
    pairs = zip(colours, codes, strict=True)
    # two classes may share a colour, and no label may stand in an expression twice
    return _matched("code", [(listed, colour) for colour, listed in pairs if listed])


def _matched(attribute: str, colours: Iterable[tuple[Sequence[object], str]]) -> Fill:
    """Return the colour for each value of an attribute; as lists, because QGIS reads no single values."""
    no_data = to_hex(NO_DATA)
    cases = [part for values, colour in colours for part in (list(values), colour)]
    return ["match", ["get", attribute], *cases, no_data] if cases else no_data


def fill_of_land(colours: Sequence[str]) -> Fill:
    """Return the fill of tiles under circles: paper, and the colour of no data where there is none."""
    return _matched("class", [(list(range(len(colours))), LAND)] if colours else [])


def circle_layer(circles: Circles, areas: int) -> dict[str, object]:
    """Return the layer that draws values as circles at the points of ``POINTS``.

    Parameters
    ----------
    areas : how many areas there are
    """
    share: list[object] = ["sqrt", ["/", ["abs", ["get", "value"]], circles.most or 1]]
    sizes = [part for zoom, pixels in sizes_at(areas) for part in (zoom, ["*", pixels, share])]
    return {
        "id": "areas-circles",
        "type": "circle",
        "source": POINTS,
        "filter": ["!=", ["coalesce", ["get", "value"], 0], 0],
        "layout": {"circle-sort-key": ["-", ["abs", ["get", "value"]]]},
        "paint": {
            "circle-color": ["case", ["<", ["get", "value"], 0], circles.below, circles.above],
            "circle-opacity": OPACITY,
            "circle-radius": ["interpolate", ["exponential", GROWTH], ["zoom"], *sizes],
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": [
                "interpolate",
                ["linear"],
                ["zoom"],
                *(part for stop in STROKES for part in stop),
            ],
        },
    }


def maplibre_style(
    *,
    name: str,
    source: Mapping[str, object],
    painting: Painting,
    lang: str,
    credit: str,
) -> dict[str, object]:
    """Return a MapLibre style (version 8).

    Parameters
    ----------
    name : of the style
    source : where the tiles are: a vector source as the style specification has it
    lang : ``ja`` or ``en``; which attribute names an area, kept in ``metadata``
    credit : kept in ``metadata``; maps show that of the source
    """
    fill, points, over = painting
    further = {} if points is None else {POINTS: {"type": "geojson", "data": points}}
    return {
        "version": 8,
        "name": name,
        "metadata": {"chiiki:credit": credit, "chiiki:name": "name" if lang == "ja" else "name_en"},
        "center": [137.5, 37.8],
        "zoom": 4.3,
        "sources": {SOURCE: dict(source), **further},
        "layers": [
            {"id": "background", "type": "background", "paint": {"background-color": "#eef3f7"}},
            {
                "id": "areas-fill",
                "type": "fill",
                "source": SOURCE,
                "source-layer": "areas",
                "paint": {"fill-color": fill, "fill-antialias": True},
            },
            {
                "id": "areas-line",
                "type": "line",
                "source": SOURCE,
                "source-layer": "areas",
                "paint": {
                    "line-color": "#4a5560",
                    "line-opacity": ["interpolate", ["linear"], ["zoom"], 4, 0.15, 8, 0.6],
                    "line-width": ["interpolate", ["linear"], ["zoom"], 4, 0.2, 8, 0.7, 12, 1.4],
                },
            },
            *map(dict, over),
        ],
    }
