"""A MapLibre style for a layer: complete, with nothing from elsewhere (no glyphs, no sprites)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from geo.layers.palettes import NO_DATA, to_hex

SOURCE = "areas"

#: A MapLibre expression, or a colour.
Fill = str | list[object]


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


def maplibre_style(
    *, name: str, source: Mapping[str, object], fill: Fill, lang: str, credit: str
) -> dict[str, object]:
    """Return a MapLibre style (version 8).

    Parameters
    ----------
    name : of the style
    source : where the tiles are: a vector source as the style specification has it
    fill : colour of an area
    lang : ``ja`` or ``en``; which attribute names an area, kept in ``metadata``
    credit : kept in ``metadata``; maps show that of the source
    """
    return {
        "version": 8,
        "name": name,
        "metadata": {"chiiki:credit": credit, "chiiki:name": "name" if lang == "ja" else "name_en"},
        "center": [137.5, 37.8],
        "zoom": 4.3,
        "sources": {SOURCE: dict(source)},
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
        ],
    }
