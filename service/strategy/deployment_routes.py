"""Deployments: which measure runs where, who says so, and how stewards enter them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any, Literal

import orjson
from anyio import CapacityLimiter
from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy import Row

from geo.errors import Finding, InvalidFile, InvalidParameter, NotFound
from geo.files.documents import read_json
from geo.files.formats import FORMATS
from geo.strategy.deployment_lists import is_untrusted_binary
from geo.strategy.deployments import COLUMNS, Deployment
from service.areas.geometry import Detail
from service.db.documents import deployment_from_row
from service.http.addresses import address_of, next_page
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import (
    CSV,
    GEOJSON,
    JSON,
    REVALIDATE,
    Bom,
    Told,
    answer,
    csv_bytes,
    encoded,
    is_fresh,
    json_answer,
    kept,
    kept_csv,
    kept_json,
    kept_read,
    state_of,
)
from service.http.writes import Write, write_with
from service.layers.views import Lang, VintageDate
from service.memory.atlas import Atlas
from service.memory.cache import digest, expect_place, off_loop, tell_queue
from service.memory.catalogue import Vintage
from service.publish.downloads import Downloads, HeldFileResponse
from service.strategy import deployment_features, queries
from service.strategy.deployment_forms import (
    DeploymentFeatures,
    DeploymentHistory,
    DeploymentInDetail,
    Deployments,
    DeploymentsPut,
    DeploymentState,
    cells,
    described,
)
from service.strategy.deployment_load import JST, end_deployment, put_deployments
from service.strategy.deployment_selection import Selection, selected
from service.strategy.policy import COVERAGE

router = api_router(prefix="/v1", tags=["deployments"])

#: The kinds of subjects that these answers are made of.
MADE_OF = ("deployments", "strategy", "region-sets", "area-changes", "vintage")

XLSX = FORMATS["xlsx"]

#: Lists that are parsed in a sandbox take up to a core and a gigabyte each; so many wait for their turn.
MOST_WAITING = 4
_sandboxes = CapacityLimiter(2)
tell_queue("lists", _sandboxes)

Steward = Annotated[Write, Depends(write_with("steward"))]
DryRun = Annotated[bool, Query(description="Check the list and answer the report, store nothing")]
AsOf = Annotated[
    str | None,
    Query(max_length=40, description="State at a past time: `2026-11-01` (end of that day) or with time"),
]
Geometry = Annotated[
    Literal["area", "own"],
    Query(description="`area`: a feature for each area of each deployment; `own`: its own site or route"),
]


async def selection(
    area: Annotated[
        str | None, Query(max_length=80, description="Area code (what lies in it counts) or region set")
    ] = None,
    goal: Annotated[str | None, Query(max_length=80, description="Id of a goal")] = None,
    measure: Annotated[
        str | None, Query(max_length=120, description="Id, name or alias of a measure")
    ] = None,
    status: Annotated[str | None, Query(max_length=40, description="State, such as `operating`")] = None,
    fiscal_year: Annotated[
        str | None, Query(max_length=20, description="Running in this fiscal year: `2025`, `令和7年度`")
    ] = None,
    programme: Annotated[
        str | None, Query(max_length=120, description="Part of the name of the programme")
    ] = None,
) -> Selection:
    """Return the selection that the query parameters ask for."""
    return Selection(area, goal, measure, status, fiscal_year, programme)


Selected = Annotated[Selection, Depends(selection)]


@dataclass(frozen=True)
class Drawing:
    """How deployments are drawn: with whose geometry, how detailed, on which boundaries."""

    geometry: str
    detail: str
    vintage: Vintage


async def drawing(
    atlas: AtlasDep, geometry: Geometry = "area", detail: Detail = "medium", vintage: VintageDate = None
) -> Drawing:
    """Return the drawing that the query parameters ask for."""
    return Drawing(geometry, detail, atlas.vintage(vintage))


Drawn = Annotated[Drawing, Depends(drawing)]


def _found(atlas: Atlas, asked: Selection, when: dt.datetime | None) -> list[Deployment]:
    """Return the deployments that match, now or at a past instant; for work in a thread."""
    if when is None:
        return selected(atlas, asked)
    rows = atlas.read(lambda conn: queries.deployments(conn, when), "deployments")
    return selected(atlas, asked, [deployment_from_row(row) for row in rows])


def _instant(text: str | None) -> dt.datetime | None:
    """Return the instant that a text means; a date alone is the end of that day in Japan."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return dt.datetime.combine(dt.date.fromisoformat(text) + dt.timedelta(days=1), dt.time(), JST)
        found = dt.datetime.fromisoformat(text.replace(" ", "+"))
        return found if found.tzinfo is not None else found.replace(tzinfo=JST)
    except (ValueError, OverflowError):
        finding = Finding("query", "as_of", text, "2026-11-01 or 2026-11-01T12:00:00+09:00")
        raise InvalidParameter("as_of is no date or time", [finding]) from None


@router.get("/deployments", summary="Deployments of measures", responses=answers(JSON, form=Deployments))
async def deployments(
    request: Request,
    atlas: AtlasDep,
    asked: Selected,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Return the deployments that match, a page at a time, with the exact total and a link to the next page.

    Each names its source and how sure that is. Coverage is partial, and `coverage` says so: a measure may run
    where none is listed.
    """
    when = _instant(as_of)

    def make() -> Deployments:
        found = _found(atlas, asked, when)
        return {
            "total": len(found),
            "next": next_page(request, offset, limit, len(found)),
            "coverage": COVERAGE,
            "deployments": [described(atlas, one) for one in found[offset : offset + limit]],
        }

    return await kept_json(request, atlas, make, atlas.state(*MADE_OF))


@router.get("/deployments.csv", summary="Deployments as CSV")
async def deployments_csv(
    request: Request,
    atlas: AtlasDep,
    asked: Selected,
    as_of: AsOf = None,
    bom: Bom = False,
) -> Response:
    """Return the deployments that match in the columns they are imported from: edit, and send it back."""
    when = _instant(as_of)

    def make() -> tuple[list[str], list[list[object]]]:
        rows = map(cells, _found(atlas, asked, when))
        return list(COLUMNS), [[row[name] for name in COLUMNS] for row in rows]

    return await kept_csv(request, atlas, make, "deployments.csv", atlas.state(*MADE_OF), bom=bom)


@router.get("/deployments.xlsx", summary="Deployments as Excel", responses=answers(XLSX.media_type))
async def deployments_xlsx(request: Request, atlas: AtlasDep, asked: Selected, lang: Lang = "ja") -> Response:
    """Return the deployments that match as a workbook: the columns of the CSV, in Japanese or by their ids.

    It may be edited and sent back as well.
    """
    address = address_of(request, **asdict(asked), lang=lang)
    state = digest("deployments.xlsx", atlas.state(*MADE_OF), asked, lang, address)
    etag = f'"{state}"'
    headers = {
        "ETag": etag,
        "Cache-Control": REVALIDATE,
        "Content-Disposition": 'attachment; filename="deployments.xlsx"',
    }
    if is_fresh(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)

    def content() -> tuple[str, dict[str, object]]:
        rows = [cells(one) for one in selected(atlas, asked)]
        names = {name: column.name_ja if lang == "ja" else name for name, column in COLUMNS.items()}
        return "xlsx", {
            "columns": {title: [row[name] for row in rows] for name, title in names.items()},
            "outlines": [],
            "places": [],
            "metadata": {"coverage": COVERAGE[lang], "address": address},
            "name": "deployments",
        }

    async def made() -> tuple[str, dict[str, object]]:
        return await off_loop(content)

    downloads: Downloads = request.app.state.downloads
    held = await downloads.file(f"{state}.xlsx", made)
    return HeldFileResponse(held, XLSX.media_type, headers)


@router.get(
    "/deployments.geojson",
    summary="Deployments as GeoJSON",
    responses=answers(GEOJSON, form=DeploymentFeatures),
)
async def deployments_geojson(request: Request, atlas: AtlasDep, asked: Selected, drawn: Drawn) -> Response:
    """Return the deployments that match as a GeoJSON FeatureCollection in WGS 84 (RFC 7946).

    A region that is no prefecture or municipality, and a deployment without own geometry, has null.
    """
    return await _features(request, atlas, asked, drawn, "deployments.geojson")


@router.get(
    "/measures/{measure}/deployments.geojson",
    summary="Deployments of a measure as GeoJSON",
    responses=answers(GEOJSON, form=DeploymentFeatures),
)
async def measure_geojson(request: Request, atlas: AtlasDep, measure: str, drawn: Drawn) -> Response:
    """Return the deployments of one measure as GeoJSON; see /v1/deployments.geojson."""
    name = atlas.catalogue.policy.measure(measure).id
    return await _features(request, atlas, Selection(measure=name), drawn, f"{name}.geojson")


@router.get("/deployments/template.csv", summary="Empty list to fill in")
async def template(request: Request, lang: Lang = "ja") -> Response:
    """Return the header of a list of deployments, in Japanese or as ids, for a spreadsheet."""
    header = [column.name_ja if lang == "ja" else name for name, column in COLUMNS.items()]
    return answer(request, csv_bytes(header, [], bom=True), Told(CSV, download="deployments.csv"))


@router.get(
    "/deployments/{deployment}", summary="One deployment", responses=answers(JSON, form=DeploymentInDetail)
)
async def deployment(request: Request, atlas: AtlasDep, deployment: str) -> Response:
    """Return one deployment with its own geometry, where it has one."""
    found = _one(atlas, deployment)
    body: DeploymentInDetail = {
        **described(atlas, found),
        "geometry": orjson.loads(found.geometry) if found.geometry else None,
        "coverage": COVERAGE,
    }
    return json_answer(request, body)


@router.get(
    "/deployments/{deployment}/history",
    summary="Every state a deployment had",
    responses=answers(JSON, form=DeploymentHistory),
)
async def history(request: Request, atlas: AtlasDep, deployment: str) -> Response:
    """Return the states of a deployment, newest first: from when to when each held, and which key made it."""

    def make(rows: Sequence[Row[Any]]) -> DeploymentHistory:
        if not rows:
            raise NotFound(f"There never was a deployment {deployment[:80]!r}; see /v1/deployments")
        states: list[DeploymentState] = [
            {
                "valid_from": row.valid_from.isoformat(),
                "valid_to": row.valid_to and row.valid_to.isoformat(),
                "by": row.actor.partition(" (")[0],
                "deployment": described(atlas, deployment_from_row(row)),
            }
            for row in rows
        ]
        return {"id": deployment, "states": states}

    ask = partial(queries.deployment_history, name=deployment)
    read = partial(atlas.answered, ask, "deployments")
    return await kept_read(request, atlas, read, make, atlas.state())


LIST = """\
施策,事業名,地域,状態,開始年度,出典,出典URL,確度
スマートシティ,スマート○○,長野県塩尻市,採択・選定,令和7年度,○○市報道資料,https://example.jp/a,公的資料
"""


@router.post(
    "/deployments",
    summary="Import a list of deployments (API key with scope steward)",
    responses=answers(JSON, form=DeploymentsPut),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": LIST},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
                "application/geo+json": {"schema": {"type": "object"}},
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                    "schema": {"type": "string", "format": "binary"}
                },
                "application/geopackage+sqlite3": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def post(request: Request, atlas: AtlasDep, write: Steward, dry_run: DryRun = False) -> Response:
    """Import a list: CSV, Excel, JSON, GeoJSON or GeoPackage; the content tells which. All rows or none.

    The columns are those of /v1/deployments/template.csv, with Japanese names or ids. Areas are given by
    code, or by prefecture and name on `reference_date`. A row whose `deployment_id` exists updates it; one
    without gets an id from its content. A wrong row refuses the list, and the problem names wrong lines,
    columns and values with what was expected, up to 100, and how many there are.
    """
    return await _stored(write, await request.body(), "list", dry_run=dry_run)


@router.put(
    "/deployments/{deployment}",
    summary="Enter or change one deployment (API key with scope steward)",
    responses=answers(JSON, form=DeploymentsPut),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
    },
)
async def put(
    request: Request, atlas: AtlasDep, deployment: str, write: Steward, dry_run: DryRun = False
) -> Response:
    """Enter one deployment: a JSON object with the columns of a list, or a GeoJSON feature.

    It replaces all of what was there; what it was stays in its history.
    """
    body = await run_in_threadpool(_one_of_list, await request.body(), deployment)
    return await _stored(write, body, deployment, dry_run=dry_run)


def _one_of_list(body: bytes, deployment: str) -> bytes:
    """Return a body with one deployment as a list of it."""
    document = read_json(body, expected="a JSON object")
    row = document.get("properties", document) if isinstance(document, dict) else None
    if not isinstance(row, dict):
        raise InvalidFile(
            "The body is no object", [Finding("body", "json", "", "an object with the columns")]
        )
    if row.setdefault("deployment_id", deployment) != deployment:
        finding = Finding("body", "deployment_id", str(row["deployment_id"]), deployment)
        raise InvalidParameter("The body has another id than the address", [finding])
    if row is not document:
        document = {"type": "FeatureCollection", "features": [document]}
    return orjson.dumps(document)


@router.delete(
    "/deployments/{deployment}", summary="End one deployment (API key with scope steward)", status_code=204
)
async def delete(atlas: AtlasDep, deployment: str, write: Steward) -> Response:
    """Take a deployment out of every answer from now on; what it was stays in its history."""
    return await write.answer(partial(end_deployment, name=deployment, by=write.by))


async def _stored(write: Write, body: bytes, subject: str, *, dry_run: bool) -> Response:
    catalog = write.request.app.state.settings.data / "catalog"
    load = partial(put_deployments, body=body, catalog=catalog, by=write.by, subject=subject, dry_run=dry_run)
    if not is_untrusted_binary(body):
        return await write.answer(load, dry_run=dry_run)
    expect_place(_sandboxes, MOST_WAITING)
    return await write.answer(load, dry_run=dry_run, limiter=_sandboxes)


def _one(atlas: Atlas, name: str) -> Deployment:
    found = next((one for one in atlas.catalogue.policy.deployments if one.id == name), None)
    if found is None:
        raise NotFound(f"There is no deployment {name[:80]!r}; see /v1/deployments, or its history")
    return found


async def _features(request: Request, atlas: Atlas, asked: Selection, drawn: Drawing, name: str) -> Response:
    vintage = drawn.vintage

    def make() -> bytes:
        found = selected(atlas, asked)
        by_area = drawn.geometry == "area"
        told = (
            deployment_features.by_area(atlas, found, drawn.detail, vintage)
            if by_area
            else deployment_features.by_own(found)
        )
        members = {
            "vintage": str(vintage.date),
            "detail": drawn.detail,
            "deployments": len(found),
            "coverage": COVERAGE,
            "credit": vintage.credit,
        }
        opening = b'{"type":"FeatureCollection",' + orjson.dumps(members)[1:-1] + b',"features":['
        return opening + b",".join(told) + b"]}\n"

    state = state_of(request, atlas.state(*MADE_OF))
    return await kept(request, atlas, state, encoded(make), Told(GEOJSON, download=name))
