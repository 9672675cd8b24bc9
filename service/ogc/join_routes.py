"""Joins: an analyst's own table, returned on the outlines of its areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import Response

from geo.areas import joins, tables
from geo.areas.names import AreaNames
from geo.errors import InvalidFile
from geo.layers import geojson
from service.areas.gazetteer import LEVELS, Gazetteer
from service.areas.geometry import Detail
from service.http.bodies import HeldResponse, Place, Room, body_of
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import GEOJSON, accepts_gzip
from service.layers.views import VintageDate, chosen_level, one_of
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.ogc.forms import JoinedFeatures

router = api_router(prefix="/ogc", tags=["ogc"])

#: Tables are joined one after another: a class that sends one each waits for some seconds.
ROOM = Room(most_waiting=60, most_bytes=256 << 20)
#: What an outline says of its area before a table's columns.
OUTLINES_OWN = ("code", "name", "name_en")
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


@router.post(
    "/joins",
    summary="Join a table to areas",
    openapi_extra=BODY,
    responses=answers(GEOJSON, form=JoinedFeatures),
)
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

    Areas are named by code (with or without check digit) or by name, in the column `key`; without it by
    the first whose cells do: `key` tells which was taken, `other_keys` which others could be. A column of
    prefectures tells places of one name apart, and what other columns say of a row's area must agree.
    `unmatched` lists rows that lie nowhere, and lines that are no row, with why, and with what became of a
    code or name of the past: the first 100, and `unmatched_total` how many there are. Columns of numbers are
    numbers; where a sign of statistics stands for one (-, …, X, △5), a column `…_as_written` has it. Nothing
    is stored.

    At most 8 MiB, 64 columns and 20,000 rows; 250,000 cells, counted as rows and as areas of the answer; 200
    characters a header, without line breaks, and 2,000 characters a cell; 16 MiB of answer beside the
    outlines.
    """
    kind = request.headers.get("content-type", "text/csv").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise InvalidFile(f"A join takes a table as text/csv, not {kind[:80]}")
    date = atlas.vintage(vintage)
    on = chosen_level(atlas, None, date, level)
    date = atlas.at(date, on)
    gazetteer = atlas.gazetteer(date.date, on)
    gzipped = accepts_gzip(request.headers.get("accept-encoding", ""))
    ROOM.refuse_full()
    place = Place(ROOM)
    try:
        table = await body_of(request, tables.MOST_BYTES, place)
        body = await ROOM.in_turn(_answer, atlas, table, key, date, gazetteer, areas, detail, gzipped=gzipped)
        place.leave()
        place.take(len(body))
    except BaseException:
        place.leave()
        raise
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": "inline; filename*=UTF-8''joined.geojson",
        "Vary": "Accept-Encoding",
        **({"Content-Encoding": "gzip"} if gzipped else {}),
    }
    return HeldResponse(place, body, GEOJSON, headers)


def _answer(
    atlas: Atlas,
    body: bytes,
    key: str | None,
    vintage: Vintage,
    gazetteer: Gazetteer,
    areas: str,
    detail: str,
    *,
    gzipped: bool,
) -> bytes:
    found, level = _joined(atlas, body, key, vintage, gazetteer, areas), gazetteer.level
    texts, places = atlas.texts(vintage.date, level, detail, found.positions)
    return (geojson.pour_gzip if gzipped else geojson.pour)(texts, places, found.columns, found.members)


@dataclass(frozen=True)
class Joined:
    """What is poured: where the areas stand, the columns of the table, what is told beside them."""

    positions: list[int]
    columns: Mapping[str, list[object]]
    members: dict[str, object]


def _joined(
    atlas: Atlas, body: bytes, key: str | None, vintage: Vintage, gazetteer: Gazetteer, areas: str
) -> Joined:
    table = tables.read_table(body)
    fate = partial(_fate, atlas, vintage)
    places = joins.Places(_names(atlas, vintage), gazetteer.position, _former(atlas), fate)
    found = joins.joined(table, places, key)
    rows = {gazetteer.position[code]: row for code, row in found.matched}
    positions = sorted(rows) if areas == "matched" else list(range(len(gazetteer)))
    tables.check_cells(table, len(positions))
    empty = ("",) * len(table.header)
    columns = tables.values(table, [rows.get(position, empty) for position in positions])
    members = {
        "matched": len(found.matched),
        "unmatched": list(found.unmatched),
        "unmatched_total": found.unmatched_total,
        "key": table.header[found.key],
        "other_keys": list(found.other_keys),
        "areas_without_a_row": len(gazetteer) - len(rows),
        "level": gazetteer.level,
        "vintage": str(vintage.date),
        "credit": vintage.credit,
    }
    # the properties of an outline are poured first; a column of the same name must not repeat one
    own = {
        name if name not in OUTLINES_OWN else tables.free_name(f"{name}_", columns): column
        for name, column in columns.items()
    }
    tables.check_answer(geojson.poured_size(len(positions), own, members))
    return Joined(positions, own, members)


def _names(atlas: Atlas, vintage: Vintage) -> AreaNames:
    areas = [area for gazetteer in vintage.gazetteers.values() for area in gazetteer.areas]
    romans = {area.code: area.name_en for area in areas}
    return AreaNames({area.code: (area.name_ja, "") for area in areas}, romans=romans)


def _fate(atlas: Atlas, vintage: Vintage, written: str) -> str:
    """Return what became of the areas that once had a code or name, in words."""
    return "; ".join(map(str, atlas.catalogue.former_names.called(written, vintage.date)))


def _former(atlas: Atlas) -> frozenset[str]:
    """Return the codes that municipal changes name: those of areas that there were."""
    changes = atlas.catalogue.changes
    return frozenset(code for change in changes for code in (change.from_code, change.to_code))
