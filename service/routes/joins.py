"""Joins: an analyst's own table, returned on the outlines of its areas."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo import geojson, joins
from geo.errors import InvalidFile
from geo.names import AreaNames
from service.access import AtlasDep, only_known_parameters
from service.atlas import Atlas, Vintage
from service.gazetteer import LEVELS
from service.geometry import Detail
from service.responses import GEOJSON, answer, answers, digest
from service.views import VintageDate, chosen_level, chosen_vintage, one_of

router = APIRouter(prefix="/ogc", tags=["ogc"], dependencies=[Depends(only_known_parameters)])

TYPES = ("text/csv", "application/csv", "application/vnd.ms-excel", "text/plain")
Key = Annotated[str | None, Query(max_length=80, description="Column that names the areas, by code or name")]
Level = Annotated[
    str | None,
    Query(
        description="`prefecture`, `municipality` (without) or `ward`: what rows lie in",
        json_schema_extra=one_of(*LEVELS),
    ),
]
Rest = Annotated[
    Literal["matched", "all"],
    Query(description="`all` has the areas without a row too, with nulls; `matched` has them not"),
]

BODY = {
    "requestBody": {
        "required": True,
        "description": "A table with a header, in UTF-8 or Shift_JIS",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "code,visitors\n10201,12\n"}},
    }
}


@router.post("/joins", summary="Join a table to areas", openapi_extra=BODY, responses=answers(GEOJSON))
async def join(
    request: Request,
    atlas: AtlasDep,
    key: Key = None,
    level: Level = None,
    vintage: VintageDate = None,
    detail: Detail = "medium",
    areas: Rest = "matched",
) -> Response:
    """Return the rows of a CSV table on the outlines of their areas, as GeoJSON.

    Areas are named by code (with or without check digit) or by name. `unmatched` lists every row that lies
    nowhere, with its line and why; nothing is left out in silence. Nothing is stored.
    """
    kind = request.headers.get("content-type", "text/csv").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise InvalidFile(f"A join takes a table as text/csv, not {kind[:80]}")
    table = joins.read_table(await request.body())
    chosen = chosen_vintage(atlas, vintage)
    on = chosen_level(atlas, None, chosen, level)
    gazetteer = atlas.gazetteer(chosen.date, on)
    found = joins.joined(table, joins.key_of(table, key), _names(atlas, chosen), gazetteer.position)
    rows = {gazetteer.position[code]: row for code, row in found.matched}
    positions = sorted(rows) if areas == "matched" else list(range(len(gazetteer)))
    empty = ("",) * len(table.header)
    columns = joins.values(table, [rows.get(position, empty) for position in positions])
    members = {
        "matched": len(found.matched),
        "unmatched": [vars(one) for one in found.unmatched],
        "areas_without_a_row": len(gazetteer) - len(rows),
        "level": on,
        "vintage": str(chosen.date),
        "credit": chosen.credit,
    }
    texts, places = await atlas.texts(chosen.date, on, detail, positions)
    # the properties of an outline are poured first; a column of the same name must not repeat one
    own = {
        name if name not in ("code", "name", "name_en") else f"{name}_": list(column)
        for name, column in columns.items()
    }

    def produce(gzipped: bool) -> bytes:
        return (geojson.pour_gzip if gzipped else geojson.pour)(texts, places, own, members)

    answered = answer(request, produce, GEOJSON, digest(members, own, positions), download="joined.geojson")
    answered.headers["Cache-Control"] = "no-store"
    return answered


def _names(atlas: Atlas, vintage: Vintage) -> AreaNames:
    return AreaNames(
        {
            area.code: (area.name_ja, "")
            for gazetteer in atlas.gazetteers(vintage.date).values()
            for area in gazetteer.areas
        }
    )
