"""A MapLibre style for a layer: complete, with nothing from elsewhere (no glyphs, no sprites)."""

from __future__ import annotations

from collections.abc import Sequence

from geo.palettes import NO_DATA, to_hex

SOURCE = "areas"


def maplibre_style(
    *, name: str, tiles_json: str, colours: Sequence[str], lang: str, credit: str
) -> dict[str, object]:
    """Return a MapLibre style (version 8).

    Parameters
    ----------
    name : of the style
    tiles_json : address of the layer's TileJSON
    colours : colour of each class
    lang : ``ja`` or ``en``; which attribute names an area, kept in ``metadata``
    credit : kept in ``metadata``; maps show that of the TileJSON
    """
    no_data = to_hex(NO_DATA)
    matches = [part for index, colour in enumerate(colours) for part in (index, colour)]
    fill = ["match", ["coalesce", ["get", "class"], -1], *matches, no_data] if matches else no_data
    return {
        "version": 8,
        "name": name,
        "metadata": {"chiiki:credit": credit, "chiiki:name": "name" if lang == "ja" else "name_en"},
        "center": [137.5, 37.8],
        "zoom": 4.3,
        "sources": {SOURCE: {"type": "vector", "url": tiles_json}},
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
            {
                "id": "areas-hover",
                "type": "line",
                "source": SOURCE,
                "source-layer": "areas",
                "paint": {
                    "line-color": "#101418",
                    "line-width": ["case", ["boolean", ["feature-state", "hover"], False], 2.5, 0],
                },
            },
        ],
    }
