"""A layer as a file: for GIS, spreadsheets and notebooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NotRequired
from urllib.parse import quote

import numpy as np
from fastapi import Path, Query, Request
from fastapi.responses import Response
from typing_extensions import TypedDict

from geo.crs import ReferenceSystem, reference_system
from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures.indicators import Indicator
from geo.files.formats import ENCODINGS, FORMATS, Format, check_encodable
from geo.layers.carrying import CARRIED_WORDS
from geo.layers.words import REASONS
from geo.periods import PeriodKind, canonical, period_label
from service.areas.geometry import Detail, Parent, parent_of
from service.figures.carrying import Carrying, in_one_cell
from service.figures.values import Vector, columns_of
from service.http.addresses import address_of, base_url
from service.http.dependencies import AtlasDep, api_router, worked_out
from service.http.forms import Feature, FeatureCollection, answers
from service.http.responses import GEOJSON, IMMUTABLE, JSON, REVALIDATE, is_fresh
from service.layers.forms import reservations
from service.layers.views import Level, Revision, VintageDate, chosen_level, one_of
from service.memory.atlas import Atlas
from service.memory.cache import digest, off_loop
from service.memory.catalogue import Vintage
from service.publish.downloads import Downloads, HeldFileResponse

router = api_router(prefix="/v1/layers/{layer}", tags=["layers"])

Periods = Annotated[
    str | None,
    Query(max_length=2000, description="`2015,2020`, or `all`; the newest without"),
]
Shape = Annotated[
    Literal["long", "wide"],
    Query(description="`long`: a row for each area and period; `wide`: a column for each period"),
]
Columns = Annotated[str | None, Query(max_length=2000, description="Columns to write, `code,name,value`")]
Crs = Annotated[
    str | None,
    Query(max_length=120, description="CRS of the coordinates, `EPSG:6677`; x before y, as in GIS files"),
]
Precision = Annotated[int, Query(ge=2, le=9, description="Decimals of GeoJSON coordinates")]
Encoding = Annotated[
    str,
    Query(
        max_length=20,
        description="Of a Shapefile or CSV: `utf-8` or `cp932` (Shift_JIS)",
        json_schema_extra=one_of(*ENCODINGS),
    ),
]
Suffix = Annotated[str, Path(description="File format", json_schema_extra=one_of(*FORMATS))]
Bom = Annotated[bool, Query(description="Begin a CSV with a byte order mark, for Excel")]


class FileFeature(Feature):
    """An area; its properties are the columns asked for. `id` is its code, with the period of several."""

    id: str
    properties: dict[str, object]


class FeatureFile(FeatureCollection):
    """The layer as GeoJSON, with its metadata."""

    name: str
    metadata: dict[str, str]
    features: list[FileFeature]


class TopologyFile(TypedDict):
    """The layer as TopoJSON, with its metadata."""

    type: Literal["Topology"]
    bbox: NotRequired[list[float]]
    transform: NotRequired[dict[str, object]]
    objects: dict[str, dict[str, object]]
    arcs: list[list[list[float]]]
    metadata: dict[str, str]


def _files() -> dict[str, object]:
    """Return the media types of all formats, and the forms of those that are JSON."""
    told: dict[str, object] = {}
    for one in FORMATS.values():
        form = {GEOJSON: FeatureFile, JSON: TopologyFile}.get(one.media_type, ())
        told |= answers(one.media_type, form=form)[200]["content"]
    return told


@router.get(
    "/download.{format}",
    summary="The layer as a file",
    responses={
        200: {"content": _files()},
        206: {"description": "The part that Range asks for"},
        416: {"description": "Range begins after the end", "content": {"text/plain": {"schema": {}}}},
    },
)
async def download(
    request: Request,
    atlas: AtlasDep,
    layer: str,
    format: Suffix,
    level: Level = None,
    vintage: VintageDate = None,
    periods: Periods = None,
    shape: Shape = "long",
    detail: Detail = "high",
    crs: Crs = None,
    columns: Columns = None,
    parent: Parent = None,
    precision: Precision = 6,
    encoding: Encoding = "utf-8",
    bom: Bom = False,
    rev: Revision = None,
) -> Response:
    """Return the layer as a file: GeoPackage, GeoParquet, Shapefile, Excel and others.

    A missing value is null and `status` says why; `carried` tells how a value came to stand on the boundaries
    shown. Every file has its metadata inside: title, unit, source, licence, periods, boundaries, those that
    the figures were published on, method, revision. It is built once for a state of the data and may be
    resumed (`Range`). See docs/downloads.md.
    """
    indicator = atlas.layer(layer)
    kind, system = _kind_and_system(format, encoding, crs)
    date = atlas.vintage(vintage)
    on = chosen_level(atlas, indicator, date, level)
    date = atlas.at(date, on)
    existing = atlas.periods(indicator, on)
    told = _periods(existing, periods, indicator.period_kind)
    inside = parent_of(parent)
    positions = atlas.gazetteer(date.date, on).within(inside)
    revision = atlas.revision(indicator, date.date)
    names = _chosen(_names(indicator.kind == "category", told, shape), columns)
    choice = [indicator.id, on, str(date.date), told, shape, detail, system.code, names, inside]
    name = digest(revision, format, choice, precision, encoding, bom, base_url(request))
    etag, legend = f'"{name}"', f"{quote(indicator.id)}/legend.json?level={on}"
    headers = {
        "ETag": etag,
        "Cache-Control": IMMUTABLE if rev == revision else REVALIDATE,
        "Chiiki-Revision": revision,
        "Content-Disposition": _disposition(indicator, told, on, format),
        "Link": f'<{base_url(request)}/v1/layers/{legend}>; rel="describedby"',
    }
    if is_fresh(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)

    address = address_of(
        request,
        level=on,
        vintage=date.date,
        periods="all" if told == existing else ",".join(told),
        shape=shape,
        detail=detail,
        crs=f"EPSG:{system.code}" if system.code else None,
        columns=None if columns is None else ",".join(names),
        parent=inside,
        precision=precision,
        encoding=encoding,
        bom="true" if bom else None,
    )
    asked = Asked(indicator, on, date, told, shape, detail, positions)
    writing = {
        "name": re.sub(r"[^a-z0-9]", "_", indicator.id),
        "crs": system.code if kind.has_crs else None,
        "precision": precision,
        "encoding": encoding,
        "bom": bom,
    }

    def content() -> tuple[str, dict[str, object]]:
        return format, {**_content(atlas, asked, kind, names, encoding, address), **writing}

    downloads: Downloads = request.app.state.downloads

    async def made() -> tuple[str, dict[str, object]]:
        await worked_out(atlas, indicator, told, on, date.date)
        return await off_loop(content)

    held = await downloads.file(f"{name}.{format}", made)
    return HeldFileResponse(held, kind.media_type, headers)


@dataclass(frozen=True)
class Asked:
    """What of a layer a file holds."""

    indicator: Indicator
    level: str
    vintage: Vintage
    periods: list[str]
    shape: str
    detail: Detail
    positions: np.ndarray[tuple[int], np.dtype[np.intp]]


def _content(
    atlas: Atlas, asked: Asked, kind: Format, names: Sequence[str], encoding: str, address: str
) -> dict[str, object]:
    """Return the columns, outlines and metadata of a file; refuse what its encoding cannot write."""
    indicator, level, vintage, told = asked.indicator, asked.level, asked.vintage, asked.periods
    vectors = atlas.vectors(indicator, told, level, vintage.date)
    carried = atlas.carryings(indicator, told, level, vintage.date)
    rows = _columns(atlas, asked, vectors, carried)
    chosen = {name: rows[name] for name in names}
    check_encodable(chosen, encoding)
    outlines: list[str] = []
    numbers: list[int] = []
    if kind.has_geometry:
        texts, places = atlas.texts(vintage.date, level, asked.detail, asked.positions.tolist())
        outlines = [texts.geometry(int(place)).decode() for place in places]
        numbers = [*range(len(outlines))] * (len(told) if asked.shape == "long" else 1)
    used = tuple(dict.fromkeys(source for vector in vectors for source in vector.sources))
    return {
        "columns": chosen,
        "outlines": outlines,
        "places": numbers,
        "metadata": {
            **_metadata(atlas, indicator.id, level, vintage, told, used, address),
            **_boundaries(told, carried),
            **_reservations(atlas, indicator, told[-1]),
        },
    }


def _kind_and_system(format: str, encoding: str, crs: str | None) -> tuple[Format, ReferenceSystem]:
    """Return the format and the CRS of a file; refuse what does not go together."""
    kind = FORMATS.get(format)
    if kind is None:
        raise NotFound(f"No format is called {format[:20]!r}; there are: {', '.join(FORMATS)}")
    if encoding not in ENCODINGS:
        raise _refused("encoding", encoding, " or ".join(ENCODINGS))
    system = reference_system(crs or "CRS84")
    if system.code not in (None, 4326) and not kind.has_crs:
        able = ", ".join(name for name, one in FORMATS.items() if one.has_crs and one.has_geometry)
        raise _refused("crs", crs or "", f"none for {format}, which is in WGS 84; {able} take another")
    return kind, system


def _disposition(indicator: Indicator, periods: list[str], level: str, format: str) -> str:
    """Return how a browser names the file: in Japanese, and in ASCII for those that cannot."""
    hyphen = "〜" if "-" in periods[0] else "-"
    span = hyphen.join(dict.fromkeys((periods[0], periods[-1])))
    filename = quote(f"{indicator.name_ja}_{span}_{level}.{format}")
    return f"attachment; filename=\"{indicator.id.replace(':', '-')}.{format}\"; filename*=UTF-8''{filename}"


def _refused(field: str, value: str, expected: str) -> InvalidParameter:
    return InvalidParameter(f"{field} is not valid", [Finding("query", field, value, expected)])


def _periods(existing: list[str], asked: str | None, kind: PeriodKind) -> list[str]:
    if asked is None:
        return existing[-1:]
    if asked == "all":
        return existing
    wanted = [canonical(one.strip(), kind) for one in asked.split(",") if one.strip()]
    for one in wanted or [asked]:
        if one not in existing:
            raise _refused("periods", one, f"all, or some of {', '.join(existing)}")
    return [one for one in existing if one in wanted]


def _names(is_category: bool, periods: list[str], shape: str) -> list[str]:
    """Return what the columns are called."""
    labels = ["label", "label_en"] if is_category else []
    poured = ["value", *labels, "status"]
    carried = ["carried"]
    if shape == "wide":
        poured = [f"{name}_{period}" for period in periods for name in poured]
        carried = [f"carried_{period}" for period in periods]
    else:
        poured = ["period", *poured]
    return ["code", "name", "name_en", "prefecture", *poured, *carried]


def _columns(
    atlas: Atlas, asked: Asked, vectors: list[Vector], carried: list[Carrying]
) -> dict[str, list[object]]:
    indicator, gazetteer = asked.indicator, atlas.gazetteer(asked.vintage.date, asked.level)
    periods, positions, shape = asked.periods, asked.positions, asked.shape
    areas = [gazetteer.areas[position] for position in positions.tolist()]
    times = len(periods) if shape == "long" else 1
    rows: dict[str, list[object]] = {
        name: [getattr(area, field) for area in areas] * times
        for name, field in (
            ("code", "code"),
            ("name", "name_ja"),
            ("name_en", "name_en"),
            ("prefecture", "prefecture"),
        )
    }
    if shape == "long":
        rows["period"] = [period for period in periods for _ in areas]
    for period, vector, carrying in zip(periods, vectors, carried, strict=True):
        figures = (vector.values[positions], vector.statuses[positions], carrying.marks[positions])
        poured = columns_of(indicator, *figures)
        poured["value"] = [
            None if np.isnan(value) else int(value) if value.is_integer() else value
            for value in poured["value"]
        ]
        for name, column in poured.items():
            if shape == "wide":
                rows[f"{name}_{period}"] = list(column)
            else:
                rows.setdefault(name, []).extend(column)
    return rows


def _chosen(names: list[str], asked: str | None) -> list[str]:
    if asked is None:
        return names
    wanted = [one.strip() for one in asked.split(",") if one.strip()]
    for one in wanted or [asked]:
        if one not in names:
            raise _refused("columns", one, f"some of {', '.join(names)}")
    return list(dict.fromkeys(("code", "name", *wanted)))


def _boundaries(periods: list[str], carried: list[Carrying]) -> dict[str, str]:
    """Return which boundaries the figures of each period were published on, and what ``carried`` says."""
    told = (
        f"{period}: {in_one_cell(carrying.dates)}" for period, carrying in zip(periods, carried, strict=True)
    )
    words = CARRIED_WORDS.items()
    return {
        "boundary_dates": "; ".join(told),
        "carried": "、".join(f"{how}: {one['ja']}" for how, one in words),
        "carried_en": "; ".join(f"{how}: {one['en']}" for how, one in words),
    }


def _reservations(atlas: Atlas, indicator: Indicator, period: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in reservations(atlas, indicator, period).items():
        found |= {name: text["ja"], f"{name}_en": text["en"]}
    return found


def _metadata(
    atlas: Atlas,
    layer: str,
    level: str,
    vintage: Vintage,
    periods: list[str],
    sources: tuple[str, ...],
    address: str,
) -> dict[str, str]:
    indicator = atlas.layer(layer)
    used = [atlas.catalogue.sources[name] for name in sources]
    method = indicator.numerator
    if indicator.denominator:
        method = f"({indicator.numerator}) / ({indicator.denominator}) * {indicator.scale:g}"
    labels = [period_label(period, indicator.period_kind) for period in periods]
    return {
        "title": indicator.name_ja,
        "title_en": indicator.name_en,
        "description": indicator.description_ja,
        "description_en": indicator.description_en,
        "unit": indicator.unit_ja,
        "unit_en": indicator.unit_en,
        "periods": "、".join(label["ja"] for label in labels),
        "periods_en": ", ".join(label["en"] for label in labels),
        "level": level,
        "boundaries": str(vintage.date),
        "method": method or (indicator.description_en if ":" in indicator.id else "as published"),
        "credit": "、".join([*(one.credit_ja for one in used), vintage.credit["ja"]]),
        "credit_en": "; ".join([*(one.credit_en for one in used), vintage.credit["en"]]),
        "licence": "; ".join(dict.fromkeys([*(one.licence for one in used), vintage.licence])),
        "sources": "; ".join(f"{one.title_ja} {one.edition} {one.url}".strip() for one in used),
        "retrieved_on": ", ".join(sorted({str(one.retrieved_on) for one in used})),
        "missing": "A missing value is null; status says why: " + ", ".join(REASONS),
        "revision": atlas.revision(indicator, vintage.date),
        "address": address,
    }
