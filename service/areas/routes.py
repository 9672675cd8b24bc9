"""Areas: prefectures, municipalities and wards, with their outlines."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
from fastapi import Query, Request
from fastapi.responses import Response

from geo.codes import WARD_CITY, area_code, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from service.areas import queries
from service.areas.comparison import Vintages, compared
from service.areas.former import Former
from service.areas.forms import (
    AreaFeatures,
    AreaInDetail,
    Areas,
    Neighbours,
    RegionSets,
    changes_described,
    children_described,
    described,
    former_described,
    neighbours_described,
    region_set_described,
    size_described,
    vintage_described,
)
from service.areas.gazetteer import LEVELS, Area, Gazetteer
from service.areas.geometry import Bbox, Detail, Parent, parent_of, positions_of, pouring
from service.http.addresses import next_page
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import GEOJSON, JSON, Told, json_answer, kept, kept_json, kept_read, state_of
from service.layers.views import DATE, Level, VintageDate, chosen_level, one_of
from service.memory import revisions
from service.memory.atlas import Atlas, chosen
from service.memory.catalogue import Vintage

router = api_router(prefix="/v1", tags=["areas"])


def _listed(
    atlas: Atlas, vintage: Vintage, level: str | None
) -> list[tuple[Gazetteer, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Return the gazetteers to list, each with its positions: without a level, every area once."""
    if level is not None:
        gazetteer = atlas.gazetteer(vintage.date, chosen_level(atlas, None, vintage, level))
        return [(gazetteer, np.arange(len(gazetteer)))]
    listed = []
    for name in vintage.levels:
        gazetteer = atlas.gazetteer(vintage.date, name)
        once = [a.position for a in gazetteer.areas if name != "ward" or a.kind == "ward"]
        listed.append((gazetteer, np.array(once, np.intp)))
    return listed


@router.get("/areas", summary="Search areas by name or code", responses=answers(JSON, form=Areas))
async def areas(
    request: Request,
    atlas: AtlasDep,
    q: Annotated[
        str, Query(max_length=100, description="Name (kanji, kana or Roman letters) or start of a code")
    ] = "",
    level: Level = None,
    parent: Parent = None,
    vintage: VintageDate = None,
    limit: Annotated[int, Query(ge=1, le=2000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Return the areas that match, a page at a time, with the exact total and a link to the next page.

    Without `level`, prefectures, municipalities and the wards of designated cities are listed, each once.
    Without `q`, areas come in the order of their codes; with it, the best match comes first, and `former` has
    up to 20 names and codes of the past that match too, each with the areas that hold its land on `vintage`.
    """
    chosen = atlas.vintage(vintage)
    inside = parent_of(parent)
    listed = _listed(atlas, chosen, level)

    def make() -> Areas:
        found: list[tuple[Area, str]] = []
        for gazetteer, positions in listed:
            allowed = set(positions.tolist())
            if inside is not None:
                allowed &= {
                    a.position
                    for a in gazetteer.areas
                    if inside in (a.prefecture, a.parent) and a.code != inside
                }
            ordered = gazetteer.search(q) if q else positions
            found += [(gazetteer.areas[p], gazetteer.level) for p in ordered.tolist() if p in allowed]
        page = [described(one, at, atlas.at(chosen, at)) for one, at in found[offset : offset + limit]]
        former = atlas.catalogue.former_names.search(q, chosen.date) if q and level != "prefecture" else []
        return {
            "total": len(found),
            "next": next_page(request, offset, limit, len(found)),
            "areas": page,
            "former": [former_described(one) for one in former if _lies_in(one, inside)],
        }

    return await kept_json(request, atlas, make, atlas.state("vintage", "area-changes", "area-history"))


def _lies_in(former: Former, parent: str | None) -> bool:
    """Return whether land of a former area lies in a prefecture or designated city now."""
    heirs = (heir.code for heir in former.became)
    return parent is None or any(parent in (prefecture_of(code), WARD_CITY.get(code)) for code in heirs)


@router.get("/areas.geojson", summary="Outlines as GeoJSON", responses=answers(GEOJSON, form=AreaFeatures))
async def areas_geojson(
    request: Request,
    atlas: AtlasDep,
    level: Level = None,
    parent: Parent = None,
    bbox: Bbox = None,
    detail: Detail = "medium",
    vintage: VintageDate = None,
) -> Response:
    """Return areas as a GeoJSON FeatureCollection in WGS 84 (RFC 7946), without values."""
    chosen = atlas.vintage(vintage)
    at = chosen_level(atlas, None, chosen, level)
    chosen = atlas.at(chosen, at)
    gazetteer = atlas.gazetteer(chosen.date, at)
    positions = positions_of(gazetteer, parent, bbox)

    def columns() -> dict[str, list[object]]:
        areas = [gazetteer.areas[p] for p in positions]
        return {
            "kind": [a.kind for a in areas],
            "parent": [a.parent for a in areas],
            "area_km2": [round(a.area_km2, 3) for a in areas],
        }

    def members() -> dict[str, object]:
        return {"level": at, "vintage": str(chosen.date), "detail": detail, "credit": chosen.credit}

    told = Told(GEOJSON, download=f"areas-{at}.geojson")
    state = state_of(request, atlas.state("vintage"))
    return await kept(
        request, atlas, state, pouring(atlas, chosen, at, detail, positions, columns, members), told
    )


def _levels_of(atlas: Atlas, vintage: Vintage, code: str, level: str | None) -> list[str]:
    wanted = [chosen_level(atlas, None, vintage, level)] if level is not None else list(LEVELS)
    return [
        name
        for name in wanted
        if name in vintage.levels and code in atlas.gazetteer(vintage.date, name).position
    ]


@router.get("/areas/{code}", summary="One area", responses=answers(JSON, form=AreaInDetail))
async def area(
    request: Request, atlas: AtlasDep, code: str, level: Level = None, vintage: VintageDate = None
) -> Response:
    """Return one area with the areas inside it and the municipal changes its code took part in.

    `size` tells the official area where it is known; `area_km2` is computed from the outline.

    The code may be written `01100`, `011002` (its check digit is verified), `R01100` or `C01100`.
    """
    plain = area_code(code)
    chosen = atlas.vintage(vintage)
    levels = _levels_of(atlas, chosen, plain, level)
    changes = [c for c in atlas.catalogue.changes if plain in (c.from_code, c.to_code)]
    if not levels:
        then = (
            "; ".join(f"{c.date}: {c.from_code} → {c.to_code} ({c.kind})" for c in changes) or "none recorded"
        )
        raise NotFound(
            f"No area has the code {plain} on {chosen.date}. Municipal changes: {then}. "
            f"/v1/areas/{plain}/history tells what became of it"
        )
    newest, chosen = chosen, atlas.at(chosen, levels[0])
    found = atlas.gazetteer(chosen.date, levels[0]).area(plain)
    below = {"prefecture": "municipality", "municipality": "ward"}.get(levels[0])

    def make() -> AreaInDetail:
        return {
            **described(found, levels[0], chosen),
            "size": size_described(atlas, found, levels[0], chosen),
            "levels": levels,
            "children": children_described(atlas.gazetteer(newest.date, below), plain)
            if below in newest.levels
            else [],
            "vintages": [str(v.date) for v in atlas.catalogue.vintages.values() if v.own.has(plain)],
            "changes": changes_described(changes),
            "credit": chosen.credit,
        }

    return await kept_json(request, atlas, make, atlas.state("vintage", "area-changes", "indicator"))


@router.get(
    "/areas/{code}/neighbours", summary="Areas around an area", responses=answers(JSON, form=Neighbours)
)
async def neighbours(
    request: Request,
    atlas: AtlasDep,
    code: str,
    level: Level = None,
    vintage: VintageDate = None,
    limit: Annotated[int, Query(ge=1, le=60)] = 12,
) -> Response:
    """Return the areas of the same level that share a border with one, then the nearest others.

    `distance_km` is that between the borders, 0 where they touch: an island has neighbours across the sea.
    """
    plain = area_code(code)
    chosen = atlas.vintage(vintage)
    levels = _levels_of(atlas, chosen, plain, level)
    if not levels:
        raise NotFound(
            f"No area has the code {plain} on {chosen.date}; "
            f"/v1/areas/{plain}/history tells what became of it"
        )
    chosen = atlas.at(chosen, levels[0])
    gazetteer = atlas.gazetteer(chosen.date, levels[0])
    ask = partial(queries.neighbours, date=chosen.date, level=levels[0], code=plain, most=limit)
    read = partial(atlas.answered, ask, subjects=(revisions.vintage(chosen.date),))
    make = partial(neighbours_described, gazetteer, gazetteer.area(plain))
    return await kept_read(request, atlas, read, make, atlas.state("vintage"))


@router.get("/vintages", summary="Boundary sets", responses=answers(JSON, form=Vintages))
async def vintages(
    request: Request,
    atlas: AtlasDep,
    first: Annotated[
        str | None,
        Query(
            alias="from",
            description="Date of a boundary set to compare with another, YYYY-MM-DD",
            json_schema_extra={"pattern": DATE},
        ),
    ] = None,
    last: Annotated[
        str | None,
        Query(
            alias="to",
            description="Date of the other set; the one shown by default when left out",
            json_schema_extra={"pattern": DATE},
        ),
    ] = None,
    level: Annotated[
        str | None,
        Query(
            description="Of what areas: `municipality` when left out",
            json_schema_extra=one_of(*LEVELS),
        ),
    ] = None,
) -> Response:
    """Return the boundary sets that are loaded, with their source, credit and licence.

    With `from`, `compared` tells two sets apart, in the prefectures that both have: how many areas each has,
    which are `gone` (`became` holds their land), which have `come` (`was` held it) and which are `renamed`.
    """
    if first is None and last is not None:
        finding = Finding("query", "from", "", "the date of a boundary set, with to")
        raise InvalidParameter("to compares with from, which is missing", [finding])
    before, after = (None, None) if first is None else (atlas.vintage(first), atlas.vintage(last))
    at = chosen("level", level, LEVELS, "municipality")

    def make() -> Vintages:
        catalogue = atlas.catalogue
        told: Vintages = {
            "vintages": [vintage_described(one, catalogue.default) for one in catalogue.vintages.values()]
        }
        if before is not None and after is not None:
            sets = [atlas.gazetteer(one.date, at) for one in (before, after)]
            told["compared"] = compared(catalogue.history, *sets)
        return told

    return await kept_json(request, atlas, make, atlas.state("vintage", "area-changes", "area-history"))


@router.get("/region-sets", summary="Named sets of areas", responses=answers(JSON, form=RegionSets))
async def region_sets(request: Request, atlas: AtlasDep) -> Response:
    """Return the named region sets (the Tokyo area, outside it, regional blocs) and their members."""
    told: RegionSets = {
        "region_sets": [region_set_described(*one) for one in atlas.catalogue.regions.items()]
    }
    return json_answer(request, told)
