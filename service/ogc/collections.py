"""What GIS clients see as layers: areas, indicators by level, deployments, gap cells and stops.

A collection knows its properties and how its rows are asked for in SQL. Areas and layers are in memory, where
they are filtered and sorted; what only the database can answer goes to it with their values as arrays.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import orjson
import sqlalchemy
from numpy.typing import NDArray
from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Float,
    Integer,
    Select,
    String,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geo.areas.carrying import CARRIED, Marks
from geo.columns import Numbers, Texts, Times
from geo.errors import NotFound
from geo.figures.indicators import Indicator
from geo.layers.geojson import LARGEST_EXACT
from geo.periods import period_of
from geo.text import Text
from geo.transit.access import Definition
from geo.transit.gtfs import HOURS
from service.areas.gazetteer import LEVELS, Gazetteer, searchable
from service.db import tables
from service.figures.carrying import Carrying, in_one_cell
from service.figures.values import STATUSES, Vector, columns_of
from service.layers.forms import reservations
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.ogc.filters import Kind
from service.ogc.held import Held
from service.strategy.policy import COVERAGE

What = Literal["areas", "layer", "deployments", "cells", "stops"]

#: What the ids of collections begin with, before a dot.
AREAS, CELLS = "areas", "gap-cells"
LEVEL_NAMES = {
    "prefecture": {"ja": "都道府県", "en": "prefectures"},
    "municipality": {"ja": "市区町村", "en": "municipalities"},
    "ward": {"ja": "市区町村（政令指定都市は区）", "en": "municipalities, designated cities by ward"},
}
#: An id of a collection that ends with the date of boundaries.
_DATED = re.compile(r"(.+)\.(\d{4}-\d{2}-\d{2})")
#: JSON Schema of each kind of property.
SCHEMAS: dict[Kind, dict[str, object]] = {
    "number": {"type": "number"},
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date"},
    "array": {"type": "array", "items": {"type": "string"}},
    "geometry": {"format": "geometry-any"},
}
#: What an outline, a cell and a point are, for clients that draw by kind.
SHAPES = {
    "areas": "geometry-multipolygon",
    "layer": "geometry-multipolygon",
    "cells": "geometry-polygon",
    "deployments": "geometry-multipoint",
    "stops": "geometry-point",
}


#: Kinds of subjects (``service.memory.revisions``) that the rows of a collection are read from.
MADE_OF = {
    "areas": ("vintage",),
    "layer": ("vintage",),
    "deployments": ("deployments", "area-changes", "vintage"),
    "cells": ("gaps", "grid"),
    "stops": ("stops",),
}


@dataclass(frozen=True)
class Property:
    """A property of a feature; ``unit`` is empty where it has none."""

    name: str
    kind: Kind
    ja: str
    en: str
    unit: str = ""


_CODE = Property("code", "string", "地域コード", "Area code, five digits")
_NAME = Property("name", "string", "地域名", "Name in Japanese")
_NAME_EN = Property("name_en", "string", "地域名（英語）", "Name in English")
_PREFECTURE = Property("prefecture", "string", "都道府県コード", "Code of the prefecture")
AREA = (
    _CODE,
    _NAME,
    Property("name_kana", "string", "よみ", "Name in kana"),
    _NAME_EN,
    Property("kind", "string", "種類", "Kind: prefecture, city, town, village, ward …"),
    _PREFECTURE,
    Property("parent", "string", "属する政令指定都市のコード", "Code of the designated city it is a ward of"),
    Property("area_km2", "number", "面積（地図の輪郭から計算）", "Area computed from the outline", "km²"),
)
_DEPLOYMENT = (
    Property("deployment_id", "string", "展開の識別子", "Id of the deployment"),
    Property("measures", "array", "施策", "Ids of the measures"),
    Property("programme", "string", "事業名", "Programme"),
    Property("title", "string", "名称", "Title"),
    Property("status", "string", "状態", "Status"),
    Property("areas", "array", "地域コード", "Codes of the areas"),
    Property("area_names", "string", "地域名", "Names of the areas"),
    Property("operator", "string", "実施主体", "Applicant or operator"),
    Property("fy_start", "number", "開始年度", "First fiscal year"),
    Property("fy_end", "number", "終了年度", "Last fiscal year"),
    Property("source_title", "string", "出典", "Source"),
    Property("source_url", "string", "出典のURL", "Address of the source"),
    Property("confidence", "string", "確度", "Confidence"),
)
_CELL = (
    _CODE,
    Property("area", "string", "市区町村コード", "Code of the municipality of its centre"),
    Property("population", "number", "人口", "People", "persons"),
    Property("status", "string", "人口の状態", "Why people are missing; ok where they are not"),
    Property("distance_m", "number", "最寄りの停留所・駅までの距離", "Distance to the nearest stop", "m"),
    Property("covered", "boolean", "中心点が徒歩圏内か", "Whether its centre is within reach"),
    Property("gap_share", "number", "圏外の面積割合", "Share of its land in the gap"),
    Property("gap_population", "number", "圏外人口", "People in the gap", "persons"),
)
_STOP = (
    Property("stop", "string", "停留所の識別子", "Id in its source"),
    Property("source", "string", "出典の識別子", "Id of its source"),
    Property("name", "string", "名称", "Name"),
    Property("mode", "string", "種別", "Mode: rail, bus, demand"),
    Property("weekday_departures", "number", "平日の発車回数", "Departures on a weekday"),
)


_LABELS = (
    Property("label", "string", "区分", "Category in Japanese"),
    Property("label_en", "string", "区分（英語）", "Category in English"),
)
_LAYER = (
    _CODE,
    _NAME,
    _NAME_EN,
    _PREFECTURE,
    Property("period", "string", "期間", "Period"),
    Property("start", "time", "期間の初日", "First day of the period"),
    Property("end", "time", "期間の末日", "Last day of the period"),
    Property("value", "number", "値", "Value"),
    *_LABELS,
    Property("status", "string", "値の状態", "Why a value is missing; ok or apportioned where it is not"),
    Property("carried", "string", "境界への換算", "How the value came to stand on the boundaries shown"),
    Property(
        "boundary_dates", "string", "公表時の境界", "Dates of the boundaries that figures were published on"
    ),
)
#: Every property that features of some collection have, by name.
PROPERTIES = {one.name: one for one in (*AREA, *_LAYER, *_DEPLOYMENT, *_CELL, *_STOP)}


def _layer_properties(indicator: Indicator) -> tuple[Property, ...]:
    value = Property("value", "number", indicator.name_ja, indicator.name_en, indicator.unit_en)
    named = (value if one.name == "value" else one for one in _LAYER)
    return tuple(one for one in named if indicator.kind == "category" or one not in _LABELS)


@dataclass(frozen=True)
class Collection:
    """A collection of features.

    Attributes
    ----------
    periods : oldest first; a request that names no time gets the newest alone
    """

    id: str
    what: What
    title: Text
    description: Text
    properties: tuple[Property, ...]
    vintage: Vintage
    level: str = ""
    indicator: Indicator | None = None
    definition: str = ""
    periods: tuple[str, ...] = ()

    @property
    def made_of(self) -> tuple[str, ...]:
        """The kinds of subjects that its rows are read from."""
        return MADE_OF[self.what]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its properties."""
        return tuple(one.name for one in self.properties)

    def days(self, period: str) -> tuple[dt.date, dt.date]:
        """Return the first and the last day of a period."""
        return period_of(period, self.indicator.period_kind if self.indicator else "calendar_year").days

    def periods_within(self, first: dt.date, last: dt.date) -> list[str]:
        """Return the periods of which a day lies between two."""
        return [p for p in self.periods if self.days(p)[0] <= last and self.days(p)[1] >= first]


def collections(atlas: Atlas, q: str = "") -> list[Collection]:
    """Return the collections whose id or title holds every word of ``q``, in their order."""
    words = [searchable(word) for word in q.split()]
    found = [_collection(atlas, name) for name in _names(atlas)]
    return [
        one
        for one in found
        if one is not None
        and all(word in searchable("\n".join((one.id, one.title["ja"], one.title["en"]))) for word in words)
    ]


def collection(atlas: Atlas, name: str) -> Collection:
    """Return a collection; NotFound tells where they are listed."""
    found = _collection(atlas, name)
    if found is None:
        raise NotFound(f"No collection is called {name[:80]!r}; /ogc/collections lists those that exist")
    return found


def _names(atlas: Atlas) -> Iterator[str]:
    """Give the ids that are listed: ``areas.LEVEL[.DATE]``, ``LAYER.LEVEL``, deployments, cells, stops.

    Layers on the boundaries of a date are found by ``LAYER.LEVEL.DATE``: each set would bring hundreds more.
    """
    if not atlas.catalogue.vintages:
        return
    yield from (f"{AREAS}.{level}" for level in LEVELS)
    for date, vintage in reversed([*atlas.catalogue.vintages.items()]):
        yield from (f"{AREAS}.{level}.{date}" for level in vintage.own)
    for layer in atlas.catalogue.layers.values():
        yield from (f"{layer.id}.{level}" for level in atlas.levels(layer))
    yield "deployments"
    yield from (f"{CELLS}.{name}" for name in atlas.catalogue.definitions)
    yield "stops"


def _collection(atlas: Atlas, name: str) -> Collection | None:
    """Return the collection of an id; there are many, so one is made without the others."""
    if not atlas.catalogue.vintages:
        return None
    if dated := _DATED.fullmatch(name):
        vintage = atlas.catalogue.vintages_by_name.get(dated[2])
        return None if vintage is None else _on_areas(atlas, dated[1], vintage, f".{dated[2]}")
    vintage = atlas.vintage(None)
    whose, _, which = name.rpartition(".")
    if name == "deployments":
        title: Text = {"ja": "施策の展開", "en": "Deployments of measures"}
        return Collection(name, "deployments", title, COVERAGE, _DEPLOYMENT, vintage)
    if name == "stops":
        title = {"ja": "バス停・鉄道駅", "en": "Bus stops and stations"}
        about: Text = {"ja": "公表された停留所と駅。", "en": "Published stops and stations."}
        return Collection(name, "stops", title, about, _STOP, vintage)
    if whose == CELLS and which in atlas.catalogue.definitions:
        return _cells(vintage, atlas.catalogue.definitions[which])
    return _on_areas(atlas, name, vintage)


def _on_areas(atlas: Atlas, name: str, vintage: Vintage, suffix: str = "") -> Collection | None:
    """Return the areas of a level, or a layer on them; ``suffix`` is the date that its id ends with."""
    whose, _, level = name.rpartition(".")
    if level not in vintage.levels:
        return None
    if whose == AREAS:
        return _dated(_areas(atlas.at(vintage, level), level), suffix)
    layer = atlas.catalogue.layers.get(whose)
    if layer is None or level not in atlas.levels(layer):
        return None
    return _dated(_layer(atlas, atlas.at(vintage, level), layer, level), suffix)


def _dated(found: Collection, suffix: str) -> Collection:
    """Return a collection under its id with a date, which its title tells too."""
    if not suffix:
        return found
    date = found.vintage.date
    title: Text = {
        "ja": f"{found.title['ja']}（{date}の境界）",
        "en": f"{found.title['en']}, boundaries of {date}",
    }
    return replace(found, id=found.id + suffix, title=title)


def _cells(vintage: Vintage, one: Definition) -> Collection:
    return Collection(
        f"{CELLS}.{one.id}",
        "cells",
        {"ja": f"交通空白のメッシュ：{one.name_ja}", "en": f"Cells of the transport gap: {one.name_en}"},
        {
            "ja": "人の住むメッシュごとの、最寄りの停留所・駅までの距離と圏外人口。",
            "en": "Inhabited grid cells with the distance to the nearest stop and people in the gap.",
        },
        _CELL,
        vintage,
        definition=one.id,
    )


def _areas(vintage: Vintage, level: str) -> Collection:
    names = LEVEL_NAMES[level]
    return Collection(
        f"areas.{level}",
        "areas",
        {"ja": f"境界：{names['ja']}", "en": f"Boundaries: {names['en']}"},
        {
            "ja": f"{vintage.date}時点の{names['ja']}の境界。",
            "en": f"Boundaries of {names['en']} on {vintage.date}.",
        },
        AREA,
        vintage,
        level,
    )


def _layer(atlas: Atlas, vintage: Vintage, indicator: Indicator, level: str) -> Collection:
    names = LEVEL_NAMES[level]
    unit_ja, unit_en = indicator.unit_ja, indicator.unit_en
    periods = tuple(atlas.periods(indicator, level))
    told = reservations(atlas, indicator, periods[-1]).values()
    newest = {
        "ja": "期間を指定しなければ最新の値。datetime=../.. ですべての期間。",
        "en": "The newest period where no datetime is given; datetime=../.. for all of them.",
    }
    return Collection(
        f"{indicator.id}.{level}",
        "layer",
        {
            "ja": indicator.name_ja + (f"（{unit_ja}）" if unit_ja else "") + f"・{names['ja']}",
            "en": indicator.name_en + (f" ({unit_en})" if unit_en else "") + f", {names['en']}",
        },
        {
            "ja": "".join([indicator.description_ja, *(one["ja"] for one in told), newest["ja"]]),
            "en": " ".join([indicator.description_en, *(one["en"] for one in told), newest["en"]]),
        },
        _layer_properties(indicator),
        vintage,
        level,
        indicator,
        periods=periods,
    )


# Rows


@dataclass(frozen=True)
class Frame:
    """Features that are held in memory: areas, or areas × periods.

    Attributes
    ----------
    positions : (n,) of each feature's area in the gazetteer
    at : (n,) of each feature's period in ``periods``
    """

    collection: Collection
    gazetteer: Gazetteer
    positions: NDArray[np.intp]
    at: NDArray[np.intp]
    periods: tuple[str, ...]
    vectors: tuple[Vector, ...]
    carryings: tuple[Carrying, ...]

    def __len__(self) -> int:
        return len(self.positions)

    def ids(self, rows: NDArray[np.intp]) -> list[str]:
        """Return features' ids: the code, and the period where there is one."""
        codes = self.gazetteer.columns["code"]
        found = [codes[position] for position in self.positions[rows].tolist()]
        if not self.periods:
            return found
        return [f"{code}-{self.periods[at]}" for code, at in zip(found, self.at[rows].tolist(), strict=True)]

    def row(self, name: str) -> int | None:
        """Return the row of an id."""
        code, _, period = name.partition("-")
        position = self.gazetteer.position.get(code)
        if position is None or (period or None) not in (self.periods or (None,)):
            return None
        return (self.periods.index(period) if self.periods else 0) * len(self.gazetteer) + position

    def columns(self, rows: NDArray[np.intp], names: Sequence[str]) -> dict[str, Sequence[object]]:
        """Return properties of features, in the order of ``names``."""
        positions, at = self.positions[rows], self.at[rows].tolist()
        of_areas = self.gazetteer.columns
        told: dict[str, Sequence[object]] = {
            name: [of_areas[name][position] for position in positions.tolist()]
            for name in names
            if name in of_areas
        }
        for name, of_periods in self._of_periods.items():
            if name in names:
                told[name] = [of_periods[one] for one in at]
        indicator = self.collection.indicator
        if indicator is not None:
            figures = columns_of(indicator, self.values[rows], self.statuses[rows], self.marks[rows])
            told |= {**figures, "value": [_whole(value) for value in figures["value"]]}
        return {name: told[name] for name in names}

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Value of each feature."""
        return np.concatenate([np.empty(0), *(vector.values for vector in self.vectors)])

    @cached_property
    def statuses(self) -> NDArray[np.uint8]:
        """Status of each value."""
        return np.concatenate([np.empty(0, np.uint8), *(vector.statuses for vector in self.vectors)])

    @cached_property
    def marks(self) -> Marks:
        """How each value was carried."""
        return np.concatenate([np.empty(0, np.uint8), *(one.marks for one in self.carryings)])

    @cached_property
    def boundary_dates(self) -> list[str | None]:
        """The boundaries that the figures of each period were published on, apart by spaces."""
        return [in_one_cell(one.dates) or None for one in self.carryings]

    @cached_property
    def _of_periods(self) -> dict[str, Sequence[str | None]]:
        """What features tell of each period."""
        days = [self.collection.days(period) for period in self.periods]
        return {
            "period": list(self.periods),
            "start": [first.isoformat() for first, _ in days],
            "end": [last.isoformat() for _, last in days],
            "boundary_dates": self.boundary_dates,
        }

    @cached_property
    def held(self) -> dict[str, tuple[Kind, Held]]:
        """The properties as columns to be filtered by; the database alone has the geometry."""
        found: dict[str, Held] = {"geometry": None}
        for name, entries in self.gazetteer.columns.items():
            if name == "area_km2":
                found[name] = Numbers.of(np.array(entries, np.float64)[self.positions])
            else:
                found[name] = Texts(entries, self.positions)
        if self.collection.indicator is not None:
            days = [self.collection.days(period) for period in self.periods]
            found["period"] = Texts(self.periods, self.at)
            for name, times in zip(("start", "end"), zip(*days, strict=True), strict=True):
                found[name] = Times(Times.of(times).at[self.at])
            found["value"] = Numbers.of(self.values)
            found["status"] = Texts(STATUSES, self.statuses.astype(np.intp))
            found["carried"] = Texts(CARRIED, self.marks.astype(np.intp))
            found["boundary_dates"] = Texts(self.boundary_dates, self.at)
            found |= self._labels(self.collection.indicator)
        kinds = {one.name: one.kind for one in self.collection.properties} | {"geometry": "geometry"}
        return {name: (kind, found[name]) for name, kind in kinds.items()}

    def _labels(self, indicator: Indicator) -> dict[str, Held]:
        """Return the labels of categories."""
        if indicator.kind != "category":
            return {}
        told = columns_of(indicator, self.values, self.statuses)
        every = np.arange(len(self), dtype=np.intp)
        return {name: Texts(told[name], every) for name in ("label", "label_en")}


def _whole(value: float) -> float | int | None:
    """Return a value as JSON tells it: none where it is missing, a whole one without a decimal point."""
    if not np.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < LARGEST_EXACT else value


def frame(atlas: Atlas, found: Collection, periods: Sequence[str]) -> Frame:
    """Return the features of areas, or of a layer in some periods."""
    gazetteer = atlas.gazetteer(found.vintage.date, found.level)
    n, times = len(gazetteer), max(len(periods), 1 if found.indicator is None else 0)
    vectors: list[Vector] = []
    carryings: list[Carrying] = []
    if found.indicator is not None:
        asked = (found.indicator, periods, found.level, found.vintage.date)
        vectors, carryings = atlas.vectors(*asked), atlas.carryings(*asked)
    return Frame(
        found,
        gazetteer,
        np.tile(np.arange(n), times),
        np.repeat(np.arange(times), n),
        tuple(periods),
        tuple(vectors),
        tuple(carryings),
    )


@dataclass(frozen=True)
class Rows:
    """A collection as SQL: its columns by property, its geometry, and what orders its rows."""

    selected: Select[Any]
    columns: Mapping[str, tuple[Kind, ColumnElement[Any]]]
    key: ColumnElement[Any]
    geometry: ColumnElement[Any]


def _kinds(found: Collection, columns: Any) -> dict[str, tuple[Kind, ColumnElement[Any]]]:
    return {one.name: (one.kind, columns[one.name]) for one in found.properties} | {
        "geometry": ("geometry", columns["geometry"])
    }


def frame_rows(held: Frame) -> Rows:
    """Return the rows of features that are held in memory; the key is the row's number from 0."""
    area = tables.area.c
    found = held.collection
    of_area = (area.vintage == found.vintage.date) & (area.level == found.level)
    if not held.periods:
        listed = select(
            area.position.label("row"),
            area.code,
            area.name_ja.label("name"),
            area.name_kana,
            area.name_en,
            area.kind,
            area.prefecture,
            area.parent,
            area.area_km2,
            area.geom.label("geometry"),
        ).where(of_area)
        return _rows(found, listed.cte("feature"), "row")
    told: list[tuple[str, Any, list[Any]]] = [
        ("position", Integer, held.positions.tolist()),
        ("at", Integer, held.at.tolist()),
    ]
    if found.indicator is not None:
        poured_columns = columns_of(found.indicator, held.values, held.statuses, held.marks)
        told += [(n, Float if n == "value" else String, list(c)) for n, c in poured_columns.items()]
    poured = _unnested("poured", told)
    days = [found.days(period) for period in held.periods]
    period = _unnested(
        "period",
        [
            ("period", String, list(held.periods)),
            ("start", Date, [first for first, _ in days]),
            ("end", Date, [last for _, last in days]),
            ("boundary_dates", String, held.boundary_dates),
        ],
    )
    columns = [
        (poured.c.number - 1).label("row"),
        area.code,
        area.name_ja.label("name"),
        area.name_en,
        area.prefecture,
        period.c.period,
        period.c.start,
        period.c.end,
        poured.c.value.label("value"),
        *((poured.c.label, poured.c.label_en) if "label" in found.names else ()),
        poured.c.status,
        poured.c.carried,
        period.c.boundary_dates,
        area.geom.label("geometry"),
    ]
    joined = (
        select(*columns)
        .select_from(poured)
        .join(period, period.c.number == poured.c.at + 1)
        .join(tables.area, (area.position == poured.c.position) & of_area)
    )
    return _rows(found, joined.cte("feature"), "row")


def _unnested(name: str, told: Sequence[tuple[str, Any, list[Any]]]) -> Any:
    """Return lists of equal length as a table of SQL, with ``number`` from 1."""
    lists = (cast(literal(_array(values), String), ARRAY(kind)) for _, kind, values in told)
    columns = (column(name, kind) for name, kind, _ in told)
    table = func.unnest(*lists).table_valued(*columns, with_ordinality="number", name=name)
    return table.render_derived()


def _array(values: list[Any]) -> str:
    """Return a list as PostgreSQL writes an array: as JSON does, but for the brackets, and NaN is null.

    To bind value by value takes longer than all the rest of a question. The texts have no control characters.
    """
    return "{" + orjson.dumps(values).decode()[1:-1] + "}"


def _rows(found: Collection, feature: CTE, key: str) -> Rows:
    return Rows(select(feature), _kinds(found, feature.c), feature.c[key], feature.c.geometry)


def deployment_rows(atlas: Atlas, found: Collection) -> Rows:
    """Return the rows of the deployments; each lies at the centres of its areas."""
    date = found.vintage.date
    gazetteers = found.vintage.gazetteers
    told = []
    for one in atlas.catalogue.policy.deployments:
        points = []
        for code in sorted(atlas.catalogue.places.on(one, date)):
            level = next((name for name, g in gazetteers.items() if code in g.position), None)
            if level is not None:
                area = gazetteers[level].area(code)
                points.append([area.lon, area.lat])
        told.append(
            {
                "deployment_id": one.id,
                "measures": list(one.measures),
                "programme": one.programme,
                "title": one.title_ja,
                "status": one.status,
                "areas": [area.code for area in one.areas if area.code],
                "area_names": "、".join(area.name for area in one.areas),
                "operator": one.applicant_or_operator,
                "fy_start": one.fy_start,
                "fy_end": one.fy_end,
                "source_title": one.source_title,
                "source_url": one.source_url,
                "confidence": one.confidence,
                "geometry": {"type": "MultiPoint", "coordinates": points} if points else None,
            }
        )
    given = cast(literal(orjson.dumps(told).decode(), String), JSONB)
    record = func.jsonb_array_elements(given).table_valued("value", name="record").render_derived()
    body = cast(record.c.value, JSONB)

    def told_column(one: Property) -> ColumnElement[Any]:
        if one.kind == "array":
            listed = func.jsonb_array_elements_text(body[one.name]).table_valued("value")
            texts = func.array(select(listed.c.value).scalar_subquery())
            return cast(texts, ARRAY(sqlalchemy.Text)).label(one.name)
        text = body[one.name].astext
        return (cast(text, Float) if one.kind == "number" else text).label(one.name)

    shape = func.ST_SetSRID(func.ST_GeomFromGeoJSON(body["geometry"].astext), 4326).label("geometry")
    return _rows(found, select(*map(told_column, found.properties), shape).cte("feature"), "deployment_id")


def cell_rows(found: Collection) -> Rows:
    """Return the rows of the cells that a definition was counted on; the newest grid of each place."""
    gap, cell, grid = tables.gap_cell.c, tables.cell.c, tables.grid.c
    counted = (
        select(
            gap.code,
            gap.area,
            cell.population,
            cell.status,
            gap.distance_m,
            gap.covered,
            (1 - gap.covered_share).label("gap_share"),
            (cell.population * (1 - gap.covered_share)).label("gap_population"),
            cell.geom.label("geometry"),
        )
        .distinct(gap.code)
        .join(tables.cell, (cell.grid == gap.grid) & (cell.code == gap.code))
        .join(tables.grid, grid.id == gap.grid)
        .where(gap.definition == found.definition)
        .order_by(gap.code, grid.year.desc())
    )
    return _rows(found, counted.cte("feature"), "code")


def stop_rows(found: Collection) -> Rows:
    """Return the rows of the stops."""
    stop = tables.stop.c
    # the first of the three kinds of day
    weekday: ColumnElement[Any] = literal_column(
        f"(select sum(n) from unnest(stop.departures[1:{HOURS}]) as n)"  # noqa: S608 (a constant)
    )
    listed = select(
        (stop.source + "/" + stop.id).label("key"),
        stop.id.label("stop"),
        stop.source,
        stop.name,
        stop.mode,
        cast(weekday, Float).label("weekday_departures"),
        stop.geom.label("geometry"),
    )
    return _rows(found, listed.cte("feature"), "key")
