"""The transport gap: who lives out of reach, where, and what a new stop would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import orjson
import shapely
from fastapi import Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from geo.access import Definition, counted, in_plane, plane_of
from geo.codes import area_code
from geo.errors import Finding, InvalidParameter, NotFound
from geo.gaps import bands, clusters
from geo.gtfs import DAYS, HOURS
from service import transport
from service.access import AtlasDep, api_router, atlas_of
from service.atlas import Atlas
from service.geometry import Bbox, bbox_of
from service.partitions import MARGIN, bounds_of, stops_from_rows
from service.responses import GEOJSON, MVT, answer, encoded, json_answer, to_json
from service.revisions import digest
from service.routes.tiles import address_of

router = api_router(prefix="/v1", tags=["transport"])

AreaCode = Annotated[str, Query(max_length=20, description="Municipality or prefecture, by code")]
Z = Annotated[int, Path(description="Zoom, 0 to 14")]
X = Annotated[int, Path(description="Column")]
Y = Annotated[int, Path(description="Row, from the north")]


def definition_of(atlas: Atlas, name: str) -> Definition:
    """Return a definition; NotFound lists those that exist."""
    found = atlas.catalogue.definitions.get(name)
    if found is None:
        listed = ", ".join(atlas.catalogue.definitions)
        raise NotFound(f"No definition is called {name[:80]!r}; there are: {listed}")
    return found


def described(one: Definition) -> dict[str, object]:
    """Return a definition as JSON."""
    return {
        "id": one.id,
        "name": {"ja": one.name_ja, "en": one.name_en},
        "distances_m": dict(one.distances),
        "classes": list(one.classes),
        "least_departures": one.least_departures,
        "day": one.day,
        "hours": [one.first, one.last],
        "source": {"title": one.source_title, "url": one.source_url},
        "note": one.note,
        "layers": {
            "area_weight": f"transport-gap:{one.id}",
            "cell_centroid": f"transport-gap-centroid:{one.id}",
            "aged_65": f"transport-gap-65:{one.id}",
            "aged_75": f"transport-gap-75:{one.id}",
            "land": f"transport-gap-land:{one.id}",
        },
    }


@router.get("/transport-gap", summary="Definitions of the transport gap, and what it was counted from")
async def gaps(request: Request, atlas: AtlasDep) -> Response:
    """Return the definitions (none is national), and what they were counted from.

    Grids and stop sources with the dates that were taken from each timetable, and which definitions were
    counted on which grid.
    """
    async with atlas.engine.connect() as conn:
        found = await transport.counted(conn)
    body = {
        "definitions": [described(one) for one in atlas.catalogue.definitions.values()],
        "grids": [{**row._mapping} for row in found.grids.values()],
        "stop_sources": [
            {
                **row._mapping,
                "valid_from": row.valid_from and str(row.valid_from),
                "valid_to": row.valid_to and str(row.valid_to),
            }
            for row in found.sources
        ],
        "counted": [{**row._mapping} for row in found.cells.values()],
        "methods": METHODS,
    }
    return json_answer(request, body)


METHODS = {
    "area_weight": {
        "ja": "メッシュ人口 ×（徒歩圏外の面積 ÷ メッシュの陸地面積）。円弧のまま正確に面積を求める。",
        "en": "People of a cell × (land out of reach ÷ land of the cell), with exact circular arcs.",
    },
    "cell_centroid": {
        "ja": "メッシュの中心点から最寄りの停留所・駅までの楕円体上の直線距離で判定する。",
        "en": "By the straight line on the ellipsoid from a cell's centre to the nearest stop.",
    },
}


async def _cells(request: Request, definition: str, area: str) -> tuple[Definition, Sequence[Any]]:
    atlas = atlas_of(request)
    found = definition_of(atlas, definition)
    async with atlas.engine.connect() as conn:
        return found, await transport.cells(conn, found.id, area_code(area))


@router.get("/transport-gap/{definition}/cells.geojson", summary="Cells of an area as GeoJSON")
async def cells_geojson(request: Request, definition: str, area: AreaCode) -> Response:
    """Return the inhabited cells of a municipality or prefecture, by their centres.

    With people, distance to the nearest stop that counts, whether the centre is covered, and the share of
    their land in the gap.
    """
    found, rows = await _cells(request, definition, area)
    head = orjson.dumps({"definition": found.id, "area": area_code(area), "methods": METHODS})[1:-1]
    body = b'{"type":"FeatureCollection",%b,"features":[%b]}\n' % (
        head,
        b",".join(map(transport.cell_feature, rows)),
    )
    return answer(request, encoded(lambda: body), GEOJSON, digest(body.decode()), download="cells.geojson")


@router.get(
    "/transport-gap/{definition}/cells/{z}/{x}/{y}.mvt",
    summary="Cells as vector tiles",
    responses={204: {"description": "Nothing to draw here"}},
)
async def cells_mvt(request: Request, atlas: AtlasDep, definition: str, z: Z, x: X, y: Y) -> Response:
    """Return a tile with the layer `cells`.

    Attributes: code, area, population, distance_m, covered, gap_share, gap_population.
    """
    found, address = definition_of(atlas, definition), address_of(z, x, y)
    async with atlas.engine.connect() as conn:
        body = await transport.cell_tile(conn, found.id, *address)
    return _tile(request, body)


@router.get(
    "/stops/{z}/{x}/{y}.mvt",
    summary="Stops as vector tiles",
    responses={204: {"description": "Nothing to draw here"}},
)
async def stops_mvt(request: Request, atlas: AtlasDep, z: Z, x: X, y: Y) -> Response:
    """Return a tile with the layer `stops`: id, name, mode, weekday_departures (absent without timetable)."""
    address = address_of(z, x, y)
    async with atlas.engine.connect() as conn:
        body = await transport.stop_tile(conn, *address)
    return _tile(request, body)


def _tile(request: Request, body: bytes) -> Response:
    if not body:
        return Response(status_code=204, headers={"Cache-Control": "no-cache"})
    return answer(request, encoded(lambda: body), MVT, digest(body.hex()))


@router.get("/stops.geojson", summary="Stops as GeoJSON")
async def stops_geojson(
    request: Request,
    atlas: AtlasDep,
    area: Annotated[str | None, Query(max_length=20, description="Municipality or prefecture")] = None,
    bbox: Bbox = None,
) -> Response:
    """Return the stops in the box of an area, or in `bbox`.

    With name, mode, classes of P11, and the departures of a stop's poles together by kind of day, null where
    no timetable is known.
    """
    if (area is None) == (bbox is None):
        raise InvalidParameter(
            "Say either area or bbox", [Finding("query", "area", str(area), "area or bbox")]
        )
    box = _box(atlas, area_code(area)) if area is not None else _named_box(bbox_of(bbox or ""))
    async with atlas.engine.connect() as conn:
        rows = await transport.stops(conn, box)
    features = b",".join(map(_stop_feature, rows))
    body = b'{"type":"FeatureCollection","features":[%b]}\n' % features
    return answer(request, encoded(lambda: body), GEOJSON, digest(body.decode()), download="stops.geojson")


def _box(atlas: Atlas, code: str) -> dict[str, float]:
    date = max(atlas.catalogue.vintages)
    for level in ("prefecture", "municipality"):
        gazetteer = atlas.gazetteer(date, level)
        if code in gazetteer.position:
            return _named_box(gazetteer.area(code).bbox)
    raise NotFound(f"No municipality or prefecture has the code {code} on {date}")


def _named_box(box: tuple[float, float, float, float]) -> dict[str, float]:
    return dict(zip(("west", "south", "east", "north"), box, strict=True))


def _stop_feature(row: Any) -> bytes:
    counts = None
    if row.departures is not None:
        by_day = np.array(row.departures).reshape(len(DAYS), HOURS).sum(axis=1).tolist()
        counts = dict(zip(DAYS, by_day, strict=True))
    properties = {
        "id": f"{row.source}/{row.id}",
        "name": row.name,
        "mode": row.mode,
        "classes": row.classes,
        "group": row.group,
        "departures": counts,
    }
    geometry = {"type": "Point", "coordinates": [row.lon, row.lat]}
    return orjson.dumps({"type": "Feature", "geometry": geometry, "properties": properties})


@router.get("/transport-gap/{definition}/gap.geojson", summary="The gap of an area as polygons")
async def gap_geojson(request: Request, atlas: AtlasDep, definition: str, area: AreaCode) -> Response:
    """Return the land of a municipality out of reach, dissolved, as GeoJSON in WGS 84.

    Circles are polygons of 128 sides here; the figures are counted with exact circles.
    """
    found, code = definition_of(atlas, definition), area_code(area)
    date = max(atlas.catalogue.vintages)
    gazetteer = atlas.gazetteer(date, "municipality")
    place = gazetteer.area(code)
    texts, positions = await atlas.texts(date, "municipality", "high", [place.position])
    outline = shapely.from_geojson(texts.geometry(int(positions[0])))
    async with atlas.engine.connect() as conn:
        rows = await transport.stops(conn, bounds_of([outline], MARGIN))
    shape = await run_in_threadpool(_uncovered, outline, rows, found, code)
    feature = {
        "type": "Feature",
        "id": int(code),
        "geometry": orjson.loads(shapely.to_geojson(shape)),
        "properties": {"code": code, "name": place.name_ja, "definition": found.id},
    }
    body = to_json({"type": "FeatureCollection", "features": [feature]})
    return answer(
        request, encoded(lambda: body), GEOJSON, digest(body.decode()), download=f"gap-{code}.geojson"
    )


def _uncovered(
    outline: shapely.Geometry, rows: Sequence[Any], definition: Definition, code: str
) -> shapely.Geometry:
    plane = plane_of(int(code[:2]), float(shapely.get_x(shapely.centroid(outline))))
    chosen, reach = counted(stops_from_rows(rows), definition)
    here = np.array([outline], object)
    land = in_plane(here, plane)[0]
    points = in_plane(np.asarray(shapely.points(chosen.lon, chosen.lat), object), plane)
    discs = shapely.buffer(points, reach, quad_segs=32)
    left = shapely.difference(land, shapely.union_all(discs)) if len(discs) else land
    back = in_plane(np.array([left], object), plane, back=True)
    rounded: shapely.Geometry = shapely.set_precision(back, 1e-6, mode="pointwise")[0]
    return rounded


@router.get("/transport-gap/{definition}/bands", summary="People by distance to the nearest stop")
async def distance_bands(
    request: Request,
    definition: str,
    area: AreaCode,
    edges: Annotated[
        str, Query(max_length=200, description="Ascending distances in metres, from 0")
    ] = "0,100,200,300,500,800,1000,2000",
) -> Response:
    """Return how many people of an area live how far from the nearest stop that counts (by cell centres)."""
    found, rows = await _cells(request, definition, area)
    bounds = _edges(edges)
    distance = np.array([np.inf if row.distance_m is None else row.distance_m for row in rows])
    people = np.array([row.population for row in rows])
    counts = bands(distance, people, bounds)
    body = {
        "definition": found.id,
        "area": area_code(area),
        "population": float(people.sum()),
        "bands": [
            {"from_m": low, "to_m": high, "population": count}
            for low, high, count in zip(bounds, [*bounds[1:], None], counts, strict=True)
        ],
    }
    return json_answer(request, body)


def _edges(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) < 2 or found != sorted(set(found)) or found[0] != 0:
        finding = Finding("query", "edges", text[:80], "ascending distances from 0, such as 0,300,500")
        raise InvalidParameter("edges must ascend from 0", [finding])
    return found


@router.get("/transport-gap/{definition}/clusters", summary="Where most people are uncovered together")
async def uncovered_clusters(
    request: Request,
    definition: str,
    area: AreaCode,
    limit: Annotated[int, Query(ge=1, le=500, description="Number of clusters")] = 20,
) -> Response:
    """Return groups of uncovered cells that touch, the most populous first.

    There a demand bus would help most. `centre` is the middle of their people.
    """
    found, rows = await _cells(request, definition, area)
    people = np.array([row.population for row in rows])
    codes = [row.code for row in rows]
    told = clusters(codes, people, np.array([not row.covered for row in rows]))
    body = {
        "definition": found.id,
        "area": area_code(area),
        "total": len(told),
        "clusters": [
            {
                "rank": rank,
                "population": one.people,
                "centre": [round(one.lon, 6), round(one.lat, 6)],
                "cells": [codes[place] for place in one.cells],
                "farthest_m": max((rows[place].distance_m or 0.0 for place in one.cells), default=None),
            }
            for rank, one in enumerate(told[:limit], 1)
        ],
    }
    return json_answer(request, body)
