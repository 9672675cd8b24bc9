"""The transport gap: who lives out of reach, where, and what a new stop would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import shapely
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from shapely.errors import GEOSException

from geo.access import Definition, counted, in_plane, plane_of
from geo.codes import area_code, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from geo.gaps import Change, Counts, Gap, bands, clusters, gap_after
from geo.gtfs import DAYS, HOURS
from geo.stops import Stops, joined, without_timetable
from service import transport
from service.access import AtlasDep, atlas_of, only_known_parameters
from service.atlas import Atlas
from service.geometry import Bbox, bbox_of
from service.partitions import MARGIN, bounds_of, stops_from_rows
from service.responses import GEOJSON, MVT, answer, digest, encoded, json_answer, to_json
from service.routes.areas import named
from service.routes.tiles import address_of
from service.transport import Region, Regions

router = APIRouter(prefix="/v1", tags=["transport"], dependencies=[Depends(only_known_parameters)])

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


# Scenario

MAX_CHANGES = 500
MAX_ZONES, MAX_ZONE_VERTICES = 20, 2000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewStop(_Body):
    """A stop that is not there yet."""

    lon: float = Field(ge=122, le=154)
    lat: float = Field(ge=20, le=46)
    mode: Literal["rail", "bus", "demand"] = "bus"
    departures: int = Field(default=99, ge=0, le=2000, description="Departures a day")


class Departures(_Body):
    """Another number of departures of a stop."""

    id: str
    departures: int = Field(ge=0, le=2000)


class Scenario(_Body):
    """What would be changed."""

    definition: str
    area: str = Field(description="Municipality or prefecture whose figures are answered")
    add: list[NewStop] = Field(default_factory=list, max_length=MAX_CHANGES)
    remove: list[str] = Field(default_factory=list, max_length=MAX_CHANGES, description="Ids of /v1/stops")
    departures: list[Departures] = Field(default_factory=list, max_length=MAX_CHANGES)
    zones: list[dict[str, object]] = Field(
        default_factory=list, max_length=MAX_ZONES, description="Polygons (GeoJSON) that a demand bus serves"
    )
    distances_m: dict[Literal["rail", "bus", "demand"], float] | None = None
    least_departures: int | None = Field(default=None, ge=0, le=2000)


@router.post("/transport-gap/scenario", summary="What would change: a new stop, a zone, another threshold")
async def scenario(request: Request, atlas: AtlasDep, asked: Scenario) -> Response:
    """Return the gap of an area before, after and the difference, and the cells that change.

    Nothing is stored, and no key is needed. At most 500 changes of stops and 20 zones, in one prefecture
    with a margin. Departures that are changed apply to the pole that is named.
    """
    definition, code = definition_of(atlas, asked.definition), area_code(asked.area)
    async with atlas.engine.connect() as conn:
        grid = await transport.grid_of(conn, definition.id, prefecture_of(code))
    regions: Regions = request.app.state.regions
    region = await regions.region(prefecture_of(code), grid)
    if code != prefecture_of(code) and code not in region.partition.areas:
        raise NotFound(f"No municipality has the code {code}")
    body = await run_in_threadpool(_counted, atlas, region, definition, asked, code)
    return Response(to_json(body | {"grid": grid}), media_type="application/json")


def _counted(
    atlas: Atlas, region: Region, definition: Definition, asked: Scenario, code: str
) -> dict[str, object]:
    wanted = replace(
        definition,
        distances={**definition.distances, **_distances(asked)},
        least_departures=definition.least_departures
        if asked.least_departures is None
        else asked.least_departures,
    )
    before = region.before(definition)
    change = _change(region, wanted, asked)
    partition = region.partition
    after = gap_after(partition, region.before(wanted), wanted, change)
    gazetteer = atlas.gazetteer(max(atlas.catalogue.vintages), "municipality")
    own = [area for area in before.by_area if code in (area, prefecture_of(area))]
    municipalities = [
        named(gazetteer.area(area)) | _compared(before, after, area) for area in own if before.by_area[area]
    ]
    return {
        "definition": described(definition),
        "changed_definition": described(wanted) if wanted != definition else None,
        "area": code,
        "municipalities": municipalities,
        "total": _total(before, after, own),
        "cells": _changed_cells(region, before, after, set(own)),
        "methods": METHODS,
    }


def _distances(asked: Scenario) -> dict[str, float]:
    found: dict[str, float] = {str(mode): metres for mode, metres in (asked.distances_m or {}).items()}
    wrong = {mode: metres for mode, metres in found.items() if not 0 < metres <= 5000}
    if wrong:
        finding = Finding("body", "distances_m", str(wrong)[:80], "metres above 0 and up to 5000")
        raise InvalidParameter("A distance is out of bounds", [finding])
    return found


def _change(region: Region, definition: Definition, asked: Scenario) -> Change:
    ids, stops = region.ids, region.partition.stops
    named_ids = [*asked.remove, *(one.id for one in asked.departures)]
    unknown = [name for name in named_ids if name not in ids]
    if unknown:
        findings = [
            Finding(
                "body",
                "remove, departures",
                name[:80],
                "the id of a stop of this prefecture, see /v1/stops.geojson",
            )
            for name in unknown[:50]
        ]
        raise InvalidParameter(f"{len(unknown)} stops are not known here", findings)
    removed = np.zeros(len(stops), bool)
    removed[[ids[name] for name in named_ids]] = True
    added = [_new_stops(asked.add)] if asked.add else []
    for one in asked.departures:
        place = np.array([ids[one.id]])
        other = stops.take(place)
        other.departures[:] = 0
        added.append(replace(other, departures=_spread(np.array([one.departures]))))
    none = stops.take(np.zeros(len(stops), bool))
    return Change(removed, joined([none, *added]), _zones(asked.zones))


def _new_stops(asked: Sequence[NewStop]) -> Stops:
    n = len(asked)
    made = without_timetable(
        [f"new-{place}" for place in range(n)],
        ["new"] * n,
        [one.mode for one in asked],
        [""] * n,
        [f"new-{place}" for place in range(n)],
        np.array([one.lon for one in asked]),
        np.array([one.lat for one in asked]),
    )
    return replace(made, departures=_spread(np.array([one.departures for one in asked])))


def _spread(totals: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return departures of a day spread evenly from 6 to 21 o'clock, on every kind of day."""
    counts = np.zeros((len(totals), len(DAYS), HOURS), np.int32)
    hours = np.arange(6, 22)
    for place, total in enumerate(totals.tolist()):
        each = np.diff(np.linspace(0, total, len(hours) + 1).round()).astype(np.int32)
        counts[place][:, hours] = each
    return counts


def _zones(asked: Sequence[dict[str, object]]) -> Any:
    found = np.empty(len(asked), object)
    for place, document in enumerate(asked):
        try:
            shape = shapely.from_geojson(orjson.dumps(document))
        except (GEOSException, ValueError) as error:
            finding = Finding("body", f"zones.{place}", str(document)[:80], "a Polygon of RFC 7946")
            raise InvalidParameter("A zone cannot be read", [finding]) from error
        vertices = int(shapely.get_num_coordinates(shape))
        if (
            shapely.get_type_id(shape) not in (3, 6)
            or vertices > MAX_ZONE_VERTICES
            or not shapely.is_valid(shape)
        ):
            expected = f"a valid Polygon or MultiPolygon of at most {MAX_ZONE_VERTICES} vertices"
            raise InvalidParameter(
                "A zone cannot be used", [Finding("body", f"zones.{place}", str(document)[:80], expected)]
            )
        found[place] = shape
    return found


def _compared(before: Gap, after: Gap, area: str) -> dict[str, object]:
    return {
        "area_weight": {
            column: _difference(counts, after.by_area[area][column])
            for column, counts in before.by_area[area].items()
        },
        "cell_centroid": {
            column: _difference(counts, after.by_centre[area][column])
            for column, counts in before.by_centre[area].items()
        },
    }


def _difference(before: Counts, after: Counts) -> dict[str, object]:
    return {
        "all": before.all,
        "gap_before": before.gap,
        "gap_after": after.gap,
        "difference": after.gap - before.gap,
        "share_before": before.share,
        "share_after": after.share,
    }


def _total(before: Gap, after: Gap, own: Sequence[str]) -> dict[str, object]:
    def summed(gap: Gap) -> Counts:
        counts = [gap.by_area[area]["population"] for area in own if gap.by_area[area]]
        return Counts(sum(one.all for one in counts), sum(one.gap for one in counts))

    return _difference(summed(before), summed(after))


def _changed_cells(region: Region, before: Gap, after: Gap, own: set[str]) -> list[dict[str, object]]:
    partition = region.partition
    moved = np.flatnonzero(
        (np.abs(before.covered_share - after.covered_share) > 1e-9) | (before.covered != after.covered)
    )
    return [
        {
            "code": partition.cells[place],
            "area": partition.areas[before.cell_area[place]],
            "population": float(partition.people["population"][place]),
            "gap_share_before": 1 - float(before.covered_share[place]),
            "gap_share_after": 1 - float(after.covered_share[place]),
            "covered_before": bool(before.covered[place]),
            "covered_after": bool(after.covered[place]),
        }
        for place in moved.tolist()
        if before.cell_area[place] >= 0 and partition.areas[before.cell_area[place]] in own
    ]
