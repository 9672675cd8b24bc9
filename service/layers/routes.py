"""A layer is an indicator on a map: its tiles' description, style, legend, values and statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from geo.figures.statistics import statistics as statistics_of
from geo.layers.geojson import Column
from geo.layers.style import maplibre_style
from service.areas.geometry import Bbox, Parent, parent_of, positions_of, pouring
from service.figures.carrying import Carrying, in_one_cell
from service.figures.forms import credits_of
from service.figures.values import STATUSES, columns_of
from service.http.addresses import base_url
from service.http.dependencies import AtlasDep, PictureDep, api_router
from service.http.forms import answers
from service.http.responses import (
    CSV,
    GEOJSON,
    JSON,
    SVG,
    Bom,
    Told,
    answer,
    csv_bytes,
    encoded,
    json_answer,
    kept,
    kept_json,
    to_json,
)
from service.layers.forms import (
    LayerFeatures,
    LayerStatistics,
    Legend,
    Positions,
    Style,
    TileJson,
    Values,
    about,
    legend_described,
    values_described,
    view_described,
)
from service.layers.legends import legend_of
from service.layers.styles import painting_of
from service.layers.tile_sources import FIELDS, LEAN, LEAN_FIELDS, MAX_ZOOM, Fields, is_lean
from service.layers.views import MISSING, Lang, Picture, Revision, View, carrying_of, is_current
from service.memory.cache import digest

router = api_router(prefix="/v1/layers/{layer}", tags=["layers"])

Encoding = Annotated[
    Literal["mvt", "mlt"],
    Query(description="Format of the vector tiles: MVT, or MapLibre's MLT (MapLibre GL JS 5.12 and newer)"),
]


def _query(view: View, **others: str) -> str:
    return urlencode(view.parameters | others, safe=",")  # a bound of 1e+22 has a sign read as a space else


def _chosen(lean: bool) -> dict[str, str]:
    """Return what an address says of the attributes of its tiles; nothing where they have all."""
    return {"fields": LEAN} if lean else {}


@router.get("/tiles.json", summary="TileJSON 3.0", responses=answers(JSON, form=TileJson))
async def tilejson(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    lang: Lang = "ja",
    encoding: Encoding = "mvt",
    fields: Fields = None,
) -> Response:
    """Return the TileJSON of a layer; its tile address carries the revision and may be cached for ever."""
    view, lean = picture.view, is_lean(fields)
    west, south, east, north = picture.gazetteer.bounds
    name = view.indicator.name_ja if lang == "ja" else view.indicator.name_en
    credits = credits_of(atlas, picture.vector.sources, view.vintage)
    attribution = [credit[lang] for credit in (credits[-1], *credits[:-1])]
    tiles = f"{base_url(request)}/v1/layers/{view.indicator.id}/tiles/{{z}}/{{x}}/{{y}}"
    body: TileJson = {
        **view_described(atlas, picture),
        "tilejson": "3.0.0",
        "encoding": encoding,
        "tiles": [f"{tiles}.{encoding}?{_query(view, rev=picture.revision, **_chosen(lean))}"],
        "png": f"{tiles}.png?{_query(view, rev=picture.revision)}",
        "name": f"{name} {view.period}",
        "description": view.indicator.description_ja if lang == "ja" else view.indicator.description_en,
        "version": "1.0.0",
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, 5],
        "attribution": " | ".join(dict.fromkeys(attribution)),
        "vector_layers": [
            {
                "id": "areas",
                "description": view.level,
                "minzoom": 0,
                "maxzoom": MAX_ZOOM,
                "fields": LEAN_FIELDS if lean else FIELDS,
            }
        ],
    }
    return json_answer(request, body)


@router.get("/style.json", summary="MapLibre style", responses=answers(JSON, form=Style))
async def style(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    lang: Lang = "ja",
    encoding: Encoding = "mvt",
    fields: Fields = None,
) -> Response:
    """Return a complete MapLibre style: source, colours of the classes, no-data colour, outlines.

    A layer of counts has circles in proportion over plain areas.
    """
    view = picture.view
    indicator = view.indicator
    # who reads MVT alone does not know the word either
    chosen = {} if encoding == "mvt" else {"encoding": encoding}
    query = _query(view, lang=lang, **chosen, **_chosen(is_lean(fields)))
    address = f"{base_url(request)}/v1/layers/{indicator.id}/tiles.json?{query}"
    name = indicator.name_ja if lang == "ja" else indicator.name_en
    body = maplibre_style(
        name=f"{name} {view.period}",
        source={"type": "vector", "url": address, **chosen},
        painting=painting_of(picture, base_url(request)),
        lang=lang,
        credit=view.vintage.credit[lang],
    )
    return json_answer(request, body)


@router.get("/legend.json", summary="Legend as JSON", responses=answers(JSON, form=Legend))
async def legend_json(request: Request, atlas: AtlasDep, picture: PictureDep) -> Response:
    """Return classes with bounds, colour, label and count, and the no-data class."""

    def make() -> bytes:
        body: Legend = {**about(atlas, picture), **legend_described(picture)}
        return to_json(body)

    return await kept(request, atlas, digest(picture.etag, "legend"), encoded(make), Told(JSON))


@router.get("/legend.svg", summary="Legend as SVG")
async def legend_svg(request: Request, picture: PictureDep, lang: Lang = "ja") -> Response:
    """Return the legend as a picture with its texts in one language."""
    svg = legend_of(picture).to_svg(lang).encode()
    return answer(request, svg, Told(SVG, revision=picture.revision))


@router.get(
    "/areas.geojson", summary="Values on geometry as GeoJSON", responses=answers(GEOJSON, form=LayerFeatures)
)
async def areas_geojson(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    parent: Parent = None,
    bbox: Bbox = None,
    detail: Annotated[
        Literal["point", "low", "medium", "high"],
        Query(
            description="`low` for the nation on a page, `medium` for a region, `high` as ingested; "
            "`point` for a point inside each area instead of its outline"
        ),
    ] = "medium",
    rev: Revision = None,
) -> Response:
    """Return areas with `value`, `class` and `status` as GeoJSON in WGS 84 (RFC 7946).

    A categorical layer has `label` and `label_en` beside the code in `value`.
    A missing value is null and `status` says why. `carried` tells how a value came to stand on these
    boundaries, and `boundary_dates` which ones the figures were published on. Without `parent` or `bbox` the
    whole nation is returned.
    """
    view, vector = picture.view, picture.vector
    positions = positions_of(picture.gazetteer, parent, bbox)

    def columns() -> dict[str, Column]:
        values = vector.values[positions]
        classes = np.where(picture.classes == MISSING, np.nan, picture.classes)[positions]
        marks = carrying_of(atlas, view).marks[positions]
        told = columns_of(view.indicator, values, vector.statuses[positions], marks)
        return {**told, "value": values, "class": classes}

    def members() -> Mapping[str, object]:
        return {**about(atlas, picture), "detail": detail}

    state = digest(picture.etag, "geojson", parent, bbox, detail)
    produce = pouring(atlas, view.vintage, view.level, detail, positions, columns, members)
    return await kept(request, atlas, state, produce, _told(picture, GEOJSON, "geojson", rev))


@router.get("/values.json", summary="Values without geometry as JSON", responses=answers(JSON, form=Values))
async def values_json(
    request: Request, atlas: AtlasDep, picture: PictureDep, parent: Parent = None, rev: Revision = None
) -> Response:
    """Return columns of equal length: code, value, class, status, carried; null where missing."""
    positions = picture.gazetteer.within(parent_of(parent))

    def make() -> bytes:
        return to_json(values_described(atlas, picture, positions))

    state = digest(picture.etag, "values", parent)
    return await kept(request, atlas, state, encoded(make), _told(picture, JSON, "", rev))


def _told(picture: Picture, media_type: str, suffix: str, rev: str | None) -> Told:
    """Return how a file of a picture is told: kept for ever under its revision, named by what it shows."""
    view = picture.view
    name = f"{view.indicator.id}-{view.period}-{view.level}.{suffix}" if suffix else None
    return Told(media_type, is_current(rev, picture), picture.revision, name)


@router.get("/values.csv", summary="Values without geometry as CSV")
async def values_csv(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    parent: Parent = None,
    rev: Revision = None,
    bom: Bom = False,
) -> Response:
    """Return one row per area: code, name, period, value, class, status, carried, boundary_dates (UTF-8).

    `carried` tells how the value came to stand on these boundaries, `boundary_dates` which ones the figures
    of the period were published on, apart by spaces.
    """
    positions = picture.gazetteer.within(parent_of(parent))

    def make() -> bytes:
        header = [
            "code",
            "name",
            "name_en",
            "period",
            "value",
            "class",
            "status",
            "carried",
            "boundary_dates",
        ]
        return csv_bytes(header, _value_rows(picture, carrying_of(atlas, picture.view), positions), bom=bom)

    state = digest(picture.etag, "csv", parent, bom)
    return await kept(request, atlas, state, encoded(make), _told(picture, CSV, "csv", rev))


def _value_rows(picture: Picture, carrying: Carrying, positions: Positions) -> Iterator[list[object]]:
    dates = in_one_cell(carrying.dates)
    for position, carried in zip(positions, carrying.told(positions), strict=True):
        area, index = picture.gazetteer.areas[position], int(picture.classes[position])
        yield [
            area.code,
            area.name_ja,
            area.name_en,
            picture.view.period,
            float(picture.vector.values[position]),
            None if index == MISSING else index,
            STATUSES[picture.vector.statuses[position]],
            carried,
            dates,
        ]


@router.get(
    "/statistics.json", summary="Statistics of the values", responses=answers(JSON, form=LayerStatistics)
)
async def statistics(
    request: Request, atlas: AtlasDep, picture: PictureDep, parent: Parent = None
) -> Response:
    """Return n, missing by reason, minimum, maximum, mean, median, quantiles, histogram and ranks."""
    positions = picture.gazetteer.within(parent_of(parent))

    def make() -> LayerStatistics:
        values, statuses = picture.vector.values[positions], picture.vector.statuses[positions]
        found = statistics_of(
            values,
            codes=picture.gazetteer.codes[positions].tolist(),
            statuses=[STATUSES[status] for status in statuses],
            direction=picture.view.indicator.direction,
        )
        carried = Counter(how for how in carrying_of(atlas, picture.view).told(positions) if how is not None)
        return {**about(atlas, picture), "parent": parent, "carried": dict(carried), **found}

    return await kept_json(request, atlas, make, picture.etag)
