"""Areas as GeoJSON: which ones, how detailed, and their outlines spliced around the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import numpy as np
from fastapi import Query
from numpy.typing import NDArray

from geo.codes import area_code
from geo.errors import Finding, InvalidParameter
from geo.layers import geojson
from service.areas.gazetteer import Gazetteer
from service.http.responses import Produce
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

Parent = Annotated[
    str | None, Query(max_length=20, description="Only areas inside this prefecture or designated city")
]
Bbox = Annotated[
    str | None, Query(max_length=120, description="Only areas that meet `west,south,east,north` (degrees)")
]
Detail = Annotated[
    Literal["low", "medium", "high"],
    Query(description="`low` for the nation on a page, `medium` for a region, `high` as ingested"),
]


def parent_of(text: str | None) -> str | None:
    """Return the parent's area code."""
    return None if text is None else area_code(text)


def bbox_of(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east, north; a box that is turned over or off the globe is refused."""
    finding = Finding("query", "bbox", text, "west,south,east,north in degrees, such as 139,35,140,36")
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidParameter("bbox must be four numbers", [finding]) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidParameter(
            "bbox must be west,south,east,north with west ≤ east and south ≤ north", [finding]
        )
    return west, south, east, north


def positions_of(gazetteer: Gazetteer, parent: str | None, bbox: str | None) -> NDArray[np.intp]:
    """Return the positions of the areas inside a parent and a box, as the parameters ask for them."""
    positions = np.arange(len(gazetteer.areas)) if parent is None else gazetteer.within(area_code(parent))
    return positions if bbox is None else np.intersect1d(positions, gazetteer.overlapping(bbox_of(bbox)))


def pouring(
    atlas: Atlas,
    vintage: Vintage,
    level: str,
    detail: str,
    positions: NDArray[np.intp],
    columns: Callable[[], Mapping[str, geojson.Column]],
    members: Callable[[], Mapping[str, object]],
) -> Produce:
    """Return what makes GeoJSON of the areas at ``positions``; ``columns`` have one entry per position."""

    def produce(gzipped: bool) -> bytes:
        texts, places = atlas.texts(vintage.date, level, detail, positions.tolist())
        return (geojson.pour_gzip if gzipped else geojson.pour)(texts, places, columns(), members())

    return produce
