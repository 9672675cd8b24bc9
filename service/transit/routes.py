"""The transport gap: who lives out of reach, where, and what a new stop would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Annotated

import numpy as np
import orjson
import shapely
from fastapi import Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.errors import Finding, InvalidParameter
from geo.transit.access import Definition, counted, in_plane, plane_of
from geo.transit.calendars import DAYS
from geo.transit.gaps import clusters
from geo.transit.mesh import bounds
from geo.transit.stops import Stops
from service.areas.geometry import Bbox, bbox_of
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import GEOJSON, JSON, Told, encoded, kept, kept_json, state_of
from service.memory.atlas import Atlas
from service.memory.revisions import MISSING_OPERATORS
from service.transit import transport
from service.transit.forms import (
    METHODS,
    DistanceBands,
    GapCells,
    GapLandFeatures,
    Gaps,
    StopFeatures,
    UncoveredClusters,
    bands_described,
    cell_described,
    clusters_described,
    gaps_described,
)
from service.transit.queries import MARGIN, Lists, by_day, lists_from, stops_from, stops_in, stops_near
from service.transit.transport import MADE_OF, Cells

router = api_router(prefix="/v1", tags=["transport"])

AreaCode = Annotated[str, Query(max_length=20, description="Municipality or prefecture, by code")]


@router.get(
    "/transport-gap",
    summary="Definitions of the transport gap, and what it was counted from",
    responses=answers(JSON, form=Gaps),
)
async def gaps(request: Request, atlas: AtlasDep) -> Response:
    """Return the definitions (none is national), and what they were counted from.

    Grids and stop sources with the dates that were taken from each timetable, which definitions were counted
    on which grid, and the operators whose stops are known to be missing. Each layer of gaps tells its own
    under `counted_from`, and in words as `coverage`.
    """

    def make() -> Gaps:
        counted = atlas.read(transport.counted, *MADE_OF)
        catalogue = atlas.catalogue
        return gaps_described(list(catalogue.definitions.values()), counted, catalogue.missing_operators)

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF, MISSING_OPERATORS))


@router.get(
    "/transport-gap/{definition}/cells.geojson",
    summary="Cells of an area as GeoJSON",
    responses=answers(GEOJSON, form=GapCells),
)
async def cells_geojson(request: Request, atlas: AtlasDep, definition: str, area: AreaCode) -> Response:
    """Return the inhabited cells of a municipality or prefecture, by their centres.

    With people, distance to the nearest stop that counts, whether the centre is covered, and the share of
    their land in the gap. People that are not told are null, and `status` says why. At most 50,000; more are
    told as tiles, or page by page by `/ogc/collections/gap-cells.{definition}/items`.
    """
    found, code = atlas.definition(definition), area_code(area)
    instead = (
        f"ask for a municipality, for the tiles /v1/transport-gap/{found.id}/cells/{{z}}/{{x}}/{{y}}.mvt, "
        f"or page by page for /ogc/collections/gap-cells.{found.id}/items"
    )

    def make() -> bytes:
        cells = _cells(atlas, found, code, transport.MAX_FEATURES, instead)
        head = {"definition": found.id, "area": code, "grid": cells.grid, "methods": METHODS}
        return _collection(head, _cell_features(cells))

    return await _geojson(request, atlas, make, "cells.geojson")


def _cells(atlas: Atlas, definition: Definition, code: str, bound: int, instead: str) -> Cells:
    """Return the cells of an area; for work in a thread."""
    query = partial(transport.cells, definition=definition.id, area=code, bound=bound, instead=instead)
    return atlas.read(query, *MADE_OF).read()


def _cell_features(cells: Cells) -> Iterator[object]:
    south, west, north, east = bounds(cells.codes).round(6).T.tolist()
    return (
        {
            "type": "Feature",
            "id": int(cell),
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [
                        [east[place], south[place]],
                        [east[place], north[place]],
                        [west[place], north[place]],
                        [west[place], south[place]],
                        [east[place], south[place]],
                    ]
                ],
            },
            "properties": cell_described(cells, place),
        }
        for place, cell in enumerate(cells.codes)
    )


#: Features that are made and written before others get a turn: neither orjson nor the collection of what was
#: made lets another thread run meanwhile.
AT_A_TIME = 500


def _collection(head: Mapping[str, object], features: Iterable[object]) -> bytes:
    """Return features as GeoJSON; numbers that are not finite become null."""
    rest = iter(features)
    written = [orjson.dumps(some)[1:-1] for some in iter(lambda: list(islice(rest, AT_A_TIME)), [])]
    opening = orjson.dumps({"type": "FeatureCollection", **head})[:-1]
    return b"".join([opening, b',"features":[', b",".join(written), b"]}\n"])


async def _geojson(request: Request, atlas: Atlas, make: Callable[[], bytes], download: str) -> Response:
    state = state_of(request, atlas.state(*MADE_OF))
    return await kept(request, atlas, state, encoded(make), Told(GEOJSON, download=download))


@router.get("/stops.geojson", summary="Stops as GeoJSON", responses=answers(GEOJSON, form=StopFeatures))
async def stops_geojson(
    request: Request,
    atlas: AtlasDep,
    area: Annotated[str | None, Query(max_length=20, description="Municipality or prefecture")] = None,
    bbox: Bbox = None,
) -> Response:
    """Return the stops in the boxes of an area's municipalities, or in `bbox`.

    With name, mode, classes of P11, and the departures of a stop's poles together by kind of day, null where
    no timetable is known. At most 50,000; more are told as tiles, or page by page by
    `/ogc/collections/stops/items`.
    """
    if (area is None) == (bbox is None):
        raise InvalidParameter(
            "Say either area or bbox", [Finding("query", "area", str(area), "area or bbox")]
        )
    query = (
        stops_near(*transport.municipalities_of(atlas, area_code(area)), 0.0)
        if area is not None
        else stops_in(*bbox_of(bbox or ""))
    )
    instead = (
        "ask for a municipality or a smaller bbox, for the tiles /v1/stops/{z}/{x}/{y}.mvt, "
        "or page by page for /ogc/collections/stops/items"
    )

    def make() -> bytes:
        texts = atlas.read(
            lambda conn: transport.stops(conn, by_day(query), transport.MAX_FEATURES, instead), *MADE_OF
        )
        return _collection({}, _stop_features(lists_from(texts)))

    return await _geojson(request, atlas, make, "stops.geojson")


def _stop_features(stops: Lists) -> Iterator[object]:
    departures = zip(*(stops[day] for day in DAYS), strict=True)
    columns = (stops[name] for name in ("source", "id", "lon", "lat", *_STOP))
    return (
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {
                "id": f"{source}/{name}",
                **dict(zip(_STOP, described, strict=True)),
                # a timetable is known for every kind of day, or for none
                "departures": None if None in counts else dict(zip(DAYS, counts, strict=True)),
            },
        }
        for (source, name, lon, lat, *described), counts in zip(
            zip(*columns, strict=True), departures, strict=True
        )
    )


#: Properties of a stop that are columns of its table.
_STOP = ("name", "mode", "classes", "group")


@router.get(
    "/transport-gap/{definition}/gap.geojson",
    summary="The gap of an area as polygons",
    responses=answers(GEOJSON, form=GapLandFeatures),
)
async def gap_geojson(request: Request, atlas: AtlasDep, definition: str, area: AreaCode) -> Response:
    """Return the land of a municipality out of reach, dissolved, as GeoJSON in WGS 84.

    Circles are polygons of 128 sides here; the figures are counted with exact circles.
    """
    found, code = atlas.definition(definition), area_code(area)
    date = atlas.catalogue.whole
    place = atlas.gazetteer(date, "municipality").area(code)
    instead = f"ask for the cells: /v1/transport-gap/{found.id}/cells/{{z}}/{{x}}/{{y}}.mvt"
    query = stops_near(date, [code], MARGIN)

    def make() -> bytes:
        texts = atlas.read(
            lambda conn: transport.stops(conn, query, transport.MAX_REGION_STOPS, instead), *MADE_OF
        )
        outline = shapely.from_wkb(atlas.read(lambda conn: transport.outline_of(conn, date, code), *MADE_OF))
        gap = _uncovered(outline, stops_from(lists_from(texts)), found, code)
        feature = {
            "type": "Feature",
            "id": int(code),
            "geometry": orjson.Fragment(shapely.to_geojson(gap)),
            "properties": {"code": code, "name": place.name_ja, "definition": found.id},
        }
        return _collection({}, [feature])

    return await _geojson(request, atlas, make, f"gap-{code}.geojson")


def _uncovered(
    outline: shapely.Geometry, stops: Stops, definition: Definition, code: str
) -> shapely.Geometry:
    plane = plane_of(int(code[:2]), float(shapely.get_x(shapely.centroid(outline))))
    chosen, reach = counted(stops, definition)
    here = np.array([outline], object)
    land = in_plane(here, plane)[0]
    points = in_plane(np.asarray(shapely.points(chosen.lon, chosen.lat), object), plane)
    discs = shapely.buffer(points, reach, quad_segs=32)
    left = shapely.difference(land, shapely.union_all(discs)) if len(discs) else land
    back = in_plane(np.array([left], object), plane, back=True)
    rounded: shapely.Geometry = shapely.set_precision(back, 1e-6, mode="pointwise")[0]
    return rounded


@router.get(
    "/transport-gap/{definition}/bands",
    summary="People by distance to the nearest stop",
    responses=answers(JSON, form=DistanceBands),
)
async def distance_bands(
    request: Request,
    atlas: AtlasDep,
    definition: str,
    area: AreaCode,
    edges: Annotated[
        str, Query(max_length=200, description="Ascending distances in metres, from 0")
    ] = "0,100,200,300,500,800,1000,2000",
) -> Response:
    """Return how many people of an area live how far from the nearest stop that counts (by cell centres).

    Cells whose people are not told are in no number: `cells_without_figure` counts them by the reason. A band
    that has no other cells is null.
    """
    found, code, limits = atlas.definition(definition), area_code(area), _edges(edges)

    def make() -> DistanceBands:
        cells = _cells(atlas, found, code, transport.MAX_CELLS, "ask for a municipality")
        return bands_described(found.id, code, cells, limits)

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


def _edges(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) < 2 or found != sorted(set(found)) or found[0] != 0:
        finding = Finding("query", "edges", text, "ascending distances from 0, such as 0,300,500")
        raise InvalidParameter("edges must ascend from 0", [finding])
    return found


@router.get(
    "/transport-gap/{definition}/clusters",
    summary="Where most people are uncovered together",
    responses=answers(JSON, form=UncoveredClusters),
)
async def uncovered_clusters(
    request: Request,
    atlas: AtlasDep,
    definition: str,
    area: AreaCode,
    limit: Annotated[int, Query(ge=1, le=500, description="Number of clusters")] = 20,
) -> Response:
    """Return groups of uncovered cells that touch, the most populous first.

    There a demand bus would help most. `centre` is the middle of their people. Cells whose people are not
    told belong to a group and add nobody: `cells_without_figure` counts them by the reason, and a group that
    has no other cells has a `population` of null.
    """
    found, code = atlas.definition(definition), area_code(area)

    def make() -> UncoveredClusters:
        cells = _cells(atlas, found, code, transport.MAX_CELLS, "ask for a municipality")
        listed = clusters(cells.codes, cells.population, ~cells.covered)
        return clusters_described(found.id, code, cells, listed, limit)

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))
