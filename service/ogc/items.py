"""Features of a collection: which ones, in which order, how many, and how they are written."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from psycopg.errors import DataError
from sqlalchemy import ColumnElement, Row, Select, String, cast, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.columns import Numbers, Texts, Truth, Undecided, compared, every, order
from geo.crs import Polygonal, ReferenceSystem, reference_system
from geo.errors import Finding, InvalidGeometry, InvalidParameter, NotFound
from geo.layers import geojson
from service.memory.atlas import Atlas
from service.ogc.collections import (
    Collection,
    Frame,
    Rows,
    cell_rows,
    deployment_rows,
    frame,
    frame_rows,
    stop_rows,
)
from service.ogc.filters import Filter, parsed, reckonings
from service.ogc.held import HELD
from service.ogc.sql import SQL

DEFAULT_LIMIT, MAX_LIMIT = 2000, 10_000
#: A larger wish is a page of ``MAX_LIMIT``; one larger than this is taken for a mistake.
ABSURD_LIMIT = 1_000_000
DETAILS = ("high", "medium", "low")
#: Parameters of items; every other one is the name of a property.
PARAMETERS = (
    "f",
    "lang",
    "limit",
    "offset",
    "after",
    "bbox",
    "bbox-crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "crs",
    "sortby",
    "properties",
    "detail",
)

RowNumbers = NDArray[np.intp]

_YEAR = re.compile(r"\d{4}")
#: GDAL ends a date with the T of a time that it does not have.
_BARE_T = re.compile(r"(?<=\d{4}-\d\d-\d\d)T$")


@dataclass(frozen=True)
class Wanted:
    """What a request for items asks for, read but not yet looked up.

    Attributes
    ----------
    properties : names to tell; None for all
    sortby : (property, whether descending)
    equals : property → text it must have
    """

    limit: int
    offset: int
    after: str | None
    box: Polygonal | None
    periods: tuple[str, ...]
    tree: Any
    filter_system: ReferenceSystem
    equals: Mapping[str, str]
    sortby: tuple[tuple[str, bool], ...]
    properties: tuple[str, ...] | None
    system: ReferenceSystem
    detail: str

    @property
    def is_whole(self) -> bool:
        """Whether every feature of the periods is wanted, in the order of the collection."""
        return self.box is None and self.tree is None and not self.equals and not self.sortby


@dataclass(frozen=True)
class Page:
    """Some of the features that match.

    Attributes
    ----------
    matched : how many match in all
    last : the id of the last one, by which the next page begins
    """

    features: list[dict[str, object]]
    matched: int
    last: str | None
    is_last: bool


def _refuse(field: str, value: str, expected: str) -> InvalidParameter:
    return InvalidParameter(f"{field} is not valid", [Finding("query", field, value, expected)])


def _whole(asked: Mapping[str, str], field: str, default: int, least: int, most: int) -> int:
    text = asked.get(field)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,12}", text) or not least <= int(text) <= most:
        raise _refuse(field, text, f"a whole number from {least} to {most:,}")
    return int(text)


def read(found: Collection, asked: Mapping[str, str]) -> Wanted:
    """Return what the parameters ask for.

    Raises
    ------
    InvalidParameter : names the parameter at fault and what is allowed
    """
    for name in asked:
        if name not in PARAMETERS and name not in found.names:
            listed = ", ".join((*PARAMETERS, *found.names))
            raise InvalidParameter(
                f"Unknown query parameter {name[:80]}",
                [Finding("query", name, asked[name], f"one of {listed}")],
            )
    detail = asked.get("detail", DETAILS[0])
    if detail not in DETAILS:
        raise _refuse("detail", detail, f"one of {', '.join(DETAILS)}")
    lang = asked.get("filter-lang", "cql2-text")
    if lang not in ("cql2-text", "cql2-json"):
        raise _refuse("filter-lang", lang, "cql2-text or cql2-json")
    return Wanted(
        limit=min(_whole(asked, "limit", DEFAULT_LIMIT, 1, ABSURD_LIMIT), MAX_LIMIT),
        offset=_whole(asked, "offset", 0, 0, 10**9),
        after=asked.get("after"),
        box=_box(asked),
        periods=_periods(found, asked),
        tree=parsed(asked["filter"], lang) if "filter" in asked else None,
        filter_system=reference_system(asked.get("filter-crs", "CRS84"), "filter-crs"),
        equals={name: value for name, value in asked.items() if name in found.names},
        sortby=_sortby(found, asked.get("sortby")),
        properties=_properties(found, asked.get("properties")),
        system=reference_system(asked.get("crs", "CRS84")),
        detail=detail,
    )


def _box(asked: Mapping[str, str]) -> Polygonal | None:
    system = reference_system(asked.get("bbox-crs", "CRS84"), "bbox-crs")
    text = asked.get("bbox")
    if text is None:
        return None
    expected = "four numbers, the lower corner before the upper one, in the axis order of bbox-crs"
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise _refuse("bbox", text, expected) from None
    if len(numbers) == 6:  # heights are told nowhere here
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        raise _refuse("bbox", text, expected)
    try:
        return system.box(numbers)
    except InvalidGeometry as error:
        raise _refuse("bbox", text, f"{expected}; {error.message}") from None


def _day(text: str, *, is_end: bool) -> dt.date:
    if text in ("..", ""):
        return dt.date.max if is_end else dt.date.min
    text = _BARE_T.sub("", text)
    try:
        if _YEAR.fullmatch(text):
            return dt.date(int(text), 12, 31) if is_end else dt.date(int(text), 1, 1)
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text).date()
    except ValueError:
        raise _refuse(
            "datetime", text, "2020-10-01, 2020-10-01T00:00:00Z, or two of them with / between; .. is open"
        ) from None


def _periods(found: Collection, asked: Mapping[str, str]) -> tuple[str, ...]:
    """Return the periods that are asked for: by ``datetime``, else by name, else the newest."""
    text = asked.get("datetime")
    if text:
        first, slash, last = text.partition("/")
        start, end = _day(first, is_end=False), _day(last if slash else first, is_end=True)
        if start > end:
            raise _refuse("datetime", text, "an interval whose end is not before its start")
        return tuple(found.periods_within(start, end)) if found.periods else ()
    if "period" in asked:
        return tuple(one for one in found.periods if one == asked["period"])
    return found.periods[-1:]


def _sortby(found: Collection, text: str | None) -> tuple[tuple[str, bool], ...]:
    if text is None:
        return ()
    listed = [(part.lstrip("+-").strip(), part.startswith("-")) for part in text.split(",") if part.strip()]
    for name, _ in listed:
        if name not in found.names or _kind(found, name) == "array":
            sortable = [one for one in found.names if _kind(found, one) != "array"]
            raise _refuse(
                "sortby", name, f"properties, with - before one that descends: {', '.join(sortable)}"
            )
    return tuple(listed)


def _kind(found: Collection, name: str) -> str:
    return next(one.kind for one in found.properties if one.name == name)


def _properties(found: Collection, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    listed = [name.strip() for name in text.split(",") if name.strip()]
    for name in listed:
        if name not in found.names:
            raise _refuse("properties", name, f"some of {', '.join(found.names)}")
    return tuple(name for name in found.names if name in listed)


def _check_equal(name: str, kind: str, value: str) -> None:
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d{1,2})?", value):
        raise _refuse(name, value, "a number")
    if kind == "boolean" and value not in ("true", "false"):
        raise _refuse(name, value, "true or false")


def _conditions(rows: Rows, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.box is not None:
        box = func.ST_GeomFromWKB(literal(shapely.to_wkb(wanted.box)), 4326)
        conditions.append(func.ST_Intersects(rows.geometry, box))
    for name, value in wanted.equals.items():
        kind, column = rows.columns[name]
        _check_equal(name, kind, value)
        if kind == "array":
            conditions.append(literal(value) == func.any(column))
        elif kind == "number":
            conditions.append(column == float(value))
        elif kind == "boolean":
            conditions.append(column.is_(value == "true"))
        else:
            conditions.append(cast(column, String) == value)
    if wanted.tree is not None:
        conditions.append(Filter(rows.columns, wanted.filter_system, SQL).condition(wanted.tree))
    return conditions


def _order(rows: Rows, wanted: Wanted) -> list[ColumnElement[Any]]:
    keys = [
        column.desc().nulls_last() if descends else column.asc().nulls_last()
        for column, descends in ((rows.columns[name][1], down) for name, down in wanted.sortby)
    ]
    return [*keys, rows.key]


def page(atlas: Atlas, found: Collection, wanted: Wanted) -> Page:
    """Return the features that a request asks for, and how many match in all; for work in a thread."""
    if is_held(found):
        shown = _shown(atlas, frame(atlas, found, wanted.periods), wanted)
        return Page(_told(atlas, shown.held, shown.rows, wanted), shown.matched, shown.last, shown.is_last)
    rows = _rows_of(atlas, found)
    asked = _asked_rows(rows, wanted)
    with _filter_that_fits(wanted):
        matched, listed = atlas.read(lambda conn: _listed(conn, rows, asked, wanted), *found.made_of)
    features = _written(listed, found, wanted)
    shown_features = features[: wanted.limit]
    last = str(shown_features[-1]["id"]) if shown_features else None
    return Page(shown_features, matched, last, len(features) <= wanted.limit)


@contextmanager
def _filter_that_fits(wanted: Wanted) -> Iterator[None]:
    """Refuse a filter that the database breaks off at, because a result is too large or none: say which."""
    try:
        yield
    except DBAPIError as error:
        reckoned = reckonings(wanted.tree)
        if not isinstance(error.orig, DataError) or not reckoned:
            raise
        told, why = ", ".join(reckoned), str(error.orig).partition("\n")[0]
        finding = Finding("query", "filter", told, "results that a double can hold, of every feature")
        raise InvalidParameter(f"The filter cannot be worked out: {told}: {why}", [finding]) from error


def is_held(found: Collection) -> bool:
    """Return whether the features of a collection are in memory."""
    return found.what in ("areas", "layer")


#: How many features match, how many are told, the last of them where there are more → what a page says first.
Members = Callable[[int, int, str | None], Mapping[str, object]]


def poured(atlas: Atlas, found: Collection, wanted: Wanted, members: Members, *, gzipped: bool) -> bytes:
    """Return a page of features that are in memory as GeoJSON, poured around their outlines."""
    shown = _shown(atlas, frame(atlas, found, wanted.periods), wanted)
    held, rows = shown.held, shown.rows
    before = members(shown.matched, len(rows), None if shown.is_last else shown.last)
    columns = held.columns(rows, found.names if wanted.properties is None else wanted.properties)
    between = geojson.between(held.ids(rows), columns, before)
    positions, at = np.unique(held.positions[rows], return_inverse=True)
    texts, places = atlas.texts(found.vintage.date, found.level, wanted.detail, positions.tolist())
    of_rows = places[at].tolist()
    if wanted.system.is_stored:
        pour = geojson.spliced_gzip if gzipped else geojson.spliced_whole
        return pour(between, texts, of_rows)
    moved = _moved([texts.geometry(place) for place in places.tolist()], wanted.system)
    outlines = [geojson.outline(text) for text in moved]
    body = geojson.spliced(between, [outlines[one] for one in at.tolist()])
    return gzip.compress(body, 6, mtime=0) if gzipped else body


def feature(
    atlas: Atlas, found: Collection, name: str, system: ReferenceSystem, detail: str
) -> dict[str, object]:
    """Return one feature, for work in a thread; NotFound where there is none of that id."""
    everything = read(found, {"crs": system.uri, "detail": detail})
    if is_held(found):
        held = frame(atlas, found, found.periods)
        row = held.row(name)
        if row is not None:
            return _told(atlas, held, np.array([row]), everything)[0]
    else:
        rows = _rows_of(atlas, found)
        asked = _with_geometry(rows, rows.selected.where(rows.key == name))
        told = _written(atlas.read(lambda conn: _all(conn, asked), *found.made_of), found, everything)
        if told:
            return told[0]
    raise NotFound(f"{found.id} has no feature {name[:80]!r}")


def _rows_of(atlas: Atlas, found: Collection) -> Rows:
    if found.what == "deployments":
        return deployment_rows(atlas, found)
    return cell_rows(found) if found.what == "cells" else stop_rows(found)


@dataclass(frozen=True)
class _Shown:
    """The rows of a frame that a page shows.

    Attributes
    ----------
    rows : in their order
    """

    held: Frame
    rows: RowNumbers
    matched: int
    is_last: bool

    @property
    def last(self) -> str | None:
        return self.held.ids(self.rows[-1:])[0] if len(self.rows) else None


def _shown(atlas: Atlas, held: Frame, wanted: Wanted) -> _Shown:
    rows = _matching(atlas, held, wanted)
    start = wanted.offset
    if wanted.after is not None:
        row = held.row(wanted.after)
        if row is None:
            raise _refuse("after", wanted.after, "the id of a feature, as the link to the next page has it")
        start = int(np.searchsorted(rows, row, side="right"))
    shown = rows[start : start + wanted.limit]
    return _Shown(held, shown, len(rows), start + len(shown) >= len(rows))


def _matching(atlas: Atlas, held: Frame, wanted: Wanted) -> RowNumbers:
    """Return the rows that match, in the order asked for."""
    if wanted.is_whole or not len(held):
        return np.arange(len(held))
    try:
        return matching_held(held, wanted)
    except Undecided:
        return matching_stored(atlas, held, wanted)


def matching_held(held: Frame, wanted: Wanted) -> RowNumbers:
    """Return the rows that match as the columns in memory have it; ``Undecided`` where PostGIS has to say."""
    if wanted.box is not None:
        raise Undecided
    columns, conditions = held.held, [Truth.of(True)]
    for name, value in wanted.equals.items():
        kind, column = columns[name]
        _check_equal(name, kind, value)
        if isinstance(column, Numbers):
            conditions.append(compared("=", column, Numbers.of(np.array([float(value)]))))
        elif isinstance(column, Texts):
            conditions.append(compared("=", column, Texts.of(value)))
        else:
            raise Undecided
    if wanted.tree is not None:
        condition = Filter(columns, wanted.filter_system, HELD).condition(wanted.tree)
        if not isinstance(condition, Truth):
            raise Undecided
        conditions.append(condition)
    rows = np.flatnonzero(np.broadcast_to(every(conditions).true, len(held)))
    keys = [(columns[name][1], descends) for name, descends in wanted.sortby]
    if not keys:
        return rows
    in_order = order([(column, descends) for column, descends in keys if column is not None])
    return in_order[np.isin(in_order, rows, assume_unique=True)]


def matching_stored(atlas: Atlas, held: Frame, wanted: Wanted) -> RowNumbers:
    """Return the rows that match as PostGIS says; for work in a thread."""
    asked = frame_rows(held)
    found = select(asked.key).where(*_conditions(asked, wanted)).order_by(*_order(asked, wanted))
    with _filter_that_fits(wanted):
        listed = atlas.read(lambda conn: _all(conn, found), *held.collection.made_of)
    return np.array([row[0] for row in listed], np.intp)


def _told(atlas: Atlas, held: Frame, rows: RowNumbers, wanted: Wanted) -> list[dict[str, object]]:
    found = held.collection
    positions = np.unique(held.positions[rows])
    texts, places = atlas.texts(found.vintage.date, found.level, wanted.detail, positions.tolist())
    written = _moved([texts.geometry(int(place)) for place in places], wanted.system)
    outlines = dict(zip(positions.tolist(), written, strict=True))
    columns = held.columns(rows, found.names)
    return [
        _feature(name, outlines[position], dict(zip(columns, values, strict=True)), wanted)
        for name, position, *values in zip(
            held.ids(rows), held.positions[rows].tolist(), *columns.values(), strict=True
        )
    ]


#: Geometries moved at once: the library holds the interpreter while it writes them, and tiles wait.
TOGETHER = 40


def _moved(texts: Sequence[bytes], system: ReferenceSystem) -> list[bytes]:
    """Return geometries, as GeoJSON texts in longitude and latitude, in a CRS."""
    if system.is_stored:
        return list(texts)
    moved: list[bytes] = []
    for start in range(0, len(texts), TOGETHER):
        shapes = [shapely.from_geojson(text) for text in texts[start : start + TOGETHER]]
        written = shapely.to_geojson(system.from_stored(np.array(shapes, object)))
        moved += [text.encode() for text in written.tolist()]
    return moved


def _feature(
    name: str, geometry: bytes | None, values: Mapping[str, object], wanted: Wanted
) -> dict[str, object]:
    told = values if wanted.properties is None else {one: values[one] for one in wanted.properties}
    return {
        "type": "Feature",
        "id": name,
        "geometry": None if geometry is None else orjson.Fragment(geometry),
        "properties": told,
    }


def _asked_rows(rows: Rows, wanted: Wanted) -> Select[Any]:
    """Return the rows of a page, and one more where there are more."""
    matching = rows.selected.where(*_conditions(rows, wanted))
    if wanted.after is not None:
        matching = matching.where(rows.key > wanted.after)
    asked = matching.order_by(*_order(rows, wanted)).offset(wanted.offset).limit(wanted.limit + 1)
    return _with_geometry(rows, asked)


def _with_geometry(rows: Rows, asked: Select[Any]) -> Select[Any]:
    return asked.add_columns(rows.key.label("_id"), func.ST_AsGeoJSON(rows.geometry, 7))


async def _listed(
    conn: AsyncConnection, rows: Rows, asked: Select[Any], wanted: Wanted
) -> tuple[int, Sequence[Row[Any]]]:
    matching = rows.selected.where(*_conditions(rows, wanted)).subquery()
    matched = await conn.scalar(select(func.count()).select_from(matching))
    return int(matched or 0), await _all(conn, asked)


async def _all(conn: AsyncConnection, asked: Select[Any]) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = (await conn.execute(asked)).all()
    return rows


def _written(listed: Sequence[Row[Any]], found: Collection, wanted: Wanted) -> list[dict[str, object]]:
    texts = [row[-1] for row in listed]
    present = [text.encode() for text in texts if text is not None]
    moved = iter(_moved(present, wanted.system))
    return [
        _feature(
            str(row._mapping["_id"]),
            None if text is None else next(moved),
            {name: row._mapping[name] for name in found.names},
            wanted,
        )
        for row, text in zip(listed, texts, strict=True)
    ]
